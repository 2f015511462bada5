package chart

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

var update = flag.Bool("update", false, "write golden files")

func rendererForTest(t *testing.T) *Renderer {
	t.Helper()
	r, err := NewRenderer()
	if err == ErrAssetMissing {
		t.Skip("chart asset missing: run make")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// ratesOf releases counts as the rates of consecutive months.
func ratesOf(a disclose.Audience, counts [][2]int64, incomplete int) []Point {
	m := disclose.ExactMeasure{}
	for i, c := range counts {
		low := time.Date(2024, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC)
		p := float64(c[0]) / float64(c[1])
		h := 1.96 * math.Sqrt(p*(1-p)/float64(c[1]))
		m.Rows = append(m.Rows, disclose.Exact{
			Period:  disclose.Period{ID: low.Format("2006-01"), Family: "disjoint", Low: low, High: low.AddDate(0, 1, 0)},
			Stratum: "all", Value: "all", Initial: c[1], Denominator: c[1], Numerator: c[0], Rate: p, Low: p - h, High: p + h, Method: "wilson",
			Complete: i < len(counts)-incomplete})
	}
	var out []Point
	for _, r := range released(a, m).Rows {
		out = append(out, Point{r.Period.Low.Format("Jan 06"), r.Rate})
	}
	return out
}

func months() []Point {
	var counts [][2]int64
	for i := range 24 {
		den := int64(360 + 17*(i%5))
		if i == 9 {
			den = 14
		}
		counts = append(counts, [2]int64{den * int64(58+i/2+3*(i%3)) / 100, den})
	}
	return ratesOf(disclose.External, counts, 2)
}

// controlPoints are the months with limits from 12 on made again, and a point of each cause.
func controlPoints() []ControlPoint {
	var out []ControlPoint
	for i, p := range months() {
		c := ControlPoint{Label: p.Label, Rate: p.Rate, Limited: p.Rate.Shown(), Meant: true, Mean: 60, Low: 53 - float64(i%3), High: 67 + float64(i%3), Cause: CommonCause}
		if i >= 12 {
			c.Base, c.Mean, c.Low, c.High = 1, 68, 61, 75
		}
		c.Cause = map[int]Cause{3: Improving, 5: Concerning, 15: Unjudged}[i]
		if c.Cause == "" {
			c.Cause = CommonCause
		}
		if i == 7 {
			c.Cause, c.Rate = Concerning, c.Rate.OnIncompleteFeed()
		}
		out = append(out, c)
	}
	return out
}

func goldens() map[string]func() (spec, error) {
	target := &Target{Value: 70, Label: "target 70 %"}
	forestPoints := func(names ...string) (overall Point, g Group) {
		counts := [][2]int64{{2893, 4021}, {620, 880}, {1400, 1900}, {8, 40}, {700, 1000}, {0, 60}}
		p := ratesOf(disclose.External, counts, 0)
		for i, n := range names {
			p[i+1].Label = n
			g.Points = append(g.Points, p[i+1])
		}
		p[0].Label = "All patients"
		return p[0], g
	}
	return map[string]func() (spec, error){
		"trend":        func() (spec, error) { return series(text.English(), Wide, Joined, months(), target) },
		"trend-narrow": func() (spec, error) { return series(text.English(), Narrow, Joined, months(), target) },
		"rolling":      func() (spec, error) { return series(text.English(), Wide, Ribbon, months()[10:], target) },
		"years":        func() (spec, error) { return series(text.English(), Wide, Apart, months()[:4], nil) },
		"control": func() (spec, error) {
			return control(text.English(), Wide, controlPoints(), []Event{{At: 6, Share: 0.5, Number: "1"}, {At: 12, Number: "2, 3", Rebase: true}}, []Target{*target, {Value: 66, Label: "peers 66 %", Benchmark: true}})
		},
		"control-narrow": func() (spec, error) { return control(text.English(), Narrow, controlPoints(), nil, []Target{*target}) },
		"forest": func() (spec, error) {
			overall, g := forestPoints("Female", "Male", "Unknown", "Other", "None")
			g.Name = "Sex"
			return forest(text.English(), Wide, Squares, overall, []Group{g})
		},
		"forest-narrow": func() (spec, error) {
			overall, g := forestPoints("Female", "Male", "Unknown", "Other", "None")
			g.Name = "Sex"
			return forest(text.English(), Narrow, Squares, overall, []Group{g})
		},
		"injection": func() (spec, error) {
			overall, g := forestPoints("</script><script>x()</script>", "__f__alert(1)__f__", "fn:percent", "<img onerror=x()>", `=cmd()|' {b}`)
			return forest(text.English(), Wide, Circles, overall, []Group{g})
		},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from its golden file (%d bytes, want %d); run with -update and read the difference", name, len(got), len(want))
	}
}

func TestOptionsAreGolden(t *testing.T) {
	for name, f := range goldens() {
		s, err := f()
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", append(b, '\n'))
	}
}

func TestDrawingsAreGolden(t *testing.T) {
	r := rendererForTest(t)
	for name, f := range goldens() {
		s, err := f()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		svg, err := r.draw(Label{ID: name, Title: "A title", Description: "What it shows", Words: text.English()}, s)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes in %v", name, len(svg.HTML()), time.Since(start))
		golden(t, name+".svg", []byte(strings.ReplaceAll(string(svg.HTML()), "><", ">\n<")+"\n"))
	}
}

func TestDrawingsKeepToThePolicy(t *testing.T) {
	r := rendererForTest(t)
	for name, f := range goldens() {
		s, _ := f()
		svg, err := r.draw(Label{ID: name, Title: `<b>"t"`, Description: "d", Words: text.English()}, s)
		if err != nil {
			t.Fatal(err)
		}
		text := string(svg.HTML())
		for _, bad := range []string{"style=", "<script", "<style", "<img", "class=", "zr0", "zr1", "href", "<b>"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: the drawing contains %q", name, bad)
			}
		}
	}
}

func TestLabelsAreNeverCode(t *testing.T) {
	r := rendererForTest(t)
	s, err := goldens()["injection"]()
	if err != nil {
		t.Fatal(err)
	}
	svg, err := r.draw(Label{ID: "x", Words: text.English()}, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"&lt;/script&gt;", "__f__alert(1)__f__", "fn:percent", "&lt;img onerror", "=cmd()|&#39; {b}"} {
		if !strings.Contains(string(svg.HTML()), label) {
			t.Errorf("the label %s is not in the drawing as text", label)
		}
	}
}

func TestUnknownFunctionAndElementAreRefused(t *testing.T) {
	r := rendererForTest(t)
	s := spec{Width: 10, Height: 10, Option: map[string]any{"series": []any{map[string]any{"type": "line", "data": []any{1}, "renderItem": fn("constructor")}}}}
	if _, err := r.draw(Label{ID: "x", Words: text.English()}, s); err == nil {
		t.Error("a function that is not in the runtime was accepted")
	}
	if _, err := clean(`<svg><foreignObject></foreignObject></svg>`, Label{ID: "x", Words: text.English()}); err == nil {
		t.Error("foreignObject was accepted")
	}
}

func TestSameChartSameBytes(t *testing.T) {
	var runs []string
	for range 2 {
		r := rendererForTest(t)
		var b strings.Builder
		for range 2 { // the second from the cache
			svg, err := r.Series(Label{ID: "a", Words: text.English()}, Wide, Joined, months(), nil)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(string(svg.HTML()))
		}
		if len(r.seen) != 1 {
			t.Errorf("%d drawings in the cache, want 1", len(r.seen))
		}
		runs = append(runs, b.String())
	}
	if runs[0] != runs[1] {
		t.Error("two renderers draw the same chart differently")
	}
}

func TestAxisHoldsEverythingShown(t *testing.T) {
	for _, v := range [][]float64{{62.4, 71.9}, {0, 0.3}, {99, 100}, {12, 1840}, {50, 50}, nil} {
		s := spanOf(v, 2000, 5)
		for _, x := range v {
			if x < s.low || x > s.high {
				t.Errorf("%v is outside %v", x, s)
			}
		}
		if n := (s.high - s.low) / s.step; n < 1 || n > 9 {
			t.Errorf("%v: %v steps on the axis", v, n)
		}
	}
	if s := spanOf([]float64{99, 100}, 100, 5); s.high != 100 {
		t.Errorf("the percent axis ends at %v", s.high)
	}
}

// TestEndLabelsDoNotTouch: words at the right of a chart keep their distance.
func TestEndLabelsDoNotTouch(t *testing.T) {
	for _, at := range [][]float64{{10, 11, 12, 13}, {0, 0, 0}, {270, 271, 272, 276}, {5, 100, 101}} {
		spread(at, 15, 276)
		for i := range at {
			if at[i] < -0.1 || at[i] > 276.1 || i > 0 && at[i]-at[i-1] < 14.5 {
				t.Errorf("labels at %v", at)
			}
		}
	}
}

func TestIconsDiffer(t *testing.T) {
	seen := map[string]Icon{}
	for _, i := range []Icon{IconImproving, IconConcerning, IconUnjudged, IconCommon, IconNone, IconPass, IconFail, IconEither} {
		svg := string(i.SVG().HTML())
		if other, twice := seen[svg]; twice || !strings.Contains(svg, `aria-hidden="true"`) || strings.Contains(svg, "style=") {
			t.Errorf("icon %s is that of %s, or not only for the eye", i, other)
		}
		seen[svg] = i
	}
}

func ExampleSpark() {
	p := ratesOf(disclose.Internal, [][2]int64{{50, 100}, {60, 100}}, 0)
	fmt.Println(strings.Contains(string(Spark(Label{ID: "s", Title: "t", Description: "d", Words: text.English()}, []disclose.Rate{p[0].Rate, p[1].Rate}).HTML()), "<circle"))
	// Output: true
}

// released passes the border of an audience under its default policy.
func released(a disclose.Audience, x disclose.ExactMeasure) disclose.Measure {
	m, err := border(a).Measure(context.Background(), x)
	if err != nil {
		panic(err)
	}
	return m
}

func border(a disclose.Audience) *disclose.Border {
	b, err := disclose.NewBorder(string(a), "")
	if err != nil {
		panic(err)
	}
	return b
}

// TestTheNamedRateStandsAtItsPoint: where the newest rates are not complete, the words of the newest complete one are
// beside it with its period, not at the right edge; a rate on an incomplete feed is complete.
func TestTheNamedRateStandsAtItsPoint(t *testing.T) {
	target := &Target{Value: 70, Label: "target 70 %"}
	for name, c := range map[string]struct {
		points []Point
		at     int
		words  string
	}{
		"two incomplete":     {months(), 21, "Oct 25: 67.9 %"},
		"all complete":       {months()[:22], 21, "67.9 %"},
		"an incomplete feed": {onFeed(months()[:22], 21), 21, "67.9 %"},
		"the last hidden":    {months()[:10], 8, "Sep 24: 67.9 %"},
	} {
		for line, s := range map[Line]Size{Joined: Wide, Ribbon: Narrow} {
			chart, err := series(text.English(), s, line, c.points, target)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := json.Marshal(chart.Option)
			v, _, _ := c.points[c.at].Rate.Plot()
			own := strings.Contains(string(b), fmt.Sprintf(`{"value":[%d,%v,`, c.at, tidy(v)))
			if strings.ReplaceAll(chart.Rows[0].Label, "\u00a0", " ") != c.words || !own || (chart.Rows[0].Align != "") != (c.at < len(c.points)-1) {
				t.Errorf("%s: %q at its point: %v", name, chart.Rows[0].Label, own)
			}
		}
	}
}

func onFeed(points []Point, i int) []Point {
	points[i].Rate = points[i].Rate.OnIncompleteFeed()
	return points
}

// TestAPointBetweenHiddenOnesIsSeen: a line or a band needs two neighbours.
func TestAPointBetweenHiddenOnesIsSeen(t *testing.T) {
	counts := [][2]int64{{300, 400}, {310, 400}, {8, 14}, {320, 410}, {9, 14}, {330, 420}, {331, 421}}
	chart, err := series(text.English(), Wide, Ribbon, ratesOf(disclose.External, counts, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list(chart.Option["series"]) {
		if m := s.(map[string]any); m["name"] == "complete" {
			if data := list(m["data"]); len(data) != 1 || fmt.Sprint(list(data[0].(map[string]any)["value"])[0]) != "3" {
				t.Errorf("dots are %v", data)
			}
			return
		}
	}
	t.Error("no dots are drawn")
}

// TestAHollowSignalKeepsItsShape: a special cause on an incomplete feed has the shape and the colour of its cause, and
// no fill.
func TestAHollowSignalKeepsItsShape(t *testing.T) {
	chart, err := control(text.English(), Wide, controlPoints(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list(chart.Option["series"]) {
		if m := s.(map[string]any); m["name"] == "hollow concerning" {
			b, _ := json.Marshal(m)
			for _, want := range []string{`"symbol":"diamond"`, `"value":[7,`, `"borderColor":"` + concernColour, `"color":"#ffffff"`} {
				if !strings.Contains(string(b), want) {
					t.Errorf("the hollow signal has no %s: %s", want, b)
				}
			}
			return
		}
	}
	t.Error("the signal is not drawn")
}

// TestControlNamesItsRateAtItsPoint as TestTheNamedRateStandsAtItsPoint.
func TestControlNamesItsRateAtItsPoint(t *testing.T) {
	for _, size := range []Size{Wide, Narrow} {
		chart, err := control(text.English(), size, controlPoints(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r := chart.Rows[0]; strings.ReplaceAll(r.Label, "\u00a0", " ") != "Oct 25: 67.9 %" || r.Align == "" {
			t.Errorf("the first words are %+v", r)
		}
		if chart, err = control(text.English(), size, controlPoints()[:22], nil, nil); err != nil {
			t.Fatal(err)
		}
		ok := false
		for _, r := range chart.Rows {
			ok = ok || strings.ReplaceAll(r.Label, "\u00a0", " ") == "67.9 %" && r.Align == "" && r.Weight == "bold"
		}
		if !ok {
			t.Errorf("the newest rate is not at the edge: %+v", chart.Rows)
		}
	}
}

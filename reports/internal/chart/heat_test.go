package chart

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// heatRows are sites by elements: full, thin, zero, hidden, with nobody, and incomplete.
func heatRows() (columns []string, rows []HeatRow) {
	columns = []string{"Patient", "Encounter", "Observation value", "Medication request", "Claim", "Immunization"}
	for i := range 4 {
		den := int64(400 + 30*i)
		points := ratesOf(disclose.External, [][2]int64{{den - 30, den}, {den * 7 / 10, den}, {4, 38}, {0, den}, {den, den}, {den / 3, den}}, 1)
		row := HeatRow{Label: "Site " + strconv.Itoa(i+1)}
		for _, p := range points {
			row.Rates = append(row.Rates, p.Rate)
		}
		if i == 3 {
			row.Label, row.Rates[4] = "A <Clinic> & Daughters of the Lower Valley", disclose.Rate{}
		}
		rows = append(rows, row)
	}
	return columns, rows
}

func TestHeatIsGolden(t *testing.T) {
	columns, rows := heatRows()
	classes := ClassesAt(disclose.Percent, 50, 80, 90, 95)
	for name, size := range map[string]Size{"heat": Wide, "heat-narrow": Narrow} {
		svg, err := Heat(Label{ID: name, Title: "A title", Description: "What it shows", Words: text.English()}, size, classes, columns, rows)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".svg", []byte(strings.ReplaceAll(string(svg.HTML()), "><", ">\n<")+"\n"))
	}
}

// TestHeatHidesWhatIsHidden: a hidden rate is a hatch and no text; a name is text and no element.
func TestHeatHidesWhatIsHidden(t *testing.T) {
	columns, rows := heatRows()
	svg, err := Heat(Label{ID: "h", Title: "t", Description: "d", Words: text.English()}, Narrow, ClassesAt(disclose.Percent, 50), columns, rows)
	if err != nil {
		t.Fatal(err)
	}
	drawn := string(svg.HTML())
	if n := strings.Count(drawn, `fill="url(#h-hidden)"`); n != 4 {
		t.Errorf("%d hatched cells, want 4", n)
	}
	for _, bad := range []string{"10.5", ">4<", "38", "<Clinic>", "style="} {
		if strings.Contains(drawn, bad) {
			t.Errorf("the drawing contains %q", bad)
		}
	}
	if !strings.Contains(drawn, "&lt;Clinic&gt;") {
		t.Error("the name of a row is not in the drawing as text")
	}
	if n := strings.Count(drawn, ">–<"); n != 1 {
		t.Errorf("%d cells without anybody, want 1", n)
	}
}

// TestHeatCutsNoValue: with many columns, on a telephone, every value stays in its cell and in the drawing.
func TestHeatCutsNoValue(t *testing.T) {
	var columns []string
	var counts [][2]int64
	for i := range 24 {
		columns = append(columns, fmt.Sprintf("Month %d", i+1))
		counts = append(counts, [2]int64{int64(900 + i), 1000 + 37*int64(i)})
	}
	row := HeatRow{Label: "Site 1"}
	for _, p := range ratesOf(disclose.Internal, counts, 0) {
		row.Rates = append(row.Rates, p.Rate)
	}
	for _, size := range []Size{Wide, Narrow} {
		svg, err := Heat(Label{ID: "h", Words: text.English()}, size, ClassesOf(disclose.Percent, row.Rates), columns, []HeatRow{row})
		if err != nil {
			t.Fatal(err)
		}
		drawn := string(svg.HTML())
		for i, r := range row.Rates {
			if !strings.Contains(drawn, ">"+bare(text.English(), r)+"<") || !strings.Contains(drawn, ">"+columns[i]+"<") {
				t.Errorf("width %d: %s of %s is not in the drawing", size.Width, bare(text.English(), r), columns[i])
			}
		}
		for _, part := range strings.Split(drawn, "<rect ")[1:] {
			var x, y, w, h float64
			if n, _ := fmt.Sscanf(part, `x="%f" y="%f" width="%f" height="%f"`, &x, &y, &w, &h); n == 4 && x+w > float64(size.Width) {
				t.Errorf("width %d: a cell ends at %.1f", size.Width, x+w)
			}
		}
	}
}

func TestHeatRefusesRaggedRows(t *testing.T) {
	_, rows := heatRows()
	if _, err := Heat(Label{ID: "h", Words: text.English()}, Wide, Classes{}, []string{"one"}, rows); err == nil {
		t.Error("rows with more rates than columns were accepted")
	}
	if _, err := Heat(Label{ID: "h", Words: text.English()}, Wide, Classes{}, nil, nil); err == nil {
		t.Error("nothing to draw was accepted")
	}
}

// TestClasses: classes have nearly the same number of shown rates, and hidden ones and zero none.
func TestClasses(t *testing.T) {
	var counts [][2]int64
	for i := range 50 {
		counts = append(counts, [2]int64{int64(100 + 7*i), 1000})
	}
	counts = append(counts, [2]int64{3, 1000}, [2]int64{0, 1000})
	var rates []disclose.Rate
	for _, p := range ratesOf(disclose.External, counts, 0) {
		rates = append(rates, p.Rate)
	}
	c := ClassesOf(disclose.Percent, rates)
	in := map[int]int{}
	for _, r := range rates {
		if v, _, _ := r.Plot(); r.Shown() && v > 0 {
			in[c.of(v)]++
		}
	}
	if len(in) != Shades {
		t.Fatalf("%d classes: %v", len(in), in)
	}
	for class, n := range in {
		if n < 9 || n > 11 {
			t.Errorf("class %d has %d of 50 rates", class, n)
		}
	}
	if k := c.Keys(text.English()); len(k) != Shades || !strings.HasPrefix(k[0].Words, "below ") || !strings.HasSuffix(k[4].Words, " or more") {
		t.Errorf("the legend is %v", k)
	}
	var kinds []string
	for _, k := range c.Legend(text.English(), rates)[Shades:] {
		kinds = append(kinds, k.Kind)
	}
	if got := strings.Join(kinds, " "); got != "zero hatch" {
		t.Errorf("the legend's other states are %q", got)
	}
	one := ClassesOf(disclose.Percent, rates[:1])
	if k := one.Keys(text.English()); len(k) != 1 || k[0].Words != "all that are shown" {
		t.Errorf("the legend of one rate is %v", k)
	}
}

// TestWordsOnShades: numbers on a shade have the contrast of WCAG 2.2 AA (1.4.3), 4.5 to 1, and neighbours
// differ in lightness alone, so that they are told apart without colours.
func TestWordsOnShades(t *testing.T) {
	last := 2.0
	for i, s := range shades {
		if c := contrast(t, s.fill, s.words); c < 4.5 {
			t.Errorf("shade %d: contrast %.2f", i+1, c)
		}
		if l := luminance(t, s.fill); l > last*0.8 {
			t.Errorf("shade %d is hardly darker than the one before: %.2f after %.2f", i+1, l, last)
		} else {
			last = l
		}
	}
	if c := contrast(t, zeroShade, ink); c < 4.5 {
		t.Errorf("zero: contrast %.2f", c)
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		c := float64(v>>(8*i)&255) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// TestShadesOfTheStyleSheet: the legend's colours are those of the drawing.
func TestShadesOfTheStyleSheet(t *testing.T) {
	css, err := os.ReadFile(filepath.Join("..", "page", "style.css"))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range shades {
		if want := ".key." + shadeNames[i] + "{background:" + s.fill + "}"; !strings.Contains(string(css), want) {
			t.Errorf("style.css has no %s", want)
		}
	}
	if want := ".key.zero{background:" + zeroShade + "}"; !strings.Contains(string(css), want) {
		t.Errorf("style.css has no %s", want)
	}
}

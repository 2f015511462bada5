package chart

import (
	"fmt"
	"strings"
	"testing"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// counts releases whole numbers to an external audience.
func counts(t *testing.T, numbers ...int64) []disclose.Count {
	t.Helper()
	var x disclose.ExactAccounts
	var types []string
	for i, n := range numbers {
		x, types = append(x, []int64{n, 500}), append(types, fmt.Sprint("type ", i))
	}
	records, err := border(disclose.External).Records(t.Context(), disclose.ExactRecords{Accounts: x, Types: types, Columns: []string{disclose.Stored, "rest"}})
	if err != nil {
		t.Fatal(err)
	}
	var out []disclose.Count
	for _, row := range records.Accounts.Rows {
		out = append(out, row.Parts[0])
	}
	return out
}

func curve(t *testing.T) []SurvivalStep {
	t.Helper()
	people := []stats.Follow{{Time: 20, Event: true, People: 30}, {Time: 45, Event: true, People: 25}, {Time: 80, Event: true, People: 40}, {Time: 80, People: 60},
		{Time: 190, Event: true, People: 22}, {Time: 365, People: 123}}
	km, err := stats.KaplanMeier(people)
	if err != nil {
		t.Fatal(err)
	}
	beyond := counts(t, 300, 270, 245, 145, 123)
	steps := []SurvivalStep{{0, stats.Estimate{Value: 1, Low: 1, High: 1}, beyond[0]}}
	for i, s := range km.Steps {
		steps = append(steps, SurvivalStep{int64(s.Time), s.S, beyond[i+1]})
	}
	return steps
}

func pyramidRows(t *testing.T) []PyramidRow {
	t.Helper()
	left, right := counts(t, 24, 310, 420, 333, 0, 6, 28), counts(t, 31, 280, 466, 350, 120, 77, 8)
	var rows []PyramidRow
	for i, age := range []string{"0–17", "18–44", "45–64", "65–74", "75–84", "85 and over", "Unknown"} {
		rows = append(rows, PyramidRow{age, left[i], right[i]})
	}
	return rows
}

func TestCohortDrawingsAreGolden(t *testing.T) {
	for name, draw := range map[string]func(Label, Size) (SVG, error){
		"survival": func(l Label, s Size) (SVG, error) { return Survival(l, s, curve(t)) },
		"pyramid":  func(l Label, s Size) (SVG, error) { return Pyramid(l, s, "Male", "Female", pyramidRows(t)) },
	} {
		for suffix, size := range map[string]Size{"": Wide, "-narrow": Narrow} {
			svg, err := draw(Label{ID: name, Title: "A title", Description: "What it shows", Words: text.English()}, size)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+suffix+".svg", []byte(strings.ReplaceAll(string(svg.HTML()), "><", ">\n<")+"\n"))
		}
	}
}

// TestPyramidHidesWhatIsHidden: a hidden number is a box of the same size whatever the number, and bars of both
// sides have one scale.
func TestPyramidHidesWhatIsHidden(t *testing.T) {
	svg, err := Pyramid(Label{ID: "p", Words: text.English()}, Wide, "Male", "Female", pyramidRows(t))
	if err != nil {
		t.Fatal(err)
	}
	drawn := string(svg.HTML())
	hidden := 0
	for _, r := range pyramidRows(t) {
		for _, c := range []disclose.Count{r.Left, r.Right} {
			if c.State() == disclose.Suppressed {
				hidden++
			}
		}
	}
	if n := strings.Count(drawn, `width="30" height="21" fill="url(#p-hidden)"`); n != hidden || n < 2 {
		t.Errorf("%d hatched boxes of %d", n, hidden)
	}
	for _, bad := range []string{">6<", ">8<"} {
		if strings.Contains(drawn, bad) {
			t.Errorf("the drawing contains %s", bad)
		}
	}
	var widths []float64
	for _, part := range strings.Split(drawn, "<rect ")[1:] {
		var x, y, w, h float64
		var colour string
		if n, _ := fmt.Sscanf(part, `x="%f" y="%f" width="%f" height="%f" fill=%q`, &x, &y, &w, &h, &colour); n == 5 && strings.HasPrefix(colour, "#") {
			widths = append(widths, w)
		}
	}
	at := 0
	for _, r := range pyramidRows(t) {
		for _, c := range []disclose.Count{r.Left, r.Right} {
			if n, ok := c.Value(); ok && n > 0 {
				if per := widths[at] / float64(n); per-widths[0]/310 > 0.005 || widths[0]/310-per > 0.005 {
					t.Errorf("%d has a bar of %.1f, and 310 one of %.1f", n, widths[at], widths[0])
				}
				at++
			}
		}
	}
	if at != len(widths) || at < 8 {
		t.Errorf("%d bars for %d numbers", len(widths), at)
	}
}

// TestCurveIsInSteps: the line goes across and then down, to the value of each step, and a curve of one step is refused.
func TestCurveIsInSteps(t *testing.T) {
	svg, err := Survival(Label{ID: "s", Words: text.English()}, Narrow, curve(t))
	if err != nil {
		t.Fatal(err)
	}
	drawn := string(svg.HTML())
	for _, s := range curve(t)[1:] {
		if !strings.Contains(drawn, ">"+s.Beyond.Text(text.English())+"<") && s.Day == 190 {
			t.Errorf("who is left after the last day is not told")
		}
	}
	if n := strings.Count(strings.Split(strings.Split(drawn, `fill="none"`)[0], "<path")[2], "H"); n != 5 {
		t.Errorf("%d ways across, want 5", n)
	}
	if _, err := Survival(Label{ID: "s", Words: text.English()}, Wide, curve(t)[:1]); err == nil {
		t.Error("a curve of one step was drawn")
	}
}

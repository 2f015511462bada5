package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// drawn are the drawings that are written without echarts, of measures' figures.
func drawn(size Size) map[string]SVG {
	var counts [][2]int64
	for i := range 24 {
		den := int64(60 + 31*i%400)
		counts = append(counts, [2]int64{den * int64(55+7*(i%4)) / 100, den})
	}
	counts[3][0] = counts[3][1] - 12
	points := ratesOf(disclose.Internal, counts, 0)
	var sites []FunnelPoint
	var rates []disclose.Rate
	for i, p := range points {
		sites = append(sites, FunnelPoint{fmt.Sprintf("Clinic %d", i+1), p.Rate, map[int]Cause{3: Improving, 7: Concerning, 8: Unjudged}[i]})
		if sites[i].Cause == "" {
			sites[i].Cause = CommonCause
		}
		rates = append(rates, p.Rate)
	}
	limits := func(n float64) (a, b, c, d float64) {
		r := 100 / math.Sqrt(n)
		return 62 - r, 62 + r, 62 - 1.58*r, 62 + 1.58*r
	}
	gaps := []GapGroup{{"Sex", []GapRow{
		{"Female", stats.Estimate{Value: 4.2, Low: 1.1, High: 7.3}, "+4.2 (+1.1 to +7.3)", "1.07 (1.02 to 1.12)", Improving, "", false},
		{"Male", stats.Estimate{Value: -4.2, Low: -7.3, High: -1.1}, "−4.2 (−7.3 to −1.1)", "0.93 (0.89 to 0.98)", Concerning, "", false},
		{Label: "Unknown", State: "hidden", Hidden: true}, {Label: `</text><script>"Other"`, State: "no one to count"}}},
		{"Payer", []GapRow{{"A payer whose name is far too long for the room that there is beside the drawing", stats.Estimate{Value: 0.4, Low: -12, High: 13}, "+0.4 (−12.0 to +13.0)", "1.01 (0.80 to 1.20)", CommonCause, "", false}}}}
	l := func(id string) Label {
		return Label{ID: id, Title: "A <title>", Description: "What it shows", Words: text.English()}
	}
	return map[string]SVG{
		"funnel":    Funnel(l("funnel"), size, sites, 62, limits, "Patients in the denominator"),
		"gaps":      Gaps(l("gaps"), size, gaps, disclose.Percent),
		"strip":     Strip(l("strip"), size, rates, []float64{55, 56, 58, 60, 62, 64, 68, 72, 76}),
		"waterfall": Waterfall("waterfall", Falls, []disclose.Count{rates[0].Numerator()}, rates[1].Numerator(), rates[2].Denominator()),
	}
}

func TestPlainDrawingsAreGolden(t *testing.T) {
	for suffix, size := range map[string]Size{"": Wide, "-narrow": Narrow} {
		for name, svg := range drawn(size) {
			text := string(svg.HTML())
			if name+suffix != "waterfall-narrow" {
				golden(t, name+suffix+".svg", []byte(strings.ReplaceAll(text, "><", ">\n<")+"\n"))
			}
			for _, bad := range []string{"style=", "<script", "class=", "href", "NaN", "Inf"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s%s: the drawing contains %q", name, suffix, bad)
				}
			}
			d := xml.NewDecoder(strings.NewReader(text))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Errorf("%s%s is not well formed: %v", name, suffix, err)
					break
				}
			}
		}
	}
}

// TestAHiddenStepHasNoLength: a waterfall's bar that may not be shown is the same whatever the number, and so is one
// that hangs from it.
func TestAHiddenStepHasNoLength(t *testing.T) {
	p := ratesOf(disclose.External, [][2]int64{{4, 100}, {9, 100}, {50, 100}}, 0)
	whole := p[2].Rate.Denominator()
	four, nine := Waterfall("a", Counted, nil, p[0].Rate.Numerator(), whole), Waterfall("a", Counted, nil, p[1].Rate.Numerator(), whole)
	hanging := Waterfall("a", Falls, []disclose.Count{p[0].Rate.Numerator()}, p[2].Rate.Numerator(), whole)
	if four.HTML() != nine.HTML() || !strings.Contains(string(four.HTML()), "pattern") || !strings.Contains(string(hanging.HTML()), "pattern") {
		t.Error("a hidden step tells its length")
	}
}

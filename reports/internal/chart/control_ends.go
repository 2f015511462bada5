package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// controlEnds writes at the right what each line is, moved apart where the words would touch; the newest complete rate at
// its own point where that is not the last one.
func controlEnds(w *text.Words, points []ControlPoint, references []Target, narrow bool, plot area, px func(float64) float64) (*charts.Custom, []rowText) {
	type end struct {
		value, at float64
		text      rowText
	}
	var ends []end
	last, lastLimited := named(len(points), func(i int) disclose.Rate { return points[i].Rate }), -1
	for i, p := range points {
		if p.Limited {
			lastLimited = i
		}
	}
	c := charts.NewCustom()
	var data []opts.CustomData
	var words []rowText
	add := func(v float64, text rowText) { ends = append(ends, end{v, px(v), text}) }
	switch {
	case last < 0:
	case last < len(points)-1:
		v, _, _ := points[last].Rate.Plot()
		label := w.Say("{period}: {rate}", points[last].Label, points[last].Rate.Text(w))
		shift, align := plot.beside(last, len(points), px(v), breadth(label, 12.6), func(i int) (float64, float64, bool) {
			v, _, _ := points[i].Rate.Plot()
			return px(v) - 4, px(v) + 4, points[i].Rate.Shown()
		})
		data = append(data, opts.CustomData{Value: []any{last, tidy(v), tidy(shift), 1}})
		words = append(words, rowText{Label: label, Colour: ink, Weight: "bold", Align: align})
	default:
		v, _, _ := points[last].Rate.Plot()
		add(v, rowText{Label: points[last].Rate.Text(w), Colour: ink, Weight: "bold"})
	}
	if lastLimited >= 0 {
		p := points[lastLimited]
		format := func(v float64) string { return p.Rate.Scale().Format(w, v) }
		add(p.Mean, rowText{Label: w.Say("mean {value}", format(p.Mean)), Colour: ink})
		if !narrow {
			add(p.High, rowText{Label: w.Say("limit {value}", format(p.High)), Colour: muted})
			add(p.Low, rowText{Label: w.Say("limit {value}", format(p.Low)), Colour: muted})
		}
	}
	for i, t := range references {
		add(t.Value, rowText{Label: t.Label, Colour: referenceColour(i, t)})
	}
	slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.at, b.at) })
	var at []float64
	for _, e := range ends {
		at = append(at, e.at)
	}
	spread(at, 15, plot.height)
	for i, e := range ends {
		data = append(data, opts.CustomData{Value: []any{len(points) - 1, tidy(e.value), tidy(at[i] - e.at), 0}})
		words = append(words, e.text)
	}
	c.AddSeries("end", data)
	return c, words
}

// endRoom is how wide the words at the right are, at least so much.
func endRoom(w *text.Words, points []ControlPoint, references []Target, least float64) string {
	for _, t := range references {
		least = math.Max(least, 12+breadth(t.Label, 12))
	}
	for _, p := range points {
		if p.Meant {
			least = math.Max(least, 12+breadth(w.Say("mean {value}", p.Rate.Scale().Format(w, p.Mean)), 12))
			break
		}
	}
	return fmt.Sprintf("%.0f", least)
}

// spread moves ordered places apart to at least gap, within 0 to height, each as little as may be.
func spread(at []float64, gap, height float64) {
	for range 60 {
		moved := false
		for i := 1; i < len(at); i++ {
			if d := gap - (at[i] - at[i-1]); d > 0.01 {
				at[i-1], at[i], moved = at[i-1]-d/2, at[i]+d/2, true
			}
		}
		if n := len(at); n > 0 {
			if at[0] < 0 {
				at[0] = 0
			}
			if at[n-1] > height {
				at[n-1] = height
			}
		}
		if !moved {
			return
		}
	}
}

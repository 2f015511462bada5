package chart

import (
	"math"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// Cause is what a control chart's rules say of a point; it has a shape and a colour of its own.
type Cause string

// The causes. Unjudged is special, of a measure that does not say which is better.
const (
	CommonCause Cause = "common"
	Improving   Cause = "improving"
	Concerning  Cause = "concerning"
	Unjudged    Cause = "unjudged"
)

// The colours of causes, as icons have them.
const (
	concernColour = "#c4500a"
	neutralColour = "#6b7785"
)

// ControlPoint is a period of a control chart: its rate, and mean and limits in the rate's unit
// where it has some; Meant without Limited where only the mean is known. Points of one Base share a mean.
type ControlPoint struct {
	Label           string
	Rate            disclose.Rate
	Limited, Meant  bool
	Mean, Low, High float64
	Cause           Cause
	Base            int
}

// Event is a numbered upright line: something that happened, at a share of the way through the period At.
type Event struct {
	At     int
	Share  float64
	Number string
	Rebase bool // limits were made again
}

// Control draws a control chart: the rates on a thin line, the mean, dashed limits, and each special cause
// with its own mark. A point that is not complete is hollow, a hidden one leaves a gap and a hatched
// mark on the axis.
func (r *Renderer) Control(l Label, size Size, points []ControlPoint, events []Event, references []Target) (SVG, error) {
	s, err := control(l.Words, size, points, events, references)
	if err != nil {
		return SVG{}, err
	}
	return r.draw(l, s)
}

func control(w *text.Words, size Size, points []ControlPoint, events []Event, references []Target) (spec, error) {
	narrow := size.Width < 500
	plain := make([]Point, len(points))
	var categories []string
	var values []float64
	limit, percent := math.Inf(1), false
	for i, p := range points {
		plain[i] = Point{p.Label, p.Rate}
		categories = append(categories, p.Label)
		if p.Rate.Scale() == disclose.Percent {
			limit, percent = 100, true
		}
		if p.Rate.Shown() {
			v, _, _ := p.Rate.Plot()
			values = append(values, v)
			if p.Limited {
				values = append(values, p.Low, p.High)
			}
		}
	}
	for _, t := range references {
		values = append(values, t.Value)
	}
	y := spanOf(values, limit, 6)
	margin := opts.Grid{Left: "56", Right: endRoom(w, points, references, 112), Top: "14", Bottom: "30"}
	if narrow {
		margin.Left, margin.Right = "46", endRoom(w, points, references, 80)
	}
	if len(events) > 0 {
		margin.Top = "26"
	}

	base := charts.NewLine()
	base.SetXAxis(categories)
	for b := 0; b <= points[len(points)-1].Base; b++ {
		pick := func(has func(ControlPoint) bool, value func(ControlPoint) float64) []opts.LineData {
			out := make([]opts.LineData, len(points))
			for i, p := range points {
				out[i] = opts.LineData{Value: "-"}
				if p.Base == b && has(p) {
					out[i].Value = tidy(value(p))
				}
			}
			return out
		}
		bare := charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false), Step: "middle"})
		base.AddSeries("mean", pick(func(p ControlPoint) bool { return p.Meant }, func(p ControlPoint) float64 { return p.Mean }), bare, charts.WithLineStyleOpts(opts.LineStyle{Color: ink, Width: 1.25}))
		for _, end := range []func(ControlPoint) float64{func(p ControlPoint) float64 { return p.Low }, func(p ControlPoint) float64 { return p.High }} {
			base.AddSeries("limit", pick(func(p ControlPoint) bool { return p.Limited }, end), bare, charts.WithLineStyleOpts(opts.LineStyle{Color: neutralColour, Width: 1.25, Type: "dashed"}))
		}
	}
	base.AddSeries("rate", lineData(plain, func(v, _, _ float64) float64 { return v }),
		charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false)}), charts.WithLineStyleOpts(opts.LineStyle{Color: rule, Width: 1.25}))
	base.Overlap(causes(points))
	for i, t := range references {
		base.AddSeries("target", slices.Repeat([]opts.LineData{{Value: tidy(t.Value)}}, len(points)), charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false)}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: referenceColour(i, t), Width: 1.5, Type: "dotted"}))
	}
	hidden := charts.NewCustom()
	var hiddenData []opts.CustomData
	for i, p := range points {
		if p.Rate.State() == disclose.Suppressed {
			hiddenData = append(hiddenData, opts.CustomData{Value: []any{i, y.low}})
		}
	}
	hidden.AddSeries("hidden", hiddenData)
	lines := charts.NewCustom()
	var lineAt []opts.CustomData
	var numbers []string
	for _, e := range events {
		again := 0
		if e.Rebase {
			again = 1
		}
		numbers = append(numbers, e.Number)
		lineAt = append(lineAt, opts.CustomData{Value: []any{e.At, tidy(e.Share), 0, again}})
	}
	lines.AddSeries("event", lineAt)
	plot := plotOf(size, margin)
	ends, words := controlEnds(w, points, references, narrow, plot, func(v float64) float64 { return (y.high - v) / (y.high - y.low) * plot.height })
	base.Overlap(hidden, lines, ends)

	o, err := option(base, margin)
	if err != nil {
		return spec{}, err
	}
	functions := map[string]string{"hidden": "hiddenColumn", "event": "eventLine", "end": "endLabel"}
	for _, v := range list(o["series"]) {
		m := v.(map[string]any)
		if name, ok := functions[m["name"].(string)]; ok {
			m["renderItem"], m["z"] = fn(name), 1
			if name != "hiddenColumn" {
				m["z"], m["clip"] = 5, false
			}
		}
		switch m["name"] {
		case "target", "mean", "limit":
			m["z"] = 2
		case string(CommonCause), string(Improving), string(Concerning), string(Unjudged), "incomplete", "hollow improving", "hollow concerning", "hollow unjudged":
			m["z"] = 4
		}
	}
	every := 1
	for len(categories)/every > size.Width/62 {
		every++
	}
	if every > 3 {
		every = (every + 2) / 3 * 3
	}
	axes(o, categoryAxis(categories, every), valueAxis(y, percent))
	return spec{Option: o, Width: size.Width, Height: size.Height, Rows: words, Numbers: numbers}, nil
}

// referenceColour parts a target, which comes first, from a benchmark.
func referenceColour(i int, t Target) string {
	if i > 0 || t.Benchmark {
		return benchmarkColour
	}
	return targetColour
}

const benchmarkColour = "#00796b"

// causes are the points by what is said of them, each in its own shape, hollow where they are not complete or rest on an
// incomplete feed.
func causes(points []ControlPoint) *charts.Scatter {
	look := []struct {
		name, symbol, colour string
		size                 int
	}{
		{string(CommonCause), "circle", neutralColour, 7}, {string(Improving), "triangle", main, 11},
		{string(Concerning), "diamond", concernColour, 12}, {string(Unjudged), "rect", ink, 8},
	}
	c := charts.NewScatter()
	var part []opts.ScatterData
	by, hollow := map[string][]opts.ScatterData{}, map[string][]opts.ScatterData{}
	for i, p := range points {
		if !p.Rate.Shown() {
			continue
		}
		v, _, _ := p.Rate.Plot()
		for _, k := range look {
			switch {
			case k.name != string(p.Cause):
			case p.Rate.Hollow() && p.Cause == CommonCause:
				part = append(part, opts.ScatterData{Value: []any{i, tidy(v)}, Symbol: k.symbol, SymbolSize: k.size})
			case p.Rate.Hollow():
				hollow[k.name] = append(hollow[k.name], opts.ScatterData{Value: []any{i, tidy(v)}, Symbol: k.symbol, SymbolSize: k.size})
			default:
				by[k.name] = append(by[k.name], opts.ScatterData{Value: []any{i, tidy(v)}, Symbol: k.symbol, SymbolSize: k.size})
			}
		}
	}
	for _, k := range look {
		c.AddSeries(k.name, by[k.name], charts.WithItemStyleOpts(opts.ItemStyle{Color: k.colour, Opacity: opts.Float(1)}))
	}
	for _, k := range look {
		if data := hollow[k.name]; len(data) > 0 {
			c.AddSeries("hollow "+k.name, data, charts.WithItemStyleOpts(opts.ItemStyle{Color: "#ffffff", BorderColor: k.colour, BorderWidth: 2, Opacity: opts.Float(1)}))
		}
	}
	c.AddSeries("incomplete", part, charts.WithItemStyleOpts(opts.ItemStyle{Color: "#ffffff", BorderColor: neutralColour, BorderWidth: 1.5, Opacity: opts.Float(1)}))
	return c
}

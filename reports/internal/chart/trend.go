package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// Size is the drawing's width and height in CSS pixels. Every figure is drawn
// twice, so that it stays legible on a telephone without sideways scroll.
type Size struct{ Width, Height int }

var (
	Wide   = Size{860, 320}
	Narrow = Size{340, 270}
)

// Point is one rate on an axis of periods.
type Point struct {
	Label string
	Rate  disclose.Rate
}

// Target is a value to compare with, in the rate's unit.
type Target struct {
	Value     float64
	Label     string
	Benchmark bool // what others reach, not what is asked for
}

// Line says how the points of a series belong together.
type Line uint8

const (
	// Joined: disjoint periods, a thin line and an interval at each point.
	Joined Line = iota
	// Ribbon: overlapping windows, a thick line in a band of intervals, no points.
	Ribbon
	// Apart: no line at all.
	Apart
)

// Series draws rates along periods: a point that is not complete is hollow, a
// hidden one leaves a gap and a hatched mark on the axis.
func (r *Renderer) Series(l Label, size Size, line Line, points []Point, target *Target) (SVG, error) {
	s, err := series(l.Words, size, line, points, target)
	if err != nil {
		return SVG{}, err
	}
	return r.draw(l, s)
}

func series(w *text.Words, size Size, line Line, points []Point, target *Target) (spec, error) {
	var categories []string
	var values []float64
	limit := math.Inf(1)
	percent := false
	for _, p := range points {
		categories = append(categories, p.Label)
		if p.Rate.Shown() {
			_, low, high := p.Rate.Plot()
			values = append(values, low, high)
		}
		if p.Rate.Scale() == disclose.Percent {
			limit, percent = 100, true
		}
	}
	if target != nil {
		values = append(values, target.Value)
	}
	if line == Apart {
		values = append(values, 0)
	}
	y := spanOf(values, limit, 6)
	margin := opts.Grid{Left: "56", Right: "112", Top: "14", Bottom: "30"}
	if size.Width < 500 {
		margin.Left, margin.Right = "46", "80"
	}
	plot := plotOf(size, margin)

	base := charts.NewLine()
	base.SetXAxis(categories)
	if line == Ribbon {
		addRibbon(base, points)
	} else {
		base.Overlap(whiskers(points))
	}
	if line != Apart {
		width := float32(1.25)
		colour := rule
		if line == Ribbon {
			width, colour = 2.5, main
		}
		base.AddSeries("rate", lineData(points, func(v, _, _ float64) float64 { return v }),
			charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false)}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: colour, Width: width}))
	}
	base.Overlap(dots(points, line))
	if target != nil {
		data := make([]opts.LineData, len(points))
		for i := range data {
			data[i] = opts.LineData{Value: tidy(target.Value)}
		}
		base.AddSeries("target", data, charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false)}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: targetColour, Width: 1.5, Type: "dotted"}))
	}
	hidden := charts.NewCustom()
	var hiddenData []opts.CustomData
	for i, p := range points {
		if p.Rate.State() == disclose.Suppressed {
			hiddenData = append(hiddenData, opts.CustomData{Value: []any{i, y.low}})
		}
	}
	hidden.AddSeries("hidden", hiddenData)
	ends, words := endLabels(w, points, target, line, plot, func(v float64) float64 { return (y.high - v) / (y.high - y.low) * plot.height })
	base.Overlap(hidden, ends)

	o, err := option(base, margin)
	if err != nil {
		return spec{}, err
	}
	functions := map[string]string{"interval": "whisker", "hidden": "hiddenColumn", "end": "endLabel"}
	for _, v := range list(o["series"]) {
		m := v.(map[string]any)
		if name, ok := functions[m["name"].(string)]; ok {
			m["renderItem"] = fn(functions[m["name"].(string)])
			m["z"] = 1
			if name == "endLabel" {
				m["z"], m["clip"] = 5, false
			}
		}
		switch m["name"] {
		case "target":
			m["z"] = 2
		case "complete", "incomplete":
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
	return spec{Option: o, Width: size.Width, Height: size.Height, Rows: words}, nil
}

// lineData leaves a gap ("-") where a rate may not or cannot be shown.
func lineData(points []Point, pick func(rate, low, high float64) float64) []opts.LineData {
	out := make([]opts.LineData, len(points))
	for i, p := range points {
		out[i] = opts.LineData{Value: "-"}
		if p.Rate.Shown() {
			out[i].Value = tidy(pick(p.Rate.Plot()))
		}
	}
	return out
}

// addRibbon stacks the interval's width on its lower end.
func addRibbon(c *charts.Line, points []Point) {
	stacked := charts.WithLineChartOpts(opts.LineChart{Stack: "interval", ShowSymbol: opts.Bool(false)})
	none := charts.WithLineStyleOpts(opts.LineStyle{Color: main, Width: 0.001, Opacity: opts.Float(0)})
	c.AddSeries("low", lineData(points, func(_, low, _ float64) float64 { return low }), stacked, none)
	c.AddSeries("width", lineData(points, func(_, low, high float64) float64 { return high - low }), stacked, none,
		charts.WithAreaStyleOpts(opts.AreaStyle{Color: main, Opacity: opts.Float(0.16)}))
}

func whiskers(points []Point) *charts.Custom {
	c := charts.NewCustom()
	var data []opts.CustomData
	for i, p := range points {
		if p.Rate.Shown() {
			_, low, high := p.Rate.Plot()
			data = append(data, opts.CustomData{Value: []any{i, tidy(low), tidy(high)}})
		}
	}
	c.AddSeries("interval", data)
	return c
}

// alone tells whether a point has no neighbour that is shown, so that no line and no band would show it.
func alone(points []Point, i int) bool {
	return (i == 0 || !points[i-1].Rate.Shown()) && (i == len(points)-1 || !points[i+1].Rate.Shown())
}

// dots is an overlay: go-echarts' line data cannot style one point. A ribbon has
// dots only where a window is not complete, or stands alone.
func dots(points []Point, line Line) *charts.Scatter {
	c := charts.NewScatter()
	var whole, part []opts.ScatterData
	for i, p := range points {
		if !p.Rate.Shown() {
			continue
		}
		v, _, _ := p.Rate.Plot()
		d := opts.ScatterData{Value: []any{i, tidy(v)}, Symbol: "circle", SymbolSize: 7}
		if p.Rate.Hollow() {
			part = append(part, d)
		} else if line != Ribbon || alone(points, i) {
			whole = append(whole, d)
		}
	}
	c.AddSeries("complete", whole, charts.WithItemStyleOpts(opts.ItemStyle{Color: main, Opacity: opts.Float(1)}))
	c.AddSeries("incomplete", part, charts.WithItemStyleOpts(opts.ItemStyle{Color: "#ffffff", BorderColor: main, BorderWidth: 1.5, Opacity: opts.Float(1)}))
	return c
}

// endLabels writes the newest complete rate, which the figure's heading names too, at its own point where it is not
// the last one, else at the right; and there the target, moved apart where they would touch.
func endLabels(w *text.Words, points []Point, target *Target, line Line, plot area, px func(float64) float64) (*charts.Custom, []rowText) {
	c := charts.NewCustom()
	var data []opts.CustomData
	var words []rowText
	last := named(len(points), func(i int) disclose.Rate { return points[i].Rate })
	shift := 0.0
	switch {
	case last < 0 || line == Apart:
	case last < len(points)-1:
		v, _, _ := points[last].Rate.Plot()
		label := w.Say("{period}: {rate}", points[last].Label, points[last].Rate.Text(w))
		shift, align := plot.beside(last, len(points), px(v), breadth(label, 12.6), func(i int) (float64, float64, bool) {
			_, low, high := points[i].Rate.Plot()
			return px(high), px(low), points[i].Rate.Shown()
		})
		data = append(data, opts.CustomData{Value: []any{last, tidy(v), tidy(shift), 1}})
		words = append(words, rowText{Label: label, Colour: main, Weight: "bold", Align: align})
	default:
		v, _, _ := points[last].Rate.Plot()
		if target != nil {
			if d := px(v) - px(target.Value); math.Abs(d) < 16 {
				shift = (16 - math.Abs(d)) / 2
				if d < 0 {
					shift = -shift
				}
			}
		}
		data = append(data, opts.CustomData{Value: []any{last, tidy(v), tidy(shift), 0}})
		words = append(words, rowText{Label: points[last].Rate.Text(w), Colour: main, Weight: "bold"})
	}
	if target != nil && len(points) > 0 {
		data = append(data, opts.CustomData{Value: []any{len(points) - 1, tidy(target.Value), tidy(-shift), 0}})
		words = append(words, rowText{Label: target.Label, Colour: targetColour})
	}
	c.AddSeries("end", data)
	return c, words
}

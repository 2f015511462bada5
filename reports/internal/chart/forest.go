package chart

import (
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// Group is a headed list of rates in a forest; a group without a name has no
// heading.
type Group struct {
	Name   string
	Points []Point
}

// Mark is the shape of a forest's rates.
type Mark string

const (
	// Squares have an area in proportion to the denominator.
	Squares Mark = "square"
	// Circles are all of one size.
	Circles Mark = "circle"
)

// forestRowHeight is the height of a row in CSS pixels.
const forestRowHeight = 24

// Forest draws rates with their intervals under each other, in the order given,
// against a dashed line at the overall rate.
func (r *Renderer) Forest(l Label, size Size, mark Mark, overall Point, groups []Group) (SVG, error) {
	s, err := forest(l.Words, size, mark, overall, groups)
	if err != nil {
		return SVG{}, err
	}
	return r.draw(l, s)
}

// Kinds of a forest's row, as runtime.js knows them.
const (
	headingRow = 0
	rateRow    = 1
	overallRow = 2
)

func forest(w *text.Words, size Size, mark Mark, overall Point, groups []Group) (spec, error) {
	narrow := size.Width < 500
	s := spec{Width: size.Width, Left: 4, Mark: string(mark), NAt: size.Width - 78, RateAt: size.Width - 6}
	margin := opts.Grid{Left: "232", Right: "196", Top: "6", Bottom: "30"}
	if narrow {
		s.NAt = 0
		margin.Left, margin.Right = "150", "62"
	}
	percent := overall.Rate.Scale() == disclose.Percent
	if !percent && !narrow {
		margin.Right = "222" // "1,748 in 4,432.3 person-years" is longer than "251 of 373"
	}
	limit := math.Inf(1)
	if percent {
		limit = 100
	}

	var values []float64
	largest := int64(1)
	var data []opts.CustomData
	note := func(p Point) {
		if p.Rate.Shown() {
			_, low, high := p.Rate.Plot()
			values = append(values, low, high)
		}
	}
	for _, g := range groups {
		for _, p := range g.Points {
			note(p)
			if n, ok := p.Rate.Denominator().Value(); ok {
				largest = max(largest, n)
			}
		}
	}
	note(overall)
	y := 0
	add := func(kind int, p Point) {
		v, low, high := p.Rate.Plot()
		side := 9.0
		if n, ok := p.Rate.Denominator().Value(); ok && mark == Squares {
			side = math.Max(4, 15*math.Sqrt(float64(n)/float64(largest)))
		}
		row := rowText{Label: clip(p.Label, narrow), N: p.Rate.NOfN(w), Rate: p.Rate.Text(w), Hollow: p.Rate.Hollow()}
		if kind == headingRow {
			row = rowText{Label: p.Label}
		} else if !p.Rate.Shown() {
			row.State, row.N, row.Hidden = p.Rate.Text(w), "", p.Rate.State() == disclose.Suppressed
			if p.Rate.State() == disclose.NotApplicable {
				row.State = w.Say("no one to count")
			}
		}
		data = append(data, opts.CustomData{Value: []any{y, kind, tidy(v), tidy(low), tidy(high), tidy(side)}})
		s.Rows = append(s.Rows, row)
		y++
	}
	add(overallRow, overall)
	for _, g := range groups {
		if g.Name != "" {
			add(headingRow, Point{Label: g.Name})
		}
		for _, p := range g.Points {
			add(rateRow, p)
		}
	}
	s.Height = y*forestRowHeight + 36
	x := spanOf(values, limit, map[bool]int{false: 6, true: 3}[narrow])

	c := charts.NewCustom()
	c.AddSeries("rows", data)
	o, err := option(c, margin)
	if err != nil {
		return spec{}, err
	}
	for _, v := range list(o["series"]) {
		m := v.(map[string]any)
		m["renderItem"], m["clip"] = fn("forestRow"), false
		m["encode"] = map[string]any{"x": []int{2, 3, 4}, "y": 0}
		if overall.Rate.Shown() {
			at, _, _ := overall.Rate.Plot()
			m["markLine"] = map[string]any{
				"symbol": "none", "silent": true, "z": 0, "animation": false, "label": map[string]any{"show": false},
				"lineStyle": map[string]any{"color": muted, "type": "dashed", "width": 1},
				"data":      []any{map[string]any{"xAxis": tidy(at)}},
			}
		}
	}
	rows := map[string]any{"type": "value", "inverse": true, "min": -0.5, "max": float64(y) - 0.5, "show": false}
	axes(o, valueAxis(x, percent), rows)
	s.Option = o
	return s, nil
}

// clip shortens a label that would run into the drawing; the table beside the
// figure has it whole.
func clip(label string, narrow bool) string {
	most := 37
	if narrow {
		most = 22
	}
	if r := []rune(label); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return label
}

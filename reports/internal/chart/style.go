package chart

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/go-echarts/go-echarts/v2/opts"
)

// The house colours. One colour has one meaning on every page.
const (
	ink          = "#1d2b3a"
	muted        = "#5b6b7b"
	main         = "#0072b2"
	grid         = "#e3e8ec"
	rule         = "#8793a0"
	targetColour = "#8a1c1c"
	font         = "Arial, Liberation Sans, Helvetica, sans-serif" // no quotes: echarts does not escape them
)

// built is a go-echarts chart, ready to give its option.
type built interface {
	Validate()
	JSON() map[string]any
}

// fn names a function of runtime.js; only an object of this shape becomes code.
func fn(name string) map[string]any { return map[string]any{"$fn": name} }

// option turns a go-echarts chart into plain JSON values in the house style.
// Title, legend, toolbox and tooltip belong to the page, not to the drawing.
func option(c built, margin opts.Grid) (map[string]any, error) {
	c.Validate()
	b, err := json.Marshal(c.JSON())
	if err != nil {
		return nil, fmt.Errorf("chart option: %w", err)
	}
	var o map[string]any
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, fmt.Errorf("chart option: %w", err)
	}
	for _, k := range []string{"title", "legend", "tooltip", "toolbox", "color", "dataZoom", "visualMap"} {
		delete(o, k)
	}
	o["animation"] = false
	o["textStyle"] = map[string]any{"fontFamily": font, "fontSize": 12, "color": muted}
	o["grid"] = map[string]any{"left": margin.Left, "right": margin.Right, "top": margin.Top, "bottom": margin.Bottom, "containLabel": false}
	for _, s := range list(o["series"]) {
		m := s.(map[string]any)
		m["silent"] = true
		m["emphasis"] = map[string]any{"disabled": true}
	}
	return o, nil
}

func list(v any) []any { l, _ := v.([]any); return l }

// axes replaces go-echarts' axes, which cannot say everything that is needed.
func axes(o map[string]any, x, y map[string]any) {
	o["xAxis"], o["yAxis"] = []any{x}, []any{y}
}

func categoryAxis(labels []string, every int) map[string]any {
	return map[string]any{
		"type": "category", "data": labels, "boundaryGap": true,
		"axisLine":  map[string]any{"lineStyle": map[string]any{"color": rule}},
		"axisTick":  map[string]any{"alignWithLabel": true, "interval": every - 1, "lineStyle": map[string]any{"color": rule}},
		"axisLabel": map[string]any{"color": muted, "interval": every - 1, "fontSize": 12},
	}
}

func valueAxis(s span, percent bool) map[string]any {
	format := fn("plain")
	if percent {
		format = fn("percent")
	}
	return map[string]any{
		"type": "value", "min": s.low, "max": s.high, "interval": s.step,
		"axisLine": map[string]any{"show": false}, "axisTick": map[string]any{"show": false},
		"axisLabel": map[string]any{"color": muted, "formatter": format, "fontSize": 12},
		"splitLine": map[string]any{"lineStyle": map[string]any{"color": grid}},
	}
}

// span is an axis: whole steps that hold everything drawn.
type span struct{ low, high, step float64 }

// spanOf chooses round steps around the values, within 0 to limit. The values
// are those that may be shown, so an axis tells nothing about hidden ones.
func spanOf(values []float64, limit float64, steps int) span {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = math.Min(low, v), math.Max(high, v)
	}
	if low > high {
		low, high = 0, math.Min(limit, 100)
	}
	pad := math.Max((high-low)*0.05, 0.05)
	if low >= 0 { // only what was observed can be below
		low = math.Max(0, low-pad)
	} else {
		low -= pad
	}
	high = math.Min(limit, high+pad)
	step := roundStep((high - low) / float64(steps))
	s := span{math.Floor(low/step) * step, math.Ceil(high/step) * step, step}
	s.high = math.Min(s.high, limit)
	s.low, s.high, s.step = tidy(s.low), tidy(s.high), tidy(s.step)
	return s
}

func roundStep(raw float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if raw <= m*p {
			return m * p
		}
	}
	return 10 * p
}

// tidy drops the digits that binary fractions add; the option's bytes should
// not depend on them.
func tidy(v float64) float64 { return math.Round(v*1e4) / 1e4 }

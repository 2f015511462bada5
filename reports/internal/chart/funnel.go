package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// FunnelPoint is a unit of a funnel: its rate over its size, and whether it is beyond the outer limits.
type FunnelPoint struct {
	Label string
	Rate  disclose.Rate
	Cause Cause // CommonCause within the outer limits
}

// FunnelLimits are the inner and outer limits, in the rate's unit, for a denominator in the funnel's unit.
type FunnelLimits func(size float64) (low95, high95, low998, high998 float64)

// FunnelSize is the denominator in a funnel's unit: subjects, or person-years.
func FunnelSize(r disclose.Rate) (float64, bool) {
	n, ok := r.Denominator().Value()
	if r.Scale().Timed() {
		return float64(n) / disclose.DaysPerYear, ok
	}
	return float64(n), ok
}

// Funnel draws units by their size, with the mean, the inner limits dashed and the outer ones solid; units
// beyond the outer limits are marked and named. Every point has a rate that is shown.
func Funnel(l Label, size Size, points []FunnelPoint, mean float64, limits FunnelLimits, across string) SVG {
	narrow := size.Width < 500
	width, height := float64(size.Width), float64(size.Height+20)
	left, right, top, bottom := 58.0, width-92, 12.0, height-46
	if narrow {
		left, right = 46, width-14
	}
	scale := points[0].Rate.Scale()
	limit, largest := math.Inf(1), 0.0
	if scale == disclose.Percent {
		limit = 100
	}
	smallest := math.Inf(1)
	var values []float64
	for _, p := range points {
		n, _ := FunnelSize(p.Rate)
		largest, smallest = math.Max(largest, n), math.Min(smallest, n)
		v, _, _ := p.Rate.Plot()
		values = append(values, v)
	}
	low, high, low2, high2 := limits(math.Max(smallest, largest/8))
	y := spanOf(append(values, low, high, low2, high2), limit, 6)
	xs := spanOf([]float64{0, largest * 1.04}, math.Inf(1), map[bool]int{false: 8, true: 4}[narrow])
	atX := func(n float64) float64 { return left + (right-left)*(n-xs.low)/(xs.high-xs.low) }
	atY := func(v float64) float64 { return bottom - (bottom-top)*(v-y.low)/(y.high-y.low) }

	p := newPlain(l)
	for v := y.low; v <= y.high+y.step/2; v += y.step {
		p.line(left, atY(v), right, atY(v), grid, "")
		p.words(left-8, atY(v), 12, "end", muted, axisWords(l.Words, scale, tidy(v)), "")
	}
	p.line(left, bottom, right, bottom, rule, "")
	for n := xs.low; n <= xs.high+xs.step/2; n += xs.step {
		p.line(atX(n), bottom, atX(n), bottom+4, rule, "")
		p.words(atX(n), bottom+14, 12, "middle", muted, l.Words.Number(disclose.Thousands(int64(math.Round(n)))), "")
	}
	p.words((left+right)/2, bottom+33, 12, "middle", muted, across, "")

	first := math.Max(smallest*0.7, xs.high/60)
	curve := func(pick func(a, b, c, d float64) float64, colour, more string) float64 {
		var path strings.Builder
		pen, last := "M", 0.0
		const steps = 60
		for i := 0; i <= steps; i++ { // closer together where the curve bends
			share := float64(i) / steps
			n := first + (xs.high-first)*share*share
			v := pick(limits(n))
			last = v
			if v < y.low || v > y.high {
				pen = "M"
				continue
			}
			fmt.Fprintf(&path, "%s%s %s", pen, px(atX(n)), px(atY(v)))
			pen = "L"
		}
		fmt.Fprintf(p, `<path d="%s" fill="none" stroke="%s"%s></path>`, path.String(), colour, more)
		return last
	}
	dashed := ` stroke-width="1.25" stroke-dasharray="5 4"`
	solid := ` stroke-width="1.25"`
	ends := map[string]float64{
		"95 % low":    curve(func(a, _, _, _ float64) float64 { return a }, neutralColour, dashed),
		"95 % high":   curve(func(_, b, _, _ float64) float64 { return b }, neutralColour, dashed),
		"99.8 % low":  curve(func(_, _, c, _ float64) float64 { return c }, ink, solid),
		"99.8 % high": curve(func(_, _, _, d float64) float64 { return d }, ink, solid),
	}
	p.line(left, atY(mean), right, atY(mean), benchmarkColour, ` stroke-width="1.5"`)
	if !narrow {
		endWords(p, right+6, top, bottom, []endWord{{atY(ends["99.8 % high"]), l.Words.Say("99.8 %"), ink}, {atY(ends["95 % high"]), l.Words.Say("95 %"), neutralColour},
			{atY(mean), l.Words.Say("mean {value}", scale.Format(l.Words, mean)), benchmarkColour}, {atY(ends["95 % low"]), l.Words.Say("95 %"), neutralColour}, {atY(ends["99.8 % low"]), l.Words.Say("99.8 %"), ink}})
	}
	var named []placedWord
	for _, pt := range points {
		n, _ := FunnelSize(pt.Rate)
		v, _, _ := pt.Rate.Plot()
		x, yy := atX(n), atY(v)
		mark(p, x, yy, pt.Cause, pt.Rate.Hollow())
		if pt.Cause != CommonCause {
			named = append(named, placedWord{x, yy, fit(pt.Label, 12, (right-left)*0.45)})
		}
	}
	nameBeside(p, named, left, right, top, bottom)
	return p.done(l, width, height)
}

// axisWords are a tick's label.
func axisWords(w *text.Words, scale disclose.Scale, v float64) string {
	if scale == disclose.Percent {
		return w.Say("{number} %", w.Number(fmt.Sprintf("%g", v)))
	}
	if v == math.Trunc(v) {
		return w.Number(disclose.Thousands(int64(v)))
	}
	return w.Number(fmt.Sprintf("%g", v))
}

// mark draws a point in the shape and colour of its cause.
func mark(p *plain, x, y float64, c Cause, hollow bool) {
	colour := map[Cause]string{Improving: main, Concerning: concernColour, Unjudged: ink}[c]
	colour = cmp.Or(colour, neutralColour)
	fill := colour
	if hollow {
		fill = "#ffffff"
	}
	look := fmt.Sprintf(` fill="%s" stroke="%s" stroke-width="1.25"`, fill, colour)
	switch c {
	case Improving:
		fmt.Fprintf(p, `<path d="M%s %sL%s %sL%s %sZ"%s></path>`, px(x), px(y-6), px(x+6), px(y+5), px(x-6), px(y+5), look)
	case Concerning:
		fmt.Fprintf(p, `<path d="M%s %sL%s %sL%s %sL%s %sZ"%s></path>`, px(x), px(y-7), px(x+7), px(y), px(x), px(y+7), px(x-7), px(y), look)
	case Unjudged:
		fmt.Fprintf(p, `<rect x="%s" y="%s" width="9" height="9"%s></rect>`, px(x-4.5), px(y-4.5), look)
	default:
		fmt.Fprintf(p, `<circle cx="%s" cy="%s" r="4"%s></circle>`, px(x), px(y), look)
	}
}

// endWord is what a line is, at its right end.
type endWord struct {
	at            float64
	words, colour string
}

func endWords(p *plain, x, top, bottom float64, ends []endWord) {
	for i := range ends {
		ends[i].at = math.Min(math.Max(ends[i].at, top), bottom)
	}
	slices.SortStableFunc(ends, func(a, b endWord) int { return cmp.Compare(a.at, b.at) })
	at := make([]float64, len(ends))
	for i, e := range ends {
		at[i] = e.at - top
	}
	spread(at, 14, bottom-top)
	for i, e := range ends {
		p.words(x, at[i]+top, 12, "start", e.colour, e.words, "")
	}
}

type placedWord struct {
	x, y  float64
	words string
}

// halo keeps words legible on lines.
const halo = ` stroke="#ffffff" stroke-width="3" paint-order="stroke"`

// nameBeside writes names next to their points, on the side where there is room, and moves those down that would touch.
func nameBeside(p *plain, names []placedWord, left, right, top, bottom float64) {
	slices.SortStableFunc(names, func(a, b placedWord) int { return cmp.Compare(a.y, b.y) })
	type box struct{ x1, x2, y float64 }
	var taken []box
	for _, n := range names {
		w := breadth(n.words, 12)
		x1, anchor := n.x+10, "start"
		if x1+w > right {
			x1, anchor = n.x-10-w, "end"
		}
		y := math.Min(math.Max(n.y, top+6), bottom-6)
		for range 40 {
			touches := slices.ContainsFunc(taken, func(b box) bool { return x1 < b.x2 && b.x1 < x1+w && math.Abs(b.y-y) < 13 })
			if !touches {
				break
			}
			y += 2
		}
		taken = append(taken, box{x1, x1 + w, y})
		x := x1
		if anchor == "end" {
			x = x1 + w
		}
		p.words(math.Max(x, left), y, 12, anchor, ink, n.words, halo)
	}
}

package chart

import (
	"fmt"
	"math"
	"slices"

	"farr/reports/internal/disclose"
)

// Strip draws rates as dots on one axis, those that would touch above each other, with a line at each decile; deciles
// are the nine of the rates drawn, in their unit.
func Strip(l Label, size Size, rates []disclose.Rate, deciles []float64) SVG {
	narrow := size.Width < 500
	width := float64(size.Width)
	left, right := 24.0, width-24
	scale := rates[0].Scale()
	limit := math.Inf(1)
	if scale == disclose.Percent {
		limit = 100
	}
	var values []float64
	for _, r := range rates {
		v, _, _ := r.Plot()
		values = append(values, v)
	}
	slices.Sort(values)
	x := spanOf(values, limit, map[bool]int{false: 10, true: 4}[narrow])
	at := func(v float64) float64 { return left + (right-left)*(v-x.low)/(x.high-x.low) }
	const dot, pitch = 4.5, 10.5
	level := make([]int, len(values))
	most := 0
	for i, v := range values {
		for touches := true; touches; {
			touches = false
			for j := i - 1; j >= 0 && at(v)-at(values[j]) < pitch; j-- {
				if level[j] == level[i] {
					level[i]++
					touches = true
				}
			}
		}
		most = max(most, level[i])
	}
	top := 40.0
	bottom := top + 14 + float64(most+1)*pitch
	p := newPlain(l)
	for v := x.low; v <= x.high+x.step/2; v += x.step {
		p.line(at(v), top-6, at(v), bottom, grid, "")
		p.words(at(v), bottom+14, 12, "middle", muted, axisWords(l.Words, scale, tidy(v)), "")
	}
	p.line(left, bottom, right, bottom, rule, "")
	for i, d := range deciles {
		colour, more := neutralColour, ` stroke-width="1" stroke-dasharray="4 3"`
		if i == 4 {
			colour, more = benchmarkColour, ` stroke-width="2"`
		}
		p.line(at(d), top-10, at(d), bottom, colour, more)
	}
	// The outer deciles and the median are named; between them there is no room for words.
	named := []endWord{{at(deciles[0]), l.Words.Say("10 %"), neutralColour}, {at(deciles[4]), l.Words.Say("median"), benchmarkColour}, {at(deciles[8]), l.Words.Say("90 %"), neutralColour}}
	places := []float64{named[0].at, named[1].at, named[2].at}
	spread(places, 56, width)
	for i, n := range named {
		p.words(math.Min(math.Max(places[i], 24), width-24), 20, 12, "middle", n.colour, n.words, "")
	}
	for i, v := range values {
		fmt.Fprintf(p, `<circle cx="%s" cy="%s" r="%g" fill="%s"></circle>`, px(at(v)), px(bottom-7-float64(level[i])*pitch), dot, main)
	}
	return p.done(l, width, bottom+28)
}

package chart

import (
	"math"
	"strconv"

	"github.com/go-echarts/go-echarts/v2/opts"

	"farr/reports/internal/disclose"
)

// named is the place of the newest rate that is shown and complete, also on a feed that was not, as headings have
// it; -1 without.
func named(n int, rate func(int) disclose.Rate) int {
	for i := n - 1; i >= 0; i-- {
		if r := rate(i); r.Shown() && r.State() != disclose.Incomplete {
			return i
		}
	}
	return -1
}

// area is where a drawing with axes has its points, in pixels.
type area struct{ width, height float64 }

// plotOf is what the margins leave.
func plotOf(size Size, margin opts.Grid) area {
	n := func(s any) float64 {
		text, _ := s.(string)
		v, _ := strconv.ParseFloat(text, 64)
		return v
	}
	return area{float64(size.Width) - n(margin.Left) - n(margin.Right), float64(size.Height) - n(margin.Top) - n(margin.Bottom)}
}

// beside finds the place of words on point i of n, at y pixels, that are not to lie on their neighbours: how far above
// (below 0) or under it, and on which side of its middle. At the right edge they would stand for the newest
// point. reach is how far a point is drawn up and down; false where it is not drawn.
func (a area) beside(i, n int, y, breadth float64, reach func(int) (top, bottom float64, ok bool)) (shift float64, align string) {
	step := a.width / float64(n)
	x := (float64(i) + 0.5) * step
	from, to := x-breadth/2, x+breadth/2
	align = "center"
	switch {
	case to > a.width:
		align, from, to = "right", x-breadth, x
	case from < 0:
		align, from, to = "left", x, x+breadth
	}
	up, down := y, y
	for j := range n {
		if at := (float64(j) + 0.5) * step; at < from-4 || at > to+4 {
			continue
		}
		if top, bottom, ok := reach(j); ok {
			up, down = math.Min(up, top), math.Max(down, bottom)
		}
	}
	const gap, half = 12, 7
	switch {
	case up-gap >= half:
		return up - gap - y, align
	case down+gap <= a.height-half:
		return down + gap - y, align
	}
	return half - y, align
}

package chart

import (
	"fmt"
	"math"

	"farr/reports/internal/disclose"
)

// PyramidRow is an age group with the people of two sexes.
type PyramidRow struct {
	Label       string
	Left, Right disclose.Count
}

// Lengths of a pyramid in CSS pixels.
const (
	pyramidRowHeight = 27.0
	pyramidHead      = 26.0
	pyramidFoot      = 26.0
)

// Pyramid draws people by age and sex as bars to both sides, from zero, on one scale; the first row is at
// the bottom. A hidden number is a hatched box of one size, whatever it is; of nobody there is the number alone.
func Pyramid(l Label, size Size, left, right string, rows []PyramidRow) (SVG, error) {
	if len(rows) == 0 {
		return SVG{}, fmt.Errorf("chart %s: there is nothing to draw", l.ID)
	}
	width := float64(size.Width)
	names, number := 0.0, 20.0
	most := int64(0)
	for _, r := range rows {
		names = math.Max(names, breadth(r.Label, 12)+16)
		for _, c := range []disclose.Count{r.Left, r.Right} {
			number = math.Max(number, breadth(c.Text(l.Words), 12)+8)
			if n, ok := c.Value(); ok {
				most = max(most, n)
			}
		}
	}
	bar := (width-names)/2 - number // the longest bar
	step := math.Max(1, roundStep(float64(most)/math.Max(2, bar/70)))
	scale := math.Max(step, math.Ceil(float64(most)/step)*step)
	middle := width / 2
	bottom := pyramidHead + pyramidRowHeight*float64(len(rows))

	p := newPlain(l)
	for v := 0.0; v <= scale; v += step {
		for _, side := range []float64{-1, 1} {
			x := middle + side*(names/2+v/scale*bar)
			p.line(x, pyramidHead, x, bottom, grid, "")
			p.words(x, bottom+12, 11, "middle", muted, l.Words.Number(disclose.Thousands(int64(v))), "")
		}
	}
	p.words(middle-names/2, 10, 13, "end", ink, left, ` font-weight="bold"`)
	p.words(middle+names/2, 10, 13, "start", ink, right, ` font-weight="bold"`)
	for i, r := range rows {
		y := bottom - pyramidRowHeight*float64(i+1)
		p.words(middle, y+pyramidRowHeight/2, 12, "middle", ink, r.Label, "")
		p.pyramidBar(middle-names/2, y, -1, bar/scale, main, r.Left)
		p.pyramidBar(middle+names/2, y, 1, bar/scale, "#00796b", r.Right)
	}
	return p.done(l, width, bottom+pyramidFoot), nil
}

func (p *plain) pyramidBar(x, y, side, per float64, colour string, c disclose.Count) {
	const pad, hiddenWidth = 3.0, 30.0
	anchor := "start"
	if side < 0 {
		anchor = "end"
	}
	at := func(width float64) float64 { return math.Min(x, x+side*width) }
	n, ok := c.Value()
	if !ok {
		if c.State() == disclose.Suppressed {
			p.rect(at(hiddenWidth), y+pad, hiddenWidth, pyramidRowHeight-2*pad, p.hidden(), "")
		}
		return
	}
	width := float64(n) * per
	if n > 0 {
		p.rect(at(width), y+pad, width, pyramidRowHeight-2*pad, colour, "")
	}
	p.words(x+side*(width+5), y+pyramidRowHeight/2, 12, anchor, ink, c.Text(p.say), "")
}

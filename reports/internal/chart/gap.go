package chart

import (
	"math"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// GapRow is a group's distance from the others: a difference with its interval in the rate's unit (percentage
// points for a proportion), and the same and the ratio in words. Without an interval State says why.
type GapRow struct {
	Label      string
	Difference stats.Estimate
	Words      string // of the difference
	Ratio      string
	Cause      Cause // CommonCause where the interval includes 0
	State      string
	Hidden     bool // the state is that a number may not be shown
}

// GapGroup is a headed list of rows.
type GapGroup struct {
	Name string
	Rows []GapRow
}

// Gaps draws differences with their intervals under each other, against a line at no difference.
func Gaps(l Label, size Size, groups []GapGroup, scale disclose.Scale) SVG {
	const rowHeight = 24.0
	narrow := size.Width < 500
	width := float64(size.Width)
	left, right := 226.0, width-282
	if narrow {
		left, right = 138, width-66
	}
	rows, values := 0, []float64{0}
	for _, g := range groups {
		rows++
		for _, r := range g.Rows {
			rows++
			if r.State == "" {
				values = append(values, r.Difference.Low, r.Difference.High)
			}
		}
	}
	head := 26.0
	bottom := head + float64(rows)*rowHeight + 4
	x := symmetric(values, map[bool]int{false: 6, true: 2}[narrow])
	at := func(v float64) float64 { return left + (right-left)*(v-x.low)/(x.high-x.low) }
	p := newPlain(l)
	for v := x.low; v <= x.high+x.step/2; v += x.step {
		p.line(at(v), head-4, at(v), bottom, grid, "")
		p.words(at(v), bottom+13, 12, "middle", muted, signed(l.Words, tidy(v)), "")
	}
	p.line(at(0), head-8, at(0), bottom, ink, ` stroke-width="1.25" stroke-dasharray="4 3"`)
	differenceAt, ratioAt := width-124, width-6
	if narrow {
		differenceAt = width - 2
	} else {
		p.words(differenceAt, head-14, 12, "end", muted, l.Words.Say("difference (95 % interval)"), "")
		p.words(ratioAt, head-14, 12, "end", muted, l.Words.Say("ratio"), "")
	}
	y := head + rowHeight/2
	for _, g := range groups {
		p.words(4, y, 12, "start", ink, g.Name, ` font-weight="bold"`)
		p.line(4, y+rowHeight/2-1, width-4, y+rowHeight/2-1, grid, "")
		y += rowHeight
		for _, r := range g.Rows {
			p.words(14, y, 12, "start", ink, fit(r.Label, 12, left-24), "")
			if r.State != "" {
				if r.Hidden {
					p.rect(left+4, y-6, 28, 12, p.hidden(), "")
				}
				p.words(left+40, y, 12, "start", muted, r.State, halo)
				y += rowHeight
				continue
			}
			colour := map[Cause]string{Improving: main, Concerning: concernColour, Unjudged: ink, CommonCause: neutralColour}[r.Cause]
			low, high := at(r.Difference.Low), at(r.Difference.High)
			p.line(low, y, high, y, colour, ` stroke-width="1.5"`)
			p.line(low, y-4, low, y+4, colour, ` stroke-width="1.5"`)
			p.line(high, y-4, high, y+4, colour, ` stroke-width="1.5"`)
			mark(p, at(r.Difference.Value), y, r.Cause, false)
			if narrow {
				p.words(differenceAt, y, 12, "end", ink, signed(l.Words, oneTenth(r.Difference.Value)), "")
			} else {
				p.words(differenceAt, y, 12, "end", ink, r.Words, "")
				p.words(ratioAt, y, 12, "end", muted, r.Ratio, "")
			}
			y += rowHeight
		}
	}
	return p.done(l, width, bottom+26)
}

// symmetric is an axis of round steps about 0.
func symmetric(values []float64, steps int) span {
	reach := 0.5
	for _, v := range values {
		reach = math.Max(reach, math.Abs(v))
	}
	step := roundStep(2 * reach / float64(steps))
	end := math.Ceil(reach/step) * step
	return span{tidy(-end), tidy(end), tidy(step)}
}

func oneTenth(v float64) float64 { return math.Round(v*10) / 10 }

// signed writes a difference with its sign: a true minus, and plus.
func signed(w *text.Words, v float64) string {
	switch {
	case v > 0:
		return "+" + axisWords(w, disclose.Ratio, v)
	case v < 0:
		return "−" + axisWords(w, disclose.Ratio, -v)
	}
	return "0"
}

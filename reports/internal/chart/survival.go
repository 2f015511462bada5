package chart

import (
	"fmt"
	"math"
	"strings"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// SurvivalStep is a curve from a day on: the share without the event with its limits, 0 to 1, calculated from
// released counts, and who is followed further.
type SurvivalStep struct {
	Day    int64
	S      stats.Estimate
	Beyond disclose.Count
}

// Lengths of a survival curve in CSS pixels.
const (
	survivalFoot  = 88.0 // below the axis: days, and two lines of numbers
	survivalTop   = 12.0
	survivalWords = 12.0
)

// Survival draws a Kaplan-Meier curve in steps, in the band of its interval, and below it how many are still
// followed after days of the curve. The first step is of day 0. The axis of days ends soon after the last step.
func Survival(l Label, size Size, steps []SurvivalStep) (SVG, error) {
	if len(steps) < 2 {
		return SVG{}, fmt.Errorf("chart %s: a curve has two steps at least", l.ID)
	}
	width, height := float64(size.Width), float64(size.Height)+survivalFoot-30
	left, right := 64.0, 22.0
	if size.Width < 500 {
		left, right = 50, 18
	}
	bottom := height - survivalFoot
	var values []float64
	for _, s := range steps {
		values = append(values, 100*s.S.Low, 100*s.S.High)
	}
	y := spanOf(values, 100, 5)
	last := float64(steps[len(steps)-1].Day) * 1.04 // so that the last step is seen
	days := roundStep(last / math.Max(3, (width-left-right)/110))
	days = math.Max(1, days)
	atX := func(day float64) float64 { return left + day/last*(width-left-right) }
	atY := func(share float64) float64 {
		return survivalTop + (y.high-100*share)/(y.high-y.low)*(bottom-survivalTop)
	}

	p := newPlain(l)
	for v := y.low; v <= y.high+y.step/1e6; v += y.step {
		p.line(left, atY(v/100), width-right, atY(v/100), grid, "")
		p.words(left-6, atY(v/100), survivalWords, "end", muted, p.say.Say("{number} %", p.say.Number(fmt.Sprint(tidy(v)))), "")
	}
	p.line(left, bottom, width-right, bottom, rule, "")
	for d := 0.0; d <= last; d += days {
		p.line(atX(d), bottom, atX(d), bottom+5, rule, "")
		p.words(atX(d), bottom+14, survivalWords, "middle", muted, fmt.Sprint(d), "")
	}
	p.words((left+width-right)/2, bottom+31, survivalWords, "middle", muted, p.say.Say("days"), "")
	var line, upper, lower strings.Builder
	fmt.Fprintf(&line, "M%s %s", px(atX(0)), px(atY(steps[0].S.Value)))
	fmt.Fprintf(&upper, "M%s %s", px(atX(0)), px(atY(steps[0].S.High)))
	var back []string
	for i, s := range steps[1:] {
		x := px(atX(float64(s.Day)))
		fmt.Fprintf(&line, "H%sV%s", x, px(atY(s.S.Value)))
		fmt.Fprintf(&upper, "H%sV%s", x, px(atY(s.S.High)))
		back = append(back, fmt.Sprintf("V%sH%s", px(atY(steps[i].S.Low)), px(atX(float64(steps[i].Day)))))
	}
	fmt.Fprintf(&line, "H%s", px(atX(last)))
	fmt.Fprintf(&upper, "H%s", px(atX(last)))
	fmt.Fprintf(&lower, "V%s", px(atY(steps[len(steps)-1].S.Low)))
	fmt.Fprintf(&lower, "H%s", px(atX(float64(steps[len(steps)-1].Day))))
	for i := len(back) - 1; i >= 0; i-- {
		lower.WriteString(back[i])
	}
	fmt.Fprintf(p, `<path d="%s%sZ" fill="%s" fill-opacity="0.16"></path>`, upper.String(), lower.String(), main)
	fmt.Fprintf(p, `<path d="%s" fill="none" stroke="%s" stroke-width="2.2" stroke-linejoin="round"></path>`, line.String(), main)
	p.beyond(steps, atX, width-right, bottom+54)
	return p.done(l, width, math.Ceil(height)), nil
}

// beyond writes who is still followed after some days, each below its day, as many as fit beside each other.
func (p *plain) beyond(steps []SurvivalStep, atX func(float64) float64, end, y float64) {
	p.words(2, y, 11, "start", muted, p.say.Say("Day"), "")
	p.words(2, y+16, 11, "start", ink, p.say.Say("At risk"), "")
	write := func(s SurvivalStep) (from, to float64, draw func()) {
		x := atX(float64(s.Day))
		day := fmt.Sprint(s.Day)
		half := math.Max(breadth(day, 11), breadth(s.Beyond.Text(p.say), 11)) / 2
		x = math.Min(x, end+16-half)
		return x - half, x + half, func() {
			p.words(x, y, 11, "middle", muted, day, "")
			p.words(x, y+16, 11, "middle", ink, s.Beyond.Text(p.say), "")
		}
	}
	lastFrom, _, drawLast := write(steps[len(steps)-1])
	taken := 38.0 // where the names of the lines end
	room := 34.0
	for i, s := range steps[:len(steps)-1] {
		from, to, draw := write(s)
		if i == 0 {
			draw()
			taken = math.Max(taken, to)
			continue
		}
		if from-taken < room-20 || lastFrom-to < 14 {
			continue
		}
		draw()
		taken = to
	}
	drawLast()
}

package disclose

import "math"

// ExactCurve is the Kaplan-Meier table of an outcome of all members: at risk and events on each day of an
// event, in order of days, with a first row of day 0 that says how many are at risk.
type ExactCurve struct {
	Outcome string // an ExactOutcome's ID
	Points  []ExactPoint
	// Withheld: earlier releases leave no room for it.
	Withheld bool
}

// ExactPoint is one day of an event.
type ExactPoint struct {
	Day, AtRisk, Events int64 // at risk just before the day
}

// Curve is an outcome's table of survival in steps, from which a reader can calculate the curve. At risk
// less events less those who left is at risk in the next step, and after the last step After.
type Curve struct {
	Outcome string
	Steps   []CurveStep
	After   Count // still followed, without the event, after the last step
	Merged  bool  // steps are of several days of events, so that no step is small
	Stopped bool  // days of events after the last step are left out
	Hidden  bool  // nothing of it may be shown
	exact   []interval
}

// CurveStep is from the day after the step before to a day, inclusive.
type CurveStep struct {
	Day                  int64
	AtRisk, Events, Left Count // Left are those whose follow-up ended without the event, up to the next step
}

// interval is a step in exact numbers: events on days (after, day], and who left until the next step.
type interval struct{ after, day, risk, events, left int64 }

// curve releases an outcome's table: to an internal audience day by day; to others in steps of more events
// than the policy hides, with more who left or none, for as long as more are at risk. No number of a step,
// nor of the steps until then, is near a number of another outcome or characteristic, or of a curve that
// is out already: the ones might be people among the others.
func (p Policy) curve(x ExactCurve, o ExactOutcome, hide hiddenOutcome, most int64, others []claim, out *[]interval) Curve {
	c := Curve{Outcome: x.Outcome}
	if len(x.Points) < 2 {
		return c
	}
	steps := daily(x.Points)
	if p.hides() {
		if x.Withheld || hide.atRisk || hide.events {
			c.Hidden = true
			return c
		}
		days := len(steps)
		steps = p.coarse(steps, o, most, others, *out)
		c.Merged = len(steps) < days
		if len(steps) == 0 {
			c.Hidden = true
			return c
		}
		*out = append(append(*out, steps...), later(steps, o.Events))
		c.Stopped = steps[len(steps)-1].day < x.Points[len(x.Points)-1].Day
	}
	c.exact = steps
	after := steps[0].risk
	for _, s := range steps {
		after -= s.events + s.left
	}
	c.After = p.count(after, false)
	// What is at risk is added up from the end, of the numbers as they are shown.
	c.Steps = make([]CurveStep, len(steps))
	risk := p.rounded(after)
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		risk += p.rounded(s.events) + p.rounded(s.left)
		c.Steps[i] = CurveStep{s.day, p.count(risk, false), p.count(s.events, false), p.count(s.left, false)}
	}
	return c
}

// daily are the steps of single days. Who left before the first event is in a step of day 0.
func daily(points []ExactPoint) []interval {
	var out []interval
	if left := points[0].AtRisk - points[1].AtRisk; left > 0 {
		out = append(out, interval{-1, 0, points[0].AtRisk, 0, left})
	}
	for i, pt := range points[1:] {
		s := interval{after: points[i].Day, day: pt.Day, risk: pt.AtRisk, events: pt.Events}
		if i+2 < len(points) {
			s.left = pt.AtRisk - pt.Events - points[i+2].AtRisk
		}
		out = append(out, s)
	}
	return out
}

// mostSteps is how many steps a curve has that are merged: enough to see its course, and fewer numbers to be near
// others.
const mostSteps = 12

// coarse merges days to steps of a twelfth of the events at least, or to fewer and greater ones where
// these tell of nearly all the events that any tell of, and more than others do.
func (p Policy) coarse(days []interval, o ExactOutcome, most int64, others []claim, released []interval) []interval {
	told := func(steps []interval) (n int64) {
		for _, s := range steps {
			n += s.events
		}
		return n
	}
	var best []interval
	for _, times := range []int64{1, 2, 3, 5} {
		steps := p.merge(days, o, times*(o.Events+mostSteps-1)/mostSteps, most, others, released)
		if told(steps)*9 > told(best)*10 {
			best = steps
		}
	}
	return best
}

// merge joins days to steps of so many events that may be shown, from the first day on, and leaves out the last ones
// until what they leave of the outcome's totals may be had as well.
func (p Policy) merge(days []interval, o ExactOutcome, least, most int64, others []claim, released []interval) []interval {
	var out []interval
	few := func(n int64) bool { return n > 0 && atLeast(n, 0, most) <= p.most }
	events, left := int64(0), int64(0)        // until here
	for _, least := range []int64{least, 0} { // what is left over after the last step may be a smaller one
		at := interval{after: -1}
		if n := len(out); n > 0 {
			at.after = out[n-1].day
		}
		for _, d := range days {
			if d.day <= at.after {
				continue
			}
			if at.risk == 0 {
				at.risk = d.risk
			}
			at.day, at.events, at.left = d.day, at.events+d.events, at.left+d.left
			after := at.risk - at.events - at.left
			if at.events == 0 || at.events < least || few(at.events) || few(at.left) || after <= 0 || few(after) {
				continue
			}
			if p.anyNear(at, events+at.events, after, o, most, others) || p.overlapping(append(out[:len(out):len(out)], at), released, most) {
				continue
			}
			out = append(out, at)
			events, left = events+at.events, left+at.left
			at = interval{after: at.day}
		}
	}
	for len(out) > 0 {
		restEvents, restFree := o.Events-events, o.AtRisk-o.Events-left
		if !few(restEvents) && !few(restFree) && restEvents >= 0 && restFree >= 0 && !p.overlapping(append(out[:len(out):len(out)], later(out, o.Events)), released, most) {
			break
		}
		last := out[len(out)-1]
		events, left, out = events-last.events, left-last.left, out[:len(out)-1]
	}
	return out
}

// later is what follows the last step: all other events of the outcome.
func later(steps []interval, events int64) interval {
	for _, s := range steps {
		events -= s.events
	}
	return interval{after: steps[len(steps)-1].day, day: math.MaxInt64, events: events}
}

// anyNear tells whether a number of a step is near another's: the events of the step, those until its end, who
// is still followed, and what each leaves of those at risk.
func (p Policy) anyNear(s interval, events, after int64, o ExactOutcome, most int64, others []claim) bool {
	for _, n := range []int64{s.events, events, after, o.AtRisk - events, o.AtRisk - after, s.risk} {
		a := claim{n: n, whole: -1, kin: Declared}
		for _, b := range others {
			if p.near(a, b, most) {
				return true
			}
		}
	}
	return false
}

// overlapping tells whether events in a row of steps up to the last, and in a row of another curve's steps,
// of which the one lies in the other, are a few apart.
func (p Policy) overlapping(mine, others []interval, most int64) bool {
	last := mine[len(mine)-1]
	a := interval{day: last.day}
	for i := len(mine) - 1; i >= 0; i-- {
		a.after, a.events = mine[i].after, a.events+mine[i].events
		for j := range others {
			b := interval{after: others[j].after}
			for k := j; k < len(others) && (k == j || others[k].after == others[k-1].day); k++ {
				b.day, b.events = others[k].day, b.events+others[k].events
				within := b.after <= a.after && a.day <= b.day || a.after <= b.after && b.day <= a.day
				if d := max(a.events-b.events, b.events-a.events); within && p.small(atLeast(d, 0, most)) {
					return true
				}
			}
		}
	}
	return false
}

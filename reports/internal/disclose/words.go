package disclose

import (
	"math"

	"farr/reports/internal/text"
)

// Text is the count with its thousands apart; a suppressed one is the word "hidden".
func (c Count) Text(w *text.Words) string {
	switch c.state {
	case Measured, Zero:
		return w.Number(Thousands(c.n))
	case Suppressed:
		return w.Say("hidden")
	case NotKnown:
		return w.Say("not known")
	default:
		return "–"
	}
}

// Unit names the scale after a number; empty for a plain number.
func (s Scale) Unit(w *text.Words) string {
	switch {
	case s.Timed():
		return w.Say("per {number} person-years", w.Number(Thousands(int64(s))))
	case s == Percent:
		return "%"
	}
	return ""
}

// Format writes v, which is already in the scale's unit (67.3 for 67.3 %).
func (s Scale) Format(w *text.Words, v float64) string {
	switch s {
	case Percent:
		return w.Say("{number}\u00a0%", w.Number(oneDecimal(v))) // not to be parted at a line's end
	case Headcount:
		return w.Number(Thousands(int64(math.Round(v))))
	case Ratio, Observed:
		return w.Number(threeDigits(v))
	}
	return w.Number(oneDecimal(v))
}

// NOfN is "251 of 373", or events in person-years.
func (r Rate) NOfN(w *text.Words) string {
	n, d := r.num.Text(w), r.DenominatorText(w)
	switch {
	case r.scale.Timed():
		return w.Say("{events} in {time}", n, d)
	case r.scale == Ratio:
		return w.Say("{numerator} above, {denominator} below the line", n, d) // subjects: the score may be of what was observed of them
	case r.scale == Observed:
		return w.Say("{numerator} observed of {denominator}", n, d)
	case r.scale == Headcount:
		return w.Say("{number} counted", n)
	}
	return w.Say("{numerator} of {denominator}", n, d)
}

// DenominatorText is the denominator with its unit where it is not a count.
func (r Rate) DenominatorText(w *text.Words) string {
	n, ok := r.den.Value()
	switch {
	case !r.scale.Timed() || r.den.state == NotKnown:
		return r.den.Text(w)
	case !ok:
		return w.Say("{number} person-years", r.den.Text(w))
	}
	return w.Say("{number} person-years", w.Number(oneDecimal(float64(n)/DaysPerYear)))
}

// Text is the rate with its unit, "hidden", or a dash.
func (r Rate) Text(w *text.Words) string {
	switch r.state {
	case Suppressed:
		return w.Say("hidden")
	case NotApplicable:
		return "–"
	case NotKnown:
		return w.Say("not known")
	default:
		return r.scale.Format(w, r.rate)
	}
}

// Interval is "62.4 to 71.9"; empty unless Shown, and where no method gives one.
func (r Rate) Interval(w *text.Words) string {
	if !r.Shown() || r.method == "" {
		return ""
	}
	return w.Say("{low} to {high}", w.Number(oneDecimal(r.low)), w.Number(oneDecimal(r.high)))
}

// Note is the state in words for a reader; empty for a plain number.
func (r Rate) Note(w *text.Words) string {
	words := r.note(w)
	switch {
	case !r.FeedIncomplete():
		return words
	case words == "":
		return w.Say("a feed was incomplete")
	}
	return w.JoinParts([]string{words, w.Say("a feed was incomplete")})
}

func (r Rate) note(w *text.Words) string {
	switch {
	case r.lack == NothingLacks:
	case r.state == Suppressed:
		return w.JoinParts([]string{w.Say("hidden"), r.lack.Words(w)})
	default:
		return r.lack.Words(w)
	}
	switch r.state {
	case Suppressed:
		return w.Say("hidden")
	case NotApplicable:
		if r.lacks != "" {
			return w.Say("not applicable: {why}", w.Say(r.lacks))
		}
		return w.Say("not applicable: no one to count")
	case Incomplete:
		return w.Say("incomplete")
	case Zero:
		return w.Say("zero")
	default:
		return ""
	}
}

// Text is the number, "hidden", or a dash.
func (f Figure) Text(w *text.Words) string {
	switch f.state {
	case Measured:
		return w.Number(f.text)
	case Suppressed:
		return w.Say("hidden")
	default:
		return "–"
	}
}

// Rule is "Counts of 1 to 10 are hidden", with what is rounded.
func (p Policy) Rule(w *text.Words) string {
	switch {
	case !p.hides():
		return w.Say("Nothing is hidden")
	case p.round > 0:
		return w.Say("Counts of 1 to {most} are hidden, others rounded to the nearest {multiple}", p.most, p.round)
	}
	return w.Say("Counts of 1 to {most} are hidden", p.most)
}

// Source says whose rule it is; empty where nothing is hidden.
func (p Policy) Source(w *text.Words) string {
	if p.source == "" {
		return ""
	}
	return w.Say(p.source)
}

// Caveat says in plain words what the release does and does not promise.
func (p Policy) Caveat(w *text.Words) string {
	if !p.hides() {
		return w.Say("Nothing is hidden in this report. It contains small numbers and is not for release outside the organisation.")
	}
	return w.Say("{rule}, and so are the rates made from them and what would give them away. The report was attacked with everything that it publishes, and no hidden number could be worked out: "+
		"the certificate, and what it does not cover, is on the page about privacy.", p.Rule(w))
}

// Covers are what the attack covers, and NotCovered what it does not, in sentences.
func (c Certificate) Covers(w *text.Words) []string     { return said(w, scope) }
func (c Certificate) NotCovered(w *text.Words) []string { return said(w, outside) }

func said(w *text.Words, list []text.Message) []string {
	var out []string
	for _, m := range list {
		out = append(out, w.Say(m))
	}
	return out
}

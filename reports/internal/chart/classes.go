package chart

import (
	"slices"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// shades are the colours of classes, from the least to the greatest: one hue that grows darker, so
// that the order is seen without colours too. Words on a shade are ink or white.
var shades = []struct{ fill, words string }{
	{"#e3eef7", ink}, {"#b5d3ea", ink}, {"#7fb3da", ink}, {"#2a73ac", "#ffffff"}, {"#0a3f70", "#ffffff"},
}

// zeroShade is the colour of a rate of zero, which is of no class: nobody is not few.
const zeroShade = "#f7edd6"

// Shades is how many classes there may be.
const Shades = 5

// Classes part the rates that are shown into at most [Shades] shades of one colour.
type Classes struct {
	cuts  []float64 // where the next class begins, in the scale's unit
	scale disclose.Scale
}

// ClassesAt part at given values, in the scale's unit; there are at most Shades-1 of them.
func ClassesAt(scale disclose.Scale, cuts ...float64) Classes {
	cuts = slices.Compact(slices.Sorted(slices.Values(cuts)))
	return Classes{cuts[:min(len(cuts), Shades-1)], scale}
}

// ClassesOf part the rates that are shown into classes of nearly equal number, at quantiles of type 7
// of their shown, rounded values. Zero, which has a colour of its own, and hidden rates have no part in it.
func ClassesOf(scale disclose.Scale, rates []disclose.Rate) Classes {
	var values []float64
	for _, r := range rates {
		if v, _, _ := r.Plot(); r.Comparable() && r.State() != disclose.Zero {
			values = append(values, tenths(v))
		}
	}
	slices.Sort(values)
	different := slices.Compact(slices.Clone(values))
	var cuts []float64
	for i := 1; i < min(Shades, len(different)); i++ {
		q, err := stats.Quantile(values, float64(i)/float64(min(Shades, len(different))))
		if err == nil && q > different[0] {
			cuts = append(cuts, tenths(q))
		}
	}
	return ClassesAt(scale, cuts...)
}

// tenths is the value as a page prints it.
func tenths(v float64) float64 { return tidy(float64(int64(v*10+0.5)) / 10) }

// of is the class of a value.
func (c Classes) of(v float64) int {
	at := 0
	for at < len(c.cuts) && tenths(v) >= c.cuts[at] {
		at++
	}
	return at
}

// ClassKey is a class for a legend in HTML: the name of its shade, and its words.
type ClassKey struct{ Kind, Words string }

// Keys are the legend of all classes. Of one class there is nothing to tell apart.
func (c Classes) Keys(w *text.Words) []ClassKey {
	var keys []ClassKey
	for i := range len(c.cuts) + 1 {
		words := w.Say("all that are shown")
		switch {
		case len(c.cuts) == 0:
		case i == 0:
			words = w.Say("below {value}", c.scale.Format(w, c.cuts[0]))
		case i == len(c.cuts):
			words = w.Say("{value} or more", c.scale.Format(w, c.cuts[i-1]))
		default:
			words = w.Say("{low} to below {high}", c.scale.Format(w, c.cuts[i-1]), c.scale.Format(w, c.cuts[i]))
		}
		keys = append(keys, ClassKey{shadeNames[c.shade(i)], words})
	}
	return keys
}

// Legend is [Classes.Keys] and, of the other states, those that a rate is in.
func (c Classes) Legend(w *text.Words, rates []disclose.Rate) []ClassKey {
	keys := c.Keys(w)
	for _, k := range []struct {
		state disclose.State
		key   ClassKey
	}{
		{disclose.Zero, ClassKey{"zero", w.Say("zero")}}, {disclose.Suppressed, ClassKey{"hatch", w.Say("hidden")}},
		{disclose.NotApplicable, ClassKey{"nobody", w.Say("no one to count")}}, {disclose.NotKnown, ClassKey{"nobody", w.Say("not known: records lack")}}, {disclose.Incomplete, ClassKey{"partly", w.Say("incomplete")}},
	} {
		is := func(r disclose.Rate) bool {
			state := r.State()
			if r.Lacks() != disclose.NothingLacks && state != disclose.Suppressed {
				state = disclose.NotKnown // also of one that has a value
			}
			return state == k.state
		}
		if slices.ContainsFunc(rates, is) {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// shadeNames are those of the page's style sheet.
var shadeNames = [Shades]string{"shade-1", "shade-2", "shade-3", "shade-4", "shade-5"}

// shade spreads few classes over all shades.
func (c Classes) shade(class int) int {
	if len(c.cuts) == 0 {
		return Shades / 2
	}
	return class * (Shades - 1) / len(c.cuts)
}

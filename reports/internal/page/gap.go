package page

import (
	"farr/reports/internal/text"
	"fmt"
	"math"
	"slices"
	"strings"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// gap is how far a group is from everybody else.
type gap struct {
	Stratum, Label    string
	Rate, Rest        counts
	Difference, Ratio stats.Estimate // in the rate's unit, percentage points for a proportion; undefined where there is none
	State             text.Message   // why there is none
	Sure              bool           // it differs also when all comparisons of the page are taken together
}

// Why a group has no difference.
const (
	hiddenGap     text.Message = "hidden"
	nobodyCounted text.Message = "no one to count"
	nobodyElse    text.Message = "no one else"
	notComparable text.Message = "not comparable"
	noEvents      text.Message = "no events"
	recordsLack   text.Message = "records lack"
)

// counts are released numbers.
type counts struct{ Numerator, Denominator int64 }

// countsOf are a shown rate's.
func countsOf(r disclose.Rate) (counts, bool) {
	n, ok1 := r.Numerator().Value()
	d, ok2 := r.Denominator().Value()
	return counts{n, d}, ok1 && ok2 && r.Shown() && d > 0
}

// gapOf compares a group with the rest: everybody less the group, by released numbers alone. Groups of a stratum share
// nobody, so that the two are independent.
func gapOf(scale disclose.Scale, stratum, label string, group, all disclose.Rate) gap {
	g := gap{Stratum: stratum, Label: label}
	undefined := stats.Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	g.Difference, g.Ratio = undefined, undefined
	if group.State() == disclose.Suppressed || all.State() == disclose.Suppressed {
		g.State = hiddenGap
		return g
	}
	if group.Lacks() != disclose.NothingLacks || all.Lacks() != disclose.NothingLacks {
		g.State = recordsLack
		return g
	}
	one, ok := countsOf(group)
	total, known := countsOf(all)
	if !ok || !known {
		g.State = nobodyCounted
		return g
	}
	rest := counts{total.Numerator - one.Numerator, total.Denominator - one.Denominator}
	g.Rate, g.Rest = one, rest
	switch {
	case rest.Denominator <= 0:
		g.State = nobodyElse
		return g
	case rest.Numerator < 0 || !scale.Timed() && rest.Numerator > rest.Denominator: // rounded counts need not add up
		g.State = notComparable
		return g
	}
	if scale.Timed() {
		years := func(c counts) float64 { return float64(c.Denominator) / disclose.DaysPerYear }
		if d, err := stats.RateDifference(one.Numerator, years(one), rest.Numerator, years(rest)); err == nil {
			g.Difference = d.Scale(float64(scale))
		} else {
			g.State = noEvents
		}
		if r, err := stats.RateRatio(one.Numerator, years(one), rest.Numerator, years(rest)); err == nil {
			g.Ratio = r
		}
		return g
	}
	g.Difference = stats.Difference(one.Numerator, one.Denominator, rest.Numerator, rest.Denominator).Scale(100)
	g.Ratio = stats.RatioScore(one.Numerator, one.Denominator, rest.Numerator, rest.Denominator)
	return g
}

// differs tells whether the interval of the difference leaves 0 out.
func (g gap) differs() bool {
	return g.State == "" && g.Difference.Defined() && (g.Difference.Low > 0 || g.Difference.High < 0)
}

// words are "−8.2 (−11.0 to −5.4)".
func (w words) gapDifferenceWords(g gap) string {
	return w.Say("{value} ({low} to {high})", w.plusMinus(g.Difference.Value), w.plusMinus(g.Difference.Low), w.plusMinus(g.Difference.High))
}

func (w words) plusMinus(v float64) string {
	s := w.oneTenth(math.Abs(v))
	switch {
	case math.Round(v*10) == 0:
		return s
	case v < 0:
		return "−" + s
	}
	return "+" + s
}

// ratioWords are "0.84 (0.78 to 0.90)", or a dash without numerators to divide.
func (w words) gapRatioWords(g gap) string {
	if !g.Ratio.Defined() {
		return "–"
	}
	return w.Say("{value} ({low} to {high})", w.twoDecimals(g.Ratio.Value), w.twoDecimals(g.Ratio.Low), w.twoDecimals(g.Ratio.High))
}

// gapsOf compares the groups of each stratum with two groups or more, in the order of the page.
func (w words) gapsOf(m Measure, overall disclose.Row, strata []string) [][]gap {
	if s := m.Released.Scale; s != disclose.Percent && !s.Timed() {
		return nil
	}
	var out [][]gap
	for _, stratum := range strata {
		rows := w.rowsOf(m, stratum)
		if len(rows) < 2 {
			continue
		}
		var list []gap
		for _, r := range rows {
			list = append(list, gapOf(m.Released.Scale, stratum, w.valueLabel(stratum, r.Value), r.Rate, overall.Rate))
		}
		out = append(out, list)
	}
	n, _ := compared(out)
	for _, list := range out {
		for i := range list {
			list[i].settle(m.Released.Scale, n)
		}
	}
	return out
}

// settle asks whether the group differs as one of so many that are compared.
func (g *gap) settle(scale disclose.Scale, comparisons int) {
	if g.State != "" {
		return
	}
	d := stats.Estimate{Low: -1, High: 1}
	if scale.Timed() {
		if e, err := stats.RateDifferenceOfMany(comparisons, g.Rate.Numerator, float64(g.Rate.Denominator), g.Rest.Numerator, float64(g.Rest.Denominator)); err == nil {
			d = e
		}
	} else {
		d = stats.DifferenceOfMany(comparisons, g.Rate.Numerator, g.Rate.Denominator, g.Rest.Numerator, g.Rest.Denominator)
	}
	g.Sure = d.Low > 0 || d.High < 0
}

// compared counts the groups with a difference, and those of them that differ.
func compared(gaps [][]gap) (all, differ int) {
	for _, list := range gaps {
		for _, g := range list {
			if g.State == "" {
				all++
			}
			if g.differs() {
				differ++
			}
		}
	}
	return all, differ
}

// widest is the group that is worst off: of those that differ on the worse side also when all comparisons are taken
// together, or on either where which is better is not said, the one with the greatest difference.
func widest(m Measure, gaps [][]gap) *gap {
	var worst *gap
	for _, list := range gaps {
		for i := range list {
			g := &list[i]
			if !g.Sure || m.Definition.Direction != "" && judged(m, g.Difference.Value > 0) != chart.Concerning {
				continue
			}
			if worst == nil || math.Abs(g.Difference.Value) > math.Abs(worst.Difference.Value) {
				worst = g
			}
		}
	}
	return worst
}

// distanceWords are "18.6 percentage points lower than the others (95 % interval 13.0 to 24.0 lower)".
func (w words) distanceWords(m Measure, g *gap) string {
	unit := w.Say("percentage points")
	if m.Released.Scale.Timed() {
		unit = w.unitText(m.Released.Scale)
	}
	return w.Say("{distance} {unit} {side, select, up {higher} other {lower}} than the others (95\u00a0% interval of the difference {low} to {high})", strings.TrimLeft(w.plusMinus(g.Difference.Value), "+−"), unit,
		upOrDown(g.Difference.Value > 0), w.plusMinus(g.Difference.Low), w.plusMinus(g.Difference.High))
}

// gapWords are the finding's sentence about groups; empty where none is compared.
func (w words) gapWords(m Measure, gaps [][]gap) string {
	n, _ := compared(gaps)
	if n == 0 {
		return ""
	}
	if g := widest(m, gaps); g != nil {
		return w.Say("Gap: {label} ({group}) is {distance}.", g.Label, w.lowerFirst(w.stratumName(g.Stratum)), w.distanceWords(m, g))
	}
	return w.Say("Gap: none of {n, plural, one {# group} other {# groups}} is {worse} than so many comparisons give by chance.", n, w.worseWords(m))
}

// worseWords are what no group is.
func (w words) worseWords(m Measure) string {
	if m.Definition.Direction == "" {
		return w.Say("further from the others")
	}
	return w.Say("worse off")
}

// gapFigure draws each group's distance from the others.
func (a *artist) gapFigure(m Measure, gaps [][]gap) Figure {
	n, differ := compared(gaps)
	id := m.Definition.ID + "-gaps"
	f := Figure{ID: id, Tall: true, DataPath: "../data/" + id}
	unit := a.Say("percentage points")
	if m.Released.Scale.Timed() {
		unit = a.unitText(m.Released.Scale)
	}
	t := Table{Caption: a.Say("each group against all others, {period}", a.periodWords(m.Headline)), Labels: []string{a.Say("Group"), a.Say("Value")},
		Derived: []string{a.Say("Difference"), a.Say("Difference low"), a.Say("Difference high"), a.Say("Ratio"), a.Say("Ratio low"), a.Say("Ratio high"), a.Say("Differs"), a.Say("Differs as one of all"), a.Say("Remark")}}
	var groups []chart.GapGroup
	for _, list := range gaps {
		group := chart.GapGroup{Name: a.stratumName(list[0].Stratum)}
		for _, g := range list {
			row := chart.GapRow{Label: g.Label, Difference: g.Difference, State: a.say(g.State), Hidden: g.State == hiddenGap, Cause: chart.CommonCause}
			cells := make([]Derived, len(t.Derived))
			if g.State == "" {
				row.Words, row.Ratio = a.gapDifferenceWords(g), a.gapRatioWords(g)
				for j, v := range []float64{g.Difference.Value, g.Difference.Low, g.Difference.High} {
					cells[j] = Derived{Text: a.plusMinus(v), Field: fmt.Sprintf("%.4f", v), IsNumber: true}
				}
				for j, v := range []float64{g.Ratio.Value, g.Ratio.Low, g.Ratio.High} {
					if g.Ratio.Defined() {
						cells[3+j] = Derived{Text: a.twoDecimals(v), Field: fmt.Sprintf("%.4f", v), IsNumber: true}
					}
				}
				cells[6] = word(a.yesOrNo(g.differs()))
				cells[7] = word(a.yesOrNo(g.Sure))
			}
			if g.differs() {
				row.Cause = judged(m, g.Difference.Value > 0)
			}
			f.Hidden = f.Hidden || g.State == hiddenGap
			cells[8] = word(a.say(g.State))
			group.Rows = append(group.Rows, row)
			t.Rows = append(t.Rows, TableRow{Labels: []string{a.stratumName(g.Stratum), g.Label}, Derived: cells})
		}
		groups = append(groups, group)
	}
	f.Table = t
	a.keep(id, t)
	switch g := widest(m, gaps); {
	case n == 0 && f.Hidden:
		f.Heading = a.Say("No group can be compared with the others: the numbers that it needs are hidden")
	case n == 0 && slices.ContainsFunc(slices.Concat(gaps...), func(g gap) bool { return g.State == recordsLack }):
		f.Heading = a.Say("No group is compared with the others: records lack")
	case n == 0:
		f.Heading = a.Say("No group can be compared with the others: nobody is counted in two of them")
	case g != nil:
		f.Heading = a.Say("{group}: {distance}", g.Label, a.distanceWords(m, g))
	default:
		f.Heading = a.Say("None of {n, plural, one {# group} other {# groups}} is {worse} than so many comparisons give by chance", n, a.worseWords(m))
	}
	if n > 0 {
		f.Wide, f.Narrow = a.plainBoth(id, m.Definition.Title+": "+t.Caption, a.Say("{heading}. The table below the drawing has every number.", f.Heading), func(l chart.Label, s chart.Size) chart.SVG {
			return chart.Gaps(l, s, groups, m.Released.Scale)
		})
		f.Keys = []Key{{string(chart.CommonCause), a.Say("no difference beyond chance")}}
		for _, k := range []struct {
			c     chart.Cause
			words string
		}{{chart.Improving, a.Say("differs, on the better side")}, {chart.Concerning, a.Say("differs, on the worse side")}, {chart.Unjudged, a.Say("differs; which is better is not said")}} {
			for _, g := range groups {
				for _, r := range g.Rows {
					if r.Cause == k.c && (len(f.Keys) == 0 || f.Keys[len(f.Keys)-1].Kind != string(k.c)) {
						f.Keys = append(f.Keys, Key{string(k.c), k.words})
					}
				}
			}
		}
		if f.Hidden {
			f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden")})
		}
	}
	f.About = a.Say("{title} {when}: the rate of a group less that of all others, in {unit}, and one over the other. Numerators, denominators and rates are in the figure above.", m.Definition.Title, a.inPeriod(m.Headline), unit)
	how := a.Say("Newcombe's hybrid score interval of the difference; the interval of the ratio is made of the same score intervals (MOVER-R).")
	if m.Released.Scale.Timed() {
		how = a.Say("Wald's interval of the difference of two rates; the interval of the ratio is symmetric on the log scale.")
	}
	if n == 0 {
		f.Note = a.Say("A group is compared with all others by the numbers that are shown: its own, and those of everyone.")
		return f
	}
	f.Note = a.Say("{how} A group differs where the interval of the difference leaves 0 out, which says nothing of the reason. Of {n, plural, one {# group} other {# groups}} compared {differ} differ, and {expected} would by chance alone; the heading names a group only where it differs with all comparisons taken together (Bonferroni).", how, n, differ, a.trimmed(a.scaled(disclose.Ratio, math.Round(0.05*float64(n)*10)/10)))
	return f
}

package disclose

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ExactGroups are a cohort's new cases by its strata in one period. The groups of a stratum add up to
// all cases of the period.
type ExactGroups struct {
	Period Period
	All    ExactGroup
	Rows   []ExactGroup // those of a stratum beside each other
}

// ExactGroup is one group of a stratum.
type ExactGroup struct {
	Stratum, Value  string
	Cases           int64
	Persons         int64 // of the cases
	PersonDays      int64
	Rate, Low, High float64 // in the cohort's scale
	Method          string
	// Adjusted is directly standardised, NaN where it is not; CaseAges are the age groups of the
	// standard in which there is a case.
	Adjusted, AdjustedLow, AdjustedHigh float64
	CaseAges                            int
	Complete                            bool
}

// Groups are rates by groups in one period.
type Groups struct {
	Period Period
	All    Group
	Rows   []Group
}

// Group is the rate of one group, crude and standardised; the latter has the same events and time.
type Group struct {
	Stratum, Value  string
	Crude, Adjusted Rate
}

// MethodGamma is how intervals of standardised rates are made, by Fay and Feuer.
const MethodGamma = "gamma"

func (g ExactGroup) cell(period Period) cell {
	days := int64(period.High.Sub(period.Low).Hours() / 24)
	return cell{den: g.PersonDays, num: g.Cases, who: personsOf(g.Persons, g.Cases), persons: (g.PersonDays + days - 1) / max(1, days)}
}

// year tells whether a period is that calendar year.
func (period Period) year(y int) bool {
	return period.Low.Equal(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)) && period.High.Equal(period.Low.AddDate(1, 0, 0))
}

// groupCells adds the groups to the cells of cases. Their total is the year or the span that is the same
// period, or a cell of its own where spans fill the period: filled are these. Else it is -1, since a period that
// overlaps others would give parts of them away. atGroup are the groups' cells, each a part of the total.
func (p Policy) groupCells(x ExactCohort, put func(cell) int, atYear, atSpan []int) (total int, filled, atGroup []int) {
	g := x.Groups
	total = -1
	for i, y := range x.Years {
		if g.Period.year(y.Year) {
			total = atYear[i]
		}
	}
	at := g.Period.Low
	for i, s := range x.Spans {
		switch {
		case s.Period.Low.Equal(g.Period.Low) && s.Period.High.Equal(g.Period.High):
			total = atSpan[i]
		case s.Period.Low.Equal(at) && !s.Period.High.After(g.Period.High):
			at, filled = s.Period.High, append(filled, atSpan[i])
		}
	}
	switch {
	case total >= 0:
		filled = nil
	case at.Equal(g.Period.High):
		total = put(g.All.cell(g.Period))
	default:
		filled = nil
	}
	for _, r := range g.Rows {
		atGroup = append(atGroup, put(r.cell(g.Period)))
	}
	return total, filled, atGroup
}

// overlapped tells whether groups may not be shown, since their period is none of those that are, nor filled by
// spans that all are shown.
func (p Policy) overlapped(cells []cell, total int, filled []int) bool {
	if total < 0 {
		return true
	}
	for _, i := range filled {
		if cells[i].hideDen || cells[i].hideN || cells[total].hideDen || cells[total].hideN {
			return true
		}
	}
	return false
}

// hideKnown hides a group that is nearly all of the cohort's members at the same level of Table 1: those
// of other periods would be few. Where nearly all members are cases of the period, the two tables are of the same
// people, and the groups are hidden where anything of that characteristic is.
func (p Policy) hideKnown(x ExactCohort, cells []cell, total int, atGroup []int, levels []bool) {
	known := map[[2]string]int{}
	hidden := map[string]bool{}
	places := x.places()
	for i, l := range x.Levels {
		known[[2]string{l.Characteristic, l.Level}] = i
		if !levels[i] {
			continue
		}
		hidden[l.Characteristic] = true
		for place := range places {
			hidden[place] = hidden[place] || places[l.Characteristic]
		}
	}
	same := total >= 0 && p.few(x.size()-cells[total].num, x.most())
	for k, i := range atGroup {
		r := x.Groups.Rows[k]
		l, ok := known[[2]string{r.Stratum, r.Value}]
		if !ok {
			continue
		}
		if d := x.Levels[l].Members - r.Cases; d > 0 && p.few(d, x.most()) || same && hidden[r.Stratum] {
			cells[i].hideN, cells[i].hideDen = true, true
		}
	}
}

// places are the characteristics that say where persons live.
func (x ExactCohort) places() map[string]bool {
	out := map[string]bool{}
	for _, l := range x.Levels {
		if l.Kin == Place {
			out[l.Characteristic] = true
		}
	}
	return out
}

// hidePlaces hides all groups of a stratum by place where anything of it or of another is hidden, but of the one
// of which the most cases are shown: a county is of the ZIP codes in it, which is not known here, and what the one table
// hides others would add up to.
func (x ExactCohort) hidePlaces(cells []cell, atGroup []int) {
	places := x.places()
	shown, hides := map[string]int64{}, map[string]bool{}
	var order []string
	for k, i := range atGroup {
		stratum := x.Groups.Rows[k].Stratum
		switch {
		case !places[stratum]:
			continue
		case !slices.Contains(order, stratum):
			order = append(order, stratum)
		}
		if cells[i].hidden() {
			hides[stratum] = true
		} else {
			shown[stratum] += cells[i].num
		}
	}
	if len(hides) == 0 || len(order) < 2 {
		return
	}
	best := slices.MaxFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(shown[a], shown[b]), slices.Index(order, b)-slices.Index(order, a))
	})
	for k, i := range atGroup {
		if stratum := x.Groups.Rows[k].Stratum; places[stratum] && stratum != best && (hides[stratum] || hides[best]) {
			cells[i].hideDen, cells[i].hideN = true, true
		}
	}
}

// few tells whether there are some, and surely no more persons than the policy hides; or none.
func (p Policy) few(n, most int64) bool { return atLeast(n, 0, most) <= p.most }

// tenth rounds to the one decimal that a page prints, so that data files say no more; NaN stays.
func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// groups releases the rates. A standardised rate is shown with its crude one, from ten events on (statistics:
// none below), and where cases are in two age groups at least: the cases and days by age are not published, so that
// of a sum of several unknown rates, rounded to one decimal, none can be had; of one age group alone the rate
// by age would follow.
func (p Policy) groups(x ExactCohort, cells []cell, total cell) Groups {
	g := x.Groups
	out := Groups{Period: g.Period}
	one := func(r ExactGroup, c cell) Group {
		crude := p.rate(x.Scale, c, r.Rate, r.Low, r.High, r.Method, r.Complete)
		a := c
		if p.hides() && !math.IsNaN(r.Adjusted) && (c.hideDen || r.CaseAges < 2) {
			a.hideN = true
		}
		return Group{r.Stratum, r.Value, crude, p.standardised(x.Scale, a, tenth(r.Adjusted), tenth(r.AdjustedLow), tenth(r.AdjustedHigh), r.Complete)}
	}
	out.All = one(g.All, total)
	for i, r := range g.Rows {
		out.Rows = append(out.Rows, one(r, cells[i]))
	}
	return out
}

// hidePlaces hides, in Table 1, all levels of characteristics by place where anything of one is hidden, but of the
// characteristic of which the most members are shown: which ZIP codes are of a state is not known here, and what the one
// hides the other and its shown parts would give.
func (out *Cohort) hidePlaces(x ExactCohort) {
	shown, hides := map[string]int64{}, false
	var order []string
	for i, l := range x.Levels {
		if l.Kin != Place {
			continue
		}
		if !slices.Contains(order, l.Characteristic) {
			order = append(order, l.Characteristic)
		}
		if out.Levels[i].Rate.num.state == Suppressed {
			hides = true
		} else {
			shown[l.Characteristic] += l.Members
		}
	}
	if len(order) < 2 || !hides {
		return
	}
	best := slices.MaxFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(shown[a], shown[b]), slices.Index(order, b)-slices.Index(order, a))
	})
	for i, l := range x.Levels {
		if l.Kin == Place && l.Characteristic != best && out.Levels[i].Rate.num.state != Suppressed {
			out.Levels[i].Rate.hideNumerator()
			out.Hidden++
		}
	}
}

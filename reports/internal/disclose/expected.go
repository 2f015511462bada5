package disclose

import "farr/internal/stats"

// ExactExpected is an outcome of the members who were followed to its end, beside what a model of all of them
// expects, for everybody and by stratum.
type ExactExpected struct {
	Outcome string // an ExactOutcome's ID
	Reason  string // why nothing is expected
	All     ExactObserved
	Rows    []ExactObserved // the groups of a stratum beside each other; they add up to all
}

// ExactObserved is one group.
type ExactObserved struct {
	Stratum, Value   string
	People, Observed int64
	Expected         float64
}

// Expected is an outcome beside what is expected.
type Expected struct {
	Outcome, Reason string
	All             ExpectedGroup
	Rows            []ExpectedGroup
	Hidden          bool // nothing may be shown: who was not followed to the end would be known
}

// ExpectedGroup is one group: observed of its people, and how many were expected.
type ExpectedGroup struct {
	Stratum, Value string
	Share          Rate
	Expected       Figure
}

// expected releases an outcome. The people are some of those at risk, and those with the event some of all with
// it: where the others are few, nothing is shown. A group is hidden where it is nearly all at its level of Table 1.
// An expected number is a sum of what a model says of persons, counts nobody and is rounded to one decimal.
func (p Policy) expected(e ExactExpected, x ExactCohort, o ExactOutcome, hide hiddenOutcome, levels []bool) Expected {
	out := Expected{Outcome: e.Outcome, Reason: e.Reason}
	cells := []cell{observedCell(e.All)}
	for _, r := range e.Rows {
		cells = append(cells, observedCell(r))
	}
	most := x.most()
	some := func(n int64) bool { return n > 0 && p.few(n, most) }
	if p.hides() {
		if hide.atRisk || hide.events || some(o.AtRisk-e.All.People) || some(o.Events-e.All.Observed) ||
			some((o.AtRisk-o.Events)-(e.All.People-e.All.Observed)) || some(x.size()-e.All.People) {
			out.Hidden = true
			return out
		}
		p.hideGroups(e, x, cells, levels)
	}
	one := func(r ExactObserved, c cell) ExpectedGroup {
		share, low, high, method := 0.0, 0.0, 0.0, ""
		if r.People > 0 {
			w := stats.Wilson(r.Observed, r.People)
			share, low, high, method = w.Value, w.Low, w.High, stats.MethodWilson
		}
		return ExpectedGroup{r.Stratum, r.Value, p.rate(Percent, c, share, low, high, method, true), figure(r.Expected, 1, c.hideN || c.hideDen)}
	}
	out.All = one(e.All, cells[0])
	for i, r := range e.Rows {
		out.Rows = append(out.Rows, one(r, cells[i+1]))
	}
	return out
}

func observedCell(r ExactObserved) cell {
	return cell{den: r.People, num: r.Observed, persons: r.People, hasComplement: true, counted: true}
}

// hideGroups hides small groups and what would give them away; cells are of everybody, and then of the groups.
func (p Policy) hideGroups(e ExactExpected, x ExactCohort, cells []cell, levels []bool) {
	most := x.most()
	same := p.few(x.size()-e.All.People, most)
	hidden := map[string]bool{}
	members := map[[2]string]int64{}
	for i, l := range x.Levels {
		hidden[l.Characteristic] = hidden[l.Characteristic] || levels[i]
		members[[2]string{l.Characteristic, l.Level}] = l.Members
	}
	for i := range cells {
		c := &cells[i]
		p.primary(c)
		if p.fewOf(c.den, most) || p.fewOf(c.num, most) || p.fewOf(c.den-c.num, most) {
			c.hideN, c.hideDen = true, c.hideDen || p.fewOf(c.den, most)
		}
		if i == 0 {
			continue
		}
		r := e.Rows[i-1]
		n, ok := members[[2]string{r.Stratum, r.Value}]
		if ok && p.fewOf(n-r.People, most) || same && hidden[r.Stratum] {
			c.hideN, c.hideDen = true, true
		}
	}
	var sums []sum
	for i, r := range e.Rows {
		if i == 0 || r.Stratum != e.Rows[i-1].Stratum {
			sums = append(sums, sum{most: most})
		}
		last := &sums[len(sums)-1]
		last.parts = append(last.parts, i+1)
	}
	p.complementary(cells, sums)
}

// fewOf tells whether there are some entries that may be of no more persons than the policy hides.
func (p Policy) fewOf(n, most int64) bool { return n > 0 && p.few(n, most) }

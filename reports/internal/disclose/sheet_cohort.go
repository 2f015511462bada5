package disclose

import (
	"fmt"
	"time"

	"farr/reports/internal/disclose/attack"
)

// cohortSheet is what a cohort publishes, out being the release of x.
//
// What a rule removed is the difference of two steps. Cases of shorter periods lie in those of longer ones, and all in
// the cohort; so do those at risk of an outcome, of whom some had it, and the levels of a characteristic. Groups add
// up to their period, a cross to its margins, and a curve to its outcome.
func cohortSheet(p Policy, x ExactCohort, out *Cohort) *sheet {
	s := newSheet(p)
	s.additive = true
	size := s.steps(x, out)
	if size >= 0 {
		s.cases(x, out, size)
		s.levels(x, out, size)
		s.outcomes(x, out, size)
	}
	for i, r := range x.Prevalence {
		key := "prevalence at " + r.Period.High.Format(time.DateOnly)
		n, d := s.rate(key, r.Cases, r.PersonDays, costPeriod, "prevalence", &out.Prevalence[i].Rate)
		s.less(key+"|without", d, n)
	}
	return s
}

func (s *sheet) steps(x ExactCohort, out *Cohort) (size int) {
	before, last := -1, len(x.Steps)-1
	for i, st := range x.Steps {
		key, cost, o := fmt.Sprintf("step %d", i), int64(costAll), &out.Steps[i]
		if i == last {
			cost = costHeadline
		}
		at := s.count(key, st.Remaining, cost, "attrition", &o.Remaining)
		if before >= 0 {
			removed := s.sys.Cells[before].Value - st.Remaining
			if removed >= 0 {
				s.relate(before, at, s.count(key+"|removed", removed, costPeriod, "attrition", &o.Removed))
			}
		}
		before = at
	}
	return before
}

// within are the cells of periods that lie in a period.
type spanCells struct {
	low, high time.Time
	num, den  int
}

func (s *sheet) cases(x ExactCohort, out *Cohort, size int) {
	var all []spanCells
	add := func(low, high time.Time, cases, days int64, table string, cost int64, r *Rate) spanCells {
		key := "cases " + Period{Low: low, High: high}.window()
		c := spanCells{low: low, high: high}
		c.num, c.den = s.rate(key, cases, days, cost, table, r)
		for _, known := range all {
			if known == c {
				return c
			}
		}
		all = append(all, c)
		return c
	}
	for i, v := range x.Spans {
		add(v.Period.Low, v.Period.High, v.Cases, v.PersonDays, "cases by period", costPeriod, &out.Spans[i].Rate)
	}
	for i, y := range x.Years {
		low := time.Date(y.Year, 1, 1, 0, 0, 0, 0, time.UTC)
		add(low, low.AddDate(1, 0, 0), y.Cases, y.PersonDays, "cases by year", costAll, &out.Years[i].Rate)
	}
	if g := x.Groups; len(g.Rows) > 0 {
		const table = "cases by group"
		whole := add(g.Period.Low, g.Period.High, g.All.Cases, g.All.PersonDays, table, costPeriod, &out.Groups.All.Crude)
		s.rate("cases "+g.Period.window(), g.All.Cases, g.All.PersonDays, costPeriod, table, &out.Groups.All.Adjusted)
		for k := 0; k < len(g.Rows); {
			stratum := g.Rows[k].Stratum
			var nums, dens []int
			for ; k < len(g.Rows) && g.Rows[k].Stratum == stratum; k++ {
				r, o := g.Rows[k], &out.Groups.Rows[k]
				key := "cases " + g.Period.window() + " of " + stratum + " " + r.Value
				n, d := s.rate(key, r.Cases, r.PersonDays, costGroup, table, &o.Crude)
				s.rate(key, r.Cases, r.PersonDays, costGroup, table, &o.Adjusted)
				nums, dens = append(nums, n), append(dens, d)
			}
			s.sum("cases "+g.Period.window()+" of "+stratum+"|numerator", whole.num, nums...)
			s.sum("cases "+g.Period.window()+" of "+stratum+"|denominator", whole.den, dens...)
		}
	}
	// A period holds those in it that no other in it holds; the cohort holds those that none holds.
	holds := func(a, b spanCells) bool { return a != b && !b.low.Before(a.low) && !b.high.After(a.high) }
	held := make([]bool, len(all))
	for _, a := range all {
		var nums, dens []int
		for j, b := range all {
			if !holds(a, b) {
				continue
			}
			direct := true
			for _, c := range all {
				direct = direct && !(holds(a, c) && holds(c, b))
			}
			if held[j] = true; direct {
				nums, dens = append(nums, b.num), append(dens, b.den)
			}
		}
		window := Period{Low: a.low, High: a.high}.window()
		s.sum("cases in "+window+"|numerator", a.num, nums...)
		s.sum("cases in "+window+"|denominator", a.den, dens...)
	}
	var tops []int
	for i, a := range all {
		if !held[i] {
			tops = append(tops, a.num)
		}
	}
	s.sum("cases", size, tops...)
}

func (s *sheet) levels(x ExactCohort, out *Cohort, size int) {
	sizeKey := s.sys.Cells[size].Key
	at := map[[2]string]int{}
	var parts []int
	for i, l := range x.Levels {
		r := &out.Levels[i].Rate
		n := s.put("level "+l.Characteristic+"|"+l.Level, l.Members, printed(r.num), costGroup, "Table 1", r.hideNumerator)
		s.put(sizeKey, x.size(), printed(r.den), costHeadline, "attrition", r.hide)
		at[[2]string{l.Characteristic, l.Level}] = n
		parts = append(parts, n)
		if i+1 == len(x.Levels) || x.Levels[i+1].Characteristic != l.Characteristic {
			s.sum("levels of "+l.Characteristic, size, parts...)
			parts = nil
		}
	}
	for i, n := range x.Numbers {
		o := &out.Numbers[i]
		key := "number " + n.Characteristic
		known := s.put(key+"|known", n.Members-n.Missing, printed(o.Known), costGroup, "Table 1", o.Known.hide)
		missing := s.put(key+"|missing", n.Missing, printed(o.Missing), costGroup, "Table 1", o.Missing.hide)
		s.sum(key, size, known, missing)
	}
	c := x.Cross
	cells := make([][]int, len(c.RowLevels))
	margin := func(characteristic, level string, parts []int) {
		if total, ok := at[[2]string{characteristic, level}]; ok {
			s.sum("cross "+characteristic+"|"+level, total, parts...)
		}
	}
	for i, level := range c.RowLevels {
		for j := range c.ColumnLevels {
			cells[i] = append(cells[i], s.count("cross "+level+"|"+c.ColumnLevels[j], c.Members[i][j], costGroup, "cross", &out.Cross.Members[i][j]))
		}
		margin(c.Rows, level, cells[i])
	}
	for j, level := range c.ColumnLevels {
		var column []int
		for i := range c.RowLevels {
			column = append(column, cells[i][j])
		}
		margin(c.Columns, level, column)
	}
}

func (s *sheet) outcomes(x ExactCohort, out *Cohort, size int) {
	at := map[string][2]int{} // at risk and events
	for i, o := range x.Outcomes {
		key, to := "outcome "+o.ID, &out.Outcomes[i]
		// Days go with the events: who is followed to the end without one gives all days.
		risk := s.put(key+"|at risk", o.AtRisk, printed(to.AtRisk), costAll, "outcomes", func() { to.AtRisk.hide(); to.Rate.hide() })
		events := s.put(key+"|events", o.Events, printed(to.Rate.num), costPeriod, "outcomes", to.Rate.hide)
		s.less(key+"|not at risk", size, risk)
		s.less(key+"|without", risk, events)
		at[o.ID] = [2]int{risk, events}
	}
	for i := range out.Curves {
		c := &out.Curves[i]
		o, ok := at[c.Outcome]
		if !ok || c.Hidden || len(c.exact) == 0 {
			continue
		}
		s.curve(c, o[0], o[1])
	}
	for i, e := range x.Expected {
		o, ok := at[e.Outcome]
		if to := &out.Expected[i]; ok && !to.Hidden && len(e.Rows) == len(to.Rows) {
			s.expected(e, to, o[0], o[1])
		}
	}
}

// curve adds the steps of a curve, in exact numbers, each by the days that it is of: a curve is shown whole or not at all.
func (s *sheet) curve(c *Curve, risk, events int) {
	key := "curve " + c.Outcome
	hide := func() { *c = Curve{Outcome: c.Outcome, Hidden: true} }
	put := func(name string, n int64) int { return s.put(key+name, n, attack.Shown, costPeriod, key, hide) }
	atRisk := func(after, n int64) int { return put(fmt.Sprintf("|at risk after day %d", after), n) }
	var all []int
	before := atRisk(c.exact[0].after, c.exact[0].risk)
	s.sum(key+"|first", risk, before)
	for _, st := range c.exact {
		days := fmt.Sprintf("|days %d..%d", st.after, st.day)
		e, gone, next := put(days+"|events", st.events), put(days+"|left", st.left), atRisk(st.day, st.risk-st.events-st.left)
		s.relate(before, next, gone, e)
		before, all = next, append(all, e)
	}
	s.sum(key+"|events", events, all...)
}

func (s *sheet) expected(e ExactExpected, out *Expected, risk, events int) {
	key := "expected " + e.Outcome
	add := func(name string, r ExactObserved, to *ExpectedGroup, cost int64) (n, d int) {
		n, d = s.rate(key+"|"+name, r.Observed, r.People, cost, key, &to.Share)
		s.places[n] = append(s.places[n], to.Expected.hide)
		s.less(key+"|"+name+"|without", d, n)
		return n, d
	}
	n, d := add("all", e.All, &out.All, costPeriod)
	s.sum(key+"|of at risk", risk, d)
	s.sum(key+"|of events", events, n)
	for k := 0; k < len(e.Rows); {
		stratum := e.Rows[k].Stratum
		var nums, dens []int
		for ; k < len(e.Rows) && e.Rows[k].Stratum == stratum; k++ {
			rn, rd := add(stratum+"|"+e.Rows[k].Value, e.Rows[k], &out.Rows[k], costGroup)
			nums, dens = append(nums, rn), append(dens, rd)
		}
		s.sum(key+"|"+stratum+"|numerator", n, nums...)
		s.sum(key+"|"+stratum+"|denominator", d, dens...)
	}
}

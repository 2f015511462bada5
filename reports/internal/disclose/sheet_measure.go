package disclose

import "slices"

// measureSheet is what a measure publishes, m being the release of x.
//
// Within a period the groups of a stratum add up to everybody. Numerator and rest are the denominator. Of the headline
// period the steps from the initial population on are printed too. Where counts add up over time, so do periods.
func measureSheet(p Policy, x ExactMeasure, m *Measure) *sheet {
	s := newSheet(p)
	proportion := x.Scale == Percent || x.Scale == Observed
	byNumerator, byDenominator, byInitial := byCriterion(x.Criteria.Numerator), byCriterion(x.Criteria.Denominator), byCriterion(x.Criteria.Initial)
	numerator, denominator, others := "|numerator"+byNumerator, "|denominator"+byDenominator, "|rest"+byNumerator
	type cells struct{ num, den int }
	keys := make([]string, len(x.Rows))
	at := make([]cells, len(x.Rows))
	all, headline := map[string]int{}, -1 // the row of everybody, by window: two periods of one window are one number
	for i, r := range x.Rows {
		key, table, cost := r.Period.window()+"|"+r.Stratum+"|"+r.Value, "groups by "+r.Stratum, int64(costGroup)
		if s.differs(key+numerator, r.Numerator) || s.differs(key+denominator, r.Denominator) { // who is asked about depends on how the period was named
			key = r.Period.ID + " as " + key
		}
		if r.Stratum == "all" {
			if _, known := all[r.Period.window()]; !known || r.Period.ID == x.Headline {
				all[r.Period.window()] = i
			}
			if r.Period.ID == x.Headline {
				headline = i
			}
			table, cost = "periods: "+r.Period.Family, costPeriod
			if r.Period.ID == x.Headline {
				table, cost = "headline", costHeadline
			}
		}
		c := cells{}
		keys[i] = key
		c.num, c.den = s.rateOf(key+numerator, key+denominator, r.Numerator, r.Denominator, cost, table, &m.Rows[i].Rate)
		if proportion {
			s.less(key+others, c.den, c.num)
		}
		if x.Scale == Headcount {
			s.relate(c.den, c.num)
		}
		at[i] = c
	}
	// The groups of a stratum, in the order of the rows.
	type stratum struct{ period, name string }
	groups := map[stratum][]int{}
	var order []stratum
	for i, r := range x.Rows {
		if k := (stratum{r.Period.window(), r.Stratum}); r.Stratum != "all" {
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], i)
		}
	}
	for _, k := range order {
		total, ok := all[k.period]
		if !ok {
			continue
		}
		var nums, dens []int
		for _, i := range groups[k] {
			nums, dens = append(nums, at[i].num), append(dens, at[i].den)
		}
		key := k.period + "|" + k.name
		s.sum(key+"|numerator", at[total].num, nums...)
		s.sum(key+"|denominator", at[total].den, dens...)
	}
	s.additive = x.Additive
	if x.Additive {
		base := basePeriods(x.Rows)
		for _, i := range periodsOf(x.Rows) {
			id := x.Rows[i].Period.window()
			if slices.Contains(base, i) {
				continue
			}
			var nums, dens []int
			parts, _ := inside(x.Rows, base, i)
			for _, j := range parts {
				if at[j] == at[i] {
					continue // the same window
				}
				nums, dens = append(nums, at[j].num), append(dens, at[j].den)
			}
			s.sum(id+"|months|numerator", at[i].num, nums...)
			s.sum(id+"|months|denominator", at[i].den, dens...)
		}
	}
	if headline >= 0 {
		r, c, q, window, key := x.Rows[headline], at[headline], &m.Populations, x.Rows[headline].Period.window(), keys[headline]
		steps := func(name string, n int64, to *Count) int {
			return s.count(window+"|"+name, n, costAll, "populations", to)
		}
		initial := steps("initial population"+byInitial, r.Initial, &q.Initial)
		excluded, excepted := steps("excluded"+byDenominator, r.Excluded, &q.Excluded), steps("excepted"+byDenominator, r.Excepted, &q.Excepted)
		if x.Scale == Headcount {
			s.relate(initial, c.den)
		}
		s.count(key+denominator, r.Denominator, costHeadline, "headline", &q.Denominator)
		s.count(key+numerator, r.Numerator, costHeadline, "headline", &q.Numerator)
		if proportion {
			s.sum(window+"|populations", initial, excluded, excepted, c.den)
			rest := s.count(key+others, r.Denominator-r.Numerator, costHeadline, "headline", &q.Rest)
			var gaps []int
			for k, g := range x.Gaps {
				gaps = append(gaps, s.count(window+"|gap "+g.ID+byNumerator, g.Subjects, costGroup, "care gaps", &m.Gaps[k].Subjects))
			}
			if x.GapsIn {
				rest = c.num
			}
			s.sum(window+"|gaps", rest, gaps...)
		}
	}
	return s
}

// periodsOf are the rows of everybody.
func periodsOf(rows []Exact) []int {
	var out []int
	for i, r := range rows {
		if r.Stratum == "all" {
			out = append(out, i)
		}
	}
	return out
}

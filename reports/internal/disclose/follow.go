package disclose

// more releases what a cohort has beside attrition, cases over time, outcomes and levels: rates by groups,
// prevalence, numbers, the cross of two characteristics, curves and expected outcomes.
func (out *Cohort) more(p Policy, x ExactCohort, groups []cell, all cell, h hiddenMembers) {
	note := func(hidden bool) {
		if hidden {
			out.Hidden++
		}
	}
	if len(x.Groups.Rows) > 0 {
		out.Groups = p.groups(x, groups, all)
		for _, g := range groups {
			note(g.hideN)
		}
	}
	out.Compared = p.compared(x.Compared)
	out.Prevalence = p.prevalence(x.Prevalence)
	for _, r := range out.Prevalence {
		note(r.Rate.State() == Suppressed)
	}
	for i, n := range x.Numbers {
		hidden := h.levels[len(x.Levels)+2*i] || h.levels[len(x.Levels)+2*i+1]
		note(hidden)
		out.Numbers = append(out.Numbers, p.number(n, x.most(), hidden))
	}
	for _, hidden := range h.crossed {
		note(hidden)
	}
	out.Cross = p.cross(x.Cross, func(i int) bool { return h.crossed[i] })
	outcome := func(id string) (ExactOutcome, hiddenOutcome) {
		for i, o := range x.Outcomes {
			if o.ID == id {
				return o, h.outcomes[i]
			}
		}
		return ExactOutcome{}, hiddenOutcome{true, true}
	}
	var released []interval
	for _, c := range x.Curves {
		o, hide := outcome(c.Outcome)
		curve := p.curve(c, o, hide, x.most(), h.others(x, c.Outcome), &released)
		note(curve.Hidden)
		out.Curves = append(out.Curves, curve)
	}
	for _, e := range x.Expected {
		o, hide := outcome(e.Outcome)
		released := p.expected(e, x, o, hide, h.levels)
		note(released.Hidden)
		for _, r := range released.Rows {
			note(r.Share.State() == Suppressed)
		}
		out.Expected = append(out.Expected, released)
	}
}

// others are the claims of what is not this outcome.
func (h hiddenMembers) others(x ExactCohort, outcome string) []claim {
	var out []claim
	for _, c := range h.claims {
		if c.of.kind == aLevel || x.Outcomes[c.of.at].ID != outcome {
			out = append(out, c)
		}
	}
	return out
}

// prevalence releases persons with a condition of persons observed, from the newest period back. Of two periods whose
// numbers are a few apart the older is hidden: who came or went between would be few.
func (p Policy) prevalence(rows []ExactSpan) []Row {
	out := make([]Row, len(rows))
	newer := -1
	for i := len(rows) - 1; i >= 0; i-- {
		r := rows[i]
		c := cell{den: r.PersonDays, num: r.Cases, persons: r.PersonDays, hasComplement: true, counted: true}
		if p.hides() {
			p.primary(&c)
			if newer >= 0 {
				n := rows[newer]
				for _, d := range []int64{r.Cases - n.Cases, r.PersonDays - n.PersonDays, r.PersonDays - r.Cases - n.PersonDays + n.Cases} {
					c.hideN = c.hideN || p.small(max(d, -d))
				}
			}
			c.hideDen = c.hideDen || c.hideN
		}
		if !c.hideN {
			newer = i
		}
		out[i] = Row{Period: r.Period, Stratum: "all", Value: "all", Complete: r.Complete, Rate: p.rate(Percent, c, r.Rate, r.Low, r.High, r.Method, r.Complete)}
	}
	return out
}

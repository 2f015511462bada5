package disclose

// Row is one aggregate that may be shown.
type Row struct {
	Period         Period
	Stratum, Value string
	Complete       bool
	Rate           Rate
}

// Populations are the steps from everyone considered to the numerator.
type Populations struct {
	Initial, Excluded, Excepted, Denominator, Numerator, Rest Count
}

// Gap is how many subjects of the headline period are in a gap for one reason.
type Gap struct {
	ID, Title string
	Subjects  Count
}

// Measure is one measure's release.
type Measure struct {
	Scale       Scale
	Rows        []Row
	Populations Populations
	Gaps        []Gap
	GapsIn      bool // the gaps are those of the numerator
	Hidden      int  // aggregates of which something is hidden
	// Withheld: longer or overlapping periods are hidden because a number could be
	// worked out from them and the separate periods.
	Withheld bool
}

// measure applies the rules to one measure.
func (p Policy) measure(m ExactMeasure) Measure {
	cells := make([]cell, len(m.Rows))
	withheld := false
	for i, x := range m.Rows {
		cells[i] = cell{den: x.Denominator, num: x.Numerator, persons: x.Initial, counted: !m.Scale.Timed(),
			hasComplement: m.Scale == Percent || m.Scale == Observed}
		if cells[i].hasComplement {
			cells[i].persons = x.Denominator
		}
		if p.hides() {
			p.primary(&cells[i])
			cells[i].hideN = cells[i].hideN || m.Single
		}
	}
	if p.hides() {
		sums := sumsOf(m)
		p.complementary(cells, sums)
		for m.Additive && p.overTime(m, cells) {
			withheld = true
			p.complementary(cells, sums)
		}
	}
	out := Measure{Scale: m.Scale, Withheld: withheld, GapsIn: m.GapsIn}
	for _, g := range m.Gaps {
		out.Gaps = append(out.Gaps, Gap{g.ID, g.Title, p.count(g.Subjects, p.small(g.Subjects))})
	}
	for i, x := range m.Rows {
		c := cells[i]
		if c.hideN {
			out.Hidden++
		}
		out.Rows = append(out.Rows, Row{Period: x.Period, Stratum: x.Stratum, Value: x.Value, Complete: x.Complete,
			Rate: p.rate(m.Scale, c, x.Rate, x.Low, x.High, x.Method, x.Complete)})
		if x.Period.ID == m.Headline && x.Stratum == "all" {
			out.Populations = populations(p, x, c)
		}
	}
	return out
}

func populations(p Policy, x Exact, c cell) Populations {
	hideExcluded := p.small(x.Excluded) || p.small(x.Excepted) || p.small(x.Initial) || c.hideDen
	out := Populations{
		Initial: p.count(x.Initial, hideExcluded), Excluded: p.count(x.Excluded, hideExcluded), Excepted: p.count(x.Excepted, hideExcluded),
		Denominator: p.count(x.Denominator, c.hideDen), Numerator: p.count(x.Numerator, c.hideN),
	}
	if c.hasComplement {
		out.Rest = p.difference(x.Denominator, x.Numerator, c.hideN)
	}
	return out
}

// sumsOf lists the sums within a period that a reader can write down: the values
// of a stratum add up to everyone. Sums over time are overTime's.
func sumsOf(m ExactMeasure) []sum {
	type key struct{ period, stratum, value string }
	at := map[key]int{}
	parts := map[key][]int{}
	var strata []key
	for i, x := range m.Rows {
		at[key{x.Period.ID, x.Stratum, x.Value}] = i
		k := key{x.Period.ID, x.Stratum, ""}
		if x.Stratum != "all" {
			if parts[k] == nil {
				strata = append(strata, k)
			}
			parts[k] = append(parts[k], i)
		}
	}
	var sums []sum
	for _, k := range strata {
		total, ok := at[key{k.period, "all", "all"}]
		if !ok {
			total = -1
		}
		sums = append(sums, sum{parts: parts[k], total: total})
	}
	return sums
}

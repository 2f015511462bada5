package disclose

import (
	"math"

	"farr/internal/stats"
)

// This file is the only one that makes a Count or a Rate.

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

// Step is one row of an attrition flow. Removed is what the rule took away.
type Step struct {
	Rule, Title        string
	Remaining, Removed Count
}

// Year is one year's incidence.
type Year struct {
	Year     int
	Rate     Rate
	Complete bool
}

// Outcome is what became of a cohort's members.
type Outcome struct {
	ID, Title string
	AtRisk    Count
	Rate      Rate // events over time at risk
}

// Level is how many of a cohort's members are at a level of a characteristic, of all.
type Level struct {
	Characteristic, Title, Level string
	Rate                         Rate
}

// Cohort is one cohort's release.
type Cohort struct {
	Steps    []Step
	Years    []Year
	Spans    []Row // shorter than a year
	Outcomes []Outcome
	Levels   []Level
	Hidden   int

	Groups     Groups
	Prevalence []Row // of persons observed, on the last day of each period
	Numbers    []Number
	Cross      Cross
	Curves     []Curve
	Expected   []Expected
	Compared   []Compared
}

// Account is a published sum.
type Account struct {
	Total Count
	Parts []Count
}

// Accounts are published sums with the sum of each column; of one row there is
// no other sum.
type Accounts struct {
	Rows  []Account
	Total Account
}

func (p Policy) count(n int64, hidden bool) Count {
	switch {
	case hidden:
		return Count{state: Suppressed}
	case n == 0:
		return Count{state: Zero}
	default:
		return Count{n: p.rounded(n), state: Measured}
	}
}

// hide takes a number from its place.
func (c *Count) hide() { *c = Count{state: Suppressed} }

// hideNumerator takes a rate from its place, and leaves its denominator.
func (r *Rate) hideNumerator() {
	*r = Rate{num: Count{state: Suppressed}, den: r.den, scale: r.scale, state: Suppressed}
}

// hide takes a rate from its place with its denominator.
func (r *Rate) hide() {
	r.den.hide()
	r.hideNumerator()
}

// difference is that of two counts that are shown: of the numbers as they are shown.
func (p Policy) difference(a, b int64, hidden bool) Count {
	return p.count(p.rounded(a)-p.rounded(b), hidden)
}

// rounded is what is shown of a count.
func (p Policy) rounded(n int64) int64 {
	if p.round == 0 {
		return n
	}
	return (n + p.round/2) / p.round * p.round
}

// again makes a score from the rounded counts, so that it says no more than they do. A score that is
// not made of the two counts alone stays: it has no interval and is shown to three digits.
func (p Policy) again(scale Scale, c cell, r Rate, value, low, high float64, method string) (float64, float64, float64, string) {
	if p.round == 0 || r.den.n == 0 {
		return value, low, high, method
	}
	switch {
	case scale.Timed():
		e, method := stats.Rate(r.num.n, float64(r.den.n)/DaysPerYear/float64(scale))
		return e.Value, e.Low, e.High, method
	case scale == Percent && method == "":
		share := float64(r.num.n) / float64(r.den.n)
		return share, share, share, ""
	case scale == Percent:
		e := stats.Wilson(r.num.n, r.den.n)
		return e.Value, e.Low, e.High, stats.MethodWilson
	case scale == Headcount:
		return float64(r.num.n), low, high, method
	case scale == Ratio && value == float64(c.num)/float64(c.den):
		return float64(r.num.n) / float64(r.den.n), low, high, method
	}
	return value, low, high, method
}

// standardised is a rate with the events and days of c whose value they do not give alone. Where
// counts are rounded it has no interval, which would say more of them.
func (p Policy) standardised(scale Scale, c cell, value, low, high float64, complete bool) Rate {
	r := Rate{num: p.count(c.num, c.hideN), den: p.count(c.den, c.hideDen), scale: scale}
	switch {
	case c.hideN:
		r.state = Suppressed
		return r
	case math.IsNaN(value):
		return r // NotApplicable
	case !complete:
		r.state = Incomplete
	default:
		r.state = Measured
	}
	r.rate, r.low, r.high, r.method = value, low, high, MethodGamma
	if p.round > 0 {
		r.low, r.high, r.method = value, value, ""
	}
	return r
}

func (p Policy) rate(scale Scale, c cell, value, low, high float64, method string, complete bool) Rate {
	r := Rate{num: p.count(c.num, c.hideN), den: p.count(c.den, c.hideDen), scale: scale}
	switch {
	case c.hideN:
		r.state = Suppressed
		return r
	case c.den == 0 || math.IsNaN(value):
		// NotApplicable, the zero value.
		return r
	case !complete:
		r.state = Incomplete
	case c.num == 0:
		r.state = Zero
	default:
		r.state = Measured
	}
	unit := 1.0
	if scale == Percent {
		unit = 100
	}
	value, low, high, method = p.again(scale, c, r, value, low, high, method)
	if method == "" {
		low, high = value, value
	}
	r.rate, r.low, r.high, r.method = value*unit, low*unit, high*unit, method
	return r
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

// cohort applies the rules to one cohort. A step is shown
// only if it and its distance to the shown steps on both sides are not small;
// the last step, the cohort's size, has precedence over those between.
func (p Policy) cohort(x ExactCohort) Cohort {
	var out Cohort
	hide := make([]bool, len(x.Steps))
	if p.hides() {
		p.hideSteps(x.Steps, hide)
	}
	last := len(x.Steps) - 1
	sizeHidden := p.hides() && (last < 0 || hide[last])
	shown := -1
	for i, st := range x.Steps {
		step := Step{Rule: st.Rule, Title: st.Title, Remaining: p.count(st.Remaining, hide[i])}
		switch {
		case i == 0:
		case hide[i] || shown != i-1:
			step.Removed = Count{state: Suppressed}
		default:
			step.Removed = p.difference(x.Steps[i-1].Remaining, st.Remaining, false)
		}
		if hide[i] {
			out.Hidden++
		} else {
			shown = i
		}
		out.Steps = append(out.Steps, step)
	}
	out.follow(p, x, sizeHidden)
	return out
}

// follow releases all but the steps.
func (out *Cohort) follow(p Policy, x ExactCohort, sizeHidden bool) {
	years, spans := make([]cell, len(x.Years)), make([]cell, len(x.Spans))
	for i, y := range x.Years {
		years[i] = y.cell()
	}
	for i, s := range x.Spans {
		spans[i] = s.cell()
	}
	groups, all := make([]cell, len(x.Groups.Rows)), x.Groups.All.cell(x.Groups.Period)
	for i, g := range x.Groups.Rows {
		groups[i] = g.cell(x.Groups.Period)
	}
	known := x
	known.Levels = append(x.Levels[:len(x.Levels):len(x.Levels)], x.knownLevels()...)
	h := hiddenMembers{outcomes: make([]hiddenOutcome, len(x.Outcomes)), levels: make([]bool, len(known.Levels)), crossed: make([]bool, x.Cross.size())}
	if p.hides() {
		h = p.hideMembers(known, sizeHidden)
		years, spans, groups, all = p.hideCases(x, sizeHidden, h.levels)
	}
	outcomes, levels := h.outcomes, h.levels
	out.more(p, x, groups, all, h)
	note := func(hidden bool) {
		if hidden {
			out.Hidden++
		}
	}
	for i, y := range x.Years {
		note(years[i].hideN)
		out.Years = append(out.Years, Year{y.Year, p.rate(x.Scale, years[i], y.Rate, y.Low, y.High, y.Method, y.Complete), y.Complete})
	}
	for i, s := range x.Spans {
		note(spans[i].hideN)
		out.Spans = append(out.Spans, Row{Period: s.Period, Stratum: "all", Value: "all", Complete: s.Complete,
			Rate: p.rate(x.Scale, spans[i], s.Rate, s.Low, s.High, s.Method, s.Complete)})
	}
	for i, o := range x.Outcomes {
		hide := outcomes[i]
		note(hide.events || hide.atRisk)
		c := cell{den: o.PersonDays, num: o.Events, hideDen: hide.events, hideN: hide.events}
		out.Outcomes = append(out.Outcomes, Outcome{o.ID, o.Title, p.count(o.AtRisk, hide.atRisk), p.rate(x.Scale, c, o.Rate, o.Low, o.High, o.Method, true)})
	}
	for i, l := range x.Levels {
		note(levels[i])
		c := cell{den: x.size(), num: l.Members, hideDen: sizeHidden, hideN: levels[i]}
		share := float64(l.Members) / float64(x.size())
		out.Levels = append(out.Levels, Level{l.Characteristic, l.Title, l.Level, p.rate(Percent, c, share, share, share, "", true)})
	}
}

func (p Policy) hideSteps(steps []ExactStep, hide []bool) {
	if len(steps) == 0 {
		return
	}
	few := func(i int) bool { return p.small(personsOf(steps[i].Persons, steps[i].Remaining)) }
	last, prev := len(steps)-1, -1
	if hide[0] = few(0); !hide[0] {
		prev = 0
	}
	endShown := !few(last) && (prev < 0 || !p.small(apart(steps, prev, last)))
	for i := 1; i < last; i++ {
		if few(i) || (prev >= 0 && p.small(apart(steps, prev, i))) || (endShown && p.small(apart(steps, i, last))) {
			hide[i] = true
			continue
		}
		prev = i
	}
	if last > 0 {
		hide[last] = !endShown
	}
}

// apart is how many persons have, at the least, an entry that is removed between two steps.
func apart(steps []ExactStep, from, to int) int64 {
	a, b := steps[from], steps[to]
	known := personsOf(a.Persons, a.Remaining) - personsOf(b.Persons, b.Remaining)
	for _, s := range steps[from+1 : to+1] {
		known = max(known, s.Removed)
	}
	return atLeast(a.Remaining-b.Remaining, known, a.Most)
}

// accounts applies the rules to a table of records. All rows
// have a part for each column.
func (p Policy) accounts(x ExactAccounts) Accounts {
	if len(x) == 0 {
		return Accounts{}
	}
	width := len(x[0]) + 1 // the last column and the last row hold the sums
	height := len(x) + 1
	cells := make([]cell, width*height)
	at := func(row, column int) int { return row*width + column }
	for i, parts := range x {
		for j, n := range parts {
			for _, k := range []int{at(i, j), at(i, width-1), at(height-1, j), at(height-1, width-1)} {
				cells[k].den, cells[k].num, cells[k].persons = cells[k].den+n, cells[k].num+n, cells[k].persons+n
			}
		}
	}
	if p.hides() {
		for i := range cells {
			p.primary(&cells[i])
		}
		p.complementary(cells, sumsOfTable(width, height))
	}
	row := func(i int) Account {
		var out Account
		for j := range width - 1 {
			out.Parts = append(out.Parts, p.count(cells[at(i, j)].den, cells[at(i, j)].hideDen))
		}
		out.Total = p.count(cells[at(i, width-1)].den, cells[at(i, width-1)].hideDen)
		return out
	}
	var out Accounts
	for i := range x {
		out.Rows = append(out.Rows, row(i))
	}
	out.Total = out.Rows[0]
	if len(x) > 1 {
		out.Total = row(height - 1)
	}
	return out
}

// sumsOfTable lists the sums along the rows and columns of a table whose last
// row and column are the sums. One row alone is its own column sum.
func sumsOfTable(width, height int) []sum {
	var sums []sum
	for i := range height {
		s := sum{total: i*width + width - 1}
		for j := range width - 1 {
			s.parts = append(s.parts, i*width+j)
		}
		if sums = append(sums, s); height == 2 {
			return sums
		}
	}
	for j := range width {
		s := sum{total: (height-1)*width + j}
		for i := range height - 1 {
			s.parts = append(s.parts, i*width+j)
		}
		sums = append(sums, s)
	}
	return sums
}

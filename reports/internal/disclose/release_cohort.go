package disclose

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
			step.Removed.hide()
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

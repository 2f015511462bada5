package reports

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// incomplete finds what the figures of one definition lack, by the results.
type incomplete []measures.Incomplete

// figure is what a figure is about: a period, or words for one, and a group.
type figure struct {
	low, high      time.Time
	period         string // StudyIncomplete or FollowUpIncomplete, in place of the days
	stratum, value string // "all" or empty for everyone; without a value the groups of the stratum together
}

// of is what a figure lacks that rests on some parts of the definition, and on what its groups are made of.
func (in incomplete) of(f figure, rests func(part string) bool) disclose.Lack {
	lack := disclose.NothingLacks
	for _, x := range in {
		stratum, isStratum := strings.CutPrefix(x.Part, measures.PartStratum)
		switch {
		case isStratum && stratum != f.stratum, !isStratum && !rests(x.Part):
		case !f.within(x) || !f.sees(x):
		case x.State == measures.FeedNever:
			return disclose.NeverLoaded
		case x.State == measures.FeedStopped || x.State == measures.FeedPartly:
			lack = disclose.FeedStopped
		}
	}
	return lack
}

// within tells whether the period of what lacks is the figure's, or lies in it: a quarter that is made of months lacks what one of them does.
func (f figure) within(x measures.Incomplete) bool {
	if f.period != "" {
		return x.Period == f.period
	}
	return x.Period != measures.StudyIncomplete && x.Period != measures.FollowUpIncomplete && !x.Low.Before(f.low) && !x.High.After(f.high)
}

// sees tells whether the figure rests on the feed of a site or source: that of a site does on its own, any other on all. Who has no visits
// among those that are there counts as of no site.
func (f figure) sees(x measures.Incomplete) bool {
	return x.Site == measures.QualityAll || f.stratum != "site" || f.value == "" || f.value == x.Site || f.value == measures.Unattributed && x.Resource == "Encounter"
}

// population tells whether a part of a measure is one of its populations.
func population(part string) bool {
	return !strings.HasPrefix(part, measures.PartGap) && !strings.HasPrefix(part, measures.PartStratum)
}

// markIncomplete marks the figures that lack records: of a type that was never loaded, or of a feed that stopped.
func markIncomplete(r *page.Report, all []measures.Incomplete) {
	by := map[string]incomplete{}
	for _, x := range all {
		by[x.Definition] = append(by[x.Definition], x)
	}
	for i := range r.Measures {
		if in := by[r.Measures[i].Definition.ID]; len(in) > 0 {
			in.measure(&r.Measures[i])
		}
	}
	for i := range r.Cohorts {
		if in := by[r.Cohorts[i].Definition.ID]; len(in) > 0 {
			in.cohort(&r.Cohorts[i])
		}
	}
}

func (in incomplete) measure(m *page.Measure) {
	for i := range m.Released.Rows {
		row := &m.Released.Rows[i]
		row.Rate = row.Rate.Lacking(in.of(figure{low: row.Period.Low, high: row.Period.High, stratum: row.Stratum, value: row.Value}, population))
	}
	headline := figure{low: m.Headline.Low, high: m.Headline.High}
	counts := func(c *disclose.Count, rests func(part string) bool) { *c = c.Lacking(in.of(headline, rests)) }
	p := &m.Released.Populations
	initial := func(part string) bool { return part == "initial-population" }
	excluded := func(part string) bool {
		return initial(part) || strings.HasSuffix(part, "-exclusion") && !strings.HasPrefix(part, "numerator")
	}
	// Who is in the numerator is no exception, so that these rest on it.
	excepts := slices.ContainsFunc(m.Definition.Populations, func(p measures.Population) bool { return p.Name == "denominator-exception" })
	denominator := func(part string) bool {
		return excluded(part) || part == "denominator" || part == "measure-population" || excepts && population(part)
	}
	numerator := population
	if m.Released.Scale == disclose.Ratio { // it is no part of the denominator
		numerator = func(part string) bool { return initial(part) || strings.HasPrefix(part, "numerator") }
	}
	counts(&p.Initial, initial)
	if slices.ContainsFunc(m.Definition.Populations, func(p measures.Population) bool { return excluded(p.Name) && !initial(p.Name) }) {
		counts(&p.Excluded, excluded)
	}
	if excepts {
		counts(&p.Excepted, population)
	}
	counts(&p.Denominator, denominator)
	counts(&p.Numerator, numerator)
	counts(&p.Rest, population)
	for i := range m.Released.Gaps {
		before := map[string]bool{}
		for _, g := range m.Definition.CareGaps {
			before[measures.PartGap+g.ID] = true
			if g.ID == m.Released.Gaps[i].ID {
				break
			}
		}
		counts(&m.Released.Gaps[i].Subjects, func(part string) bool { return population(part) || before[part] })
	}
}

func (in incomplete) cohort(c *page.Cohort) {
	r := &c.Released
	study := figure{period: measures.StudyIncomplete}
	entered := func(part string) bool { return part == "entry" || strings.HasPrefix(part, measures.PartRule) }
	member := in.of(study, entered)
	cases := func(part string) bool { return entered(part) || part == "at-risk" }
	for i := range r.Steps {
		before := map[string]bool{"entry": true}
		for _, rule := range c.Definition.Rules[:min(i+1, len(c.Definition.Rules))] {
			before[measures.PartRule+rule.ID] = true
		}
		lack := in.of(study, func(part string) bool { return before[part] })
		r.Steps[i].Remaining, r.Steps[i].Removed = r.Steps[i].Remaining.Lacking(lack), r.Steps[i].Removed.Lacking(lack)
	}
	for i := range r.Years {
		low := time.Date(r.Years[i].Year, 1, 1, 0, 0, 0, 0, time.UTC)
		r.Years[i].Rate = r.Years[i].Rate.Lacking(in.of(figure{low: low, high: low.AddDate(1, 0, 0)}, cases))
	}
	for i := range r.Spans {
		p := r.Spans[i].Period
		r.Spans[i].Rate = r.Spans[i].Rate.Lacking(in.of(figure{low: p.Low, high: p.High}, cases))
	}
	for i := range r.Prevalence {
		p := r.Prevalence[i].Period
		r.Prevalence[i].Rate = r.Prevalence[i].Rate.Lacking(in.of(figure{low: p.Low, high: p.High}, func(part string) bool { return part == "entry" || part == measures.PartPrevalence }))
	}
	group := func(g *disclose.Group) {
		lack := in.of(figure{low: r.Groups.Period.Low, high: r.Groups.Period.High, stratum: g.Stratum, value: g.Value}, cases)
		g.Crude, g.Adjusted = g.Crude.Lacking(lack), g.Adjusted.Lacking(lack)
	}
	group(&r.Groups.All)
	for i := range r.Groups.Rows {
		group(&r.Groups.Rows[i])
	}
	in.traits(c, entered)
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		lack := max(member, in.outcome(o.ID, "", ""))
		o.AtRisk, o.Rate = o.AtRisk.Lacking(lack), o.Rate.Lacking(lack)
		for j := range r.Curves {
			if v := &r.Curves[j]; v.Outcome == o.ID {
				for k := range v.Steps {
					s := &v.Steps[k]
					s.AtRisk, s.Events, s.Left = s.AtRisk.Lacking(lack), s.Events.Lacking(lack), s.Left.Lacking(lack)
				}
				v.After = v.After.Lacking(lack)
			}
		}
	}
	for i := range r.Expected {
		e := &r.Expected[i]
		adjusted := in.of(study, func(part string) bool { return part == measures.PartAdjust+e.Outcome })
		share := func(g *disclose.ExpectedGroup) {
			g.Share = g.Share.Lacking(max(member, adjusted, in.outcome(e.Outcome, g.Stratum, g.Value)))
		}
		share(&e.All)
		for j := range e.Rows {
			share(&e.Rows[j])
		}
	}
}

// outcome is what the figures of an outcome lack, of everyone or of the groups of a stratum: they need to know of the follow-up.
func (in incomplete) outcome(id, stratum, value string) disclose.Lack {
	followed := in.of(figure{period: measures.FollowUpIncomplete}, func(part string) bool { return part == measures.PartOutcome+id })
	return max(followed, in.of(figure{period: measures.StudyIncomplete, stratum: stratum, value: value}, func(string) bool { return false }))
}

// traits marks Table 1, and who is compared in it.
func (in incomplete) traits(c *page.Cohort, entered func(string) bool) {
	r := &c.Released
	of := func(characteristic string) disclose.Lack {
		return in.of(figure{period: measures.StudyIncomplete, stratum: characteristic}, func(part string) bool {
			return entered(part) || part == measures.PartCharacteristic+characteristic
		})
	}
	for i := range r.Levels {
		r.Levels[i].Rate = r.Levels[i].Rate.Lacking(of(r.Levels[i].Characteristic))
	}
	for i := range r.Numbers {
		lack := of(r.Numbers[i].Characteristic)
		r.Numbers[i].Known, r.Numbers[i].Missing = r.Numbers[i].Known.Lacking(lack), r.Numbers[i].Missing.Lacking(lack)
	}
	for i := range r.Compared {
		lack := of(r.Compared[i].Characteristic)
		for s := range r.Compared[i].Shares {
			r.Compared[i].Shares[s] = r.Compared[i].Shares[s].Lacking(lack)
		}
	}
	member := of("")
	for _, row := range r.Cross.Members {
		for j := range row {
			row[j] = row[j].Lacking(member)
		}
	}
}

// missing tells whether records of a feed are not there.
func missing(f measures.Feed) bool {
	return f.State == measures.FeedStopped || f.State == measures.FeedNever
}

// loaded is what was loaded of each type that a definition rests on, with the definitions that have figures without it.
func loaded(in input) []page.Loaded {
	var out []page.Loaded
	for _, f := range in.feeds {
		site := f.Site
		switch {
		case site == measures.QualityAll:
			site = ""
		case !missing(f) && f.State != measures.FeedClosed || slices.ContainsFunc(in.feeds, func(o measures.Feed) bool {
			return o.Table == f.Table && o.Site == measures.QualityAll && missing(o)
		}):
			continue // what every site and source has in common is told once
		}
		l := page.Loaded{Resource: f.Resource, Site: site, State: f.State, Last: f.Last}
		for _, d := range in.definitions {
			if slices.ContainsFunc(in.incomplete, func(x measures.Incomplete) bool {
				return x.Definition == d.ID && x.Table == f.Table && x.Site == f.Site && x.State != measures.FeedAhead
			}) {
				l.Touched = append(l.Touched, page.Named{ID: d.ID, Kind: d.Kind, Title: d.Title})
			}
		}
		out = append(out, l)
	}
	slices.SortStableFunc(out, func(a, b page.Loaded) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Site, b.Site))
	})
	return out
}

// endedIn is the first month after the last record of a feed that stopped or was closed, by its place, and which of both; 0 where it did neither.
func endedIn(feeds []measures.Feed, table, site string, months []time.Time) (month int, closed bool) {
	for _, f := range feeds {
		if f.Table == table && (f.State == measures.FeedStopped || f.State == measures.FeedClosed) && (f.Site == site || f.Site == measures.QualityAll) {
			for i, m := range months {
				if m.After(f.Last) {
					return i, f.State == measures.FeedClosed
				}
			}
		}
	}
	return 0, false
}

// unjudged are the measures with a target whose headline lacks records.
func unjudged(r *page.Report) []Unjudged {
	var out []Unjudged
	for _, m := range r.Measures {
		if why := page.Unjudged(m); why != "" {
			out = append(out, Unjudged{m.Definition.ID, why})
		}
	}
	return out
}

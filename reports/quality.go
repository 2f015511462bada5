package reports

import (
	"maps"
	"slices"
	"strings"
	"time"

	"farr/datasets"
	"farr/internal/stats"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// qualityPage is what the audience may see of the data behind the report. Whether a check failed and a feed was
// incomplete is judged on what is shown.
func qualityPage(in input, b *disclose.Border, seen records) (*page.Quality, error) {
	q := in.quality
	if len(q.Checks) == 0 {
		return nil, nil // results of an older farr
	}
	facts, err := into[extractFacts](in.lineage.ExtractFacts)
	if err != nil {
		return nil, err
	}
	out := &page.Quality{Internal: b.Internal(), Uses: map[string][]page.Use{}, Months: seen.months, Tables: seen.tables}
	out.Loaded, out.Server = loaded(in), datasets.Lacking(facts.ServerIssues)
	if b.Internal() {
		found, err := into[resultsFacts](in.lineage.Facts)
		if err != nil {
			return nil, err
		}
		out.Doubts = found.Doubts
	}
	titles := map[string]string{}
	for _, d := range in.definitions {
		titles[d.ID] = d.Title
	}
	for _, u := range q.Uses {
		out.Uses[u.Definition] = append(out.Uses[u.Definition], page.Use{Table: u.Table, Column: u.Column, Groups: u.Groups})
	}
	for _, d := range in.definitions {
		out.Definitions = append(out.Definitions, page.Named{ID: d.ID, Kind: d.Kind, Title: titles[d.ID]})
	}
	if b.Internal() {
		for _, reason := range slices.Sorted(maps.Keys(facts.RejectReasons)) {
			out.Rejected = append(out.Rejected, page.Reason{Name: reason, Words: reasonWords[reason], Count: b.Policy.Inside(facts.RejectReasons[reason])})
		}
		for _, reason := range slices.Sorted(maps.Keys(facts.DropReasons)) {
			out.Rejected = append(out.Rejected, page.Reason{Name: reason, Words: reasonWords[reason], Dropped: true, Count: b.Policy.Inside(facts.DropReasons[reason])})
		}
		for _, path := range slices.Sorted(maps.Keys(facts.ValuesDropped)) {
			out.Values = append(out.Values, page.Reason{Name: elementName(path), Count: b.Policy.Inside(facts.ValuesDropped[path])})
		}
	}
	return out, nil
}

// monthsOfVolume are the calendar months from the first that any record has to the last that is over.
func monthsOfVolume(volume []measures.QualityVolume, asOf time.Time) []time.Time {
	var low time.Time
	for _, v := range volume {
		if !v.Month.IsZero() && (low.IsZero() || v.Month.Before(low)) {
			low = v.Month
		}
	}
	var months []time.Time
	for m := low; !m.IsZero() && !m.AddDate(0, 1, 0).After(asOf.AddDate(0, 0, 1)); m = m.AddDate(0, 1, 0) {
		months = append(months, m)
	}
	return months
}

// exactQuality gathers the counts of one table. asked names the codes on which some checks depend.
func exactQuality(q measures.Quality, name string, months []time.Time, asked string) (page.QualityTable, disclose.ExactQuality) {
	t := page.QualityTable{Name: name}
	var x disclose.ExactQuality
	for _, m := range months {
		x.Months = append(x.Months, m.Format("2006-01"))
	}
	at := map[string]int{} // element or check, by its name
	for _, c := range q.Checks {
		if c.Table != name {
			continue
		}
		t.Resource, t.Records, x.Type = c.Resource, c.Records, c.Resource
		check := page.QualityCheck{ID: c.Check, Dimension: c.Dimension, Column: c.Column, Title: c.Title, Source: c.Source, Most: c.Most}
		if c.Dimension == measures.QualityCompleteness {
			at[c.Check] = len(t.Elements)
			t.Elements = append(t.Elements, check)
			x.Elements = append(x.Elements, checkOf(c, asked))
		} else {
			at[c.Check] = len(t.Checks)
			t.Checks = append(t.Checks, check)
			x.Checks, x.Checked = append(x.Checks, checkOf(c, asked)), append(x.Checked, disclose.ExactShare{})
		}
	}
	feeds := map[string]*disclose.ExactFeed{}
	feed := func(site string) *disclose.ExactFeed {
		if feeds[site] == nil {
			feeds[site] = &disclose.ExactFeed{Site: site, Elements: make([]disclose.ExactShare, len(t.Elements))}
		}
		return feeds[site]
	}
	add := func(to *disclose.ExactShare, c measures.QualityCount) {
		to.Records, to.Failing, to.Persons = to.Records+c.Records, to.Failing+c.Failing, max(to.Persons, c.Persons)
		to.FailingPersons, to.PassingPersons = max(to.FailingPersons, c.FailingPersons), max(to.PassingPersons, c.PassingPersons)
	}
	for _, c := range q.Counts {
		if c.Table != name {
			continue
		}
		i := at[c.Check]
		if i < len(t.Elements) && t.Elements[i].ID == c.Check {
			add(&feed(c.Site).Elements[i], c)
		} else {
			add(&x.Checked[i], c)
		}
	}
	number := map[time.Time]int{}
	for i, m := range months {
		number[m] = i
	}
	for _, v := range q.Volume {
		if v.Table != name {
			continue
		}
		t.Sited = true
		f := feed(v.Site)
		if f.Months == nil {
			f.Months = make([]disclose.ExactShare, len(months))
		}
		to := &f.Other
		if i, ok := number[v.Month]; ok && !v.Month.IsZero() {
			to = &f.Months[i]
		}
		to.Records, to.Persons = to.Records+v.Records, max(to.Persons, v.Persons)
	}
	for _, site := range slices.Sorted(maps.Keys(feeds)) {
		f := *feeds[site]
		if f.Months == nil && len(f.Elements) > 0 { // of no months
			for _, e := range f.Elements {
				f.Other.Records, f.Other.Persons = max(f.Other.Records, e.Records), max(f.Other.Persons, e.Persons)
			}
		}
		x.Feeds = append(x.Feeds, f)
	}
	return t, x
}

// checkOf names a check and what it looks at. Where they depend on the codes that were asked for, so do the names.
func checkOf(c measures.QualityCheck, asked string) disclose.ExactCheck {
	x := disclose.ExactCheck{ID: c.Check, Of: c.Of}
	if before, ok := strings.CutPrefix(c.Of, measures.QualityPassing); ok {
		x.Of = disclose.Passing + before
	}
	if c.Check == measures.QualityUnlisted || c.Check == measures.QualityDuplicate {
		x.ID += " " + asked
	}
	if x.Of == disclose.Passing+measures.QualityUnlisted {
		x.Of += " " + asked
	}
	return x
}

// leastMonthly is the mean number of records a month below which a month without any may be chance: of a
// Poisson number with mean 7 one in a thousand is zero.
const leastMonthly = 7

// findGaps marks the months in which a site's feed was incomplete: below the limits of an XmR chart of its months, and
// less than half of their mean. A month without records within a feed that has enough is below them by itself.
func findGaps(t *page.QualityTable, months []time.Time) {
	for i, f := range t.Released.Feeds {
		if f.Site == measures.Unattributed || t.Released.Withheld || !t.Sited {
			continue
		}
		var values []float64
		var at []int
		first := -1
		for j, c := range f.Months {
			if last, closed := t.Closed[f.Site]; closed && j >= last { // of its last month perhaps a part is there
				break
			}
			n, ok := c.Value()
			if !ok {
				continue
			}
			if first < 0 && n == 0 {
				continue // it had not begun
			}
			if first < 0 {
				first = j
			}
			values, at = append(values, float64(n)), append(at, j)
		}
		chart, err := stats.XmRChart(values, true)
		if err != nil || len(values) < page.LeastMonths {
			t.Short++
			continue
		}
		t.Judged++
		for k, p := range chart.Points {
			if low := p.Value < p.Low && p.Value < p.Mean/2; low || p.Value == 0 && p.Mean >= leastMonthly {
				t.Gaps = append(t.Gaps, page.Gap{Feed: i, Site: f.Site, Month: at[k], Low: months[at[k]], High: months[at[k]].AddDate(0, 1, 0), Count: f.Months[at[k]], Mean: p.Mean})
			}
		}
	}
}

// markFeeds makes the rates of measures incomplete that rest on a feed that was. A rate of a site does on that site's
// own, any other on all.
func markFeeds(r *page.Report) {
	if r.Quality == nil {
		return
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		for j := range m.Released.Rows {
			row := &m.Released.Rows[j]
			for _, g := range r.Quality.GapsOf(m.Definition.ID) {
				if g.Low.Before(row.Period.High) && row.Period.Low.Before(g.High) && (row.Stratum != "site" || row.Value == g.Site) {
					row.Rate = row.Rate.OnIncompleteFeed()
				}
			}
		}
	}
}

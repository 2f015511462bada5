package disclose

import (
	"context"
	"fmt"

	"farr/internal/stats"
	"farr/reports/internal/disclose/attack"
)

// ExactShare is how many of so many records fail a check. The persons behind them are known at the least.
type ExactShare struct {
	Records, Failing                        int64
	Persons, FailingPersons, PassingPersons int64
}

// ExactFeed is the records of one site: by month, those of no month, and how many of all lack each element.
type ExactFeed struct {
	Site     string
	Months   []ExactShare // of which Failing is not asked
	Other    ExactShare
	Elements []ExactShare // in the order of ExactQuality.Elements
}

// ExactQuality is what was seen of one table of the extract.
type ExactQuality struct {
	Name     string
	Months   int // of every feed
	Elements int
	Feeds    []ExactFeed
	Checks   []ExactShare // of all sites together
	Stored   int64        // records of the type, as another page prints them; 0 where it does not
}

// Feed is one site's records as they may be shown.
type Feed struct {
	Site     string
	Months   []Count
	Total    Count
	Elements []Rate // filled of all records
}

// Quality is a table of the extract as it may be shown.
type Quality struct {
	Feeds    []Feed
	Total    Count
	Elements []Rate // of all sites
	Checks   []Rate // failing of those that were looked at
	Withheld bool   // most months of sites are small: none is shown
}

// mostHidden is the share of small months of sites beyond which none is shown.
const mostHidden = 0.1

// Quality releases a table of the extract. Sites in months, elements by site and checks are played against the
// attack together, since the months of a site are its records, and what lacks an element is a part of them.
func (b *Border) Quality(ctx context.Context, x ExactQuality) (Quality, error) {
	out := b.Policy.quality(x)
	err := b.attacked(ctx, "data quality of "+x.Name, func() *sheet { return qualitySheet(b.Policy, x, &out) })
	return out, err
}

// fewRecords is the primary rule for a count of records.
func (p Policy) fewRecords(records, persons int64) bool {
	return p.hides() && records > 0 && (p.small(records) || p.small(persons))
}

func (p Policy) quality(x ExactQuality) Quality {
	var out Quality
	small, cells := 0, 0
	var all ExactShare
	sums := make([]ExactShare, x.Elements)
	for _, f := range x.Feeds {
		for _, m := range f.Months {
			if m.Records > 0 {
				cells++
			}
			if p.fewRecords(m.Records, m.Persons) {
				small++
			}
		}
		total := f.total()
		all.Records, all.Persons = all.Records+total.Records, max(all.Persons, total.Persons)
		for i, e := range f.Elements {
			sums[i] = ExactShare{sums[i].Records + e.Records, sums[i].Failing + e.Failing,
				max(sums[i].Persons, e.Persons), max(sums[i].FailingPersons, e.FailingPersons), max(sums[i].PassingPersons, e.PassingPersons)}
		}
	}
	out.Withheld = float64(small) > mostHidden*float64(cells)
	for _, f := range x.Feeds {
		total := f.total()
		r := Feed{Site: f.Site, Total: p.count(total.Records, p.fewRecords(total.Records, total.Persons))}
		for _, m := range f.Months {
			c := p.count(m.Records, p.fewRecords(m.Records, m.Persons))
			if out.Withheld {
				var none Count
				c = none
			}
			r.Months = append(r.Months, c)
		}
		for _, e := range f.Elements {
			r.Elements = append(r.Elements, p.share(e.filled(), r.Total.state == Suppressed))
		}
		out.Feeds = append(out.Feeds, r)
	}
	out.Total = p.count(all.Records, p.fewRecords(all.Records, all.Persons))
	for _, e := range sums {
		out.Elements = append(out.Elements, p.share(e.filled(), out.Total.state == Suppressed))
	}
	for _, c := range x.Checks {
		out.Checks = append(out.Checks, p.share(c, false))
	}
	return out
}

// total is all records of a site.
func (f ExactFeed) total() ExactShare {
	t := f.Other
	for _, m := range f.Months {
		t.Records, t.Persons = t.Records+m.Records, max(t.Persons, m.Persons)
	}
	return t
}

// filled turns a share around: those that do not lack something.
func (s ExactShare) filled() ExactShare {
	return ExactShare{s.Records, s.Records - s.Failing, s.Persons, s.PassingPersons, s.FailingPersons}
}

// share releases a part of records with Wilson's interval; both the part and the rest have persons behind them.
func (p Policy) share(s ExactShare, hidden bool) Rate {
	rest := s.Records - s.Failing
	c := cell{den: s.Records, num: s.Failing, hideDen: hidden || p.fewRecords(s.Records, s.Persons)}
	c.hideN = c.hideDen || p.fewRecords(s.Failing, s.FailingPersons) || p.fewRecords(rest, s.PassingPersons)
	if s.Records == 0 {
		return p.rate(Percent, c, 0, 0, 0, "", true)
	}
	e := stats.Wilson(s.Failing, s.Records)
	return p.rate(Percent, c, e.Value, e.Low, e.High, stats.MethodWilson, true)
}

// qualitySheet is what a table's quality publishes, out being the release of x.
func qualitySheet(p Policy, x ExactQuality, out *Quality) *sheet {
	s := newSheet(p)
	var totals []int
	filled := make([][]int, x.Elements)
	whole := int64(0)
	wholeFilled := make([]int64, x.Elements)
	for i, f := range x.Feeds {
		r := &out.Feeds[i]
		key := fmt.Sprintf("site %d", i)
		records := f.total().Records
		whole += records
		total := s.count(key, records, costPeriod, "records by site", &r.Total)
		var months []int
		for j, m := range f.Months {
			months = append(months, s.count(fmt.Sprintf("%s|month %d", key, j), m.Records, costGroup, "records by site and month", &r.Months[j]))
		}
		s.sum(key+"|months", total, months...)
		for j, e := range f.Elements {
			name := fmt.Sprintf("%s|element %d", key, j)
			n := s.put(name, e.Records-e.Failing, printed(r.Elements[j].num), costGroup, "elements by site", r.Elements[j].hideNumerator)
			s.put(key, records, printed(r.Elements[j].den), costPeriod, "records by site", r.Elements[j].hide)
			s.less(name+"|lacking", total, n)
			filled[j] = append(filled[j], n)
			wholeFilled[j] += e.Records - e.Failing
		}
		totals = append(totals, total)
	}
	all := s.count("all", whole, costAll, "records", &out.Total)
	s.sum("sites", all, totals...)
	if x.Stored >= whole { // the run page prints it
		s.sum("stored", s.put("stored", x.Stored, attack.Shown, costAll, "", nil), all)
	}
	for j := range wholeFilled {
		name := fmt.Sprintf("element %d", j)
		n := s.put(name, wholeFilled[j], printed(out.Elements[j].num), costPeriod, "elements", out.Elements[j].hideNumerator)
		s.put("all", whole, printed(out.Elements[j].den), costAll, "records", out.Elements[j].hide)
		s.less(name+"|lacking", all, n)
		s.sum(name+"|sites", n, filled[j]...)
	}
	for j, c := range x.Checks {
		name := fmt.Sprintf("check %d", j)
		if c.Records == whole {
			n := s.put(name, c.Failing, printed(out.Checks[j].num), costPeriod, "checks", out.Checks[j].hideNumerator)
			s.put("all", whole, printed(out.Checks[j].den), costAll, "records", out.Checks[j].hide)
			s.less(name+"|rest", all, n)
			continue
		}
		n, d := s.rate(name, c.Failing, c.Records, costPeriod, "checks", &out.Checks[j])
		s.less(name+"|rest", d, n)
	}
	return s
}

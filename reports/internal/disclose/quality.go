package disclose

import "farr/internal/stats"

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
	// Ended is the first of the months of which the report says that the feed had stopped: readers know that they are empty,
	// whether they are printed or not. 0 where it says nothing.
	Ended int
}

// ExactCheck is a question to records, by names that are the same in every report on the same data.
type ExactCheck struct {
	ID string // within the table
	// Of names the records that are looked at; "" for all, Passing with an ID for those that pass that check.
	Of string
}

// Passing begins the name of the records that pass a check.
const Passing = "passing "

// ExactQuality is what was seen of one table of the extract.
type ExactQuality struct {
	Name     string   // with what its counts depend on besides the extract: the same name is the same count
	Type     string   // of ExactRecords.Types, whose stored records these are
	Months   []string // of every feed
	Elements []ExactCheck
	Feeds    []ExactFeed
	Checks   []ExactCheck
	Checked  []ExactShare // by check, of all sites together
}

// Feed is one site's records as they may be shown.
type Feed struct {
	Site     string
	Months   []Count
	Total    Count
	Elements []Rate // filled of those that are looked at
}

// Quality is a table of the extract as it may be shown.
type Quality struct {
	Feeds    []Feed
	Total    Count
	Elements []Rate // of all sites
	Checks   []Rate // failing of those that were looked at
	Withheld bool   // most months of sites are small: none is shown
}

// mostMonthsHidden is the share of small months of sites beyond which none is shown.
const mostMonthsHidden = 0.1

// fewRecords is the primary rule for a count of records.
func (p Policy) fewRecords(records, persons int64) bool {
	return p.hides() && records > 0 && (p.small(records) || p.small(persons))
}

func (p Policy) quality(x ExactQuality) Quality {
	var out Quality
	small, cells := 0, 0
	var all ExactShare
	sums := make([]ExactShare, len(x.Elements))
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
	out.Withheld = float64(small) > mostMonthsHidden*float64(cells)
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
	for _, c := range x.Checked {
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

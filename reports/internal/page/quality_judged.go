package page

import (
	"slices"
	"strings"

	"farr/reports/internal/disclose"
)

// fault is a check that failed, with what it touches. Its rate is of those that fail.
type fault struct {
	Table, Title string
	Rate         disclose.Rate
	Counts       []Named
	Groups       []Named
	Name         string // of the check
}

// judgement says of how much it is known whether it is at fault. What is hidden is not.
type judgement struct {
	checks, failed, hidden int // hidden: checks whose share is
	feeds, gaps, short     int // of sites: judged, months that were incomplete, and feeds of too few months
	withheld               int // tables of which the months are hidden
}

// failed says whether more of what was looked at fails than may; a hidden share tells nothing.
func (c QualityCheck) failed(failing disclose.Rate) bool {
	v, _, _ := failing.Plot()
	return failing.Shown() && v > 100*c.Most
}

// missing is the title of what lacks an element: "Encounter.period.end is missing, of finished ones".
func (w words) missingWords(c QualityCheck) string {
	name, of, some := strings.Cut(c.Title, ", ")
	name = w.either(name)
	if some {
		return w.Say("{name} is missing, {of}", name, w.inWords(of))
	}
	return w.Say("{name} is missing", name)
}

// hollowWords say why points of a chart are hollow.
func (w words) hollowWords(rows []disclose.Row) string {
	feed, ahead, lacks := false, false, false
	for _, r := range rows {
		feed = feed || r.Rate.FeedIncomplete()
		lacks = lacks || r.Rate.Shown() && r.Rate.Lacks() != disclose.NothingLacks
		ahead = ahead || r.Rate.State() == disclose.Incomplete && r.Rate.Lacks() == disclose.NothingLacks
	}
	switch {
	case lacks && (feed || ahead):
		return w.Say("incomplete: records lack, or the number will still change; no rule is asked of it")
	case lacks:
		return w.Say("incomplete: records lack, and no rule is asked of it")
	case feed && ahead:
		return w.Say("incomplete and will still change, or rests on a feed that was incomplete")
	case feed:
		return w.Say("rests on a feed that was incomplete")
	}
	return w.Say("incomplete: will still change, and no rule is asked of it")
}

// notComplete says the same where no rule is asked of any point.
func (w words) notComplete(rows []disclose.Row) string {
	for _, r := range rows {
		if r.Rate.FeedIncomplete() || r.Rate.Lacks() != disclose.NothingLacks {
			return w.hollowWords(rows)
		}
	}
	return w.Say("incomplete: will still change")
}

// leastOfSite is how many records of a site are enough to judge it.
const leastOfSite = 100

// LeastMonths is how many months of a feed are enough to judge it.
const LeastMonths = 6

// anything is every table and column.
func anything(QualityTable, string) bool { return true }

// faults are the checks that failed, of all sites together or else of single sites, in the order of tables, and how
// much was judged: of the columns that reads says, and of the feeds of the tables whose column "" it says.
func (q *Quality) faults(w words, reads func(t QualityTable, column string) bool) (list []fault, j judgement) {
	for _, t := range q.Tables {
		add := func(c QualityCheck, r disclose.Rate, title string) {
			f := fault{Table: t.Name, Title: title, Rate: r, Name: t.Name + " " + c.ID}
			f.Counts, f.Groups = q.Touches(t.Name, c.Column)
			list = append(list, f)
		}
		count := func(r disclose.Rate, failed bool) {
			switch {
			case failed:
				j.checks, j.failed = j.checks+1, j.failed+1
			case r.Shown():
				j.checks++
			case r.State() == disclose.Suppressed:
				j.hidden++
			}
		}
		for i, c := range t.Elements {
			if c.Most >= 1 || !reads(t, c.Column) {
				continue
			}
			r := t.Released.Elements[i].Complement()
			failed := c.failed(r)
			if failed {
				add(c, r, w.missingWords(c))
			}
			for _, site := range t.Released.Feeds { // all sites together may hide one
				s := site.Elements[i].Complement()
				n, ok := s.Denominator().Value()
				if t.Sited && ok && n >= leastOfSite && residual(site.Site) == 0 && c.failed(s) && !c.failed(r) {
					add(c, s, w.Say("{check}, at {site}", w.missingWords(c), site.Site))
					failed = true
				}
			}
			count(r, failed)
		}
		for i, c := range t.Checks {
			if c.Most >= 1 || !reads(t, c.Column) {
				continue
			}
			r := t.Released.Checks[i]
			if c.failed(r) {
				add(c, r, w.Say("{records} {wrong}", capital(w.inWords(t.Records)), w.checkWords(c.Title)))
			}
			count(r, c.failed(r))
		}
		switch {
		case !t.Sited || !reads(t, ""):
		case t.Released.Withheld:
			j.withheld++
		default:
			j.feeds, j.gaps, j.short = j.feeds+t.Judged, j.gaps+len(t.Gaps), j.short+t.Short
		}
	}
	return list, j
}

// judgedOf is what is known of the data that the counts of a definition rest on.
func (q *Quality) judgedOf(w words, definition string) judgement {
	_, j := q.faults(w, func(t QualityTable, column string) bool {
		return slices.ContainsFunc(q.Uses[definition], func(u Use) bool { return u.Table == t.Name && (column == "" || u.Column == column) && !u.Groups })
	})
	return j
}

// unjudged are the sentences on what could not be judged, each with a space before it.
func (w words) unjudgedWords(j judgement) string {
	s := ""
	if j.hidden > 0 {
		s += w.Say(" {hidden, plural, one {# check} other {# checks}} could not be judged: the share is hidden.", j.hidden)
	}
	if j.withheld > 0 {
		s += w.Say(" Feeds could not be judged: the months of {withheld, plural, one {# table} other {# tables}} are hidden.", j.withheld)
	}
	if j.short > 0 {
		s += w.Say(" {short, plural, one {# feed} other {# feeds}} of a site could not be judged: fewer than {leastMonths} months are shown.", j.short, LeastMonths)
	}
	return s
}

// behindWords is the line of a measure's page about its data; empty where nothing is known.
func (w words) behindWords(q *Quality, definition string) string {
	if q == nil {
		return ""
	}
	j := q.judgedOf(w, definition)
	checks, feeds := w.Say("no check failed"), w.Say("no feed was incomplete")
	switch {
	case j.failed > 0:
		checks = w.Say("{failed, plural, one {# check} other {# checks}} failed", j.failed)
	case j.checks == 0:
		checks = w.Say("no check could be judged")
	}
	switch {
	case j.gaps > 0:
		feeds = w.Say("feeds were incomplete in {gaps, plural, one {# month} other {# months}} of a site; what rests on them is drawn hollow", j.gaps)
	case j.feeds == 0:
		feeds = w.Say("no feed could be judged")
	}
	return strings.TrimSpace(w.Say("Data behind this measure: {checks}, and {feeds}.{j}", checks, feeds, w.unjudgedWords(j)) + " " + w.serverFinding(q))
}

// finding is the first sentence of the page, and what could not be judged.
func (w words) qualityFinding(j judgement, touched int) string {
	s := w.Say("{failed} of {checks, plural, one {# check} other {# checks}} failed", j.failed, j.checks)
	switch {
	case j.checks == 0:
		s = w.Say("No check could be judged")
	case j.failed == 0:
		s = w.Say("None of {checks, plural, one {# check} other {# checks}} failed", j.checks)
	}
	switch {
	case j.gaps > 0:
		s += w.Say(", and feeds were incomplete in {gaps, plural, one {# month} other {# months}} of a site", j.gaps)
	case j.feeds == 0:
		s += w.Say(", and no feed could be judged")
	default:
		s += w.Say(", and no feed was seen to be incomplete")
	}
	switch touched {
	case 0:
		s += w.Say("; no measure's or cohort's counts rest on what failed.")
	case 1:
		s += w.Say("; the counts of 1 measure or cohort rest on what failed.")
	default:
		s += w.Say("; the counts of {touched} measures and cohorts rest on what failed.", touched)
	}
	return s + w.unjudgedWords(j)
}

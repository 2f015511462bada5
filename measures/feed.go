package measures

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/datasets"
	"farr/internal/stats"
)

// Feed is how the records of one type of resource came: those of a site, of the whole extract, or of one of its several sources.
type Feed struct {
	Table    string // of the extract
	Resource string // of FHIR R4
	// Site is a label, a source's name, or QualityAll. A source called QualityAll is "source all"; where a site has the label that
	// is a source's name, what is said of the one is taken to be of both.
	Site  string
	State string // one of the Feed states
	// Records are of what the window of [QualityVolume] has, with a day that is known; 0 of a source, whose feeds the extract tells without
	// counts.
	Records int64
	// First and Last are the months of the first and the last record, as their first days; zero where there is none, where there are too
	// few to judge, and where the last was before the window. Days are in no
	// table: together with dates at rest they would narrow how far these are shifted.
	First, Last time.Time
	Usual       int // days: 19 in 20 of the gaps between days with records are no longer; 0 where that is not known
	Longest     int // days: the longest gap but one
}

// States of a feed.
const (
	// FeedRuns: records came until the last day that the data know, or nearly so.
	FeedRuns = "runs"
	// FeedStopped: none came for so long that it is neither chance nor the feed's habit (stats.SilenceOf).
	FeedStopped = "stopped"
	// FeedClosed: records came until the last day of a site or source that was closed (Request.Closed), or nearly so.
	FeedClosed = "closed"
	// FeedNever: the extract has no record of the type, or a source was said to have it and sent none.
	FeedNever = "never"
	// FeedUnexpected is FeedNever where the source says that it has none.
	FeedUnexpected = "not expected"
	// FeedUnjudged: too few days with records to know a habit, or records that no longer say of which site they are.
	FeedUnjudged = "not judged"
)

// Incomplete says that a part of a definition lacks records in a period, since a feed stopped before its end or never was.
type Incomplete struct {
	Definition string
	// Part is a population of a measure; of a cohort entry, at-risk, prevalence, or one of the Part prefixes with an id.
	Part      string
	Period    string // its ID; or YearIncomplete with the year, StudyIncomplete or FollowUpIncomplete, of a cohort
	Low, High time.Time
	Table     string
	Resource  string
	Site      string // as of a Feed; what a source lacks is said of each of its sites and of Unattributed, too
	// State is FeedNever; FeedStopped, where the last record came before the period; FeedPartly, where it came within it;
	// or FeedAhead, where the period ends after the last day that the data know.
	State string
}

// States of Incomplete beside those of a feed.
const (
	FeedPartly = "partly"
	FeedAhead  = "ahead"
)

// Prefixes of parts of definitions, and what stands for periods of cohorts that nobody asked for.
const (
	PartRule           = "rule "
	PartOutcome        = "outcome "
	PartAdjust         = "adjust " // what an outcome is adjusted for
	PartCharacteristic = "characteristic "
	PartGap            = "gap "
	PartStratum        = "stratum "
	PartPrevalence     = "prevalence"

	YearIncomplete     = "year "
	StudyIncomplete    = "study"     // the days in which entry events are looked for
	FollowUpIncomplete = "follow-up" // from there to the last day that the data know
)

func (f Feed) row() []any {
	row := []any{f.Table, f.Resource, f.Site, f.State, f.Records, f.First, f.Last, f.Usual, f.Longest}
	for i, day := range []time.Time{f.First, f.Last} {
		if day.IsZero() {
			row[5+i] = nil
		}
	}
	return row
}

func (x Incomplete) row() []any {
	return []any{x.Definition, x.Part, x.Period, x.Low, x.High, x.Table, x.Resource, x.Site, x.State}
}

func (v rowReader) feed() Feed {
	f := Feed{Table: v.text("data"), Resource: v.text("resource"), Site: v.text("site"), State: v.text("state"), Records: v.count("records"),
		Usual: v.small("usual_days"), Longest: v.small("longest_days")}
	if !v.column("first_month").IsNull(v.row) {
		f.First, f.Last = v.day("first_month"), v.day("last_month")
	}
	return f
}

func (v rowReader) incomplete() Incomplete {
	return Incomplete{v.text("definition"), v.text("part"), v.text("period"), v.day("low"), v.day("high"), v.text("data"), v.text("resource"), v.text("site"), v.text("state")}
}

// feedPlace is a table and a site, both by number; allSites is of all together.
type feedPlace struct{ table, site int }

const allSites = -1

// feedDays are the days with records, counted from the first day of the window.
type feedDays struct {
	records int64
	bits    []uint64
}

func (d *feedDays) add(day int, n int64) {
	for day/64 >= len(d.bits) {
		d.bits = append(d.bits, 0)
	}
	d.bits[day/64] |= 1 << (day % 64)
	d.records += n
}

// list are the days in order.
func (d *feedDays) list() (days []int) {
	for i, word := range d.bits {
		for b := range 64 {
			if word>>b&1 == 1 {
				days = append(days, 64*i+b)
			}
		}
	}
	return days
}

// Days of records that are of none of the window: before its first, and not dated to the day, or after what the data know.
const dayBefore, noDay = -1, -2

// dayOf is the SQL of the day of a record, from the first of the window on.
func (q *qualityRun) dayOf(t qualityTable) string {
	return fmt.Sprintf("CASE WHEN %[1]s < %[2]s + INTERVAL 1 DAY AND %[3]s > 2 THEN greatest(%[4]d, date_diff('day', DATE '%[5]s', %[1]s::DATE)) ELSE %[6]d END",
		t.moment(), q.asOf, t.prec(), dayBefore, day(q.low), noDay)
}

// onDay notes that a site has so many records on a day.
func (q *qualityRun) onDay(at feedPlace, day int, n int64) {
	switch day {
	case noDay:
	case dayBefore:
		q.earlier[at.table] = true
	default:
		for _, at := range []feedPlace{at, {at.table, allSites}} {
			if q.days[at] == nil {
				q.days[at] = &feedDays{}
			}
			q.days[at].add(day, n)
		}
	}
}

// feed is a judged feed with the days that its marks are made of.
type feed struct {
	Feed
	last   int       // day of the window with the newest record
	from   time.Time // the first day that it may lack, of one that stopped; zero where it lacks every day that is looked at
	source bool      // it is of one of several sources
	sites  []string  // labels of a source's, and Unattributed
}

// feeds judges every feed with records, ordered by table and site, all sites first.
func (q *qualityRun) feeds(ctx context.Context, extract *datasets.Snapshot, parts []part) ([]feed, error) {
	var out []feed
	asOf := daysBetween(q.low, q.high)
	for i, t := range qualityTables {
		if t.date == "" {
			continue
		}
		for site := allSites; site < len(q.sites); site++ {
			at := feedPlace{i, site}
			if q.days[at] == nil || site == 0 || site > 0 && !t.sited() { // records of no site are no feed of one
				continue
			}
			f := feed{Feed: Feed{Table: t.name, Resource: t.resource, Site: QualityAll, State: FeedRuns, Records: q.days[at].records}}
			if at.site > 0 {
				f.Site = q.sites[at.site]
			}
			days := q.days[at].list()
			f.last = days[len(days)-1]
			month := func(d int) time.Time {
				day := q.low.AddDate(0, 0, d)
				return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
			}
			s, err := stats.SilenceOf(days, asOf)
			switch f.Usual, f.Longest = s.Usual, s.Longest; {
			case err != nil:
				f.State = FeedUnjudged // of a few records, perhaps of one person, no month is told
			case s.Ended:
				f.State, f.from = FeedStopped, q.low.AddDate(0, 0, f.last+1+s.Usual)
				fallthrough
			default:
				f.First, f.Last = month(days[0]), month(f.last)
			}
			out = append(out, f)
		}
	}
	err := q.orphans(ctx, extract, out, parts)
	return append(out, q.longEnded(extract)...), err
}

// longEnded are feeds of which nothing came since the first day that is looked at, and something before it: what rests on them
// lacks their records in every period.
func (q *qualityRun) longEnded(extract *datasets.Snapshot) (out []feed) {
	for i, t := range qualityTables {
		if held, ok := extract.Table(t.name); t.date == "" || !ok || held.Rows() == 0 || q.days[feedPlace{i, allSites}] != nil || !q.earlier[i] {
			continue
		}
		out = append(out, feed{Feed: Feed{Table: t.name, Resource: t.resource, Site: QualityAll, State: FeedStopped}, from: q.low})
	}
	return out
}

// orphans takes the verdict back on feeds of sites whose encounters stopped: their records may still come, and only not say any
// more of which site they are. They do where at least half as many as the site used to have name encounters that are not
// there.
func (q *qualityRun) orphans(ctx context.Context, extract *datasets.Snapshot, feeds []feed, parts []part) error {
	ended := map[string]int{} // the last day, by site
	for _, f := range feeds {
		if f.Table == "encounter" && f.State == FeedStopped {
			ended[f.Site] = f.last
		}
	}
	for i := range feeds {
		f := &feeds[i]
		last, ok := ended[f.Site]
		t := qualityTables[slices.IndexFunc(qualityTables, func(t qualityTable) bool { return t.name == f.Table })]
		if f.State != FeedStopped || !ok || t.link == "" || f.last < last-f.Longest {
			continue
		}
		var lost int64
		for _, part := range parts {
			if len(parts) > 1 {
				if err := datasets.Only(ctx, q.db, extract, part.low, part.high); err != nil {
					return err
				}
			}
			err := q.each(ctx, "records without their encounters", 1, fmt.Sprintf(`SELECT count(*) FROM %[1]s.%[2]s t WHERE t.%[3]s IS NOT NULL AND %[4]s > TIMESTAMP '%[5]s'
				AND NOT EXISTS (FROM %[1]s.encounter e WHERE e.rid = t.%[3]s)`, datasets.NumberedSchema, t.name, t.link, t.moment(), day(q.low.AddDate(0, 0, last+1))), func(v []int64) { lost += v[0] })
			if err != nil {
				return err
			}
		}
		asOf := daysBetween(q.low, q.high)
		if 2*float64(lost) >= float64(f.Records)/float64(f.last+1)*float64(asOf-f.last) {
			f.State, f.from = FeedUnjudged, time.Time{}
		}
	}
	return nil
}

func daysBetween(low, high time.Time) int { return int(high.Sub(low).Hours() / 24) }

// incomplete writes the feeds, of sites with these labels, and which parts of definitions lack their records in which periods.
func (p *plan) incomplete(feeds, sources []feed, sites []string, out *output) error {
	parts, err := p.restsOn()
	if err != nil {
		return err
	}
	feeds = append(feeds, sources...)
	feeds = append(feeds, p.neverLoaded(askedBy(parts))...)
	var several []string
	if names := p.Extract.SourceNames(); len(names) > 1 {
		for _, name := range names {
			several = append(several, sourceLabel(name))
		}
	}
	p.doubts = p.close(feeds, sites, several)
	slices.SortStableFunc(feeds, func(a, b feed) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(siteOrder(a.Site), siteOrder(b.Site)))
	})
	whole := map[string]bool{}    // tables of which no site has any more, or ever had
	own := map[[2]string][]feed{} // of tables and sites, feeds that stopped
	for _, f := range feeds {
		switch at := [2]string{f.Table, f.Site}; {
		case f.Site == QualityAll && (f.State == FeedStopped || f.State == FeedNever):
			whole[f.Table] = true
		case !f.source && f.State == FeedStopped:
			own[at] = append(own[at], f)
		}
	}
	var list []Incomplete
	for _, x := range parts {
		for _, table := range slices.Sorted(maps.Keys(x.tables)) {
			for _, f := range feeds {
				if f.Table != table || f.Site != QualityAll && whole[table] {
					continue
				}
				for _, period := range p.windows(x) {
					state := f.lacks(period, p.asOf)
					if state == "" {
						continue
					}
					lack := Incomplete{x.definition, x.part, period.ID, period.Low, period.High, f.Table, f.Resource, f.Site, state}
					list = append(list, lack)
					for _, site := range f.sites {
						says := func(o feed) bool { return o.lacks(period, p.asOf) != "" }
						if lack.Site = site; site != f.Site && !slices.ContainsFunc(own[[2]string{f.Table, site}], says) {
							list = append(list, lack)
						}
					}
				}
			}
		}
	}
	var told []Feed
	for _, f := range feeds {
		told = append(told, f.Feed)
	}
	if err := out.add(tableFeed, rows(told)); err != nil {
		return err
	}
	return out.add(tableIncomplete, rows(list))
}

// siteOrder puts all sites first.
func siteOrder(site string) string {
	if site == QualityAll {
		return ""
	}
	return site
}

// span is a period of a definition's figures; needed is the day on which the last that they need to know is over.
type span struct {
	Period
	needed time.Time
}

// lacks is the state of a figure of a period that rests on the feed; empty where nothing is amiss.
func (f feed) lacks(s span, asOf time.Time) string {
	switch {
	case f.State == FeedNever:
		return FeedNever
	case f.State == FeedStopped && s.needed.After(f.from):
		if s.Low.After(f.from) || s.Low.Equal(f.from) {
			return FeedStopped
		}
		return FeedPartly
	case f.Site == QualityAll && f.State != FeedUnexpected && s.needed.After(asOf.AddDate(0, 0, 1)):
		return FeedAhead
	}
	return ""
}

// windows are the periods of the figures that a part of a definition has.
func (p *plan) windows(x restingPart) []span {
	var out []span
	follow := 0
	if !x.cohort {
		follow = x.followUp
	}
	seen := map[[2]time.Time]bool{}
	for _, q := range p.Periods {
		seen[[2]time.Time{q.Low, q.High}] = true
		out = append(out, span{q, q.High.AddDate(0, 0, follow)})
	}
	if !x.cohort {
		return out
	}
	for year := p.study.low.Year(); year <= p.study.high.AddDate(0, 0, -1).Year(); year++ {
		low := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		if high := low.AddDate(1, 0, 0); !seen[[2]time.Time{low, high}] {
			out = append(out, span{Period{ID: fmt.Sprint(YearIncomplete, year), Low: low, High: high}, high})
		}
	}
	study := Period{ID: StudyIncomplete, Low: p.study.low, High: p.study.high}
	out = append(out, span{study, earlier(study.High, p.asOf.AddDate(0, 0, 1))})
	after := Period{ID: FollowUpIncomplete, Low: p.study.low, High: p.asOf.AddDate(0, 0, 1)}
	if strings.HasPrefix(x.part, PartOutcome) && after.High.After(after.Low) {
		out = append(out, span{after, after.High})
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

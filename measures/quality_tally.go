package measures

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"time"
)

// qualityTally counts records, and tells how many persons they are of at the least: each person is in one of 64
// parts by the number that the session gave it, and the parts that occur are counted. Numbers follow the extract's rows, so that the same
// extract gives the same.
type qualityTally struct {
	records, failing    int64
	all, failed, passed uint64 // parts of the persons
}

func (c *qualityTally) add(n, failing int64, persons uint64) {
	if n == 0 {
		return
	}
	c.records, c.failing, c.all = c.records+n, c.failing+failing, c.all|persons
	if failing > 0 {
		c.failed |= persons
	}
	if failing < n {
		c.passed |= persons
	}
}

func (q *qualityRun) countAt(at countPlace) *qualityTally {
	if q.counts[at] == nil {
		q.counts[at] = &qualityTally{}
	}
	return q.counts[at]
}

func (q *qualityRun) volumeAt(at volumePlace) *qualityTally {
	if q.volume[at] == nil {
		q.volume[at] = &qualityTally{}
	}
	return q.volume[at]
}

// keep writes the tables. A check that looked at no record is left out.
func (q *qualityRun) keep(uses []QualityUse, out *output) error {
	var checks []QualityCheck
	var counts []QualityCount
	at := slices.SortedFunc(maps.Keys(q.counts), func(a, b countPlace) int {
		return cmp.Or(a.table-b.table, a.check-b.check, a.site-b.site, a.year-b.year)
	})
	for _, x := range at {
		tally := *q.counts[x]
		t := qualityTables[x.table]
		asked := append(t.checks(q.ids, q.asOf), t.duplicate())[x.check]
		if tally.records == 0 {
			continue
		}
		if n := len(checks); n == 0 || checks[n-1].Table != t.name || checks[n-1].Check != asked.id {
			checks = append(checks, QualityCheck{len(checks), t.name, t.resource, t.records, asked.id, asked.dimension, asked.column, asked.title, asked.source, asked.of.name, asked.most})
		}
		counts = append(counts, QualityCount{Table: t.name, Check: asked.id, Site: q.siteOf(t, x.site), Year: x.year, Records: tally.records, Failing: tally.failing,
			Persons: parts64(tally.all), FailingPersons: parts64(tally.failed), PassingPersons: parts64(tally.passed)})
	}
	var volume []QualityVolume
	for _, x := range slices.SortedFunc(maps.Keys(q.volume), func(a, b volumePlace) int { return cmp.Or(a.table-b.table, a.site-b.site, a.month-b.month) }) {
		tally := *q.volume[x]
		v := QualityVolume{Table: qualityTables[x.table].name, Site: q.siteOf(qualityTables[x.table], x.site), Records: tally.records, Persons: parts64(tally.all)}
		if x.month > 0 {
			v.Month = time.Date(x.month/12, time.Month(x.month%12+1), 1, 0, 0, 0, 0, time.UTC)
		}
		volume = append(volume, v)
	}
	for table, rows := range map[string][][]any{tableQualityCheck: rows(checks), tableQualityCount: rows(counts), tableQualityVolume: rows(volume), tableQualityUse: rows(uses)} {
		if err := out.add(table, rows); err != nil {
			return err
		}
	}
	return nil
}

func parts64(persons uint64) int64 { return int64(bits.OnesCount64(persons)) }

func (q *qualityRun) siteOf(t qualityTable, site int) string {
	if site < 0 || !t.sited() { // not looked at
		return QualityAll
	}
	return q.sites[site]
}

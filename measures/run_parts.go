package measures

import (
	"context"
	"errors"

	"farr/datasets"
	"farr/internal/duck"
)

// partPersons is how many persons, or a bucket of them more, measures in SQL that tell of each person
// apart, and rates of cohorts, are computed of at a time. What is counted of parts adds up, and so
// memory is that of one part however many persons there are: dates that are shifted at rest must not
// go to a disk, so that what does not fit into memory could not be computed at all.
var partPersons int64 = 50_000

// usualRows is how many rows a person has of an extract. Where persons have fewer, data quality looks at more persons at a
// time: each part plans the same statements again, and what they hold is of rows.
const usualRows = 200

// part is the persons whose pids are in the buckets from low to high.
type part struct{ low, high int }

// buckets are the numbers of persons by bucket.
func (p *plan) buckets(ctx context.Context, db *duck.Session) (persons [datasets.Buckets]int64, err error) {
	rows, err := db.Query(ctx, "count persons", "SELECT (('0x' || left(pid::VARCHAR, 2))::INTEGER // 4)::INTEGER AS bucket, count(*) FROM "+datasets.NumberedSchema+"."+datasets.PersonTable+" GROUP BY bucket")
	if err != nil {
		return persons, err
	}
	defer rows.Close()
	for rows.Next() {
		var bucket int
		var n int64
		if err := rows.Scan(&bucket, &n); err != nil {
			return persons, err
		}
		persons[bucket] = n
	}
	return persons, rows.Err()
}

// partsOf are parts of at least so many persons each, but for the last. They are whole buckets, so that the same extract has the same
// parts.
func partsOf(persons [datasets.Buckets]int64, least int64) []part {
	list := []part{{0, datasets.Buckets - 1}}
	var held int64
	for bucket, n := range persons {
		if held >= least && n > 0 {
			list[len(list)-1].high = bucket - 1
			list, held = append(list, part{bucket, datasets.Buckets - 1}), 0
		}
		held += n
	}
	return list
}

// qualityParts are the parts of the persons that data quality looks at.
func qualityParts(persons [datasets.Buckets]int64, extract *datasets.Snapshot) []part {
	var all, rows int64
	for _, n := range persons {
		all += n
	}
	for _, t := range extract.Manifest().Tables {
		rows += t.Rows()
	}
	return partsOf(persons, max(partPersons, partPersons*usualRows*all/max(rows, 1)))
}

// split parts the measures into those that are computed of a part of the persons at a time, and
// those that SQL compares persons in, or may.
func (p *plan) split(parts []part) (apart, together []Definition) {
	for _, d := range p.measures {
		if d.PerPerson && len(parts) > 1 {
			apart = append(apart, d)
		} else {
			together = append(together, d)
		}
	}
	return apart, together
}

// inParts computes measures of one part of the persons after another. Each measure's subjects
// are one object all the same, part by part.
func (p *plan) inParts(ctx context.Context, e *engine, list []Definition, parts []part, out *output, step func()) error {
	if len(list) == 0 {
		return nil
	}
	writers := make([]*objectWriter, len(list))
	counts, gaps := make([][]Aggregate, len(list)), make([][]CareGap, len(list))
	for i := range list {
		var err error
		if writers[i], err = out.object(tableSubject); err != nil {
			return err
		}
		defer writers[i].abort()
	}
	for _, part := range parts {
		if err := datasets.Only(ctx, e.db, p.Extract, part.low, part.high); err != nil {
			return err
		}
		if err := e.again(ctx, list); err != nil {
			return err
		}
		for i, d := range list {
			step()
			if err := p.subjects(ctx, e, d, part); err != nil {
				return err
			}
			counted, err := e.counts(ctx, d)
			if err != nil {
				return err
			}
			if err := e.subjectRows(ctx, d, counted, writers[i]); err != nil {
				return err
			}
			counts[i], gaps[i] = added(counts[i], counted), append(gaps[i], e.gaps...)
		}
	}
	for i, d := range list {
		if err := writers[i].close(); err != nil {
			return err
		}
		if err := errors.Join(out.add(tableAggregate, rows(e.finish(d, counts[i]))), out.add(tableCareGap, rows(e.finishGaps(d, gaps[i])))); err != nil {
			return err
		}
	}
	return datasets.Only(ctx, e.db, p.Extract, 0, datasets.Buckets-1)
}

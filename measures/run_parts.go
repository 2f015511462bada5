package measures

import (
	"context"

	"farr/datasets"
	"farr/internal/duck"
)

// partPersons is how many persons measures in SQL are computed of at a time. What is counted of
// parts adds up, and so memory is that of one part however many persons there are.
var partPersons int64 = 200_000

// part is persons by their numbers [low, high).
type part struct{ low, high int64 }

// parts are of one size but the last, so that the same extract has the same parts.
func (p *plan) parts(ctx context.Context, db *duck.Session) ([]part, error) {
	var persons int64
	if err := db.QueryRow(ctx, "count persons", "SELECT count(*) FROM "+datasets.NumberedSchema+"."+datasets.PersonTable, &persons); err != nil {
		return nil, err
	}
	list := []part{{0, min(persons, partPersons)}}
	for len(p.measures) > 0 && list[len(list)-1].high < persons {
		low := list[len(list)-1].high
		list = append(list, part{low, min(persons, low+partPersons)})
	}
	return list, nil
}

// inParts computes the measures of one part of the persons after another. Each measure's
// subjects are one object all the same, part by part.
func (p *plan) inParts(ctx context.Context, e *engine, parts []part, out *output, step func()) error {
	writers := make([]*objectWriter, len(p.measures))
	counts := make([][]Aggregate, len(p.measures))
	for i := range p.measures {
		var err error
		if writers[i], err = out.object(tableSubject); err != nil {
			return err
		}
		defer writers[i].abort()
	}
	for _, part := range parts {
		if err := datasets.Only(ctx, e.db, part.low, part.high); err != nil {
			return err
		}
		if err := e.again(ctx, p.measures); err != nil {
			return err
		}
		for i, d := range p.measures {
			step()
			if err := e.evaluate(ctx, d); err != nil {
				return err
			}
			if err := e.subjectRows(ctx, d, writers[i]); err != nil {
				return err
			}
			counted, err := e.counts(ctx, d)
			if err != nil {
				return err
			}
			counts[i] = added(counts[i], counted)
		}
	}
	for i, d := range p.measures {
		if err := writers[i].close(); err != nil {
			return err
		}
		if err := out.add(tableAggregate, rows(e.complete(d, counts[i]))); err != nil {
			return err
		}
	}
	return datasets.Only(ctx, e.db, 0, parts[len(parts)-1].high)
}

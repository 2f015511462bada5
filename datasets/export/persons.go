package export

import (
	"context"
	"database/sql/driver"
	"sync"

	"farr/datasets"
	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// shiftDays is the greatest shift, in days, of the store and of an export.
const shiftDays = deid.ShiftDays

// exportSource stands for the source in pseudonyms of an export, and exportType for the type: they are
// of pseudonyms of the store, of which none is twice.
const exportSource, exportType = "export", "pseudonym"

// pseudonyms gives the session export_id(UUID): the export's pseudonym of one of the store's. It is the same
// for every column, and so a reference still names its row.
func pseudonyms(ctx context.Context, db *duck.Session, key *datasets.Key) error {
	pool := sync.Pool{New: func() any { return deid.NewPseudonyms(key, exportSource) }}
	return db.Function(ctx, "export_id", func(v []driver.Value) (any, error) {
		p := pool.Get().(*deid.Pseudonyms)
		defer pool.Put(p)
		id := p.Of(exportType, v[0].([]byte))
		return id[:], nil
	}, "UUID", "UUID")
}

// persons makes export.person (pid, days, delta): the persons who leave, the days from a date at rest to the true
// one, and those from a date at rest to the export's.
func persons(ctx context.Context, db *duck.Session, key *datasets.Key, shifted bool) (int64, error) {
	for _, sql := range []string{"CREATE SCHEMA export", "CREATE TABLE export.person (pid UUID, days INTEGER, delta INTEGER)"} {
		if err := db.Exec(ctx, "make persons", sql); err != nil {
			return 0, err
		}
	}
	rows, err := db.Query(ctx, "read persons", "SELECT pid, "+datasets.PersonDays+" FROM "+datasets.NumberedSchema+"."+datasets.PersonTable)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	out, err := db.Appender(ctx, "export", "person")
	if err != nil {
		return 0, err
	}
	shifts, ids := deid.NewShifter(key), deid.NewPseudonyms(key, exportSource)
	n := int64(0)
	for rows.Next() {
		var pid []byte
		var days int32
		if err := rows.Scan(&pid, &days); err != nil {
			out.Close()
			return 0, err
		}
		delta := int32(0)
		if shifted {
			delta = days - int32(shifts.Days(ids.Of(exportType, pid)))
		}
		if err := out.AppendRow(duck.UUID(pid), days, delta); err != nil {
			out.Close()
			return 0, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		out.Close()
		return 0, err
	}
	return n, out.Close()
}

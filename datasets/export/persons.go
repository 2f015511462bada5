package export

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
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

// person is one who leaves: the pseudonym in the store, and the days from a date at rest to the true one.
type person struct {
	pid  deid.ID
	days int32
}

// movedBy are the days by which the export moves each person's dates, 1 to 365. Linked patients share a
// shift, so that what passed between an event of one and an event of another stays true; they must in an export,
// too. The store does not say who is linked to whom, only that a person's shift is not of the person's own
// pseudonym. So all who have the shift that a linked one has, few by chance and the linked ones for sure, share one.
func movedBy(all []person, project, export *datasets.Key) []int32 {
	own, shifts, ids := deid.NewShifter(project), deid.NewShifter(export), deid.NewPseudonyms(export, exportSource)
	linked := map[int32]bool{}
	for _, p := range all {
		if int64(p.days) != own.Days(p.pid) {
			linked[p.days] = true
		}
	}
	moved := make([]int32, len(all))
	for i, p := range all {
		id := ids.Of(exportType, p.pid[:])
		if linked[p.days] {
			id = ids.Of("family", binary.BigEndian.AppendUint32(nil, uint32(p.days)))
		}
		moved[i] = int32(shifts.Days(id))
	}
	return moved
}

// persons makes export.person (pid, days, delta): the persons who leave, the days from a date at rest to the true
// one, and those from a date at rest to the export's.
func persons(ctx context.Context, db *duck.Session, project, export *datasets.Key, shifted bool) (int64, error) {
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
	var all []person
	for rows.Next() {
		var pid []byte
		var p person
		if err := rows.Scan(&pid, &p.days); err != nil {
			return 0, err
		}
		p.pid = deid.ID(pid)
		all = append(all, p)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	moved := make([]int32, len(all))
	if shifted {
		moved = movedBy(all, project, export)
	}
	out, err := db.Appender(ctx, "export", "person")
	if err != nil {
		return 0, err
	}
	for i, p := range all {
		if err := out.AppendRow(duck.UUID(p.pid), p.days, p.days-moved[i]); err != nil {
			out.Close()
			return 0, err
		}
	}
	return int64(len(all)), out.Close()
}

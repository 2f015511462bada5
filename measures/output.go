package measures

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/uuid"

	"farr/datasets"
)

// output writes the tables of a results snapshot into staging.
type output struct {
	staging *datasets.Staging
	rows    map[string][][]any // of the small tables, which become one object each
}

func newOutput(g *datasets.Staging) *output { return &output{g, map[string][][]any{}} }

// add keeps rows of a small table for close.
func (o *output) add(table string, rows [][]any) error {
	t, err := tableNamed(table)
	if err != nil {
		return err
	}
	o.rows[t.name] = append(o.rows[t.name], rows...)
	return nil
}

// stream writes all records of r, in their order, as one object, and releases r. No
// records make no object.
func (o *output) stream(table string, r array.RecordReader) error {
	defer r.Release()
	t, err := tableNamed(table)
	if err != nil {
		return err
	}
	var file *datasets.ObjectWriter
	var w *parquetWriter
	for r.Next() {
		if file == nil {
			if file, err = o.staging.Create(t.name, 0, lastBucket); err != nil {
				return err
			}
			defer file.Abort()
			w = newParquetWriter(file, t)
		}
		if err := w.write(r.RecordBatch()); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil || file == nil {
		return err
	}
	if err := w.close(); err != nil {
		return err
	}
	return file.Close(w.rows)
}

// lastBucket is the last of the 64 ranges of pid: results are not cut by them.
const lastBucket = 63

// close writes the small tables and says which tables there are.
func (o *output) close() ([]datasets.Table, error) {
	var tables []datasets.Table
	for _, t := range resultTables {
		tables = append(tables, datasets.Table{Name: t.name, Columns: t.columns, Objects: []datasets.Object{}})
		if len(o.rows[t.name]) == 0 {
			continue
		}
		batch := t.record(o.rows[t.name])
		defer batch.Release()
		r, err := array.NewRecordReader(batch.Schema(), []arrow.RecordBatch{batch})
		if err != nil {
			return nil, err
		}
		if err := o.stream(t.name, r); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// memberColumn is what the seals of index dates are bound to.
const memberColumn = "index"

// members keeps a cohort's entries with the rules that each passes. The index date is a
// true date of a person: where the extract's dates are shifted it is sealed, so that the
// results alone do not undo the shift.
func (p *plan) members(ctx context.Context, e *engine, d Definition, out *output) error {
	rows, err := e.db.Query(ctx, d.ID+" members", "SELECT pid, index_date, rules_passed FROM run.member ORDER BY pid, index_date")
	if err != nil {
		return err
	}
	defer rows.Close()
	var sealer *datasets.DaySealer
	if p.Extract.Manifest().Recipe[datasets.RecipeProfile] != "limited" {
		sealer = datasets.NewDaySealer(p.Key, tableMember, memberColumn)
	}
	var list [][]any
	for rows.Next() {
		var pid []byte
		var index time.Time
		var passed int64
		if err := rows.Scan(&pid, &index, &passed); err != nil {
			return err
		}
		row := []any{d.ID, uuid.UUID(pid).String(), passed, index, nil}
		if sealer != nil {
			row[3], row[4] = nil, sealer.Seal(uuid.UUID(pid), index)
		}
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return out.add(tableMember, list)
}

package measures

import (
	"context"
	"errors"
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
	w, err := o.object(table)
	if err != nil {
		r.Release()
		return err
	}
	defer w.abort()
	if err := w.all(r); err != nil {
		return err
	}
	return w.close()
}

// objectWriter writes records as one object, which begins with the first of them. It encodes
// beside its caller, who meanwhile asks for more.
type objectWriter struct {
	table   resultTable
	out     *output
	file    *datasets.ObjectWriter
	w       *parquetWriter
	waiting chan arrow.RecordBatch // nil before the first and after the last
	ended   chan error             // of the encoder, once
}

// aheadRecords is how many records a caller may be ahead of the encoder.
const aheadRecords = 64

func (o *output) object(table string) (*objectWriter, error) {
	t, err := tableNamed(table)
	return &objectWriter{table: t, out: o}, err
}

func (w *objectWriter) write(records arrow.RecordBatch) (err error) {
	if w.file == nil {
		if w.file, err = w.out.staging.Create(w.table.name, 0, datasets.Buckets-1); err != nil { // results are not cut by pids
			return err
		}
		w.w = newParquetWriter(w.file, w.table)
		w.waiting, w.ended = make(chan arrow.RecordBatch, aheadRecords), make(chan error, 1)
		go w.encode(w.waiting)
	}
	records.Retain()
	w.waiting <- records
	return nil
}

// encode writes what comes until there is no more; after an error it only takes it.
func (w *objectWriter) encode(waiting <-chan arrow.RecordBatch) {
	var err error
	for records := range waiting {
		if err == nil {
			err = w.w.write(records)
		}
		records.Release()
	}
	w.ended <- err
}

// wait ends the encoder, if it runs.
func (w *objectWriter) wait() error {
	if w.waiting == nil {
		return nil
	}
	close(w.waiting)
	w.waiting = nil
	return <-w.ended
}

// all writes all records of r, and releases it.
func (w *objectWriter) all(r array.RecordReader) error {
	defer r.Release()
	for r.Next() {
		if err := w.write(r.RecordBatch()); err != nil {
			return err
		}
	}
	return r.Err()
}

// rows writes rows of Go values.
func (w *objectWriter) rows(rows [][]any) error {
	records := w.table.record(rows)
	defer records.Release()
	return w.write(records)
}

func (w *objectWriter) close() error {
	if w.file == nil {
		return nil
	}
	if err := w.wait(); err != nil {
		return err
	}
	if err := w.w.close(); err != nil {
		return err
	}
	return w.file.Close(w.w.rows)
}

// abort drops the object; after close it does nothing.
func (w *objectWriter) abort() {
	if w.file != nil {
		w.wait()
		w.file.Abort()
	}
}

// close writes the small tables and says which tables there are.
func (o *output) close() ([]datasets.Table, error) {
	var tables []datasets.Table
	for _, t := range resultTables {
		tables = append(tables, datasets.Table{Name: t.name, Columns: t.columns, Objects: []datasets.Object{}})
		if len(o.rows[t.name]) == 0 {
			continue
		}
		w, err := o.object(t.name)
		if err != nil {
			return nil, err
		}
		defer w.abort()
		if err := errors.Join(w.rows(o.rows[t.name]), w.close()); err != nil {
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
	w, err := out.object(tableMember)
	if err != nil {
		return err
	}
	defer w.abort()
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
		if list = append(list, row); len(list) == maxRowGroup {
			if err := w.rows(list); err != nil {
				return err
			}
			list = list[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(list) > 0 {
		if err := w.rows(list); err != nil {
			return err
		}
	}
	return w.close()
}

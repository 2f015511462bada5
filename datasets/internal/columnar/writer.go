package columnar

import (
	"errors"
	"fmt"
	"io"
	"maps"

	"farr/datasets/internal/deid"
)

// The limits of an object and of a row group.
const (
	ObjectRows = 262_144
	GroupRows  = 65_536
)

// buckets is how many ranges the pseudonyms of patients fall into.
const buckets = 64

// Object is one file being written.
type Object interface {
	io.Writer
	// Finish completes the object: its number of rows and its last bucket.
	Finish(rows int64, highBucket int) error
	// Abort drops it; after Finish it does nothing.
	Abort()
}

// Config is what all objects of a run share.
type Config struct {
	// Create opens an object of a table whose first bucket is lowBucket.
	Create func(table string, lowBucket int) (Object, error)
	// Metadata stands in each object's footer.
	Metadata map[string]string
}

// Writer writes rows into the objects of their tables. It is a deid.Sink.
type Writer struct {
	config Config
	tables map[*deid.Table]*table
}

// NewWriter makes a writer.
func NewWriter(c Config) *Writer { return &Writer{c, map[*deid.Table]*table{}} }

// Row writes one row. Rows of a table come in the order of their buckets.
func (w *Writer) Row(r *deid.Row) error {
	t := w.tables[r.Table()]
	if t == nil {
		t = newTable(w.config, r.Table())
		w.tables[r.Table()] = t
	}
	if err := t.add(r); err != nil {
		return fmt.Errorf("write table %s: %w", r.Table().Name, err)
	}
	return nil
}

// Done completes a table.
func (w *Writer) Done(d *deid.Table) error {
	t := w.tables[d]
	if t == nil {
		return nil
	}
	delete(w.tables, d)
	if err := t.finish(buckets - 1); err != nil {
		return fmt.Errorf("write table %s: %w", d.Name, err)
	}
	return nil
}

// Close completes the tables that are still open.
func (w *Writer) Close() error {
	var err error
	for d := range w.tables {
		err = errors.Join(err, w.Done(d))
	}
	return err
}

// Abort drops what is not complete.
func (w *Writer) Abort() {
	for d, t := range w.tables {
		if t.object != nil {
			t.object.Abort()
		}
		delete(w.tables, d)
	}
}

// table is one table being written.
type table struct {
	config  Config
	table   *deid.Table
	owned   bool // its first column is the patient
	file    file
	object  Object
	columns []*column
	group   int   // rows in the row group
	rows    int64 // rows in the object
	low     int   // first bucket of the next object
	bucket  int   // of the newest row
}

func newTable(c Config, d *deid.Table) *table {
	t := &table{config: c, table: d, owned: d.Columns[0].Type == deid.UUID, file: file{schema: schemaOf(d)}}
	for _, column := range d.Columns {
		t.columns = append(t.columns, newColumn(column))
	}
	t.columns[0].fixed.grouped = t.owned // a patient's rows stand together
	return t
}

func (t *table) add(r *deid.Row) error {
	bucket := t.bucket
	if t.owned {
		bucket = int(r.Cell(0).Bytes[0]) * buckets / 256
	}
	if bucket != t.bucket {
		if t.rows >= ObjectRows {
			if err := t.finish(t.bucket); err != nil {
				return err
			}
		}
		t.bucket = bucket
	}
	if t.object == nil {
		if err := t.open(); err != nil {
			return err
		}
	}
	for _, i := range r.Set() {
		t.columns[i].add(t.group, r.Cell(i))
	}
	t.rows++
	if t.group++; t.group == GroupRows {
		return t.flush()
	}
	return nil
}

// flush writes the row group.
func (t *table) flush() error {
	if t.group == 0 {
		return nil
	}
	err := t.file.group(t.columns, t.group)
	for _, c := range t.columns {
		c.reset()
	}
	t.group = 0
	return err
}

func (t *table) open() (err error) {
	if t.object, err = t.config.Create(t.table.Name, t.low); err == nil {
		t.file.begin(t.object)
	}
	return err
}

// finish completes the object, if there is one.
func (t *table) finish(high int) error {
	if t.object == nil {
		return nil
	}
	err := t.flush()
	if err == nil {
		metadata := map[string]string{"farr.table": t.table.Name}
		maps.Copy(metadata, t.config.Metadata)
		err = t.file.end(metadata)
	}
	if err == nil {
		err = t.object.Finish(t.rows, high)
	}
	if err != nil {
		t.object.Abort()
	}
	t.object, t.rows, t.low = nil, 0, high+1
	return err
}

package columnar

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/deid"
)

// The limits of an object and of a row group.
const (
	ObjectRows = 262_144
	GroupRows  = 65_536
)

// batchRows are handed to Parquet at once. GroupRows is a multiple of it.
const batchRows = 512

// pageBytes is when a column's values become a page.
const pageBytes = 128 << 10

// dictionaryBytes is when a column whose values do not repeat is written plainly.
const dictionaryBytes = 512 << 10

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
	schema  *parquet.Schema
	writer  *parquet.Writer
	object  Object
	columns []column
	bytes   []byte // what the values of the batch point to
	batch   int    // rows in it
	group   int64  // rows in the row group
	rows    int64  // rows in the object
	low     int    // first bucket of the next object
	bucket  int    // of the newest row
}

type column struct {
	kind   parquet.Kind
	level  int             // definition level of a value
	values []parquet.Value // of the batch; those not set are null
	set    bool            // any of them is set
	writer *parquet.ColumnWriter
}

// clear makes all values of the batch null.
func (c *column) clear(i int) {
	null := parquet.Value{}.Level(0, 0, i)
	for n := range c.values {
		c.values[n] = null
	}
	c.set = false
}

func newTable(c Config, d *deid.Table) *table {
	t := &table{config: c, table: d, schema: schemaOf(d), columns: make([]column, len(d.Columns))}
	for i := range t.columns {
		t.columns[i].kind = nodeOf(d.Columns[i]).Type().Kind()
		t.columns[i].values = make([]parquet.Value, batchRows)
		t.columns[i].clear(i)
		if !required(d.Columns[i].Name) {
			t.columns[i].level = 1
		}
	}
	return t
}

func (t *table) add(r *deid.Row) error {
	bucket := t.bucket
	if t.table.Columns[0].Type == deid.UUID {
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
		t.set(&t.columns[i], i, r.Cell(i))
	}
	t.batch++
	t.rows++
	if t.batch == batchRows {
		return t.flush()
	}
	return nil
}

// set puts a cell into the batch. The bytes are copied, since a cell is valid only during the
// call. Each value is made where it goes: copies of a parquet.Value, of six fields,
// cost more than what is in it.
func (t *table) set(c *column, i int, cell *deid.Cell) {
	c.set = true
	switch c.kind {
	case parquet.Boolean:
		c.values[t.batch] = parquet.BooleanValue(cell.Number != 0).Level(0, c.level, i)
	case parquet.Int32:
		c.values[t.batch] = parquet.Int32Value(int32(cell.Number)).Level(0, c.level, i)
	case parquet.Int64:
		c.values[t.batch] = parquet.Int64Value(cell.Number).Level(0, c.level, i)
	default:
		at := len(t.bytes)
		t.bytes = append(t.bytes, cell.Bytes...)
		b := t.bytes[at:len(t.bytes):len(t.bytes)]
		if c.kind == parquet.FixedLenByteArray {
			c.values[t.batch] = parquet.FixedLenByteArrayValue(b).Level(0, c.level, i)
		} else {
			c.values[t.batch] = parquet.ByteArrayValue(b).Level(0, c.level, i)
		}
	}
}

// flush hands the batch to Parquet, and ends a full row group.
func (t *table) flush() error {
	for i := range t.columns {
		c := &t.columns[i]
		if _, err := c.writer.WriteRowValues(c.values[:t.batch]); err != nil {
			return err
		}
		if c.set {
			c.clear(i)
		}
	}
	t.bytes = t.bytes[:0]
	t.group += int64(t.batch)
	t.batch = 0
	if t.group == GroupRows {
		t.group = 0
		return t.writer.Flush()
	}
	return nil
}

func (t *table) open() error {
	object, err := t.config.Create(t.table.Name, t.low)
	if err != nil {
		return err
	}
	t.object = object
	if t.writer == nil {
		options := []parquet.WriterOption{
			t.schema, parquet.PageBufferSize(pageBytes), parquet.DataPageStatistics(false),
			parquet.DictionaryMaxBytes(dictionaryBytes), parquet.KeyValueMetadata("farr.table", t.table.Name),
		}
		for key, value := range t.config.Metadata {
			options = append(options, parquet.KeyValueMetadata(key, value))
		}
		t.writer = parquet.NewWriter(object, options...)
	} else {
		t.writer.Reset(object)
	}
	for i, w := range t.writer.ColumnWriters() {
		t.columns[i].writer = w
	}
	return nil
}

// finish completes the object, if there is one.
func (t *table) finish(high int) error {
	if t.object == nil {
		return nil
	}
	err := t.flush()
	if err == nil {
		err = t.writer.Close()
	}
	if err == nil {
		err = t.object.Finish(t.rows, high)
	}
	if err != nil {
		t.object.Abort()
	}
	t.object, t.rows, t.group, t.low = nil, 0, 0, high+1
	return err
}

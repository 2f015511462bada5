package measures

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// Formats that Write knows.
const (
	FormatParquet = "parquet"
	FormatCSV     = "csv"
	FormatArrow   = "arrow" // an IPC stream
)

// recordWriter takes Arrow records and ends its file in close.
type recordWriter interface {
	write(arrow.RecordBatch) error
	close() error
}

// Write writes a table of the results, ordered by its key, to w. These are exact counts and rows of persons: what leaves the house goes through a report.
func (r *Results) Write(ctx context.Context, w io.Writer, table, format string) error {
	t, err := tableNamed(table)
	if err != nil {
		return err
	}
	db, err := r.session(ctx)
	if err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	defer db.Close()
	records, err := db.QueryArrow(ctx, "write "+table, "SELECT * FROM results."+table+" ORDER BY "+t.key)
	if err != nil {
		return err
	}
	defer records.Release()
	out, err := newRecordWriter(w, t, records.Schema(), format)
	if err != nil {
		return err
	}
	for records.Next() {
		if err := out.write(records.RecordBatch()); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
	}
	if err := records.Err(); err != nil {
		return err
	}
	if err := out.close(); err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	return nil
}

func newRecordWriter(w io.Writer, t resultTable, schema *arrow.Schema, format string) (recordWriter, error) {
	switch format {
	case FormatParquet:
		return newParquetWriter(w, t), nil
	case FormatArrow:
		return arrowWriter{ipc.NewWriter(w, ipc.WithSchema(schema))}, nil
	case FormatCSV:
		return newCSVWriter(w, t)
	}
	return nil, fmt.Errorf("unknown format %q: there are %s", format, join([]string{FormatParquet, FormatCSV, FormatArrow}))
}

type arrowWriter struct{ w *ipc.Writer }

func (a arrowWriter) write(b arrow.RecordBatch) error { return a.w.Write(b) }
func (a arrowWriter) close() error                    { return a.w.Close() }

// csvWriter writes RFC 4180 with a header. Null is empty.
type csvWriter struct {
	w   *csv.Writer
	row []string
}

func newCSVWriter(w io.Writer, t resultTable) (*csvWriter, error) {
	c := &csvWriter{w: csv.NewWriter(w)}
	for _, column := range t.columns {
		c.row = append(c.row, column.Name)
	}
	return c, c.w.Write(c.row)
}

func (c *csvWriter) write(b arrow.RecordBatch) error {
	for row := range int(b.NumRows()) {
		for i := range c.row {
			c.row[i] = csvText(b.Column(i), row)
		}
		if err := c.w.Write(c.row); err != nil {
			return err
		}
	}
	return nil
}

func (c *csvWriter) close() error {
	c.w.Flush()
	return c.w.Error()
}

func csvText(column arrow.Array, row int) string {
	if column.IsNull(row) {
		return ""
	}
	switch a := column.(type) {
	case *array.String:
		return formulaSafe(a.Value(row))
	case *array.Float64:
		return strconv.FormatFloat(a.Value(row), 'f', -1, 64)
	case *array.Binary:
		return hex.EncodeToString(a.Value(row))
	default: // whole numbers, truth values and days print as themselves
		return column.ValueStr(row)
	}
}

// formulaSafe keeps a spreadsheet from running text as a formula. A site's label is
// the operator's text and may begin with anything.
func formulaSafe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

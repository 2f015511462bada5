package measures

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"farr/internal/duck"
)

// Formats of a selection.
var SQLFormats = []string{FormatCSV, FormatParquet, FormatArrow}

const selected = "FROM " + selectionSchema + "." + selectionView

// texts is a SELECT of every column as text, as the engine writes it.
func (s *Selection) texts() string {
	var columns []string
	for _, c := range s.columns {
		name := duck.QuoteName(c.Name)
		if c.Type == "BLOB" {
			columns = append(columns, "lower(hex("+name+"))")
		} else {
			columns = append(columns, "CAST("+name+" AS VARCHAR)")
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + " " + selected
}

// Rows gives the first rows as text, nil for NULL, and whether there are more than limit.
func (s *Selection) Rows(ctx context.Context, limit int) (rows [][]*string, more bool, err error) {
	err = s.each(ctx, fmt.Sprintf("%s LIMIT %d", s.texts(), limit+1), func(row []*string) error {
		if more = len(rows) == limit; !more {
			rows = append(rows, row)
		}
		return nil
	})
	return rows, more, err
}

// each reads a SELECT of texts row by row.
func (s *Selection) each(ctx context.Context, sql string, add func([]*string) error) error {
	found, err := s.session.db.Query(ctx, "selection", sql)
	if err != nil {
		return s.failed(err)
	}
	defer found.Close()
	for found.Next() {
		row := make([]*string, len(s.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return s.failed(err)
		}
		if err := add(row); err != nil {
			return err
		}
	}
	return s.failed(found.Err())
}

// Write writes all rows as CSV or as an Arrow IPC stream and tells how many there are. What was
// written before a failure has no end: an Arrow stream without one is not whole, and of CSV the
// caller must say so.
func (s *Selection) Write(ctx context.Context, w io.Writer, format string) (rows int64, err error) {
	switch format {
	case FormatCSV:
		return s.writeCSV(ctx, w)
	case FormatArrow:
		return s.writeArrow(ctx, w)
	}
	return 0, fmt.Errorf("format %q is for a file", format)
}

// writeCSV writes RFC 4180 with a header. NULL is empty. What is no number, truth value or time
// is kept from being run as a formula.
func (s *Selection) writeCSV(ctx context.Context, w io.Writer) (rows int64, err error) {
	out := csv.NewWriter(w)
	line := make([]string, len(s.columns))
	free := make([]bool, len(s.columns)) // free text
	for i, c := range s.columns {
		line[i] = formulaSafe(c.Name)
		free[i] = !plainText(c.Type)
	}
	if err := out.Write(line); err != nil {
		return 0, err
	}
	err = s.each(ctx, s.texts(), func(row []*string) error {
		rows++
		for i, v := range row {
			switch {
			case v == nil:
				line[i] = ""
			case free[i]:
				line[i] = formulaSafe(*v)
			default:
				line[i] = *v
			}
		}
		return out.Write(line)
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return rows, err
}

// plainText tells of a type whose text is a number, a truth value, a time or an id.
func plainText(kind string) bool {
	for _, plain := range []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
		"FLOAT", "DOUBLE", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "UUID"} {
		if kind == plain {
			return true
		}
	}
	return strings.HasPrefix(kind, "DECIMAL(") && !strings.HasSuffix(kind, "]")
}

func (s *Selection) writeArrow(ctx context.Context, w io.Writer) (rows int64, err error) {
	records, err := s.session.db.QueryArrow(ctx, "selection", selected)
	if err != nil {
		return 0, s.failed(err)
	}
	defer records.Release()
	out := ipc.NewWriter(w, ipc.WithSchema(records.Schema()))
	for records.Next() {
		if err := out.Write(records.RecordBatch()); err != nil {
			return rows, err
		}
		rows += records.RecordBatch().NumRows()
	}
	if err := records.Err(); err != nil {
		return rows, s.failed(err)
	}
	return rows, out.Close()
}

// WriteFile writes all rows into a new file in the session's folder, which only its owner may
// read, and tells how many there are.
func (s *Selection) WriteFile(ctx context.Context, path, format string) (rows int64, err error) {
	if format == FormatParquet {
		if rows, err = s.copyParquet(ctx, path); err != nil {
			return rows, err
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return rows, err
		}
		return rows, errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if rows, err = s.Write(ctx, f, format); err != nil {
		return rows, err
	}
	return rows, errors.Join(f.Sync(), f.Close())
}

// copyParquet has whole numbers that no Parquet type holds as DECIMAL(38,0), where the engine would
// make them DOUBLE.
func (s *Selection) copyParquet(ctx context.Context, path string) (rows int64, err error) {
	var columns []string
	for _, c := range s.columns {
		name := duck.QuoteName(c.Name)
		if c.Type == "HUGEINT" || c.Type == "UHUGEINT" {
			name = "CAST(" + name + " AS DECIMAL(38, 0)) AS " + name
		}
		columns = append(columns, name)
	}
	err = s.session.db.QueryRow(ctx, "selection", "COPY (SELECT "+strings.Join(columns, ", ")+" "+selected+") TO "+duck.Quote(path)+" (FORMAT parquet, COMPRESSION zstd)", &rows)
	return rows, s.failed(err)
}

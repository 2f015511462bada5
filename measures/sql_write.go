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

// SQLFormats are the formats of a selection.
var SQLFormats = []string{FormatCSV, FormatParquet, FormatArrow}

const selected = "FROM " + selectionSchema + "." + selectionView

// Rows gives the first rows as text, nil for NULL, and whether there are more than limit.
func (s *Selection) Rows(ctx context.Context, limit int) (rows [][]*string, more bool, err error) {
	err = s.each(ctx, fmt.Sprintf("%s %s LIMIT %d", s.texts(), selected, limit+1), func(row []*string) error {
		if more = len(rows) == limit; !more {
			rows = append(rows, row)
		}
		return nil
	})
	return rows, more, err
}

// texts selects every column as text, as the engine writes it.
func (s *Selection) texts() string {
	return s.columnsBy(func(c duck.Column, name string) string {
		if c.Type == "BLOB" {
			return "lower(hex(" + name + "))"
		}
		return "CAST(" + name + " AS VARCHAR)"
	})
}

// typed selects every column by its type; of whole numbers that no file has a type for, which the
// engine would make DOUBLE, as DECIMAL(38,0).
func (s *Selection) typed() string {
	return s.columnsBy(func(c duck.Column, name string) string {
		if c.Type == "HUGEINT" || c.Type == "UHUGEINT" {
			return "CAST(" + name + " AS DECIMAL(38, 0))"
		}
		return name
	})
}

func (s *Selection) columnsBy(value func(c duck.Column, name string) string) string {
	var columns []string
	for _, c := range s.columns {
		name := duck.QuoteName(c.Name)
		columns = append(columns, value(c, name)+" AS "+name)
	}
	return "SELECT " + strings.Join(columns, ", ")
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

// Write writes all rows as CSV or as an Arrow IPC stream and tells how many there are. They are
// held in the session's memory, so that nothing comes out of a statement that fails.
func (s *Selection) Write(ctx context.Context, w io.Writer, format string) (rows int64, err error) {
	const table = selectionSchema + ".page"
	db := s.session.db
	if err := db.Exec(ctx, "selection", "CREATE OR REPLACE TABLE "+table+" AS "+s.sqlOf(format)+" "+selected); err != nil {
		return 0, s.failed(err)
	}
	p := pages{from: table, number: "rowid"}
	if err = db.QueryRow(ctx, "count", "SELECT count(*) FROM "+table, &p.rows); err == nil {
		err = s.writePages(ctx, w, format, p)
	}
	return p.rows, errors.Join(err, db.Exec(context.WithoutCancel(ctx), "drop", "DROP TABLE "+table))
}

// WriteFile writes all rows into a new file in the session's folder, which only its owner may read,
// and tells how many there are. Of rows on their way memory holds a page, whatever they are.
func (s *Selection) WriteFile(ctx context.Context, path, format string) (rows int64, err error) {
	file := path
	if format != FormatParquet {
		file += ".part"
		defer os.Remove(file)
	}
	err = s.session.db.QueryRow(ctx, "selection", "COPY ("+s.sqlOf(format)+" "+selected+") TO "+duck.Quote(file)+" (FORMAT parquet, COMPRESSION zstd)", &rows)
	if err != nil {
		return 0, s.failed(err)
	}
	flags := os.O_RDWR
	if format != FormatParquet {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if format != FormatParquet {
		p := pages{from: "read_parquet(" + duck.Quote(file) + ", file_row_number = true)", number: "file_row_number", rows: rows}
		if err := s.writePages(ctx, f, format, p); err != nil {
			return 0, err
		}
	}
	return rows, errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
}

// sqlOf selects what a format is made of.
func (s *Selection) sqlOf(format string) string {
	if format == FormatCSV {
		return s.texts()
	}
	return s.typed()
}

// pageRows is how many rows are read at a time: a row group as the engine writes it, so that a page
// is read and nothing beside it.
const pageRows = 122_880

// pages are rows that lie ready, by their number from 0.
type pages struct {
	from, number string
	rows         int64
}

func (p pages) where(first int64) string {
	return fmt.Sprintf(" FROM %s WHERE %s >= %d AND %s < %d", p.from, p.number, first, p.number, first+pageRows)
}

func (s *Selection) writePages(ctx context.Context, w io.Writer, format string, p pages) error {
	if format == FormatCSV {
		return s.writeCSV(ctx, w, p)
	}
	return s.writeArrow(ctx, w, p)
}

// writeCSV writes RFC 4180 with a header. NULL is empty. What is no number, truth value or time
// is kept from being run as a formula.
func (s *Selection) writeCSV(ctx context.Context, w io.Writer, p pages) error {
	out := csv.NewWriter(w)
	line, free, names := make([]string, len(s.columns)), make([]bool, len(s.columns)), make([]string, len(s.columns))
	for i, c := range s.columns {
		line[i], free[i], names[i] = formulaSafe(c.Name), !plainText(c.Type), duck.QuoteName(c.Name)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for first := int64(0); first < p.rows; first += pageRows {
		s.session.done.Report("write", first, p.rows)
		err := s.each(ctx, "SELECT "+strings.Join(names, ", ")+p.where(first)+" ORDER BY "+p.number, func(row []*string) error {
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
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
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

// writeArrow writes an Arrow IPC stream.
func (s *Selection) writeArrow(ctx context.Context, w io.Writer, p pages) error {
	var names []string
	for _, c := range s.columns {
		names = append(names, duck.QuoteName(c.Name))
	}
	var out *ipc.Writer
	page := func(first int64) error {
		records, err := s.session.db.QueryArrow(ctx, "selection", "SELECT "+strings.Join(names, ", ")+p.where(first)+" ORDER BY "+p.number)
		if err != nil {
			return s.failed(err)
		}
		defer records.Release()
		if out == nil {
			out = ipc.NewWriter(w, ipc.WithSchema(records.Schema()))
		}
		for records.Next() {
			if err := out.Write(records.RecordBatch()); err != nil {
				return err
			}
		}
		return s.failed(records.Err())
	}
	// The first page also of no rows: it has the schema.
	for first := int64(0); first == 0 || first < p.rows; first += pageRows {
		s.session.done.Report("write", first, p.rows)
		if err := page(first); err != nil {
			return err
		}
	}
	return out.Close()
}

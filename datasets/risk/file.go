package risk

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"farr/internal/duck"
	"farr/internal/source"
)

// FileOptions are how a file of rows is measured.
type FileOptions struct {
	Quasi     []string // columns that a stranger may know
	Sensitive string   // column; may be empty
	Also      []int64  // further k whose share of records below is wanted
	TempDir   string   // private folder for what does not fit in memory
}

// MeasureFile is the residual risk of a table in a file: *.parquet, or delimited text with a line of names. The
// delimiter is the one of , ; tab | that the first line has most of. Values are compared as they are
// written; an empty field is a missing value.
func MeasureFile(ctx context.Context, path string, o FileOptions) (*Report, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(full); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if len(o.Quasi) == 0 {
		return nil, errors.New("no quasi-identifiers: name the columns that a stranger may know")
	}
	db, err := duck.Open(ctx, duck.Config{TempDir: o.TempDir, AllowedDirs: []string{filepath.Dir(full)}})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	f := rows{path: path, full: full}
	if err := f.describe(ctx, db); err != nil {
		return nil, err
	}
	if err := f.check(o); err != nil {
		return nil, err
	}
	r, err := table{from: f.sql, quasi: o.Quasi, sensitive: o.Sensitive}.measure(ctx, db, o.Also...)
	var engine *duck.Error
	if err != nil && f.delimiter != 0 && errors.As(err, &engine) {
		// The engine's text would quote a row. Reading the file again says where it is wrong.
		if mistakes := f.mistakes(ctx); mistakes != nil {
			return nil, mistakes
		}
	}
	if err != nil {
		return nil, fmt.Errorf("risk of %s: %w", path, err)
	}
	if r.Records == 0 {
		return nil, f.wrong("no-rows", 1, 1, "there are no rows, and so no risk to measure", "")
	}
	return r, nil
}

// rows is a file of rows.
type rows struct {
	path, full string
	sql        string // what reads it
	columns    []string
	delimiter  rune // 0 for Parquet
}

func (f *rows) describe(ctx context.Context, db *duck.Session) error {
	if strings.EqualFold(filepath.Ext(f.path), ".parquet") {
		f.sql = "read_parquet([" + duck.Quote(f.full) + "], hive_partitioning = false)"
		found, err := db.Query(ctx, "columns of the file", "SELECT column_name FROM (DESCRIBE SELECT * FROM "+f.sql+")")
		if err != nil {
			return f.wrong("bad-parquet", 0, 0, "it is not a Parquet file that can be read", "")
		}
		defer found.Close()
		for found.Next() {
			var name string
			if err := found.Scan(&name); err != nil {
				return err
			}
			f.columns = append(f.columns, name)
		}
		return found.Err()
	}
	if err := f.readNames(); err != nil {
		return err
	}
	var columns []string
	for _, name := range f.columns {
		columns = append(columns, duck.Quote(name)+": 'VARCHAR'")
	}
	f.sql = fmt.Sprintf(`read_csv([%s], auto_detect = false, header = true, delim = %s, quote = '"', escape = '"', columns = {%s})`,
		duck.Quote(f.full), duck.Quote(string(f.delimiter)), strings.Join(columns, ", "))
	return nil
}

// readNames takes the delimiter and the names from the first line.
func (f *rows) readNames() error {
	in, err := os.Open(f.full)
	if err != nil {
		return err
	}
	defer in.Close()
	line, err := bufio.NewReader(io.LimitReader(in, 1<<20)).ReadString('\n')
	line = strings.TrimRight(strings.TrimPrefix(line, "\ufeff"), "\r\n")
	if err != nil && err != io.EOF || line == "" {
		return f.wrong("no-header", 1, 1, "the first line has no names of columns", "")
	}
	f.delimiter = ','
	for _, d := range ",;\t|" {
		if strings.Count(line, string(d)) > strings.Count(line, string(f.delimiter)) {
			f.delimiter = d
		}
	}
	r := f.reader(strings.NewReader(line))
	if f.columns, err = r.Read(); err != nil {
		return f.wrong("bad-header", 1, 1, "the names of columns are not well quoted", "")
	}
	seen := map[string]bool{}
	for _, name := range f.columns {
		if name = strings.ToLower(name); name == "" || seen[name] {
			return f.wrong("bad-header", 1, 1, "a column has no name, or one that another has", "")
		}
		seen[name] = true
	}
	return nil
}

func (f *rows) reader(in io.Reader) *csv.Reader {
	r := csv.NewReader(in)
	r.Comma, r.ReuseRecord = f.delimiter, true
	return r
}

// check finds every column asked for that is not there.
func (f *rows) check(o FileOptions) error {
	var wrong source.Diagnostics
	for i, name := range append(slices.Clone(o.Quasi), o.Sensitive) {
		flag := "--quasi"
		if i == len(o.Quasi) {
			flag = "--sensitive"
		}
		switch {
		case flag == "--sensitive" && name == "":
		case !slices.Contains(f.columns, name):
			// Without a heading the first line is a row, so that its words are not told.
			hint := fmt.Sprintf("the first line has the names of the columns, of which there are %d", len(f.columns))
			wrong = append(wrong, source.Diagnostic{Pos: source.Pos{File: f.path, Line: 1, Column: 1}, Code: "unknown-column", Message: fmt.Sprintf("%s: no column %q", flag, name), Hint: hint})
		case slices.Contains(o.Quasi[:i], name):
			wrong = append(wrong, source.Diagnostic{Pos: source.Pos{File: f.path, Line: 1, Column: 1}, Code: "duplicate-column", Message: fmt.Sprintf("%s: column %q is named already", flag, name)})
		}
	}
	return wrong.Err()
}

func (f *rows) wrong(code string, line, column int, message, hint string) error {
	return source.Diagnostic{Pos: source.Pos{File: f.path, Line: line, Column: column}, Code: code, Message: message, Hint: hint}
}

// mistakesListed is how many lines of a file are named that cannot be read.
const mistakesListed = 20

// mistakes reads the file once more, for the places where it is no table. No value is told.
func (f *rows) mistakes(ctx context.Context) error {
	in, err := os.Open(f.full)
	if err != nil {
		return err
	}
	defer in.Close()
	r := f.reader(bufio.NewReaderSize(in, 1<<20))
	r.FieldsPerRecord = len(f.columns)
	var wrong source.Diagnostics
	for n := 0; len(wrong) < mistakesListed; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		_, err := r.Read()
		var parse *csv.ParseError
		switch {
		case err == io.EOF:
			return wrong.Err()
		case errors.As(err, &parse):
			message := "the line is not well quoted"
			if errors.Is(err, csv.ErrFieldCount) {
				message = fmt.Sprintf("the line has not the %d fields of the first", len(f.columns))
			}
			wrong = append(wrong, source.Diagnostic{Pos: source.Pos{File: f.path, Line: parse.Line, Column: max(1, parse.Column)}, Code: "bad-line", Message: message})
		case err != nil:
			return err
		}
	}
	return wrong.Err()
}

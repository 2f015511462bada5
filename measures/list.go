package measures

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"farr/internal/source"
)

var (
	listName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)
	systemURI = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$`)
)

var listHeader = []string{"system", "code", "description"}

// lists reads every value list of a folder; a folder that is not there has none.
func (l *loader) lists(r root, dir string) map[string]ValueList {
	lists := map[string]ValueList{}
	files, err := fs.Glob(r.fsys, path.Join(dir, "*.csv"))
	if err != nil {
		panic(err) // the pattern is constant
	}
	for _, file := range files {
		display, data, err := r.file(file)
		if err != nil {
			l.report(source.Pos{File: display}, "unreadable-list", "the file cannot be read", "")
			continue
		}
		name := strings.TrimSuffix(path.Base(file), ".csv")
		if !listName.MatchString(name) {
			l.report(source.Pos{File: display}, "bad-list-name", fmt.Sprintf("%q is no name of a list", name), "small letters, digits and underscores, as SQL will read it")
			continue
		}
		list, diags := parseValueList(display, name, data)
		l.diags = append(l.diags, diags...)
		// A list with mistakes still exists: its users should not be told that it does not.
		lists[name] = list
	}
	references, err := fs.Glob(r.fsys, path.Join(dir, "*.yaml"))
	if err != nil {
		panic(err) // as above
	}
	for _, file := range references {
		name := strings.TrimSuffix(path.Base(file), ".yaml")
		display := path.Join(r.dir, file)
		switch _, twice := lists[name]; {
		case !listName.MatchString(name):
			l.report(source.Pos{File: display}, "bad-list-name", fmt.Sprintf("%q is no name of a list", name), "small letters, digits and underscores, as SQL will read it")
		case twice:
			l.report(source.Pos{File: display}, "duplicate-list", fmt.Sprintf("list %q is written as CSV, too", name), "keep one")
		default:
			lists[name] = l.reference(r, file, name)
		}
	}
	return lists
}

// parseValueList reads a CSV of system, code and description.
func parseValueList(file, name string, data []byte) (ValueList, source.Diagnostics) {
	var diags source.Diagnostics
	list := ValueList{Name: name}
	report := func(line, column int, code, message, hint string) {
		diags = append(diags, source.Diagnostic{Pos: source.Pos{File: file, Line: line, Column: column}, Code: code, Message: message, Hint: hint})
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	r.FieldsPerRecord = -1
	first := map[Code]int{}
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			if n == 0 {
				report(1, 1, "bad-list-header", "the file is empty", "begin with "+strings.Join(listHeader, ","))
			}
			break
		}
		if broken := (*csv.ParseError)(nil); errors.As(err, &broken) {
			report(broken.Line, broken.Column, "bad-csv", broken.Err.Error(), `a field with a comma or a quote goes in quotes, a quote is doubled`)
			break // what follows a broken quote is guesswork
		}
		line, _ := r.FieldPos(0)
		if n == 0 {
			if !slices.Equal(row, listHeader) {
				report(line, 1, "bad-list-header", "the columns are not "+strings.Join(listHeader, ","), "")
				break
			}
			continue
		}
		if len(row) != len(listHeader) {
			report(line, 1, "bad-list-row", fmt.Sprintf("%d fields, expected %d", len(row), len(listHeader)), "")
			continue
		}
		at := func(i int) int { _, column := r.FieldPos(i); return column }
		if !systemURI.MatchString(row[0]) {
			report(line, at(0), "bad-system", fmt.Sprintf("%q is no URI", row[0]), "a system is written as in FHIR, such as http://loinc.org")
			continue
		}
		if row[1] == "" || row[1] != strings.TrimSpace(row[1]) {
			report(line, at(1), "bad-code", fmt.Sprintf("%q is no code", row[1]), "")
			continue
		}
		if strings.TrimSpace(row[2]) == "" {
			report(line, at(2), "missing-description", "a code needs a description in words", "")
		}
		c := Code{System: row[0], Code: row[1]}
		if earlier, ok := first[c]; ok {
			report(line, at(1), "duplicate-code", fmt.Sprintf("%s is on line %d already", c.Code, earlier), "")
			continue
		}
		first[c] = line
		c.Description = row[2]
		list.Codes = append(list.Codes, c)
	}
	if len(diags) == 0 && len(list.Codes) == 0 {
		report(1, 1, "empty-list", "the list has no codes", "")
	}
	list.Hash = list.hash()
	return list, diags
}

// hash is the same for lists with the same codes, in whatever order and words.
func (l ValueList) hash() string {
	var lines []string
	for _, c := range l.Codes {
		lines = append(lines, c.System+"\x00"+c.Code+"\n")
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}

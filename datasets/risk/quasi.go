package risk

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
	"farr/internal/source"
)

//go:embed quasi.txt
var quasiText string

// quasi is a quasi-identifier of a snapshot.
type quasi struct {
	name, table, column, as string
	profiles                []string
}

// event is where a table of events has its code.
type event struct{ table, column string }

// declared reads quasi.txt.
func declared() (all []quasi, events []event, err error) {
	profiles := []string{"shifted", "limited", "safe-harbor"}
	number := 0
	for line := range strings.Lines(quasiText) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		switch {
		case len(f) == 3 && f[0] == "event":
			events = append(events, event{f[1], f[2]})
		case len(f) == 8:
			q := quasi{name: f[0], table: f[1], column: f[2], as: f[3]}
			for i, p := range profiles {
				if f[4+i] == "yes" {
					q.profiles = append(q.profiles, p)
				}
			}
			all = append(all, q)
		default:
			return nil, nil, fmt.Errorf("quasi.txt:%d: neither a quasi-identifier of 8 fields nor an event of 3", number)
		}
	}
	return all, events, nil
}

// sql is the column of a table that a quasi-identifier comes from, in a schema; ok is false where the
// snapshot has none.
func (q quasi) sql(sn *datasets.Snapshot) (value string, ok bool) {
	t, there := sn.Table(q.table)
	if !there || !t.Has(q.column) {
		return "", false
	}
	column := "p." + duck.QuoteName(q.column)
	kind, of, _ := strings.Cut(q.as, " ")
	switch kind {
	case "day":
		return "CAST(" + column + " AS DATE)", true
	case "year":
		if i := slices.IndexFunc(t.Columns, func(c datasets.Column) bool { return c.Name == q.column }); t.Columns[i].Type == datasets.Int32 {
			return column, true
		}
		return "year(" + column + ")", true
	case "code": // all codes of the extension that a person has, in order, since a second race is as telling as the first
		return "(SELECT string_agg(DISTINCT e." + duck.QuoteName(q.column) + ", ' ' ORDER BY e." + duck.QuoteName(q.column) + ") FROM " + schema + "." + q.table +
			" e WHERE e.rid = p.rid AND e.url = " + duck.Quote(of) + ")", true
	default:
		return column, true
	}
}

// choose are the quasi-identifiers of a snapshot: those named, or all that its profile declares and it has.
func choose(sn *datasets.Snapshot, profile string, names []string) ([]quasi, error) {
	all, _, err := declared()
	if err != nil {
		return nil, err
	}
	var known []string
	var chosen []quasi
	for _, q := range all {
		if _, there := q.sql(sn); !there {
			continue
		}
		known = append(known, q.name)
		if len(names) == 0 && slices.Contains(q.profiles, profile) || slices.Contains(names, q.name) {
			chosen = append(chosen, q)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, unknown("quasi-identifier", name, known)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("profile %q declares no quasi-identifier that the snapshot has", profile)
	}
	return chosen, nil
}

// unknown refuses a name that a person gave.
func unknown(what, name string, known []string) error {
	hint := source.DidYouMean(name, known)
	if hint == "" {
		hint = "there are " + strings.Join(known, ", ")
	}
	return source.Diagnostic{Pos: source.Pos{File: "--quasi"}, Code: "unknown-column", Message: fmt.Sprintf("no %s %q", what, name), Hint: hint}
}

// Field is a quasi-identifier that a snapshot has, and where it is.
type Field struct {
	Name, Table, Column string
	URL                 string // of the extension rows that have it; empty for a column
	profiles            []string
}

// Of says whether a profile declares it.
func (f Field) Of(profile string) bool { return slices.Contains(f.profiles, profile) }

// Fields are the quasi-identifiers of quasi.txt that a snapshot has.
func Fields(sn *datasets.Snapshot) ([]Field, error) {
	all, _, err := declared()
	if err != nil {
		return nil, err
	}
	var fields []Field
	for _, q := range all {
		if _, there := q.sql(sn); there {
			f := Field{Name: q.name, Table: q.table, Column: q.column, profiles: q.profiles}
			if url, ok := strings.CutPrefix(q.as, "code "); ok {
				f.URL = url
			}
			fields = append(fields, f)
		}
	}
	return fields, nil
}

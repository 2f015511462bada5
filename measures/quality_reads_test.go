package measures

import (
	"slices"
	"testing"
)

// TestReadsOfViews: of every view that SQL of definitions can name it is known which tables and columns stand
// behind it, by names that the extract has.
func TestReadsOfViews(t *testing.T) {
	export, key := newExport(t)
	s := newStudy(t, export, key, "shifted")
	views, err := Views(t.Context(), s.store, s.extract, key)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	for _, v := range views {
		for _, c := range v.Columns {
			columns[v.Name] = append(columns[v.Name], c.Name)
		}
	}
	for _, name := range authoredNames() {
		if _, isView := columns[name]; !isView {
			continue // a macro reads what it is given
		}
		if _, ok := preparedReads[name]; !ok {
			t.Errorf("nothing is known of what stands behind the view %s", name)
		}
	}
	for name, reads := range preparedReads {
		for _, r := range reads {
			for column, of := range r.columns {
				if name != "initial_population" && !slices.Contains(columns[name], column) {
					t.Errorf("the view %s has no column %s", name, column)
				}
				r.always = append(r.always, of)
			}
			for _, c := range r.always {
				if !slices.Contains(columns[r.table], c) {
					t.Errorf("the view %s is said to read %s.%s, which is not there", name, r.table, c)
				}
			}
		}
	}
	for _, q := range qualityTables {
		if _, ok := s.extract.Table(q.name); !ok {
			t.Errorf("the extract has no table %s", q.name)
		}
		named := []string{q.link, q.provider, q.date, q.second, q.end, q.code}
		for _, e := range q.elements {
			named = append(named, e.column)
		}
		for _, c := range named {
			if c != "" && !slices.Contains(columns[q.name], c) {
				t.Errorf("%s has no column %s", q.name, c)
			}
		}
	}
}

// TestReadsOfSQL: a definition reads what its words name, and not what a comment does.
func TestReadsOfSQL(t *testing.T) {
	got := readsOf("SELECT pid, moment -- of immunized\nFROM result WHERE code IN (FROM list_x)")
	if len(got) != 1 || !got["observation"]["effective_start"] || !got["observation"]["status"] || got["observation"]["value_num"] {
		t.Errorf("reads %v", got)
	}
}

package measures

import (
	"bytes"
	"testing"
)

// Computed of thirty persons at a time, all tables say what they say of all at once.
func TestParts(t *testing.T) {
	export, key := newExport(t)
	tables := func() map[string]string {
		_, results := newStudy(t, export, key, "shifted").run(t, nil)
		out := map[string]string{}
		for _, table := range resultTables {
			var b bytes.Buffer
			if err := results.Write(t.Context(), &b, table.name, FormatCSV); err != nil {
				t.Fatal(err)
			}
			out[table.name] = b.String()
		}
		return out
	}
	whole := tables()
	defer func(n int64) { partPersons = n }(partPersons)
	partPersons = 30
	for table, got := range tables() {
		if got != whole[table] {
			t.Errorf("%s in parts is %d bytes, and %d as a whole, or other ones", table, len(got), len(whole[table]))
		}
		if (table == tableSubject || table == tableAggregate || table == tableMember || table == tableQualityCount) && len(got) < 1000 {
			t.Errorf("there is nothing in %s", table)
		}
	}
}

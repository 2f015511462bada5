package measures

import (
	"bytes"
	"slices"
	"testing"

	"farr/datasets"
)

func evenly(persons int64) (buckets [datasets.Buckets]int64) {
	for i := range buckets {
		buckets[i] = persons
	}
	return buckets
}

// Parts are whole buckets that hold together everybody once, and each at least so many but the last.
func TestPartsOf(t *testing.T) {
	some := evenly(0)
	some[3], some[40] = 30, 29
	for name, c := range map[string]struct {
		persons [datasets.Buckets]int64
		least   int64
		want    []part
	}{
		"nobody":          {evenly(0), 30, []part{{0, 63}}},
		"fewer":           {evenly(1), 100, []part{{0, 63}}},
		"as many":         {evenly(10), 320, []part{{0, 31}, {32, 63}}},
		"with empty ones": {some, 30, []part{{0, 39}, {40, 63}}},
		"more in each":    {evenly(10), 210, []part{{0, 20}, {21, 41}, {42, 62}, {63, 63}}},
	} {
		if got := partsOf(c.persons, c.least); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Computed of thirty persons at a time, all tables say what they say of all at once.
func TestParts(t *testing.T) {
	export, key := newExport(t)
	tables := func(of study) map[string]string {
		_, results := of.run(t, nil)
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
	whole := tables(newStudy(t, export, key, "shifted"))
	defer func(n int64) { partPersons = n }(partPersons)
	partPersons = 30
	parted := newStudy(t, export, key, "shifted")
	if parts := qualityParts(evenly(4), parted.extract); len(parts) < 3 {
		t.Errorf("data quality looks at %d parts", len(parts))
	}
	for table, got := range tables(parted) {
		if got != whole[table] {
			t.Errorf("%s in parts is %d bytes, and %d as a whole, or other ones", table, len(got), len(whole[table]))
		}
		if (table == tableSubject || table == tableAggregate || table == tableMember || table == tableQualityCount) && len(got) < 1000 {
			t.Errorf("there is nothing in %s", table)
		}
	}
}

package datasets

import (
	"fmt"
	"slices"
	"strings"

	"farr/internal/duck"
)

// Scan is the SELECT of a table's rows as at rest, of all in which a person of the buckets from low to high may be, both among
// them: whole objects are left out, and no row for its person. An empty or unknown table has no rows. Call Check before.
func (sn *Snapshot) Scan(table string, low, high int) string {
	t, _ := sn.Table(table)
	return sn.scanSQL(t, func(o Object) bool { return o.LowBucket <= high && o.HighBucket >= low })
}

// scanSQL reads those objects of a table that some function takes, with the manifest's schema: every column is
// named and typed here, so that a file cannot bring columns of its own. Casts to
// the type that a file has already cost nothing. Without objects it gives no rows.
//
// It is the one place that knows what tombstones mean. Objects with the same tombstones above them are read
// together, so that a table without any is read as one.
func (sn *Snapshot) scanSQL(t Table, takes func(Object) bool) string {
	columns := func(value func(name string) string) string {
		var list []string
		for _, c := range t.Columns {
			list = append(list, fmt.Sprintf("CAST(%s AS %s) AS %s", value(duck.QuoteName(c.Name)), sqlTypes[c.Type], duck.QuoteName(c.Name)))
		}
		return "SELECT " + strings.Join(list, ", ")
	}
	var parts []string
	for _, layer := range layers(t, takes) {
		sql := columns(func(name string) string { return "t." + name }) + " FROM " + readParquet(sn.paths(layer.objects)...) + " t"
		if len(layer.above) > 0 {
			sql += " WHERE NOT EXISTS (SELECT 1 FROM " + readParquet(sn.paths(layer.above)...) + " d WHERE d.rid = t.rid)"
		}
		parts = append(parts, sql)
	}
	if len(parts) == 0 {
		return columns(func(string) string { return "NULL" }) + " WHERE false"
	}
	return strings.Join(parts, " UNION ALL ")
}

// scanObject is the part of a table that stands in one of its objects.
func (sn *Snapshot) scanObject(t Table, o Object) string {
	return sn.scanSQL(t, func(other Object) bool { return other.SHA256 == o.SHA256 && other.Sequence == o.Sequence })
}

// layer is objects of a table, and the tombstones that their rows are held against.
type layer struct{ objects, above []Object }

// layers puts the objects of a table together that have the same tombstones above them, the oldest first.
func layers(t Table, takes func(Object) bool) (all []layer) {
	byAbove := map[int]*layer{}
	for _, o := range t.Objects {
		if takes != nil && !takes(o) {
			continue
		}
		above := above(t, o)
		l := byAbove[len(above)]
		if l == nil {
			l = &layer{above: above}
			byAbove[len(above)] = l
		}
		l.objects = append(l.objects, o)
	}
	for _, l := range byAbove {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b layer) int { return len(b.above) - len(a.above) })
	return all
}

// above are the tombstones of a table that are about rows of an object.
func above(t Table, o Object) (above []Object) {
	for _, d := range t.Tombstones {
		if d.Sequence > o.Sequence {
			above = append(above, d)
		}
	}
	return above
}

// deadSQL says of the rid of a row in an object whether the row is dead.
func (sn *Snapshot) deadSQL(t Table, o Object) string {
	above := above(t, o)
	if len(above) == 0 {
		return "false"
	}
	return "rid IN (SELECT rid FROM " + readParquet(sn.paths(above)...) + ")"
}

func readParquet(paths ...string) string {
	var quoted []string
	for _, p := range paths {
		quoted = append(quoted, duck.Quote(p))
	}
	return "read_parquet([" + strings.Join(quoted, ", ") + "], hive_partitioning = false)"
}

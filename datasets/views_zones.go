package datasets

import (
	"fmt"
	"slices"
	"strings"

	"farr/datasets/internal/deid"
)

// findZones finds the zone of each source. Where all have one, nothing asks for the source of a row.
func (v *viewer) findZones() error {
	for _, s := range v.sn.sources() {
		at := slices.IndexFunc(v.zones, func(z *deid.Zone) bool { return z.Name() == s.Zone })
		if at < 0 {
			zone, err := deid.LoadZone(s.Zone)
			if err != nil {
				return err
			}
			at, v.zones = len(v.zones), append(v.zones, zone)
		}
		v.zoneOf[s.Name] = v.zones[at]
	}
	return nil
}

// sourceColumn is the source of a row, where sourceSQL joined it.
const sourceColumn = "z.source"

// sourceSQL joins the source of each row of a table t as z, where sources have different zones and the table has dates.
// It stands in the main table, which a row of a child table has its rid of. Observable time is in days, which are of no zone.
func (v *viewer) sourceSQL(t Table, prefix string) string {
	if len(v.zones) == 1 || len(dateElements(t)) == 0 || !t.Has("rid") {
		return ""
	}
	return fmt.Sprintf(" JOIN (SELECT rid, source FROM %s%s) z ON z.rid = t.rid", prefix, v.mainOf(t))
}

// mainOf is the name of the main table of a table: what it begins with, and has a source.
func (v *viewer) mainOf(t Table) string {
	main := t.Name
	for _, m := range v.sn.manifest.Tables {
		if m.Has("source") && strings.HasPrefix(t.Name, m.Name+"_") && (!t.Has("source") && (main == t.Name || len(m.Name) > len(main))) {
			main = m.Name
		}
	}
	return main
}

package datasets

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// sqlTypes are the engine's names of the types at rest.
var sqlTypes = map[Type]string{
	UUID: "UUID", Varchar: "VARCHAR", Boolean: "BOOLEAN", Int32: "INTEGER", Int64: "BIGINT", Double: "DOUBLE",
	Decimal: "DECIMAL(28,8)", Timestamp: "TIMESTAMP", Date: "DATE", Blob: "BLOB",
}

// dateElements are the columns of a table that are date elements: a timestamp
// with its precision beside it.
func dateElements(t Table) []string {
	var elements []string
	for _, c := range t.Columns {
		if c.Type == Timestamp && t.Has(c.Name+"_prec") {
			elements = append(elements, c.Name)
		}
	}
	return elements
}

// sealedElements are the date elements that may be sealed and are to be opened. Other
// seals (lastUpdated) are read by nobody and stay closed.
func (v *viewer) sealedElements(t Table) []string {
	return slices.DeleteFunc(dateElements(t), func(x string) bool { return !t.Has(x+"_seal") || v.closed(t, x) })
}

// closed is whether an element is sealed in every row and nobody asked for it.
func (v *viewer) closed(t Table, x string) bool {
	name := t.Name + "." + x
	return v.shifted && name == ObservationIssued && !slices.Contains(v.asked, name)
}

// rowKey are the columns that name a row.
func rowKey(t Table) []string {
	var key []string
	for _, name := range []string{"rid", "pid", "ordinal"} {
		if t.Has(name) && (name != "pid" || !t.Has("rid")) {
			key = append(key, name)
		}
	}
	return key
}

// viewSQL is the SELECT of a table's keyed view: t is the table at rest, s the
// person's shift, o the opened seals.
func (v *viewer) viewSQL(t Table) string {
	var columns []string
	add := func(value, name string) { columns = append(columns, value+" AS "+duck.QuoteName(name)) }
	dates := dateElements(t)
	for _, c := range t.Columns {
		quoted := "t." + duck.QuoteName(c.Name)
		element, isPrec := strings.CutSuffix(c.Name, "_prec")
		switch {
		case c.Type == Blob || v.closed(t, strings.TrimSuffix(c.Name, "_prec")):
		case t.Name == "observation_period" && !v.years && slices.Contains(dates, c.Name):
			add("CAST("+v.wall(t, c.Name)+" AS DATE)", c.Name)
		case t.Name == "observation_period" && !v.years && isPrec:
		case t.Name == "patient" && c.Name == "birth_date":
			add("CAST("+v.wall(t, c.Name)+" AS DATE)", c.Name)
		case slices.Contains(dates, c.Name):
			add(v.wall(t, c.Name), c.Name)
		case isPrec && slices.Contains(dates, element):
			add(quoted, c.Name)
			add(v.low(t, element), element+"_lo")
			add(v.high(t, element), element+"_hi")
		case c.Name == "label":
			add("coalesce("+quoted+", "+siteName+")", c.Name)
		default:
			add(quoted, c.Name)
		}
	}
	from := "keyed.raw_" + t.Name + " t" + v.sourceSQL(t, "keyed.raw_")
	if t.Has("pid") {
		from += " JOIN keyed.person s ON s.pid = t.pid"
		add("s."+PersonNumber, PersonNumber)
	}
	if len(v.opened[t.Name]) > 0 {
		var on []string
		for _, k := range rowKey(t) {
			on = append(on, "o."+k+" = t."+k)
		}
		from += " LEFT JOIN keyed.opened_" + t.Name + " o ON " + strings.Join(on, " AND ")
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + from
}

// wall is the true local wall time of a date element's lower bound.
func (v *viewer) wall(t Table, x string) string {
	open := "t." + duck.QuoteName(x)
	if v.shifted && t.Has("pid") {
		open = "(" + open + " + to_days(s.days))"
	}
	if slices.Contains(v.opened[t.Name], x) {
		return "coalesce(o." + duck.QuoteName(x) + ", " + open + ")"
	}
	return open
}

// low is the lower bound in UTC. Where the zone does not give the offset back, the
// value was sealed with it, so an open value always converts without doubt.
func (v *viewer) low(t Table, x string) string {
	utc := v.utc(t, v.wall(t, x))
	if slices.Contains(v.opened[t.Name], x) {
		return "coalesce(o." + duck.QuoteName(x+"_lo") + ", " + utc + ")"
	}
	return utc
}

// high is the upper bound in UTC: one millisecond before the next unit of the
// precision. Days and longer are counted on the local clock, because a day of
// changing clocks has 23 or 25 hours. A time to the second is exact: seconds and
// milliseconds are one decimal (CQL 1.5, "Comparing Dates and Times").
func (v *viewer) high(t Table, x string) string {
	prec := "t." + duck.QuoteName(x+"_prec")
	return fmt.Sprintf(`CASE WHEN %[1]s <= 3
    THEN %[2]s - INTERVAL 1 MILLISECOND
    ELSE %[3]s + CASE %[1]s WHEN 4 THEN INTERVAL 59999 MILLISECOND ELSE INTERVAL 0 MILLISECOND END END`,
		prec,
		v.utc(t, v.wall(t, x)+" + CASE "+prec+" WHEN 1 THEN INTERVAL 1 YEAR WHEN 2 THEN INTERVAL 1 MONTH ELSE INTERVAL 1 DAY END"),
		v.low(t, x))
}

// utc is a local wall time in UTC. Years of observable time are a person's and of no source: they are read in the first zone.
func (v *viewer) utc(t Table, wall string) string {
	if len(v.zones) == 1 || !t.Has("rid") {
		return utcIn(v.zones[0], wall)
	}
	// Each branch has a constant zone, which the engine reads once.
	sql := "(CASE"
	for _, zone := range v.zones {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(v.zoneOf)) {
			if v.zoneOf[name] == zone {
				names = append(names, duck.Quote(name))
			}
		}
		sql += " WHEN " + sourceColumn + " IN (" + strings.Join(names, ", ") + ") THEN " + utcIn(zone, wall)
	}
	return sql + " END)"
}

func utcIn(zone *deid.Zone, wall string) string {
	if zone.Name() == "UTC" {
		return "(" + wall + ")"
	}
	return "make_timestamp(epoch_us(timezone(" + duck.Quote(zone.Name()) + ", " + wall + ")))"
}

// siteName is what a place without a label is called: the first digits of its pseudonym.
const siteName = `'site-' || left(CAST(t.rid AS VARCHAR), 8)`

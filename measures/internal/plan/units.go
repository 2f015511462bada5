package plan

import (
	"slices"
	"strings"
)

// unit is a unit's kind and its size in the kind's base unit.
type unit struct {
	kind string
	size string
}

// units are the units that quantities of one kind are converted between. Mass and
// amount of a substance are of different kinds, so that mg/dL and mmol/L give null.
var units = map[string]unit{
	"g": {"mass", "1000000.0"}, "mg": {"mass", "1000.0"}, "ug": {"mass", "1.0"}, "mcg": {"mass", "1.0"}, "kg": {"mass", "1000000000.0"}, "[lb_av]": {"mass", "453592370.0"}, "[oz_av]": {"mass", "28349523.125"},
	"cm": {"length", "10.0"}, "mm": {"length", "1.0"}, "m": {"length", "1000.0"}, "[in_i]": {"length", "25.4"},
	"mg/dL": {"mass/volume", "1.0"}, "g/dL": {"mass/volume", "1000.0"}, "g/L": {"mass/volume", "100.0"}, "mg/L": {"mass/volume", "0.1"}, "ug/dL": {"mass/volume", "0.001"}, "ug/mL": {"mass/volume", "0.1"}, "ng/mL": {"mass/volume", "0.0001"},
	"mmol/L": {"amount/volume", "1.0"}, "meq/L": {"charge/volume", "1.0"}, "mEq/L": {"charge/volume", "1.0"},
	"mL": {"volume", "1.0"}, "L": {"volume", "1000.0"},
	"mm[Hg]": {"pressure", "1.0"},
	"year":   {"months", "12.0"}, "a": {"months", "12.0"}, "month": {"months", "1.0"}, "mo": {"months", "1.0"},
	"week": {"time", "604800.0"}, "wk": {"time", "604800.0"}, "day": {"time", "86400.0"}, "d": {"time", "86400.0"}, "hour": {"time", "3600.0"}, "h": {"time", "3600.0"},
	"years": {"months", "12.0"}, "months": {"months", "1.0"}, "weeks": {"time", "604800.0"}, "days": {"time", "86400.0"}, "hours": {"time", "3600.0"}, "minutes": {"time", "60.0"}, "seconds": {"time", "1.0"},
	"minute": {"time", "60.0"}, "min": {"time", "60.0"}, "second": {"time", "1.0"}, "s": {"time", "1.0"},
	"/min": {"rate", "1.0"}, "{Beats}/min": {"rate", "1.0"}, "{beats}/min": {"rate", "1.0"}, "{breaths}/min": {"rate", "1.0"},
	"1": {"one", "1.0"}, "{score}": {"one", "1.0"}, "[score]": {"one", "1.0"}, "%": {"percent", "1.0"},
}

// unitNamed is a unit by its code. An annotation alone, as {INR}, is the unit 1 (UCUM 2.1,
// section 12).
func unitNamed(code string) (unit, bool) {
	if strings.HasPrefix(code, "{") && strings.IndexByte(code, '}') == len(code)-1 {
		return units["1"], true
	}
	u, known := units[code]
	return u, known
}

// convertTo is a quantity's number in a unit; null where the units do not convert.
func convertTo(q qtyV, target string) string {
	if q.unit == quote(target) {
		return q.num
	}
	to, known := unitNamed(target)
	if isConst(q.unit) {
		from, ok := unitNamed(strings.Trim(q.unit, "'"))
		switch {
		case !ok || !known || from.kind != to.kind:
			return "NULL::DOUBLE"
		case from.size == to.size:
			return q.num
		}
		return "(" + q.num + " * " + from.size + " / " + to.size + ")"
	}
	var same []string
	other := ""
	for _, name := range sortedUnits {
		u := units[name]
		if name == target || !known || u.kind != to.kind {
			continue
		}
		if u.size == to.size {
			same = append(same, quote(name))
		} else {
			other += " WHEN " + quote(name) + " THEN " + q.num + " * " + u.size + " / " + to.size
		}
	}
	same = append([]string{quote(target)}, same...)
	have := "coalesce(" + q.unit + ", '1')"
	if to.kind == "one" {
		have = "regexp_replace(" + have + ", '^[{][^}]*[}]$', '1')"
		if !slices.Contains(same, "'1'") {
			same = append(same, "'1'")
		}
	}
	sql := "CASE " + have
	for _, s := range same {
		sql += " WHEN " + s + " THEN " + q.num
	}
	return sql + other + " END"
}

// commonUnit gives both numbers in one unit.
func commonUnit(a, b qtyV) (string, string) {
	switch {
	case a.unit == b.unit:
		return a.num, b.num
	case isConst(b.unit):
		return convertTo(a, strings.Trim(b.unit, "'")), b.num
	case isConst(a.unit):
		return a.num, convertTo(b, strings.Trim(a.unit, "'"))
	}
	return "CASE WHEN coalesce(" + a.unit + ", '1') = coalesce(" + b.unit + ", '1') THEN " + a.num + " END", b.num
}

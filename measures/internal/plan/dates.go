package plan

import (
	"fmt"
	"strings"

	"farr/measures/internal/elm"
)

const (
	minDate = "TIMESTAMP '0001-01-01 00:00:00'"
	maxDate = "TIMESTAMP '9999-12-31 23:59:59.999'"
)

// partial is a date of a known lower bound and precision. One to the second is exact:
// seconds and milliseconds are one decimal (CQL 1.5, "Comparing Dates and Times").
func partial(lo, prec string, date bool) dateV {
	span := map[string]string{"1": "INTERVAL 1 YEAR", "2": "INTERVAL 1 MONTH", "3": "INTERVAL 1 DAY", "4": "INTERVAL 1 MINUTE"}[prec]
	if span == "" {
		return dateV{lo, lo, "6", date}
	}
	return dateV{lo, "(" + lo + " + " + span + " - INTERVAL 1 MILLISECOND)", prec, date}
}

// precisions are CQL's names, as DuckDB's parts of a date and farr's numbers.
var precisions = map[string]struct {
	part  string
	level int
}{"Year": {"year", 1}, "Month": {"month", 2}, "Day": {"day", 3}, "Hour": {"hour", 4}, "Minute": {"minute", 4}, "Second": {"second", 5}, "Millisecond": {"millisecond", 6}}

func trunc(part, sql string) string { return "date_trunc('" + part + "', " + sql + ")" }

func calendarUnit(u string) string {
	switch u {
	case "a", "years":
		return "year"
	case "mo", "months":
		return "month"
	case "wk", "weeks":
		return "week"
	case "d", "days":
		return "day"
	case "h", "hours":
		return "hour"
	case "min", "minutes":
		return "minute"
	case "s", "seconds":
		return "second"
	case "ms", "milliseconds":
		return "millisecond"
	case "":
		return "1"
	}
	return u
}

// shift adds a quantity of calendar time to a timestamp.
func shift(sql string, q qtyV, sign string) string {
	if isNullLit(sql) {
		return "NULL::TIMESTAMP"
	}
	unit := strings.Trim(q.unit, "'")
	if isConst(q.unit) && isConst(q.num) && !strings.Contains(q.num, ".") {
		return fmt.Sprintf("(%s %s INTERVAL %s %s)", sql, sign, q.num, strings.ToUpper(calendarUnit(unit)))
	}
	n := "CAST(trunc(" + q.num + ") AS BIGINT)"
	if isConst(q.unit) {
		f := map[string]string{"year": "to_years(CAST(%s AS INTEGER))", "month": "to_months(CAST(%s AS INTEGER))", "week": "to_days(7 * CAST(%s AS INTEGER))", "day": "to_days(CAST(%s AS INTEGER))",
			"hour": "to_hours(%s)", "minute": "to_minutes(%s)", "second": "to_seconds(%s)", "millisecond": "to_milliseconds(%s)"}[calendarUnit(unit)]
		if f == "" {
			return "NULL::TIMESTAMP"
		}
		return "(" + sql + " " + sign + " " + fmt.Sprintf(f, n) + ")"
	}
	return fmt.Sprintf(`CASE WHEN %[4]s IN ('a', 'year') THEN %[1]s %[2]s to_years(CAST(%[3]s AS INTEGER)) WHEN %[4]s IN ('mo', 'month') THEN %[1]s %[2]s to_months(CAST(%[3]s AS INTEGER)) WHEN %[4]s IN ('wk', 'week') THEN %[1]s %[2]s to_days(7 * CAST(%[3]s AS INTEGER)) WHEN %[4]s IN ('d', 'day') THEN %[1]s %[2]s to_days(CAST(%[3]s AS INTEGER)) WHEN %[4]s IN ('h', 'hour') THEN %[1]s %[2]s to_hours(%[3]s) WHEN %[4]s IN ('min', 'minute') THEN %[1]s %[2]s to_minutes(%[3]s) END`,
		sql, sign, n, q.unit)
}

// duration counts whole calendar units from a to b.
func duration(part, a, b string) string {
	count := func(a, b string) string {
		switch part {
		case "year":
			return fmt.Sprintf("(year(%[2]s) - year(%[1]s) - CASE WHEN strftime(%[2]s, '%%m%%d%%H%%M%%S%%f') < strftime(%[1]s, '%%m%%d%%H%%M%%S%%f') THEN 1 ELSE 0 END)", a, b)
		case "month":
			return fmt.Sprintf("(date_diff('month', %[1]s, %[2]s) - CASE WHEN strftime(%[2]s, '%%d%%H%%M%%S%%f') < strftime(%[1]s, '%%d%%H%%M%%S%%f') THEN 1 ELSE 0 END)", a, b)
		}
		ms := map[string]string{"week": "604800000", "day": "86400000", "hour": "3600000", "minute": "60000", "second": "1000", "millisecond": "1"}[part]
		return fmt.Sprintf("((epoch_ms(%[2]s) - epoch_ms(%[1]s)) // %[3]s)", a, b, ms)
	}
	if part == "year" || part == "month" {
		return fmt.Sprintf("CASE WHEN %[1]s <= %[2]s THEN %[3]s ELSE -%[4]s END", a, b, count(a, b), count(b, a))
	}
	return count(a, b)
}

func (f *frame) dates(n *elm.Node, e *env) value {
	var ops []value
	for _, o := range n.Operand {
		ops = append(ops, f.bind(plainValue(f.value(o, e))))
	}
	part := strings.ToLower(n.Precision)
	switch n.Type {
	case "Start", "End":
		i, ok := ops[0].(intervalV)
		if !ok {
			break
		}
		p, unk := i.s, i.sUnk
		if n.Type == "End" {
			p, unk = i.e, i.eUnk
		}
		if unk == "false" {
			return p
		}
		return mapLeaves(p, func(s string) string { return caseOf([]string{not(truth(unk))}, []string{s}) })
	case "DateFrom":
		d, ok := ops[0].(dateV)
		if !ok {
			break
		}
		lo := trunc("day", d.lo)
		if d.lo == d.hi || d.prec == "3" {
			return partial(f.bindSQL(lo, "day"), "3", true)
		}
		return dateV{lo, "(" + trunc("day", d.hi) + " + INTERVAL 86399999 MILLISECOND)", "least(" + d.prec + ", 3)", true}
	case "DurationBetween", "CalculateAgeAt":
		a, ok1 := ops[0].(dateV)
		b, ok2 := ops[1].(dateV)
		if ok1 && ok2 {
			lo := duration(part, a.lo, b.lo)
			if (a.lo == a.hi || a.prec == "3") && (b.lo == b.hi || b.prec == "3") || part == "year" || part == "month" && false {
				return numV{f.bindSQL(lo, part+"s"), true}
			}
			return numV{f.bindSQL(lo, part+"s"), true}
		}
	case "DifferenceBetween":
		a, ok1 := ops[0].(dateV)
		b, ok2 := ops[1].(dateV)
		if ok1 && ok2 {
			return numV{"date_diff('" + part + "', " + a.lo + ", " + b.lo + ")", true}
		}
	case "DateTimeComponentFrom":
		if d, ok := ops[0].(dateV); ok {
			return numV{"date_part('" + part + "', " + d.lo + ")", true}
		}
	}
	for _, o := range ops {
		if _, ok := o.(nullV); ok {
			return nullV{}
		}
	}
	if len(ops) == 2 {
		return f.g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(ops[0]), typeName(ops[1]))
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(ops[0]))
}

// plainValue takes a choice with one alternative that can be a time as that.
func plainValue(v value) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	if len(c.alts) == 1 {
		return c.alts[0].v
	}
	return v
}

// interval normalises an interval's ends: closed, at the type's ends where a
// closed boundary is null, uncertain where an open one is.
func (f *frame) interval(n *elm.Node, e *env) value {
	flag := func(b *bool, x *elm.Node) string {
		if x != nil {
			return truth(f.bool(x, e))
		}
		if b != nil && !*b {
			return "false"
		}
		return "true"
	}
	low, high := f.bind(plainValue(f.value(n.Low, e))), f.bind(plainValue(f.value(n.High, e)))
	return f.g.makeInterval(low, high, flag(n.LowClosed, n.LowClosedExpression), flag(n.HighClosed, n.HighClosedExpression), func(msg string) { f.g.fail(e, n, "%s", msg) })
}

func (g *gen) makeInterval(low, high value, lowClosed, highClosed string, fail func(string)) value {
	both := g.unify([]value{low, high})
	low, high = both[0], both[1]
	nn := or(notNull(low), notNull(high))
	switch l := low.(type) {
	case nullV:
		return intervalV{nullV{}, nullV{}, "NULL::BOOLEAN", "NULL::BOOLEAN", "false"}
	case dateV:
		h := high.(dateV)
		if l == h && lowClosed == "true" && highClosed == "true" {
			return intervalV{l, h, "false", "false", nn}
		}
		step := func(d dateV, sign, x string) string {
			if isNullLit(x) {
				return x
			}
			if d.prec == "3" || d.date {
				return "(" + x + " " + sign + " INTERVAL 1 DAY)"
			}
			if d.lo == d.hi {
				return "(" + x + " " + sign + " INTERVAL 1 MILLISECOND)"
			}
			return "(" + x + " " + sign + " CASE WHEN " + d.prec + " <= 3 THEN INTERVAL 1 DAY ELSE INTERVAL 1 MILLISECOND END)"
		}
		end := func(d dateV, closed, edge, sign, other string, low bool) (dateV, string) {
			there := notNull(d)
			unk := and(not(there), not(closed))
			lo := caseOf([]string{and(there, closed), there, and(nn, or(closed, boolText(low))), nn}, []string{d.lo, step(d, sign, d.lo), edge, other})
			hi := caseOf([]string{and(there, closed), there, and(nn, or(closed, boolText(!low))), nn}, []string{d.hi, step(d, sign, d.hi), edge, other})
			if d.lo == d.hi && unk == "false" {
				hi = lo
			}
			prec := d.prec
			if !isConst(prec) {
				prec = "coalesce(" + prec + ", 6)"
			}
			return dateV{lo, hi, prec, d.date}, unk
		}
		s, sUnk := end(l, lowClosed, minDate, "+", h.hi, true)
		en, eUnk := end(h, highClosed, maxDate, "-", l.lo, false)
		return intervalV{s, en, sUnk, eUnk, nn}
	case numV:
		h := high.(numV)
		stepBy := "1"
		if !l.integer {
			stepBy = "0.00000001"
		}
		s, sUnk := endNum(l.sql, notNull(l), lowClosed, "-2147483648", "+ "+stepBy, nn)
		en, eUnk := endNum(h.sql, notNull(h), highClosed, "2147483647", "- "+stepBy, nn)
		return intervalV{numV{s, l.integer}, numV{en, h.integer}, sUnk, eUnk, nn}
	case qtyV:
		h := high.(qtyV)
		s, sUnk := endNum(l.num, notNull(l), lowClosed, "-1e20", "+ 0.00000001", nn)
		en, eUnk := endNum(h.num, notNull(h), highClosed, "1e20", "- 0.00000001", nn)
		lu, hu := l.unit, h.unit
		if isNullLit(lu) {
			lu = hu
		}
		if isNullLit(hu) {
			hu = lu
		}
		return intervalV{qtyV{s, lu}, qtyV{en, hu}, sUnk, eUnk, nn}
	}
	fail("intervals of " + typeName(low) + " are not supported")
	return nullV{}
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func endNum(x, there, closed, edge, step, nn string) (string, string) {
	unk := and(not(there), not(closed))
	return caseOf([]string{and(there, closed), there, nn}, []string{x, "(" + x + " " + step + ")", edge}), unk
}

package plan

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"farr/measures/internal/elm"
)

func (f *frame) literal(n *elm.Node, e *env) value {
	switch n.Type {
	case "Null":
		return nullV{}
	case "Quantity":
		if !literals["Decimal"].MatchString(n.Text) {
			return f.g.fail(e, n, "the quantity's value is no Decimal")
		}
		return qtyV{number(n.Text), text(calendarUnit(n.Unit))}
	case "MinValue", "MaxValue":
		greatest := n.Type == "MaxValue"
		switch n.ValueType {
		case "DateTime", "Date":
			t := minDate
			if greatest {
				t = maxDate
			}
			if n.ValueType == "DateTime" {
				return dateV{lo: t, prec: whole(6)}
			}
			return f.bind(partial(truncated("day", t), 3, true))
		case "Time":
			if greatest {
				return dateV{lo: maxTime, prec: whole(6), time: true}
			}
			return dateV{lo: minTime, prec: whole(6), time: true}
		case "Integer", "Long", "Decimal":
			x := numV{integer: n.ValueType != "Decimal", long: n.ValueType == "Long"}
			least, end := x.ends()
			if x.num = least; greatest {
				x.num = end
			}
			return x
		case "Boolean", "String", "Code", "Concept":
			return f.g.fail(e, n, "%s has no least and no greatest value", n.ValueType)
		}
	case "Literal":
		// A text of a file becomes a number of the program only when it is one.
		if form := literals[n.ValueType]; form != nil && !form.MatchString(n.Text) {
			return f.g.fail(e, n, "the literal is no %s", n.ValueType)
		}
		switch n.ValueType {
		case "Boolean":
			return boolV{boolean(n.Text == "true")}
		case "Integer":
			return f.wholeLiteral(n, e, numV{num: number(n.Text), integer: true})
		case "Long":
			return f.wholeLiteral(n, e, numV{num: number(n.Text), integer: true, long: true})
		case "Decimal":
			if _, fraction, _ := strings.Cut(n.Text, "."); len(strings.TrimRight(fraction, "0")) > 8 {
				return f.g.fail(e, n, "a Decimal has at most 8 places behind the point")
			}
			return numV{num: number(n.Text)}
		case "String":
			if strings.ContainsRune(n.Text, 0) {
				return f.g.fail(e, n, "the literal has a character that no text may have")
			}
			return strV{text(n.Text)}
		}
	case "Date", "DateTime", "Time":
		// An author who writes the offset 0 means what the measurement period means by it, which
		// has that offset too: the local clock.
		if offset, ok := f.value(n.TimezoneOffset, e).(numV); ok && !isZero(offset.num) {
			return f.g.fail(e, n, "a %s with an offset is not supported: dates are compared on the local clock", n.Type)
		}
		return f.dateLiteral(n, e)
	}
	return f.g.fail(e, n, "%s of type %s is not supported", n.Type, n.ValueType)
}

// literals are the forms of literals (CQL 1.5, "Literals"): at most 28 digits before the
// point and 8 behind it.
var literals = map[string]*regexp.Regexp{
	"Boolean": regexp.MustCompile(`^(true|false)$`),
	"Integer": regexp.MustCompile(`^-?[0-9]{1,10}$`),
	"Long":    regexp.MustCompile(`^-?[0-9]{1,19}$`),
	"Decimal": regexp.MustCompile(`^-?[0-9]{1,28}(\.[0-9]{1,28})?$`),
}

func isZero(x expr) bool { return isConst(x) && strings.Trim(x.text(), "0.") == "" }

// wholeLiteral is an Integer or a Long that its type has.
func (f *frame) wholeLiteral(n *elm.Node, e *env, v numV) value {
	x, ok := new(big.Int).SetString(n.Text, 10)
	if least, greatest := v.ends(); !ok || !within(x, least, greatest) {
		return f.g.fail(e, n, "the literal is beyond the range of %s", n.ValueType)
	}
	v.num = number(x.String())
	return v
}

// The ends of Integer, Long and Decimal (CQL 1.5, "MinValue", "MaxValue").
var (
	minInteger, maxInteger = number("-2147483648"), number("2147483647")
	minLong, maxLong       = number("-9223372036854775808"), number("9223372036854775807")
	minDecimal, maxDecimal = number("-99999999999999999999.99999999"), number("99999999999999999999.99999999")
)

// ends are the least and the greatest of a number's type.
func (n numV) ends() (least, greatest expr) {
	switch {
	case n.long:
		return minLong, maxLong
	case n.integer:
		return minInteger, maxInteger
	}
	return minDecimal, maxDecimal
}

// dateLiteral is a Date or DateTime of the parts that are written.
func (f *frame) dateLiteral(n *elm.Node, e *env) value {
	prec := 0.0
	first := []int{1, 1, 1, 0, 0, 0, 0}
	if n.Type == "Time" {
		first[0] = 1970
	}
	var parts []expr
	known := true
	for i, x := range []*elm.Node{n.Year, n.Month, n.Day, n.Hour, n.Minute, n.Second, n.Millisecond} {
		part := whole(first[i])
		if v, ok := certain(f.value(x, e)).(numV); ok && !isNull(v.num) {
			part, prec = v.num, []float64{1, 2, 3, toHour, 4, 5, 6}[i]
			known = known && isConst(part)
		}
		parts = append(parts, part)
	}
	typ := dateV{date: n.Type == "Date", time: n.Type == "Time"}
	switch {
	case prec == 0:
		return shapeOf(typeName(typ))
	case known && !isMoment(parts):
		return f.g.fail(e, n, "there is no such %s", n.Type)
	}
	d := partial(apply(opTimestamp, parts...), prec, typ.date)
	d.time = typ.time
	return f.bind(d)
}

// isMoment is whether there is a moment of such parts, between the years 1 and 9999.
func isMoment(parts []expr) bool {
	var p [7]int
	for i, x := range parts {
		p[i], _ = strconv.Atoi(x.text())
	}
	at := time.Date(p[0], time.Month(p[1]), p[2], p[3], p[4], p[5], p[6]*1e6, time.UTC)
	return p[0] >= 1 && p[0] <= 9999 && at.Month() == time.Month(p[1]) && at.Day() == p[2] && at.Hour() == p[3] && at.Minute() == p[4] && at.Second() == p[5] && at.Nanosecond() == p[6]*1e6
}

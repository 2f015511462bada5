package plan

import (
	"regexp"
	"strconv"
	"strings"

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
		case "Integer":
			if greatest {
				return numV{num: maxInteger, integer: true}
			}
			return numV{num: minInteger, integer: true}
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
			// The least Integer comes as the negation of one more than the greatest.
			if i, err := strconv.ParseInt(n.Text, 10, 64); err != nil || i > 1<<31 || i < -1<<31 {
				return f.g.fail(e, n, "the literal is beyond the range of Integer")
			}
			return numV{num: number(n.Text), integer: true}
		case "Decimal", "Long":
			return numV{num: number(n.Text)}
		case "String":
			if strings.ContainsRune(n.Text, 0) {
				return f.g.fail(e, n, "the literal has a character that no text may have")
			}
			return strV{text(n.Text)}
		}
	case "Date", "DateTime":
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

// The ends of Integer (CQL 1.5, "MinValue", "MaxValue").
var minInteger, maxInteger = number("-2147483648"), number("2147483647")

// dateLiteral is a Date or DateTime of the parts that are written.
func (f *frame) dateLiteral(n *elm.Node, e *env) value {
	prec := 0
	var parts []expr
	for i, x := range []*elm.Node{n.Year, n.Month, n.Day, n.Hour, n.Minute, n.Second, n.Millisecond} {
		part := whole([]int{1, 1, 1, 0, 0, 0, 0}[i])
		if x != nil {
			if v, ok := certain(f.value(x, e)).(numV); ok {
				part, prec = v.num, []int{1, 2, 3, 4, 4, 5, 6}[i]
			}
		}
		parts = append(parts, part)
	}
	return f.bind(partial(apply(opTimestamp, parts...), prec, n.Type == "Date"))
}

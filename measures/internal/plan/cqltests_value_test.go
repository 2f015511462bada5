package plan_test

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"farr/measures/internal/elm"
)

// Values of CQL as texts that are equal when the values are the same: of one type, one precision and
// one unit, lists in order. Both sides are written without the compiler's own equality. Intervals are
// written by their ends, closed; seconds and milliseconds are one decimal, as CQL compares them
// (CQL 1.5, "Comparing Dates and Times"); a number that is uncertain is the interval of what it may be.

// cqlBetween stands between the elements of a list of a define.
const cqlBetween = "\x1f"

func cqlList(list []string) string {
	if len(list) == 0 {
		return "{}"
	}
	return "{" + cqlBetween + strings.Join(list, cqlBetween) + cqlBetween + "}"
}

// cqlNumber is a number without what says nothing of it.
func cqlNumber(typ, text string) string {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return typ + " not a number: " + text
	}
	if typ == "Integer" || typ == "Long" {
		return typ + " " + r.RatString()
	}
	s := r.FloatString(28)
	return typ + " " + strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// cqlMoment is a point in time by its parts: year, month, day, hour, minute, seconds, of which it
// has as many as it is precise.
func cqlMoment(typ string, at time.Time, parts int) string {
	layouts := []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15", "2006-01-02T15:04", "2006-01-02T15:04:05.000"}
	text := at.Format(layouts[parts-1])
	if typ == "Time" {
		_, text, _ = strings.Cut(text, "T")
	}
	return typ + " " + text
}

// cqlPoint is a point of an interval while it is written.
type cqlPoint struct {
	typ   string
	text  string // of a number
	unit  string
	at    time.Time
	parts int
}

func (p cqlPoint) String() string {
	switch p.typ {
	case "Date", "DateTime", "Time":
		return cqlMoment(p.typ, p.at, p.parts)
	case "Quantity":
		return cqlNumber(p.typ, p.text) + " '" + p.unit + "'"
	}
	return cqlNumber(p.typ, p.text)
}

// beside is the point after p, or the one before it (CQL 1.5, "Successor", "Predecessor").
func (p cqlPoint) beside(by int) cqlPoint {
	switch p.typ {
	case "Date", "DateTime", "Time":
		switch p.parts {
		case 1:
			p.at = p.at.AddDate(by, 0, 0)
		case 2:
			p.at = p.at.AddDate(0, by, 0)
		case 3:
			p.at = p.at.AddDate(0, 0, by)
		default:
			p.at = p.at.Add(time.Duration(by) * []time.Duration{time.Hour, time.Minute, time.Millisecond}[p.parts-4])
		}
		return p
	}
	step := big.NewRat(int64(by), 1)
	if p.typ == "Decimal" || p.typ == "Quantity" {
		step = big.NewRat(int64(by), 100_000_000)
	}
	r, _ := new(big.Rat).SetString(p.text)
	p.text = r.Add(r, step).FloatString(8)
	return p
}

// cqlEdge is the end of a type (CQL 1.5, "MinValue", "MaxValue").
func cqlEdge(p cqlPoint, high bool) cqlPoint {
	pick := func(low, top string) string {
		if high {
			return top
		}
		return low
	}
	switch p.typ {
	case "Integer":
		p.text = pick("-2147483648", "2147483647")
	case "Long":
		p.text = pick("-9223372036854775808", "9223372036854775807")
	case "Decimal", "Quantity":
		p.text = pick("-99999999999999999999.99999999", "99999999999999999999.99999999")
	case "Date", "DateTime":
		p.at, p.parts = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), map[string]int{"Date": 3, "DateTime": 6}[p.typ]
		if high {
			p.at = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
		}
	case "Time":
		p.at, p.parts = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), 6
		if high {
			p.at = time.Date(1970, 1, 1, 23, 59, 59, 999e6, time.UTC)
		}
	}
	return p
}

// writtenCQL is the value that ELM of literals and selectors says.
func writtenCQL(n *elm.Node) (string, error) {
	switch n.Type {
	case "Null":
		return "null", nil
	case "As":
		return writtenCQL(n.Operand[0])
	case "List":
		var list []string
		for _, x := range n.Element {
			s, err := writtenCQL(x)
			if err != nil {
				return "", err
			}
			list = append(list, s)
		}
		return cqlList(list), nil
	case "Tuple":
		var list []string
		for _, x := range n.Element {
			s, err := writtenCQL(x.Value)
			if err != nil {
				return "", err
			}
			list = append(list, x.Name+": "+s)
		}
		return "Tuple{" + strings.Join(list, ", ") + "}", nil
	case "Interval":
		return writtenInterval(n)
	case "Literal":
		if n.ValueType == "String" {
			return "String '" + n.Text + "'", nil
		}
		if n.ValueType == "Boolean" {
			return "Boolean " + n.Text, nil
		}
	}
	p, err := writtenPoint(n)
	if err != nil {
		return "", err
	}
	return p.String(), nil
}

// writtenPoint is a number, a quantity or a point in time.
func writtenPoint(n *elm.Node) (p cqlPoint, err error) {
	switch n.Type {
	case "Literal":
		return cqlPoint{typ: n.ValueType, text: n.Text}, nil
	case "Negate":
		p, err = writtenPoint(n.Operand[0])
		p.text = strings.TrimPrefix("-"+p.text, "--")
		return p, err
	case "ToDecimal", "ToLong":
		p, err = writtenPoint(n.Operand[0])
		p.typ = strings.TrimPrefix(n.Type, "To")
		return p, err
	case "Quantity":
		unit := n.Unit
		if unit == "" {
			unit = "1"
		}
		return cqlPoint{typ: "Quantity", text: n.Text, unit: unit}, nil
	case "Date", "DateTime", "Time":
		p = cqlPoint{typ: n.Type}
		parts := []int{1, 1, 1, 0, 0, 0, 0}
		if n.Type == "Time" {
			parts[0], p.parts = 1970, 3
		}
		for i, x := range []*elm.Node{n.Year, n.Month, n.Day, n.Hour, n.Minute, n.Second, n.Millisecond} {
			if x == nil {
				continue
			}
			if _, err := fmt.Sscan(x.Text, &parts[i]); err != nil {
				return p, err
			}
			p.parts = min(i+1, 6)
		}
		if o := n.TimezoneOffset; o != nil && strings.Trim(o.Text, "0.") != "" {
			return p, fmt.Errorf("an offset")
		}
		p.at = time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], parts[6]*1e6, time.UTC)
		return p, nil
	}
	return p, fmt.Errorf("%s is no literal", n.Type)
}

// writtenInterval is an interval by its closed ends. An open end that is null is unknown, a closed one
// the type's own.
func writtenInterval(n *elm.Node) (string, error) {
	isNull := func(x *elm.Node) bool {
		return x == nil || x.Type == "Null" || x.Type == "As" && x.Operand[0].Type == "Null"
	}
	var like cqlPoint
	for _, x := range []*elm.Node{n.Low, n.High} {
		if isNull(x) {
			continue
		}
		var err error
		if like, err = writtenPoint(x); err != nil {
			return "", err
		}
	}
	end := func(x *elm.Node, closed, high bool) (string, error) {
		switch {
		case isNull(x) && !closed:
			return "unknown", nil
		case isNull(x):
			return cqlEdge(like, high).String(), nil
		}
		p, err := writtenPoint(x)
		if err == nil && !closed {
			p = p.beside(map[bool]int{true: -1, false: 1}[high])
		}
		return p.String(), err
	}
	low, err := end(n.Low, n.LowClosed == nil || *n.LowClosed, false)
	if err != nil {
		return "", err
	}
	high, err := end(n.High, n.HighClosed == nil || *n.HighClosed, true)
	return "Interval[" + low + ", " + high + "]", err
}

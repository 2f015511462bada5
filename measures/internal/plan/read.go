package plan

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readers read a value from a text that is known beforehand; false where it is none (CQL 1.5, "ToBoolean" and
// so on). No value at all is one that farr does not have: a DateTime with an offset.
var readers = map[string]func(string) (value, bool){
	"ToBoolean":  readBoolean,
	"ToInteger":  func(s string) (value, bool) { return readWhole(s, numV{integer: true}) },
	"ToLong":     func(s string) (value, bool) { return readWhole(s, numV{integer: true, long: true}) },
	"ToDecimal":  readDecimal,
	"ToQuantity": readQuantity,
	"ToDate":     func(s string) (value, bool) { return readMoment(s, dateForm, dateV{date: true}) },
	"ToDateTime": func(s string) (value, bool) { return readMoment(s, dateForm, dateV{}) },
	"ToTime":     func(s string) (value, bool) { return readMoment("1970-01-01"+withT(s), timeForm, dateV{time: true}) },
}

func readBoolean(s string) (value, bool) {
	s = strings.ToLower(s)
	yes := slices.Contains([]string{"true", "t", "yes", "y", "1"}, s)
	return boolV{boolean(yes)}, yes || slices.Contains([]string{"false", "f", "no", "n", "0"}, s)
}

var wholeForm = regexp.MustCompile(`^[+-]?[0-9]+$`)

func readWhole(s string, like numV) (value, bool) {
	if !wholeForm.MatchString(s) {
		return nil, false
	}
	x, _ := new(big.Int).SetString(strings.TrimPrefix(s, "+"), 10)
	least, greatest := like.ends()
	like.num = number(x.String())
	return like, within(x, least, greatest)
}

// decimalForm is a Decimal as text: at most 28 digits, of which 8 behind the point.
var decimalForm = regexp.MustCompile(`^[+-]?[0-9]{1,20}(\.[0-9]{1,8})?$`)

func readDecimal(s string) (value, bool) {
	return numV{num: number(strings.TrimPrefix(s, "+"))}, decimalForm.MatchString(s)
}

// quantityForm is a number and perhaps a unit of UCUM in quotes, or one of the calendar's without.
var quantityForm = regexp.MustCompile(`^([+-]?[0-9]{1,20}(?:\.[0-9]{1,8})?)\s*(?:'([^']*)'|([a-z]+))?$`)

func readQuantity(s string) (value, bool) {
	m := quantityForm.FindStringSubmatch(s)
	if m == nil || m[3] != "" && calendarUnits[m[3]] == "" {
		return nil, false
	}
	return qtyV{number(strings.TrimPrefix(m[1], "+")), text(calendarUnit(m[2] + m[3]))}, true
}

// dateForm and timeForm are dates as text, each part of which may be left out with all behind it.
var (
	dateForm = regexp.MustCompile(`^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d)(?:[:](\d\d)(?:[:](\d\d)(?:\.(\d+))?)?)?)?)?)?)?(Z|[+-]\d\d:\d\d)?$`)
	timeForm = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)T(\d\d)(?:[:](\d\d)(?:[:](\d\d)(?:\.(\d+))?)?)?(Z|[+-]\d\d:\d\d)?$`)
)

// withT is a time of day with the T that it may begin with.
func withT(s string) string { return "T" + strings.TrimPrefix(s, "T") }

func readMoment(s string, form *regexp.Regexp, like dateV) (value, bool) {
	m := form.FindStringSubmatch(s)
	if m == nil || like.date && m[4] != "" {
		return nil, false
	}
	parts, prec := []int{1, 1, 1, 0, 0, 0, 0}, 0.0
	for i := range parts {
		if m[i+1] == "" {
			continue
		}
		digits := m[i+1]
		if i == 6 {
			digits = (digits + "000")[:3] // what is finer than a millisecond is dropped
		}
		parts[i], _ = strconv.Atoi(digits)
		prec = []float64{1, 2, 3, toHour, 4, 5, 6}[i]
	}
	at := time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], parts[6]*1e6, time.UTC)
	if parts[0] == 0 || at.Month() != time.Month(parts[1]) || at.Day() != parts[2] || at.Hour() != parts[3] || at.Minute() != parts[4] || at.Second() != parts[5] {
		return nil, false // no such day, or no such time of it
	}
	if zone := m[8]; zone != "" && !like.time && strings.Trim(zone, "Z+-:0") != "" {
		return nil, true
	}
	d := partial(moment(at.Format("2006-01-02 15:04:05.000")), prec, like.date)
	d.time = like.time
	return d, true
}

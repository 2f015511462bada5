package cron

import (
	"fmt"
	"strconv"
	"strings"
)

var macros = map[string]string{
	"@hourly":  "0 * * * *",
	"@daily":   "0 0 * * *",
	"@weekly":  "0 0 * * 0",
	"@monthly": "0 0 1 * *",
	"@yearly":  "0 0 1 1 *",
}

// field is one of the five: the values it may hold and names for them.
type field struct {
	name      string
	low, high int
	names     []string // names[i] is low+i
}

var fields = [5]field{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of week", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// Parse reads `minute hour day-of-month month day-of-week`, each `*`, a value, a
// range a-b, either with a step /n (after `*` or a range), or a comma list of
// these. Months and weekdays may be named by three letters, 7 is Sunday too, and
// @hourly, @daily, @weekly, @monthly and @yearly are accepted. An expression that
// names no date of any year is an error.
func Parse(expr string) (*Schedule, error) {
	full := strings.TrimSpace(expr)
	if m, ok := macros[full]; ok {
		full = m
	}
	parts := strings.Fields(full)
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("cron %q has %d fields, not the 5 minute, hour, day of month, month, day of week", expr, len(parts))
	}
	var sets [5]uint64
	for i, f := range fields {
		for item := range strings.SplitSeq(parts[i], ",") {
			set, err := f.item(item)
			if err != nil {
				return nil, fmt.Errorf("cron %q, %s: %w", expr, f.name, err)
			}
			sets[i] |= set
		}
	}
	s := &Schedule{sets[0], sets[1], sets[2], sets[3], sets[4], false, expr}
	if s.weekday&(1<<7) != 0 {
		s.weekday |= 1
	}
	s.eitherDay = parts[2][0] != '*' && parts[4][0] != '*'
	if !s.eitherDay && !s.hasDate() {
		return nil, fmt.Errorf("cron %q never occurs: no month it names has such a day", expr)
	}
	return s, nil
}

// hasDate tells whether a day of the month that is named exists in a named month.
func (s *Schedule) hasDate() bool {
	for month, days := range [...]int{1: 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31} {
		if month > 0 && s.month&(1<<month) != 0 && s.day&(1<<(days+1)-1) != 0 {
			return true
		}
	}
	return false
}

// item reads one element of a field's list.
func (f field) item(text string) (uint64, error) {
	span, stepText, stepped := strings.Cut(text, "/")
	lowText, highText, ranged := strings.Cut(span, "-")
	low, high := f.low, f.high
	if span != "*" {
		var err error
		if low, err = f.value(lowText); err != nil {
			return 0, err
		}
		high = low
		if ranged {
			if high, err = f.value(highText); err != nil {
				return 0, err
			}
		}
		if stepped && !ranged {
			return 0, fmt.Errorf("%q has a step without a range; write %d-%d/%s", text, low, f.high, stepText)
		}
	} else if f.name == "day of week" {
		high = 6 // 7 is Sunday's second name, not an eighth day
	}
	if low > high {
		return 0, fmt.Errorf("the range %q goes backwards; write it as two", span)
	}
	step := 1
	if stepped {
		n, err := number(stepText)
		if err != nil || n < 1 || (n > high-low && n > 1) {
			return 0, fmt.Errorf("the step %q is not a whole number from 1 to %d", stepText, max(1, high-low))
		}
		step = n
	}
	var set uint64
	for v := low; v <= high; v += step {
		set |= 1 << v
	}
	return set, nil
}

func (f field) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.low + i, nil
		}
	}
	n, err := number(text)
	if err != nil || n < f.low || n > f.high {
		return 0, fmt.Errorf("%q is not a value from %d to %d", text, f.low, f.high)
	}
	return n, nil
}

// number is strconv.Atoi without signs.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}

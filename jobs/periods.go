package jobs

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"farr/measures"
)

// A job that runs every month would measure the same months for ever if its periods
// were dates only. So a job may also write last-24-months, last-8-quarters,
// last-3-years, and with rolling windows P12M/last-24-months: the whole months (or
// quarters, or years) that end on or before the as-of day of the extract.
var relative = regexp.MustCompile(`^(P[0-9]+M/)?last-([0-9]{1,3})-(months?|quarters?|years?)$`)

// resolve turns one item of a job's periods into the form that measures read.
func resolve(item string, asOf time.Time) string {
	m := relative.FindStringSubmatch(item)
	if m == nil {
		return item
	}
	n, _ := strconv.Atoi(m[2])
	months, form := 1, func(t time.Time) string { return t.Format("2006-01") }
	switch m[3][0] {
	case 'q':
		months, form = 3, func(t time.Time) string { return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3) }
	case 'y':
		months, form = 12, func(t time.Time) string { return t.Format("2006") }
	}
	// The first unit that is not whole on the as-of day begins on or before the next day.
	next := asOf.AddDate(0, 0, 1)
	open := time.Date(next.Year(), 1+(next.Month()-1)/time.Month(months)*time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	return m[1] + form(open.AddDate(0, -n*months, 0)) + ".." + form(open.AddDate(0, -months, 0))
}

// periodsOf are the periods of a job whose extract knows all up to and including asOf.
func periodsOf(items []string, asOf time.Time) ([]measures.Period, error) {
	resolved := make([]string, len(items))
	for i, item := range items {
		resolved[i] = resolve(item, asOf)
	}
	return measures.ParsePeriods(strings.Join(resolved, ","))
}

// periods checks each item on its own, so that each mistake has its place.
func (c checker) periods(items []string) {
	if !c.doc.Has("periods") {
		return
	}
	if len(items) == 0 {
		c.doc.Report("bad-period", "no period", "2024-01..2025-12, or last-24-months", "periods")
	}
	someDay := time.Date(2025, 6, 15, 0, 0, 0, 0, time.UTC)
	for i, item := range items {
		_, err := periodsOf([]string{item}, someDay)
		if m := relative.FindStringSubmatch(item); m != nil && strings.Trim(m[2], "0") == "" {
			err = errors.New("the last 0 are none")
		}
		if err != nil {
			// The list that ParsePeriods saw had one item; which it is, the position says.
			_, message, _ := strings.Cut(err.Error(), `": `)
			if message == "" {
				message = err.Error()
			}
			c.doc.Report("bad-period", fmt.Sprintf("period %q: %s", item, message), "", "periods", i)
		}
	}
}

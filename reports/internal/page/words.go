package page

import (
	"fmt"
	"strings"
	"time"

	"farr/reports/internal/disclose"
)

// day is "31 December 2025".
func day(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return t.Format("2 January 2006")
}

// periodWords names a period for a reader: "December 2025", "2025", "12 months
// to December 2025".
func periodWords(p disclose.Period) string {
	last := p.High.AddDate(0, 0, -1)
	months := (p.High.Year()-p.Low.Year())*12 + int(p.High.Month()) - int(p.Low.Month())
	switch {
	case p.Family != "disjoint":
		return fmt.Sprintf("%d months to %s", months, last.Format("January 2006"))
	case months == 12:
		return last.Format("2006")
	case months == 3:
		return fmt.Sprintf("quarter %d of %d", (int(last.Month())+2)/3, last.Year())
	default:
		return last.Format("January 2006")
	}
}

// monthsWords is "12-month".
func monthsWords(p disclose.Period) string {
	return fmt.Sprintf("%d-month", (p.High.Year()-p.Low.Year())*12+int(p.High.Month())-int(p.Low.Month()))
}

// lengthWords is "months", "quarters", "years".
func lengthWords(p disclose.Period) string {
	switch n := monthsOf(p); n {
	case 1:
		return "months"
	case 3:
		return "quarters"
	case 12:
		return "years"
	default:
		return fmt.Sprintf("periods of %d months", n)
	}
}

// counted is "1 rule", "4 rules".
func counted(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return fmt.Sprint(n, " ", word)
}

// inPeriod puts the preposition before periodWords.
func inPeriod(p disclose.Period) string {
	if p.Family != "disjoint" {
		return "in the " + periodWords(p)
	}
	return "in " + periodWords(p)
}

// periodTick names a period on an axis.
func periodTick(p disclose.Period) string {
	last := p.High.AddDate(0, 0, -1)
	if p.Family == "disjoint" && p.High.Equal(p.Low.AddDate(1, 0, 0)) {
		return last.Format("2006")
	}
	if p.Family == "disjoint" && p.High.Equal(p.Low.AddDate(0, 3, 0)) {
		return fmt.Sprintf("Q%d %s", (int(last.Month())+2)/3, last.Format("06"))
	}
	return last.Format("Jan 06")
}

// methodWords says how the intervals of these rates were made; empty where none
// is shown.
func methodWords(rates ...disclose.Rate) string {
	used := map[string]bool{}
	for _, r := range rates {
		used[r.Method()] = true
	}
	var words []string
	if used["wilson"] {
		words = append(words, "Wilson's score method")
	}
	if used["byar"] {
		words = append(words, "Byar's approximation to the exact Poisson interval")
	}
	switch {
	case used["byar"] && used["exact-poisson"]:
		words = append(words, "the exact Poisson interval where there were fewer than 10 events")
	case used["exact-poisson"]:
		words = append(words, "the exact Poisson interval")
	}
	if used[disclose.MethodGamma] {
		words = append(words, "Fay and Feuer's gamma interval for standardised rates")
	}
	if len(words) == 0 {
		return ""
	}
	return "95\u00a0% intervals: " + strings.Join(words, "; ") + "."
}

// IntervalMethod says how the intervals in a table were made.
func (t Table) IntervalMethod() string {
	var rates []disclose.Rate
	for _, r := range t.Rows {
		rates = append(rates, r.Rate)
	}
	return methodWords(rates...)
}

// spanWords is "Jan 2024 to Dec 2025".
func spanWords(first, last disclose.Period) string {
	return first.Low.Format("Jan 2006") + " to " + last.High.AddDate(0, 0, -1).Format("Jan 2006")
}

// stratumWords are the headings of the groups.
var stratumWords = map[string]string{
	"sex": "Sex", "age": "Age at the end of the period", "race": "Race", "ethnicity": "Ethnicity", "payer": "Payer", "site": "Site",
}

// valueWords explain the codes of a stratum; a code that is not here is shown as
// it is.
var valueWords = map[string]map[string]string{
	"sex": {"female": "Female", "male": "Male", "other": "Other", "unknown": "Unknown"},
	"age": {"0-17": "0–17", "18-44": "18–44", "45-64": "45–64", "65-74": "65–74", "75-84": "75–84", "85+": "85 and over", "unknown": "Unknown"},
	"race": {"1002-5": "American Indian or Alaska Native", "2028-9": "Asian", "2054-5": "Black or African American",
		"2076-8": "Native Hawaiian or Pacific Islander", "2106-3": "White", "2131-1": "Other race", "multiple": "More than one race", "unknown": "Unknown"},
	"ethnicity": {"2135-2": "Hispanic or Latino", "2186-5": "Not Hispanic or Latino", "unknown": "Unknown"},
	"payer":     {"medicare": "Medicare", "medicaid": "Medicaid", "private": "Private", "self-pay": "Self-pay", "other": "Other", "none": "No coverage found"},
	"site":      {"unattributed": "No site (unattributed)"},
}

func valueLabel(stratum, value string) string {
	if w, ok := valueWords[stratum][value]; ok {
		return w
	}
	if _, own := valueWords[stratum]; !own { // of a published measure
		if w, ok := map[string]string{"true": "Yes", "false": "No", "unknown": "Unknown", "withheld": "Not a label"}[value]; ok {
			return w
		}
	}
	return value
}

// last puts the values that are no real group behind the others.
func residual(value string) int {
	switch value {
	case "unknown", "unattributed":
		return 2
	case "other", "none", "multiple", "2131-1":
		return 1
	default:
		return 0
	}
}

// natural orders "Site 2" before "Site 10".
func natural(a, b string) bool {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x > 0 && y > 0 {
			p, q := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if len(p) != len(q) {
				return len(p) < len(q)
			}
			if p != q {
				return p < q
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return a[0] < b[0]
		}
		a, b = a[1:], b[1:]
	}
	return len(a) < len(b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// removed says how many a rule of a cohort took away.
func removed(c disclose.Count) string {
	if c.State() == disclose.Suppressed {
		return "number removed is hidden"
	}
	return c.String() + " removed"
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// lowerFirst puts a heading into a sentence.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// spanDays is "2025-01-01 to 2025-12-31" of a period that ends before high.
func spanDays(low, high time.Time) string {
	if low.IsZero() || high.IsZero() {
		return ""
	}
	return low.Format(time.DateOnly) + " to " + high.AddDate(0, 0, -1).Format(time.DateOnly)
}

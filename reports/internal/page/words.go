package page

import (
	"farr/reports/internal/text"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"farr/reports/internal/disclose"
)

// day is "31 December 2025".
func (w words) day(t time.Time) string {
	if t.IsZero() {
		return w.Say("not known")
	}
	return w.dayText(t)
}

// periodWords names a period for a reader: "December 2025", "2025", "12 months
// to December 2025".
func (w words) periodWords(p disclose.Period) string {
	last := p.High.AddDate(0, 0, -1)
	months := (p.High.Year()-p.Low.Year())*12 + int(p.High.Month()) - int(p.Low.Month())
	switch {
	case p.Family != "disjoint":
		return w.Say("{months, plural, one {# month} other {# months}} to {month}", months, w.month(last))
	case months == 12:
		return last.Format("2006")
	case months == 3:
		return w.Say("quarter {quarter} of {year}", quarterOf(last), yearOf(last))
	default:
		return w.month(last)
	}
}

// monthsWords is "12-month".
func (w words) monthsWords(p disclose.Period) string {
	return w.Say("{months}-month", monthsOf(p))
}

// lengthWords is "months", "quarters", "years".
func (w words) lengthWords(p disclose.Period) string {
	switch n := monthsOf(p); n {
	case 1:
		return w.Say("months")
	case 3:
		return w.Say("quarters")
	case 12:
		return w.Say("years")
	default:
		return w.Say("periods of {n} months", n)
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
func (w words) inPeriod(p disclose.Period) string {
	if p.Family != "disjoint" {
		return w.Say("in the {period}", w.periodWords(p))
	}
	return w.Say("in {period}", w.periodWords(p))
}

// periodTick names a period on an axis.
func (w words) periodTick(p disclose.Period) string {
	last := p.High.AddDate(0, 0, -1)
	if p.Family == "disjoint" && p.High.Equal(p.Low.AddDate(1, 0, 0)) {
		return last.Format("2006")
	}
	if p.Family == "disjoint" && p.High.Equal(p.Low.AddDate(0, 3, 0)) {
		return w.Say("Q{quarter} {year}", quarterOf(last), yearOfCentury(last))
	}
	return w.tickMonth(last)
}

// methodWords says how the intervals of these rates were made; empty where none
// is shown.
func (w words) methodWords(rates ...disclose.Rate) string {
	used := map[string]bool{}
	for _, r := range rates {
		used[r.Method()] = true
	}
	var words []string
	if used["wilson"] {
		words = append(words, w.Say("Wilson's score method"))
	}
	if used["byar"] {
		words = append(words, w.Say("Byar's approximation to the exact Poisson interval"))
	}
	switch {
	case used["byar"] && used["exact-poisson"]:
		words = append(words, w.Say("the exact Poisson interval where there were fewer than 10 events"))
	case used["exact-poisson"]:
		words = append(words, w.Say("the exact Poisson interval"))
	}
	if used[disclose.MethodGamma] {
		words = append(words, w.Say("Fay and Feuer's gamma interval for standardised rates"))
	}
	if len(words) == 0 {
		return ""
	}
	return w.Say("95\u00a0% intervals: {words}.", w.joinParts(words))
}

// IntervalMethod says how the intervals in a table were made.
func (w words) intervalMethod(t Table) string {
	var rates []disclose.Rate
	for _, r := range t.Rows {
		rates = append(rates, r.Rate)
	}
	return w.methodWords(rates...)
}

// spanWords is "Jan 2024 to Dec 2025".
func (w words) spanWords(first, last disclose.Period) string {
	return w.Say("{low} to {high}", w.shortMonth(first.Low), w.shortMonth(last.High.AddDate(0, 0, -1)))
}

// stratumWords are the headings of the groups.
var stratumWords = map[string]text.Message{
	"sex": "Sex", "age": "Age at the end of the period", "race": "Race", "ethnicity": "Ethnicity", "payer": "Payer", "site": "Site",
}

// valueWords explain the codes of a stratum; a code that is not here is shown as
// it is.
var valueWords = map[string]map[string]text.Message{
	"sex": {"female": "Female", "male": "Male", "other": "Other", "unknown": "Unknown"},
	"age": {"0-17": "0–17", "18-44": "18–44", "45-64": "45–64", "65-74": "65–74", "75-84": "75–84", "85+": "85 and over", "unknown": "Unknown"},
	"race": {"1002-5": "American Indian or Alaska Native", "2028-9": "Asian", "2054-5": "Black or African American",
		"2076-8": "Native Hawaiian or Pacific Islander", "2106-3": "White", "2131-1": "Other race", "multiple": "More than one race", "unknown": "Unknown"},
	"ethnicity": {"2135-2": "Hispanic or Latino", "2186-5": "Not Hispanic or Latino", "unknown": "Unknown"},
	"payer":     {"medicare": "Medicare", "medicaid": "Medicaid", "private": "Private", "self-pay": "Self-pay", "other": "Other", "none": "No coverage found"},
	"site":      {"unattributed": "No site (unattributed)"},
}

// ownWords explain the values of a stratum of a published measure.
var ownWords = map[string]text.Message{"true": "Yes", "false": "No", "unknown": "Unknown", "withheld": "Not a label"}

// valueLabel names a value of a stratum; what has no words of its own is shown as it is.
func (w words) valueLabel(stratum, value string) string {
	if m, ok := valueWords[stratum][value]; ok {
		return w.say(m)
	}
	if _, own := valueWords[stratum]; !own { // of a published measure
		if m, ok := ownWords[value]; ok {
			return w.say(m)
		}
	}
	return w.inWords(value)
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
func (w words) removed(c disclose.Count) string {
	if c.State() == disclose.Suppressed {
		return w.Say("number removed is hidden")
	}
	if c.State() == disclose.NotKnown {
		return w.Say("number removed is not known")
	}
	return w.Say("{number} removed", w.countText(c))
}

func capital(s string) string {
	if s == "" {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// lowerFirst puts a heading into a sentence, as English writes it; in another language it stays as its file has it.
func (w words) lowerFirst(s string) string {
	if s == "" || !w.English {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// spanDays is "2025-01-01 to 2025-12-31" of a period that ends before high.
func (w words) spanDays(low, high time.Time) string {
	if low.IsZero() || high.IsZero() {
		return ""
	}
	return w.fromTo(low.Format(time.DateOnly), high.AddDate(0, 0, -1).Format(time.DateOnly))
}

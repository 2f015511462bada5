package cohort

import (
	"fmt"
	"strings"
)

// Describe says the rule in English, as what must be so. title gives a value list's title.
func (r Rule) Describe(title func(list string) string) string {
	switch keys := r.keys(); keys[0] {
	case "age":
		return "aged " + r.Age.describe("years") + " on the index date"
	case "sex":
		return strings.Join(r.Sex, " or ")
	case "observable":
		return "under observation without a break " + r.Observable.describe()
	case "cohort":
		return "in the cohort " + r.Cohort + r.Days.with(", whose index date lies")
	case "cql", "sql":
		return r.part().Describe()
	case "any":
		return group(r.Any, " or ", title)
	case "all":
		return group(r.All, " and ", title)
	case "not":
		return "not (" + r.Not.Describe(title) + ")"
	}
	return r.Event.Describe(title)
}

// DescribeExcluded says what must be so where the rule excludes.
func (r Rule) DescribeExcluded(title func(list string) string) string {
	text := r.Describe(title)
	if r.Any != nil || r.All != nil || r.Not != nil || r.CQL != nil {
		return "not (" + text + ")"
	}
	return "not " + text
}

func group(rules []Rule, word string, title func(string) string) string {
	var parts []string
	for _, r := range rules {
		part := r.Describe(title)
		if r.Any != nil || r.All != nil {
			part = "(" + part + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, word)
}

// Describe says the event in English.
func (e Event) Describe(title func(list string) string) string {
	var text string
	switch name, list := e.kind(); name {
	case "encounter":
		text = e.Encounter.describe(title)
	case "death":
		text = "death"
	case "end_of_era":
		text = fmt.Sprintf("the end of time on %s (orders of %d days, with gaps up to %d days; it is known where such a gap passes under observation)", title(e.EndOfEra.Medication), e.EndOfEra.Supply, e.EndOfEra.Gap)
	default:
		for _, k := range kinds {
			if k.key == name {
				text = indefinite(k.verb + " " + title(list))
			}
		}
	}
	switch {
	case e.Value == nil:
	case e.Value.open():
		text += " in " + e.Value.Unit
	default:
		text += " of " + e.Value.describe("")
	}
	if e.Count > 1 {
		text += fmt.Sprintf(" on %d days or more", e.Count)
	}
	return text + e.Days.with("")
}

func (c *Encounter) describe(title func(string) string) string {
	var words []string
	for _, class := range c.Class {
		words = append(words, classes[class])
	}
	text := strings.Join(words, " or ")
	if text != "" {
		text += " "
	}
	text = indefinite(text + "encounter")
	if c.Type != "" {
		text += " of type " + title(c.Type)
	}
	if c.Diagnosis != "" {
		text += " for " + title(c.Diagnosis)
	}
	if c.At == "end" {
		return text + " (by its end)"
	}
	return text
}

// indefinite puts a or an before words.
func indefinite(words string) string {
	if strings.ContainsAny(words[:1], "aeio") {
		return "an " + words
	}
	return "a " + words
}

// with is the window after a word, nothing when all of the data count.
func (w *Window) with(word string) string {
	if w == nil || w.From == nil && w.To == nil {
		return ""
	}
	return word + " " + w.describe()
}

func (w *Window) describe() string {
	switch {
	case w.From == nil && w.To == nil:
		return "at any time"
	case w.From == nil:
		return "until " + dayOf(*w.To)
	case w.To == nil:
		return "from " + dayOf(*w.From) + " on"
	case *w.From == *w.To:
		return "on " + dayOf(*w.From)
	}
	return "from " + dayOf(*w.From) + " to " + dayOf(*w.To)
}

func dayOf(n int) string {
	switch {
	case n == 0:
		return "the index date"
	case n == -1:
		return "the day before the index date"
	case n == 1:
		return "the day after the index date"
	case n < 0:
		return fmt.Sprintf("%d days before the index date", -n)
	}
	return fmt.Sprintf("%d days after the index date", n)
}

func (r Range) describe(word string) string {
	var parts []string
	for _, end := range []struct {
		word string
		at   *Decimal
	}{{"at least", r.AtLeast}, {"above", r.Above}, {"at most", r.AtMost}, {"below", r.Below}} {
		if end.at != nil {
			parts = append(parts, end.word+" "+string(*end.at))
		}
	}
	return strings.Join(parts, " and ") + r.unitsOf(word)
}

// Describe says the exit in English.
func (x Exit) Describe(title func(list string) string) string {
	ends := []string{"the end of observable time", "death"}
	if x.Days > 0 {
		ends = append(ends, fmt.Sprintf("%d days after the index date", x.Days))
	}
	for _, e := range x.Events {
		ends = append(ends, e.Describe(title))
	}
	return "followed until the first of " + strings.Join(ends, ", ")
}

// Describe says the outcome in English.
func (o Outcome) Describe(title func(list string) string) string {
	var events []string
	for _, e := range o.all() {
		events = append(events, e.Describe(title))
	}
	text := strings.Join(events, " or ") + ", waited for from day " + fmt.Sprint(o.First()) + " after the index date"
	if o.To != nil {
		text += fmt.Sprintf(" to day %d", *o.To)
	}
	if o.Washout > 0 {
		text += fmt.Sprintf(", of those without one in the %d days before", o.Washout)
	}
	return text
}

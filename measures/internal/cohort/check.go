package cohort

import (
	"fmt"
	"slices"
	"strings"
)

// Report takes a mistake at a path of the document.
type Report func(code, message, hint string, path ...any)

// Check reports what is wrong with a rule's meaning. at is the rule's path.
func (r Rule) Check(report Report, at ...any) {
	keys := r.keys()
	switch len(keys) {
	case 0:
		report("empty-rule", "the rule asks nothing", "condition, procedure, observation, medication, immunization, encounter, death, end_of_era, age, sex, observable, cohort, cql, sql, any, all or not", at...)
		return
	case 1:
	default:
		report("two-kinds", "the rule asks two things: "+strings.Join(keys, " and "), "write all: with a rule for each", at...)
		return
	}
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	switch keys[0] {
	case "age":
		r.Age.check(report, path("age")...)
		if r.Age.Unit != "" {
			report("bad-value", "age is in completed years and has no unit", "remove it", path("age", "unit")...)
		}
	case "sex":
		for i, sex := range r.Sex {
			if !slices.Contains(Genders, sex) {
				report("bad-value", fmt.Sprintf("unknown sex %q", sex), "one of "+strings.Join(Genders, ", "), path("sex", i)...)
			}
		}
		if len(r.Sex) == 0 {
			report("empty-rule", "no sex is named", "", path("sex")...)
		}
	case "observable":
		if r.Observable.From == nil || r.Observable.To == nil {
			report("open-window", "observable time needs both ends", "such as -365..0", path("observable")...)
		}
	case "any", "all":
		inner := append(append([]Rule{}, r.Any...), r.All...)
		if len(inner) == 0 {
			report("empty-rule", keys[0]+" holds no rule", "", path(keys[0])...)
		}
		for i, rule := range inner {
			rule.Check(report, path(keys[0], i)...)
		}
	case "not":
		r.Not.Check(report, path("not")...)
	}
	events := r.Event.keys()
	if len(events) == 0 {
		for name, written := range map[string]bool{"value": r.Value != nil, "count": r.Count != 0, "days": r.Days != nil && r.Cohort == ""} {
			if written {
				report("misplaced-key", name+" belongs to an event", "write it beside condition, observation or another", path(name)...)
			}
		}
		return
	}
	r.Event.check(report, at...)
}

// Check reports what is wrong with an event's meaning, where an event must be.
func (e Event) Check(report Report, at ...any) {
	switch keys := e.keys(); len(keys) {
	case 0:
		report("empty-rule", "no event is named", "condition, procedure, observation, medication, immunization, encounter, death or end_of_era", at...)
	case 1:
		e.check(report, at...)
	default:
		report("two-kinds", "the event is of two kinds: "+strings.Join(keys, " and "), "", at...)
	}
}

func (e Event) check(report Report, at ...any) {
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	if e.Value != nil {
		if e.Observation == "" {
			report("misplaced-key", "only an observation has a value", "", path("value")...)
		}
		e.Value.check(report, path("value")...)
	}
	if e.Count < 0 || e.Count > 1000 {
		report("bad-value", fmt.Sprintf("a count of %d", e.Count), "1 or more days", path("count")...)
	}
	if e.Death && e.Count > 1 {
		report("contradiction", "nobody dies twice", "remove count", path("count")...)
	}
	if e.Days != nil && e.Count > 1 && e.Days.From != nil && e.Days.To != nil && *e.Days.To-*e.Days.From+1 < e.Count {
		report("contradiction", fmt.Sprintf("%d days cannot lie in a window of %d", e.Count, *e.Days.To-*e.Days.From+1), "", path("count")...)
	}
	if e.EndOfEra != nil {
		e.EndOfEra.check(report, path("end_of_era")...)
	}
	c := e.Encounter
	if c == nil {
		return
	}
	if len(c.Class) == 0 && c.Diagnosis == "" && c.Type == "" {
		report("empty-rule", "nothing says which encounters", "class, diagnosis or type", path("encounter")...)
	}
	for i, class := range c.Class {
		if classes[class] == "" {
			report("bad-value", fmt.Sprintf("unknown encounter class %q", class), "such as AMB, EMER or IMP", path("encounter", "class", i)...)
		}
	}
	if c.At != "" && c.At != "start" && c.At != "end" {
		report("bad-value", fmt.Sprintf("an encounter has no %q", c.At), "start or end", path("encounter", "at")...)
	}
}

func (r Range) check(report Report, at ...any) {
	if r.open() {
		if r.Unit != "" {
			return // only the unit is asked
		}
		report("empty-range", "no end is given", "at_least, above, at_most or below", at...)
		return
	}
	if r.AtLeast != nil && r.Above != nil || r.AtMost != nil && r.Below != nil {
		report("contradiction", "an end is given twice", "at_least or above, at_most or below", at...)
		return
	}
	low, high, open := r.AtLeast, r.AtMost, false
	if low == nil {
		low, open = r.Above, true
	}
	if high == nil {
		high, open = r.Below, true
	}
	if low != nil && high != nil {
		if c := low.compare(*high); c > 0 || c == 0 && open {
			report("empty-range", fmt.Sprintf("no number is from %s to %s", *low, *high), "", at...)
		}
	}
}

// open says that no end is written.
func (r Range) open() bool {
	return r.AtLeast == nil && r.Above == nil && r.AtMost == nil && r.Below == nil
}

// Genders are FHIR's administrative genders.
var Genders = []string{"female", "male", "other", "unknown"}

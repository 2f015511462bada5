package cohort

import (
	"fmt"
	"slices"
	"strings"
)

// AtRisk says when persons are at risk of becoming a case, for incidence: while they are
// observed, have been for History days, are of the age, and until the first of the events, in
// all data, that of the entry among them.
type AtRisk struct {
	File    string  `yaml:"sql"` // in place of all below
	History int     `yaml:"history"`
	Age     *Range  `yaml:"age"` // at_least and below, in whole years
	Until   []Event `yaml:"until"`
	Never   []Event `yaml:"never"` // who has had one, at whatever time, is never at risk
}

// Check reports what is wrong with its meaning.
func (a AtRisk) Check(report Report, at ...any) {
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	if a.File != "" && (a.History != 0 || a.Age != nil || a.Until != nil || a.Never != nil) {
		report("two-forms", "the SQL says who is at risk, and so do keys beside it", "keep one", path("sql")...)
	}
	if a.History < 0 || a.History > maxHistory {
		report("bad-value", fmt.Sprintf("a history of %d days", a.History), fmt.Sprintf("0 to %d", maxHistory), path("history")...)
	}
	if a.Age != nil {
		a.Age.check(report, path("age")...)
		for key, end := range map[string]*Decimal{"at_least": a.Age.AtLeast, "below": a.Age.Below} {
			if end != nil && strings.ContainsAny(string(*end), ".-") {
				report("bad-value", "an age at risk is in whole years", "", path("age", key)...)
			}
		}
		if a.Age.Above != nil || a.Age.AtMost != nil || a.Age.Unit != "" {
			report("bad-value", "an age at risk has at_least and below", "", path("age")...)
		}
	}
	for key, events := range map[string][]Event{"until": a.Until, "never": a.Never} {
		for i, e := range events {
			e.Check(report, path(key, i)...)
			if e.Days != nil || e.Count != 0 {
				report("misplaced-key", "there is no index date here, and so no window and no count", "", path(key, i)...)
			}
		}
	}
}

const maxHistory = 36_500

// SQL is one SELECT of (pid, low, high): days at risk, the last not among them. Where the
// entry recurs, and each of a person's counts, it does not end the time at risk.
func (a AtRisk) SQL(recurs bool) string {
	low, high := []string{fmt.Sprintf("o.period_start + %d", a.History)}, []string{"o.period_end"}
	from := "observation_period o JOIN patient ON patient.pid = o.pid"
	if !recurs {
		high = append(high, "event.index_date")
		from += " LEFT JOIN (SELECT pid, min(index_date) AS index_date FROM event GROUP BY pid) event ON event.pid = o.pid"
	}
	where := []string{"true"}
	if a.Age != nil {
		where = append(where, "patient.birth_date IS NOT NULL")
		if a.Age.AtLeast != nil {
			low = append(low, "birthday(patient.birth_date, "+string(*a.Age.AtLeast)+")")
		}
		if a.Age.Below != nil {
			high = append(high, "birthday(patient.birth_date, "+string(*a.Age.Below)+") - 1")
		}
	}
	for i, e := range a.Until {
		name := fmt.Sprintf("until_%d", i)
		from += " LEFT JOIN (SELECT pid, min(day) AS day FROM (" + e.Rows() + ") GROUP BY pid) " + name + " ON " + name + ".pid = o.pid"
		high = append(high, name+".day")
	}
	for _, e := range a.Never {
		where = append(where, "o.pid NOT IN (SELECT pid FROM ("+e.Rows()+"))")
	}
	return "SELECT o.pid, greatest(" + strings.Join(low, ", ") + ") AS low, 1 + least(" + strings.Join(high, ", ") + ") AS high FROM " + from + " WHERE " + strings.Join(where, " AND ")
}

// Lists are the value lists that it names.
func (a AtRisk) Lists() []string {
	var lists []string
	for _, e := range slices.Concat(a.Until, a.Never) {
		lists = append(lists, e.Lists()...)
	}
	return lists
}

// Describe says it in English.
func (a AtRisk) Describe(recurs bool, title func(list string) string) string {
	text := "persons are at risk while they are under observation"
	if a.History > 0 {
		text += fmt.Sprintf(", from %d days of it on", a.History)
	}
	if a.Age != nil {
		text += ", aged " + a.Age.describe("years")
	}
	ends := []string{"their first entry event"}
	if recurs {
		text += ", again after each entry event"
		ends = nil
	}
	for _, e := range a.Until {
		ends = append(ends, e.Describe(title))
	}
	if len(ends) > 0 {
		text += ", until " + strings.Join(ends, " or ")
	}
	for i, e := range a.Never {
		if i == 0 {
			text += ", and never if they have had " + e.Describe(title)
		} else {
			text += " or " + e.Describe(title)
		}
	}
	return text
}

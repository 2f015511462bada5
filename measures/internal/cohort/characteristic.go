package cohort

import (
	"fmt"
	"strings"
)

// Characteristic is a row of Table 1: whether a rule holds on the index date, or the newest
// value of an observation.
type Characteristic struct {
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	Has   *Rule  `yaml:"has"`
	Last  *Event `yaml:"last"` // an observation, of which the newest number in its window counts
}

// Check reports what is wrong with its meaning.
func (c Characteristic) Check(report Report, at ...any) {
	path := func(more ...any) []any { return append(append([]any{}, at...), more...) }
	switch {
	case (c.Has == nil) == (c.Last == nil):
		report("two-forms", "a characteristic is either has or last", "", at...)
	case c.Has != nil:
		c.Has.Check(report, path("has")...)
	default:
		c.Last.Check(report, path("last")...)
		if c.Last.Observation == "" {
			report("bad-value", "last is the value of an observation", "", path("last")...)
		}
		if c.Last.Count != 0 {
			report("misplaced-key", "last is one value and has no count", "", path("last", "count")...)
		}
	}
}

// Lists are the value lists that it names.
func (c Characteristic) Lists() []string {
	if c.Has != nil {
		return c.Has.Lists()
	}
	return c.Last.Lists()
}

// SQL is one SELECT of (pid, index_date), or of (pid, index_date, value): of results of one
// day the greatest.
func (c Characteristic) SQL() string {
	if c.Has != nil {
		return c.Has.SQL()
	}
	return fmt.Sprintf(`SELECT entry.pid, index_date, arg_max(x.value_num, (x.moment, x.value_num))::DOUBLE AS value
FROM entry JOIN (SELECT pid, moment, moment::DATE AS day, value_num FROM result WHERE moment IS NOT NULL AND value_num IS NOT NULL AND code IN (FROM list_%s)%s) x ON x.pid = entry.pid%s
GROUP BY ALL`, c.Last.Observation, c.Last.valueSQL(), c.Last.Days.sql(" WHERE ", "x.day"))
}

// Describe says it in English.
func (c Characteristic) Describe(title func(list string) string) string {
	if c.Has != nil {
		return c.Has.Describe(title)
	}
	return "the newest " + strings.TrimPrefix(c.Last.Describe(title), "a ")
}

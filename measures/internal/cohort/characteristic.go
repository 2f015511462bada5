package cohort

import (
	"fmt"
	"strings"
)

// Characteristic is a row of Table 1: whether a rule holds on the index date, the newest
// value of an observation, or Charlson's index.
type Characteristic struct {
	ID       string    `yaml:"id,required"`
	Title    string    `yaml:"title,required"`
	Has      *Rule     `yaml:"has"`
	Last     *Event    `yaml:"last"` // an observation, of which the newest number in its window counts
	Charlson *Charlson `yaml:"charlson"`
}

// Number says whether it is a number, and no yes or no.
func (c Characteristic) Number() bool { return c.Has == nil }

// Check reports what is wrong with its meaning.
func (c Characteristic) Check(report Report, at ...any) {
	path := func(more ...any) []any { return append(append([]any{}, at...), more...) }
	forms := 0
	for _, written := range []bool{c.Has != nil, c.Last != nil, c.Charlson != nil} {
		if written {
			forms++
		}
	}
	switch {
	case forms != 1:
		report("two-forms", "a characteristic is one of has, last and charlson", "", at...)
	case c.Has != nil:
		c.Has.Check(report, path("has")...)
	case c.Charlson != nil:
		c.Charlson.check(report, path("charlson")...)
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
	switch {
	case c.Has != nil:
		return c.Has.Lists()
	case c.Last != nil:
		return c.Last.Lists()
	}
	return nil
}

// SQL is one SELECT of (pid, index_date), or of (pid, index_date, value): of results of one
// day the greatest.
func (c Characteristic) SQL() string {
	switch {
	case c.Has != nil:
		return c.Has.SQL()
	case c.Charlson != nil:
		return c.Charlson.sql()
	}
	return fmt.Sprintf(`SELECT entry.pid, index_date, arg_max(x.value_num, (x.moment, x.value_num))::DOUBLE AS value
FROM entry JOIN (SELECT pid, moment, moment::DATE AS day, value_num FROM result WHERE moment IS NOT NULL AND value_num IS NOT NULL AND code IN (FROM list_%s)%s) x ON x.pid = entry.pid%s
GROUP BY ALL`, c.Last.Observation, c.Last.valueSQL(), c.Last.Days.sql(" WHERE ", "x.day"))
}

// Describe says it in English.
func (c Characteristic) Describe(title func(list string) string) string {
	switch {
	case c.Has != nil:
		return c.Has.Describe(title)
	case c.Charlson != nil:
		return c.Charlson.describe()
	}
	return "the newest " + strings.TrimPrefix(c.Last.Describe(title), "a ")
}

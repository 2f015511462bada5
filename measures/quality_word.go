package measures

import (
	"fmt"
	"strings"
)

// word is how the checks of a table stand in the bits of a whole number: whether a row is looked at, where that is
// not so of all, and whether it fails.
type word struct {
	checks    []qualityCheck
	of, fails []int // bits; of is -1 for all rows
	terms     []string
}

// wordOf gives each check its bits. Checks of values with limits share one CASE by the number of the code in
// quality.code, which k is the row of.
func wordOf(checks []qualityCheck) word {
	w := word{checks: checks}
	next, known := 0, map[string]int{}
	bit := func() int { next++; return next - 1 }
	var cases []string
	for i := range checks {
		c := checks[i]
		of := -1
		if c.of.name != "" {
			at, ok := known[c.of.name]
			if !ok {
				at = bit()
				known[c.of.name] = at
				if c.limits == 0 {
					w.terms = append(w.terms, term(c.of.sql, at))
				}
			}
			of = at
		}
		w.of, w.fails = append(w.of, of), append(w.fails, bit())
		if c.limits == 0 {
			w.terms = append(w.terms, term(c.fails, w.fails[i]))
			continue
		}
		if c.dimension != QualityConformance { // the second of a pair ends the case
			continue
		}
		sql := fmt.Sprintf("WHEN %d THEN %d | CASE", c.limits, uint64(1)<<of)
		for _, u := range c.units {
			sql += fmt.Sprintf(" WHEN t.value_unit = '%s' THEN CASE WHEN t.value_num BETWEEN %v AND %v THEN 0 ELSE %d END", u.unit, u.low, u.high, uint64(1)<<w.fails[i-1])
		}
		cases = append(cases, sql+fmt.Sprintf(" WHEN t.value_unit IS NULL THEN 0 ELSE %d END", uint64(1)<<w.fails[i]))
	}
	if len(cases) > 0 {
		w.terms = append(w.terms, "CASE WHEN t.value_num IS NULL OR k.limits IS NULL THEN 0 ELSE CASE k.limits "+strings.Join(cases, " ")+" ELSE 0 END END")
	}
	if next > 63 {
		panic(fmt.Sprintf("a table has %d bits of checks", next))
	}
	return w
}

func term(condition string, bit int) string {
	return fmt.Sprintf("CASE WHEN %s THEN %d ELSE 0 END", condition, uint64(1)<<bit)
}

// sql is the word of the row t.
func (w word) sql() string {
	list := []string{"0::BIGINT"}
	for _, t := range w.terms {
		list = append(list, "("+t+")::BIGINT")
	}
	return "(" + strings.Join(list, " | ") + ")"
}

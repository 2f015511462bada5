package random

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// caseOf names a case.
type caseOf struct {
	library string
	program int
	cql     string
	person  string
}

// class is a class of differences that the specification explains: testdata/cql-random/corrections.mjs.
type class struct {
	Name, Why string
	Any       bool // what it is about is an error: no answer is right
}

func readClasses(t *testing.T, file string) (list []class) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// tally is what a run found.
type tally struct {
	classes                                            []class
	compared, known                                    int
	truths                                             map[string]int
	refused, broke                                     map[string]int // programs
	notCQL                                             map[string]int // programs
	failed                                             map[string]int // cases
	explained                                          map[string]int // cases
	differ                                             map[string][]string
	programs, refusedPrograms                          map[string]bool
	refusedCases, differencesN, explainedCases, errors int
}

func newTally(classes []class) *tally {
	return &tally{classes: classes, truths: map[string]int{}, refused: map[string]int{}, broke: map[string]int{}, notCQL: map[string]int{}, failed: map[string]int{},
		explained: map[string]int{}, differ: map[string][]string{}, programs: map[string]bool{}, refusedPrograms: map[string]bool{}}
}

// sorted is whether a program's order is said.
var sorted = regexp.MustCompile(`sort (asc|desc)\)$`)

// textOf is a value, or a list of values, as one text.
func textOf(values []string, list, ordered bool) string {
	if !list {
		if len(values) == 0 {
			return "null"
		}
		return strings.Join(values, "; ")
	}
	if !ordered {
		values = slices.Sorted(slices.Values(values))
	}
	return "[" + strings.Join(values, "; ") + "]"
}

// oracleText is the same of what the oracle wrote.
func oracleText(raw json.RawMessage, ordered bool) string {
	var one *string
	if json.Unmarshal(raw, &one) == nil {
		if one == nil {
			return "null"
		}
		return *one
	}
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil {
		return string(raw)
	}
	values := []string{}
	for _, x := range list {
		if x == nil {
			values = append(values, "null")
			continue
		}
		values = append(values, *x)
	}
	return textOf(values, true, ordered)
}

// compare takes one case.
func (t *tally) compare(c caseOf, o *outcome, a answer) {
	key := fmt.Sprintf("%s R%d %s", c.library, c.program, c.cql)
	if o.broke != "" {
		t.differ[key] = []string{"farr broke: " + o.broke}
		return
	}
	if o.refused != "" {
		t.refusedCases++
		if !t.refusedPrograms[key] {
			t.refusedPrograms[key] = true
			t.refused[firstWords(o.refused)]++
		}
		return
	}
	ordered := sorted.MatchString(c.cql)
	farr := textOf(o.values[c.person], o.list, ordered)
	said := func(a answer) string {
		if a.Error != nil {
			return "fails: " + *a.Error
		}
		return oracleText(a.Value, ordered)
	}
	oracle := said(a)
	corrected := a.Corrected != nil && said(*a.Corrected) == farr
	if a.Error != nil && !corrected {
		t.failed[firstWords(*a.Error)]++
		return
	}
	if farr != oracle && !corrected && slices.ContainsFunc(t.classes, func(c class) bool { return c.Any && slices.Contains(a.Classes, c.Name) }) {
		for _, c := range t.classes {
			if c.Any && slices.Contains(a.Classes, c.Name) {
				t.explained[c.Name]++
			}
		}
		t.errors++
		return
	}
	t.programs[key] = true
	t.compared++
	if farr != "null" && farr != "[]" {
		t.known++
	}
	if farr == "true" || farr == "false" {
		t.truths[farr]++
	}
	switch {
	case farr == oracle:
	case corrected:
		for _, c := range t.classes {
			if !c.Any && slices.Contains(a.Classes, c.Name) {
				t.explained[c.Name]++
			}
		}
		t.explainedCases++
	default:
		if a.Corrected != nil {
			oracle += ", corrected " + said(*a.Corrected) + " by " + strings.Join(a.Classes, " and ")
		}
		t.differencesN++
		t.differ[key] = append(t.differ[key], fmt.Sprintf("%s: farr %s, oracle %s", c.person, farr, oracle))
	}
}

// report prints what was found; what no class explains is an error.
func (t *tally) report(test *testing.T) {
	share := func(n int) string { return fmt.Sprintf("%d (%d %%)", n, 100*n/max(t.compared, 1)) }
	test.Logf("%d cases of %d programs compared; not null or empty %s, true %s, false %s", t.compared, len(t.programs), share(t.known), share(t.truths["true"]), share(t.truths["false"]))
	table := func(title string, counts map[string]int) {
		total := 0
		for _, n := range counts {
			total += n
		}
		test.Logf("%s: %d", title, total)
		for _, k := range byCount(counts) {
			test.Logf("  %6d %s", counts[k], k)
		}
	}
	table("programs that the translator refuses", t.notCQL)
	table(fmt.Sprintf("programs that farr refuses (%d cases)", t.refusedCases), t.refused)
	table("cases that the oracle fails on", t.failed)
	test.Logf("cases that are an error by the specification and differ, not compared: %d", t.errors)
	table(fmt.Sprintf("classes of explained differences (%d cases)", t.explainedCases), t.explained)
	for _, c := range t.classes {
		if n := t.explained[c.Name]; n > 0 {
			test.Logf("  %s: %s", c.Name, c.Why)
		}
	}
	test.Logf("differences that nothing explains: %d cases of %d programs", t.differencesN, len(t.differ))
	var keys []string
	for k := range t.differ {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return len(a) - len(b) })
	for _, k := range keys {
		slices.Sort(t.differ[k])
		test.Errorf("%s\n      %s", k, strings.Join(t.differ[k][:min(3, len(t.differ[k]))], "\n      "))
	}
}

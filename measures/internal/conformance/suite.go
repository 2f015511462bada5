package conformance

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
	"farr/measures/internal/population"
)

// suite runs one measure on its cases. A measure that cannot be compiled or run fails
// its cases; the others go on.
func (t *trial) suite(ctx context.Context, s suite) error {
	start := time.Now()
	var found answers
	var problems []string
	if len(s.cases) > 0 {
		found, problems = t.answer(ctx, s)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m := MeasureReport{Measure: path.Base(s.measure.URL), URL: s.measure.URL, Cases: len(s.cases) + len(s.broken)}
	if found != nil {
		m.CareGaps, problems = t.gaps(ctx, s, found)
	}
	m.Problems = problems
	if s.program != nil {
		for _, d := range s.program.Lacking {
			t.report.Warnings = append(t.report.Warnings, m.Measure+": "+d.Error()+"; its codes are taken as none")
		}
	}
	results := []CaseReport{}
	for i, c := range s.cases {
		one := t.judge(s.measure, c, found.of(t.decks[0].pids[s.number][i]), problems)
		if found != nil {
			t.compareDecks(s, i, found, one)
		}
		results = append(results, one)
	}
	for _, c := range s.broken {
		results = append(results, t.judge(s.measure, c, nil, []string{c.Mistake}))
	}
	for _, one := range results {
		switch one.Status {
		case Passed:
			m.Passed++
		case Failed:
			m.Failed++
		case Quarantined:
			m.Quarantined++
		}
		t.report.Results = append(t.report.Results, one)
	}
	m.Millis = time.Since(start).Milliseconds()
	t.report.Cases += m.Cases
	t.report.Passed += m.Passed
	t.report.Failed += m.Failed
	t.report.Quarantined += m.Quarantined
	t.report.Measures = append(t.report.Measures, m)
	return nil
}

// answers are the tallies of each group of a measure, by pid; nil when it did not run.
type answers []map[string][]tally

// of are a person's tallies, by group; none when the measure did not run.
func (a answers) of(pid string) (list [][]tally) {
	for _, group := range a {
		list = append(list, group[pid])
	}
	return list
}

// answer runs a suite's measure on the persons of its cases in each deck, each in the case's
// period.
func (t *trial) answer(ctx context.Context, s suite) (found answers, problems []string) {
	if s.mistake != nil {
		return nil, strings.Split(s.mistake.Error(), "\n")
	}
	var periods []evaluate.Period
	var subjects []evaluate.Subject
	for i, c := range s.cases {
		p := evaluate.Period{ID: c.Low + "/" + c.High}
		var err error
		if p.First, err = time.Parse(time.DateOnly, c.Low); err == nil {
			p.Last, err = time.Parse(time.DateOnly, c.High)
		}
		if err != nil {
			return nil, []string{c.Folder + "/" + c.ID + ": its period is not of days"}
		}
		if !slices.Contains(periods, p) {
			periods = append(periods, p)
		}
		for _, d := range t.decks {
			subjects = append(subjects, evaluate.Subject{PID: d.pids[s.number][i], Period: p.ID})
		}
	}
	err := t.session.Ask(ctx, periods, subjects)
	if err == nil {
		err = t.session.Run(ctx, s.program)
	}
	for i, g := range s.measure.Groups {
		var one map[string][]tally
		if err == nil {
			one, err = counts(ctx, t.db, i, g)
		}
		found = append(found, one)
	}
	if err != nil {
		return nil, []string{err.Error()}
	}
	return found, nil
}

// judge compares one case; actual is by group, and none when the measure did not run.
func (t *trial) judge(m *content.Measure, c content.Case, actual [][]tally, problems []string) CaseReport {
	one := CaseReport{ID: c.Folder + "/" + c.ID, Measure: path.Base(m.URL), Status: Passed, Groups: []GroupReport{}}
	for g, group := range m.Groups {
		var found []tally
		if g < len(actual) {
			if found = actual[g]; found == nil { // nobody in the initial population
				found = make([]tally, len(group.Populations))
			}
		}
		var expected []content.ExpectedCount
		if g < len(c.Groups) {
			expected = c.Groups[g].Populations
		}
		one.Groups = append(one.Groups, compare(group, expected, found))
	}
	switch {
	case len(problems) > 0:
		one.Status, one.Reason = Failed, problems[0]
	case len(c.Groups) != len(m.Groups):
		one.Status, one.Reason = Failed, "the expected report has another number of groups than the measure"
	case len(one.Wrong()) > 0:
		one.Status = Failed
	}
	if reason := doubt(t.doubts, c.Folder, c.ID); reason != "" {
		switch one.Status {
		case Failed:
			one.Status, one.Reason = Quarantined, reason
		case Passed:
			one.Status, one.Reason = Failed, "it is quarantined and passes: take it off the list"
		}
	}
	return one
}

// compare brings the expected counts to the measure's populations, by code and in
// order. A report has a population for each observation that was made, named after
// what is observed or with an id that begins with that of the measure's, and its count is the value observed: they are
// compared in rising order.
func compare(g content.Group, expected []content.ExpectedCount, actual []tally) GroupReport {
	var out GroupReport
	left := map[string][]float64{}
	expected = slices.Clone(expected)
	for i, e := range expected {
		longest := 0
		for _, p := range g.Populations {
			if e.Code == population.Observation && p.Code == population.Observation && len(p.ID) > longest && strings.HasPrefix(e.ID+"_", p.ID+"_") {
				longest, expected[i].Code = len(p.ID), population.Observed(g, p)+"-observation"
			}
		}
		left[expected[i].Code] = append(left[expected[i].Code], float64(e.Count))
	}
	for i, p := range g.Populations {
		code, observation := p.Code, p.Code == population.Observation
		if observation {
			code = population.Observed(g, p) + "-observation"
		}
		var values []float64 // of the report
		if values = left[code]; observation {
			left[code] = nil
			slices.Sort(values)
		} else if len(values) > 0 {
			values, left[code] = values[:1], values[1:]
		}
		var found []float64
		if actual != nil {
			if found = actual[i].observed; !observation {
				found = []float64{float64(actual[i].count)}
			}
		}
		for k := range max(len(values), len(found)) {
			one := CountReport{Code: code}
			if k < len(values) {
				one.Expected = &values[k]
			}
			if k < len(found) {
				one.Actual = &found[k]
			}
			out.Populations = append(out.Populations, one)
		}
	}
	for _, e := range expected { // what the measure does not have
		if values := left[e.Code]; len(values) > 0 {
			left[e.Code] = values[1:]
			out.Populations = append(out.Populations, CountReport{Code: e.Code, Expected: &values[0]})
		}
	}
	return out
}

package conformance

import (
	"context"
	"path"
	"slices"
	"time"

	"farr/measures/internal/content"
	"farr/measures/internal/population"
)

// suite runs one measure on its cases. A measure that cannot be compiled or run fails
// its cases; the others go on.
func (t *trial) suite(ctx context.Context, s suite) error {
	start := time.Now()
	answers, warnings, problems := t.engine.answer(ctx, s)
	if err := ctx.Err(); err != nil {
		return err
	}
	m := MeasureReport{Measure: path.Base(s.measure.URL), URL: s.measure.URL, Cases: len(s.cases), Problems: problems}
	for _, w := range warnings {
		t.report.Warnings = append(t.report.Warnings, m.Measure+": "+w)
	}
	for i, c := range s.cases {
		one := t.judge(s.measure, c, answers, s.pids[i], problems)
		one.Measure = m.Measure
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

// judge compares one case.
func (t *trial) judge(m *content.Measure, c content.Case, answers *answers, pid string, problems []string) CaseReport {
	one := CaseReport{ID: c.Folder + "/" + c.ID, Status: Passed, Groups: []GroupReport{}}
	for g, group := range m.Groups {
		var actual []population.Tally
		if answers != nil {
			actual = population.Count(group, answers.of(g, pid))
		}
		var expected []content.ExpectedCount
		if g < len(c.Groups) {
			expected = c.Groups[g].Populations
		}
		one.Groups = append(one.Groups, compare(group, expected, actual))
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
// what is observed, and its count is the value observed: they are compared in rising
// order.
func compare(g content.Group, expected []content.ExpectedCount, actual []population.Tally) GroupReport {
	var out GroupReport
	left := map[string][]float64{}
	for _, e := range expected {
		left[e.Code] = append(left[e.Code], float64(e.Count))
	}
	for i, p := range g.Populations {
		code, observation := p.Code, p.Code == "measure-observation"
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
			if found = actual[i].Observed; !observation {
				found = []float64{float64(actual[i].Count)}
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

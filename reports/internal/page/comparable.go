package page

import (
	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// additive tells whether a measure's counts of separate periods add up to those of a longer one: what it counts are
// episodes, or events in person-time. A patient counts once in a year and again in each month with a visit.
func additive(m Measure) bool {
	return m.Definition.Episodic() || m.Definition.Scoring == measures.ScoringRate
}

// sameKind tells whether rates of such periods are of the same kind of people as the headline's, which the target is
// for: periods of the same length, or counts that add up.
func sameKind(m Measure, rows []disclose.Row) bool {
	return len(rows) == 0 || additive(m) || monthsOf(rows[0].Period) == monthsOf(m.Headline)
}

// apartWords say why a target or a benchmark is not compared with such periods.
func (w words) apartWords(m Measure, rows []disclose.Row) string {
	is := w.Say("the target is")
	switch {
	case !m.hasTarget():
		is = w.Say("the benchmark is")
	case m.KPI.Benchmark != nil:
		is = w.Say("target and benchmark are")
	}
	return w.Say("{is} for {length}; {periods} count only who was seen in them", is, w.lengthOf(monthsOf(m.Headline)), w.lengthWords(rows[0].Period))
}

// lengthOf is "12 months".
func (w words) lengthOf(months int) string {
	return w.Say("{months, plural, one {# month} other {# months}}", months)
}

// compares tells whether a measure has a target or a benchmark.
func compares(m Measure) bool { return m.hasTarget() || m.KPI != nil && m.KPI.Benchmark != nil }

// target is the line of the target, where it is for such periods.
func (w words) target(m Measure, rows []disclose.Row) *chart.Target {
	if !m.hasTarget() || !sameKind(m, rows) {
		return nil
	}
	return &chart.Target{Value: *m.KPI.Target, Label: w.Say("target {target}", w.trimmed(w.scaled(m.Released.Scale, *m.KPI.Target)))}
}

// references are the lines of the target and the benchmark, where they are for such periods.
func (w words) references(m Measure, rows []disclose.Row) []chart.Target {
	var out []chart.Target
	if t := w.target(m, rows); t != nil {
		out = append(out, *t)
	}
	if m.KPI != nil && m.KPI.Benchmark != nil && sameKind(m, rows) {
		b := m.KPI.Benchmark
		out = append(out, chart.Target{Value: b.Value, Label: w.Say("benchmark {value}", w.trimmed(w.scaled(m.Released.Scale, b.Value))), Benchmark: true})
	}
	return out
}

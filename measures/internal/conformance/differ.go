package conformance

import (
	"slices"

	"farr/measures/internal/population"
)

// DifferenceReport is a count, or the values observed, that an extract with another key gives
// and the judged one does not.
type DifferenceReport struct {
	ID      string    `json:"id"` // of the case
	Measure string    `json:"measure"`
	Key     int       `json:"key"`   // from 1
	Group   int       `json:"group"` // from 1
	Code    string    `json:"code"`
	Judged  []float64 `json:"judged"`
	Found   []float64 `json:"found"`
}

// compareDecks compares a case's tallies in each deck with those of the judged one.
func (t *trial) compareDecks(s suite, number int, found answers, judged CaseReport) {
	want := found.of(t.decks[0].pids[s.number][number])
	for k, d := range t.decks[1:] {
		got := found.of(d.pids[s.number][number])
		for g, group := range s.measure.Groups {
			for i, p := range group.Populations {
				t.report.Compared++
				a, b := numbers(want[g], i, p.Code), numbers(got[g], i, p.Code)
				if slices.Equal(a, b) {
					continue
				}
				t.report.Differences = append(t.report.Differences, DifferenceReport{
					ID: judged.ID, Measure: judged.Measure, Key: k + 1, Group: g + 1, Code: p.Code, Judged: a, Found: b,
				})
			}
		}
	}
}

// numbers are what a person adds to a population: the count, or the values observed. Who is
// not in the initial population has no tallies, and adds nothing.
func numbers(tallies []tally, i int, code string) []float64 {
	switch {
	case code == population.Observation && tallies == nil:
		return nil
	case code == population.Observation:
		return tallies[i].observed
	case tallies == nil:
		return []float64{0}
	}
	return []float64{float64(tallies[i].count)}
}

package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"farr/measures/internal/evaluate"
)

// The verdicts on a case.
const (
	Passed      = "passed"
	Failed      = "failed"
	Quarantined = "quarantined"
)

// Report is what became of all cases: Cases = Passed + Failed + Quarantined.
type Report struct {
	Cases       int `json:"cases"`
	Passed      int `json:"passed"`
	Failed      int `json:"failed"`
	Quarantined int `json:"quarantined"`

	Profiles evaluate.Profiles `json:"profiles"` // how a resource's profile was told

	Measures []MeasureReport `json:"measures"`
	Results  []CaseReport    `json:"results"`
	// Warnings are value sets that a measure needs and the package lacks, which were
	// taken as empty, and cases of no measure.
	Warnings []string `json:"warnings,omitempty"`

	// Keys is how many extracts with other keys were compared with the judged one, Compared
	// how many counts of theirs; Differences are those that are not the same.
	Keys        int                `json:"keys,omitempty"`
	Compared    int                `json:"compared,omitempty"`
	Differences []DifferenceReport `json:"differences,omitempty"`
}

// MeasureReport is what became of a measure's cases.
type MeasureReport struct {
	Measure     string   `json:"measure"` // last part of its URL
	URL         string   `json:"url"`
	Cases       int      `json:"cases"`
	Passed      int      `json:"passed"`
	Failed      int      `json:"failed"`
	Quarantined int      `json:"quarantined"`
	Millis      int64    `json:"millis"`
	Problems    []string `json:"problems,omitempty"` // why it could not be compiled or run
	// CareGaps are those of groups whose numerator is put together of parts.
	CareGaps []GapsReport `json:"care_gaps,omitempty"`
}

// GapsReport counts the subjects of all cases that are in a care gap of a group, by the first reason in
// order: a part of the numerator that is not met or, where lower is better, one that holds.
type GapsReport struct {
	Group   int         `json:"group"`  // from 1
	InGap   int64       `json:"in_gap"` // by the counts of the populations
	Reasons []GapReport `json:"reasons"`
	Other   int64       `json:"other"` // for whom none holds
}

// GapReport is one reason.
type GapReport struct {
	Title    string `json:"title"`
	Subjects int64  `json:"subjects"`
}

// CaseReport is what became of a case.
type CaseReport struct {
	ID      string        `json:"id"` // folder of the measure / folder of the case
	Measure string        `json:"measure"`
	Status  string        `json:"status"`
	Reason  string        `json:"reason,omitempty"` // of the quarantine, or why there are no counts
	Groups  []GroupReport `json:"groups"`
}

// GroupReport has the counts of a group of the measure.
type GroupReport struct {
	Populations []CountReport `json:"populations"`
}

// CountReport is one population, or one observation with its value. Expected is nil
// where the case says nothing of it, Actual where the measure did not run or made no
// such observation.
type CountReport struct {
	Code     string   `json:"code"`
	Expected *float64 `json:"expected"`
	Actual   *float64 `json:"actual"`
}

// Right says whether the count is the expected one.
func (c CountReport) Right() bool {
	return c.Actual != nil && (c.Expected == nil && *c.Actual == 0 || c.Expected != nil && *c.Expected == *c.Actual)
}

// Wrong are the populations of a case whose count is not the expected one, as text.
func (c CaseReport) Wrong() []string {
	var list []string
	for g, group := range c.Groups {
		for _, p := range group.Populations {
			if !p.Right() {
				list = append(list, fmt.Sprintf("group %d %s: expected %s, actual %s", g+1, p.Code, number(p.Expected), number(p.Actual)))
			}
		}
	}
	return list
}

func number(n *float64) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(*n)
}

// WriteJUnit writes the report as JUnit XML: a suite a measure. A quarantined case is a
// skipped one.
func (r *Report) WriteJUnit(w io.Writer) error {
	type message struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testCase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Failure *message `xml:"failure,omitempty"`
		Skipped *message `xml:"skipped,omitempty"`
	}
	type suite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Seconds  string     `xml:"time,attr"`
		Cases    []testCase `xml:"testcase"`
	}
	type suites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []suite  `xml:"testsuite"`
	}
	var all suites
	for _, m := range r.Measures {
		s := suite{Name: m.Measure, Tests: m.Cases, Failures: m.Failed, Skipped: m.Quarantined, Seconds: fmt.Sprintf("%.3f", float64(m.Millis)/1000)}
		for _, c := range r.Results {
			if c.Measure != m.Measure {
				continue
			}
			one := testCase{Name: c.ID, Class: m.Measure}
			switch c.Status {
			case Failed:
				one.Failure = &message{either(c.Reason, "counts differ"), strings.Join(c.Wrong(), "\n")}
			case Quarantined:
				one.Skipped = &message{Message: c.Reason}
			}
			s.Cases = append(s.Cases, one)
		}
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

package measures

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"farr/internal/duck"
)

// MeasureReportRequest is which reports to write.
type MeasureReportRequest struct {
	Type     string   // one of ReportTypes
	Bundle   bool     // one Bundle of type collection, in place of a resource a line
	Measures []string // IDs, names or URLs; all of the results when empty
	Periods  []string // IDs; all of the results when empty
}

// WriteMeasureReports writes results as FHIR R4 MeasureReports: for each measure and period
// one with all its groups, or one for each patient in an initial population. Counts are
// exact and patients have their pseudonyms: it is for those inside, and each report says so.
func (r *Results) WriteMeasureReports(ctx context.Context, w io.Writer, q MeasureReportRequest) error {
	e, err := r.newReporter(w, q)
	if err != nil {
		return err
	}
	if e.db, err = r.session(ctx); err != nil {
		return fmt.Errorf("write MeasureReport: %w", err)
	}
	defer e.db.Close()
	if err := e.write(ctx); err != nil {
		return fmt.Errorf("write MeasureReport: %w", err)
	}
	return nil
}

// reporter writes the reports of results.
type reporter struct {
	MeasureReportRequest
	results  *Results
	measures []reported
	scores   map[[4]string]Aggregate // by measure, period, stratum, value
	db       *duck.Session
	out      *bufio.Writer
	written  int
}

func (r *Results) newReporter(w io.Writer, q MeasureReportRequest) (*reporter, error) {
	e := &reporter{MeasureReportRequest: q, results: r, scores: map[[4]string]Aggregate{}, out: bufio.NewWriter(w)}
	var mistakes []error
	if !slices.Contains(ReportTypes, q.Type) {
		mistakes = append(mistakes, fmt.Errorf("unknown type %q of MeasureReport: there are %s", q.Type, join(ReportTypes)))
	}
	all := reportedMeasures(r.definitions)
	for _, name := range q.Measures {
		if !slices.ContainsFunc(all, func(m reported) bool { return m.named(name) }) {
			mistakes = append(mistakes, fmt.Errorf("the results have no measure %q", name))
		}
	}
	for _, m := range all {
		if len(q.Measures) == 0 || slices.ContainsFunc(q.Measures, m.named) {
			e.measures = append(e.measures, m)
		}
	}
	if len(all) == 0 {
		mistakes = append(mistakes, errors.New("the results have no measures"))
	}
	for _, p := range q.Periods {
		if !slices.Contains(r.lineage.Periods, p) {
			mistakes = append(mistakes, fmt.Errorf("the results have no period %q: there are %s", p, join(r.lineage.Periods)))
		}
	}
	if len(q.Periods) == 0 {
		e.Periods = r.lineage.Periods
	}
	for _, a := range r.aggregates {
		e.scores[[4]string{a.Measure, a.Period, a.Stratum, a.Value}] = a
	}
	return e, errors.Join(mistakes...)
}

func (e *reporter) write(ctx context.Context) error {
	if e.Bundle {
		e.out.WriteString(`{"resourceType":"Bundle","meta":` + string(mustJSON(reportMeta{Security: reportSecurity})) + `,"type":"collection","entry":[`)
	}
	for _, m := range e.measures {
		for _, period := range e.Periods {
			if e.Type != ReportIndividual {
				if err := e.population(ctx, m, period); err != nil {
					return err
				}
			}
			if e.Type != ReportSummary {
				if err := e.individuals(ctx, m, period); err != nil {
					return err
				}
			}
		}
	}
	if e.Bundle {
		e.out.WriteString("]}\n")
	}
	return e.out.Flush()
}

// mustJSON is the JSON of what always has one.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// emit writes one report.
func (e *reporter) emit(report measureReport) error {
	report.keepIDs()
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	e.written++
	switch {
	case !e.Bundle:
		_, err = e.out.Write(append(text, '\n'))
	default:
		comma := ""
		if e.written > 1 {
			comma = ",\n"
		}
		_, err = fmt.Fprintf(e.out, `%s{"fullUrl":"urn:uuid:%s","resource":%s}`, comma, report.ID, text)
	}
	return err
}

// id is a report's id: the same for the same results.
func (e *reporter) id(m reported, period, typ, pid string) string {
	return nameUUID("farr MeasureReport", e.results.lineage.Results, m.canonical, period, typ, pid)
}

// report is a report without its groups.
func (e *reporter) report(m reported, period, typ, pid string) measureReport {
	whole := e.scores[[4]string{m.definitions[0].ID, period, stratumAll, stratumAll}]
	out := measureReport{
		ResourceType: "MeasureReport", ID: e.id(m, period, typ, pid), Meta: reportMeta{Security: reportSecurity},
		Identifier: []fhirIdentifier{{systemOfURIs, "urn:uuid:" + e.id(m, period, typ, pid)}},
		Status:     "complete", Type: typ, Measure: m.canonical, ImprovementNotation: m.improvement(),
		Period: reportPeriod{whole.Low.Format(time.DateOnly), whole.High.AddDate(0, 0, -1).Format(time.DateOnly)},
	}
	for _, d := range m.definitions {
		if (!e.scores[[4]string{d.ID, period, stratumAll, stratumAll}].Complete || e.results.lacks(d.ID, period)) && out.Meta.Tag == nil {
			out.Meta.Tag = []coding{incompleteTag}
		}
	}
	return out
}

// population writes the report of everybody in a period.
func (e *reporter) population(ctx context.Context, m reported, period string) error {
	list := e.Type == ReportSubjectList
	groups := newGroups(m, list)
	if err := e.subjects(ctx, m, period, func(s subjectRow) error { return groups.add(s) }); err != nil {
		return err
	}
	out := e.report(m, period, e.Type, "")
	// A List's items are the subjects' own reports (R4, group.population.subjectResults),
	// which follow; the pseudonym is shown beside.
	prefix := "MeasureReport/"
	if e.Bundle {
		prefix = "urn:uuid:"
	}
	l := &lister{item: func(pid string) reference {
		return reference{Reference: prefix + e.id(m, period, ReportIndividual, pid), Type: "MeasureReport", Display: pid}
	}}
	for _, g := range groups.inOrder {
		out.Group = append(out.Group, g.group(l, func(stratum, value string) *quantity {
			a, ok := e.scores[[4]string{g.definition.ID, period, stratum, value}]
			if !ok {
				return nil
			}
			return scoreQuantity(g.definition, a.Rate)
		}))
	}
	out.Contained = l.contained
	return e.emit(out)
}

// individuals writes a report for each patient. It has no score: that is of a population.
func (e *reporter) individuals(ctx context.Context, m reported, period string) error {
	var pid string
	var groups *groupTallies
	flush := func() error {
		if groups == nil {
			return nil
		}
		out := e.report(m, period, ReportIndividual, pid)
		out.Subject = &reference{Type: "Patient", Identifier: &fhirIdentifier{systemOfURIs, "urn:uuid:" + pid}, Display: pid}
		for _, g := range groups.inOrder {
			out.Group = append(out.Group, g.group(&lister{}, func(string, string) *quantity { return nil }))
		}
		return e.emit(out)
	}
	err := e.subjects(ctx, m, period, func(s subjectRow) error {
		if groups == nil || s.pid != pid {
			if err := flush(); err != nil {
				return err
			}
			pid, groups = s.pid, newGroups(m, false)
		}
		return groups.add(s)
	})
	if err != nil {
		return err
	}
	return flush()
}

// groupTallies are the tallies of a measure's groups.
type groupTallies struct {
	inOrder []*groupTally
	byID    map[string]*groupTally
}

func newGroups(m reported, list bool) *groupTallies {
	g := &groupTallies{byID: map[string]*groupTally{}}
	for _, d := range m.definitions {
		one := newGroupTally(d, list)
		g.inOrder, g.byID[d.ID] = append(g.inOrder, one), one
	}
	return g
}

func (g *groupTallies) add(s subjectRow) error {
	one := g.byID[s.measure]
	if one == nil {
		return fmt.Errorf("subjects of %s, which is no measure of the results", s.measure)
	}
	one.add(s)
	return nil
}

// subjectRow is a subject as a whole, or by the value that it has in a stratum.
type subjectRow struct {
	measure, pid, stratum, value string
	populations                  int64
}

// subjects reads the subjects of a measure in a period, those of one patient together.
func (e *reporter) subjects(ctx context.Context, m reported, period string, each func(subjectRow) error) error {
	var ids []string
	for _, d := range m.definitions {
		ids = append(ids, duck.Quote(d.ID))
	}
	from := fmt.Sprintf(" FROM results.subject s WHERE s.measure IN (%s) AND s.period = %s", strings.Join(ids, ", "), duck.Quote(period))
	selects := []string{"SELECT s.measure, s.pid, s.populations, 'all' AS stratum, 'all' AS value" + from}
	if d := m.definitions[0]; d.Published == nil {
		for _, stratum := range strataOf(d) {
			selects = append(selects, fmt.Sprintf("SELECT s.measure, s.pid, s.populations, %s, s.%s", duck.Quote(stratum.Name), stratum.Name)+from)
		}
	} else {
		selects = append(selects, "SELECT s.measure, s.pid, s.populations, t.stratum, t.value"+strings.Replace(from, "WHERE", `JOIN results.subject_stratum t
			ON t.measure = s.measure AND t.period = s.period AND t.pid = s.pid AND t.episode IS NOT DISTINCT FROM s.episode WHERE`, 1))
	}
	rows, err := e.db.Query(ctx, "subjects of "+m.definitions[0].ID, "SELECT measure, pid::VARCHAR, populations::BIGINT, stratum, coalesce(value, '') FROM ("+strings.Join(selects, " UNION ALL ")+") ORDER BY pid, measure, stratum, value")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var s subjectRow
		if err := rows.Scan(&s.measure, &s.pid, &s.populations, &s.stratum, &s.value); err != nil {
			return err
		}
		if err := each(s); err != nil {
			return err
		}
	}
	return rows.Err()
}

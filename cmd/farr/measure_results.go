package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/measures"
	"farr/reports"
)

// formatMeasureReport is the format that is no table but FHIR.
const formatMeasureReport = "measure-report"

func (a *app) measureResults() *cobra.Command {
	var store, id, table, format, audience, out string
	var force bool
	var req measures.MeasureReportRequest
	cmd := &cobra.Command{
		Use:   "results --store DIR --format csv|parquet|arrow|measure-report",
		Short: "write results as a table, or as FHIR MeasureReports",
		Long: `Writes one table of a results snapshot: aggregate, subject, subject_stratum, issue (whose data
made a define fail), definition, and of cohorts cohort_member, cohort_attrition, cohort_incidence (by calendar year), cohort_rate
(incidence and prevalence by period and stratum, standardised), cohort_gap (how far groups are apart), cohort_outcome,
cohort_survival, cohort_comparison (log-rank tests), cohort_adjusted (observed and expected by a model), cohort_factor (its odds
ratios), cohort_calibration and cohort_table1; feed has how the records of each type came, and incomplete which parts of
definitions lack which of them in which periods (complete, of the other tables, says of a row whether its period and what must be
known behind it are over, and nothing of records that lack); of cohort_member, rules_passed has a bit for each rule: 1 for the entry, 2 for the first rule,
4 for the second and so on. With --format measure-report it is FHIR R4 MeasureReports of the measures, a line each, or with --bundle one Bundle:

  summary       one for each measure and period: counts, scores, stratifiers
  individual    one for each patient in an initial population, under the store's pseudonym
  subject-list  the summary with who is in each population, then the individual reports it lists

Nothing is hidden here: subject, cohort_member and individual reports have something on each person,
and small counts are small counts. It is for those inside; each MeasureReport says so by its
security labels, and --audience external is refused. What is to leave goes through farr report.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			if err := checkResultFlags(a.json, cmd, format, req.Type, audience); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			results, err := openResults(cmd, s, id)
			if err != nil {
				return err
			}
			write := func(w io.Writer) error { return results.Write(cmd.Context(), w, table, format) }
			if format == formatMeasureReport {
				write = func(w io.Writer) error { return results.WriteMeasureReports(cmd.Context(), w, req) }
			}
			if out == "" {
				return write(a.stdout)
			}
			if err := freeFile(s, out, "a table of results", force); err != nil {
				return err
			}
			return writeFile(out, write)
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&id, "results", "", "ID of the results; the current ones when not given")
	f.StringVar(&table, "table", "aggregate", "table to write")
	f.StringVar(&format, "format", measures.FormatCSV, "csv, parquet, arrow or measure-report")
	f.StringVar(&req.Type, "type", measures.ReportSummary, "of MeasureReports: summary, individual or subject-list")
	f.BoolVar(&req.Bundle, "bundle", false, "MeasureReports as one Bundle, not a line each")
	f.StringSliceVar(&req.Measures, "measure", nil, "of MeasureReports: IDs, names or URLs of measures; all when not given")
	f.StringSliceVar(&req.Periods, "period", nil, "of MeasureReports: periods of the results; all when not given")
	f.StringVar(&audience, "audience", string(reports.Internal), "internal; external is refused")
	f.StringVar(&out, "out", "", "new file to write; standard output when not given")
	f.BoolVar(&force, "force", false, "--out may take the place of a file")
	return cmd
}

// checkResultFlags refuses flags that do not go together, and whom results are not for.
func checkResultFlags(asJSON bool, cmd *cobra.Command, format, typ, audience string) error {
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	switch {
	case asJSON && format != formatMeasureReport:
		return usageError{errors.New("a table is written as csv, parquet or arrow: use --format in place of --json")}
	case audience == string(reports.External):
		return heldBack{errors.New("results hold exact counts and a row for each person: what is to leave goes through farr report --audience external, whose data/measure-reports.ndjson has MeasureReports of type summary")}
	case audience != string(reports.Internal):
		return usageError{fmt.Errorf("unknown audience %q: it is internal", audience)}
	case format == formatMeasureReport && given("table"):
		return usageError{errors.New("MeasureReports are not of one table: use --type in place of --table")}
	case format == formatMeasureReport && !slices.Contains(measures.ReportTypes, typ):
		return usageError{fmt.Errorf("unknown type %q of MeasureReport: there are %s", typ, join(measures.ReportTypes))}
	case format == formatMeasureReport:
		return nil
	}
	for _, name := range []string{"type", "bundle", "measure", "period"} {
		if given(name) {
			return usageError{fmt.Errorf("--%s is for --format %s", name, formatMeasureReport)}
		}
	}
	return nil
}

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/measures"
)

func (a *app) cohortTest() *cobra.Command {
	var folders []string
	var store string
	cmd := &cobra.Command{
		Use:   "test [COHORT...]",
		Short: "run the assurance cases of cohorts",
		Long: `Runs the cases in a cohort's folder cases: made-up persons with what is expected of each: their index
dates, which rules keep them out, what becomes of outcomes, days at risk. They are extracted and computed as real
ones are, in a private folder; it needs no key, and a store only where value lists are those of a package in it. What came out otherwise is told by its place, with exit
code 1. A job does the same before it extracts, and does not run when a case of its cohorts fails.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, names []string) error {
			library, _, err := cohortsNamed(folders, names)
			if err != nil {
				return err
			}
			pkg, done, err := importedInto(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer done()
			report, err := library.Assure(cmd.Context(), measures.AssuranceRequest{Cohorts: names, Package: pkg, Progress: a.progress()})
			if err != nil {
				return err
			}
			if err := a.print(report, func(w io.Writer) error { return printAssurance(w, report) }); err != nil {
				return err
			}
			if report.Failed > 0 {
				return casesFailed{failed: report.Failed, cases: report.Passed + report.Failed}
			}
			return nil
		},
	}
	libraryFlag(cmd, &folders)
	cmd.Flags().StringVar(&store, "store", "", "folder of the store with the package that value lists refer to")
	return cmd
}

func printAssurance(w io.Writer, r *measures.AssuranceReport) error {
	p := printer{w: w}
	for _, c := range r.Cases {
		word := "passed"
		if len(c.Differences) > 0 {
			word = "FAILED"
		}
		p.line("%s  %s  %s (%s)", word, c.File, c.Title, persons(c.Patients))
		for _, d := range c.Differences {
			p.line("        %v  %s", d.At, d.Patient)
			p.line("          expected %s", d.Expected)
			p.line("          got      %s", d.Got)
		}
	}
	for _, id := range r.Uncovered {
		p.line("no cases: %s", id)
	}
	p.line("%d passed, %d failed", r.Passed, r.Failed)
	return p.err
}

func persons(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d persons", n)
}

package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/measures"
)

// casesFailed is the error of a run whose report is printed already.
type casesFailed struct{ failed, cases, differences int }

func (e casesFailed) Error() string {
	if e.failed == 0 {
		return fmt.Sprintf("%d counts differ between keys", e.differences)
	}
	return fmt.Sprintf("%d of %d cases failed", e.failed, e.cases)
}

func (a *app) measureTest() *cobra.Command {
	var req measures.TestRequest
	var key, junit, profiles string
	cmd := &cobra.Command{
		Use:   "test DIR",
		Short: "run the test cases of published measures",
		Long: `Runs the test cases that come with a published measure package: folders with a Patient, its
resources and a MeasureReport with the expected counts. DIR is a package or a tree with many. Measures
that lack a library, and cases that cannot be run, fail and the others go on. Each
case is extracted as a source of its own, and the measure's SQL runs on the extract as in
production; nothing is left behind. Exit code 1 when a case fails.

A quarantine file has a line for each case whose expectation is doubtful: measure/case and why. Such a
case does not fail the check when it differs, and does when it passes. A line that begins with
"inferred:" or "declared:" is of runs with that --profiles alone.

With --keys the cases are judged from an extract of profile limited, and every count is compared with
those of as many extracts of profile shifted, each with a fresh key: dates that were moved must not
move a result. --keep-keys keeps those keys, to look into a difference with --key.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Dir, req.Progress = args[0], a.progress()
			var err error
			if req.Profiles, err = toProfiles(profiles); err != nil {
				return err
			}
			switch {
			case req.Keys < 0:
				return usageError{errors.New("--keys is a number of keys")}
			case req.Keys > 0 && cmd.Flags().Changed("profile"):
				return usageError{errors.New("--keys compares shifted with limited: leave out --profile")}
			case req.Keys == 0 && req.KeyDir != "":
				return usageError{errors.New("--keep-keys is of --keys")}
			}
			if key != "" {
				if req.Key, err = datasets.ReadKey(key); err != nil {
					return err
				}
			}
			report, err := measures.Test(cmd.Context(), req)
			if err != nil {
				return err
			}
			if junit != "" {
				if err := writeFile(junit, report.WriteJUnit); err != nil {
					return err
				}
			}
			if err := a.print(report, func(w io.Writer) error { return printTest(w, report) }); err != nil {
				return err
			}
			if report.Failed > 0 || len(report.Differences) > 0 {
				return casesFailed{report.Failed, report.Cases, len(report.Differences)}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&req.Measures, "measure", nil, "URLs or names of measures; all that have cases when not given")
	f.StringVar(&req.Profile, "profile", "shifted", "de-identification profile of the extract: shifted or limited")
	f.StringVar(&req.Quarantine, "quarantine", "", "file of doubtful cases")
	profilesFlag(cmd, &profiles)
	f.StringVar(&key, "key", "", "a project key: its file, fd:3 or env:NAME; a fresh one when not given")
	f.IntVar(&req.Keys, "keys", 0, "compare profile limited with as many extracts of profile shifted, each with a fresh key")
	f.StringVar(&req.KeyDir, "keep-keys", "", "folder that keeps the keys of --keys")
	f.StringVar(&junit, "junit", "", "file for a JUnit XML report")
	return cmd
}

// printTest prints the table of measures, then each case that failed with what
// differs, and each that is quarantined with the reason.
func printTest(w io.Writer, r *measures.TestReport) error {
	p := printer{w: w}
	p.line("%-64s %6s %6s %6s %6s", "measure", "cases", "passed", "failed", "quar.")
	broken := map[string]bool{}
	for _, m := range r.Measures {
		broken[m.Measure] = len(m.Problems) > 0
		p.line("%-64s %6d %6d %6d %6d", m.Measure, m.Cases, m.Passed, m.Failed, m.Quarantined)
		for _, problem := range m.Problems {
			p.line("    %s", problem)
		}
	}
	p.line("%-64s %6d %6d %6d %6d", "all", r.Cases, r.Passed, r.Failed, r.Quarantined)
	for _, c := range r.Results {
		switch wrong := c.Wrong(); {
		case c.Status == measures.TestQuarantined:
			p.line("quarantined %s: %s", c.ID, c.Reason)
		case broken[c.Measure]: // said once, at the measure
		case c.Status == measures.TestFailed && c.Reason != "":
			p.line("failed %s: %s", c.ID, c.Reason)
		case c.Status == measures.TestFailed:
			p.line("failed %s", c.ID)
			for _, one := range wrong {
				p.line("    %s", one)
			}
		}
	}
	if r.Keys > 0 {
		p.line("%d shifted extracts, each with its own key: %d of %d counts differ from the limited one", r.Keys, len(r.Differences), r.Compared)
	}
	for _, d := range r.Differences {
		p.line("differs %s: key %d, group %d %s: limited %v, shifted %v", d.ID, d.Key, d.Group, d.Code, d.Judged, d.Found)
	}
	for _, warning := range r.Warnings {
		p.line("warning: %s", warning)
	}
	return p.err
}

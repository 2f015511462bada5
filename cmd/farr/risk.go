package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/datasets/risk"
)

func (a *app) risk() *cobra.Command {
	var store, id, file, sensitive string
	var quasi []string
	var seed uint64
	cmd := &cobra.Command{
		Use:   "risk --store DIR | --file FILE --quasi A,B,C",
		Short: "how well a person could still be found in de-identified rows",
		Long: `Measures residual risk over quasi-identifiers, what a stranger may know of a person: class
sizes (k), the share of records in small classes, prosecutor risk (highest and average), uniques, l-diversity
of a sensitive column. A missing value is a value like any other.

Of a snapshot the quasi-identifiers are those that its profile declares (--quasi takes some of them), the
sensitive column is the code of a condition, and the share of patients is told whom two or three
(code, year) pairs make unique. No key is needed: what is measured is what stands in the store. The report is kept
as a snapshot beside the extract.

A file is *.parquet, or delimited text with a line of names.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case (store == "") == (file == ""):
				return usageError{errors.New("needs one of --store and --file")}
			case file != "" && len(quasi) == 0:
				return usageError{errors.New("--file needs --quasi, the columns that a stranger may know")}
			case file == "" && sensitive != "":
				return usageError{errors.New("--sensitive goes with --file")}
			}
			for i := range quasi {
				quasi[i] = strings.TrimSpace(quasi[i])
			}
			if file != "" {
				return a.riskOfFile(cmd, file, risk.FileOptions{Quasi: quasi, Sensitive: sensitive})
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			extract, err := openExtract(s, id)
			if err != nil {
				return err
			}
			sn, report, _, err := risk.Record(cmd.Context(), s, extract, risk.Options{Quasi: quasi, Seed: seed, Progress: a.progress()})
			if err != nil {
				return err
			}
			return a.print(riskAnswer{sn.ID(), extract.ID(), report}, report.WriteText)
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&id, "snapshot", "", "extract to measure; the current one when not given")
	f.StringVar(&file, "file", "", "measure this file instead: *.parquet, or delimited text")
	f.StringSliceVar(&quasi, "quasi", nil, "quasi-identifiers, with commas between")
	f.StringVar(&sensitive, "sensitive", "", "sensitive column of --file, for l-diversity")
	f.Uint64Var(&seed, "seed", risk.DefaultSeed, "draws the patients whose traces are looked at")
	return cmd
}

// riskAnswer is the report with where it is kept.
type riskAnswer struct {
	Snapshot string `json:"snapshot"`
	Extract  string `json:"extract"`
	*risk.Report
}

func (a *app) riskOfFile(cmd *cobra.Command, file string, o risk.FileOptions) error {
	dir, err := os.MkdirTemp("", "farr-risk-")
	if err != nil {
		return fmt.Errorf("make a private folder: %w", err)
	}
	defer os.RemoveAll(dir)
	o.TempDir = dir
	report, err := risk.MeasureFile(cmd.Context(), file, o)
	if err != nil {
		return err
	}
	return a.print(report, report.WriteText)
}

// riskOf measures a snapshot that was just made, or finds what was measured before.
func (a *app) riskOf(cmd *cobra.Command, s *datasets.Store, id string) (*riskAnswer, error) {
	extract, err := s.Open(id)
	if err != nil {
		return nil, err
	}
	sn, report, _, err := risk.Record(cmd.Context(), s, extract, risk.Options{Progress: a.progress()})
	if err != nil {
		return nil, err
	}
	return &riskAnswer{sn.ID(), id, report}, nil
}

// openExtract opens the extract with an ID, or the current one.
func openExtract(s *datasets.Store, id string) (*datasets.Snapshot, error) {
	if id == "" {
		return s.Current("extract")
	}
	sn, err := s.Open(id)
	if err != nil {
		return nil, err
	}
	if kind := sn.Manifest().Kind; kind != "extract" {
		return nil, usageError{fmt.Errorf("snapshot %.12s is of kind %s, not an extract", sn.ID(), kind)}
	}
	return sn, nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/measures"
)

func (a *app) measure() *cobra.Command {
	group := &cobra.Command{Use: "measure", Short: "compute quality measures and cohorts"}
	group.AddCommand(a.measureList(), a.measureViews(), a.measureRun(), a.measureResults(), a.measureImport(), a.measureTest())
	return group
}

func (a *app) measureList() *cobra.Command {
	var folders []string
	var store string
	cmd := &cobra.Command{
		Use:   "list [--store DIR]",
		Short: "list the measures and cohorts of a library, and a store's imported measures",
		RunE: func(cmd *cobra.Command, _ []string) error {
			library, err := measures.LoadLibrary(folders...)
			if err != nil {
				return err
			}
			imported, err := importedMeasures(cmd, store)
			if err != nil {
				return err
			}
			var listed any = library.Definitions()
			if store != "" {
				listed = map[string]any{"library": library.Definitions(), "package": imported}
			}
			return a.print(listed, func(w io.Writer) error {
				p := printer{w: w}
				for _, d := range library.Definitions() {
					p.line("%-30s %-8s %s", d.ID, d.Kind, d.Title)
				}
				for _, m := range imported {
					p.line("%-30s %-8s %s", m.Name, "package", m.Title)
				}
				return p.err
			})
		},
	}
	libraryFlag(cmd, &folders)
	cmd.Flags().StringVar(&store, "store", "", "folder of a store with an imported package")
	return cmd
}

func libraryFlag(cmd *cobra.Command, folders *[]string) {
	cmd.Flags().StringSliceVar(folders, "library", nil, "folder of measures and cohorts of your own, beside the shipped library")
}

func profilesFlag(cmd *cobra.Command, profiles *string) {
	cmd.Flags().StringVar(profiles, "profiles", string(measures.ProfilesInferred),
		"how published measures tell a resource's profile: inferred from what it says, or declared by its meta.profile alone")
}

func toProfiles(text string) (measures.Profiles, error) {
	p := measures.Profiles(text)
	if p != measures.ProfilesInferred && p != measures.ProfilesDeclared {
		return "", usageError{fmt.Errorf("--profiles is %s or %s", measures.ProfilesInferred, measures.ProfilesDeclared)}
	}
	return p, nil
}

func (a *app) measureRun() *cobra.Command {
	var req measures.Request
	var store, key, extract, pkg, periods, profiles string
	var folders []string
	cmd := &cobra.Command{
		Use:   "run --store DIR --key FILE --periods LIST",
		Short: "compute measures and cohorts for a list of periods",
		Long: `Computes the measures and cohorts of a library for all periods in one scan, with one-way
strata, and publishes the results as a snapshot. Periods: 2025 (year), 2025-Q1 (quarter), 2025-03
(month), 2024-01..2025-12 (each month), P12M/2024-01..2025-12 (twelve months that end with each).

A published measure (see farr measure import) is asked for by name or URL with --measure; it is
compiled before anything runs, and every place that cannot be is named. Each of its groups is a
result of its own. A value set that it needs and the package lacks is named, and nothing runs;
with --allow-missing-valuesets it is taken as empty and the results are marked incomplete.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "periods"); err != nil {
				return err
			}
			var err error
			if req.Profiles, err = toProfiles(profiles); err != nil {
				return err
			}
			if req.Periods, err = measures.ParsePeriods(periods); err != nil {
				return usageError{err}
			}
			if req.Library, err = measures.LoadLibrary(folders...); err != nil {
				return err
			}
			if req.Key, err = optionalKey(key); err != nil {
				return err
			}
			s, err := datasets.OpenStore(store)
			if err != nil {
				return err
			}
			defer s.Close()
			if req.Extract, err = snapshot(s, "extract", extract); err != nil {
				return err
			}
			if req.Package, err = packageSnapshot(s, pkg); err != nil {
				return err
			}
			req.Progress = a.progress()
			report, err := measures.Run(cmd.Context(), s, req)
			if err != nil {
				return err
			}
			return a.print(report, func(w io.Writer) error {
				p := printer{w: w}
				if report.Skipped {
					p.line("results %s were made already: skipped", report.Snapshot)
				} else {
					p.line("results %s", report.Snapshot)
				}
				p.line("of extract %.12s: measures %d, cohorts %d, periods %d, subjects %d, aggregates %d",
					report.Extract, len(report.Measures), len(report.Cohorts), report.Periods, report.Subjects, report.Aggregates)
				for _, lack := range report.Lacking {
					p.line("incomplete: %s", lack)
				}
				return p.err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&key, "key", "", "file of the project key; needed where dates are shifted")
	f.StringVar(&periods, "periods", "", "list of periods")
	f.StringVar(&extract, "extract", "", "ID of the extract; the current one when not given")
	f.StringVar(&pkg, "package", "", "ID of the package of published measures; the current one when not given")
	f.StringSliceVar(&req.Measures, "measure", nil, "IDs, or names or URLs of published measures; all of the library when not given")
	f.BoolVar(&req.AllowMissingValueSets, "allow-missing-valuesets", false, "take missing value sets as empty and mark the results incomplete")
	profilesFlag(cmd, &profiles)
	f.StringSliceVar(&req.Cohorts, "cohort", nil, "cohorts to compute; all when not given")
	libraryFlag(cmd, &folders)
	return cmd
}

func (a *app) measureResults() *cobra.Command {
	var store, id, table, format, out string
	cmd := &cobra.Command{
		Use:   "results --store DIR --table NAME --format csv|parquet|arrow",
		Short: "write a table of results",
		Long: `Writes one table of a results snapshot: aggregate, subject, cohort_attrition,
cohort_incidence or cohort_member. Nothing is hidden here: subject and cohort_member have a row
for each person, and small counts are small counts. What is to leave goes through farr report.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			if a.json {
				return usageError{errors.New("a table is written as csv, parquet or arrow: use --format in place of --json")}
			}
			s, err := datasets.OpenStore(store)
			if err != nil {
				return err
			}
			defer s.Close()
			results, err := openResults(cmd, s, id)
			if err != nil {
				return err
			}
			if out == "" {
				return results.Write(cmd.Context(), a.stdout, table, format)
			}
			return writeFile(out, func(w io.Writer) error { return results.Write(cmd.Context(), w, table, format) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&id, "results", "", "ID of the results; the current ones when not given")
	f.StringVar(&table, "table", "aggregate", "table to write")
	f.StringVar(&format, "format", "csv", "csv, parquet or arrow")
	f.StringVar(&out, "out", "", "file to write; standard output when not given")
	return cmd
}

// packageSnapshot opens the package named, or the store's current one, if it has any.
func packageSnapshot(s *datasets.Store, id string) (*datasets.Snapshot, error) {
	sn, err := snapshot(s, measures.KindPackage, id)
	if id == "" && datasets.CodeOf(err) == datasets.CodeNotFound {
		return nil, nil
	}
	return sn, err
}

// snapshot opens the one named, or the newest of its kind.
func snapshot(s *datasets.Store, kind, id string) (*datasets.Snapshot, error) {
	if id != "" {
		return s.Open(id)
	}
	return s.Current(kind)
}

func openResults(cmd *cobra.Command, s *datasets.Store, id string) (*measures.Results, error) {
	sn, err := snapshot(s, measures.KindResults, id)
	if err != nil {
		return nil, err
	}
	return measures.OpenResults(cmd.Context(), s, sn)
}

// writeFile writes a file that only its owner may read, whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".farr-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/measures"
)

func (a *app) cohort() *cobra.Command {
	group := &cobra.Command{Use: "cohort", Short: "define cohorts, check them, and see who is in them"}
	group.AddCommand(a.cohortRun(), a.cohortDescribe(), a.cohortLint(), a.cohortCodes(), a.cohortExplain(), a.cohortTest())
	return group
}

// cohortsNamed are the cohorts of a library that are named, or all of them.
func cohortsNamed(folders, names []string) (*measures.Library, []measures.Definition, error) {
	library, err := measures.LoadLibrary(folders...)
	if err != nil {
		return nil, nil, err
	}
	chosen, err := library.Cohorts(names...)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return library, chosen, nil
}

// importedInto is the package of published measures that a store has, if there is a store and a
// package in it.
func importedInto(ctx context.Context, store string) (*datasets.Snapshot, func() error, error) {
	if store == "" {
		return nil, func() error { return nil }, nil
	}
	s, err := datasets.OpenStore(ctx, store)
	if err != nil {
		return nil, nil, err
	}
	pkg, err := packageSnapshot(s, "")
	if err != nil {
		s.Close()
	}
	return pkg, s.Close, err
}

func (a *app) cohortDescribe() *cobra.Command {
	var folders []string
	var store string
	cmd := &cobra.Command{
		Use:   "describe [COHORT...]",
		Short: "say cohorts in plain English",
		Long: `Says in plain English what a cohort's file means: entry, rules in their order, time at risk, follow-up,
outcomes, and the hash of the definition, which is stored with its results. With --json it is the canonical
definition itself, SQL and codes included. Value lists that refer to value sets of a package have their codes, and
the definition the hash of its results, with --store.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, names []string) error {
			_, chosen, err := cohortsNamed(folders, names)
			if err != nil {
				return err
			}
			if store != "" {
				pkg, done, err := importedInto(cmd.Context(), store)
				if err != nil {
					return err
				}
				defer done()
				if chosen, err = measures.ResolveLists(cmd.Context(), pkg, chosen); err != nil {
					return err
				}
			}
			return a.print(chosen, func(w io.Writer) error {
				p := printer{w: w}
				for i, d := range chosen {
					if i > 0 {
						p.line("")
					}
					p.line("%s", d.Describe())
				}
				return p.err
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store with the package that value lists refer to")
	libraryFlag(cmd, &folders)
	return cmd
}

func (a *app) cohortLint() *cobra.Command {
	var folders []string
	var store string
	cmd := &cobra.Command{
		Use:   "lint --library DIR",
		Short: "check the files of cohorts and measures",
		Long: `Reads a library and tells every mistake in it at once, with exit code 1; then notes, which are no
mistakes but are hardly meant: rules that contradict each other or say the same, value lists that overlap or that
nobody uses, windows in which nobody has time at risk. farr cohort codes tells which codes occur in the data. Value
lists that refer to value sets of an imported package are looked up there with --store.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "library"); err != nil {
				return err
			}
			library, err := measures.LoadLibrary(folders...)
			if err != nil {
				return err
			}
			notes := library.Notes()
			if store != "" {
				pkg, done, err := importedInto(cmd.Context(), store)
				if err != nil {
					return err
				}
				defer done()
				resolved, err := measures.ResolveLists(cmd.Context(), pkg, library.Definitions())
				if err != nil {
					return err
				}
				notes = append(notes, measures.ResolvedNotes(resolved)...)
			} else {
				notes = append(notes, library.Unresolved()...)
			}
			return a.print(notes, func(w io.Writer) error {
				p := printer{w: w}
				for _, n := range notes {
					p.line("%v", n)
				}
				p.line("no mistakes, %d notes", len(notes))
				return p.err
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store with the package that value lists refer to")
	libraryFlag(cmd, &folders)
	return cmd
}

func (a *app) cohortCodes() *cobra.Command {
	var folders []string
	var store, extract string
	cmd := &cobra.Command{
		Use:   "codes --store DIR [COHORT...]",
		Short: "tell which codes of the value lists occur in the data",
		Long: `Tells for each code of the cohorts' value lists in which tables it occurs, on how many rows and for how
many persons; codes that never occur have 0. It needs no key. Counts are exact, for those inside.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			_, chosen, err := cohortsNamed(folders, names)
			if err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			sn, err := snapshot(s, "extract", extract)
			if err != nil {
				return err
			}
			pkg, err := packageSnapshot(s, "")
			if err != nil {
				return err
			}
			if chosen, err = measures.ResolveLists(cmd.Context(), pkg, chosen); err != nil {
				return err
			}
			uses, err := measures.Codes(cmd.Context(), sn, chosen)
			if err != nil {
				return err
			}
			return a.print(uses, func(w io.Writer) error {
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "list\tcode\trows\tpersons\ttables\tdescription\tsystem")
				for _, u := range uses {
					fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", u.List, u.Code, u.Rows, u.Persons, u.Tables, u.Description, u.System)
				}
				return t.Flush()
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&extract, "extract", "", "ID of the extract; the current one when not given")
	libraryFlag(cmd, &folders)
	return cmd
}

// cohortRun is measure run of cohorts alone.
func (a *app) cohortRun() *cobra.Command {
	cmd := a.compute(cohortsAlone)
	cmd.Short = "compute cohorts for a list of periods"
	cmd.Long = `Computes cohorts of a library and publishes the results as a snapshot: entries and the rules that
each passes, attrition, Table 1, outcomes with survival curves, incidence and prevalence by period and stratum.
Entries are sought in the span of the periods that do not overlap: 2025 (year), 2025-Q1 (quarter), 2025-03 (month),
2024-01..2025-12 (each month), P12M/2024-01..2025-12 (twelve months that end with each). farr measure results
writes the tables, and farr measure run computes measures beside cohorts.`
	return cmd
}

func (a *app) cohortExplain() *cobra.Command {
	var store, key, id, cohort, patient string
	var phi bool
	cmd := &cobra.Command{
		Use:   "explain --store DIR --key FILE --cohort ID --patient PID",
		Short: "tell which rule let a person into a cohort, or kept them out",
		Long: `Tells for each entry of a person in a cohort's results which rules it passes and which it fails, with what
they mean. The index date is a true date of the person: it goes to a terminal; anywhere else only with --phi, which says that
you may hold it there. Each time is an entry of the store's log (farr audit show --kind disclosure).`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "cohort", "patient"); err != nil {
				return err
			}
			if !a.terminal() && !phi {
				return heldBack{errors.New("an explanation has true dates of a patient: they go to a terminal, and elsewhere only with --phi")}
			}
			s, k, err := signedStore(cmd.Context(), store, key)
			if err != nil {
				return err
			}
			defer s.Close()
			results, err := openResults(cmd, s, id)
			if err != nil {
				return err
			}
			explained, err := results.ExplainCohort(cmd.Context(), k, cohort, patient)
			if err != nil {
				return err
			}
			who, err := user.Current()
			if err != nil {
				return err
			}
			to := "terminal"
			if !a.terminal() {
				to = "output"
			}
			if err := s.Disclose(cmd.Context(), explained.Disclosure(who.Username, to, results.Lineage().Extract)); err != nil {
				return err
			}
			return a.print(explained, explained.WriteText)
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&key, "key", "", "project key: its file, fd:3 or env:NAME; needed where dates are shifted")
	f.StringVar(&id, "results", "", "ID of the results; the current ones when not given")
	f.StringVar(&cohort, "cohort", "", "ID of the cohort")
	f.StringVar(&patient, "patient", "", "pseudonym of the patient")
	f.BoolVar(&phi, "phi", false, "true dates may leave the terminal")
	return cmd
}

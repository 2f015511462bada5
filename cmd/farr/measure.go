package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/measures"
)

func (a *app) measure() *cobra.Command {
	group := &cobra.Command{Use: "measure", Short: "compute quality measures and cohorts"}
	group.AddCommand(a.measureList(), a.measureViews(), a.measureRun(), a.measureMerge(), a.measureResults(), a.measureImport(), a.measureCompile(), a.measureExplain(), a.measureTest())
	return group
}

func (a *app) measureList() *cobra.Command {
	var folders []string
	var store string
	cmd := &cobra.Command{
		Use:   "list [--store DIR]",
		Short: "list the measures and cohorts of a library, and a store's imported measures",
		Long: `Lists each measure with its scoring and what it counts: patients, or resources of a type. Of the
package that was imported into a store it is also every group of a measure that has several, the value
sets that the measure asks for and the package lacks, and what else keeps the measure from being run.`,
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
			return a.print(listed, func(w io.Writer) error { return printMeasures(w, library.Definitions(), imported) })
		},
	}
	libraryFlag(cmd, &folders)
	cmd.Flags().StringVar(&store, "store", "", "folder of a store with an imported package")
	return cmd
}

func printMeasures(w io.Writer, library []measures.Definition, imported []measures.ImportedMeasure) error {
	p := printer{w: w}
	width := len("incident-type-2-diabetes")
	for _, m := range imported {
		width = min(max(width, len(m.Name)), 48) // few are longer, and they push the rest aside
	}
	row := func(id, kind, scoring, basis, title string) {
		p.line("%-*s  %-9s  %-19s  %-11s  %s", width, id, kind, scoring, basis, title)
	}
	row("measure", "kind", "scoring", "counts", "title")
	for _, d := range library {
		row(d.ID, d.Kind, d.Scoring, d.Basis, d.Title)
	}
	for _, m := range imported {
		row(m.Name, "published", m.Scoring, countedBy(m.Basis), m.Title)
		for i, g := range m.Groups {
			if len(m.Groups) > 1 {
				row("  group "+strconv.Itoa(i+1), "", g.Scoring, countedBy(g.Basis), g.ID)
			}
		}
		for _, lack := range m.Lacking {
			p.line("  lacks %s", lack)
		}
		for _, problem := range m.Problems {
			p.line("  cannot run: %s", problem)
		}
	}
	return p.err
}

// countedBy is what a published group of a basis counts, in the word that the library uses.
func countedBy(basis string) string {
	if basis == "boolean" {
		return measures.BasisPatient
	}
	return basis
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

// computing is which of the commands that compute results.
type computing int

const (
	everything   computing = iota
	cohortsAlone           // farr cohort run
	ofShards               // farr measure merge
)

func (a *app) measureRun() *cobra.Command { return a.compute(everything) }

// measureMerge is measure run where shards have done a part.
func (a *app) measureMerge() *cobra.Command {
	cmd := a.compute(ofShards)
	cmd.Use = "merge --store DIR --key FILE --periods LIST --shards N"
	cmd.Short = "put the shards of a run together, and compute the rest"
	cmd.Long = `Does what farr measure run does with the same flags, and gives the same results byte by byte, but takes the subjects of
measures that tell of each person apart (per_person) from N shards: farr measure run --shard 1/N to N/N. The rest is computed here:
cohorts, measures in CQL, SQL that compares persons, data quality. Shards may run at any time, in any order, on any machine
that has the store; one that was cut off is run again, and one that is there already is told and skipped. Exit code 6, and
which, while shards are missing.`
	return cmd
}

// compute is the command that computes measures and cohorts, or cohorts alone.
func (a *app) compute(what computing) *cobra.Command {
	var req measures.Request
	var store, key, extract, pkg, periods, profiles, shard string
	var shards int
	var folders, closed []string
	cmd := &cobra.Command{
		Use:   "run --store DIR --key FILE --periods LIST",
		Short: "compute measures and cohorts for a list of periods",
		Long: `Computes the measures and cohorts of a library for all periods in one scan, with one-way
strata, and publishes the results as a snapshot. Periods: 2025 (year), 2025-Q1 (quarter), 2025-03
(month), 2024-01..2025-12 (each month), P12M/2024-01..2025-12 (twelve months that end with each).

A measure of the library in CQL is computed when it is named with --measure. A published measure
(see farr measure import) is asked for by name or URL; it is compiled before anything runs, and
every place that cannot be is named. Each of its groups is a result of its own. A value set that
it needs and the package lacks is named, and nothing runs; with --allow-missing-valuesets it is
taken as empty and the results are marked incomplete.

With --shard 2/7 only the measures that tell of each person apart (per_person) are computed, of the second
seventh of the persons, and kept for farr measure merge --shards 7; no results are made.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "periods"); err != nil {
				return err
			}
			if _, err := measures.ParseShard(cmp.Or(shard, fmt.Sprintf("1/%d", cmp.Or(shards, 1)))); err != nil {
				return usageError{err}
			}
			if what == ofShards && shards == 0 {
				return usageError{errors.New("needs --shards: how many there are")}
			}
			var err error
			if req.Profiles, err = toProfiles(profiles); err != nil {
				return err
			}
			for i, name := range req.Measures {
				if req.Measures[i] = strings.TrimSpace(name); req.Measures[i] == "" {
					return usageError{errors.New("--measure names nothing")}
				}
			}
			if cmd.Flags().Changed("measure") && len(req.Measures) == 0 {
				return usageError{errors.New("--measure names nothing")}
			}
			if cmd.Flags().Changed("threads") && (req.Threads < 1 || req.Threads > mostThreads) {
				return usageError{fmt.Errorf("--threads is a number from 1 to %d", mostThreads)}
			}
			if req.Periods, err = measures.ParsePeriods(periods); err != nil {
				return usageError{err}
			}
			if req.Closed, err = toClosed(closed); err != nil {
				return usageError{err}
			}
			if req.Library, err = measures.LoadLibrary(folders...); err != nil {
				return err
			}
			if req.Key, err = optionalKey(key); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			s.KeepWitness(key)
			if req.Extract, err = snapshot(s, "extract", extract); err != nil {
				return err
			}
			if req.Package, err = packageSnapshot(s, pkg); err != nil {
				return err
			}
			switch {
			case what == cohortsAlone:
				req.Measures = []string{}
			case len(req.Measures) > 0 && req.Cohorts == nil:
				req.Cohorts = []string{} // who names measures wants those
			}
			req.Progress = a.progress()
			if shard != "" {
				return a.runShard(cmd.Context(), s, req, shard)
			}
			compute := measures.Run
			if what == ofShards {
				compute = func(ctx context.Context, s *datasets.Store, r measures.Request) (*measures.RunReport, error) {
					return measures.Merge(ctx, s, r, shards)
				}
			}
			report, err := compute(cmd.Context(), s, req)
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
				if report.Issues > 0 {
					p.line("issues: data made a define fail %d times, which is null there: farr measure results --table issue says whose, where and why", report.Issues)
				}
				if len(report.Beyond) > 0 {
					p.line("incomplete: the data know days to %s, and these periods end later: %s", report.AsOf, strings.Join(report.Beyond, ", "))
				}
				if report.OtherPolicy != "" {
					p.line("other policy: the extract was made by tables of de-identification %.12s, which are not farr's own: extensions that they leave out are null (farr policy diff)", report.OtherPolicy)
				}
				for _, lack := range report.Lacking {
					p.line("incomplete: %s", lack)
				}
				for _, doubt := range report.ClosedDoubts {
					p.line("closed: %s", doubt)
				}
				return p.err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&key, "key", "", "project key: its file, fd:3 or env:NAME; needed where dates are shifted")
	f.StringVar(&periods, "periods", "", "list of periods")
	f.StringVar(&extract, "extract", "", "ID of the extract; the current one when not given")
	f.StringVar(&pkg, "package", "", "ID of the package of published measures and value sets; the current one when not given")
	profiles = string(measures.ProfilesInferred)
	switch what {
	case everything:
		f.StringVar(&shard, "shard", "", "2/7 is the second of seven parts of the persons, for farr measure merge")
	case ofShards:
		f.IntVar(&shards, "shards", 0, "how many shards there are")
	}
	if what == cohortsAlone {
		f.StringSliceVar(&req.Cohorts, "cohort", nil, "cohorts to compute; all of the library when not given")
	} else {
		f.StringSliceVar(&req.Measures, "measure", nil, "IDs, or names or URLs of published measures; all of the library in SQL when not given")
		f.BoolVar(&req.AllowMissingValueSets, "allow-missing-valuesets", false, "take missing value sets as empty and mark the results incomplete")
		profilesFlag(cmd, &profiles)
		f.StringSliceVar(&req.Cohorts, "cohort", nil, "cohorts to compute; all when neither measures nor cohorts are named")
	}
	f.StringArrayVar(&closed, "closed", nil, "SITE=DAY: the last day of a site or source that was closed, from when on its records are not missed; may be said several times")
	f.IntVar(&req.Threads, "threads", 0, "threads of the engine; one for each processor when not given")
	f.Var((*bytesValue)(&req.MemoryLimit), "memory", "memory for the engine's buffers, as 4GB or 512MB; half of what the process may use when not given. What does not fit goes to disk; of a shifted extract it fails")
	libraryFlag(cmd, &folders)
	return cmd
}

// toClosed reads the last days of sites and sources.
func toClosed(list []string) (map[string]time.Time, error) {
	closed := map[string]time.Time{}
	for _, one := range list {
		at := strings.LastIndexByte(one, '=')
		if at < 1 {
			return nil, fmt.Errorf("--closed %q: want a site and its last day, such as \"Clinic 12=2025-05-31\"", one)
		}
		last, err := time.Parse(time.DateOnly, one[at+1:])
		if err != nil {
			return nil, fmt.Errorf("--closed %q: want a day such as 2025-05-31 behind the =", one)
		}
		if _, twice := closed[one[:at]]; twice {
			return nil, fmt.Errorf("--closed says %s twice", one[:at])
		}
		closed[one[:at]] = last
	}
	return closed, nil
}

// runShard computes one shard.
func (a *app) runShard(ctx context.Context, s *datasets.Store, req measures.Request, text string) error {
	shard, err := measures.ParseShard(text)
	if err != nil {
		return usageError{err}
	}
	report, err := measures.RunShard(ctx, s, req, shard)
	if err != nil {
		return err
	}
	return a.print(report, func(w io.Writer) error {
		already := ""
		if report.Skipped {
			already = ", made already: skipped"
		}
		_, err := fmt.Fprintf(w, "shard %s (buckets %d to %d): %d subjects, snapshot %s%s\n", report.Shard, report.Low, report.High, report.Subjects, report.Snapshot, already)
		return err
	})
}

// mostThreads is more than one machine has use for.
const mostThreads = 1024

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

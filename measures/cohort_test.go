package measures

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// Each archive in testdata/cohorts holds a library with a cohort, people in the file
// people, whose first line has the periods and the study window, and in the file want what
// comes out, English first. go test -update rewrites want; the diff is the review.
func TestCohorts(t *testing.T) {
	files, err := filepath.Glob("testdata/cohorts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cohorts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var people, want string
			var library []txtar.File
			for _, f := range archive.Files {
				switch f.Name {
				case "people":
					people = string(f.Data)
				case "want":
					want = string(f.Data)
				default:
					library = append(library, f)
				}
			}
			dir := t.TempDir()
			writeFiles(t, dir, library)
			l, err := LoadLibrary(dir)
			if err != nil {
				t.Fatal(err)
			}
			got := runCohort(t, l, people)
			if *update {
				archive.Files = append(library, txtar.File{Name: "people", Data: []byte(people)}, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// persons writes who stands behind entries, of which one may have several.
func persons(r *cohortResult, w *tabwriter.Writer) {
	for _, a := range r.attrition {
		fmt.Fprintf(w, "persons\t%s\t%d of %d entries\t%d removed\tat most %d of one\n", a.Rule, a.Persons, a.Remaining, a.RemovedPersons, a.MostEntries)
	}
	for _, n := range r.incidence {
		fmt.Fprintf(w, "persons\t%d\t%d of %d cases\n", n.Year, n.Persons, n.Cases)
	}
	for _, x := range r.rates {
		if x.Kind == RateIncidence {
			fmt.Fprintf(w, "persons\t%s\t%s=%s\t%d of %d cases\n", x.Period, x.Stratum, x.Value, x.Persons, x.Numerator)
		}
	}
	for _, o := range r.outcomes {
		fmt.Fprintf(w, "persons\t%s\t%s=%s\t%d of %d at risk\t%d with the event\t%d without\t%d outside\n", o.Outcome, o.Stratum, o.Value, o.Persons, o.AtRisk, o.EventPersons, o.FreePersons, o.OutsidePersons)
	}
	for _, l := range r.table1 {
		if l.Stratum == stratumAll && (l.Characteristic == "sex" || l.Characteristic == "age") {
			fmt.Fprintf(w, "persons\t%s\t%s\t%d of %d\n", l.Characteristic, l.Level, l.Persons, l.People)
		}
	}
}

func runCohort(t *testing.T, l *Library, people string) string {
	head, rest, _ := strings.Cut(people, "\n")
	words := strings.Fields(head)
	if len(words) != 3 {
		t.Fatalf("the first line is %q, not periods and a window", head)
	}
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	f := newFixture(t, "\n"+rest)
	shipped, err := LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	var own []Definition
	for _, d := range l.Definitions() {
		if !slices.Contains(shipped.IDs(d.Kind), d.ID) {
			own = append(own, d)
		}
	}
	e := f.engine(words[0], own...)
	for _, d := range own {
		for _, p := range d.Populations {
			fmt.Fprintf(w, "%s: %s\n", p.Name, p.English)
		}
		for _, r := range slices.Concat(d.Rules[1:], d.Outcomes) {
			fmt.Fprintf(w, "%s: %s\n", r.ID, r.English)
		}
		if d.Exit != "" {
			fmt.Fprintln(w, d.Exit)
		}
		for _, c := range d.Characteristics {
			fmt.Fprintf(w, "%s: %s\n", c.ID, c.English)
		}
		r := f.cohort(e, d, words[1:], w)
		for _, r := range r.rates {
			fmt.Fprintf(w, "%s\t%s\t%s=%s\t%d\t%d\t%.4f (%.4f, %.4f) %s\tadjusted %.4f (%.4f, %.4f)\t%.3f expected, ratio %.3f (%.3f, %.3f)\t%s\n", r.Kind, r.Period, r.Stratum, r.Value, r.Numerator, r.Denominator,
				r.Rate, r.CILow, r.CIHigh, r.Method, r.Adjusted, r.AdjustedLow, r.AdjustedHigh, r.Expected, r.Ratio, r.RatioLow, r.RatioHigh, r.Reason)
		}
		for _, g := range r.gaps {
			fmt.Fprintf(w, "gap of %s\t%s\tby %s\t%d groups\t%.4f\tratio %.4f\tTheil %.6f\tindex %.3f\tslope %.4f (%.4f, %.4f) %.4f\t%s\n", g.Kind, g.Period, g.Stratum, g.Groups, g.Difference, g.Ratio, g.Theil, g.Index, g.Slope, g.SlopeLow, g.SlopeHigh, g.RelativeSlope, g.Reason)
		}
		for _, o := range r.outcomes {
			fmt.Fprintf(w, "%s\t%s=%s\t%d at risk\t%d washed out\t%d no time\t%d events\t%d days\trate %.4f (%.4f, %.4f)\tmedian %.4g\t%s\n", o.Outcome, o.Stratum, o.Value, o.AtRisk, o.WashedOut, o.NoTime, o.Events, o.PersonDays, o.Rate, o.CILow, o.CIHigh, o.Median, o.Reason)
		}
		if d.recurs() {
			persons(r, w)
		}
		for _, p := range r.survival {
			if p.Stratum == stratumAll {
				fmt.Fprintf(w, "%s\tday %d\t%d at risk\t%d events\t%.4f (%.4f, %.4f)\n", p.Outcome, p.Day, p.AtRisk, p.Events, p.Survival, p.CILow, p.CIHigh)
			}
		}
		for _, c := range r.comparisons {
			fmt.Fprintf(w, "%s\tby %s\t%d groups\tchi2 %.4f\tdf %d\tp %.4f\t%s\n", c.Outcome, c.Stratum, c.Groups, c.Chi2, c.DF, c.P, c.Reason)
		}
		for _, d := range r.table1 {
			if d.Characteristic == "race" || d.Characteristic == "ethnicity" || d.Characteristic == "language" {
				continue
			}
			fmt.Fprintf(w, "%s\t%s=%s\t%s\t%d\tmissing %d\t%.3f\t%.3f (%.3f)\t%.2f [%.2f, %.2f]\tsmd %.4f\n", d.Characteristic, d.Stratum, d.Value, d.Level, d.People, d.Missing, d.Share, d.Mean, d.SD, d.Median, d.Q1, d.Q3, d.SMD)
		}
	}
	w.Flush()
	return strings.ReplaceAll(out.String(), "NaN", "-")
}

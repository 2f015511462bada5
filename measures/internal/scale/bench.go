package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// four are the published measures that figures are given for one by one.
var four = []string{
	"ControllingHighBloodPressureFHIR",
	"BreastCancerScreeningFHIR",
	"StatinTherapyforthePreventionandTreatmentofCardiovascularDiseaseFHIR",
	"DiabetesGlycemicStatusAssessmentGreaterThan9PercentFHIR",
}

// planPatients is how many patients a run has that is nearly all planning.
const planPatients = 500

// workshop is where populations are made and measured.
type workshop struct {
	farr, self string // binaries
	content    string
	dir, key   string
	list       string // of the cases
	year       string // that the cases are brought into
	runs       int    // of which the best counts: neighbours on the machine only ever add time
}

// openWorkshop makes one in a folder that close removes; none, and a word about it, where there
// is no published content.
func openWorkshop(farr, content string, runs int) (w *workshop, err error) {
	found, err := contentDir(content)
	if err != nil {
		return nil, err
	}
	if found == "" {
		fmt.Println("not measured: no published content in FARR_CONTENT or the user's cache")
		return nil, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "farr-scale-")
	if err != nil {
		return nil, err
	}
	return &workshop{farr: farr, self: self, content: found, dir: dir, year: "2025", runs: runs,
		key: filepath.Join(dir, "key"), list: filepath.Join(dir, "cases.json")}, nil
}

func (w *workshop) close() { os.RemoveAll(w.dir) }

// contentDir is where published measures are: what the option says, FARR_CONTENT, or the user's cache.
func contentDir(option string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	for _, dir := range []string{option, os.Getenv("FARR_CONTENT"), filepath.Join(cache, "farr", "content")} {
		if dir == "" {
			continue
		}
		for _, input := range []string{filepath.Join(dir, "input"), dir} {
			if _, err := os.Stat(filepath.Join(input, "resources", "measure")); err == nil {
				return input, nil
			}
		}
	}
	return "", nil
}

// replicate makes a store of so many patients with the measures in it.
func (w *workshop) replicate(ctx context.Context, from, to string, patients int64, args ...string) error {
	args = append([]string{"replicate", "--from", from, "--to", to, "--key", w.key, "--patients", fmt.Sprint(patients), "--seed", "1"}, args...)
	_, took, err := runChild(ctx, w.self, args...)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d patients made: %.0f CPU-s, %d MB resident\n", patients, took.cpu.Seconds(), took.peak/1e6)
	_, _, err = runChild(ctx, w.farr, "measure", "import", w.content, "--store", to)
	return err
}

// measured is a run of measures on a store.
type measured struct {
	cost
	subjects int64
}

// measure runs measures in one command, each time on a fresh store, and gives the best run.
func (w *workshop) measure(ctx context.Context, store string, names []string, options ...string) (best measured, err error) {
	copy := filepath.Join(w.dir, "run")
	defer os.RemoveAll(copy)
	for range w.runs {
		if err := errors.Join(fresh(store, copy), forget(w.key)); err != nil {
			return best, err
		}
		args := []string{"measure", "run", "--store", copy, "--key", w.key, "--periods", w.year,
			"--measure", strings.Join(names, ","), "--allow-missing-valuesets", "--json"}
		out, took, err := runChild(ctx, w.farr, append(args, options...)...)
		if err != nil {
			return best, err
		}
		var report struct {
			Skipped  bool  `json:"skipped"`
			Subjects int64 `json:"subjects"`
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			return best, err
		}
		if report.Skipped {
			return best, errors.New("the results were there already: nothing was measured")
		}
		if best.cpu == 0 || took.cpu < best.cpu {
			best = measured{took, report.Subjects}
		}
	}
	return best, nil
}

// published are the names of the measures that a store has.
func (w *workshop) published(ctx context.Context, store string) (names []string, err error) {
	out, _, err := runChild(ctx, w.farr, "measure", "list", "--store", store, "--json")
	if err != nil {
		return nil, err
	}
	var report struct {
		Package []struct{ Name string } `json:"package"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		return nil, err
	}
	for _, m := range report.Package {
		names = append(names, m.Name)
	}
	return names, nil
}

// bench measures farr on the replicated test cases of the published measures.
func bench(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	farr := f.String("farr", "bin/farr", "the built command")
	content := f.String("content", "", "folder of the published measures; FARR_CONTENT or the user's cache when empty")
	patients := f.Int64("patients", 100_000, "number of patients")
	runs := f.Int("runs", 1, "runs of each command; the best counts")
	only := f.String("measure", "", "measures to run each by itself, by commas; four when empty")
	if err := f.Parse(args); err != nil {
		return err
	}
	w, err := openWorkshop(*farr, *content, *runs)
	if w == nil {
		return err
	}
	defer w.close()
	alone := four
	if *only != "" {
		alone = strings.Split(*only, ",")
	}
	return w.bench(ctx, *patients, alone)
}

func (w *workshop) bench(ctx context.Context, patients int64, alone []string) error {
	cases, large, small := filepath.Join(w.dir, "cases"), filepath.Join(w.dir, "large"), filepath.Join(w.dir, "small")
	if _, _, err := runChild(ctx, w.self, "cases", "--content", w.content, "--store", cases, "--key", w.key, "--list", w.list); err != nil {
		return err
	}
	if err := w.replicate(ctx, cases, large, patients, "--list", w.list); err != nil {
		return err
	}
	if err := w.replicate(ctx, cases, small, planPatients, "--list", w.list); err != nil {
		return err
	}
	rows, bytes, err := sizeOf(ctx, large)
	if err != nil {
		return err
	}
	all, err := w.published(ctx, large)
	if err != nil {
		return err
	}
	for _, line := range machine(ctx) {
		fmt.Println(line)
	}
	fmt.Println("command: farr measure run --store STORE --key KEY --periods", w.year, "--allow-missing-valuesets --measure NAMES")
	fmt.Printf("population: %d patients replicated from the measures' test cases, profile limited; %d rows, %.1f MB of Parquet\n", patients, rows, float64(bytes)/1e6)
	fmt.Printf("planning: the same command on %d patients, which is start and planning and little else\n\n", planPatients)
	fmt.Println("| measures | subjects | CPU-s, whole process | of it planning | wall s | patients per CPU-s | patients per CPU-s without planning | rows per CPU-s | peak resident MB |")
	fmt.Println("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, names := range append(eachAlone(alone), all) {
		run, err := w.measure(ctx, large, names)
		if err != nil {
			return err
		}
		plan, err := w.measure(ctx, small, names)
		if err != nil {
			return err
		}
		title := names[0]
		if len(names) > 1 {
			title = fmt.Sprintf("all %d in one command", len(names))
		}
		without := "-"
		if left := (run.cpu - plan.cpu).Seconds(); left > 0 {
			without = fmt.Sprintf("%.0f", float64(patients)/left)
		}
		fmt.Printf("| %s | %d | %.2f | %.2f | %.2f | %.0f | %s | %.0f | %d |\n", title, run.subjects, run.cpu.Seconds(), plan.cpu.Seconds(), run.wall.Seconds(),
			float64(patients)/run.cpu.Seconds(), without, float64(rows)/run.cpu.Seconds(), run.peak/1e6)
	}
	return nil
}

func eachAlone(names []string) (lists [][]string) {
	for _, name := range names {
		lists = append(lists, []string{name})
	}
	return lists
}

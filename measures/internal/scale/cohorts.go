package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// library holds a cohort with ten rules by itself, one with ten outcomes, each of two value lists
// or more and a washout, by ten strata, and three measures beside the shipped ones.
//
//go:embed all:library
var library embed.FS

// benchPersons are those that are replicated, of five years.
const benchPersons = 5000

var (
	shipped = []string{"blood-pressure-control", "breast-cancer-screening", "cervical-cancer-screening", "colorectal-cancer-screening",
		"emergency-visits", "hba1c-poor-control", "readmission-30-day"}
	beside  = []string{"bench-influenza", "bench-kidney", "bench-statin"}
	periods = "2021-01..2025-12"
)

// cohorts measures cohorts on replicated persons of farr synth, in profile limited.
func cohorts(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("cohorts", flag.ContinueOnError)
	farr := f.String("farr", "bin/farr", "the built command")
	patients := f.Int64("patients", 100_000, "number of patients")
	store := f.String("store", "", "a store that replicate made of farr synth from 2021 on, in place of making one")
	key := f.String("key", "", "file of its key")
	memory := f.String("memory", "", "what farr may use for the engine's buffers, as 4GB")
	runs := f.Int("runs", 1, "runs of each command; the best counts")
	if err := f.Parse(args); err != nil {
		return err
	}
	if (*store == "") != (*key == "") {
		return errors.New("a store goes with its key")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "farr-cohorts-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, library); err != nil {
		return err
	}
	w := &workshop{farr: *farr, self: self, dir: dir, key: filepath.Join(dir, "key"), runs: *runs}
	if *store != "" {
		// A copy, so that what is kept beside the user's key stays as it is.
		text, err := os.ReadFile(*key)
		if err != nil {
			return err
		}
		if err := os.WriteFile(w.key, text, 0o600); err != nil {
			return err
		}
	} else {
		*store = filepath.Join(dir, "large")
		if err := w.persons(ctx, *store, *patients); err != nil {
			return err
		}
	}
	return w.cohorts(ctx, *store, *memory)
}

// persons makes a store of replicated persons.
func (w *workshop) persons(ctx context.Context, store string, patients int64) error {
	export, small := filepath.Join(w.dir, "export"), filepath.Join(w.dir, "small")
	for _, args := range [][]string{
		{w.farr, "keys", "new", "--out", w.key},
		{w.farr, "synth", "--patients", fmt.Sprint(benchPersons), "--start", "2021-01-01", "--end", "2025-12-31", "--out", export},
		{w.farr, "extract", "--source", export, "--sites", filepath.Join(export, "sites.csv"), "--store", small, "--key", w.key, "--profile", "limited", "--risk=false"},
		{w.self, "replicate", "--from", small, "--to", store, "--key", w.key, "--patients", fmt.Sprint(patients), "--seed", "1"},
	} {
		if _, _, err := runChild(ctx, args[0], args[1:]...); err != nil {
			return err
		}
	}
	return nil
}

func (w *workshop) cohorts(ctx context.Context, store, memory string) error {
	rows, bytes, err := sizeOf(ctx, store)
	if err != nil {
		return err
	}
	for _, line := range machine(ctx) {
		fmt.Println(line)
	}
	fmt.Printf("population: %d persons of farr synth replicated, profile limited; %d rows, %.1f MB of Parquet; %s\n\n", benchPersons, rows, float64(bytes)/1e6, periods)
	fmt.Println("| command | CPU-s, whole process | wall s | rows per CPU-s | peak resident MB |")
	fmt.Println("|---|---:|---:|---:|---:|")
	copy := filepath.Join(w.dir, "run")
	defer os.RemoveAll(copy)
	for _, one := range []struct {
		title string
		args  []string
	}{
		{"farr cohort run, one cohort with ten rules", []string{"cohort", "run", "--cohort", "bench-ten-rules"}},
		{"farr cohort run, ten rules, ten outcomes, rates of 60 months by ten strata", []string{"cohort", "run", "--cohort", "bench-hypertension"}},
		{"farr measure run, the same with ten measures", []string{"measure", "run", "--cohort", "bench-hypertension", "--measure", strings.Join(append(shipped, beside...), ",")}},
	} {
		var best cost
		for range w.runs {
			if err := errors.Join(fresh(store, copy), forget(w.key)); err != nil {
				return err
			}
			args := append(one.args, "--store", copy, "--key", w.key, "--library", filepath.Join(w.dir, "library"), "--periods", periods)
			if memory != "" {
				args = append(args, "--memory", memory)
			}
			_, took, err := runChild(ctx, w.farr, args...)
			if err != nil {
				return err
			}
			if best.cpu == 0 || took.cpu < best.cpu {
				best = took
			}
		}
		fmt.Printf("| %s | %.1f | %.1f | %.0f | %d |\n", one.title, best.cpu.Seconds(), best.wall.Seconds(), float64(rows)/best.cpu.Seconds(), best.peak/1e6)
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"farr/datasets"
	"farr/datasets/scale"
)

// replicate makes a larger extract out of the current one of a store.
func replicate(ctx context.Context, args []string) error {
	var r scale.Request
	f := flag.NewFlagSet("replicate", flag.ContinueOnError)
	from := f.String("from", "", "folder of the store with the extract to replicate")
	to := f.String("to", "", "folder of the store to write; made when missing")
	key := f.String("key", "", "file of the project key of the extract")
	f.Int64Var(&r.Patients, "patients", 100_000, "number of patients")
	f.Uint64Var(&r.Seed, "seed", 1, "seed of all that is drawn")
	f.Int64Var(&r.Heavy, "heavy", 0, "further observations of one patient")
	list := f.String("list", "", "list that cases wrote: the records are brought into one year by it")
	year := f.String("year", "2025", "that year")
	r.Changes = scale.DefaultChanges()
	f.IntVar(&r.Changes.Days, "days", r.Changes.Days, "a patient's dates move by at most so many days")
	exact := f.Bool("exact", false, "alter nothing but ids")
	memory := f.Int64("memory", 2048, "DuckDB's buffers in MB")
	if err := f.Parse(args); err != nil {
		return err
	}
	r.MemoryLimit = *memory << 20
	if *exact {
		r.Changes = scale.Changes{}
	}
	r.Progress = sayStep()
	var err error
	if r.Key, err = datasets.ReadKey(*key); err != nil {
		return err
	}
	if *list != "" {
		if r.Move, err = intoYear(*list, *year); err != nil {
			return err
		}
	}
	old, err := datasets.OpenStore(ctx, *from)
	if err != nil {
		return err
	}
	defer old.Close()
	if r.From, err = old.Current("extract"); err != nil {
		return err
	}
	if r.To, err = datasets.CreateStore(ctx, *to); err != nil {
		return err
	}
	defer r.To.Close()
	report, err := scale.Replicate(ctx, r)
	if err != nil {
		return err
	}
	return show(report)
}

// intoYear gives for each case of a list the days from its period's first day to the year's.
func intoYear(list, year string) (map[string]int64, error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	var all []listed
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	first, err := time.Parse("2006", year)
	if err != nil {
		return nil, err
	}
	moves := map[string]int64{}
	for _, c := range all {
		low, err := time.Parse(time.DateOnly, c.Low)
		if err != nil {
			return nil, fmt.Errorf("case %s: %w", c.Case, err)
		}
		moves[c.PID] = int64(first.Sub(low) / (24 * time.Hour))
	}
	return moves, nil
}

// sayStep says on stderr where the work is, every five seconds.
func sayStep() func(step string, done, total int64) {
	var last time.Time
	return func(step string, done, total int64) {
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			fmt.Fprintf(os.Stderr, "%s %d of %d\n", step, done, total)
		}
	}
}

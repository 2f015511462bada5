// Command scale makes the populations that benchmarks run on. It is no verb of farr.
//
//	scale cases --content DIR --store DIR --key FILE [--profile limited] [--measure NAMES] [--at-least N] [--list FILE]
//	scale replicate --from DIR --to DIR --key FILE --patients N [--seed S] [--heavy N]
//	scale persons --export DIR --to DIR --count N --least N
//	scale peers --modules DIR [--patients N]
//	scale bench [--farr bin/farr] [--patients N] [--runs N]
//	scale cohorts [--farr bin/farr] [--patients N] [--store DIR --key FILE]
//
// cases extracts the test cases of published measures, each as a source of its own, and imports the measures;
// replicate makes an extract of any number of patients out of the current one of a store (see
// package farr/datasets/scale); bench does both, runs farr on what they made, and prints its figures as
// a Markdown table; peers does so beside fqm-execution, on the test cases and on persons of farr synth, which
// persons makes into cases; cohorts replicates persons of farr synth and measures cohorts, outcomes, strata and measures.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "cases":
			return cases(ctx, args[1:])
		case "replicate":
			return replicate(ctx, args[1:])
		case "persons":
			return persons(ctx, args[1:])
		case "peers":
			return peers(ctx, args[1:])
		case "bench":
			return bench(ctx, args[1:])
		case "cohorts":
			return cohorts(ctx, args[1:])
		}
	}
	return errors.New("say cases, persons, replicate, bench, cohorts or peers, and --help for what with")
}

// show prints what was made as JSON.
func show(report any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

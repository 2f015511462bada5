package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/internal/progress"
	"farr/jobs"
)

// app is what every verb is wired to: the ends of the process and nothing else.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	meter          *meter
	json           bool
}

// run is the whole command: it parses args, does the verb and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv, meter: newMeter(stderr)}
	if slices.ContainsFunc(args, datasets.HoldsKey) {
		fmt.Fprintf(stderr, "farr: %v\n", datasets.ErrKeyItself)
		return jobs.ExitUsage
	}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	a.meter.close()
	if err == nil {
		return jobs.ExitOK
	}
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("interrupted; nothing half-made was kept (%w)", err)
	}
	fmt.Fprintf(stderr, "farr: %v\n", err)
	if todo := jobs.Todo(err); todo != "" {
		fmt.Fprintf(stderr, "to do: %s\n", todo)
	}
	var usage usageError
	if errors.As(err, &usage) || errors.Is(err, datasets.ErrKeyItself) {
		return jobs.ExitUsage
	}
	return jobs.ExitCode(err)
}

// usageError marks a command line that cannot be understood.
type usageError struct{ error }

const about = `farr: population health analytics in batches.

De-identified FHIR R4 records in Parquet, quality measures and cohorts computed with
DuckDB, and an offline HTML report, each traceable by hash to its inputs.

Exit codes: 0 done, 1 failed, 2 usage, 3 locked by another run, 4 integrity (a stored
object, or a ledger, is damaged or missing), 5 stopped by a privacy gate, 6 not ready: what it needs of
others, such as a shard, is not there yet.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "farr", Long: about,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (see: %s --help)", err, cmd.CommandPath())}
	})
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print the result as JSON")
	root.AddCommand(
		a.synth(), a.keys(), a.extract(), a.policy(), a.risk(), a.export(), a.crosswalk(), a.remove(), a.measure(), a.cohort(), a.sql(), a.report(), a.release(),
		a.run(), a.steps(), a.tick(), a.schedule(), a.status(), a.runs(), a.retry(), a.cancel(), a.doctor(), a.prune(), a.compact(), a.ledger(), a.verify(), a.audit(), a.version(),
	)
	refuseStrayArgs(root)
	return root
}

// refuseStrayArgs makes every wrong or missing argument a usage error, and a group
// without a verb print its help.
func refuseStrayArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		refuseStrayArgs(sub)
	}
	if cmd.HasSubCommands() {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown verb %q (see: %s --help)", args[0], cmd.CommandPath())}
			}
			return nil
		}
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		return
	}
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w (see: %s --help)", err, cmd.CommandPath())}
		}
		return nil
	}
}

// require refuses a command line that lacks one of the named flags, naming them all.
func require(cmd *cobra.Command, names ...string) error {
	var missing []string
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f.Value.String() == "" || f.Value.String() == "[]" {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("needs %s (see: %s --help)", join(missing), cmd.CommandPath())}
}

func join(names []string) string {
	switch n := len(names); n {
	case 1:
		return names[0]
	default:
		out := names[0]
		for i, name := range names[1:] {
			if i == n-2 {
				out += " and " + name
			} else {
				out += ", " + name
			}
		}
		return out
	}
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a *app) progress() progress.Func { return a.meter.report }

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/jobs"
)

func (a *app) ledger() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "look after the ledger of a folder of jobs",
	}
	cmd.AddCommand(a.ledgerBackup(), a.ledgerRebuild(), a.ledgerClock())
	return cmd
}

// did says what was done, for a person or a script.
func (a *app) did(what string) error {
	answer := struct {
		Did string `json:"did"`
	}{what}
	return a.print(answer, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, what)
		return err
	})
}

func (a *app) ledgerRebuild() *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild DIR",
		Short: "make a lost ledger again of the logs of the stores",
		Long: `Takes from the log of each job's store when each run began, for which planned time, and how it ended. Planned times
after the last one that ran are noted by the next tick, under the job's misfire rule. Times that were missed, the words of
errors, what steps took, runs of jobs whose file is gone, and runs that failed before their store was opened are
lost; a copy made with farr ledger backup has them: end what ticks, move .farr/ledger.db and what begins with its
name away, and put the copy there as ledger.db.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			made, err := jobs.Rebuild(cmd.Context(), args[0], jobs.Options{})
			if err != nil {
				return err
			}
			return a.print(made, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%d runs of %d jobs\n", made.Runs, made.Jobs)
				return err
			})
		},
	}
}

func (a *app) ledgerClock() *cobra.Command {
	return &cobra.Command{
		Use:   "clock DIR",
		Short: "take the present time for right, after a clock that was ahead",
		Long: `A clock that shows a time more than ten minutes before the last one in the ledger is refused: either it is
wrong now, and has to be set right, or it was wrong when the ledger was written. This is for the second case.
Planned times ahead of now that nobody ran are forgotten and noted again when they come; those that were run stay.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := jobs.AcceptClock(cmd.Context(), args[0], jobs.Options{}); err != nil {
				return err
			}
			return a.did("the present time is taken for right in " + args[0])
		},
	}
}

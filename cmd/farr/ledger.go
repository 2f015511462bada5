package main

import (
	"github.com/spf13/cobra"

	"farr/jobs"
)

func (a *app) ledger() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "look after the ledger of a folder of jobs",
	}
	cmd.AddCommand(a.ledgerBackup(), a.ledgerClock())
	return cmd
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
			return jobs.AcceptClock(cmd.Context(), args[0], jobs.Options{})
		},
	}
}

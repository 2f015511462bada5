package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"farr/jobs"
)

func (a *app) runs() *cobra.Command {
	var most int
	cmd := &cobra.Command{
		Use:   "runs DIR [JOB]",
		Short: "the newest runs: when, how they ended, why, and what each step took",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if most < 1 {
				return usageError{errors.New("-n is a number of runs, 1 or more")}
			}
			list, err := jobs.Runs(cmd.Context(), args[0], optional(args, 1), most)
			if err != nil {
				return err
			}
			return a.print(list, list.WriteText)
		},
	}
	cmd.Flags().IntVarP(&most, "number", "n", 20, "at most so many")
	return cmd
}

func (a *app) retry() *cobra.Command {
	return &cobra.Command{
		Use:   "retry DIR JOB [PLANNED]",
		Short: "have the next tick run a planned time again that failed, was missed or was cancelled",
		Long: `Takes the newest such planned time of the job, or the one that is given (2026-01-31T05:00:00Z, as farr runs prints it).
What the failed run had done is not done again.`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			var at *time.Time
			if text := optional(args, 2); text != "" {
				t, err := time.Parse(time.RFC3339, text)
				if err != nil {
					return usageError{fmt.Errorf("%q is not a planned time such as 2026-01-31T05:00:00Z", text)}
				}
				at = &t
			}
			asked, err := jobs.Again(cmd.Context(), args[0], args[1], at)
			if err != nil {
				return err
			}
			return a.print(asked, asked.WriteText)
		},
	}
}

func (a *app) cancel() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel DIR JOB",
		Short: "end the run of a job, or keep what waits from being run",
		Long: `The process that runs the job ends within seconds, and its steps that were done are kept. It is not run again
until farr retry, farr run or the next planned time.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, err := jobs.Cancel(cmd.Context(), args[0], args[1], jobs.Options{})
			if err != nil {
				return err
			}
			return a.print(asked, asked.WriteText)
		},
	}
}

func (a *app) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor DIR",
		Short: "look at all that the jobs of a folder need, before they run",
		Long: `Job files, ledger, locks and clock, and for each job its source, key, store, room on the disk, browser and the secrets of alerts. Runs nothing.
Exit code 1 when something is wrong.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := jobs.Doctor(cmd.Context(), args[0], jobs.Options{Browser: a.getenv("CHROMIUM")})
			if err != nil {
				return err
			}
			if err := a.print(found, found.WriteText); err != nil {
				return err
			}
			if !found.Well() {
				return errUnhealthy
			}
			return nil
		},
	}
}

func (a *app) ledgerBackup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup DIR FILE",
		Short: "copy the ledger to a new file, whole while others write",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := jobs.Backup(cmd.Context(), args[0], args[1]); err != nil {
				return err
			}
			return a.did("the ledger of " + args[0] + " is copied to " + args[1])
		},
	}
}

// optional is the argument at i, or "".
func optional(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

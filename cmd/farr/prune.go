package main

import (
	"io"

	"github.com/spf13/cobra"

	"farr/jobs"
)

func (a *app) prune() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "prune JOB.yaml|DIR",
		Short: "let go what the jobs' retention does not keep, as each run does behind its last step",
		Long: `Removes extracts, results and reports that ` + "`retention:`" + ` of a job file, or of the jobs of a folder, does not keep, and says
how many bytes came back. Without ` + "`retention:`" + ` all is kept. It judges extracts of the job's source and what was made of them,
and nothing else of the store.

Whatever the rules say these stay: what is in force, latest/, what the newest success of any job made, what a run that is to go
on has made, what other jobs of the folder keep, releases that still count, and all that those, and reports that stay, were made
of. Of several jobs of one source the looser rule holds, and each one's own newest so many stay. Rows of the ledger and entries of the store's log stay for ever: they are what tells what there was.

It knows the jobs of this folder and its ledger, and no others. What a job of another folder, or somebody by hand, made of the
same source in the same store goes by the rules given here. So do not let two folders share a source of a store, or give no
retention in either.

The store's log says first what goes. After a stop the next command on the store, or the next prune, finishes it. While
another process prepares a snapshot nothing goes (exit code 3).`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, failure := jobs.Prune(cmd.Context(), args[0], dryRun, a.jobOptions())
			if list == nil {
				return failure
			}
			err := a.print(list, func(w io.Writer) error {
				for _, one := range list {
					if err := one.WriteText(w); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			return failure
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would go and why the rest stays, and change nothing")
	return cmd
}

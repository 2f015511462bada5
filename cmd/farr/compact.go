package main

import (
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
)

func (a *app) compact() *cobra.Command {
	req := datasets.CompactRequest{}
	var store, key, extract string
	var withRisk bool
	cmd := &cobra.Command{
		Use:   "compact --store DIR --key FILE",
		Short: "make one of an extract and its increments, as a full load would be",
		Long: `Writes the objects of an extract that was added to (farr extract --onto) anew: the same rows in the order of a full
load, without those that were replaced or deleted. What reads the extract reads less then, and nothing that is computed
differs. It is in force where the extract was, which retention lets go as any other. The key signs the log; no date is opened.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "key"); err != nil {
				return err
			}
			s, k, err := signedStore(cmd.Context(), store, key)
			if err != nil {
				return err
			}
			defer s.Close()
			if req.Extract, err = openExtract(s, extract); err != nil {
				return err
			}
			req.Key, req.Progress = k, a.progress()
			report, err := datasets.Compact(cmd.Context(), s, req)
			if err != nil {
				return err
			}
			answer := compactAnswer{CompactReport: report}
			if withRisk {
				if answer.Risk, err = a.riskOf(cmd, s, report.Snapshot); err != nil {
					return err
				}
			}
			return a.print(answer, func(w io.Writer) error {
				p := printer{w: w}
				switch {
				case report.Increments == 0:
					p.line("extract %.12s has no increments", report.Of)
				case report.Skipped:
					p.line("extract %.12s was compacted before", report.Of)
				default:
					p.line("extract %.12s and its %d increments are one: %d rows written anew, %d are no more", report.Of, report.Increments, report.Rewritten, report.Dead)
				}
				p.line("snapshot %s", report.Snapshot)
				if answer.Risk != nil {
					p.line("residual risk: %s", answer.Risk.Summary())
				}
				return p.err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of snapshots")
	f.StringVar(&key, "key", "", "file of the project key")
	f.StringVar(&extract, "extract", "", "ID of the extract; the one in force when not given")
	f.BoolVar(&withRisk, "risk", true, "measure the residual risk of the snapshot, too, as an extraction does")
	f.StringVar(&req.Policy, "policy", "", "folder of the policy that the extract was made by; the one that comes with farr when not given")
	return cmd
}

// compactAnswer is what was made, and the residual risk of it.
type compactAnswer struct {
	*datasets.CompactReport
	Risk *riskAnswer `json:"risk,omitempty"`
}

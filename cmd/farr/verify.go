package main

import (
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/reports"
)

// verified is what farr verify prints.
type verified struct {
	datasets.VerifyReport
	Reports []*reports.Verification `json:"reports,omitempty"`
}

// problems are all, the store's first.
func (v verified) problems() datasets.VerifyReport {
	all := datasets.VerifyReport{Problems: v.Problems}
	for _, r := range v.Reports {
		all.Problems = append(all.Problems, r.Problems...)
	}
	return all
}

func (a *app) verify() *cobra.Command {
	var store string
	var bundles []string
	cmd := &cobra.Command{
		Use:   "verify --store DIR [--report DIR]",
		Short: "recompute the hash of everything in a store, its log too",
		Long: `Reads everything in a store and recomputes every hash: objects, manifests, pointers, the index, custody,
releases and the log. Whatever was changed, cut off, removed, swapped or added is named, links among it; exit code 4.
--report holds a report's files against its manifest, and that against the store's log.

Who can write the store and sign its log anew is found by farr audit verify with the key, or a checkpoint kept elsewhere.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			var v verified
			if v.VerifyReport, err = s.Verify(cmd.Context()); err != nil {
				return err
			}
			for _, dir := range bundles {
				r, err := reports.Verify(cmd.Context(), s, dir)
				if err != nil {
					return err
				}
				v.Reports = append(v.Reports, r)
			}
			if err := a.print(v, func(w io.Writer) error { return writeVerified(w, v) }); err != nil {
				return err
			}
			return v.problems().Err()
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringArrayVar(&bundles, "report", nil, "folder of a report that was made from it")
	return cmd
}

func writeVerified(w io.Writer, v verified) error {
	p := printer{w: w}
	p.line("%d snapshots, %d objects, %d bytes, %d log entries", v.Snapshots, v.Objects, v.Bytes, v.Entries)
	for _, r := range v.Reports {
		p.line("report %.12s: %d files, %d bytes", r.Manifest, r.Files, r.Bytes)
	}
	for _, problem := range v.problems().Problems {
		p.line("%s: %s: %s", problem.Code, problem.Subject, problem.Detail)
	}
	return p.err
}

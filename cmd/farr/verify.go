package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
)

func (a *app) verify() *cobra.Command {
	var store string
	cmd := &cobra.Command{
		Use:   "verify --store DIR",
		Short: "recompute the hash of everything in a store, its log too",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			s, err := datasets.OpenStore(store)
			if err != nil {
				return err
			}
			defer s.Close()
			report, err := s.Verify(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.print(report, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%d snapshots, %d objects, %d bytes, %d log entries\n", report.Snapshots, report.Objects, report.Bytes, report.Entries)
				return err
			}); err != nil {
				return err
			}
			return report.Err()
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	return cmd
}

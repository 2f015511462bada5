package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
)

func (a *app) keys() *cobra.Command {
	var out string
	create := &cobra.Command{
		Use:   "new --out FILE",
		Short: "make the project key",
		Long: `Makes a new random project key in FILE, readable by its owner only. An existing
file is never overwritten: whoever loses a key loses the exact measures of every store made
with it, so keep a copy apart from the store.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "out"); err != nil {
				return err
			}
			key, err := datasets.CreateKey(out)
			if err != nil {
				return err
			}
			return a.print(map[string]string{"key_id": key.ID(), "file": out}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "key %s in %s\n", key.ID(), out)
				return err
			})
		},
	}
	create.Flags().StringVar(&out, "out", "", "file to write")
	group := &cobra.Command{Use: "keys", Short: "make the key of a project"}
	group.AddCommand(create)
	return group
}

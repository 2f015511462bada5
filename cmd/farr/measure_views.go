package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/measures"
)

func (a *app) measureViews() *cobra.Command {
	var store, key, extract string
	cmd := &cobra.Command{
		Use:   "views --store DIR --key FILE",
		Short: "list the views and columns that a measure's SQL can read",
		Long: `Prepared views first, then the tables of the extract. A date x is its true local wall time, with
x_prec (1 year, 2 month, 3 day, 4 minute, 5 second, 6 millisecond) and its bounds x_lo and x_hi in UTC; a
coded element is the id of its concept, to be compared with a value list.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			k, err := optionalKey(key)
			if err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			sn, err := snapshot(s, "extract", extract)
			if err != nil {
				return err
			}
			views, err := measures.Views(cmd.Context(), s, sn, k)
			if err != nil {
				return err
			}
			return a.print(views, func(w io.Writer) error {
				p := printer{w: w}
				for _, v := range views {
					p.line("%s", v.Name)
					for _, c := range v.Columns {
						p.line("  %-32s %s", c.Name, strings.ToLower(c.Type))
					}
				}
				return p.err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&key, "key", "", "project key: its file, fd:3 or env:NAME; needed where dates are shifted")
	f.StringVar(&extract, "extract", "", "ID of the extract; the current one when not given")
	return cmd
}

// signedStore opens a store and reads the key, if one is named, which signs what is logged.
func signedStore(ctx context.Context, dir, keySource string) (*datasets.Store, *datasets.Key, error) {
	key, err := optionalKey(keySource)
	if err != nil {
		return nil, nil, err
	}
	s, err := datasets.OpenStore(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	if err := s.SignLog(key); err != nil {
		s.Close()
		return nil, nil, err
	}
	s.KeepWitness(keySource)
	return s, key, nil
}

// optionalKey reads the key file, if one is named.
func optionalKey(path string) (*datasets.Key, error) {
	if path == "" {
		return nil, nil
	}
	return datasets.ReadKey(path)
}

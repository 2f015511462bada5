package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"farr/datasets/export"
)

func (a *app) export() *cobra.Command {
	var req export.Request
	var store, id, key, config string
	cmd := &cobra.Command{
		Use:   "export --store DIR --key FILE --name NAME --profile PROFILE --out DIR",
		Short: "write de-identified rows for an analyst, behind a gate",
		Long: `Writes tables of an extract to a new folder, with manifest.json: all of it or nothing. Pseudonyms
and date shifts are those of the export's name and profile: exports that differ in either share none, and no key
or formula joins them; what rows hold (times of day, values, days between events) may still link them. Exports
of one name and profile share both by design, for a refresh: they join, and each is judged alone, so keep --tables
and leave_out the same under one name. Sealed values, the dates of loads, names of sources and labels of sites stay. In profile shifted a date
leaves only where every shift could have given it, so that none shows the edges of the load.

The profile is that of the extract. What it needs in the file of --config:

  shifted:     an expert's determination and its last day, and residual risk within the thresholds
  limited:     a data use agreement
  safe-harbor: residual risk within the thresholds, and no text that the policy does not account for

  shifted: {expert: "determination of 2026-02-01 by Dr Example, file 12", expires: 2027-01-31}
  limited: {agreement: DUA 2026/17 with Example University, expires: 2027-12-31}
  thresholds: {k: 11, below_k: 0%, highest: 1/11, average: 5%, uniques: 0%}   # these, when not said; looser only for shifted
  leave_out: [race, language]   # quasi-identifiers (farr risk lists them), or table.column

A refusal is exit code 5, with an entry in the store's log, as an export has.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "key", "name", "profile", "out"); err != nil {
				return err
			}
			if !slices.Contains(export.Formats, req.Format) {
				return usageError{fmt.Errorf("unknown format %q: there are %s", req.Format, strings.Join(export.Formats, ", "))}
			}
			var err error
			if req.Config, err = export.LoadConfig(config); err != nil {
				return err
			}
			s, k, err := signedStore(cmd.Context(), store, key)
			if err != nil {
				return err
			}
			defer s.Close()
			req.Key = k
			if err := outsideStore(s, req.Out, "an export"); err != nil {
				return err
			}
			if req.Extract, err = openExtract(s, id); err != nil {
				return err
			}
			for i := range req.Tables {
				req.Tables[i] = strings.TrimSpace(req.Tables[i])
			}
			req.Today, req.Progress = time.Now(), a.progress()
			m, err := export.Run(cmd.Context(), s, req)
			if err != nil {
				return err
			}
			return a.print(m, func(w io.Writer) error {
				p := printer{w: w}
				for _, f := range m.Files {
					p.line("%-40s %12d rows", f.Path, f.Rows)
				}
				p.line("%d persons; leak scan: %s", m.Persons, m.LeakScan)
				if m.Risk != nil {
					p.line("residual risk: %s", m.Risk.Summary())
				}
				p.line("log: %s", m.Checkpoint)
				return p.err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&id, "snapshot", "", "extract to export; the current one when not given")
	f.StringVar(&key, "key", "", "project key: its file, fd:3 or env:NAME")
	f.StringVar(&req.Name, "name", "", "name of the export, which its pseudonyms and shifts come from")
	f.StringVar(&req.Profile, "profile", "", "that of the extract: shifted, limited or safe-harbor")
	f.StringSliceVar(&req.Tables, "tables", nil, "tables to export, with commas between; all that have rows when not given")
	f.StringVar(&req.Format, "format", export.Parquet, strings.Join(export.Formats, ", "))
	f.StringVar(&req.Out, "out", "", "folder to write, new or empty")
	f.StringVar(&config, "config", "", "file with the reference that it leaves under, thresholds and what to leave out")
	return cmd
}

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"farr/internal/synth"
)

func (a *app) synth() *cobra.Command {
	var o synth.Options
	var start, end string
	cmd := &cobra.Command{
		Use:   "synth --patients N --seed S --sites K --start DATE --end DATE --out DIR",
		Short: "write a synthetic FHIR R4 Bulk Data export with known answers",
		Long: `Writes one NDJSON.gz file per resource type, sites.csv with the sites' labels, and
truth.json with the planted effects, every numerator and denominator of the shipped measures, and
attrition, members, outcomes and rates of the shipped cohorts, counted by the generator itself.
The same options give the same bytes.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "out"); err != nil {
				return err
			}
			var err error
			if o.Start, err = time.Parse(time.DateOnly, start); err != nil {
				return usageError{fmt.Errorf("--start %q: want a day such as 2023-01-01", start)}
			}
			if o.End, err = time.Parse(time.DateOnly, end); err != nil {
				return usageError{fmt.Errorf("--end %q: want a day such as 2025-12-31", end)}
			}
			o.Progress = a.progress()
			summary, err := synth.Generate(cmd.Context(), o)
			if err != nil {
				return err
			}
			return a.print(summary, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%d patients, %d lines, %d bytes of NDJSON in %s\n", summary.Patients, summary.Lines, summary.PlainBytes, o.Out)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Patients, "patients", 1000, "number of patients")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the population")
	f.IntVar(&o.Sites, "sites", 12, "number of sites")
	f.StringVar(&start, "start", "2023-01-01", "first day")
	f.StringVar(&end, "end", "2025-12-31", "last day")
	f.StringVar(&o.Out, "out", "", "folder to write into; made when missing")
	f.Float64Var(&o.Dirty, "dirty", 0, "share of bad lines to plant, for example 0.002")
	return cmd
}

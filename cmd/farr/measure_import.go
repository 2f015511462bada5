package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/measures"
)

func (a *app) measureImport() *cobra.Command {
	var store string
	var partial bool
	cmd := &cobra.Command{
		Use:   "import DIR|BUNDLE --store DIR",
		Short: "import a published measure package",
		Long: `Reads a published package of FHIR measures as it is: Measure, Library with ELM JSON and ValueSet
resources from a folder, a Bundle, or a repository's input tree. Value sets are taken by their
expansion, or expanded from their compose over codes and value sets of the package. The package
becomes a snapshot pinned by hash. Everything that is broken is reported at once and nothing is
stored; value sets that are missing or not whole are named. With --partial a package is taken that
lacks libraries: they are named, and measure list says which measures cannot be run without them.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			s, err := datasets.CreateStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			report, err := measures.Import(cmd.Context(), s, args[0], partial)
			if err != nil {
				return err
			}
			return a.print(report, func(w io.Writer) error {
				p := printer{w: w}
				if report.Skipped {
					p.line("package %s is in the store already", report.Snapshot)
				} else {
					p.line("package %s", report.Snapshot)
				}
				p.line("%d measures, %d libraries, %d value sets with %d codes", len(report.Measures), report.Libraries, report.ValueSets, report.Codes)
				for _, one := range slices.Concat(report.Problems, report.Lacking) {
					p.line("%s", one)
				}
				return p.err
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	cmd.Flags().BoolVar(&partial, "partial", false, "take a package in which libraries are missing")
	return cmd
}

// importedMeasures are those of the store's current package; none without one.
func importedMeasures(cmd *cobra.Command, store string) ([]measures.ImportedMeasure, error) {
	if store == "" {
		return nil, nil
	}
	s, err := datasets.OpenStore(cmd.Context(), store)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	sn, err := packageSnapshot(s, "")
	if sn == nil || err != nil {
		return nil, err
	}
	report, err := measures.Imported(cmd.Context(), sn)
	if err != nil {
		return nil, err
	}
	return report.Measures, nil
}

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/reports"
)

func (a *app) report() *cobra.Command {
	var req reports.Request
	var store, id, audience string
	var pdf, template bool
	var boundaries []string
	cmd := &cobra.Command{
		Use:   "report --store DIR --audience internal|external --out DIR",
		Short: "render results as an offline HTML bundle",
		Long: `Writes index.html, a page for each measure and cohort, and the run page with lineage, each
figure as CSV and JSON too. The audience must be said: internal hides nothing and says so on each
page; external hides small counts, and whatever would give them away, under a policy: cms11 (1 to
10; the default), opensafely7r5 (1 to 7, all others rounded to 5), cumulus10 or wa10 (1 to 9).

With --pdf, report.pdf in the bundle is all pages as one printed document. That needs Chromium:
the one that the environment names as CHROMIUM, or the first on the path.

With --language FILE the pages are in another language: a file in the form that --language-template
prints, which has every text of a report in English. A mistake in it, such as a number left out of a
text, is told with its line. Data files stay in English and are the same in each language, and what
measures, cohorts and your own files say of themselves stays as it is.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if template {
				_, err := a.stdout.Write(reports.LanguageTemplate())
				return err
			}
			if err := require(cmd, "store", "audience", "out"); err != nil {
				return err
			}
			req.Audience = reports.Audience(audience)
			if err := reports.CheckLanguage(req.LanguageFile); err != nil {
				return err
			}
			for _, text := range boundaries {
				b, err := reports.ParseBoundaries(text)
				if err != nil {
					return usageError{err}
				}
				req.Boundaries = append(req.Boundaries, b)
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := outsideStore(s, req.Out, "a report"); err != nil {
				return err
			}
			if req.Results, err = openResults(cmd, s, id); err != nil {
				return err
			}
			if pdf {
				if req.Browser, err = reports.FindBrowser(a.getenv("CHROMIUM")); err != nil {
					return err
				}
			}
			req.Progress = a.progress()
			req.Command = reportCommand(req)
			bundle, err := reports.Build(cmd.Context(), req)
			if err != nil {
				return err
			}
			if bundle.Untranslated > 0 {
				fmt.Fprintf(a.stderr, "%s: %d texts are not in it, and are in English\n", req.LanguageFile, bundle.Untranslated)
			}
			return a.print(bundle, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s\n", bundle.Index)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&id, "results", "", "ID of the results; the current ones when not given")
	f.StringArrayVar(&boundaries, "boundaries", nil, "GeoJSON of places that farr has no boundaries of, as AREA:PROPERTY=FILE (zip3:ZCTA3=zip3.geojson)")
	f.StringVar(&req.KPIFile, "kpi", "", "YAML file with targets and owners")
	f.StringVar(&audience, "audience", "", "internal or external")
	f.StringVar(&req.Disclosure, "disclosure", "", "policy for an external audience: "+strings.Join(reports.DisclosurePolicies(), ", ")+"; the first when not given")
	f.StringVar(&req.Organisation, "organisation", "", "name on every page")
	f.StringVar(&req.Title, "title", "", "title of the report")
	f.StringVar(&req.LanguageFile, "language", "", "file with the texts of the pages in another language")
	f.BoolVar(&template, "language-template", false, "print the file of all texts in English, to be translated, and do nothing else")
	f.BoolVar(&pdf, "pdf", false, "print all pages as one document too, report.pdf in the bundle; needs Chromium")
	f.StringVar(&req.Out, "out", "", "folder of the bundle; an earlier bundle there is replaced")
	return cmd
}

// reportCommand is the command line that makes the same bundle on any machine: without
// the paths, which differ and may name people.
func reportCommand(req reports.Request) string {
	words := []string{"farr report --store STORE --results", req.Results.Lineage().Results, "--audience", string(req.Audience)}
	if req.Disclosure != "" {
		words = append(words, "--disclosure", req.Disclosure)
	}
	if req.KPIFile != "" {
		words = append(words, "--kpi KPI")
	}
	if req.LanguageFile != "" {
		words = append(words, "--language FILE")
	}
	if req.Browser != "" {
		words = append(words, "--pdf")
	}
	for _, b := range req.Boundaries {
		words = append(words, "--boundaries "+b.Area+":"+b.Property+"=FILE")
	}
	return strings.Join(append(words, "--out DIR"), " ")
}

package main

import (
	"errors"
	"io"
	"os"
	"os/user"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"farr/measures"
)

// heldBack is an error that a privacy gate makes: exit code 5.
type heldBack struct{ error }

func (heldBack) PrivacyGate() bool { return true }

func (a *app) measureExplain() *cobra.Command {
	var req measures.ExplainRequest
	var profiles string
	var store, key, extract, pkg, period, out string
	var phi bool
	cmd := &cobra.Command{
		Use:   "explain --store DIR --key FILE --measure NAME --patient PID",
		Short: "why a patient counts as they do in a published measure",
		Long: `Computes a published measure for one patient in one period, by the same statements as measure run,
and prints how the patient counts in each population, then the value of every define beside its
line of the CQL: those of the populations first, the others in the order of evaluation. Lists
show their elements, a resource by its status, codes and dates. PID is the pseudonym in the
results' column pid. A value set that the package lacks is taken as empty and named.

The dates are the patient's true dates. They go to a terminal; anywhere else only with --phi, which
says that you may hold them there. Each time is an entry of the store's log (farr audit show --kind
disclosure): who, when, which measure and which pseudonym, and no value.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "measure", "patient"); err != nil {
				return err
			}
			if out != "" && !phi {
				return heldBack{errors.New("an explanation has true dates of a patient: they go to a file only with --phi")}
			}
			to := "terminal"
			switch {
			case out != "":
				to = "file"
			case !a.terminal() && !phi:
				return heldBack{errors.New("an explanation has true dates of a patient: they go to a terminal, and elsewhere only with --phi")}
			case !a.terminal():
				to = "output"
			}
			if period != "" {
				list, err := measures.ParsePeriods(period)
				if err == nil && len(list) != 1 {
					err = errors.New("an explanation is of one period")
				}
				if err != nil {
					return usageError{err}
				}
				req.Period = &list[0]
			}
			s, k, err := signedStore(cmd.Context(), store, key)
			if err != nil {
				return err
			}
			defer s.Close()
			req.Key = k
			if req.Extract, err = snapshot(s, "extract", extract); err != nil {
				return err
			}
			if req.Package, err = snapshot(s, measures.KindPackage, pkg); err != nil {
				return err
			}
			if req.Profiles, err = toProfiles(profiles); err != nil {
				return err
			}
			explainer, err := measures.NewExplainer(cmd.Context(), req)
			if err != nil {
				return err
			}
			explanation, err := explainer.Explain(cmd.Context(), s)
			if err != nil {
				return err
			}
			who, err := user.Current()
			if err != nil {
				return err
			}
			if err := s.Disclose(cmd.Context(), explainer.Disclosure(who.Username, to)); err != nil {
				return err
			}
			if out == "" {
				return a.print(explanation, explanation.WriteText)
			}
			return writeFile(out, func(w io.Writer) error {
				if a.json {
					return writeJSON(w, explanation)
				}
				return explanation.WriteText(w)
			})
		},
	}
	profilesFlag(cmd, &profiles)
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&key, "key", "", "project key: its file, fd:3 or env:NAME; needed where dates are shifted")
	f.StringVar(&extract, "extract", "", "ID of the extract; the current one when not given")
	f.StringVar(&pkg, "package", "", "ID of the package of published measures; the current one when not given")
	f.StringVar(&req.Measure, "measure", "", "name or URL of the measure")
	f.StringVar(&req.PID, "patient", "", "pseudonym of the patient")
	f.StringVar(&period, "period", "", "measurement period; the last calendar year that the data know whole when not given")
	f.BoolVar(&phi, "phi", false, "true dates may leave the terminal")
	f.StringVar(&out, "out", "", "file to write, which only you may read; needs --phi")
	return cmd
}

// terminal tells whether a person reads what is printed.
func (a *app) terminal() bool {
	f, ok := a.stdout.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

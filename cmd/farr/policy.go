package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/internal/source"
	"farr/reports"
)

func (a *app) policy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "what de-identification keeps, changes, seals and drops, element by element",
		Long: `The tables of de-identification: for each element of each resource type what a
profile does with it, and on what legal ground. Those that come with farr are used unless
a folder of your own is given with --policy here and in farr extract, or policy: in a job;
farr policy export writes them out to begin with. The SHA-256 over a folder's files is in each
extract's manifest and files, in the log and on each report.`,
	}
	cmd.AddCommand(a.policyShow(), a.policyLint(), a.policyDiff(), a.policyExport())
	return cmd
}

// shownPolicy is what policy show gives as JSON.
type shownPolicy struct {
	Hash    string                `json:"hash"`
	Profile string                `json:"profile"`
	Types   []datasets.PolicyType `json:"types"`
}

func (a *app) policyShow() *cobra.Command {
	var dir, profile, page string
	var types []string
	cmd := &cobra.Command{
		Use:   "show [--profile P] [--type T] [--policy DIR] [--html FILE]",
		Short: "print what a profile does with each element, or a page to sign",
		RunE: func(*cobra.Command, []string) error {
			if err := checkProfile(profile); err != nil {
				return err
			}
			p, err := datasets.OpenPolicy(dir)
			if err != nil {
				return err
			}
			if page != "" {
				if len(types) > 0 {
					return usageError{errors.New("--html has all types; leave --type out")}
				}
				text, err := reports.PolicyPage(p, profile, version())
				if err != nil {
					return err
				}
				return writeNew(page, text)
			}
			all, err := p.Describe(profile)
			if err != nil {
				return err
			}
			if all, err = pickTypes(all, types); err != nil {
				return err
			}
			shown := shownPolicy{p.Hash(), profile, all}
			return a.print(shown, func(w io.Writer) error { return writePolicy(w, shown) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&profile, "profile", "shifted", strings.Join(datasets.Profiles(), ", "))
	f.StringSliceVar(&types, "type", nil, "resource types; all when not given")
	f.StringVar(&dir, "policy", "", "folder of tables; those that come with farr when not given")
	f.StringVar(&page, "html", "", "write a page to read, print and sign to this file instead")
	return cmd
}

// version is that of the program.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// writeNew writes a file that must not be there.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func checkProfile(profile string) error {
	if known := datasets.Profiles(); !slices.Contains(known, profile) {
		return usageError{fmt.Errorf("--profile %q: want %s", profile, strings.Join(known, " or "))}
	}
	return nil
}

func pickTypes(all []datasets.PolicyType, names []string) ([]datasets.PolicyType, error) {
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	var some []datasets.PolicyType
	for _, t := range all {
		known = append(known, t.Type)
		if slices.Contains(names, t.Type) {
			some = append(some, t)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usageError{fmt.Errorf("--type %q: no table has it, so records of it are not stored; there are %s", name, strings.Join(known, ", "))}
		}
	}
	return some, nil
}

func writePolicy(w io.Writer, s shownPolicy) error {
	p := printer{w: w}
	p.line("profile %s, tables %s", s.Profile, s.Hash)
	for _, t := range s.Types {
		p.line("\n%s (%s)", t.Type, strings.Join(t.Directives, "; "))
		wide := 0
		for _, l := range t.Lines {
			wide = max(wide, min(len(l.Path), 60))
		}
		for _, l := range t.Lines {
			how := l.How
			if l.Values != "" {
				how += " [" + l.Values + "]"
			}
			p.line("  %-7s  %-*s  %s; %s; %s", l.Effect, wide, l.Path, how, l.Ground, l.Why)
		}
		if len(t.Unlisted) > 0 {
			p.line("  drops, because no line lists it: %s", strings.Join(t.Unlisted, ", "))
		}
	}
	return p.err
}

func (a *app) policyLint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [DIR]",
		Short: "name everything that is wrong in a folder of tables, each with its place",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := strings.Join(args, "")
			err := datasets.LintPolicy(dir)
			var found source.Diagnostics
			if err != nil && !errors.As(err, &found) {
				return err
			}
			report := struct {
				Mistakes []lintMistake `json:"mistakes"`
			}{[]lintMistake{}}
			for _, d := range found {
				report.Mistakes = append(report.Mistakes, lintMistake{d.File, d.Line, d.Column, d.Code, d.Message, d.Hint})
			}
			if a.json || err == nil {
				err = errors.Join(a.print(report, func(w io.Writer) error {
					_, err := fmt.Fprintln(w, "no mistakes")
					return err
				}), err)
			}
			return err
		},
	}
}

// lintMistake is a mistake as JSON.
type lintMistake struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (a *app) policyDiff() *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "diff A B [--profile P]",
		Short: "print in what two sets of tables, or two profiles, differ",
		Long: `A and B are each a profile of the tables that come with farr (shifted, limited,
safe-harbor), the word "own" for these tables, a folder of tables, or FOLDER@PROFILE. Where no
profile is named that of --profile counts. Of two sets under one profile the lists are compared, too.`,
		Example: "  farr policy diff shifted safe-harbor\n  farr policy diff own my-tables\n  farr policy diff my-tables@limited my-tables@shifted",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkProfile(profile); err != nil {
				return err
			}
			one, profileA, err := openSide(args[0], profile)
			if err != nil {
				return err
			}
			other, profileB, err := openSide(args[1], profile)
			if err != nil {
				return err
			}
			all, err := datasets.DiffPolicies(one, profileA, other, profileB)
			if err != nil {
				return err
			}
			if all == nil {
				all = []datasets.PolicyDifference{}
			}
			return a.print(all, func(w io.Writer) error { return writeDifferences(w, all) })
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "shifted", "profile where a side names none")
	return cmd
}

// openSide opens one side of a comparison.
func openSide(text, profile string) (*datasets.Policy, string, error) {
	dir := text
	if slices.Contains(datasets.Profiles(), text) {
		dir, profile = "own", text
	} else if at := strings.LastIndexByte(text, '@'); at > 0 && slices.Contains(datasets.Profiles(), text[at+1:]) {
		dir, profile = text[:at], text[at+1:]
	}
	if dir == "own" {
		dir = ""
	}
	p, err := datasets.OpenPolicy(dir)
	return p, profile, err
}

func writeDifferences(w io.Writer, all []datasets.PolicyDifference) error {
	p := printer{w: w}
	if len(all) == 0 {
		p.line("no difference")
	}
	for i, d := range all {
		if name := d.List + d.Type; i == 0 || all[i-1].List+all[i-1].Type != name {
			p.line("%s", name)
		}
		switch {
		case d.List != "" && d.After == "" || d.Before != "" && d.After == "":
			p.line("  - %s%s", d.What, told(d.Before))
		case d.Before == "":
			p.line("  + %s%s", d.What, told(d.After))
		default:
			p.line("  %s: %s -> %s", d.What, d.Before, d.After)
		}
	}
	return p.err
}

// told is an action behind its line; that a line of a list is there says nothing.
func told(action string) string {
	if action == "there" {
		return ""
	}
	return ": " + action
}

func (a *app) policyExport() *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR",
		Short: "write the tables that come with farr into a new folder, to change them",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := datasets.ExportPolicy(args[0]); err != nil {
				return err
			}
			return a.print(map[string]string{"folder": args[0]}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s: change it, then farr policy lint %s\n", args[0], args[0])
				return err
			})
		},
	}
}

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/internal/source"
	"farr/measures"
)

// notCompiled is the error of a compilation whose mistakes are printed already.
type notCompiled struct{ places int }

func (e notCompiled) Error() string {
	if e.places == 1 {
		return "1 place has to be corrected"
	}
	return fmt.Sprintf("%d places have to be corrected", e.places)
}

func (a *app) measureCompile() *cobra.Command {
	var req measures.CompileRequest
	var profiles string
	var store, pkg string
	cmd := &cobra.Command{
		Use:   "compile DIR|BUNDLE|--store DIR --measure NAME --stage elm|plan|sql",
		Short: "show what published measures compile to",
		Long: `Compiles measures of a package, from its files or from the package that a store holds, and prints
a stage of each. Nothing runs, and no record of anyone is read.

  elm   every define and function that the measure reaches, as a tree: its nodes with the types that
        ELM gives them, line and column of the CQL (@line:column), and the type found for each define
  plan  the tables that are made, in order: keys, columns with their types, and the relations and
        expressions that make them, before an engine's spelling
  sql   the statements, in order, each below a comment with its define and the line of its CQL

Every mistake is printed at once, as library:line:column: code: message (hint), and the exit code
is 1. A measure that does not compile still shows its elm. Without --measure it is all measures.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !slices.Contains(measures.Stages, req.Stage):
				return usageError{fmt.Errorf("unknown stage %q: there are %s", req.Stage, join(measures.Stages))}
			case len(args) == 1 && store != "":
				return usageError{errors.New("a package is files or in a store: give one of DIR and --store")}
			case len(args) == 1:
				req.Path = args[0]
			default:
				if err := require(cmd, "store"); err != nil {
					return err
				}
				s, err := datasets.OpenStore(cmd.Context(), store)
				if err != nil {
					return err
				}
				defer s.Close()
				if req.Package, err = snapshot(s, measures.KindPackage, pkg); err != nil {
					return err
				}
			}
			var err error
			if req.Profiles, err = toProfiles(profiles); err != nil {
				return err
			}
			list, err := measures.Compile(cmd.Context(), req)
			var found source.Diagnostics
			if err != nil && !errors.As(err, &found) {
				return err
			}
			if list == nil {
				list = []measures.Compilation{}
			}
			if err := a.print(list, func(w io.Writer) error { return printCompiled(w, req.Stage, list) }); err != nil {
				return err
			}
			for _, one := range list {
				for _, lack := range one.Lacking {
					fmt.Fprintf(a.stderr, "farr: %s: %s\n", one.Measure, lack)
				}
			}
			if len(found) > 0 {
				fmt.Fprintln(a.stderr, found.Error())
				return notCompiled{len(found)}
			}
			return nil
		},
	}
	profilesFlag(cmd, &profiles)
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of a store with an imported package")
	f.StringVar(&pkg, "package", "", "ID of the store's package; the current one when not given")
	f.StringSliceVar(&req.Measures, "measure", nil, "names or URLs of measures; all of the package when not given")
	f.StringVar(&req.Stage, "stage", measures.StageSQL, "elm, plan or sql")
	return cmd
}

// printCompiled prints each measure below a comment with its name, in the language of the
// stage: what is printed as SQL can be read as SQL.
func printCompiled(w io.Writer, stage string, list []measures.Compilation) error {
	p := printer{w: w}
	mark := "#"
	if stage == measures.StageSQL {
		mark = "--"
	}
	for i, one := range list {
		if i > 0 {
			p.line("")
		}
		name := one.URL
		if one.Version != "" {
			name += "|" + one.Version
		}
		p.line("%s %s, %s", mark, strings.ReplaceAll(one.Measure, "\n", " "), strings.ReplaceAll(name, "\n", " "))
		p.line("")
		p.line("%s", strings.TrimSuffix(one.Text, "\n"))
	}
	return p.err
}

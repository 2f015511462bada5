package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// modules are those whose version a result can depend on.
var modules = []string{
	"github.com/duckdb/duckdb-go/v2", "github.com/apache/arrow-go/v18", "github.com/parquet-go/parquet-go",
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the versions that a result depends on",
		RunE: func(*cobra.Command, []string) error {
			versions := map[string]string{}
			if info, ok := debug.ReadBuildInfo(); ok {
				versions["farr"], versions["go"] = info.Main.Version, info.GoVersion
				for _, dep := range info.Deps {
					versions[dep.Path] = dep.Version
				}
			}
			shown := map[string]string{}
			names := append([]string{"farr", "go"}, modules...)
			for _, name := range names {
				shown[name] = versions[name]
			}
			return a.print(shown, func(w io.Writer) error {
				for _, name := range names {
					if _, err := fmt.Fprintf(w, "%-34s %s\n", name, shown[name]); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

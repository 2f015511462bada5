// Command compile writes a script as the chart engine's own code, which loads in a tenth of the time that parsing takes:
//
//	go run ./reports/internal/chart/compile echarts.min.js echarts.bytecode
//
// The code is that of one version of the engine; make compiles again when go.mod changes.
package main

import (
	"fmt"
	"os"

	"modernc.org/quickjs"
)

func main() {
	if err := compile(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compile:", err)
		os.Exit(1)
	}
}

func compile(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want a script and the file to write, not %d arguments", len(args))
	}
	script, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	vm, err := quickjs.NewVM()
	if err != nil {
		return err
	}
	defer vm.Close()
	code, err := vm.Compile(string(script), quickjs.EvalGlobal)
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[1]+".new", code, 0o644); err != nil {
		return err
	}
	return os.Rename(args[1]+".new", args[1])
}

package disk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// publishing are the packages that write what lasts.
var publishing = []string{"datasets", "datasets/internal/auditlog", "jobs", "reports"}

// writing are the calls of packages os and syscall that change what lasts.
var writing = strings.Fields(`WriteFile Create CreateTemp OpenFile OpenInRoot Mkdir MkdirAll MkdirTemp Rename Remove RemoveAll Link Symlink Truncate Chmod
	Chown Chtimes CopyFS Unlink Unlinkat Renameat Rmdir Creat Openat Mkdirat Ftruncate`)

// besides lists the calls that need no fault point, and why.
var besides = map[string]string{
	"jobs/ledger.go os.OpenFile":      "an empty file with the right mode; what SQLite writes goes by its commits, which are points",
	"jobs/lock.go os.OpenFile":        "an empty file to lock",
	"datasets/policy.go os.MkdirAll":  "tables that are written out to be read; no part of a store",
	"datasets/policy.go os.WriteFile": "tables that are written out to be read; no part of a store",
	"reports/print.go os.WriteFile":   "a page for the browser, in a folder that goes away",
}

// No call of a publishing package that changes what lasts goes past the fault points.
func TestOneDoor(t *testing.T) {
	calls := 0
	for _, dir := range publishing {
		files, err := filepath.Glob(filepath.Join("../..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			calls += pastTheDoor(t, dir, file)
		}
	}
	if calls == 0 {
		t.Error("no call of os was seen at all")
	}
}

// pastTheDoor reports direct calls in a file and gives how many calls of os there are.
func pastTheDoor(t *testing.T, dir, file string) (calls int) {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range tree.Imports {
		if spec.Name != nil && slices.Contains([]string{`"os"`, `"syscall"`, `"golang.org/x/sys/unix"`}, spec.Path.Value) {
			t.Errorf("%s gives %s another name, under which this test does not see it", file, spec.Path.Value)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := s.X.(*ast.Ident)
		if !ok || !slices.Contains([]string{"os", "syscall", "unix"}, pkg.Name) {
			return true
		}
		calls++
		name := dir + "/" + filepath.Base(file) + " " + pkg.Name + "." + s.Sel.Name
		if _, known := besides[name]; slices.Contains(writing, s.Sel.Name) && !known {
			t.Errorf("%s: %s goes past package disk, and so past the fault points", set.Position(s.Pos()), name)
		}
		return true
	})
	return calls
}

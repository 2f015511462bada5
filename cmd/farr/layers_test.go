package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// layers is the order in which folders may import one another: a folder may
// import those before it, and the leaves under internal.
var layers = []string{"datasets", "measures", "reports", "jobs", "cmd"}

// onlyImporter names the one folder that may import a module.
var onlyImporter = map[string]string{
	"github.com/duckdb/duckdb-go":    "internal/duck",
	"github.com/go-echarts":          "reports/internal/chart",
	"modernc.org/quickjs":            "reports/internal/chart",
	"modernc.org/sqlite":             "jobs",
	"go.yaml.in/yaml":                "internal/source",
	"github.com/spf13/cobra":         "cmd/farr",
	"github.com/schollz/progressbar": "cmd/farr",
}

// TestLayers holds the layer rule datasets <- measures <- reports <- jobs <- cmd by
// reading the imports of every file.
func TestLayers(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if name := d.Name(); name == "node_modules" || name == "bin" || name == "demo" || (strings.HasPrefix(name, ".") && rel != ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(filepath.ToSlash(rel), imported); why != "" {
				t.Errorf("%s imports %s: %s", rel, imported, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("read %d Go files below %s: not the whole tree", files, root)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
}

func forbidden(file, imported string) string {
	for module, folder := range onlyImporter {
		if (imported == module || strings.HasPrefix(imported, module+"/")) && !strings.HasPrefix(file, folder+"/") {
			return "only " + folder + " may"
		}
	}
	target, ours := strings.CutPrefix(imported, "farr/")
	if !ours {
		return ""
	}
	from, to := layer(file), layer(target)
	switch {
	case from == -1 && to >= 0:
		return "a leaf imports no layer"
	case to > from:
		return "imports run " + strings.Join(layers, " <- ")
	}
	return ""
}

// layer is the place of a file's top folder in layers, -1 for a leaf.
func layer(path string) int {
	top, _, _ := strings.Cut(path, "/")
	for i, name := range layers {
		if top == name {
			return i
		}
	}
	return -1
}

func TestForbidden(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		ok             bool
	}{
		{"measures/run.go", "farr/datasets", true},
		{"datasets/store.go", "farr/measures", false},
		{"internal/synth/synth.go", "farr/datasets", false},
		{"internal/synth/synth.go", "farr/internal/progress", true},
		{"measures/run.go", "github.com/duckdb/duckdb-go/v2", false},
		{"internal/duck/duck.go", "github.com/duckdb/duckdb-go/v2", true},
		{"jobs/steps.go", "farr/cmd/farr", false},
	} {
		if got := forbidden(c.file, c.imported) == ""; got != c.ok {
			t.Errorf("%s importing %s: allowed %v, want %v", c.file, c.imported, got, c.ok)
		}
	}
}

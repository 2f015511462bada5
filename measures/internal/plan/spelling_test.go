package plan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Only the printer spells SQL: no other file of the package has a text of it, so that a
// second engine is a second printer.
func TestOnlyThePrinterSpellsSQL(t *testing.T) {
	spelling := regexp.MustCompile(`\b(SELECT|FROM|WHERE|JOIN|INTERVAL|TIMESTAMP|VARCHAR|BIGINT|DOUBLE|UUID|CASE|NULL|COALESCE|AND|OR|ASC|DESC)\b|::|\b(coalesce|date_trunc|date_diff|row_number|unnest)\(`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	printers := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		spells := false
		ast.Inspect(tree, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && spelling.MatchString(l.Value) {
				spells = true
				if !strings.HasPrefix(file, "duckdb") {
					t.Errorf("%s: %s", set.Position(l.Pos()), l.Value)
				}
			}
			return true
		})
		if spells {
			printers++
		}
	}
	if printers != 2 {
		t.Errorf("%d files spell SQL, want duckdb.go and duckdb_expr.go", printers)
	}
}

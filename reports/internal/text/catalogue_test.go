package text

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the catalogue")

// said is a text of the code or of a template, and how many values it is given; -1 where that is not seen.
type said struct {
	text   Message
	values int
	at     string
}

// saidIn finds the texts in the Go files of a folder: those that are said as they stand, and the constants and lists of
// messages that are said by their name.
func saidIn(t *testing.T, dir string) []said {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no code in %s", dir)
	}
	var found []said
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		add := func(e ast.Expr, values int) {
			if s, ok := constant(e); ok && s != "" {
				found = append(found, said{Message(s), values, fset.Position(e.Pos()).String()})
			}
		}
		var all func(e ast.Expr) // in the lists and maps of a type
		all = func(e ast.Expr) {
			switch x := e.(type) {
			case *ast.CompositeLit:
				for _, v := range x.Elts {
					all(v)
				}
			case *ast.KeyValueExpr:
				all(x.Value)
			default:
				add(e, -1)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				if s, ok := x.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Say" {
					add(x.Args[0], len(x.Args)-1)
				}
				if ofMessages(x.Fun) && len(x.Args) == 1 { // a conversion
					add(x.Args[0], -1)
				}
			case *ast.ValueSpec:
				if ofMessages(x.Type) {
					for _, v := range x.Values {
						add(v, -1)
					}
				}
			case *ast.CompositeLit:
				if ofMessages(x.Type) {
					all(x)
					return false
				}
			case *ast.FuncDecl: // that gives a message
				if x.Type.Results != nil && len(x.Type.Results.List) > 0 && ofMessages(x.Type.Results.List[len(x.Type.Results.List)-1].Type) {
					ast.Inspect(x.Body, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok {
							add(r.Results[len(r.Results)-1], -1)
						}
						return true
					})
				}
			}
			return true
		})
	}
	return found
}

// ofMessages tells whether a type is Message, or a list or map of them.
func ofMessages(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name == "Message"
	case *ast.SelectorExpr:
		return x.Sel.Name == "Message"
	case *ast.ArrayType:
		return ofMessages(x.Elt)
	case *ast.MapType:
		return ofMessages(x.Value)
	}
	return false
}

// constant is the value of a literal, or of several put together.
func constant(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, err == nil && x.Kind == token.STRING
	case *ast.BinaryExpr:
		a, ok := constant(x.X)
		b, also := constant(x.Y)
		return a + b, ok && also
	}
	return "", false
}

// folders are those with texts, by what the catalogue calls them.
var folders = map[string]string{"../page": "page/", "../chart": "chart/", "../disclose": "disclose/", "../..": "", ".": "text/"}

func texted(t *testing.T) (sections []string, of map[string][]said) {
	t.Helper()
	of = map[string][]said{}
	put := func(section string, list []said) {
		if len(list) > 0 {
			sections, of[section] = append(sections, section), list
		}
	}
	pages, err := filepath.Glob("../page/templates/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatal("no templates")
	}
	for _, p := range pages {
		source, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var list []said
		for _, m := range TemplateTexts(string(source)) {
			list = append(list, said{m, -1, p})
		}
		put("page/"+filepath.Base(p), list)
	}
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		by := map[string][]said{}
		var names []string
		for _, s := range saidIn(t, dir) {
			name := filepath.Base(strings.SplitN(s.at, ":", 2)[0])
			if by[name] == nil {
				names = append(names, name)
			}
			by[name] = append(by[name], s)
		}
		for _, n := range names {
			put(folders[dir]+n, by[n])
		}
	}
	return sections, of
}

// TestTheCatalogueHasEveryTextAndNoOther: en.yaml is what the code and the templates say.
func TestTheCatalogueHasEveryTextAndNoOther(t *testing.T) {
	sections, of := texted(t)
	seen := map[Message]bool{}
	var b bytes.Buffer
	b.WriteString("# Every text that a reader of a report sees, in English, by the file that says it first. To translate: copy this\n" +
		"# file, say of which language it is, and put what follows each \"to\" into it. Places {so} and marks <b> stay as they are.\n" +
		"language: en\ndirection: ltr\ndecimal: \".\"\ngroup: \",\"\n" +
		"months: [January, February, March, April, May, June, July, August, September, October, November, December]\n" +
		"short_months: [Jan, Feb, Mar, Apr, May, Jun, Jul, Aug, Sep, Oct, Nov, Dec]\nmessages:\n")
	for _, section := range sections {
		head := false
		for _, s := range of[section] {
			m, err := parse(string(s.text))
			if err != nil {
				t.Errorf("%s: %q: %v", s.at, s.text, err)
			}
			if names, _ := m.places(); s.values >= 0 && len(names) != s.values {
				t.Errorf("%s: %q: %d places, %d values", s.at, s.text, len(names), s.values)
			}
			if seen[s.text] {
				continue
			}
			seen[s.text] = true
			if !head {
				fmt.Fprintf(&b, "\n# %s\n", section)
				head = true
			}
			fmt.Fprintf(&b, "- from: %s\n  to: %[1]s\n", quoted(string(s.text)))
		}
	}
	if *update {
		if err := os.WriteFile("en.yaml", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(b.Bytes(), Catalogue) {
		known := english()
		for m := range seen {
			if _, ok := known[m]; !ok {
				t.Errorf("not in the catalogue: %q", m)
			}
		}
		for m := range known {
			if !seen[m] {
				t.Errorf("nothing says %q", m)
			}
		}
		t.Error("en.yaml is not what is said: go test ./reports/internal/text -update")
	}
}

// quoted writes a text as YAML has it in double quotes.
func quoted(s string) string {
	return strings.ReplaceAll(strconv.Quote(s), `\u00a0`, `\_`)
}

func TestTextsAreSortedOut(t *testing.T) {
	_, of := texted(t)
	n := 0
	for _, list := range of {
		n += len(list)
	}
	if n < 500 {
		t.Errorf("only %d texts were found", n)
	}
	if !slices.Contains(TemplateTexts(`<p>Data as of <b>{{day .AsOf}}</b></p>`), "Data as of <b>{asOf}</b>") {
		t.Error("a template's text was not found")
	}
}

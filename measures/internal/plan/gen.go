package plan

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"farr/measures/internal/elm"
)

// Diagnostic is a place in a library that cannot be compiled.
type Diagnostic struct {
	Library      string
	Line, Column int
	Message      string
}

func (d Diagnostic) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", d.Library, d.Line, d.Column, d.Message)
}

// Statement makes one table: a define of a library.
type Statement struct {
	Name, Table string // the table's name is quoted
	Library     string
	Line        int
	SQL         string  // of DuckDB, once it is printed
	Define      *Define // what the table holds

	// Issues are where data may make the define fail: each a SELECT of the pid and period of
	// those for whom it does. A statement whose SQL ends with an error is made again, as
	// Tolerant: to look for issues where there are none would cost as much as the define.
	Issues []Issue

	key  []named // of its rows
	list []named // what they hold
	with []*cte
	from *cte
}

// Compiled is a measure's program: tables in the order in which they are made.
type Compiled struct {
	Statements []Statement
	Defines    map[string]*Define // of the main library, by name asked for
	Derived    Derived            // what is computed of the extract's tables beforehand
	ValueSets  []string
	Problems   []Diagnostic
}

// Define is a define's table: what it holds.
type Define struct {
	Table    string
	Periodic bool
	List     bool
	Sparse   bool // a truth value: who has no row is false
	Type     string
	found    bool // its value, or each element, is a resource that a retrieve has found
	always   bool // and it is never null
	elem     value
	order    bool
	columns  []string
	name     string
	of       *Define // whose list has all its elements; nil where none is known
}

// root is the first define whose list has all elements of this one's.
func (d *Define) root() *Define {
	if d.of != nil {
		return d.of
	}
	return d
}

// Columns are the columns that hold the define's value.
func (d *Define) Columns() []string { return d.columns }

// Ordered is whether the rows have a column ord with their place in the list.
func (d *Define) Ordered() bool { return d.order }

// gen compiles one program.
type gen struct {
	program *elm.Program
	model   *Model
	nodes   map[string]compiler
	defines map[defineID]*Define
	order   []Statement
	busy    map[defineID]bool
	tables  map[string]bool // names that are taken, in small letters
	ctes    []*cte
	columns int
	names   int
	prefix  string
	valsets []string
	problem []Diagnostic
	depth   int
	at      *elm.Node // what is being compiled, for diagnostics of what has no node of its own
	in      *env
	steps   int    // expressions compiled
	onlyURL string // the extensions that a query asks for
	period  map[*elm.Node]int
	guard   expr    // under which the expression at hand is evaluated
	issues  []issue // of the define at hand

	derivations Derived
	derivable   map[*elm.Node]bool
	derivedAt   map[derivedAt]value
	deriving    bool

	// Columns of the define at hand that hold the rid of a resource that a retrieve has found;
	// where found is false the column may also be null.
	found map[string]bool
	// And those that hold the rid of an element of a define's list.
	elementOf map[string]*Define
	answers   map[answerAt]*answer
}

var notWord = regexp.MustCompile(`\W+`)

func (g *gen) column(hint string) string {
	g.columns++
	return fmt.Sprintf("c%d_%s", g.columns, notWord.ReplaceAllString(hint, "_"))
}

func (g *gen) cteName() string {
	g.names++
	return fmt.Sprintf("%s_%d", g.prefix, g.names)
}

func (g *gen) fail(e *env, n *elm.Node, format string, args ...any) value {
	line, column := n.Position()
	d := Diagnostic{e.lib.Name, line, column, fmt.Sprintf(format, args...)}
	if !slices.Contains(g.problem, d) {
		g.problem = append(g.problem, d)
	}
	return nullV{}
}

// env is what names mean at a place.
type env struct {
	lib  *elm.Library
	name string
	v    value
	up   *env
}

func (e *env) with(name string, v value) *env { return &env{e.lib, name, v, e} }

func (e *env) find(name string) (value, bool) {
	for ; e != nil; e = e.up {
		if e.name == name && e.v != nil {
			return e.v, true
		}
	}
	return nil, false
}

func newGen(p *elm.Program, model *Model) *gen {
	return &gen{program: p, model: model, guard: yes, nodes: compilers(), defines: map[defineID]*Define{}, busy: map[defineID]bool{}, tables: map[string]bool{}, period: map[*elm.Node]int{},
		derivations: Derived{}, derivable: map[*elm.Node]bool{}, derivedAt: map[derivedAt]value{}, answers: map[answerAt]*answer{}}
}

func (g *gen) finish(out *Compiled) *Compiled {
	out.Statements, out.Derived, out.ValueSets, out.Problems = g.order, g.derivations, g.valsets, g.problem
	if len(out.Problems) > 0 {
		return out // what could not be compiled is not printed
	}
	g.optimise()
	for i := range out.Statements {
		out.Statements[i].print()
	}
	return out
}

// trial begins what is compiled to be looked at; what it returns takes back all that it leaves.
func (g *gen) trial() (end func()) {
	problems, issues, ctes, columns, guard, found, elementOf := g.problem, g.issues, g.ctes, g.columns, g.guard, g.found, g.elementOf
	g.found, g.elementOf = maps.Clone(found), maps.Clone(elementOf)
	return func() {
		g.problem, g.issues, g.ctes, g.columns, g.guard, g.found, g.elementOf = problems, issues, ctes, columns, guard, found, elementOf
	}
}

// failHere is fail at what is being compiled.
func (g *gen) failHere(format string, args ...any) { g.fail(g.in, g.at, format, args...) }

// defineID names a define: its library may have a dot in its name, and so may it.
type defineID struct{ library, name string }

// tableName is a name that no other table has: an engine takes Foo and foo for one.
func (g *gen) tableName(name string) string {
	for n := 1; ; n++ {
		unique := name
		if n > 1 {
			unique = fmt.Sprintf("%s (%d)", name, n)
		}
		if !g.tables[strings.ToLower(unique)] {
			g.tables[strings.ToLower(unique)] = true
			return unique
		}
	}
}

// define compiles a define, once.
func (g *gen) define(lib *elm.Library, name string) *Define {
	id := defineID{lib.Name, name}
	if d := g.defines[id]; d != nil {
		return d
	}
	n := lib.Defines[name]
	e := &env{lib: lib}
	if g.busy[id] {
		g.fail(e, n, "define %s uses itself", name)
		return &Define{elem: nullV{}}
	}
	if n.Context != "" && n.Context != patientContext && g.retrieves(lib, n.Expression) {
		g.fail(e, n, "define %s is of context %s, and farr knows context %s alone", name, n.Context, patientContext)
		return &Define{elem: nullV{}}
	}
	g.busy[id] = true
	d := g.table(e, name, n, func(f *frame) value { return f.value(n.Expression, e) }, g.usesPeriod(lib, n.Expression))
	g.defines[id] = d
	delete(g.busy, id)
	return d
}

// table compiles a value into a statement that makes a table of it.
func (g *gen) table(e *env, name string, n *elm.Node, compile func(*frame) value, periodic bool) *Define {
	saved, names, numbered, prefix, guard, issues := g.ctes, g.names, g.columns, g.prefix, g.guard, g.issues
	g.guard, g.issues = yes, nil
	at, in, found, elementOf := g.at, g.in, g.found, g.elementOf
	g.at, g.in, g.found, g.elementOf = n, e, map[string]bool{}, map[string]*Define{}
	g.ctes, g.names, g.columns, g.prefix = nil, 0, 0, notWord.ReplaceAllString(name, "_")
	if g.prefix == "" || g.prefix[0] >= '0' && g.prefix[0] <= '9' {
		g.prefix = "d" + g.prefix
	}
	defer func() {
		g.ctes, g.names, g.columns, g.prefix, g.guard, g.issues, g.at, g.in, g.found, g.elementOf = saved, names, numbered, prefix, guard, issues, at, in, found, elementOf
	}()
	d := &Define{Table: quoteName(g.tableName(e.lib.Name + "." + name)), Periodic: periodic, name: name}
	key := []string{personNumber}
	base := &cte{base: "person", cols: key}
	if periodic {
		key = []string{subjectNumber}
		base = &cte{base: "subject", cols: []string{subjectNumber, personNumber, "mp_low", "mp_high"}}
	}
	f := g.frameOver(nil, base)
	f.key = columns(key)
	v := compile(f)
	s := Statement{Name: name, Table: d.Table, Library: e.lib.Name, key: asNamed(f.key, key)}
	s.Line, _ = n.Position()
	last := f
	if l, ok := v.(listV); ok {
		r := l.make(f)
		d.List, last, v = true, r.f, r.elem
		if len(r.order) > 0 {
			d.order = true
			s.key = append(s.key, named{rowNumber(f.key, r.order), "ord"})
		}
	}
	v = last.pack(v)
	if r, ok := v.(resV); ok {
		always, known := g.found[r.rid.text()]
		d.found, d.always = known, known && always
		if d.List {
			d.of = g.elementOf[r.rid.text()]
		}
	}
	d.elem = mapLeaves(v, func(x expr) expr {
		own := fmt.Sprintf("x%d", len(s.list)+1)
		s.list = append(s.list, named{x, own})
		return column(own)
	})
	d.columns, d.Type = namesOf(s.list), typeName(d.elem)
	if b, ok := v.(boolV); ok && !d.List {
		d.Sparse = true
		for _, cond := range parts(notFalse(b.is)) {
			last.where(cond)
		}
		if total(b.is) {
			s.list[0].expr = yes
		}
	}
	s.with, s.from = slices.Clip(g.ctes), last.open
	s.Issues = g.closeIssues(f)
	s.Define = d
	g.order = append(g.order, s)
	return d
}

// patientContext is the context in which a retrieve finds what is one person's.
const patientContext = "Patient"

// retrieves is whether an expression reads data, itself or by what it calls: without, its value
// is the same in every context.
func (g *gen) retrieves(lib *elm.Library, n *elm.Node) bool {
	seen := map[*elm.Node]bool{}
	var reads func(lib *elm.Library, n *elm.Node) bool
	reads = func(lib *elm.Library, n *elm.Node) bool {
		if n == nil || seen[n] {
			return false
		}
		seen[n] = true
		found := n.Type == "Retrieve"
		if in := g.program.Find(lib, n.LibraryName); in != nil && in.Name != elm.BuiltIn {
			switch n.Type {
			case "ExpressionRef":
				if d := in.Defines[n.Name]; d != nil {
					found = found || reads(in, d.Expression)
				}
			case "FunctionRef":
				for _, fn := range in.Functions[n.Name] {
					found = found || reads(in, fn.Expression)
				}
			}
		}
		n.Children(func(c *elm.Node) { found = found || reads(lib, c) })
		return found
	}
	return reads(lib, n)
}

// usesPeriod is whether an expression needs the measurement period.
func (g *gen) usesPeriod(lib *elm.Library, n *elm.Node) bool {
	if n == nil {
		return false
	}
	switch g.period[n] {
	case 1:
		return false // being looked at, or no
	case 2:
		return true
	}
	g.period[n] = 1
	uses := n.Type == "ParameterRef"
	if !uses && (n.Type == "ExpressionRef" || n.Type == "FunctionRef") {
		in := g.program.Find(lib, n.LibraryName)
		if in != nil && in.Name != elm.BuiltIn {
			if d := in.Defines[n.Name]; d != nil && n.Type == "ExpressionRef" {
				uses = g.usesPeriod(in, d.Expression)
			}
			for _, fn := range in.Functions[n.Name] {
				uses = uses || n.Type == "FunctionRef" && g.usesPeriod(in, fn.Expression)
			}
		}
	}
	n.Children(func(c *elm.Node) { uses = uses || g.usesPeriod(lib, c) })
	if uses {
		g.period[n] = 2
	}
	return uses
}

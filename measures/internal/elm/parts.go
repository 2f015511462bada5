package elm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Part is one of the conditions, or lists, that a define is put together of.
type Part struct {
	Library string // in which its define stands
	Define  string // its own, or one that Parts made of it
	Title   string // the define's name as its author wrote it, or what can be said of an expression
	Line    int
}

// Joint is how the parts of a define are put together.
type Joint int

// A define holds where All of its parts do, or Any of them does.
const (
	All Joint = iota
	Any
)

// joints are the nodes of each: of conditions, and of lists.
var joints = map[Joint][]string{All: {"And", "Intersect"}, Any: {"Or", "Union"}}

// deepest bounds how far parts are sought: a cycle of defines is an error that the compiler tells.
const deepest = 40

// Parts takes a define apart: the operands of And (or Or), and of those that are defines by themselves
// theirs, in the order in which they are written. The program that it gives back is the same, but
// that each part is a define: an operand that is only written in its place becomes one, so that it is
// computed where it was and only once. A define that is not put together so has itself as its one part.
func (p *Program) Parts(main, define string, how Joint) (*Program, []Part) {
	lib := p.Libraries[main]
	if lib == nil || lib.Defines[define] == nil {
		return p, nil
	}
	t := &taking{program: &Program{Libraries: maps.Clone(p.Libraries)}, how: how, cloned: map[string]bool{}}
	t.define(main, define, 0)
	return t.program, t.parts
}

// taking is one define that is being taken apart.
type taking struct {
	program *Program
	how     Joint
	cloned  map[string]bool // libraries that are its own
	parts   []Part
}

func (t *taking) joined(n *Node) bool {
	return n != nil && len(n.Operand) == 2 && slices.Contains(joints[t.how], n.Type)
}

// define takes the define of a library apart, or keeps it as a part.
func (t *taking) define(library, name string, depth int) {
	d := t.program.Libraries[library].Defines[name]
	inner := d.Expression
	for inner != nil && through(inner) {
		inner = inner.Operand[0]
	}
	if depth < deepest && inner != nil && (t.joined(inner) || t.known(library, inner) != "") {
		before := len(t.parts)
		fresh := *d
		fresh.Expression = t.node(library, d.Expression, depth+1)
		if fresh.Expression != d.Expression {
			t.own(library).Defines[name] = &fresh
		}
		if len(t.parts) > before+1 || t.joined(inner) {
			return
		}
		// It is another define under its own name, which is what its author calls the part here.
		if depth > 0 {
			t.parts = t.parts[:before]
		} else {
			return
		}
	}
	line, _ := d.Position()
	title := t.program.Libraries[library].titles[name]
	if title == "" {
		title = strings.Join(strings.Fields(name), " ")
	}
	t.part(Part{library, name, title, line})
}

// node takes an expression apart, and gives it with what became a define in its place.
func (t *taking) node(library string, n *Node, depth int) *Node {
	switch {
	case through(n):
		inside := t.node(library, n.Operand[0], depth)
		if inside == n.Operand[0] {
			return n
		}
		fresh := *n
		fresh.Operand = []*Node{inside}
		return &fresh
	case t.joined(n):
		fresh := *n
		fresh.Operand = []*Node{t.node(library, n.Operand[0], depth), t.node(library, n.Operand[1], depth)}
		if fresh.Operand[0] == n.Operand[0] && fresh.Operand[1] == n.Operand[1] {
			return n
		}
		return &fresh
	}
	if in := t.known(library, n); in != "" {
		t.define(in, n.Name, depth)
		return n
	}
	title := t.title(library, n)
	name := t.free(library, title)
	line, _ := n.Position()
	l := t.own(library)
	l.Defines[name] = &Node{Type: "ExpressionDef", Name: name, Context: patient, Locator: n.Locator, Expression: n}
	l.titles[name] = title
	t.part(Part{library, name, title, line})
	return &Node{Type: "ExpressionRef", Name: name, Locator: n.Locator}
}

// patient is the context of what is about one person.
const patient = "Patient"

// through tells a node that is as true as its one operand.
func through(n *Node) bool { return (n.Type == "As" || n.Type == "IsTrue") && len(n.Operand) == 1 }

// known is the library of the define that a node refers to; "" where it refers to none.
func (t *taking) known(library string, n *Node) string {
	if n.Type != "ExpressionRef" {
		return ""
	}
	in := t.program.Find(t.program.Libraries[library], n.LibraryName)
	if in == nil || in.Name == BuiltIn || in.Defines[n.Name] == nil || in.Defines[n.Name].Expression == nil || n.Name == patient {
		return ""
	}
	return in.Name
}

func (t *taking) part(one Part) {
	if !slices.ContainsFunc(t.parts, func(o Part) bool { return o.Library == one.Library && o.Define == one.Define }) {
		t.parts = append(t.parts, one)
	}
}

// own is a library that may be changed: those of a program are read by others, too.
func (t *taking) own(name string) *Library {
	if !t.cloned[name] {
		l := *t.program.Libraries[name]
		l.Defines, l.titles = maps.Clone(l.Defines), maps.Clone(l.titles)
		if l.titles == nil {
			l.titles = map[string]string{}
		}
		t.program.Libraries[name], t.cloned[name] = &l, true
	}
	return t.program.Libraries[name]
}

// free is a name that no define of the library has.
func (t *taking) free(library, title string) string {
	name := title
	for n := 2; t.program.Libraries[library].Defines[name] != nil; n++ {
		name = fmt.Sprintf("%s (%d)", title, n)
	}
	return name
}

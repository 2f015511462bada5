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

// Parts takes a define apart: the operands of And (or Or), and of those that are defines by themselves
// theirs, in the order in which they are written. The program that it gives back is the same, but
// that each part is a define: an operand that is only written in its place becomes one, so that it is
// computed where it was and only once. A define that is not put together so has itself as its one part.
//
// Of All, a query of data that must find something has a part before it: whether there are any such data. Who has
// nothing of the kind lacks another thing than who has it, and not as it is asked for.
func (p *Program) Parts(main, define string, how Joint) (*Program, []Part) {
	lib := p.Libraries[main]
	if lib == nil || lib.Defines[define] == nil {
		return p, nil
	}
	t := &taking{program: &Program{Libraries: maps.Clone(p.Libraries)}, how: how, root: [2]string{main, define}, cloned: map[string]bool{}, done: map[[2]string]bool{}}
	t.define(main, define)
	t.tell()
	return t.program, t.parts
}

// taking is one define that is being taken apart.
type taking struct {
	program *Program
	how     Joint
	root    [2]string          // the define that is taken apart, by library and name
	cloned  map[string]bool    // libraries that are its own
	done    map[[2]string]bool // defines that were met, by library and name; a cycle of them is an error that the compiler tells
	parts   []Part
}

func (t *taking) joined(n *Node) bool {
	return n != nil && len(n.Operand) == 2 && slices.Contains(joints[t.how], n.Type)
}

// together tells whether a define is put together of parts, by itself or as another name of one that is.
func (t *taking) together(library, name string) bool {
	met := map[[2]string]bool{}
	for !met[[2]string{library, name}] {
		met[[2]string{library, name}] = true
		n := t.program.Libraries[library].Defines[name].Expression
		for n != nil && through(n) {
			n = n.Operand[0]
		}
		if n == nil || t.joined(n) {
			return n != nil
		}
		in := t.known(library, n)
		if in == "" {
			return false
		}
		library, name = in, n.Name
	}
	return false
}

// define takes the define of a library apart, or keeps it as a part.
func (t *taking) define(library, name string) {
	if t.done[[2]string{library, name}] {
		return // its parts are there
	}
	t.done[[2]string{library, name}] = true
	d := t.program.Libraries[library].Defines[name]
	if t.together(library, name) {
		if expression := t.node(library, d.Expression); expression != d.Expression {
			fresh := *d
			fresh.Expression = expression
			t.own(library).Defines[name] = &fresh
		}
		return
	}
	begun := t.begin(library, d.Expression)
	line, _ := d.Position()
	title := t.program.Libraries[library].titles[name]
	switch {
	case title != "":
	case begun && t.root == [2]string{library, name}: // a population's own name says nothing
		title = t.asked(library, d.Expression)
	default:
		title = strings.Join(strings.Fields(name), " ")
	}
	t.parts = append(t.parts, Part{library, name, title, line})
}

// node takes an expression apart, and gives it with what became a define in its place.
func (t *taking) node(library string, n *Node) *Node {
	if through(n) || t.joined(n) {
		fresh := *n
		fresh.Operand = nil
		for _, o := range n.Operand {
			fresh.Operand = append(fresh.Operand, t.node(library, o))
		}
		if slices.Equal(fresh.Operand, n.Operand) {
			return n
		}
		return &fresh
	}
	if in := t.known(library, n); in != "" {
		t.define(in, n.Name)
		return n
	}
	title := t.title(library, n)
	if _, source := t.source(library, n); source != nil {
		title = t.asked(library, n)
	}
	name := t.made(library, title, n)
	t.define(library, name)
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

// own is a library that may be changed: those of a program are read by others, too.
func (t *taking) own(name string) *Library {
	if !t.cloned[name] {
		l := *t.program.Libraries[name]
		l.Defines, l.titles, l.begun = maps.Clone(l.Defines), maps.Clone(l.titles), maps.Clone(l.begun)
		if l.titles == nil {
			l.titles, l.begun = map[string]string{}, map[*Node]string{}
		}
		t.program.Libraries[name], t.cloned[name] = &l, true
	}
	return t.program.Libraries[name]
}

// tell adds where they stand to the titles of parts that have the same.
func (t *taking) tell() {
	count := map[string]int{}
	for _, p := range t.parts {
		count[p.Title]++
	}
	for i, p := range t.parts {
		if count[p.Title] > 1 {
			t.parts[i].Title = fmt.Sprintf("%s (%s, line %d)", p.Title, p.Library, p.Line)
		}
	}
}

// free is a name that no define of the library has.
func (t *taking) free(library, title string) string {
	name := title
	for n := 2; t.program.Libraries[library].Defines[name] != nil; n++ {
		name = fmt.Sprintf("%s (%d)", title, n)
	}
	return name
}

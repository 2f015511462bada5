package elm

import "fmt"

// source is what a query of data begins with, and its library, where n asks whether the query finds something;
// nil where it asks something else.
func (t *taking) source(library string, n *Node) (in string, from *Node) {
	library, n = t.meant(library, n)
	if t.how != All || n == nil || n.Type != "Exists" || len(n.Operand) != 1 {
		return "", nil
	}
	library, q := t.meant(library, n.Operand[0])
	if q == nil || q.Type != "Query" || q.Aggregate != nil || !coded(q) || q.Where == nil && len(q.Relationship) == 0 {
		return "", nil
	}
	return library, q.Source[0].Expression
}

// meant is the expression that a node stands for, through the defines that it refers to.
func (t *taking) meant(library string, n *Node) (string, *Node) {
	met := map[*Node]bool{}
	for n != nil && !met[n] {
		met[n] = true
		if through(n) {
			n = n.Operand[0]
		} else if in := t.known(library, n); in != "" {
			library, n = in, t.program.Libraries[in].Defines[n.Name].Expression
		}
	}
	return library, n
}

// begin makes a part of whether there are any data that a query begins with, where n asks whether it finds
// something.
func (t *taking) begin(library string, n *Node) bool {
	library, from := t.source(library, n)
	if from == nil {
		return false
	}
	name, title := t.own(library).begun[from], t.title(library, from)+" on record"
	if name == "" {
		name = t.made(library, title, &Node{Type: "Exists", Locator: from.Locator, Operand: []*Node{from}})
		t.own(library).begun[from] = name
	}
	if !t.done[[2]string{library, name}] {
		t.done[[2]string{library, name}] = true
		line, _ := from.Position()
		t.parts = append(t.parts, Part{library, name, title, line})
	}
	return true
}

// asked is the title of a condition that a query finds something, which is not that of its source.
func (t *taking) asked(library string, n *Node) string {
	for through(n) {
		n = n.Operand[0]
	}
	title := t.title(library, n)
	if n.Type == "ExpressionRef" || n.Operand[0].Type == "ExpressionRef" {
		return title
	}
	line, _ := n.Position()
	return fmt.Sprintf("%s as asked on line %d", title, line)
}

// made makes a define of an expression, and gives its name.
func (t *taking) made(library, title string, n *Node) string {
	l, name := t.own(library), t.free(library, title)
	l.Defines[name] = &Node{Type: "ExpressionDef", Name: name, Context: patient, Locator: n.Locator, Expression: n}
	l.titles[name] = title
	return name
}

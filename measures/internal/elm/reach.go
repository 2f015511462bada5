package elm

import "slices"

// Definition is a define or a function of a library of a program.
type Definition struct {
	Library *Library
	Node    *Node
}

// Function tells a function from a define.
func (d Definition) Function() bool { return d.Node.Type == "FunctionDef" }

// Reachable are the definitions of main by these names and all that they use, each once:
// those that are asked for first and in their order, then what they use as it is met. Of a
// function that is used they are all overloads. What is built in is left out.
func (p *Program) Reachable(main string, names []string) []Definition {
	l := p.Libraries[main]
	if l == nil {
		return nil
	}
	var list []Definition
	add := func(l *Library, name string) {
		for _, n := range l.named(name) {
			if !slices.ContainsFunc(list, func(d Definition) bool { return d.Node == n }) {
				list = append(list, Definition{l, n})
			}
		}
	}
	for _, name := range names {
		add(l, name)
	}
	for i := 0; i < len(list); i++ {
		from := list[i].Library
		var visit func(n *Node)
		visit = func(n *Node) {
			if n.Type == "ExpressionRef" || n.Type == "FunctionRef" {
				if in := p.Find(from, n.LibraryName); in != nil && in.Name != BuiltIn {
					add(in, n.Name)
				}
			}
			n.Children(visit)
		}
		visit(list[i].Node)
	}
	return list
}

// named are a library's define and functions of a name.
func (l *Library) named(name string) (list []*Node) {
	if n := l.Defines[name]; n != nil {
		list = append(list, n)
	}
	return append(list, l.Functions[name]...)
}

package elm

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Print writes definitions as trees: a line for each node with what ELM says about it, its
// types as written, and line and column in the CQL. typeOf tells what type was found for a
// definition; "" where none was.
func Print(w io.Writer, list []Definition, typeOf func(Definition) string) error {
	p := printer{w: bufio.NewWriter(w)}
	for i, d := range list {
		if i > 0 {
			p.line(0, "")
		}
		kind, typ := "define", typeOf(d)
		if d.Function() {
			kind = "function"
		}
		if typ != "" {
			typ = ": " + typ
		}
		p.line(0, "%s %s.%s%s%s", kind, d.Library.Name, d.Node.Name, typ, at(d.Node))
		p.children(d.Node, 1)
	}
	return p.w.Flush()
}

type printer struct{ w *bufio.Writer }

func (p printer) line(depth int, format string, args ...any) {
	text := strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(fmt.Sprintf(format, args...))
	if text != "" {
		p.w.WriteString(strings.Repeat("  ", depth))
	}
	p.w.WriteString(text + "\n")
}

func at(n *Node) string {
	line, column := n.Position()
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("  @%d:%d", line, column)
}

func (p printer) node(role string, n *Node, depth int) {
	head := []string{}
	if role != "" {
		head = append(head, role+":")
	}
	if n.Type != "" {
		head = append(head, n.Type)
	}
	p.line(depth, "%s%s", strings.Join(append(head, n.attributes()...), " "), at(n))
	p.children(n, depth+1)
}

func (p printer) children(n *Node, depth int) {
	for _, group := range n.members() {
		for _, c := range group.nodes {
			if c != nil {
				p.node(group.role, c, depth)
			}
		}
	}
}

// attributes are what ELM says of a node besides its parts.
func (n *Node) attributes() (list []string) {
	say := func(name, value string) {
		if value != "" {
			list = append(list, name+value)
		}
	}
	name := n.Name
	if name != "" {
		name = `"` + name + `"`
	}
	if n.LibraryName != "" {
		name = n.LibraryName + "." + name
	}
	say("", name)
	say("alias ", n.Alias)
	if n.Path != "" {
		say("", strings.TrimPrefix(n.Scope+"."+n.Path, "."))
	} else {
		say("scope ", n.Scope)
	}
	say("", n.Identifier)
	if n.Type == "Literal" || n.Type == "Quantity" {
		list = append(list, "'"+n.Text+"'")
	}
	say("", n.Unit)
	say("of ", n.DataType)
	say("by ", n.CodeProperty)
	say("", n.CodeComparator)
	say("template ", n.TemplateID)
	say("precision ", n.Precision)
	say("", n.Direction)
	for _, t := range []string{n.ValueType, n.ToType, n.ClassType} {
		say("<", t)
		if t != "" {
			list[len(list)-1] += ">"
		}
	}
	for _, t := range []*TypeSpec{n.AsType, n.IsType, n.OperandType} {
		if t != nil {
			list = append(list, "<"+t.String()+">")
		}
	}
	if len(n.Signature) > 0 {
		var types []string
		for _, t := range n.Signature {
			types = append(types, t.String())
		}
		list = append(list, "("+strings.Join(types, ", ")+")")
	}
	if n.Distinct != nil && *n.Distinct {
		list = append(list, "distinct")
	}
	if n.LowClosed != nil && n.HighClosed != nil {
		low, high := "(", ")"
		if *n.LowClosed {
			low = "["
		}
		if *n.HighClosed {
			high = "]"
		}
		list = append(list, low+" "+high)
	}
	return list
}

// member is a part of a node by the role that it plays. Operands need no name.
type member struct {
	role  string
	nodes []*Node
}

// members are the parts of a node in the order in which they are read: the same as those of
// Children, which compilers walk and which makes nothing.
func (n *Node) members() []member {
	one := func(role string, c *Node) member { return member{role, []*Node{c}} }
	return []member{
		{"source", n.Source}, {"let", n.Let}, {"relationship", n.Relationship}, {"", n.Operand}, one("", n.Expression),
		{"element", n.Element}, {"codes", n.Codes}, one("code", n.Code), one("value set", n.ValueSet), one("value", n.Value),
		one("such that", n.SuchThat), one("where", n.Where), one("aggregate", n.Aggregate), one("starting", n.Starting), one("return", n.Return), {"sort by", n.By},
		one("comparand", n.Comparand), {"item", n.CaseItem}, one("condition", n.Condition), one("when", n.When), one("then", n.Then), one("else", n.Else),
		one("low", n.Low), one("low closed", n.LowClosedExpression), one("high", n.High), one("high closed", n.HighClosedExpression),
		one("per", n.Per), one("argument", n.Argument), one("default", n.Default), one("severity", n.Severity), one("places", n.Places), one("separator", n.Separator),
		one("year", n.Year), one("month", n.Month), one("day", n.Day), one("hour", n.Hour), one("minute", n.Minute), one("second", n.Second),
		one("millisecond", n.Millisecond), one("timezone offset", n.TimezoneOffset),
	}
}

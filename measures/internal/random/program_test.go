package random

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// generator makes random programs of a grammar.
type generator struct {
	*grammar
	random *rand.Rand
	scope  []name
	named  int
}

// name is an alias, or what let names, with its type.
type name struct{ name, typ string }

// program is a random CQL expression: the body of one define.
func (g *generator) program() (typ, cql string) {
	total := 0
	for _, r := range g.roots {
		total += r.weight
	}
	n := g.random.IntN(total)
	for _, r := range g.roots {
		if n -= r.weight; n < 0 {
			typ = r.typ
			break
		}
	}
	g.scope, g.named = nil, 0
	return typ, g.expression(typ, 2+g.random.IntN(3))
}

// expression is CQL of a type; depth is how many expressions it may have in one another.
func (g *generator) expression(typ string, depth int) string {
	type choice struct {
		line line
		with map[string]string
	}
	var all []choice
	total := 0
	add := func(l line, with map[string]string) {
		if depth > 1 && l.leaf && !uses(l, "alias") {
			l.weight = 1 + l.weight/4 // where there is room, seldom a constant
		}
		all, total = append(all, choice{l, with}), total+l.weight
	}
	for _, ends := range []bool{false, true} {
		for _, l := range g.lines {
			with, ok := g.match(l.typ, typ)
			if ok && (depth > 0 || l.leaf || ends && ofElements(l)) && g.inScope(l, with) {
				add(l, with)
			}
		}
		if len(all) > 0 {
			break
		}
	}
	if len(all) == 0 {
		panic("the grammar ends no branch of " + typ)
	}
	n := g.random.IntN(total)
	for _, c := range all {
		if n -= c.line.weight; n < 0 {
			return g.fill(c.line, c.with, depth-1)
		}
	}
	panic("not reached")
}

// ofElements is whether a line is a list written out: it ends a branch as its elements do.
func ofElements(l line) bool {
	return l.parts[0].text == "{" && !uses(l, "from") && !uses(l, "let")
}

func uses(l line, verb string) bool {
	return slices.ContainsFunc(l.parts, func(p part) bool { return p.verb == verb })
}

// inScope is whether all aliases that a line needs are there.
func (g *generator) inScope(l line, with map[string]string) bool {
	for _, p := range l.parts {
		if p.verb == "alias" && len(g.aliases(substitute(p.of, with))) == 0 {
			return false
		}
	}
	return true
}

func (g *generator) aliases(typ string) (list []name) {
	for _, n := range g.scope {
		if n.typ == typ {
			list = append(list, n)
		}
	}
	return list
}

var typeNames = regexp.MustCompile(`\w+`)

// substitute puts types in place of classes and of T.
func substitute(typ string, with map[string]string) string {
	return typeNames.ReplaceAllStringFunc(typ, func(s string) string {
		if t, ok := with[s]; ok {
			return t
		}
		return s
	})
}

// fill writes a line with something in its places.
func (g *generator) fill(l line, with map[string]string, depth int) string {
	outer := len(g.scope)
	defer func() { g.scope = g.scope[:outer] }()
	var b strings.Builder
	for _, p := range l.parts {
		if words := g.words[p.of]; p.verb == "expression" && words != nil {
			b.WriteString(words[g.random.IntN(len(words))])
			continue
		}
		for _, class := range typeNames.FindAllString(p.of, -1) {
			if members := g.classes[class]; members != nil && with[class] == "" {
				with[class] = members[g.random.IntN(len(members))]
			}
		}
		typ := substitute(p.of, with)
		switch p.verb {
		case "":
			b.WriteString(p.text)
		case "expression":
			b.WriteString(g.expression(typ, depth))
		case "from":
			source := g.expression("List<"+typ+">", depth-1)
			if !strings.HasPrefix(source, "[") && !strings.HasPrefix(source, "(") {
				source = "(" + source + ")"
			}
			fmt.Fprintf(&b, "%s %s", source, g.bring("A", typ))
		case "let":
			value := g.expression(typ, depth)
			fmt.Fprintf(&b, "%s: %s", g.bring("L", typ), value)
		case "alias":
			list := g.aliases(typ)
			b.WriteString(list[g.random.IntN(len(list))].name)
		default:
			panic("no verb " + p.verb)
		}
	}
	return b.String()
}

// bring brings a new name into scope.
func (g *generator) bring(letter, typ string) string {
	g.named++
	n := fmt.Sprintf("%s%d", letter, g.named)
	g.scope = append(g.scope, name{n, typ})
	return n
}

// library is CQL with a define for each program, one a line; line is where the first stands.
func library(name string, programs []string) (cql string, line int) {
	head := "library " + name + ` version '1.0.0'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
codesystem "Examples": 'http://terminology.hl7.org/CodeSystem/list-example-use-codes'
valueset "Warm": 'http://example.org/farr/ValueSet/warm'
valueset "Cool": 'http://example.org/farr/ValueSet/cool'
code "Red": 'red' from "Examples"
code "Orange": 'orange' from "Examples"
code "Green": 'green' from "Examples"
parameter "Measurement Period" Interval<DateTime>
context Patient
`
	var b strings.Builder
	b.WriteString(head)
	line = strings.Count(head, "\n") + 1
	for i, p := range programs {
		fmt.Fprintf(&b, "define R%d: %s\n", i, p)
	}
	for i := range programs {
		fmt.Fprintf(&b, "define K%d: (R%d) is not null\n", i, i)
	}
	return b.String(), line
}

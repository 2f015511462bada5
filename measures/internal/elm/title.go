package elm

import (
	"fmt"
	"slices"
	"strings"
)

// longestTitle is how much is said of an expression, in characters.
const longestTitle = 160

// deepest is how far into an expression its title looks.
const deepest = 40

// words are the operators that are said between their operands.
var words = map[string]string{"And": " and ", "Or": " or ", "Union": " or ", "Intersect": " and ", "Except": " without ",
	"Less": " < ", "LessOrEqual": " <= ", "Greater": " > ", "GreaterOrEqual": " >= ", "Equal": " = ", "Equivalent": " ~ ", "NotEqual": " != "}

// title says a condition without a name by the defines, value sets and resources that it asks for.
func (t *taking) title(library string, n *Node) string {
	said := strings.Join(strings.Fields(t.say(t.program.Libraries[library], n, 0)), " ")
	if said == "" {
		line, _ := n.Position()
		said = fmt.Sprintf("condition on line %d", line)
		if types := dataTypes(n); len(types) > 0 {
			said = strings.Join(types, " or ")
		}
	}
	if runes := []rune(said); len(runes) > longestTitle {
		cut := string(runes[:longestTitle])
		if i := strings.LastIndexByte(cut, ' '); i > 0 {
			cut = cut[:i]
		}
		said = cut + " ..."
	}
	return said
}

func (t *taking) say(l *Library, n *Node, depth int) string {
	if n == nil || depth > deepest {
		return ""
	}
	inner := func(k int) string {
		if k >= len(n.Operand) {
			return ""
		}
		return t.say(l, n.Operand[k], depth+1)
	}
	switch n.Type {
	case "ExpressionRef":
		return n.Name
	case "Literal":
		return n.Text
	case "Quantity":
		return strings.TrimSpace(n.Text + " " + n.Unit)
	case "ValueSetRef", "CodeRef", "ConceptRef":
		return n.Name
	case "Retrieve":
		for _, c := range n.Codes {
			if said := t.say(l, c, depth+1); said != "" {
				return said
			}
		}
		return "" // the type of resource says little beside what others are named
	case "Not":
		switch asked := n.Operand; {
		case len(asked) == 1 && asked[0].Type == "IsNull" && len(asked[0].Operand) == 1:
			return t.say(l, asked[0].Operand[0], depth+1)
		case len(asked) == 1 && asked[0].Type == "Exists":
			return "no " + inner(0)
		}
		return "not: " + inner(0)
	case "IsNull":
		return "no " + inner(0)
	case "Query":
		var said []string
		for _, s := range n.Source {
			if one := t.say(l, s.Expression, depth+1); one != "" {
				said = append(said, one)
			}
		}
		all := strings.Join(said, " with ")
		if line, _ := n.Position(); all != "" && line > 0 && !coded(n) && (n.Where != nil || len(n.Relationship) > 0) {
			all += fmt.Sprintf(" as asked on line %d", line)
		}
		return all
	case "Count":
		return "number of " + t.sources(l, n, depth)
	}
	if between, ok := words[n.Type]; ok && len(n.Operand) == 2 {
		a, b := inner(0), inner(1)
		switch {
		case a == b, b == "":
			return a
		case a == "":
			return b
		}
		return a + between + b
	}
	if len(n.Operand) > 0 {
		return inner(0)
	}
	return t.sources(l, n, depth)
}

// dataTypes are the types of resources that an expression retrieves, each once, with the profile where it tells
// more.
func dataTypes(n *Node) (list []string) {
	if n.Type == "Retrieve" && n.DataType != "" {
		one := n.DataType
		if profile := n.TemplateID[strings.LastIndexByte(n.TemplateID, '/')+1:]; profile != "" && !strings.Contains(strings.ToLower(profile), strings.ToLower(one)) {
			one += " " + profile
		}
		list = []string{one}
	}
	n.Children(func(c *Node) {
		for _, one := range dataTypes(c) {
			if !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	})
	return list
}

// coded tells a query of what a value set or a code names, which says by itself what is asked for.
func coded(n *Node) bool {
	return len(n.Source) == 1 && n.Source[0].Expression != nil && n.Source[0].Expression.Type != "ExpressionRef"
}

// sources says what an aggregate or a property is of.
func (t *taking) sources(l *Library, n *Node, depth int) string {
	for _, s := range n.Source {
		if said := t.say(l, s, depth+1); said != "" {
			return said
		}
	}
	return ""
}

package elm

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Node is one ELM element. Type says which of the other fields are used; they
// carry ELM's own names.
type Node struct {
	Type    string
	Locator string

	Name, LibraryName, Path, Scope, Alias, Identifier  string
	Precision, Direction                               string
	DataType, TemplateID, CodeProperty, CodeComparator string
	ValueType, Text, Unit                              string // Text is a literal's value
	Context                                            string // of a define: whose data it is about
	LowClosed, HighClosed, Distinct                    *bool

	Operand, Source, Element, Codes                                     []*Node
	Expression, Where, SuchThat, Return, Value                          *Node
	Condition, Then, Else, When, Comparand, Starting                    *Node
	Default, Severity                                                   *Node // of a parameter; of a message
	Places, Separator                                                   *Node // of Round, which calls it precision; of Split
	Low, High, LowClosedExpression, HighClosedExpression                *Node
	Let, Relationship, CaseItem, By, Operands                           []*Node
	Aggregate, Code, ValueSet, Per, Argument                            *Node
	AsType, IsType                                                      *TypeSpec
	Signature                                                           []*TypeSpec
	Year, Month, Day, Hour, Minute, Second, Millisecond, TimezoneOffset *Node
	OperandType                                                         *TypeSpec // of a function's operand
	ToType, ClassType                                                   string
}

// Line and Column are where the node begins in its library's CQL; 0 when unknown.
func (n *Node) Position() (line, column int) {
	start, _, _ := strings.Cut(n.Locator, "-")
	l, c, _ := strings.Cut(start, ":")
	line, _ = strconv.Atoi(l)
	column, _ = strconv.Atoi(c)
	return line, column
}

// TypeSpec is a type as ELM writes it.
type TypeSpec struct {
	Kind    string // Named, List, Interval, Choice, Tuple
	Name    string // of Named, without its namespace
	Of      *TypeSpec
	Choices []*TypeSpec
}

func (t *TypeSpec) String() string {
	if t == nil {
		return "?"
	}
	switch t.Kind {
	case "List", "Interval":
		return t.Kind + "<" + t.Of.String() + ">"
	case "Choice":
		var names []string
		for _, c := range t.Choices {
			names = append(names, c.String())
		}
		return "Choice<" + strings.Join(names, ",") + ">"
	}
	return t.Name
}

// localName drops the model's namespace: {http://hl7.org/fhir}Encounter.
func localName(s string) string {
	if i := strings.LastIndexByte(s, '}'); i >= 0 {
		return s[i+1:]
	}
	return s
}

// spec is a type; of a name alone the type that is called so.
func (v value) spec() *TypeSpec {
	if v.kind == '"' {
		return &TypeSpec{Kind: "Named", Name: localName(v.text)}
	}
	var kind, name string
	var element, point *TypeSpec
	var choices []*TypeSpec
	for _, f := range v.fields {
		switch strings.ToLower(f.key) {
		case "type":
			kind = f.text
		case "name":
			name = f.text
		case "elementtype":
			element = f.spec()
		case "pointtype":
			point = f.spec()
		case "choice":
			choices = f.specs()
		}
	}
	switch {
	case kind == "ListTypeSpecifier":
		return &TypeSpec{Kind: "List", Of: element}
	case kind == "IntervalTypeSpecifier":
		return &TypeSpec{Kind: "Interval", Of: point}
	case len(choices) > 0:
		return &TypeSpec{Kind: "Choice", Choices: choices}
	case kind == "TupleTypeSpecifier":
		return &TypeSpec{Kind: "Tuple", Name: "Tuple"}
	}
	return &TypeSpec{Kind: "Named", Name: localName(name)}
}

func (v value) specs() (list []*TypeSpec) {
	for _, item := range v.items {
		list = append(list, item.spec())
	}
	return list
}

// ownNames are the operators whose operands have names of their own; a Node has them as
// operands in this order.
var ownNames = map[string][]string{
	"Split":          {"stringToSplit"},
	"Substring":      {"stringToSub", "startIndex", "length"},
	"PositionOf":     {"pattern", "string"},
	"LastPositionOf": {"pattern", "string"},
	"Slice":          {"source", "startIndex", "endIndex"},
	"IndexOf":        {"source", "element"},
}

// UnmarshalJSON reads an element as ELM writes it. What has another form than it should is not there.
func (n *Node) UnmarshalJSON(data []byte) error {
	v, err := parse(data)
	if v.kind != '{' {
		return &json.UnmarshalTypeError{Value: "no object", Type: reflect.TypeFor[Node]()}
	}
	v.into(n)
	return err
}

// node is an object's node, nil of what is none.
func (v value) node() *Node {
	if v.kind != '{' {
		return nil
	}
	n := new(Node)
	v.into(n)
	return n
}

// nodes are those of a list; of one object that.
func (v value) nodes() (list []*Node) {
	if v.kind == '{' {
		return []*Node{v.node()}
	}
	for _, item := range v.items {
		if n := item.node(); n != nil {
			list = append(list, n)
		}
	}
	return list
}

// flag is a boolean, nil of what is none.
func (v value) flag() *bool {
	if v.kind != 't' && v.kind != 'f' {
		return nil
	}
	b := v.kind == 't'
	return &b
}

// into reads the fields of an object.
func (v value) into(n *Node) {
	var sorted *Node
	var setExpression *Node
	var asType, isType *TypeSpec
	for _, f := range v.fields {
		switch f.key {
		case "type":
			n.Type = f.string()
		case "locator":
			n.Locator = f.string()
		case "context":
			n.Context = f.string()
		case "name":
			n.Name = f.string()
		case "libraryName":
			n.LibraryName = f.string()
		case "path":
			n.Path = f.string()
		case "scope":
			n.Scope = f.string()
		case "alias":
			n.Alias = f.string()
		case "identifier":
			n.Identifier = f.string()
		case "precision": // of Round a node
			n.Precision, n.Places = f.string(), f.node()
		case "direction":
			n.Direction = f.string()
		case "dataType":
			n.DataType = localName(f.string())
		case "templateId":
			n.TemplateID = f.string()
		case "codeProperty":
			n.CodeProperty = f.string()
		case "codeComparator":
			n.CodeComparator = f.string()
		case "valueType":
			n.ValueType = localName(f.string())
		case "unit":
			n.Unit = f.string()
		case "classType":
			n.ClassType = localName(f.string())
		case "toType":
			n.ToType = localName(f.string())
		case "value":
			n.Value, n.Text = f.node(), f.text
		case "lowClosed":
			n.LowClosed = f.flag()
		case "highClosed":
			n.HighClosed = f.flag()
		case "distinct":
			n.Distinct = f.flag()
		case "operand":
			n.Operand = f.nodes()
		case "source":
			n.Source = f.nodes()
		case "element":
			n.Element = f.nodes()
		case "codes":
			n.Codes = f.nodes()
		case "expression":
			n.Expression = f.node()
		case "where":
			n.Where = f.node()
		case "suchThat":
			n.SuchThat = f.node()
		case "return":
			n.Return = f.node()
		case "condition":
			n.Condition = f.node()
		case "then":
			n.Then = f.node()
		case "else":
			n.Else = f.node()
		case "when":
			n.When = f.node()
		case "comparand":
			n.Comparand = f.node()
		case "starting":
			n.Starting = f.node()
		case "default":
			n.Default = f.node()
		case "severity":
			n.Severity = f.node()
		case "separator":
			n.Separator = f.node()
		case "low":
			n.Low = f.node()
		case "high":
			n.High = f.node()
		case "lowClosedExpression":
			n.LowClosedExpression = f.node()
		case "highClosedExpression":
			n.HighClosedExpression = f.node()
		case "let":
			n.Let = f.nodes()
		case "relationship":
			n.Relationship = f.nodes()
		case "caseItem":
			n.CaseItem = f.nodes()
		case "by":
			n.By = f.nodes()
		case "sort":
			sorted = f.node()
		case "aggregate":
			n.Aggregate = f.node()
		case "code":
			n.Code = f.node()
		case "valueset":
			n.ValueSet = f.node()
		case "valuesetExpression":
			setExpression = f.node()
		case "per":
			n.Per = f.node()
		case "argument":
			n.Argument = f.node()
		case "asTypeSpecifier":
			n.AsType = f.spec()
		case "asType":
			asType = f.spec()
		case "isTypeSpecifier":
			n.IsType = f.spec()
		case "isType":
			isType = f.spec()
		case "operandTypeSpecifier":
			n.OperandType = f.spec()
		case "signature":
			n.Signature = f.specs()
		case "year":
			n.Year = f.node()
		case "month":
			n.Month = f.node()
		case "day":
			n.Day = f.node()
		case "hour":
			n.Hour = f.node()
		case "minute":
			n.Minute = f.node()
		case "second":
			n.Second = f.node()
		case "millisecond":
			n.Millisecond = f.node()
		case "timezoneOffset":
			n.TimezoneOffset = f.node()
		}
	}
	if sorted != nil {
		n.By = sorted.By
	}
	n.ValueSet, n.AsType, n.IsType = cmp.Or(n.ValueSet, setExpression), cmp.Or(n.AsType, asType), cmp.Or(n.IsType, isType)
	if names := ownNames[n.Type]; names != nil {
		n.Operand, n.Source, n.Element = nil, nil, nil
		for _, name := range names {
			operand := &Node{Type: "Null"} // it may be left out
			if i := slices.IndexFunc(v.fields, func(f field) bool { return f.key == name && f.kind == '{' }); i >= 0 {
				operand = v.fields[i].node()
			}
			n.Operand = append(n.Operand, operand)
		}
	}
}

// Children calls f for every node directly below n.
func (n *Node) Children(f func(*Node)) {
	for _, list := range [][]*Node{n.Operand, n.Source, n.Element, n.Codes, n.Let, n.Relationship, n.CaseItem, n.By} {
		for _, c := range list {
			f(c)
		}
	}
	for _, c := range []*Node{n.Expression, n.Where, n.SuchThat, n.Return, n.Value, n.Condition, n.Then, n.Else, n.When, n.Comparand, n.Starting,
		n.Low, n.High, n.LowClosedExpression, n.HighClosedExpression, n.Aggregate, n.Code, n.ValueSet, n.Per, n.Argument, n.Default, n.Severity, n.Places, n.Separator,
		n.Year, n.Month, n.Day, n.Hour, n.Minute, n.Second, n.Millisecond, n.TimezoneOffset} {
		if c != nil {
			f(c)
		}
	}
}

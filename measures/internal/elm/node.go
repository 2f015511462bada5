package elm

import (
	"bytes"
	"encoding/json"
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

func (t *TypeSpec) UnmarshalJSON(data []byte) error {
	var raw struct {
		Type        json.RawMessage
		Name        string
		ElementType *TypeSpec
		PointType   *TypeSpec
		Choice      []*TypeSpec
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	switch kind := strings.Trim(string(raw.Type), `"`); {
	case kind == "ListTypeSpecifier":
		t.Kind, t.Of = "List", raw.ElementType
	case kind == "IntervalTypeSpecifier":
		t.Kind, t.Of = "Interval", raw.PointType
	case len(raw.Choice) > 0:
		t.Kind, t.Choices = "Choice", raw.Choice
	case kind == "TupleTypeSpecifier":
		t.Kind, t.Name = "Tuple", "Tuple"
	default:
		t.Kind, t.Name = "Named", localName(raw.Name)
	}
	return nil
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

func (n *Node) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	var err error
	text := func(key string) string {
		var s string
		if v, ok := raw[key]; ok && v[0] == '"' {
			err = join(err, json.Unmarshal(v, &s))
		}
		return s
	}
	flag := func(key string) *bool {
		v, ok := raw[key]
		if !ok || (v[0] != 't' && v[0] != 'f') {
			return nil
		}
		b := v[0] == 't'
		return &b
	}
	one := func(key string) *Node {
		v, ok := raw[key]
		if !ok || v[0] != '{' {
			return nil
		}
		child := new(Node)
		err = join(err, json.Unmarshal(v, child))
		return child
	}
	many := func(key string) []*Node {
		v, ok := raw[key]
		if !ok {
			return nil
		}
		if v[0] == '{' {
			return []*Node{one(key)}
		}
		var list []*Node
		if v[0] == '[' {
			err = join(err, json.Unmarshal(v, &list))
		}
		return list
	}
	spec := func(key string) *TypeSpec {
		v, ok := raw[key]
		if !ok {
			return nil
		}
		if v[0] == '"' {
			return &TypeSpec{Kind: "Named", Name: localName(strings.Trim(string(v), `"`))}
		}
		t := new(TypeSpec)
		err = join(err, json.Unmarshal(v, t))
		return t
	}
	n.Type, n.Locator, n.Context = text("type"), text("locator"), text("context")
	n.Name, n.LibraryName, n.Path, n.Scope = text("name"), text("libraryName"), text("path"), text("scope")
	n.Alias, n.Identifier, n.Precision, n.Direction = text("alias"), text("identifier"), text("precision"), text("direction")
	n.DataType, n.TemplateID = localName(text("dataType")), text("templateId")
	n.CodeProperty, n.CodeComparator = text("codeProperty"), text("codeComparator")
	n.ValueType, n.Unit = localName(text("valueType")), text("unit")
	n.ClassType, n.ToType = localName(text("classType")), localName(text("toType"))
	if v, ok := raw["value"]; ok && v[0] != '{' {
		n.Text = string(bytes.Trim(v, `"`))
		if v[0] == '"' {
			n.Text = text("value")
		}
	}
	n.LowClosed, n.HighClosed, n.Distinct = flag("lowClosed"), flag("highClosed"), flag("distinct")
	n.Operand, n.Source, n.Element, n.Codes = many("operand"), many("source"), many("element"), many("codes")
	n.Expression, n.Where, n.SuchThat, n.Return, n.Value = one("expression"), one("where"), one("suchThat"), one("return"), one("value")
	n.Condition, n.Then, n.Else, n.When = one("condition"), one("then"), one("else"), one("when")
	n.Comparand, n.Starting = one("comparand"), one("starting")
	n.Default, n.Severity, n.Places, n.Separator = one("default"), one("severity"), one("precision"), one("separator")
	if names := ownNames[n.Type]; names != nil {
		n.Operand, n.Source, n.Element = nil, nil, nil
		for _, name := range names {
			operand := one(name)
			if operand == nil {
				operand = &Node{Type: "Null"} // it may be left out
			}
			n.Operand = append(n.Operand, operand)
		}
	}
	n.Low, n.High = one("low"), one("high")
	n.LowClosedExpression, n.HighClosedExpression = one("lowClosedExpression"), one("highClosedExpression")
	n.Let, n.Relationship, n.CaseItem, n.By = many("let"), many("relationship"), many("caseItem"), many("by")
	if sort := one("sort"); sort != nil {
		n.By = sort.By
	}
	n.Aggregate, n.Code, n.ValueSet, n.Per, n.Argument = one("aggregate"), one("code"), one("valueset"), one("per"), one("argument")
	if n.ValueSet == nil {
		n.ValueSet = one("valuesetExpression")
	}
	n.AsType, n.IsType, n.OperandType = spec("asTypeSpecifier"), spec("isTypeSpecifier"), spec("operandTypeSpecifier")
	if n.AsType == nil {
		n.AsType = spec("asType")
	}
	if n.IsType == nil {
		n.IsType = spec("isType")
	}
	if v, ok := raw["signature"]; ok && v[0] == '[' {
		err = join(err, json.Unmarshal(v, &n.Signature))
	}
	n.Year, n.Month, n.Day = one("year"), one("month"), one("day")
	n.Hour, n.Minute, n.Second, n.Millisecond = one("hour"), one("minute"), one("second"), one("millisecond")
	n.TimezoneOffset = one("timezoneOffset")
	return err
}

func join(a, b error) error {
	if a != nil {
		return a
	}
	return b
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

package elm

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Whatever part a node can have is printed, and walked: a field that is added to Node and
// forgotten fails here.
func TestMembersAreWhole(t *testing.T) {
	n := new(Node)
	v := reflect.ValueOf(n).Elem()
	parts := map[*Node]string{}
	for i := range v.NumField() {
		c := new(Node)
		switch f := v.Field(i); f.Interface().(type) {
		case *Node:
			f.Set(reflect.ValueOf(c))
		case []*Node:
			f.Set(reflect.ValueOf([]*Node{c}))
		default:
			continue
		}
		parts[c] = v.Type().Field(i).Name
	}
	var printed, walked []string
	for _, m := range n.members() {
		for _, c := range m.nodes {
			printed = append(printed, parts[c])
		}
	}
	n.Children(func(c *Node) { walked = append(walked, parts[c]) })
	delete(parts, n.Operands[0]) // no reader fills it
	if len(printed) != len(parts) || len(walked) != len(parts) {
		slices.Sort(printed)
		slices.Sort(walked)
		t.Errorf("of %d parts\nprinted %d: %v\nwalked %d: %v", len(parts), len(printed), printed, len(walked), walked)
	}
}

func program(t *testing.T) *Program {
	t.Helper()
	libraries := map[string]*Library{}
	for _, text := range []string{
		`{"library":{"identifier":{"id":"Main"},"includes":{"def":[{"localIdentifier":"C","path":"ns/Common"},{"localIdentifier":"FHIRHelpers","path":"FHIRHelpers"}]},"statements":{"def":[
			{"name":"Numerator","locator":"9:1-12:4","expression":{"type":"Exists","locator":"10:3-12:4","operand":{"type":"Query","locator":"10:10-12:4",
				"source":[{"alias":"E","locator":"10:10-10:20","expression":{"type":"ExpressionRef","name":"Visits","locator":"10:10-10:18"}}],
				"where":{"type":"FunctionRef","libraryName":"C","name":"Long","locator":"11:5-11:20","operand":[{"type":"Property","path":"period","scope":"E","locator":"11:12-11:19"}]}}}},
			{"name":"Visits","locator":"5:1-6:9","expression":{"type":"Retrieve","locator":"6:3-6:9","dataType":"{http://hl7.org/fhir}Encounter","codeProperty":"type","codeComparator":"in","codes":{"type":"ValueSetRef","name":"Office"}}},
			{"name":"Unused","locator":"20:1-20:9","expression":{"type":"Null"}}]}}}`,
		`{"library":{"identifier":{"id":"Common"},"statements":{"def":[
			{"name":"Long","type":"FunctionDef","locator":"3:1-4:9","operand":[{"name":"p","operandTypeSpecifier":{"type":"IntervalTypeSpecifier","pointType":{"name":"{urn:hl7-org:elm-types:r1}DateTime","type":"NamedTypeSpecifier"}}}],
				"expression":{"type":"Greater","locator":"4:1-4:9","signature":[{"name":"{urn:hl7-org:elm-types:r1}Integer","type":"NamedTypeSpecifier"}],"operand":[
					{"type":"DurationBetween","precision":"Day","operand":[{"type":"Start","operand":{"type":"OperandRef","name":"p"}},{"type":"End","operand":{"type":"OperandRef","name":"p"}}]},
					{"type":"Literal","valueType":"{urn:hl7-org:elm-types:r1}Integer","value":"2"}]}}]}}}`,
	} {
		l, err := Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		libraries[l.Name] = l
	}
	p, mistakes := Link(libraries, "Main")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return p
}

func TestPrint(t *testing.T) {
	p := program(t)
	var b strings.Builder
	err := Print(&b, p.Reachable("Main", []string{"Numerator"}), func(d Definition) string {
		return map[string]string{"Numerator": "Boolean", "Visits": "List<Encounter>"}[d.Node.Name]
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `define Main.Numerator: Boolean  @9:1
  Exists  @10:3
    Query  @10:10
      source: alias E  @10:10
        ExpressionRef "Visits"  @10:10
      where: FunctionRef C."Long"  @11:5
        Property E.period  @11:12

define Main.Visits: List<Encounter>  @5:1
  Retrieve of Encounter by type in  @6:3
    codes: ValueSetRef "Office"

function Common.Long  @3:1
  "p" <Interval<DateTime>>
  Greater (Integer)  @4:1
    DurationBetween precision Day
      Start
        OperandRef "p"
      End
        OperandRef "p"
    Literal '2' <Integer>
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

package fhir

import (
	"fmt"
	"strings"
	"testing"
)

// parseAny parses any JSON value, without asking for a resource.
func parseAny(d *Doc, b []byte) (Node, Reason) {
	d.reset(b)
	tape, why := d.parse(b, d.tape)
	d.tape = tape
	if why != "" {
		d.tape = tape[:0]
	}
	return d.Root(), why
}

func TestReasons(t *testing.T) {
	patient := func(rest string) string { return `{"resourceType":"Patient","id":"p1"` + rest + `}` }
	manyNames := func(again string) string {
		var b strings.Builder
		for i := range 3 * smallObject {
			fmt.Fprintf(&b, `,"name%d":%d`, i, i)
		}
		return b.String() + again
	}
	tests := []struct {
		name string
		line string
		want Reason
	}{
		{"plain", patient(``), ""},
		{"spaces", " \t{ \"id\" : \"p1\" ,\r \"resourceType\" : \"Patient\" } ", ""},
		{"all kinds", patient(`,"a":[null,true,false,-0.5e+3,{}, [ ] ,"é\u00e9\ud83d\ude00\n"]`), ""},
		{"type after contained", `{"contained":[{"resourceType":"Group","id":"g"}],"id":"p1","resourceType":"Patient"}`, ""},
		{"escaped type", `{"resource\u0054ype":"P\u0061tient","\u0069d":"p\u0031"}`, ""},
		{"deepest", patient(`,"a":` + strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1)), ""},
		{"same name in different objects", patient(`,"a":{"id":1},"b":[{"id":1},{"id":2}]`), ""},
		{"many names", patient(manyNames("")), ""},
		{"id of 64", `{"resourceType":"Patient","id":"` + strings.Repeat("a", 64) + `"}`, ""},

		{"empty", ``, InvalidJSON},
		{"cut", `{"resourceType":"Patient","id":"p1"`, InvalidJSON},
		{"cut in a string", `{"resourceType":"Pati`, InvalidJSON},
		{"cut after a name", `{"resourceType"`, InvalidJSON},
		{"cut in an escape", `{"resourceType":"\`, InvalidJSON},
		{"cut in a hex escape", `{"resourceType":"\u00`, InvalidJSON},
		{"wrong close", `{"a":[1}`, InvalidJSON},
		{"wrong close of an object", `{"a":1]`, InvalidJSON},
		{"comma before close", patient(`,`), InvalidJSON},
		{"comma before close of a list", patient(`,"a":[1,]`), InvalidJSON},
		{"name without value", patient(`,"a"`), InvalidJSON},
		{"name not a string", patient(`,a:1`), InvalidJSON},
		{"single quotes", `{'resourceType':'Patient'}`, InvalidJSON},
		{"leading zero", patient(`,"a":01`), InvalidJSON},
		{"plus", patient(`,"a":+1`), InvalidJSON},
		{"bare point", patient(`,"a":.5`), InvalidJSON},
		{"point without digits", patient(`,"a":1.`), InvalidJSON},
		{"exponent without digits", patient(`,"a":1e`), InvalidJSON},
		{"NaN", patient(`,"a":NaN`), InvalidJSON},
		{"literal in capitals", patient(`,"a":True`), InvalidJSON},
		{"literal cut", patient(`,"a":tru`), InvalidJSON},
		{"unknown escape", patient(`,"a":"\x41"`), InvalidJSON},
		{"hex escape of three", patient(`,"a":"\u041"`), InvalidJSON},
		{"control character", patient(",\"a\":\"x\ty\""), InvalidJSON},
		{"comment", patient(`/**/`), InvalidJSON},
		{"no-break space", "\u00a0{}", InvalidJSON},

		{"bad UTF-8", patient(",\"a\":\"\xff\""), InvalidUTF8},
		{"Latin-1", patient(",\"a\":\"Jos\xe9\""), InvalidUTF8},
		{"overlong", patient(",\"a\":\"\xc0\xaf\""), InvalidUTF8},
		{"surrogate as UTF-8", patient(",\"a\":\"\xed\xa0\x80\""), InvalidUTF8},
		{"bad UTF-8 after an escape", patient(",\"a\":\"\\n\xff\""), InvalidUTF8},
		{"bad UTF-8 in a name", patient(",\"\xff\":1"), InvalidUTF8},
		{"bad UTF-8 outside a string", patient(",\xff"), InvalidUTF8},
		{"high half", patient(`,"a":"\ud83d"`), InvalidUTF8},
		{"high half before text", patient(`,"a":"\ud83dx12345"`), InvalidUTF8},
		{"low half", patient(`,"a":"\ude00"`), InvalidUTF8},
		{"two high halves", patient(`,"a":"\ud83d\ud83d"`), InvalidUTF8},

		{"NUL in a string", patient(",\"a\":\"x\x00\""), NULByte},
		{"NUL outside", "\x00{}", NULByte},
		{"NUL after", patient("") + "\x00", NULByte},
		{"NUL escaped", patient(`,"a":"\u0000"`), NULByte},
		{"NUL in a name", patient(`,"a\u0000":1`), NULByte},

		{"duplicate", patient(`,"id":"p2"`), DuplicateKey},
		{"duplicate type", patient(`,"resourceType":"Group"`), DuplicateKey},
		{"duplicate escaped", patient(`,"\u0069d":"p2"`), DuplicateKey},
		{"duplicate escaped first", `{"\u0069d":"p2","resourceType":"Patient","id":"p1"}`, DuplicateKey},
		{"duplicate inside", patient(`,"a":[{"b":{"c":1,"d":2,"c":3}}]`), DuplicateKey},
		{"duplicate empty", patient(`,"":1,"":2`), DuplicateKey},
		{"duplicate of many", patient(manyNames(`,"name7":0`)), DuplicateKey},
		{"duplicate escaped of many", patient(manyNames(`,"\u006eame7":0`)), DuplicateKey},
		{"duplicate first and last of many", patient(manyNames(`,"id":0`)), DuplicateKey},

		{"too deep", patient(`,"a":` + strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)), TooDeep},
		{"too deep in objects", strings.Repeat(`{"a":`, MaxDepth+1), TooDeep},
		{"bomb of brackets", strings.Repeat("[", 1<<20), TooDeep},

		{"UTF-8 mark", "\ufeff" + patient(""), ByteOrderMark},
		{"UTF-16 mark", "\xff\xfe{\x00", ByteOrderMark},
		{"UTF-16 mark, big end first", "\xfe\xff\x00{", ByteOrderMark},

		{"array", `[{"resourceType":"Patient","id":"p1"}]`, NotAnObject},
		{"string", `"Patient"`, NotAnObject},
		{"number", `17`, NotAnObject},
		{"null", `null`, NotAnObject},

		{"no type", `{"id":"p1"}`, MissingResourceType},
		{"empty object", `{}`, MissingResourceType},
		{"type only inside", `{"id":"p1","contained":[{"resourceType":"Patient"}]}`, MissingResourceType},
		{"type in other case", `{"resourcetype":"Patient","id":"p1"}`, MissingResourceType},
		{"unknown type", `{"resourceType":"Patiant","id":"p1"}`, WrongResourceType},
		{"abstract type", `{"resourceType":"DomainResource","id":"p1"}`, WrongResourceType},
		{"type of another release", `{"resourceType":"MedicationOrder","id":"p1"}`, WrongResourceType},
		{"type is a number", `{"resourceType":1,"id":"p1"}`, WrongResourceType},
		{"type is null", `{"resourceType":null,"id":"p1"}`, WrongResourceType},

		{"no id", `{"resourceType":"Patient"}`, MissingID},
		{"id empty", `{"resourceType":"Patient","id":""}`, InvalidID},
		{"id a number", `{"resourceType":"Patient","id":7}`, InvalidID},
		{"id with a slash", `{"resourceType":"Patient","id":"a/b"}`, InvalidID},
		{"id with an underscore", `{"resourceType":"Patient","id":"a_b"}`, InvalidID},
		{"id in other digits", `{"resourceType":"Patient","id":"１２"}`, InvalidID},
		{"id of 65", `{"resourceType":"Patient","id":"` + strings.Repeat("a", 65) + `"}`, InvalidID},

		{"two resources", patient("") + patient(""), TrailingGarbage},
		{"text after", patient("") + " x", TrailingGarbage},
		{"comma after", patient("") + ",", TrailingGarbage},
	}
	var d Doc
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := d.Parse([]byte(tt.line))
			if got != tt.want {
				t.Fatalf("Parse = %q, want %q", got, tt.want)
			}
			if accepted := d.Root().Exists(); accepted != (got == "") || accepted != (d.Type() != "") || accepted != (d.ID() != nil) {
				t.Errorf("after %q: root %v, type %q, id of %d bytes", got, accepted, d.Type(), len(d.ID()))
			}
		})
	}
}

// A fault is found wherever the eight-byte steps of the scanner begin.
func TestScanAlignment(t *testing.T) {
	faults := map[string]Reason{
		"\x00": NULByte, "\x1f": InvalidJSON, "\xff": InvalidUTF8, `\u0000`: NULByte, `\q`: InvalidJSON, `\ud800`: InvalidUTF8,
		"\x7f": "", " ": "", "!": "", "#": "", "[": "", "]": "", `\"`: "", `\\`: "", "é": "", "\U0001f600": "",
	}
	var d Doc
	for text, want := range faults {
		for before := range 20 {
			for after := range 20 {
				s := `"` + strings.Repeat("a", before) + text + strings.Repeat("b", after) + `"`
				if _, got := parseAny(&d, []byte(s)); got != want {
					t.Fatalf("%q between %d and %d letters: %q, want %q", text, before, after, got, want)
				}
			}
		}
	}
}

func TestMaxValues(t *testing.T) {
	var d Doc
	line := []byte(`[` + strings.Repeat(`0,`, MaxValues-2) + `0]`)
	if _, why := parseAny(&d, line); why != "" {
		t.Errorf("with %d values: %q", MaxValues, why)
	}
	line = []byte(`[` + strings.Repeat(`0,`, MaxValues-1) + `0]`)
	if _, why := parseAny(&d, line); why != TooLong {
		t.Errorf("with %d values: %q, want %q", MaxValues+1, why, TooLong)
	}
	if d.Parse([]byte(`{}`)); cap(d.tape) > keptTape {
		t.Errorf("a Doc keeps %d entries after a long line", cap(d.tape))
	}
}

func TestNode(t *testing.T) {
	var d Doc
	line := `{"resourceType":"Observation","id":"o1","flag":false,"yes":true,"none":null,"list":[1,[2,3],{"a":4}],` +
		`"nested":{"x":{"deep":[[]]},"y":"t\u0065xt \"q\"\/\b\f\n\r\t\\ \ud83d\ude00"},"value":-12.50e-1,"na\u006de":"n","empty":[],"":"e"}`
	if why := d.Parse([]byte(line)); why != "" {
		t.Fatal(why)
	}
	root := d.Root()
	if d.Type() != "Observation" || string(d.ID()) != "o1" {
		t.Errorf("type %q, id %q", d.Type(), d.ID())
	}
	for path, want := range map[string]string{
		"flag": "false", "yes": "true", "none": "null", "list": `[1,[2,3],{"a":4}]`, "value": "-12.50e-1",
		"name": `"n"`, "id": `"o1"`, "empty": "[]", "": `"e"`, "absent": "",
	} {
		if got := string(root.Get(path).Raw()); got != want {
			t.Errorf("Raw of %q = %s, want %s", path, got, want)
		}
	}
	if got, want := string(root.Get("nested").Get("y").Str()), "text \"q\"/\b\f\n\r\t\\ 😀"; got != want {
		t.Errorf("Str = %q, want %q", got, want)
	}
	if got := string(root.Get("value").Num()); got != "-12.50e-1" {
		t.Errorf("Num = %s", got)
	}
	if root.Get("flag").Bool() || !root.Get("yes").Bool() || root.Get("value").Bool() {
		t.Error("Bool is wrong")
	}
	if got := string(root.Get("list").First().Num()); got != "1" {
		t.Errorf("First = %s", got)
	}
	var items, names []string
	for n := range root.Get("list").Items() {
		items = append(items, string(n.Raw()))
	}
	if got := strings.Join(items, " "); got != `1 [2,3] {"a":4}` {
		t.Errorf("Items = %s", got)
	}
	for name, value := range root.Members() {
		names = append(names, string(name))
		if !value.Exists() {
			t.Errorf("member %q is absent", name)
		}
	}
	if got := strings.Join(names, " "); got != "resourceType id flag yes none list nested value name empty " {
		t.Errorf("Members = %s", got)
	}
	if n := root.Get("id").Get("x").Get("y").First(); n.Exists() || n.Str() != nil || n.Num() != nil || n.Raw() != nil || n.Bool() || n.Kind() != Absent {
		t.Error("a Node of nothing is something")
	}
	if root.Get("empty").First().Exists() || root.Get("value").Str() != nil || root.Get("id").Num() != nil {
		t.Error("a Node gives what it is not")
	}
}

// What A holds must stay right while B is read: unescaped text grows in memory of the Doc.
func TestUnescapedTextStays(t *testing.T) {
	var d Doc
	var b strings.Builder
	b.WriteString(`{"resourceType":"Basic","id":"b"`)
	for i := range 500 {
		fmt.Fprintf(&b, `,"k\u0065y%d":"v\u0061lue %d"`, i, i)
	}
	b.WriteString(`}`)
	if why := d.Parse([]byte(b.String())); why != "" {
		t.Fatal(why)
	}
	var names, values [][]byte
	for name, value := range d.Root().Members() {
		names, values = append(names, name), append(values, value.Str())
	}
	for i := range 500 {
		if want := fmt.Sprintf("key%d", i); string(names[i+2]) != want {
			t.Fatalf("name %d = %q", i, names[i+2])
		}
		if want := fmt.Sprintf("value %d", i); string(values[i+2]) != want {
			t.Fatalf("value %d = %q", i, values[i+2])
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var d Doc
	line := []byte(`{"resourceType":"Patient","id":"p\u0031","name":[{"family":"Müller","given":["A\n","B"]}],"n":1.5,"b":[true,null]}`)
	sum := 0
	walk := func() {
		if why := d.Parse(line); why != "" {
			t.Fatal(why)
		}
		root := d.Root()
		for name, value := range root.Members() {
			sum += len(name) + len(value.Raw()) + len(value.Str())
		}
		for n := range root.Get("name").First().Get("given").Items() {
			sum += len(n.Str())
		}
		if _, foreign := d.NotR4(); foreign {
			t.Fatal("foreign")
		}
	}
	if got := testing.AllocsPerRun(100, walk); got != 0 {
		t.Errorf("%v allocations a line, want 0", got)
	}
}

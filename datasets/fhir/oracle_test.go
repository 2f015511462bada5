package fhir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// accepts is the same rule as parse, built from encoding/json and plain searches.
func accepts(b []byte) bool {
	return json.Valid(b) && utf8.Valid(b) && !bytes.Contains(b, []byte{0}) && !hasByteOrderMark(b) &&
		escapesPair(b) && namesDiffer(b)
}

var escape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}|\\.`)

// escapesPair says whether no escape in the valid JSON is NUL or half a pair.
func escapesPair(b []byte) bool {
	unit := func(s []byte) int64 {
		if s[1] != 'u' {
			return -1
		}
		n, _ := strconv.ParseInt(string(s[2:]), 16, 32)
		return n
	}
	high := -1 // where a high half ended
	for _, at := range escape.FindAllIndex(b, -1) {
		n := unit(b[at[0]:at[1]])
		isLow := n >= 0xdc00 && n <= 0xdfff
		if n == 0 || isLow != (high == at[0]) {
			return false
		}
		switch {
		case n >= 0xd800 && n <= 0xdbff:
			high = at[1]
		case high >= 0 && !isLow:
			return false
		default:
			high = -1
		}
	}
	return high < 0
}

// namesDiffer says whether no object of the valid JSON has a name twice, and none is too deep.
func namesDiffer(b []byte) bool {
	type open struct {
		names map[string]bool // nil for an array
		name  bool            // a name comes next
	}
	var stack []open
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err != nil {
			return true
		}
		if n := len(stack); n > 0 && stack[n-1].name {
			if s, ok := token.(string); ok {
				if stack[n-1].names[s] {
					return false
				}
				stack[n-1].names[s], stack[n-1].name = true, false
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, open{map[string]bool{}, true})
		case json.Delim('['):
			stack = append(stack, open{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
		if len(stack) > MaxDepth {
			return false
		}
		if _, begun := token.(json.Delim); begun && (token == json.Delim('{') || token == json.Delim('[')) {
			continue
		}
		if n := len(stack); n > 0 && stack[n-1].names != nil {
			stack[n-1].name = true
		}
	}
}

// value gives a Node as encoding/json would with UseNumber, checking Get on the way.
func value(n Node) any {
	switch n.Kind() {
	case Bool:
		return n.Bool()
	case Number:
		return json.Number(n.Num())
	case String:
		return string(n.Str())
	case Array:
		list := []any{}
		for item := range n.Items() {
			list = append(list, value(item))
		}
		return list
	case Object:
		m := map[string]any{}
		for name, member := range n.Members() {
			m[string(name)] = value(member)
			if n.Get(string(name)) != member {
				panic("Get and Members differ")
			}
		}
		return m
	default:
		return nil
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5e-3,{"b":null}],"c":"\ud83d\ude00 \"é","\u0061b":true}`, `{"a":1,"\u0061":2}`, `[[[]]]`, ` "x" `, `-0`, `1e5 2`,
		`{"a":"\ud800"}`, "\ufeff{}", "\"\xff\"", `{"":{"":[]}}`, strings.Repeat("[", 65), `{"resourceType":"Patient","id":"a"}`,
		`"\ud800\\dc00"`, `"\\ud800"`, `{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}`,
	} {
		f.Add([]byte(s))
	}
	var d Doc
	f.Fuzz(func(t *testing.T, b []byte) {
		root, why := parseAny(&d, b)
		if got, want := why == "", accepts(b); got != want {
			t.Fatalf("parse of %q: %q, want accepted %v", b, why, want)
		}
		if why != "" {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got := value(root); !reflect.DeepEqual(got, want) {
			t.Fatalf("tape of %q holds %v, want %v", b, got, want)
		}
		if got := root.Raw(); !bytes.Equal(got, bytes.Trim(b, " \t\r\n")) {
			t.Fatalf("Raw of %q = %q", b, got)
		}
	})
}

// Any JSON value, written with any spaces and any choice of escapes, comes back from the tape.
func TestRoundTrip(t *testing.T) {
	var d Doc
	rapid.Check(t, func(t *rapid.T) {
		want := drawValue(t, 4)
		var b bytes.Buffer
		write(t, &b, want)
		root, why := parseAny(&d, b.Bytes())
		if why != "" {
			t.Fatalf("parse of %s: %q", b.Bytes(), why)
		}
		if got := value(root); !reflect.DeepEqual(got, want) {
			t.Fatalf("tape of %s holds %v, want %v", b.Bytes(), got, want)
		}
	})
}

var drawText = rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune("abc\"\\/\n\x01é€😀\u2028")), rapid.Rune()).
	Filter(func(r rune) bool { return r != 0 && utf8.ValidRune(r) }), 0, 20, -1)

func drawValue(t *rapid.T, depth int) any {
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,10})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number"))
	case 3:
		return drawText.Draw(t, "text")
	case 4:
		list := []any{}
		for range rapid.IntRange(0, 5).Draw(t, "items") {
			list = append(list, drawValue(t, depth-1))
		}
		return list
	default:
		m := map[string]any{}
		for range rapid.SampledFrom([]int{0, 1, 3, 10, 80}).Draw(t, "members") {
			m[drawText.Draw(t, "name")] = drawValue(t, 0)
		}
		return m
	}
}

func write(t *rapid.T, b *bytes.Buffer, v any) {
	space := func() { b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "\r\n\t"}).Draw(t, "space")) }
	space()
	switch v := v.(type) {
	case string:
		writeText(t, b, v)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(t, b, item)
		}
		space()
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		comma := false
		for _, name := range slices.Sorted(maps.Keys(v)) { // drawn choices must repeat
			member := v[name]
			if comma {
				b.WriteByte(',')
			}
			comma = true
			space()
			writeText(t, b, name)
			space()
			b.WriteByte(':')
			write(t, b, member)
		}
		space()
		b.WriteByte('}')
	case nil:
		b.WriteString("null")
	default:
		fmt.Fprint(b, v)
	}
	space()
}

func writeText(t *rapid.T, b *bytes.Buffer, s string) {
	escapes := rapid.Bool().Draw(t, "escapes")
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || escapes && r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		case escapes:
			r -= 0x10000
			fmt.Fprintf(b, `\u%04X\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

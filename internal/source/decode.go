package source

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Unmarshaler is implemented by types that read themselves, for example a value
// that may be written in two forms. An error that is a Diagnostic keeps its code
// and hint, and its position where it has one; any other is a bad-value here.
type Unmarshaler interface {
	UnmarshalSource(v Value) error
}

// Value is one value of a document, on the way into a Go type.
type Value struct {
	decoder *decoder
	node    *yaml.Node
}

// Kind is "text", "number", "date", "true or false", "list", "mapping" or "nothing".
func (v Value) Kind() string { return kind(v.node) }

// Text is the value as written, without quotes; empty for a list or a mapping.
func (v Value) Text() string { return v.node.Value }

// Pos is where the value begins.
func (v Value) Pos() Pos { return v.decoder.doc.at(v.node) }

// Decode decodes the value into what p points to by the rules of DecodeYAML.
// Mistakes go to the document; the result tells whether there were none.
func (v Value) Decode(p any) bool {
	before := len(v.decoder.doc.diags)
	v.decoder.into(v.node, p)
	return len(v.decoder.doc.diags) == before
}

type decoder struct {
	doc  *Document
	path []string // of keys down to what is decoded
}

func (d *decoder) into(n *yaml.Node, p any) {
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(fmt.Sprintf("source: decode into %T, not a pointer", p))
	}
	d.value(n, v.Elem())
}

// value decodes n into v, which can be set.
func (d *decoder) value(n *yaml.Node, v reflect.Value) {
	if d.doc.bad[n] || n.Kind == yaml.AliasNode {
		return // already reported: one mistake, one line
	}
	if v.CanAddr() && d.custom(n, v.Addr().Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if kind(n) == "nothing" {
			return
		}
		target := reflect.New(v.Type().Elem())
		d.value(n, target.Elem())
		if !d.doc.bad[n] {
			v.Set(target)
		}
	case reflect.Struct:
		if d.expect(n, "mapping") {
			d.structure(n, v)
		}
	case reflect.Map:
		if d.expect(n, "mapping") {
			d.mapping(n, v)
		}
	case reflect.Slice:
		if d.expect(n, "list") {
			list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
			for i, c := range n.Content {
				d.value(c, list.Index(i))
			}
			v.Set(list)
		}
	case reflect.String:
		// A year, a ZIP code or a date is text that needs no quotes.
		if d.expect(n, "text", "number", "date") {
			v.SetString(n.Value)
		}
	case reflect.Bool:
		if d.expect(n, "true or false") {
			v.SetBool(strings.EqualFold(n.Value, "true"))
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if d.expect(n, "number") {
			i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
			if d.number(n, "whole number", err) {
				v.SetInt(i)
			}
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if d.expect(n, "number") {
			u, err := strconv.ParseUint(n.Value, 10, v.Type().Bits())
			if d.number(n, "whole number of zero or more", err) {
				v.SetUint(u)
			}
		}
	case reflect.Float32, reflect.Float64:
		if d.expect(n, "number") {
			f, err := strconv.ParseFloat(n.Value, v.Type().Bits())
			if err == nil && (math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(n.Value, "xX_")) {
				err = strconv.ErrSyntax
			}
			if d.number(n, "decimal number", err) {
				v.SetFloat(f)
			}
		}
	default:
		panic(fmt.Sprintf("source: cannot decode into %s", v.Type()))
	}
}

// custom lets a type read itself; false when it does not.
func (d *decoder) custom(n *yaml.Node, p any) bool {
	var err error
	switch p := p.(type) {
	case Unmarshaler:
		err = p.UnmarshalSource(Value{d, n})
	case encoding.TextUnmarshaler:
		if !d.expect(n, "text", "number", "date") {
			return true
		}
		err = p.UnmarshalText([]byte(n.Value))
	default:
		return false
	}
	if err == nil {
		return true
	}
	found := Diagnostic{Code: "bad-value", Message: err.Error()}
	errors.As(err, &found)
	if found.Line == 0 {
		found.Pos = d.doc.at(n)
	}
	d.doc.bad[n] = true
	d.doc.diags = append(d.doc.diags, found)
	return true
}

// expect reports n unless it is of one of the kinds.
func (d *decoder) expect(n *yaml.Node, kinds ...string) bool {
	found := kind(n)
	for _, k := range kinds {
		if k == found {
			return true
		}
	}
	hint := ""
	switch {
	case kinds[0] == "list" && n.Kind == yaml.ScalarNode && found != "nothing":
		hint = "write [" + n.Value + "]"
	case kinds[0] == "text" && found == "true or false":
		hint = `write "` + n.Value + `" to make it text`
	case kinds[0] == "number" && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		hint = "write the number without quotes"
	case kinds[0] == "true or false" && n.Kind == yaml.ScalarNode:
		hint = "write true or false, without quotes"
	case found == "nothing":
		hint = "give a value or remove the key"
	}
	d.doc.report(n, "wrong-type", hint, "expected %s, found %s", article(kinds[0]), article(found))
	return false
}

func (d *decoder) number(n *yaml.Node, want string, err error) bool {
	if err == nil {
		return true
	}
	message := "expected a " + want
	if errors.Is(err, strconv.ErrRange) {
		message += " in a smaller range"
	}
	d.doc.report(n, "wrong-type", "plain decimal digits", "%s", message)
	return false
}

func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.AliasNode:
		return "alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "number"
	case "!!timestamp":
		return "date"
	default:
		return "text"
	}
}

func article(kind string) string {
	switch kind {
	case "text", "nothing", "true or false":
		return kind
	case "alias":
		return "an " + kind
	default:
		return "a " + kind
	}
}

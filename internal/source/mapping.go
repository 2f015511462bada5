package source

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// field is a key that a struct accepts.
type field struct {
	name     string
	required bool
	index    []int
}

func fields(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-":
		case options == "inline": // an embedded struct may be of an unexported type
			for _, inner := range fields(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				list = append(list, inner)
			}
		case !f.IsExported():
		case name == "":
			panic(fmt.Sprintf("source: %s.%s has no yaml tag", t, f.Name))
		default:
			list = append(list, field{name, options == "required", []int{i}})
		}
	}
	return list
}

// structure decodes the mapping n into the struct v. A required key that is
// missing while a key much like it is unknown is one mistake, not two.
func (d *decoder) structure(n *yaml.Node, v reflect.Value) {
	accepted := fields(v.Type())
	byName := make(map[string]field, len(accepted))
	for _, f := range accepted {
		byName[f.name] = f
	}
	var unknown []*yaml.Node
	settled := map[string]bool{}
	d.keys(n, func(key, value *yaml.Node) {
		f, ok := byName[key.Value]
		if !ok {
			unknown = append(unknown, key)
			return
		}
		settled[f.name] = true
		d.within(f.name, func() { d.value(value, v.FieldByIndex(f.index)) })
	})
	var free []string // a suggestion is a key that is not already there
	for _, f := range accepted {
		if !settled[f.name] {
			free = append(free, f.name)
		}
	}
	for _, key := range unknown {
		near := Nearest(key.Value, free)
		settled[near] = true
		hint := DidYouMean(key.Value, free)
		if near == "" {
			hint = "known keys: " + strings.Join(names(accepted), ", ")
		}
		d.doc.report(key, "unknown-key", hint, "unknown key %q", key.Value)
	}
	for _, f := range accepted {
		if f.required && !settled[f.name] && !mayLack(v, f.name) {
			d.doc.diags = append(d.doc.diags, Diagnostic{d.doc.at(n), "missing-key", fmt.Sprintf("the key %q is missing", strings.Join(append(slices.Clone(d.path), f.name), ".")), ""})
		}
	}
}

// within decodes what stands below a key.
func (d *decoder) within(key string, decode func()) {
	d.path = append(d.path, key)
	decode()
	d.path = d.path[:len(d.path)-1]
}

// Lacking is implemented by structs whose other keys decide whether a required one may be missing.
type Lacking interface{ MayLack(key string) bool }

func mayLack(v reflect.Value, key string) bool {
	if !v.CanAddr() {
		return false
	}
	s, ok := v.Addr().Interface().(Lacking)
	return ok && s.MayLack(key)
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value) {
	t := v.Type()
	if t.Key().Kind() != reflect.String {
		panic(fmt.Sprintf("source: %s: only maps with text keys", t))
	}
	m := reflect.MakeMapWithSize(t, len(n.Content)/2)
	d.keys(n, func(key, value *yaml.Node) {
		item := reflect.New(t.Elem()).Elem()
		d.within(key.Value, func() { d.value(value, item) })
		m.SetMapIndex(reflect.ValueOf(key.Value).Convert(t.Key()), item)
	})
	v.Set(m)
}

// keys calls each for every pair whose key is a fresh text.
func (d *decoder) keys(n *yaml.Node, each func(key, value *yaml.Node)) {
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case d.doc.bad[key]:
		case key.Kind != yaml.ScalarNode || kind(key) == "nothing":
			d.doc.report(key, "wrong-type", "", "expected a key of plain text, found %s", article(kind(key)))
		case key.ShortTag() == "!!merge":
			d.doc.report(key, "alias", "write the keys out", "the merge key << is not allowed")
		case lines[key.Value] > 0:
			d.doc.report(key, "duplicate-key", "", "the key %q is already set on line %d", key.Value, lines[key.Value])
		default:
			lines[key.Value] = key.Line
			each(key, value)
		}
	}
}

func names(fs []field) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.name
	}
	return out
}

package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxBytes bounds a file: what people write by hand is kilobytes, and a data file
// named by mistake should be refused before it is parsed.
const maxBytes = 4 << 20

// Document is a decoded file with its positions and the mistakes found so far.
type Document struct {
	file  string
	root  *yaml.Node // nil when there was nothing to decode
	bad   map[*yaml.Node]bool
	diags Diagnostics
}

// DecodeYAML decodes data, the content of file, into the struct that v points to.
// The document is never nil and what could be decoded is in v, so that checks of
// meaning can go on; the error is the document's Err.
//
// Struct fields are named by the tag `yaml:"name"`, `yaml:"name,required"` (see Lacking) or
// `yaml:",inline"` (a struct whose keys belong to its parent). Fields may be text,
// bool, integers, floats, slices, maps with text keys, structs, pointers to these,
// and types that implement Unmarshaler or encoding.TextUnmarshaler. Numbers and
// dates are accepted where text is wanted, as written; nothing else is converted.
func DecodeYAML(file string, data []byte, v any) (*Document, error) {
	d := &Document{file: file, bad: map[*yaml.Node]bool{}}
	if d.checkBytes(data) {
		d.parse(data)
	}
	if d.root != nil {
		d.refuse(d.root)
		(&decoder{doc: d}).into(d.root, v)
	}
	return d, d.Err()
}

// Report adds a mistake at the value that path leads to; see Pos. Has is false for
// the value from then on.
func (d *Document) Report(code, message, hint string, path ...any) {
	if n, ok := d.find(path); ok || n != nil && n.Kind == yaml.ScalarNode {
		d.bad[n] = true
	}
	d.diags = append(d.diags, Diagnostic{d.Pos(path...), code, message, hint})
}

// Add adds a mistake that has a place of its own, in this file or another.
func (d *Document) Add(found Diagnostic) { d.diags = append(d.diags, found) }

// Err is nil, or every mistake reported so far as sorted Diagnostics.
func (d *Document) Err() error { return d.diags.Err() }

// Pos is where the value at path begins. Path elements are keys (string) and list
// indexes (int). Where the path leaves the document, it is the last place reached.
func (d *Document) Pos(path ...any) Pos {
	n, _ := d.find(path)
	return d.at(n)
}

// Has tells whether there is a value at path that decoded without a mistake, so
// that a check of its meaning makes sense.
func (d *Document) Has(path ...any) bool {
	n, ok := d.find(path)
	return ok && !d.bad[n]
}

func (d *Document) find(path []any) (*yaml.Node, bool) {
	n := d.root
	for _, step := range path {
		next := child(n, step)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, n != nil
}

func child(n *yaml.Node, step any) *yaml.Node {
	switch step := step.(type) {
	case string:
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; key.Kind == yaml.ScalarNode && key.Value == step {
				return n.Content[i+1]
			}
		}
		return nil
	case int:
		if n == nil || n.Kind != yaml.SequenceNode || step < 0 || step >= len(n.Content) {
			return nil
		}
		return n.Content[step]
	default:
		panic(fmt.Sprintf("source: a path holds keys and indexes, not %T", step))
	}
}

func (d *Document) at(n *yaml.Node) Pos {
	if n == nil {
		return Pos{d.file, 1, 1}
	}
	return Pos{d.file, n.Line, n.Column}
}

func (d *Document) report(n *yaml.Node, code, hint, format string, args ...any) {
	d.bad[n] = true
	d.diags = append(d.diags, Diagnostic{d.at(n), code, fmt.Sprintf(format, args...), hint})
}

// checkBytes finds what the YAML reader would refuse without a position.
func (d *Document) checkBytes(data []byte) bool {
	say := func(line, column int, format string, args ...any) bool {
		d.diags = append(d.diags, Diagnostic{Pos{d.file, line, column}, "bad-encoding",
			fmt.Sprintf(format, args...), "save the file as plain UTF-8 text"})
		return false
	}
	if len(data) > maxBytes {
		d.diags = append(d.diags, Diagnostic{Pos{d.file, 1, 1}, "too-large",
			fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(data), maxBytes), "is it the file that was meant?"})
		return false
	}
	line, column := 1, 1
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return say(line, column, "byte 0x%02x is not valid UTF-8", rest[0])
		case r < 0x20 && r != '\n' && r != '\r' && r != '\t', r >= 0x7f && r < 0xa0 && r != 0x85:
			return say(line, column, "control character U+%04X", r)
		}
		rest, column = rest[size:], column+1
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return true
}

// parse reads the one document of data into d.root, or reports why not.
func (d *Document) parse(data []byte) {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		d.syntax(err)
		return
	}
	var first, second yaml.Node
	switch err := loader.Load(&first); {
	case errors.Is(err, io.EOF):
		d.diags = append(d.diags, Diagnostic{d.at(nil), "empty-document", "the file has no content", ""})
		return
	case err != nil:
		d.syntax(err)
		return
	}
	if first.Kind == yaml.DocumentNode && len(first.Content) == 1 {
		d.root = first.Content[0]
	}
	switch err := loader.Load(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.syntax(err)
	default:
		d.report(&second, "multiple-documents", "write each document to a file of its own", "a second document begins here")
	}
}

func (d *Document) syntax(err error) {
	pos, message := d.at(nil), strings.TrimPrefix(err.Error(), "yaml: ")
	var load *yaml.LoadError
	if errors.As(err, &load) {
		message = load.Message
		if load.ContextMsg != "" {
			message = load.ContextMsg + ": " + message
		}
		if from := load.ContextMark.Line; from > 0 && from < load.Mark.Line {
			message += fmt.Sprintf(", beginning on line %d", from)
		}
		if load.Mark.Line > 0 {
			pos.Line, pos.Column = load.Mark.Line, max(1, load.Mark.Column)
		}
	}
	hint := ""
	switch {
	case strings.Contains(message, "cannot start any token"):
		hint = "indent with spaces, not tabs, and quote values that begin with @ or `"
	case strings.Contains(message, "mapping values are not allowed"):
		hint = `quote a value that holds ": "`
	}
	d.diags = append(d.diags, Diagnostic{pos, "yaml-syntax", message, hint})
}

// refuse reports the parts of YAML that farr's files do without.
func (d *Document) refuse(n *yaml.Node) {
	const hint = "write the value out"
	switch {
	case n.Kind == yaml.AliasNode:
		d.report(n, "alias", hint, "the alias *%s is not allowed", n.Value)
		return // what it points to is reported where it stands
	case n.Anchor != "":
		d.report(n, "alias", hint, "the anchor &%s is not allowed", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		d.report(n, "tag", `quote the value to make it text`, "the tag %s is not allowed", n.ShortTag())
	}
	for _, c := range n.Content {
		d.refuse(c)
	}
}

package deid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// placed is a JSON value and where it begins, so that a mistake in it can be told.
type placed struct {
	at      int64 // byte offset of where the text before it ends
	value   any   // string, json.Number, bool or nil; nil too for objects and lists
	members map[string]*placed
	items   []*placed
}

func (p *placed) get(name string) *placed {
	if p == nil {
		return nil
	}
	return p.members[name]
}

func (p *placed) str() string {
	if p == nil {
		return ""
	}
	s, _ := p.value.(string)
	return s
}

func (p *placed) list() []*placed {
	if p == nil {
		return nil
	}
	return p.items
}

// maxMapDepth bounds how deep a concept map may be nested; R4's own form needs 8.
const maxMapDepth = 32

var errTooDeep = errors.New("it is nested too deeply")

// readPlaced reads one JSON value.
func readPlaced(d *json.Decoder, depth int) (*placed, error) {
	p := &placed{at: d.InputOffset()}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, isDelim := token.(json.Delim)
	if !isDelim {
		p.value = token
		return p, nil
	}
	if depth > maxMapDepth {
		return nil, errTooDeep
	}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			member, err := readPlaced(d, depth+1)
			if err != nil {
				return nil, err
			}
			if p.members == nil {
				p.members = map[string]*placed{}
			}
			if p.members[name.(string)] != nil {
				return nil, fmt.Errorf("a member is there twice")
			}
			p.members[name.(string)] = member
			continue
		}
		item, err := readPlaced(d, depth+1)
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, item)
	}
	_, err = d.Token()
	return p, err
}

// place is the line and column of the first value at or after an offset.
func (r *mapReader) place(at int64) (line, column int) {
	end := min(int(at), len(r.text))
	for end < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[end]) >= 0 {
		end++
	}
	before := r.text[:end]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

func (r *mapReader) wrong(p *placed, code, message, hint string) {
	line, column := r.place(p.at)
	r.say(line, column, code, message, hint)
}

// json reads a ConceptMap resource (FHIR R4). What it says that could not be followed is a mistake:
// a map that is followed by halves gives wrong codes.
func (r *mapReader) json(text []byte) {
	r.text = text
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	root, err := readPlaced(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the resource")
		}
	}
	if err != nil {
		line, column := r.place(d.InputOffset())
		message := "this is no JSON"
		if !errors.As(err, new(*json.SyntaxError)) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			message += ": " + err.Error()
		}
		r.say(line, column, "bad-json", message, "")
		return
	}
	if root.get("resourceType").str() != "ConceptMap" {
		r.wrong(root, "not-a-concept-map", "this is no ConceptMap resource", "a file has one ConceptMap, not a Bundle")
		return
	}
	if len(root.get("group").list()) == 0 {
		r.wrong(root, "missing-value", "the ConceptMap has no group", "")
	}
	for _, group := range root.get("group").list() {
		r.group(group)
	}
}

func (r *mapReader) group(group *placed) {
	for _, name := range []string{"source", "target"} {
		if group.get(name).str() == "" {
			r.wrong(group, "missing-value", "the group names no "+name+" system", "")
			return
		}
	}
	if mode := group.get("unmapped").get("mode"); mode != nil && mode.str() != "provided" {
		r.wrong(mode, "not-supported", "what to do with codes that are not mapped is not followed", "leave unmapped out: such a code is kept if it is one that the policy keeps, and is counted")
	}
	for _, element := range group.get("element").list() {
		code := element.get("code").str()
		if code == "" {
			r.wrong(element, "missing-value", "no code to map", "")
			continue
		}
		for _, target := range element.get("target").list() {
			r.target(group, code, target)
		}
	}
}

func (r *mapReader) target(group *placed, code string, target *placed) {
	relation := target.get("equivalence")
	if relation == nil {
		r.wrong(target, "missing-value", "the target has no equivalence, which R4 asks for", "")
		return
	}
	line, column := r.place(relation.at)
	if !r.relation(relation.str(), line, column) || !slices.Contains(r.used, relation.str()) {
		return
	}
	for _, name := range []string{"dependsOn", "product"} {
		if depends := target.get(name); depends != nil {
			r.wrong(depends, "not-supported", "a mapping with "+name+" is not followed", "leave the target out, or map without it")
			return
		}
	}
	to := target.get("code")
	if to.str() == "" {
		r.wrong(target, "missing-value", "the target has no code", "")
		return
	}
	line, column = r.place(to.at)
	r.add(coding{group.get("source").str(), code}, coding{group.get("target").str(), to.str()}, line, column)
}

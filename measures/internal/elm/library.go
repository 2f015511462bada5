package elm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Library is one ELM library as read.
type Library struct {
	Name, Version string
	Includes      map[string]string // local name -> library name
	CodeSystems   map[string]string // name -> URI
	ValueSets     map[string]string // name -> URL
	Codes         map[string]Code
	Concepts      map[string][]Code
	Parameters    map[string]*Node
	Defines       map[string]*Node
	Functions     map[string][]*Node // by name, every overload
	Order         []string           // names of defines in source order
	Errors        []string           // of the translator

	titles map[string]string // of defines that Parts made
	begun  map[*Node]string  // of those the defines that ask whether there is anything of a source
}

// Code is a code of a code system, by URI.
type Code struct{ System, Code string }

// Read reads one library's ELM JSON.
func Read(data []byte) (*Library, error) {
	type def struct {
		Name, ID, LocalIdentifier, Path string
		CodeSystem                      json.RawMessage
		Code                            json.RawMessage
	}
	var file struct {
		Library struct {
			Identifier  struct{ ID, Version string }
			Annotation  []struct{ Type, ErrorSeverity, Message string }
			Includes    struct{ Def []def }
			CodeSystems struct{ Def []def }
			ValueSets   struct{ Def []def }
			Codes       struct{ Def []def }
			Concepts    struct{ Def []def }
			Parameters  struct{ Def []*Node }
			Statements  struct{ Def []*Node }
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read ELM: %w", err)
	}
	in := file.Library
	l := &Library{Name: in.Identifier.ID, Version: in.Identifier.Version,
		Includes: map[string]string{}, CodeSystems: map[string]string{}, ValueSets: map[string]string{}, Codes: map[string]Code{},
		Concepts: map[string][]Code{}, Parameters: map[string]*Node{}, Defines: map[string]*Node{}, Functions: map[string][]*Node{}}
	if l.Name == "" {
		return nil, fmt.Errorf("read ELM: the library has no identifier")
	}
	for _, a := range in.Annotation {
		if a.ErrorSeverity == "error" {
			l.Errors = append(l.Errors, a.Message)
		}
	}
	for _, d := range in.Includes.Def {
		name := d.Path
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			name = name[i+1:]
		}
		l.Includes[d.LocalIdentifier] = name
	}
	for _, d := range in.CodeSystems.Def {
		l.CodeSystems[d.Name] = d.ID
	}
	for _, d := range in.ValueSets.Def {
		url, _, _ := strings.Cut(d.ID, "|")
		l.ValueSets[d.Name] = url
	}
	for _, d := range in.Codes.Def {
		var system struct{ Name string }
		if err := json.Unmarshal(d.CodeSystem, &system); err != nil {
			return nil, fmt.Errorf("read ELM: code %s has no code system", d.Name)
		}
		l.Codes[d.Name] = Code{System: l.CodeSystems[system.Name], Code: d.ID}
	}
	for _, d := range in.Concepts.Def {
		var refs []struct{ Name string }
		if err := json.Unmarshal(d.Code, &refs); err == nil {
			for _, r := range refs {
				l.Concepts[d.Name] = append(l.Concepts[d.Name], l.Codes[r.Name])
			}
		}
	}
	for _, p := range in.Parameters.Def {
		l.Parameters[p.Name] = p
	}
	for _, s := range in.Statements.Def {
		if s.Type == "FunctionDef" {
			l.Functions[s.Name] = append(l.Functions[s.Name], s)
			continue
		}
		if first := l.Defines[s.Name]; first != nil {
			line, _ := s.Position()
			before, _ := first.Position()
			l.Errors = append(l.Errors, fmt.Sprintf("define %s stands on line %d, and again on line %d", s.Name, before, line))
		}
		l.Defines[s.Name] = s
		l.Order = append(l.Order, s.Name)
	}
	return l, nil
}

// Program is a set of linked libraries.
type Program struct{ Libraries map[string]*Library }

// BuiltIn is the library that the compiler knows by itself: what a package brings under
// its name is not read, and a package may leave it out.
const BuiltIn = "FHIRHelpers"

// Link checks that everything that main includes is there, without errors of the
// translator and without cycles, and names every mistake.
func Link(libraries map[string]*Library, main string) (*Program, []error) {
	var mistakes []error
	p := &Program{Libraries: map[string]*Library{}}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if name == BuiltIn {
			p.Libraries[name] = &Library{Name: name}
			return
		}
		if slices.Contains(path, name) {
			mistakes = append(mistakes, fmt.Errorf("library %s includes itself through %s", name, strings.Join(path, ", ")))
			return
		}
		if p.Libraries[name] != nil {
			return
		}
		l, ok := libraries[name]
		if !ok {
			mistakes = append(mistakes, fmt.Errorf("library %s is missing (included by %s)", name, strings.Join(path, ", ")))
			return
		}
		for _, e := range l.Errors {
			mistakes = append(mistakes, fmt.Errorf("library %s has a translation error: %s", name, e))
		}
		for _, included := range l.Includes {
			visit(included, append(slices.Clone(path), name))
		}
		p.Libraries[name] = l
	}
	visit(main, nil)
	return p, mistakes
}

// Find gives the library that a reference in l names: itself when local is empty.
func (p *Program) Find(l *Library, local string) *Library {
	if local == "" {
		return l
	}
	return p.Libraries[l.Includes[local]]
}

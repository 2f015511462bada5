package content

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"farr/internal/source"
	"farr/measures/internal/elm"
)

// head is what is read of a library's ELM before it is compiled.
type head struct {
	Library struct {
		Identifier identifier `json:"identifier"`
		Annotation []struct {
			Severity string `json:"errorSeverity"`
			Message  string `json:"message"`
			Line     int    `json:"startLine"`
			Column   int    `json:"startChar"`
		} `json:"annotation"`
		Usings struct {
			Def []struct {
				Local   string `json:"localIdentifier"`
				URI     string `json:"uri"`
				Version string `json:"version"`
				Locator string `json:"locator"`
			} `json:"def"`
		} `json:"usings"`
		Includes struct {
			Def []struct {
				Path    string `json:"path"`
				Version string `json:"version"`
				Locator string `json:"locator"`
			} `json:"def"`
		} `json:"includes"`
		ValueSets struct {
			Def []struct {
				ID      string `json:"id"`
				Version string `json:"version"`
				Name    string `json:"name"`
				Locator string `json:"locator"`
			} `json:"def"`
		} `json:"valueSets"`
	} `json:"library"`
}

type identifier struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

func (i identifier) String() string { return i.ID + "|" + i.Version }

// included is the identifier of an included library. Its path may begin with the
// namespace's URL.
func included(path, version string) identifier {
	return identifier{path[strings.LastIndexByte(path, '/')+1:], version}
}

// located is the head of a library and the file it came from.
type located struct {
	head
	file string
}

func readHead(elm []byte) (head, error) {
	var h head
	if err := json.Unmarshal(elm, &h); err != nil {
		return h, err
	}
	if h.Library.Identifier.ID == "" {
		return h, errors.New("no identifier")
	}
	return h, nil
}

// Models that ELM may be written on. QI-Core's is translated to FHIR types already.
var models = map[string][]string{
	"urn:hl7-org:elm-types:r1": nil,
	"http://hl7.org/fhir":      {"4.0.1", "4.0.0", "4.1.1", "5.0.0", "6.0.0", ""},
}

// checkLibraries reports includes that are not there or go in a circle, models that
// are unknown, and what the translator itself called an error.
func (l *loader) checkLibraries() {
	byName := map[string]*located{}
	for i := range l.heads {
		h := &l.heads[i]
		byName[h.Library.Identifier.String()] = h
	}
	for i := range l.heads {
		h := &l.heads[i]
		at := func(locator, code, message, hint string) {
			pos := source.Pos{File: h.Library.Identifier.ID}
			pos.Line, pos.Column = place(locator)
			l.diagnostics = append(l.diagnostics, source.Diagnostic{Pos: pos, Code: code, Message: message, Hint: hint})
		}
		for _, a := range h.Library.Annotation {
			if a.Severity == "error" {
				at(fmt.Sprintf("%d:%d", a.Line, a.Column), "elm-error", "the translator reported an error here: "+a.Message, "translate the library again without errors")
			}
		}
		for _, u := range h.Library.Usings.Def {
			versions, known := models[u.URI]
			switch {
			case !known:
				at(u.Locator, "unknown-model", "unknown model "+quoted(u.URI), "farr reads ELM on FHIR 4.0.1 and on QI-Core, which is translated to it")
			case versions != nil && !slices.Contains(versions, u.Version):
				at(u.Locator, "unknown-model", "model "+u.URI+" of version "+quoted(u.Version)+" is not known", "farr reads FHIR 4.0.1")
			}
		}
		for _, inc := range h.Library.Includes.Def {
			want := included(inc.Path, inc.Version)
			if byName[want.String()] == nil && want.ID != elm.BuiltIn {
				at(inc.Locator, codeMissingLibrary, missingLibrary(want), hintLibrary(byName, want))
			}
		}
	}
	l.checkCircles(byName)
}

const codeMissingLibrary = "missing-library"

func missingLibrary(want identifier) string {
	return "it includes " + want.String() + ", which is not in the package"
}

// hintLibrary says what to do about a library that is missing: often it is there in another
// version.
func hintLibrary(byName map[string]*located, want identifier) string {
	var versions []string
	for _, h := range byName {
		if h.Library.Identifier.ID == want.ID {
			versions = append(versions, h.Library.Identifier.Version)
		}
	}
	if len(versions) == 0 {
		return "add the Library resource, with content of application/elm+json, or import with --partial"
	}
	slices.Sort(versions)
	return "the package has version " + strings.Join(versions, ", ") + ": translate against that one, add the other, or import with --partial"
}

// checkCircles follows the includes from each library once. A circle is named at the include
// that closes it.
func (l *loader) checkCircles(byName map[string]*located) {
	const open, closed = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(name string, from source.Pos)
	visit = func(name string, from source.Pos) {
		h := byName[name]
		if h == nil || state[name] == closed {
			return
		}
		if state[name] == open {
			circle := append(slices.Clone(path[slices.Index(path, name):]), name)
			l.diagnostics = append(l.diagnostics, source.Diagnostic{Pos: from, Code: "include-circle",
				Message: "libraries include each other: " + strings.Join(circle, " -> "), Hint: "move what both need into a library of its own"})
			return
		}
		state[name] = open
		path = append(path, name)
		for _, inc := range h.Library.Includes.Def {
			pos := source.Pos{File: h.Library.Identifier.ID}
			pos.Line, pos.Column = place(inc.Locator)
			visit(included(inc.Path, inc.Version).String(), pos)
		}
		path = path[:len(path)-1]
		state[name] = closed
	}
	for i := range l.heads {
		visit(l.heads[i].Library.Identifier.String(), source.Pos{})
	}
}

// place is the beginning of an ELM locator, line:column-line:column.
func place(locator string) (line, column int) {
	first, _, _ := strings.Cut(locator, "-")
	a, b, _ := strings.Cut(first, ":")
	line, _ = strconv.Atoi(a)
	column, _ = strconv.Atoi(b)
	return line, column
}

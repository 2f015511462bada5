package content

import (
	"errors"
	"slices"
	"strings"

	"farr/internal/source"
	"farr/measures/internal/elm"
)

// Closure is a library and all that it includes, by exact version, in the order of
// their names. A library that is not there, or that is included in two versions at once,
// is named with the place of the include. FHIRHelpers, which is built in, may be absent.
func (p *Package) Closure(main *Library) ([]*Library, error) {
	byName := map[string]*Library{}
	var mistakes source.Diagnostics
	var unread error
	var visit func(l *Library)
	visit = func(l *Library) {
		byName[l.Name] = l
		if _, err := l.ELM(); err != nil {
			unread = errors.Join(unread, err)
			return
		}
		h, err := l.readHead()
		if err != nil {
			mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: l.Name}, Code: "bad-elm", Message: "the ELM is not JSON of a library with an identifier"})
			return
		}
		for _, inc := range h.Library.Includes.Def {
			want := included(inc.Path, inc.Version)
			report := func(code, message, hint string) {
				pos := source.Pos{File: l.Name}
				pos.Line, pos.Column = place(inc.Locator)
				mistakes = append(mistakes, source.Diagnostic{Pos: pos, Code: code, Message: message, Hint: hint})
			}
			if known := byName[want.ID]; known != nil {
				if want.Version != "" && known.Version != want.Version {
					report("two-versions", "it includes "+want.String()+", and another library includes "+known.Name+"|"+known.Version, "translate the libraries against one version")
				}
				continue
			}
			i := slices.IndexFunc(p.Libraries, func(l Library) bool { return l.Name == want.ID && (want.Version == "" || l.Version == want.Version) })
			switch {
			case i >= 0:
				visit(&p.Libraries[i])
			case want.ID != elm.BuiltIn:
				report(codeMissingLibrary, missingLibrary(want), p.hintLibrary(want))
			}
		}
	}
	visit(main)
	if unread != nil {
		return nil, unread
	}
	var list []*Library
	for _, l := range byName {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b *Library) int { return strings.Compare(a.Name, b.Name) })
	return list, mistakes.Err()
}

// hintLibrary is hintLibrary over the package's libraries.
func (p *Package) hintLibrary(want identifier) string {
	byName := map[string]*located{}
	for _, l := range p.Libraries {
		h := &located{}
		h.Library.Identifier = identifier{l.Name, l.Version}
		byName[h.Library.Identifier.String()] = h
	}
	return hintLibrary(byName, want)
}

package content

import (
	"fmt"
	"slices"
	"strings"

	"farr/internal/source"
)

// The codes of diagnostics about value sets.
const (
	MissingValueSet    = "missing-value-set"
	IncompleteValueSet = "incomplete-value-set"
)

// Lacking names the value sets that libraries ask for and that are not there or not
// whole, with the library and the place of the first that asks.
func (p *Package) Lacking() source.Diagnostics {
	var all []*Library
	for i := range p.Libraries {
		all = append(all, &p.Libraries[i])
	}
	_, lacking := p.Terminology(all, nil)
	return lacking
}

// Terminology finds the value sets that libraries ask for, of these URLs alone where urls
// is not nil, each once, in the order of being asked for. lacking names those that are not
// there, not whole, or not of the version asked for, at the first place that asks.
func (p *Package) Terminology(libraries []*Library, urls []string) (sets []*ValueSet, lacking source.Diagnostics) {
	taken := map[string]*ValueSet{} // by URL without version
	asked := map[string]bool{}      // as written
	for _, l := range libraries {
		h, err := l.readHead()
		if err != nil {
			continue
		}
		for _, d := range h.Library.ValueSets.Def {
			url, version, _ := strings.Cut(d.ID, "|")
			if version == "" {
				version = d.Version
			}
			if asked[url+"|"+version] || urls != nil && !slices.Contains(urls, url) {
				continue
			}
			asked[url+"|"+version] = true
			report := func(code, format string, args ...any) {
				pos := source.Pos{File: l.Name}
				pos.Line, pos.Column = place(d.Locator)
				lacking = append(lacking, source.Diagnostic{Pos: pos, Code: code, Message: "value set " + quoted(d.Name) + " " + d.ID + " " + fmt.Sprintf(format, args...)})
			}
			v := p.ValueSet(url + "|" + version)
			switch {
			case v == nil:
				report(MissingValueSet, "is not in the package")
				continue
			case version != "" && v.Version != version:
				report(IncompleteValueSet, "is in the package in version %s alone", quoted(v.Version))
			case v.Problem != "":
				report(IncompleteValueSet, "may lack codes: %s", v.Problem)
			}
			if first := taken[url]; first != nil {
				if first != v {
					report(IncompleteValueSet, "is asked for in version %s elsewhere, and that one is used", quoted(first.Version))
				}
				continue
			}
			taken[url] = v
			sets = append(sets, v)
		}
	}
	return sets, lacking
}

package deid

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"farr/datasets/fhir"
)

// What a profile does with an element, in one word.
const (
	Keeps   = "keeps"
	Changes = "changes"
	Seals   = "seals"
	Drops   = "drops"
)

// effects are those of the actions that do not keep what they take.
var effects = map[string]string{
	"pseudonym": Changes, "reference": Changes, "shift": Changes, "zip3": Changes, "over-89": Changes, "age": Changes, "age-years": Changes,
	"measured": Changes, "undated": Changes, "year": Changes, "measured-year": Changes, "birth-year": Changes, "count": Changes, "label": Changes,
	"seal": Seals, "hide": Seals, "own-shift": Seals, "birth": Seals,
	"newest": Drops, "share": Drops, "drop": Drops, "-": Drops,
}

// PolicyLine is one line of a table as one profile takes it.
type PolicyLine struct {
	Path   string `json:"path"`
	Type   string `json:"type"` // FHIR type, with the targets of a reference
	Column string `json:"column"`
	Action string `json:"action"`
	Effect string `json:"effect"` // keeps, changes, seals, drops
	How    string `json:"how"`
	Values string `json:"values,omitempty"` // closed list
	Why    string `json:"why"`              // as the table says
	Ground string `json:"ground"`           // paragraph of 45 CFR 164.514
	Line   int    `json:"line"`
}

// PolicyType is one table as one profile takes it.
type PolicyType struct {
	Type       string       `json:"type"`
	Table      string       `json:"table"`
	Owner      string       `json:"owner"`      // element that names the patient
	Directives []string     `json:"directives"` // lines about the table as a whole
	Lines      []PolicyLine `json:"lines"`
	Unlisted   []string     `json:"unlisted"` // elements of R4 that no line lists: they do not exist in a store
}

// Describe says what a profile does with every element of FHIR R4 in the types that have a table.
func (p *Policy) Describe(profile Profile) ([]PolicyType, error) {
	if !slices.Contains(Profiles, profile) {
		return nil, fmt.Errorf("profile %q: there are %s, %s and %s", profile, Shifted, Limited, SafeHarbor)
	}
	var all []PolicyType
	for _, r := range p.types {
		t := PolicyType{Type: r.typ, Table: r.table, Owner: r.owner, Unlisted: r.unlisted()}
		for _, name := range slices.Sorted(maps.Keys(r.said)) {
			t.Directives = append(t.Directives, strings.Join(strings.Fields(r.said[name].text), " "))
		}
		for _, e := range r.elements {
			action := e.actions[profile]
			l := PolicyLine{
				Path: e.text, Type: e.fields[fieldType], Column: e.column, Action: action, Effect: effects[action], How: Actions[action],
				Values: e.values, Why: e.why, Ground: ground(e.typ, action), Line: e.line,
			}
			if l.Effect == "" {
				l.Effect = Keeps
			}
			if e.typ == "code" && action == "keep" {
				l.How = "kept where it is on the list"
			}
			t.Lines = append(t.Lines, l)
		}
		all = append(all, t)
	}
	return all, nil
}

// ground is the paragraph of 45 CFR 164.514 that an action goes by.
func ground(typ, action string) string {
	isDate := slices.Contains(dateTypes, typ)
	switch {
	case effects[action] == Drops:
		return "not kept"
	case action == "pseudonym" || action == "reference" || action == "label":
		return "a code that the key alone leads back, 164.514(c)"
	case effects[action] == Seals:
		return "closed without the key, 164.514(c)"
	case action == "zip3" || action == "state":
		return "164.514(b)(2)(i)(B)"
	case action == "zip5" || action == "city" || isDate && action == "keep":
		return "limited data set, 164.514(e)(2)"
	case action == "shift" || isDate && action == "measured":
		return "expert determination, 164.514(b)(1)"
	case slices.Contains([]string{"year", "measured-year", "birth-year", "over-89", "age", "age-years", "measured", "undated"}, action):
		return "164.514(b)(2)(i)(C)"
	}
	return "none of the identifiers of 164.514(b)(2)(i)"
}

// unlisted are the members of R4 that no line lists, at the root and in the lists that the table reads.
func (r resourcePolicy) unlisted() (names []string) {
	listed := map[string]map[string]bool{"": {}} // by path of what they are in
	inside := map[string]string{"": r.typ}       // where R4 lists what is there
	whole := map[string]bool{"meta": true}       // what a line takes as a whole
	for _, e := range r.elements {
		at, place := "", r.typ
		for i, s := range e.path {
			if listed[at] == nil {
				listed[at] = map[string]bool{}
			}
			listed[at][s.name] = true
			_, typ, ok := fhir.ElementOf(place, s.name)
			if !ok || s.url != "" {
				break
			}
			if i == len(e.path)-1 && e.typ != "BackboneElement" && e.typ != "Element" {
				whole[strings.TrimPrefix(at+"."+s.name, ".")] = true
				break
			}
			at, place = strings.TrimPrefix(at+"."+s.name, "."), typ.Inside
			inside[at] = place
		}
	}
	for at, place := range inside {
		if whole[at] {
			continue
		}
		for _, name := range fhir.Members(place) {
			if !listed[at][name] && !slices.Contains(elsewhere, name) && !slices.Contains(r.refused, name) {
				names = append(names, strings.TrimPrefix(at+"."+name, "."))
			}
		}
	}
	slices.Sort(names)
	return names
}

// List is a list that tables use, and the lines of it that say something.
type List struct {
	Name  string
	Lines []string
}

// Lists are the lists of a folder of policy tables, sorted by name.
func Lists(folder fs.FS) ([]List, error) {
	names, err := fs.Glob(folder, "*.txt")
	if err != nil {
		return nil, err
	}
	var all []List
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		l := List{Name: name}
		for _, line := range lines(string(text)) {
			l.Lines = append(l.Lines, strings.Join(strings.Fields(line), " "))
		}
		all = append(all, l)
	}
	return all, nil
}

// EmbeddedPolicy are the files of the tables that come with farr.
func EmbeddedPolicy() fs.FS {
	sub, err := fs.Sub(policyFiles, path.Clean("policy"))
	if err != nil {
		panic("deid: the embedded tables are not there: " + err.Error())
	}
	return sub
}

// elsewhere are elements that are said of every type at once.
var elsewhere = []string{"id", "meta", "implicitRules", "extension", "modifierExtension"}

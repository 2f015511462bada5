package plan

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Element is one line of the catalogue: which column of which table holds an
// element, by FHIR path and type.
type Element struct {
	Resource, Table, Path, Type, Column string
	TagOnly                             bool     // of a choice: only its type is kept
	Negates                             []string // codes that say that nothing was done
}

// Model is the catalogue of tables, indexed.
type Model struct {
	// Declared says that a retrieve of a profile takes the resources that declare it, and
	// those alone. Otherwise what a resource says, and not its profile, tells whether it is of
	// something done.
	Declared bool

	// Negates says of a profile, by its URL, whether it is of what was not done; nil where none is.
	Negates func(url string) bool

	tables   map[string]string               // resource -> table
	byPath   map[string]map[string][]Element // resource -> plain path -> lines
	patients map[string]bool                 // resource has a pid
	ext      map[string]string               // resource + url -> short name
	extAt    map[string]Element              // resource + plain path + url
	tagOnly  map[string]bool                 // resource + path of which only the type is kept
	negates  map[string]Element              // resource -> the line whose codes say that nothing was done
	orders   map[string][]string             // resource -> its date: the first of these columns that is set
	modifier map[string]bool                 // resource + url of a modifier extension that is kept as the column negated
}

var marks = regexp.MustCompile(`\[\w*\]`)

// OrderPath is the path of a column that is no element of its own: a date that puts a
// resource's rows in order, the first that is set of a type's several.
const OrderPath = "$order"

// NewModel indexes a catalogue.
func NewModel(elements []Element) *Model {
	m := &Model{
		tables: map[string]string{}, byPath: map[string]map[string][]Element{}, patients: map[string]bool{}, ext: map[string]string{},
		extAt: map[string]Element{}, tagOnly: map[string]bool{}, negates: map[string]Element{}, orders: map[string][]string{}, modifier: map[string]bool{},
	}
	for _, e := range elements {
		if e.Path == OrderPath {
			m.orders[e.Resource] = append(m.orders[e.Resource], e.Column)
			continue
		}
		m.tables[e.Resource] = e.Table
		m.tagOnly[e.Resource+"|"+e.Path] = e.TagOnly
		if len(e.Negates) > 0 {
			m.negates[e.Resource] = e
		}
		if e.Column == "pid" || e.Resource == "Patient" {
			m.patients[e.Resource] = true
		}
		if url, ok := strings.CutPrefix(e.Path, "modifierExtension("); ok && e.Column == "negated" {
			m.modifier[e.Resource+"|"+strings.TrimSuffix(url, ")")] = true
			continue
		}
		if i := strings.Index(e.Path, "extension("); i >= 0 {
			if e.Column == "negated" {
				continue
			}
			url, rest, _ := strings.Cut(e.Path[i+len("extension("):], ")")
			if i == 0 && rest == "" {
				m.ext[e.Resource+"|"+url] = e.Column
			}
			at := marks.ReplaceAllString(strings.TrimSuffix(e.Path[:i], "."), "")
			m.extAt[e.Resource+"|"+at+"|"+url+rest] = e
			continue
		}
		if m.byPath[e.Resource] == nil {
			m.byPath[e.Resource] = map[string][]Element{}
		}
		plain := marks.ReplaceAllString(e.Path, "")
		m.byPath[e.Resource][plain] = append(m.byPath[e.Resource][plain], e)
	}
	return m
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// find gives the lines of a path: one line, or the alternatives of a choice; part
// is whether the path only leads to others.
func (m *Model) find(resource, path string) (lines []Element, choice, part bool) {
	paths := m.byPath[resource]
	if lines := paths[path]; len(lines) > 0 && !strings.HasSuffix(lines[0].Column, "[x]") {
		return lines[:1], false, false
	}
	// In the order of the paths, so that the same measure gives the same text.
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		if strings.HasPrefix(p, path+".") {
			part = true
		}
		for _, e := range paths[p] {
			if t := upperFirst(e.Type); p == path+t || strings.HasPrefix(e.Type, "Reference(") && p == path+"Reference" {
				lines, choice = append(lines, e), true
			}
		}
	}
	return lines, choice, part
}

// leads is whether a path has elements below it.
func (m *Model) leads(resource, path string) bool {
	for p := range m.byPath[resource] {
		if strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// has is whether a resource's own table has a column.
func (m *Model) has(resource, column string) bool {
	for k, e := range m.extAt {
		if strings.HasPrefix(k, resource+"|") && e.Column == column {
			return true
		}
	}
	return false
}

// keeps is whether an extract has the values of a type of a choice, and not only that they are there.
func (m *Model) keeps(line Element) bool { return !m.tagOnly[line.Resource+"|"+line.Path] }

// sortTogether sorts a, and b in the same way.
func sortTogether(a, b []string) {
	for i := range a {
		for j := i; j > 0 && a[j] < a[j-1]; j-- {
			a[j], a[j-1], b[j], b[j-1] = a[j-1], a[j], b[j-1], b[j]
		}
	}
}

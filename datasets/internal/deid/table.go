package deid

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"farr/internal/source"
)

// directives are the words that begin a line that is no element line, with the least number of words after them and the greatest.
var directives = map[string][2]int{
	"table": {1, 1}, "owner": {1, 1}, "order": {1, 99}, "clinical": {0, 0}, "void": {2, 99}, "negated": {2, 99}, "refuse": {1, 99},
}

func parseTable(r reporter, typ, text string) resourcePolicy {
	t := resourcePolicy{typ: typ, said: map[string]directive{}}
	headed := false
	for number, line := range lines(text) {
		if !strings.Contains(line, "|") {
			if err := t.parseDirective(number, line); err != nil {
				r.words(number, line, err)
			}
			continue
		}
		e := splitElement(number, line)
		if strings.TrimSpace(line[:strings.IndexByte(line, '|')]) == "element" {
			if err := checkHeading(e); err != nil {
				r.element(e, err)
			}
			headed = true
			continue
		}
		if !headed {
			r.element(e, badf(fieldPath, "missing-heading", "the heading that names the profiles must be before it").maybe(heading()))
			headed = true
		}
		if err := e.read(); err != nil {
			r.element(e, err)
			continue
		}
		t.elements = append(t.elements, e)
	}
	for _, name := range []string{"table", "owner"} {
		if _, said := t.said[name]; !said {
			r.whole("missing-directive", name+" must be said", "")
		}
	}
	if d, said := t.said["void"]; said && !t.clinical {
		r.words(d.line, d.text, badf(0, "bad-directive", "void says which rows do not show how far the data reach: it needs clinical"))
	}
	return t
}

func (t *resourcePolicy) parseDirective(number int, line string) error {
	words := strings.Fields(line)
	name, args := words[0], words[1:]
	count, known := directives[name]
	if !known {
		return badf(0, "unknown-directive", "unknown directive %q", name).maybe(source.DidYouMean(name, slices.Sorted(maps.Keys(directives))))
	}
	if len(args) < count[0] || len(args) > count[1] {
		return badf(0, "bad-directive", "%s has %d to %d words after it, here are %d", name, count[0], count[1], len(args))
	}
	if before, twice := t.said[name]; twice {
		return badf(0, "duplicate-directive", "%s is said in line %d already", name, before.line)
	}
	t.said[name] = directive{number, line}
	switch name {
	case "table":
		if !isColumnName(args[0]) {
			return badf(1, "bad-name", "a table's name is lower-case letters, digits and _, beginning with a letter")
		}
		t.table = args[0]
	case "owner":
		t.owner = args[0]
	case "order":
		t.order = args
	case "clinical":
		t.clinical = true
	case "void":
		t.void = condition{args[0], args[1:]}
	case "refuse":
		t.refused = args
	case "negated":
		t.negated = condition{args[0], args[1:]}
	}
	return nil
}

// heading is the first line of a table's elements.
func heading() string {
	names := []string{"element", "type", "column"}
	for _, profile := range Profiles {
		names = append(names, string(profile))
	}
	return strings.Join(append(names, "values", "why"), " | ")
}

// checkHeading holds the heading to the profiles there are.
func checkHeading(e element) error {
	want := strings.Split(heading(), " | ")
	for i, name := range e.fields {
		if i < len(want) && name == want[i] {
			continue
		}
		if i >= fieldActions && i < fieldValues {
			hint := source.DidYouMean(name, want[fieldActions:fieldValues])
			return badf(i, "unknown-profile", "no profile %q in this place", name).maybe(cmp.Or(hint, "the heading is "+heading()))
		}
		return badf(min(i, len(e.columns)-1), "bad-heading", "%q is not the heading of this column", name).maybe("the heading is " + heading())
	}
	if len(e.fields) < len(want) {
		return badf(0, "bad-heading", "the heading has %d columns, here are %d", len(want), len(e.fields)).maybe("it is " + heading())
	}
	return nil
}

// splitElement finds the fields of a line and where each begins.
func splitElement(number int, line string) element {
	e := element{line: number}
	line = strings.TrimRight(line, "\r\n")
	at := 0
	for field := range strings.SplitSeq(line, "|") {
		start := at + len(field) - len(strings.TrimLeft(field, " \t"))
		e.fields = append(e.fields, strings.TrimSpace(field))
		e.columns = append(e.columns, utf8.RuneCountInString(line[:start])+1)
		at += len(field) + 1
	}
	for len(e.columns) < fieldCount {
		e.columns = append(e.columns, utf8.RuneCountInString(line)+1)
	}
	return e
}

// read makes the element of its fields.
func (e *element) read() error {
	if len(e.fields) != fieldCount {
		return badf(fieldPath, "bad-line", "an element line has %d fields, here are %d", fieldCount, len(e.fields)).maybe(heading())
	}
	e.text, e.column, e.values, e.why = e.fields[fieldPath], e.fields[fieldColumn], e.fields[fieldValues], e.fields[fieldWhy]
	e.actions = map[Profile]string{}
	for i, profile := range Profiles {
		e.actions[profile] = e.fields[fieldActions+i]
		if e.actions[profile] == "" {
			return badf(fieldActions+i, "missing-action", "no action for profile %s", profile).maybe("- leaves the element out of a profile")
		}
	}
	if e.fields[fieldType] == "" {
		return badf(fieldType, "missing-type", "no FHIR type")
	}
	if e.why == "" {
		return badf(fieldWhy, "missing-reason", "%s: the last field says why, and is empty", e.text)
	}
	silent := e.column == "" && e.actions[Shifted] == "share" // it is read and makes no column
	if !silent && !isColumnName(strings.TrimSuffix(e.column, "[x]")) && !(strings.Contains(e.text, "xtension(") && isRowName(e.column)) {
		return badf(fieldColumn, "bad-name", "%q is no name of a column", e.column).maybe("lower-case letters, digits and _, beginning with a letter; [x] at the end of a choice")
	}
	var err error
	if e.path, err = parsePath(e.text); err != nil {
		return err
	}
	typ, rest, isReference := strings.Cut(e.fields[fieldType], "(")
	if e.typ = typ; isReference {
		e.targets = strings.Split(strings.TrimSuffix(rest, ")"), ",")
	}
	return nil
}

// isColumnName says whether a text is a name in SQL that needs no quotes.
func isColumnName(name string) bool {
	return len(name) > 0 && len(name) <= 63 && name[0] >= 'a' && name[0] <= 'z' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// isRowName says whether a text may name the rows of an extension.
func isRowName(name string) bool {
	return len(name) > 0 && len(name) <= 63 && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func parsePath(text string) ([]segment, error) {
	var path []segment
	for rest := text; ; {
		end := strings.IndexAny(rest, ".[(")
		if end < 0 {
			return append(path, segment{name: rest}), nil
		}
		s := segment{name: rest[:end]}
		opened := rest[end]
		rest = rest[end:]
		if opened != '.' {
			closing := strings.IndexByte(rest, map[byte]byte{'[': ']', '(': ')'}[opened])
			if closing < 0 {
				return nil, badf(fieldPath, "bad-path", "%s: a bracket is not closed", text)
			}
			if opened == '(' {
				s.url = rest[1:closing]
			} else if s.array = rest[1:closing]; s.array == "" {
				s.array = "each"
			}
			rest = rest[closing+1:]
		}
		path = append(path, s)
		if rest == "" {
			return path, nil
		}
		if rest[0] != '.' {
			return nil, badf(fieldPath, "bad-path", "%s: a dot is missing", text)
		}
		rest = rest[1:]
	}
}

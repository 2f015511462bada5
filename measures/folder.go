package measures

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"farr/internal/source"
	"farr/measures/internal/cohort"
)

// folder is a definition's folder while it is read.
type folder struct {
	root
	dir    string // within the root
	lists  map[string]ValueList
	loader *loader
	doc    *source.Document
	texts  map[string]string // SQL by file, once each
	inYAML []string          // lists that rules in YAML name
	parts  []cohort.Placed   // CQL and SQL that rules read
}

// decode reads the definition's YAML into v; false when there is no file to read.
func (f *folder) decode(name string, v any) bool {
	display, data, err := f.file(f.path(name))
	if err != nil {
		f.loader.report(source.Pos{File: display}, "unreadable-file", "the file cannot be read", "")
		return false
	}
	f.doc, _ = source.DecodeYAML(display, data, v)
	return true
}

func (f *folder) path(name string) string {
	if f.dir == "." {
		return name
	}
	return f.dir + "/" + name
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// checkID wants the ID to be the folder's name, so that a path tells what is in it.
func (f *folder) checkID(id string) {
	if !f.doc.Has("id") {
		return
	}
	name := f.dir
	if name == "." {
		name = f.base
	}
	switch {
	case !idForm.MatchString(id) || len(id) > 63:
		f.doc.Report("bad-id", fmt.Sprintf("%q is no id", id), "small letters, digits and hyphens, beginning with a letter", "id")
	case id != name:
		f.doc.Report("bad-id", fmt.Sprintf("id %q in folder %q", id, name), "give the folder the id's name", "id")
	}
}

// oneOf checks a word against the words known.
func (f *folder) oneOf(value string, known []string, path ...any) bool {
	if !f.doc.Has(path...) || slices.Contains(known, value) {
		return true
	}
	hint := source.DidYouMean(value, known)
	if hint == "" {
		hint = "one of " + join(known)
	}
	what := path[len(path)-1]
	if _, isIndex := what.(int); isIndex {
		what = path[len(path)-2]
	}
	f.doc.Report("bad-value", fmt.Sprintf("unknown %v %q", what, value), hint, path...)
	return false
}

// sql reads the SELECT that a value of the YAML names and checks its form.
func (f *folder) sql(file string, path ...any) string {
	if file == "" || !f.doc.Has(path...) {
		return ""
	}
	if text, ok := f.texts[file]; ok {
		return text
	}
	if f.texts == nil {
		f.texts = map[string]string{}
	}
	if !fs.ValidPath(file) {
		f.doc.Report("bad-path", fmt.Sprintf("%q is no path within the folder", file), "", path...)
		return ""
	}
	display, data, err := f.file(f.path(file))
	if err != nil {
		f.doc.Report("missing-sql", fmt.Sprintf("there is no file %q in the folder", file), source.DidYouMean(file, f.sqlFiles()), path...)
		return ""
	}
	text := string(data)
	f.texts[file] = text
	f.loader.checkSQL(display, text)
	return text
}

func (f *folder) sqlFiles() []string {
	var names []string
	for _, pattern := range []string{"*.sql", "*/*.sql"} {
		found, _ := fs.Glob(f.fsys, f.path(pattern))
		for _, n := range found {
			if f.dir != "." {
				n = n[len(f.dir)+1:]
			}
			names = append(names, n)
		}
	}
	return names
}

// useLists resolves the lists that the definition declares and compares them with
// those its SQL reads.
func (f *folder) useLists(declared []string) []ValueList {
	var known []string
	for name := range f.lists {
		known = append(known, name)
	}
	slices.Sort(known)
	used := map[string]bool{}
	for file, text := range f.texts {
		for _, ref := range listReferences(text) {
			used[ref.name] = true
			if slices.Contains(declared, ref.name) {
				continue
			}
			at := position(text, ref.offset)
			at.File = f.display(file)
			hint := source.DidYouMean(ref.name, declared)
			if hint == "" && slices.Contains(known, ref.name) {
				hint = "add it to lists"
			}
			f.loader.report(at, "undeclared-list", fmt.Sprintf("list %q is not among the definition's lists", ref.name), hint)
		}
	}
	var lists []ValueList
	for _, name := range f.inYAML {
		used[name] = true
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(f.inYAML))) {
		if !slices.Contains(declared, name) {
			lists = append(lists, f.lists[name])
		}
	}
	for i, name := range declared {
		list, ok := f.lists[name]
		switch {
		case !ok:
			f.doc.Report("unknown-list", fmt.Sprintf("there is no list %q", name), source.DidYouMean(name, known), "lists", i)
		case slices.Contains(declared[:i], name):
			f.doc.Report("duplicate-list", fmt.Sprintf("list %q is named twice", name), "", "lists", i)
		case !used[name]:
			f.doc.Report("unused-list", fmt.Sprintf("no SQL of this definition reads list %q", name), "", "lists", i)
		default:
			lists = append(lists, list)
		}
	}
	return lists
}

func (f *folder) display(file string) string {
	display, _, _ := f.file(f.path(file))
	return display
}

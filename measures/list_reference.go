package measures

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/source"
	"farr/measures/internal/content"
)

// ValueSetReference is where a value list comes from that is written as
//
//	value_set: http://example.org/ValueSet/statins   # canonical URL
//	version: 2024-01                                 # needed where there are several
//
// in lists/NAME.yaml: from the value sets of the library's folder fhir, or else of the package
// that is imported into the store.
type ValueSetReference struct {
	URL     string `json:"url"`
	Version string `json:"version,omitempty"` // as asked for, or the one that was found
	// Package is the snapshot ID of the package; "" where the value set is the library's own.
	Package string `json:"package,omitempty"`
	// Pending says that only an imported package can tell the codes: see ResolveLists.
	Pending bool `json:"pending,omitempty"`

	At        source.Pos `json:"-"` // of the URL
	VersionAt source.Pos `json:"-"`
}

// reference reads a list that refers to a value set, and resolves it where the library has it.
func (l *loader) reference(r root, file, name string) ValueList {
	list := ValueList{Name: name, Codes: []Code{}}
	display, data, err := r.file(file)
	if err != nil {
		l.report(source.Pos{File: display}, "unreadable-list", "the file cannot be read", "")
		return list
	}
	var y struct {
		ValueSet string `yaml:"value_set,required"`
		Version  string `yaml:"version"`
	}
	doc, _ := source.DecodeYAML(display, data, &y)
	ref := &ValueSetReference{URL: y.ValueSet, Version: y.Version, Pending: true, At: doc.Pos("value_set"), VersionAt: doc.Pos("version")}
	list.Reference = ref
	list.Hash = list.hash()
	switch {
	case !doc.Has("value_set"):
	case !systemURI.MatchString(y.ValueSet) || strings.Contains(y.ValueSet, "|"):
		doc.Report("bad-value-set", fmt.Sprintf("%q is no canonical URL", y.ValueSet), "the url of the ValueSet resource; its version goes beside it, as version", "value_set")
	default:
		if own := l.packages[r.dir]; own != nil && own.Package != nil && slices.ContainsFunc(own.ValueSets, func(v content.ValueSet) bool { return v.URL == y.ValueSet }) {
			found, mistake := list.resolve(own.Package, "", path.Join(r.dir, fhirFolder))
			if mistake != nil {
				doc.Add(*mistake)
			}
			list = found
		}
	}
	l.collect(doc.Err())
	return list
}

// resolve gives the list the codes of the value set that it refers to, of a package that is
// called by where; or says why it cannot.
func (l ValueList) resolve(pkg *content.Package, id, where string) (ValueList, *source.Diagnostic) {
	ref := *l.Reference
	fail := func(at source.Pos, code, hint, format string, args ...any) (ValueList, *source.Diagnostic) {
		return l, &source.Diagnostic{Pos: at, Code: code, Message: "list " + l.Name + ": " + fmt.Sprintf(format, args...), Hint: hint}
	}
	var found []content.ValueSet
	var urls, versions []string
	for _, v := range pkg.ValueSets {
		urls = append(urls, v.URL)
		if v.URL == ref.URL {
			found, versions = append(found, v), append(versions, v.Version)
		}
	}
	if len(found) == 0 {
		return fail(ref.At, "unknown-value-set", source.DidYouMean(ref.URL, urls), "%s has no value set %s", where, ref.URL)
	}
	at := 0
	switch {
	case ref.Version != "":
		if at = slices.Index(versions, ref.Version); at < 0 {
			return fail(ref.VersionAt, "unknown-version", "it is there as "+strings.Join(versions, ", "), "%s has no version %q of value set %s", where, ref.Version, ref.URL)
		}
	case len(found) > 1:
		return fail(ref.At, "two-versions", "name one, as version: "+versions[len(versions)-1], "%s has value set %s in versions %s", where, ref.URL, strings.Join(versions, ", "))
	}
	v := found[at]
	switch {
	case v.Problem != "":
		return fail(ref.At, "incomplete-value-set", "import a package with its whole expansion", "value set %s may lack codes: %s", ref.URL, v.Problem)
	case len(v.Codes) == 0:
		return fail(ref.At, "empty-value-set", "a list without a code finds nobody", "value set %s has no codes in %s", ref.URL, where)
	}
	l.Codes = make([]Code, 0, len(v.Codes))
	for _, c := range v.Codes {
		l.Codes = append(l.Codes, Code{System: c.System, Code: c.Code})
	}
	ref.Version, ref.Package, ref.Pending = v.Version, id, false
	l.Reference, l.Hash = &ref, l.hash()
	return l, nil
}

// describe says in English which value set a list is.
func (l ValueList) describe() string {
	ref := l.Reference
	text := "value set " + ref.URL
	if ref.Version != "" {
		text += ", version " + ref.Version
	}
	switch {
	case ref.Pending:
		return text + ", whose codes are those of the package that is imported when it runs"
	case ref.Package != "":
		return fmt.Sprintf("%s, of the imported package %.12s, %d codes", text, ref.Package, len(l.Codes))
	}
	return fmt.Sprintf("%s, of the library's folder %s, %d codes", text, fhirFolder, len(l.Codes))
}

// pending are the lists of definitions that only an imported package can resolve.
func pending(definitions []Definition) bool {
	return slices.ContainsFunc(definitions, func(d Definition) bool {
		return slices.ContainsFunc(d.Lists, func(l ValueList) bool { return l.Reference != nil && l.Reference.Pending })
	})
}

// NeedsPackage tells whether value lists refer to value sets that the library does not have
// itself: a run needs the package that has them.
func (l *Library) NeedsPackage() bool { return pending(l.definitions) }

// Unresolved notes the value lists whose codes only an imported package can tell.
func (l *Library) Unresolved() source.Diagnostics {
	var notes source.Diagnostics
	for _, d := range l.definitions {
		for _, list := range d.Lists {
			if list.Reference == nil || !list.Reference.Pending {
				continue
			}
			note := source.Diagnostic{Pos: list.Reference.At, Code: "unresolved-list", Message: fmt.Sprintf("list %s: value set %s is looked up in an imported package", list.Name, list.Reference.URL), Hint: "--store looks it up now"}
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	return notes
}

// ResolveLists gives definitions whose value lists refer to value sets of an imported package
// their codes, which their hashes then cover. The error is source.Diagnostics with every
// reference that leads to nothing; pkg may be nil where none is needed.
func ResolveLists(ctx context.Context, pkg *datasets.Snapshot, definitions []Definition) ([]Definition, error) {
	if !pending(definitions) {
		return definitions, nil
	}
	var imported *content.Package
	if pkg != nil {
		var err error
		if imported, err = content.Open(ctx, pkg); err != nil {
			return nil, err
		}
	}
	var mistakes source.Diagnostics
	out := slices.Clone(definitions)
	for i, d := range out {
		if !pending(out[i : i+1]) {
			continue
		}
		out[i].Lists = slices.Clone(d.Lists)
		for k, l := range d.Lists {
			if l.Reference == nil || !l.Reference.Pending {
				continue
			}
			mistake := &source.Diagnostic{Pos: l.Reference.At, Code: "no-package", Hint: "farr measure import, or put the value set into the library's folder " + fhirFolder,
				Message: fmt.Sprintf("list %s: its value set %s is not the library's own, and no package is imported", l.Name, l.Reference.URL)}
			if imported != nil {
				out[i].Lists[k], mistake = l.resolve(imported, pkg.ID(), fmt.Sprintf("the imported package %.12s", pkg.ID()))
			}
			if mistake != nil && !slices.Contains(mistakes, *mistake) {
				mistakes = append(mistakes, *mistake)
			}
		}
		out[i].Hash = out[i].hash()
	}
	return out, mistakes.Err()
}

// ResolvedNotes are what Notes would say of lists had their codes been known: which overlap.
func ResolvedNotes(definitions []Definition) source.Diagnostics {
	var notes source.Diagnostics
	for _, d := range definitions {
		for i, a := range d.Lists {
			for _, b := range d.Lists[i+1:] {
				of := a
				if a.Reference == nil || a.Reference.Package == "" {
					of = b
				}
				if of.Reference == nil || of.Reference.Package == "" {
					continue
				}
				if n := shared(a, b); n > 0 {
					notes = append(notes, source.Diagnostic{Pos: of.Reference.At, Code: "overlapping-lists", Message: fmt.Sprintf("lists %s and %s of %s have %d codes in common", a.Name, b.Name, d.ID, n)})
				}
			}
		}
	}
	return notes
}

package measures

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"farr/internal/source"
	"farr/measures/internal/cases"
)

//go:embed library
var shipped embed.FS

const (
	measureFile = "measure.yaml"
	cohortFile  = "cohort.yaml"
	listFolder  = "lists"
)

// Kinds of definition.
const (
	KindMeasure = "measure"
	KindCohort  = "cohort"
)

// Library is a set of measures and cohorts that were read and found sound.
type Library struct {
	definitions []Definition // by kind (measures first) and ID
	published   []published  // its measures in CQL; their definitions are among the others
	cohortCQL   []cohortCQL  // what its cohorts take from CQL
	notes       source.Diagnostics
	cases       map[string][]*cases.Case // assurance cases by cohort, each cohort's by file
	firstDays   map[string]int           // first day at risk after the index date, by cohort/outcome
}

// LoadLibrary reads the measures and cohorts that farr ships and, beside them, those in
// dirs, whose IDs must be new. A dir holds one folder a definition and perhaps a folder
// lists for value lists that several use, and a folder fhir with measures in CQL; a dir that
// is itself a definition's folder serves too. The error is source.Diagnostics with every mistake in every file.
func LoadLibrary(dirs ...string) (*Library, error) {
	own, err := fs.Sub(shipped, "library")
	if err != nil {
		return nil, err
	}
	roots := []root{{own, "library", "library"}}
	for _, dir := range dirs {
		r, err := os.OpenRoot(dir)
		if err != nil {
			return nil, fmt.Errorf("open library: %w", err)
		}
		defer r.Close()
		name, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("open library: %w", err)
		}
		roots = append(roots, root{r.FS(), filepath.ToSlash(dir), filepath.Base(name)})
	}
	return loadLibrary(roots...)
}

// root is one folder to load from. Files are read through fsys, so that no path
// in a definition leads out of it.
type root struct {
	fsys fs.FS
	dir  string // as given, for positions
	base string // the folder's own name
}

func loadLibrary(roots ...root) (*Library, error) {
	l := newLoader()
	defer l.checker.close()
	for _, r := range roots {
		if err := l.root(r); err != nil {
			return nil, fmt.Errorf("read library %s: %w", r.dir, err)
		}
	}
	l.checkUses()
	if l.broken != nil {
		return nil, fmt.Errorf("check SQL: %w", l.broken)
	}
	if err := l.diags.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(l.definitions, byKindAndID)
	slices.SortFunc(l.notes, func(a, b source.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return &Library{l.definitions, l.published, l.cohortCQL, l.notes, l.cases, l.firstDays}, nil
}

// byKindAndID puts measures first; the word sorts after "cohort".
func byKindAndID(a, b Definition) int {
	return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.ID, b.ID))
}

// Definitions are the measures by ID, then the cohorts by ID.
func (l *Library) Definitions() []Definition { return slices.Clone(l.definitions) }

// IDs of the definitions of one kind, sorted.
func (l *Library) IDs(kind string) []string {
	var ids []string
	for _, d := range l.definitions {
		if d.Kind == kind {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// Cohorts are the cohorts named, or all; an unknown name is an error with the nearest known one.
func (l *Library) Cohorts(ids ...string) ([]Definition, error) { return l.pick(KindCohort, ids) }

// pick gives the definitions named, or all of the kind when none is, without those in CQL;
// an unknown name is an error with the nearest known one.
func (l *Library) pick(kind string, ids []string) ([]Definition, error) {
	known := l.IDs(kind)
	var mistakes []error
	for _, id := range ids {
		if !slices.Contains(known, id) {
			err := fmt.Errorf("unknown %s %q", kind, id)
			if hint := source.DidYouMean(id, known); hint != "" {
				err = fmt.Errorf("%w (%s)", err, hint)
			}
			mistakes = append(mistakes, err)
		}
	}
	var out []Definition
	for _, d := range l.definitions {
		if d.Kind == kind && (len(ids) == 0 && d.Published == nil || slices.Contains(ids, d.ID)) {
			out = append(out, d)
		}
	}
	return l.withUsed(out), errors.Join(mistakes...)
}

// loader gathers the definitions and the mistakes of all roots.
type loader struct {
	definitions []Definition
	published   []published
	cohortCQL   []cohortCQL
	packages    map[string]*fhirPackage // of each root by its dir; none where it has no folder fhir
	seen        map[string]source.Pos   // definition ID to where it was first given
	uses        []use                   // of cohorts by cohorts
	diags       source.Diagnostics
	notes       source.Diagnostics // see Library.Notes
	cases       map[string][]*cases.Case
	firstDays   map[string]int
	checker     checker
	broken      error // of the checker itself, not of a file
}

func newLoader() *loader {
	return &loader{seen: map[string]source.Pos{}, packages: map[string]*fhirPackage{}, cases: map[string][]*cases.Case{}, firstDays: map[string]int{}}
}

func (l *loader) root(r root) error {
	entries, err := fs.ReadDir(r.fsys, ".")
	if err != nil {
		return err
	}
	found := l.fhir(r)
	shared := l.lists(r, listFolder)
	if kind := definitionIn(r.fsys, "."); kind != "" {
		l.folder(r, ".", kind, nil)
		found++
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if kind := definitionIn(r.fsys, e.Name()); kind != "" {
			l.folder(r, e.Name(), kind, shared)
			found++
		}
	}
	l.unusedLists(r, shared, listFolder)
	if found == 0 {
		l.report(source.Pos{File: r.dir}, "no-definition", "no folder with a measure.yaml or cohort.yaml, and no measure in a folder fhir", "")
	}
	return nil
}

func definitionIn(fsys fs.FS, dir string) string {
	for name, kind := range map[string]string{measureFile: KindMeasure, cohortFile: KindCohort} {
		if _, err := fs.Stat(fsys, path.Join(dir, name)); err == nil {
			return kind
		}
	}
	return ""
}

// folder loads one definition. Its own lists come before shared ones of the same name.
func (l *loader) folder(r root, dir, kind string, shared map[string]ValueList) {
	f := &folder{root: r, dir: dir, lists: map[string]ValueList{}, loader: l}
	for name, list := range shared {
		f.lists[name] = list
	}
	for name, list := range l.lists(r, path.Join(dir, listFolder)) {
		f.lists[name] = list
	}
	var d Definition
	if kind == KindMeasure {
		d = f.measure()
	} else {
		d = f.cohort()
	}
	if d.ID == "" {
		return
	}
	if kind == KindCohort {
		f.cases(d)
	}
	d.Hash = d.hash()
	l.take(d, f.doc.Pos("id"))
}

// take adds a definition, whose ID must be new.
func (l *loader) take(d Definition, at source.Pos) {
	if first, ok := l.seen[d.ID]; ok {
		l.report(at, "duplicate-id", fmt.Sprintf("%q is defined at %s too", d.ID, first), "give it another id")
	}
	l.seen[d.ID] = at
	l.definitions = append(l.definitions, d)
}

func (l *loader) report(at source.Pos, code, message, hint string) {
	l.diags = append(l.diags, source.Diagnostic{Pos: at, Code: code, Message: message, Hint: hint})
}

func (l *loader) checkSQL(file, sql string) {
	diags, err := l.checker.check(file, sql)
	l.diags = append(l.diags, diags...)
	if err != nil && l.broken == nil {
		l.broken = err
	}
}

// collect adds the mistakes of a decoded file.
func (l *loader) collect(err error) {
	var ds source.Diagnostics
	if errors.As(err, &ds) {
		l.diags = append(l.diags, ds...)
	}
}

// file reads a file of a root and names it as a person would.
func (r root) file(name string) (display string, data []byte, err error) {
	display = path.Join(r.dir, name)
	if info, err := fs.Stat(r.fsys, name); err == nil && !info.Mode().IsRegular() {
		return display, nil, errors.New("it is no file") // to read a pipe may never end
	}
	data, err = fs.ReadFile(r.fsys, name)
	return display, data, err
}

// hash is the SHA-256 of the whole definition, text that only people read
// included: a page must never show a new text beside an old number's hash.
func (d Definition) hash() string {
	d.Hash = ""
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings and integers only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

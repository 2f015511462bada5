package content

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"farr/internal/source"
)

// Load reads a package: a Bundle, a folder of resources, or a repository's input
// tree. Folders named tests are left out, and so are files that hold no resource of
// a kind that is used here. What is broken is a source.Diagnostics with everything
// that was found; beside it comes what could be read, for those who look for more mistakes.
func Load(root string) (*Package, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("measure package: %w", err)
	}
	if !info.IsDir() {
		return load(&loader{fsys: os.DirFS(filepath.Dir(root)), start: filepath.Base(root), root: root})
	}
	return load(&loader{fsys: os.DirFS(root), start: ".", root: root})
}

// LoadFS reads a package as Load does, which need have no Measure; dir stands before the names
// of its files in what is reported.
func LoadFS(fsys fs.FS, dir string) (*Package, error) {
	return load(&loader{fsys: fsys, start: ".", root: dir, dir: dir})
}

func load(l *loader) (*Package, error) {
	root := l.start
	l.seen = map[string]sighting{}
	err := fs.WalkDir(l.fsys, root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file == root && !d.IsDir():
		case d.IsDir() && file != root && (d.Name() == "tests" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !d.Type().IsRegular() || !strings.HasSuffix(d.Name(), ".json"):
			return nil
		}
		return l.file(file)
	})
	if err != nil {
		return nil, fmt.Errorf("measure package: %w", err)
	}
	l.expand()
	l.checkLibraries()
	if l.dir == "" && len(l.pkg.Measures) == 0 {
		l.report(root, "no-measure", "here is no Measure", "give a folder with Measure, Library and ValueSet resources, or a Bundle of them")
	}
	l.sort()
	return &l.pkg, l.diagnostics.Err()
}

// loader gathers a package and what is wrong with it.
type loader struct {
	fsys        fs.FS
	start       string // the file or folder within fsys that is read
	root        string // start, as it was given
	dir         string // before the names of files within fsys
	pkg         Package
	sets        []valueSet // before expansion
	heads       []located
	seen        map[string]sighting
	diagnostics source.Diagnostics
}

// sighting is where a resource was read first, and its text.
type sighting struct {
	file string
	text []byte
}

func (l *loader) report(file, code, message, hint string) {
	if file == l.start {
		file = l.root
	} else {
		file = path.Join(l.dir, file)
	}
	l.diagnostics = append(l.diagnostics, source.Diagnostic{Pos: source.Pos{File: file}, Code: code, Message: message, Hint: hint})
}

// file reads the resources of a file. JSON that is no resource is none of ours.
func (l *loader) file(file string) error {
	text, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		return err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for _, raw := range resourcesIn(text) {
		var head struct {
			ResourceType string `json:"resourceType"`
			URL          string `json:"url"`
			Version      string `json:"version"`
		}
		if err := json.Unmarshal(raw, &head); err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				l.report(file, "invalid-json", "the file is not JSON", "")
			}
			continue
		}
		read := map[string]func(string, []byte){"Measure": l.measure, "Library": l.library, "ValueSet": l.valueSet}[head.ResourceType]
		if read == nil {
			continue
		}
		if head.URL == "" {
			l.report(file, "missing-url", "a "+head.ResourceType+" without url", "measures are found by their canonical URL")
			continue
		}
		name := head.ResourceType + " " + head.URL + "|" + head.Version
		if first, twice := l.seen[name]; twice {
			if !sameJSON(first.text, raw) && (head.ResourceType != "Library" || hasELM(first.text) || hasELM(raw)) {
				l.report(file, "two-versions", name+" stands in "+path.Base(first.file)+" with another text", "keep one of them")
			}
			continue
		}
		l.seen[name] = sighting{file, raw}
		read(file, raw)
	}
	return nil
}

// hasELM is whether a Library may be one of logic: a manifest, which names what belongs to a release, is none.
func hasELM(text []byte) bool { return bytes.Contains(text, []byte(elmContent)) }

// Partial are the mistakes that keep only some measures of a package from being run: libraries that include another
// which is not there. Where Load found any other, they are the error.
func Partial(err error) (source.Diagnostics, error) {
	var found source.Diagnostics
	if errors.As(err, &found) && !slices.ContainsFunc(found, func(d source.Diagnostic) bool { return d.Code != codeMissingLibrary }) {
		return found, nil
	}
	return nil, err
}

// sameJSON says whether two JSON texts differ in blanks alone.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var one, other bytes.Buffer
	return json.Compact(&one, a) == nil && json.Compact(&other, b) == nil && bytes.Equal(one.Bytes(), other.Bytes())
}

// sort puts everything in an order that does not depend on the files.
func (l *loader) sort() {
	slices.SortFunc(l.pkg.Measures, func(a, b Measure) int { return cmp.Or(cmp.Compare(a.URL, b.URL), cmp.Compare(a.Version, b.Version)) })
	slices.SortFunc(l.pkg.Libraries, func(a, b Library) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	slices.SortFunc(l.pkg.ValueSets, func(a, b ValueSet) int { return cmp.Or(cmp.Compare(a.URL, b.URL), cmp.Compare(a.Version, b.Version)) })
}

package measures

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"strings"

	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
)

// fhirFolder is the folder of a library with its measures in CQL, in the form of a published
// package.
const fhirFolder = "fhir"

// fhirPackage is the folder fhir of a root. What is nil could not be read.
type fhirPackage struct {
	*content.Package
	dir      string
	compiler *evaluate.Compiler
}

// fhir reads and compiles the measures in CQL of a root, and tells how many there are. They
// are the author's own, so all that is lacking in them is a mistake.
func (l *loader) fhir(r root) int {
	if _, err := fs.Stat(r.fsys, fhirFolder); errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	dir := path.Join(r.dir, fhirFolder)
	own := &fhirPackage{dir: dir}
	l.packages[r.dir] = own
	fail := func(err error) int {
		var found source.Diagnostics
		if errors.As(err, &found) {
			l.diags = append(l.diags, found...)
		} else {
			l.report(source.Pos{File: dir}, "unreadable-package", err.Error(), "")
		}
		return 1
	}
	fsys, err := fs.Sub(r.fsys, fhirFolder)
	if err != nil {
		return fail(err)
	}
	pkg, err := content.LoadFS(fsys, dir)
	if err != nil {
		return fail(err)
	}
	l.diags = append(l.diags, stale(fsys, dir, pkg)...)
	compiler, err := evaluate.NewCompiler(pkg, evaluate.Inferred, takenStrata()...)
	if err != nil {
		return fail(err)
	}
	own.Package, own.compiler = pkg, compiler
	for i := range pkg.Measures {
		m := &pkg.Measures[i]
		program, err := compiler.Compile(m)
		if err != nil {
			fail(err)
			continue
		}
		for _, lack := range program.Lacking {
			lack.Hint = "put the value set into " + dir
			l.diags = append(l.diags, lack)
		}
		one := published{program, publishedDefinitions(program, "")}
		for _, d := range one.definitions {
			l.take(d, source.Pos{File: path.Join(dir, m.Name)})
		}
		l.published = append(l.published, one)
	}
	return len(pkg.Measures)
}

// inCQL are the compiled measures that definitions of the library belong to, each once, in
// the order of the definitions.
func (l *Library) inCQL(definitions []Definition) (list []published) {
	taken := map[*evaluate.Program]bool{}
	for _, d := range definitions {
		for _, one := range l.published {
			for _, own := range one.definitions {
				if own.ID == d.ID && !taken[one.program] {
					taken[one.program] = true
					list = append(list, one)
				}
			}
		}
	}
	return list
}

// stale reports CQL that was changed since it was translated: what runs is the ELM, which
// carries the hash of its text where translate.mjs made it.
func stale(fsys fs.FS, dir string, pkg *content.Package) (mistakes source.Diagnostics) {
	files, _ := fs.Glob(fsys, "cql/*.cql") // the pattern is right, which is all that it may complain of
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: path.Join(dir, file)}, Code: "unreadable-cql", Message: err.Error()})
			continue
		}
		sum := sha256.Sum256(text)
		name := strings.TrimSuffix(path.Base(file), ".cql")
		for i := range pkg.Libraries {
			if pkg.Libraries[i].Name != name {
				continue
			}
			elm, err := pkg.Libraries[i].ELM()
			if err != nil {
				return append(mistakes, source.Diagnostic{Pos: source.Pos{File: path.Join(dir, file)}, Code: "unreadable-elm", Message: err.Error()})
			}
			if bytes.Contains(elm, []byte(`"cql-sha256"`)) && !bytes.Contains(elm, []byte(hex.EncodeToString(sum[:]))) {
				mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: path.Join(dir, file)}, Code: "stale-elm",
					Message: "the CQL has changed since it was translated", Hint: "translate it again: what runs is the ELM"})
			}
		}
	}
	return mistakes
}

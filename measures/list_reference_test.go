package measures

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"farr/datasets"
)

// referring is the twins' library with the value list hypertension as a reference to a value set,
// which is moved out of the folder fhir into a package of its own in the folder package.
func referring(t *testing.T, reference string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/twins")); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"emergency-cql", "new-treatment-cql", "new-treatment-mixed", "only-stay", "fhir/cql", "fhir/resources"} {
		if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "package"), os.DirFS(publishedPackage)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "lists/hypertension.csv")); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, oneFile("lists/hypertension.yaml", reference))
	return dir
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

const hypertensionURL = "http://example.org/farr/ValueSet/hypertension"

// A value list that refers to a value set gives what the list of the same codes gives, whether
// the library has the value set or a package that is imported.
func TestValueSetReference(t *testing.T) {
	csv, err := LoadLibrary("testdata/twins")
	if err != nil {
		t.Fatal(err)
	}
	s := newStudy(t, twinExport(t, 23, 40, 8), testKey(t), "shifted")
	cohorts := []string{"emergency", "emergency-sql", "new-treatment"}
	run := func(l *Library, pkg *datasets.Snapshot) (*RunReport, *Results) {
		return s.run(t, func(r *Request) { r.Library, r.Package, r.Measures, r.Cohorts = l, pkg, []string{}, cohorts })
	}
	compare := func(want, got *Results) {
		t.Helper()
		for _, id := range cohorts {
			a, b := entriesOf(t, want, s.key, id), entriesOf(t, got, s.key, id)
			if diff := cmp.Diff(a, b); diff != "" || len(a) == 0 {
				t.Errorf("%s has %d entries (-CSV +value set):\n%s", id, len(a), diff)
			}
		}
	}
	_, want := run(csv, nil)

	t.Run("of the library", func(t *testing.T) {
		l, err := LoadLibrary(referring(t, "value_set: "+hypertensionURL+"\nversion: 1.0.0\n"))
		if err != nil {
			t.Fatal(err)
		}
		if l.NeedsPackage() || len(l.Unresolved()) > 0 {
			t.Error("it looks elsewhere for what it has")
		}
		_, got := run(l, nil)
		compare(want, got)
	})
	t.Run("of a package", func(t *testing.T) {
		dir := referring(t, "value_set: "+hypertensionURL+"\n")
		move(t, filepath.Join(dir, "fhir/vocabulary/valueset/hypertension.json"), filepath.Join(dir, "package/vocabulary/valueset/hypertension.json"))
		l, err := LoadLibrary(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !l.NeedsPackage() {
			t.Fatal("it needs no package")
		}
		_, err = Run(t.Context(), s.store, Request{Extract: s.extract, Key: s.key, Library: l, Periods: mustPeriods(t, "2024"), Measures: []string{}, Cohorts: cohorts})
		if err == nil || !strings.Contains(err.Error(), "lists/hypertension.yaml:1:12: no-package: list hypertension: its value set "+hypertensionURL+" is not the library's own") {
			t.Errorf("without a package: %v", err)
		}
		pkg := imported(t, s, filepath.Join(dir, "package"))
		report, got := run(l, pkg)
		compare(want, got)
		lineage := got.Lineage()
		sn, err := s.store.Open(lineage.Results)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(sn.Manifest().Inputs, func(i datasets.Input) bool { return i.Kind == KindPackage && i.ID == pkg.ID() }) {
			t.Error("the package is none of the results' inputs")
		}
		chosen, err := l.Cohorts("emergency")
		if err != nil {
			t.Fatal(err)
		}
		resolved, err := ResolveLists(t.Context(), pkg, chosen)
		if err != nil {
			t.Fatal(err)
		}
		if text := resolved[0].Describe(); !strings.Contains(text, "List hypertension: value set "+hypertensionURL+", version 1.0.0, of the imported package "+pkg.ID()[:12]+", 2 codes.") {
			t.Errorf("it is described as\n%s", text)
		}
		if text := chosen[0].Describe(); !strings.Contains(text, "whose codes are those of the package that is imported when it runs") {
			t.Errorf("without the package it is described as\n%s", text)
		}
		uses, err := Codes(t.Context(), s.extract, resolved)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(uses, func(u CodeUse) bool { return u.List == "hypertension" && u.Code == "I10" }); i < 0 || uses[i].Rows == 0 {
			t.Errorf("codes do not know the list: %+v", uses)
		}

		// One code less is another definition, with other results.
		file := filepath.Join(dir, "package/vocabulary/valueset/hypertension.json")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		less := strings.Replace(string(text), `"59621000"`, `"59621009"`, 1)
		if less == string(text) {
			t.Fatal("no such code")
		}
		writeFiles(t, dir, oneFile("package/vocabulary/valueset/hypertension.json", less))
		other, otherResults := run(l, imported(t, s, filepath.Join(dir, "package")))
		if other.Skipped || other.Snapshot == report.Snapshot {
			t.Error("other codes gave the old results")
		}
		if cmp.Equal(entriesOf(t, want, s.key, "emergency"), entriesOf(t, otherResults, s.key, "emergency")) {
			t.Error("a code less changes nobody")
		}
	})
	t.Run("mistaken", func(t *testing.T) {
		for reference, want := range map[string]string{
			"value_set: http://example.org/farr/ValueSet/hypertensoin\n": "hypertension.yaml:1:12: unknown-value-set: list hypertension: the imported package",
			"value_set: " + hypertensionURL + "\nversion: 9\n":           `hypertension.yaml:2:10: unknown-version: list hypertension: the imported package`,
			"version: 1.0.0\nvalue_set: " + hypertensionURL + "/empty\n": "hypertension.yaml:2:12: empty-value-set: list hypertension: value set",
		} {
			dir := referring(t, reference)
			move(t, filepath.Join(dir, "fhir/vocabulary/valueset/hypertension.json"), filepath.Join(dir, "package/vocabulary/valueset/hypertension.json"))
			writeFiles(t, dir, oneFile("package/vocabulary/valueset/empty.json", `{"resourceType":"ValueSet","url":"`+hypertensionURL+`/empty","version":"1.0.0","expansion":{"timestamp":"2024-01-01","contains":[]}}`))
			l, err := LoadLibrary(dir)
			if err != nil {
				t.Fatal(err)
			}
			_, err = ResolveLists(t.Context(), imported(t, s, filepath.Join(dir, "package")), l.Definitions())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", reference, err)
			}
			if strings.Contains(reference, "oin") && !strings.Contains(err.Error(), `did you mean "`+hypertensionURL+`"`) {
				t.Errorf("no hint: %v", err)
			}
			if n := strings.Count(err.Error(), "hypertension.yaml"); n != 1 {
				t.Errorf("it is said %d times", n)
			}
		}
	})
}

func imported(t *testing.T, s study, dir string) *datasets.Snapshot {
	t.Helper()
	report, err := Import(t.Context(), s.store, dir, false)
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.store.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return sn
}

func mustPeriods(t *testing.T, text string) []Period {
	t.Helper()
	list, err := ParsePeriods(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func oneFile(name, text string) []txtar.File { return []txtar.File{{Name: name, Data: []byte(text)}} }

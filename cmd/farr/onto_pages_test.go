package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"farr/datasets"
)

// TestIncrementsShowTheNumbersOfTheWhole: every page, table and drawing of an extract that was added to twice is that of one extract
// of all the files. Hashes differ, the store's log, and the page on the run, which says what was loaded. Compacted, it has that
// one's objects.
func TestIncrementsShowTheNumbersOfTheWhole(t *testing.T) {
	whole := synthetic(t, 120, 9)
	loads := loadsOf(t, whole)
	parts := newProject(t)
	parts.zone, parts.key = whole.zone, whole.key
	for i, load := range loads {
		parts.export = load
		more := []string{"--risk=false", "--sites", filepath.Join(whole.export, "sites.csv")}
		if i > 0 {
			more = append(more, "--onto", "current")
		}
		parts.extract(more...)
	}
	all := t.TempDir()
	for _, load := range loads {
		if err := os.CopyFS(all, os.DirFS(load)); err != nil {
			t.Fatal(err)
		}
	}
	whole.store, whole.export = filepath.Join(whole.dir, "all"), all
	whole.extract("--risk=false", "--sites", filepath.Join(filepath.Dir(loads[0]), "sites.csv"))

	want := pagesOf(t, whole)
	if len(want) < 20 {
		t.Fatalf("%d files", len(want))
	}
	got := pagesOf(t, parts)
	for name, text := range want {
		if other, is := got[name]; !is || other != text {
			t.Errorf("%s differs (there %t)%s", name, is, firstDifference(other, text))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	must(t, "compact", "--store", parts.store, "--key", parts.key, "--risk=false")
	if compacted, loaded := tablesInForce(t, parts.store), tablesInForce(t, whole.store); compacted != loaded {
		t.Errorf("compacted, its tables are\n%s\nand those of one load\n%s", compacted, loaded)
	}
}

// tablesInForce are the tables of the extract in force with their objects.
func tablesInForce(t *testing.T, store string) string {
	t.Helper()
	s, err := datasets.OpenStore(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	extract, err := s.Current("extract")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(extract.Manifest().Tables)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// loadsOf makes three loads of an export: in the first some records lack, some have an older version and some are too many; two
// loads of what changed put that right.
func loadsOf(t *testing.T, p project) (folders []string) {
	t.Helper()
	updated := regexp.MustCompile(`"lastUpdated":"\d{4}`)
	older := strings.NewReplacer(`"status":"final"`, `"status":"entered-in-error"`, `"status":"finished"`, `"status":"planned"`, `"gender":"male"`, `"gender":"unknown"`)
	id := regexp.MustCompile(`"id":"([^"]+)"`)
	files := make([]map[string]string, 3)
	for i := range files {
		files[i] = map[string]string{}
	}
	for name, text := range p.unpacked() {
		typ := strings.TrimSuffix(name, ".ndjson")
		n := 0
		for line := range strings.Lines(text) {
			add := func(load int, line string) { files[load][fmt.Sprint(load, "-", name)] += line }
			switch n++; {
			case n%11 == 0: // comes later
				add(1+n%2, line)
			case n%13 == 0: // changes
				add(0, older.Replace(updated.ReplaceAllString(line, `"lastUpdated":"2010`)))
				add(1+n%2, line)
			case n%17 == 0 && typ != "Patient": // and one that goes
				again := id.FindStringSubmatch(line)[1] + "-x"
				add(0, line+id.ReplaceAllString(line, `"id":"`+again+`"`))
				add(1+n%2, `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"`+typ+`/`+again+`"}}]}`+"\n")
			default:
				add(0, line)
			}
		}
	}
	for _, load := range files {
		dir, err := os.MkdirTemp(p.export, "load")
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, dir)
		for name, text := range load {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return folders
}

// pagesOf computes and renders the extract in force, and gives every file without hashes.
func pagesOf(t *testing.T, p project) map[string]string {
	t.Helper()
	p.measure("--periods", "2025-01..2025-04,2025", "--measure", "blood-pressure-control,hba1c-poor-control", "--cohort", "incident-type-2-diabetes")
	out := filepath.Join(t.TempDir(), "report")
	must(t, "report", "--audience", "internal", "--organisation", "Riverside Health", "--title", "Quality", "--store", p.store, "--out", out)
	hash := regexp.MustCompile(`[0-9a-f]{12,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|sha256-[A-Za-z0-9+/]{43}=`)
	log := regexp.MustCompile(`<dd class="mono">farr\.store/[^<]*</dd>`) // its checkpoint
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(out), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "manifest.json" || strings.HasPrefix(filepath.Base(name), "run.") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(out, name))
		all[name] = hash.ReplaceAllString(log.ReplaceAllString(string(text), "LOG"), "HASH")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"farr/datasets"
	"farr/internal/leak"
	"farr/jobs"
)

// leakCase is one run of everything that farr writes, in one profile, over an export with all leak paths.
type leakCase struct {
	t       testing.TB
	project project
	profile string
	paths   []*leakPath
	finder  *leak.Finder
	scratch string // TMPDIR of the commands

	mu       sync.Mutex
	hits     []leak.Hit
	searched map[string]int // kind of artefact -> how many
}

// newLeakCase makes a project with a synthetic population and the leak paths. padding is how many letters {PAD} is.
func newLeakCase(t testing.TB, profile string, padding int) *leakCase {
	t.Helper()
	c := &leakCase{t: t, project: synthetic(t, 40, 9), profile: profile, paths: readLeakPaths(t), scratch: t.TempDir(), searched: map[string]int{}}
	var markers []leak.Marker
	for _, p := range c.paths {
		markers = append(markers, p.planted()...)
	}
	key, err := os.ReadFile(c.project.key)
	if err != nil {
		t.Fatal(err)
	}
	markers = append(markers, leak.Marker{Name: "the key", Text: strings.TrimSpace(strings.TrimPrefix(string(key), "farr-key-v1:"))})
	c.finder = leak.NewFinder(markers...)
	c.plant(padding)
	return c
}

// plant writes the lines of every path into the export.
func (c *leakCase) plant(padding int) {
	files := map[string][]string{}
	for _, p := range c.paths {
		name := p.file
		if name == "" {
			name = "leaks.ndjson"
		}
		for _, line := range p.lines {
			if p.raw {
				text, err := strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`)
				if err != nil {
					c.t.Fatalf("%s: %v", p.name, err)
				}
				line = text
			}
			files[name] = append(files[name], strings.ReplaceAll(line, "{PAD}", strings.Repeat("x", padding)))
		}
	}
	for name, lines := range files {
		data := []byte(strings.Join(lines, "\n") + "\n")
		if strings.HasSuffix(name, ".gz") {
			var out bytes.Buffer
			z := gzip.NewWriter(&out)
			for _, p := range c.paths {
				if p.file == name {
					z.Name, z.Comment = p.markers["{W}"].Text, p.markers["{W}"].Text
				}
			}
			z.Write(data)
			z.Close()
			data = out.Bytes()
		}
		if err := os.WriteFile(filepath.Join(c.project.export, name), data, 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
}

// run runs the command as a process of its own, watches what it writes meanwhile, and searches what it says.
func (c *leakCase) run(wantCode int, args ...string) (stdout string) {
	c.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "TMPDIR="+c.scratch, "FARR_LOG=json")
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	ctx, stop := context.WithCancel(c.t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { c.watch(ctx) })
	err := cmd.Run()
	stop()
	watching.Wait()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != wantCode {
		c.t.Fatalf("farr %s: %v, want exit %d\n%s", strings.Join(args, " "), err, wantCode, errors.String())
	}
	name := strings.Join(args[:min(2, len(args))], " ")
	c.search("terminal", "stdout of farr "+name, c.unnamed(out.Bytes()))
	c.search("terminal", "stderr of farr "+name, c.unnamed(errors.Bytes()))
	return out.String()
}

// unnamed is text without the names of planted files, which the terminal and the operator's own list of rejects may
// say.
func (c *leakCase) unnamed(text []byte) []byte {
	for _, p := range c.paths {
		if p.file != "" {
			text = bytes.ReplaceAll(text, []byte(p.file), nil)
		}
	}
	return text
}

// watch keeps a second name of files that are there only for a time, and searches what was in them at their end:
// staging, spill, what is half written.
func (c *leakCase) watch(ctx context.Context) {
	kept, seen := c.t.TempDir(), map[string]string{}
	for ctx.Err() == nil {
		for _, dir := range []string{filepath.Join(c.project.store, "staging"), c.scratch} {
			filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() || seen[path] != "" {
					return nil // gone already
				}
				second := filepath.Join(kept, strconv.Itoa(len(seen)))
				if os.Link(path, second) == nil {
					seen[path] = second
				}
				return nil
			})
		}
		time.Sleep(time.Millisecond)
	}
	for path, second := range seen {
		data, err := os.ReadFile(second)
		if err != nil {
			c.t.Error(err)
			continue
		}
		hits := c.finder.Bytes("temporary file "+path, data)
		c.note("temporary", append(hits, c.finder.Bytes("name of a temporary file", []byte(path))...))
	}
}

func (c *leakCase) note(kind string, hits []leak.Hit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.searched[kind]++
	c.hits = append(c.hits, hits...)
}

func (c *leakCase) search(kind, where string, data []byte) {
	c.t.Helper()
	hits, err := c.finder.Search(where, data)
	if err != nil {
		c.t.Errorf("%v", err)
	}
	c.note(kind, hits)
}

// everything runs every verb that writes or says something of a store.
func (c *leakCase) everything() {
	p := c.project
	out := func(name string) string { return filepath.Join(p.dir, "out", name) }
	if err := os.Mkdir(filepath.Join(p.dir, "out"), 0o700); err != nil {
		c.t.Fatal(err)
	}
	keep := func(name, text string) {
		if err := os.WriteFile(out(name), []byte(text), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	if c.profile == "safe-harbor" {
		args := p.extractArgs("--profile", c.profile, "--max-reject", "0.05")
		at := slices.Index(args, "--key")
		c.run(0, slices.Delete(slices.Clone(args), at, at+2)...) // without any key
		c.run(0, append(args, "--json")...)                      // with one, for the log
		c.run(1, "measure", "run", "--store", p.store, "--key", p.key, "--periods", "2025")
	} else {
		c.run(0, "run", p.job(c.profile))
		c.run(0, "run", p.job(c.profile)) // a second time, from what is there
		c.run(0, append(p.extractArgs("--profile", c.profile, "--max-reject", "0.05"), "--json")...)
		for _, format := range []string{"csv", "json", "arrow", "parquet"} {
			for _, table := range []string{"aggregate", "subject"} {
				if args := []string{"measure", "results", "--store", p.store, "--table", table, "--format", format}; c.offers(args) {
					keep(table+"."+format, c.run(0, args...))
				}
			}
		}
		c.run(0, "measure", "views", "--store", p.store, "--key", p.key)
		c.run(0, "report", "--store", p.store, "--audience", "external", "--out", out("external"))
		c.run(0, "report", "--store", p.store, "--audience", "internal", "--out", out("internal"))
	}
	c.export(out)
	c.run(0, "risk", "--store", p.store)
	c.run(0, "risk", "--store", p.store, "--json")
	status := jobs.ExitOK
	if c.profile == "safe-harbor" {
		status = jobs.ExitFailed // there is no job
	}
	c.run(status, "status", p.dir)
	c.run(0, "verify", "--store", p.store)
	c.run(0, "verify", "--store", p.store, "--json")
	c.run(0, "audit", "show", "--store", p.store)
	c.run(0, "audit", "show", "--store", p.store, "--json")
	c.run(0, "audit", "verify", "--store", p.store, "--key", p.key)
	// A source that is refused says why, and no more.
	c.run(1, "extract", "--source", p.export, "--store", filepath.Join(p.dir, "refused"), "--key", p.key, "--max-reject", "0")
}

// laxConfig lets everything leave, so that what leaves can be searched. For safe-harbor nobody may set thresholds
// so: there what they hold back stays, and all else leaves.
const laxConfig = `shifted: {expert: determination of a test, expires: 2099-01-31}
limited: {agreement: agreement of a test, expires: 2099-12-31}
thresholds: {k: 2, below_k: 100%, highest: 100%, average: 100%, uniques: 100%}
`

const harborConfig = "leave_out: [birth_year, over_89, sex, zip3, state, race, ethnicity, language]\n"

// export writes rows for an analyst in every format.
func (c *leakCase) export(out func(string) string) {
	config := filepath.Join(c.project.dir, "export.yaml")
	text := laxConfig
	if c.profile == "safe-harbor" {
		text = harborConfig
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	for _, format := range []string{"parquet", "csv", "arrow"} {
		c.run(0, "export", "--store", c.project.store, "--key", c.project.key, "--name", "for-"+format, "--profile", c.profile,
			"--format", format, "--out", out("export-"+format), "--config", config)
	}
}

// markers are those of a path.
func (c *leakCase) markers(path string) map[string]leak.Marker {
	c.t.Helper()
	for _, p := range c.paths {
		if p.name == path {
			return p.markers
		}
	}
	c.t.Fatalf("no path %s", path)
	return nil
}

// offers says whether the command knows a table and format; what it does not know it refuses as usage.
func (c *leakCase) offers(args []string) bool { return farr(c.t, args...).code == 0 }

// tree searches every file below the project but its input and its key.
func (c *leakCase) tree() {
	p := c.project
	tables := c.tables()
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == p.export {
			return filepath.SkipDir
		}
		rel, _ := filepath.Rel(p.dir, path)
		c.search("name", "file name "+rel, []byte(rel))
		if !d.Type().IsRegular() || path == p.key {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".rejects.csv") {
			data = c.unnamed(data)
		}
		if table, ok := tables[d.Name()]; ok {
			c.object(table, data)
			return nil
		}
		kind := filepath.Ext(path)
		if folder := filepath.Base(filepath.Dir(path)); strings.HasPrefix(folder, "export-") && kind != ".json" {
			c.search("export", "object of "+strings.TrimSuffix(d.Name(), kind), data)
			return nil
		}
		if kind == "" {
			kind = "other"
		}
		c.search(kind, rel, data)
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if left, _ := os.ReadDir(c.scratch); len(left) > 0 {
		c.t.Errorf("%d files are left in the folder for temporary files", len(left))
	}
}

// tables are the extract's tables by the hash of their objects.
func (c *leakCase) tables() map[string]string {
	s, err := datasets.OpenStore(c.t.Context(), c.project.store)
	if err != nil {
		c.t.Fatal(err)
	}
	defer s.Close()
	tables := map[string]string{}
	ids, err := s.Snapshots()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, id := range ids {
		sn, err := s.Open(id)
		if err != nil {
			c.t.Fatal(err)
		}
		if sn.Manifest().Kind != "extract" {
			continue
		}
		for _, t := range sn.Manifest().Tables {
			for _, o := range t.Objects {
				tables[o.SHA256] = t.Name
			}
		}
	}
	if len(tables) < 10 {
		c.t.Fatalf("only %d objects of extracts", len(tables))
	}
	return tables
}

var moment = regexp.MustCompile(`^\d{4}-\d\d-\d\dT`)

// object searches one object of an extract: as it is, decoded, and column by column for what stands where it must
// not, or where it may.
func (c *leakCase) object(table string, data []byte) {
	c.search("object", "object of "+table, data)
	err := leak.Values(data, func(column, value string) {
		for _, p := range c.paths {
			for _, n := range p.never {
				if n.column == table+"."+column && n.what == value {
					c.note("value", []leak.Hit{{Marker: p.name + " " + n.what, Form: "plain", Where: n.column}})
				}
			}
		}
		// Of dates a safe-harbor extract has the years.
		if c.profile == "safe-harbor" && moment.MatchString(value) && !strings.HasSuffix(value, "-01-01T00:00:00.000") {
			c.note("value", []leak.Hit{{Marker: "more than a year", Form: "plain", Where: table + "." + column}})
		}
		for _, hit := range c.finder.Bytes(table+"."+column, []byte(value)) {
			c.note("value", []leak.Hit{hit})
		}
	})
	if err != nil {
		c.t.Error(err)
	}
}

// settle parts the hits into leaks and what limited keeps by design, by marker, and says which of the latter
// were not there: then the exception is not what the design says.
func (c *leakCase) settle() (leaks map[string][]leak.Hit, absent []string) {
	byDesign := map[string]string{} // marker -> table.column
	if c.profile == "limited" {
		for _, p := range c.paths {
			for _, k := range p.limited {
				byDesign[p.markers[k.what].Name] = k.column
			}
		}
	}
	leaks, found := map[string][]leak.Hit{}, map[string]bool{}
	for _, hit := range c.hits {
		column, allowed := byDesign[hit.Marker]
		table, _, _ := strings.Cut(column, ".")
		switch {
		case allowed && hit.Where == column:
			found[hit.Marker] = true
		case allowed && (strings.HasPrefix(hit.Where, "object of "+table) || strings.HasPrefix(hit.Where, "temporary file "+filepath.Join(c.project.store, "staging"))):
		default:
			leaks[hit.Marker] = append(leaks[hit.Marker], hit)
		}
	}
	for marker, column := range byDesign {
		if !found[marker] {
			absent = append(absent, marker+" in "+column)
		}
	}
	return leaks, absent
}

// TestLeakPathsFindHoles makes two holes in a copy of the policy, a system whose codes may be anything and a system of a
// vendor's own, and sees that they are found, by their own markers; and that an element that is to keep its text is refused.
func TestLeakPathsFindHoles(t *testing.T) {
	c := newLeakCase(t, "shifted", 1000)
	policy := filepath.Join(t.TempDir(), "policy")
	c.run(0, "policy", "export", policy)
	hole := func(name, line, with string) {
		t.Helper()
		file := filepath.Join(policy, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		changed := regexp.MustCompile(`(?m)^`+line+`.*$`).ReplaceAll(text, []byte(with))
		if bytes.Equal(changed, text) {
			t.Fatalf("%s has no line %s", name, line)
		}
		if err := os.WriteFile(file, changed, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hole("systems.txt", `http://loinc\.org `, "syntax loose ^.+$$\nhttp://loinc.org loose")
	name := c.markers("name as a local code")["{W}"].Text
	hole("systems.txt", `http://snomed\.info/sct `, "http://"+strings.ToLower(name)+".example/"+name+" loose\n$0")
	c.run(0, c.project.extractArgs("--policy", policy, "--max-reject", "0.05", "--risk=false")...)
	c.tree()
	leaks, _ := c.settle()
	want := []string{"LOINC code that fails its check digit {D}", "LOINC code that fails its check digit {W}", "name as a local code {W}"}
	for _, marker := range want {
		if len(leaks[marker]) == 0 {
			t.Errorf("the hole is not found by %s", marker)
		}
		delete(leaks, marker)
	}
	hole("Patient.policy", `address\[current\]\.city `, "address[current].city | string | city | city | city | - | | a hole")
	if refused := farr(t, c.project.extractArgs("--policy", policy)...); refused.code == 0 || !strings.Contains(refused.stderr, "Patient.policy") {
		t.Errorf("a policy that keeps a text is taken: exit %d\n%s", refused.code, refused.stderr)
	}
	for marker, hits := range leaks {
		// Other paths have codes of LOINC that are names as well.
		if !slices.ContainsFunc(hits, func(h leak.Hit) bool { return strings.HasPrefix(h.Where, "concept.") }) {
			t.Errorf("%s is found, and no hole was made for it: %s", marker, hits[0])
		}
	}
}

// padding of the long line in the default tests and, with FARR_LEAKS=all, as the table says.
func longLine() int {
	if os.Getenv("FARR_LEAKS") == "all" {
		return 50_000_000
	}
	return 1_000_000
}

// TestLeakPaths runs everything over an export that holds an identity in every place that testdata/leakpaths.txt knows,
// and finds none of it again, in any profile, in any form, in anything that was written or said.
func TestLeakPaths(t *testing.T) {
	for _, profile := range datasets.Profiles() {
		t.Run(profile, func(t *testing.T) {
			c := newLeakCase(t, profile, longLine())
			c.everything()
			c.tree()
			leaks, absent := c.settle()
			for _, marker := range slices.Sorted(maps.Keys(leaks)) {
				t.Errorf("%s: %d hits, the first: %s", marker, len(leaks[marker]), leaks[marker][0])
			}
			for _, a := range absent {
				t.Errorf("by design profile limited keeps %s, and it is not there", a)
			}
			total := 0
			for _, n := range c.searched {
				total += n
			}
			counts, _ := json.Marshal(c.searched)
			t.Logf("%s: %d paths, %d forms of their markers, searched in %d artefacts %s", profile, len(c.paths), c.finder.Forms(), total, counts)
			for _, p := range c.paths {
				found := 0
				for _, m := range p.planted() {
					found += len(leaks[m.Name])
				}
				t.Logf("  %-55s %-11s found %d", p.name, profile, found)
			}
			for kind, least := range map[string]int{"object": 15, "name": 30, "terminal": 8, "temporary": 5} {
				if c.searched[kind] < least {
					t.Errorf("only %d artefacts of kind %s were searched", c.searched[kind], kind)
				}
			}
		})
	}
}

// TestLeakPathsTable holds the table to what it says of itself: enough paths, each with a marker that is planted
// and that no other path has, and none of them in an export without them.
func TestLeakPathsTable(t *testing.T) {
	paths := readLeakPaths(t)
	if len(paths) < 100 {
		t.Errorf("%d paths", len(paths))
	}
	seen := map[string]string{}
	var markers []leak.Marker
	for _, p := range paths {
		planted := p.planted()
		if len(planted) == 0 && len(p.never) == 0 {
			t.Errorf("%s plants no marker", p.name)
		}
		for _, m := range planted {
			if other := seen[m.Text]; other != "" {
				t.Errorf("%s and %s have the marker %s", p.name, other, m.Text)
			}
			seen[m.Text] = p.name
		}
		for _, k := range p.limited {
			if !slices.ContainsFunc(planted, func(m leak.Marker) bool { return m.Name == p.markers[k.what].Name }) {
				t.Errorf("%s says where %s is kept and does not plant it", p.name, k.what)
			}
		}
		if text := fmt.Sprint(p.lines); strings.Contains(text, "{W}") || strings.Contains(text, "{ID}") {
			t.Errorf("%s: a placeholder is left", p.name)
		}
		markers = append(markers, planted...)
	}
	c := &leakCase{t: t, project: synthetic(t, 40, 9), profile: "limited", finder: leak.NewFinder(markers...), scratch: t.TempDir(), searched: map[string]int{}}
	c.run(0, append(c.project.extractArgs("--profile", "limited"), "--json")...)
	c.tree()
	for _, hit := range c.hits {
		t.Errorf("found where nothing was planted: %s", hit)
	}
}

package main

import (
	"bytes"
	"crypto/elliptic"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"farr/datasets"
	"farr/datasets/fhir"
	"farr/internal/bulktest"
	"farr/jobs"
)

// plain unpacks the files of the project's export: what a server sends is known by its text.
func (p project) plain() project {
	p.t.Helper()
	packed, err := filepath.Glob(filepath.Join(p.export, "*.ndjson.gz"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, path := range packed {
		if out, err := exec.Command("gzip", "-d", path).CombinedOutput(); err != nil {
			p.t.Fatalf("%v: %s", err, out)
		}
	}
	return p
}

// server is a Bulk Data server with the files of the project's export.
func (p project) server() *bulktest.Server {
	p.t.Helper()
	entries, err := os.ReadDir(p.export)
	if err != nil {
		p.t.Fatal(err)
	}
	s := &bulktest.Server{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".ndjson") && !strings.HasSuffix(e.Name(), ".ndjson.gz") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(p.export, e.Name()))
		if err != nil {
			p.t.Fatal(err)
		}
		typ, _, _ := strings.Cut(e.Name(), ".")
		if !fhir.IsResourceType([]byte(typ)) {
			typ = ""
		}
		s.Files = append(s.Files, bulktest.File{Type: typ, Name: e.Name(), Text: string(text), Count: -1})
	}
	return s
}

// bulkArgs extracts from the server into a store of its own.
func (p project) bulkArgs(s *bulktest.Server, store string, more ...string) []string {
	args := []string{"extract", "--bulk", s.URL(), "--store", filepath.Join(p.dir, store), "--key", p.key, "--zone", p.zone, "--risk=false"}
	if sites := filepath.Join(p.export, "sites.csv"); exists(sites) {
		args = append(args, "--sites", sites)
	}
	return append(args, more...)
}

// begun are the exports that a store keeps.
func begun(t testing.TB, store string) (names []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(store, "exports", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// loaded is what a snapshot was made of and what it holds, without of when the server's export is.
func (p project) loaded(store, id string) string {
	p.t.Helper()
	s, err := datasets.OpenStore(p.t.Context(), filepath.Join(p.dir, store))
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.Close()
	sn, err := s.Open(id)
	if err != nil {
		p.t.Fatal(err)
	}
	m := sn.Manifest()
	delete(m.Facts, "server_exports")
	var text bytes.Buffer
	if err := writeJSON(&text, m); err != nil {
		p.t.Fatal(err)
	}
	return text.String()
}

// What a server exports gives the very objects and facts that a folder of the same files gives, however rough the way.
func TestBulkIsTheFolder(t *testing.T) {
	p := synthetic(t, 30, 5).plain()
	want := p.extract("--risk=false")
	folder := p.loaded("store", want.Snapshot)
	client, _ := clientKey(t, p.dir, elliptic.P384())
	set, err := datasets.ReadClientKey(client)
	if err != nil {
		t.Fatal(err)
	}
	var public bytes.Buffer
	if err := writeJSON(&public, set.JWKS()); err != nil {
		t.Fatal(err)
	}
	for name, rough := range map[string]func(*bulktest.Server) []string{
		"plain": func(s *bulktest.Server) []string { return nil },
		"rough": func(s *bulktest.Server) []string {
			s.Token, s.JWKS, s.Gzip, s.Pending, s.PageSize = true, public.Bytes(), true, 1, 3
			s.Faults = []*bulktest.Fault{
				{At: "file", Skip: 1, Do: bulktest.Then((*bulktest.Server).Revoke, bulktest.Reset(700))}, {At: "status", Do: bulktest.Status(503)},
			}
			return []string{"--client-id", bulktest.ClientID, "--client-key", client, "--post"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := p.server()
			more := rough(s)
			s.Start()
			defer s.Close()
			got := answer[extracted](t, p.bulkArgs(s, name, more...)...)
			if loaded := p.loaded(name, got.Snapshot); loaded != folder || got.Stored != want.Stored {
				t.Errorf("%d stored, want %d; it is %s\nwant %s", got.Stored, want.Stored, loaded, folder)
			}
			for _, problem := range s.Problems() {
				t.Error(problem)
			}
			if s.Deleted() != 1 || len(begun(t, filepath.Join(p.dir, name))) != 0 {
				t.Errorf("%d exports let go at the server, kept here: %v", s.Deleted(), begun(t, filepath.Join(p.dir, name)))
			}
			must(t, "verify", "--store", filepath.Join(p.dir, name))
		})
	}
}

// Killed at any question that it asks the server, the command run again gives what an undisturbed run gives. Once the server's
// address is kept, it goes on with the same export.
func TestKilledInBulk(t *testing.T) {
	p := synthetic(t, 15, 6).plain()
	want := p.loaded("store", p.extract("--risk=false").Snapshot)
	asks := 4 + len(p.server().Files) // metadata, kick-off, status, files, delete
	for at := range asks {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			s := p.server()
			var mu sync.Mutex
			var cmd *exec.Cmd
			killed, asked, killedAt := false, 0, ""
			for _, what := range []string{"metadata", "kickoff", "status", "file", "delete"} {
				s.Faults = append(s.Faults, &bulktest.Fault{At: what, Times: -1, Do: func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
					mu.Lock()
					defer mu.Unlock()
					if asked++; asked == at+1 && !killed {
						killed, killedAt = true, what
						_ = cmd.Process.Kill()
						_, _ = cmd.Process.Wait()
						panic(http.ErrAbortHandler)
					}
					next(w, r)
				}})
			}
			s.Start()
			defer s.Close()
			store := fmt.Sprintf("killed-%d", at)
			args := p.bulkArgs(s, store)
			cmd = exec.Command(os.Args[0], args...)
			cmd.Env = append(os.Environ(), asCommand+"=1")
			mu.Lock() // until it is started there is nothing to kill
			err := cmd.Start()
			mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if !killed {
				t.Fatal("the command ended before it was killed")
			}
			got := answer[extracted](t, args...)
			if loaded := p.loaded(store, got.Snapshot); loaded != want {
				t.Errorf("it is %s\nwant %s", loaded, want)
			}
			wantBegun := 1
			if killedAt == "kickoff" { // the server may know of one that the client never heard of
				wantBegun = s.Begun()
			} else if killedAt == "delete" { // done with: the next run is another export
				wantBegun = 2
			}
			if s.Begun() != wantBegun {
				t.Errorf("killed at %s: %d exports were begun", killedAt, s.Begun())
			}
			if left := begun(t, filepath.Join(p.dir, store)); len(left) > 0 {
				t.Errorf("kept %v", left)
			}
			must(t, "verify", "--store", filepath.Join(p.dir, store))
		})
	}
}

// Killed while what changed is read, the command run again goes on with the same export, asked for since the time of the extract that is there; only what is
// published moves that time.
func TestKilledWhileReadingChanges(t *testing.T) {
	p := synthetic(t, 5, 6).plain()
	s := p.server()
	s.Records = &bulktest.Records{Now: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)}
	for _, f := range s.Files {
		for line := range strings.Lines(f.Text) {
			s.Records.Put(line)
		}
	}
	changed := func() {
		s.Records.Now = s.Records.Now.Add(24 * time.Hour)
		s.Records.Put(`{"resourceType":"Patient","id":"new","birthDate":"1970-01-02"}`)
	}
	s.Start()
	defer s.Close()
	full := answer[extracted](t, p.bulkArgs(s, "store")...)
	args := p.bulkArgs(s, "store", "--onto", "current")
	changed()
	var cmd *exec.Cmd
	s.Faults = []*bulktest.Fault{{At: "file", Do: func(_ *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		_ = cmd.Process.Kill()
		panic(http.ErrAbortHandler)
	}}}
	cmd = exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	_ = cmd.Run()
	if got := answer[extracted](t, args...); got.Stored != 1 || got.Snapshot == full.Snapshot || s.Begun() != 2 {
		t.Errorf("%+v, %d exports begun", got, s.Begun())
	}
	if text := must(t, args...); !strings.Contains(text, "stays: nothing changed at the server since") {
		t.Errorf("it does not say that nothing changed:\n%s", text)
	}
	changed()
	if text := must(t, args...); !strings.Contains(text, "export of the server as of 2026-03-03T02:00:00Z: 1 files of what changed since 2026-03-02T02:00:00Z") {
		t.Errorf("it does not say what was read:\n%s", text)
	}
	var since []string
	for _, one := range s.Seen() {
		if one.What == "kickoff" {
			since = append(since, one.Query.Get("_since"))
		}
	}
	if want := []string{"", "2026-03-01T02:00:00.000Z", "2026-03-02T02:00:00.000Z", "2026-03-02T02:00:00.000Z"}; !slices.Equal(since, want) {
		t.Errorf("asked since %q, want %q", since, want)
	}
	s.NoSince = true
	if e := farr(t, args...); e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "(_since); load everything, without --onto") {
		t.Errorf("exit %d: %s", e.code, e.stderr)
	}
	must(t, "verify", "--store", filepath.Join(p.dir, "store"))
}

// An identity in any place that testdata/leakpaths.txt knows is nowhere on the disk while a server's records are read, nor
// afterwards, also where the way is rough and where it fails.
func TestBulkLeavesNothingRaw(t *testing.T) {
	c := newLeakCase(t, "shifted", 1_000_000)
	s := c.project.server()
	s.Faults = []*bulktest.Fault{{At: "file", Skip: 2, Do: bulktest.Reset(300)}, {At: "file", Skip: 3, Do: bulktest.Slow(200e6)}}
	s.Start()
	defer s.Close()
	c.run(0, append(c.project.bulkArgs(s, "store", "--max-reject", "0.05"), "--json")...)
	c.run(1, c.project.bulkArgs(s, "refused", "--max-reject", "0")...)
	s.Faults = []*bulktest.Fault{{At: "file", Skip: 4, Times: -1, Do: bulktest.Outcome(404, "not-found")}}
	c.run(1, c.project.bulkArgs(s, "cut", "--max-reject", "0.05")...)
	c.tree()
	leaks, _ := c.settle()
	for _, marker := range slices.Sorted(maps.Keys(leaks)) {
		t.Errorf("%s: %d hits, the first: %s", marker, len(leaks[marker]), leaks[marker][0])
	}
	for kind, least := range map[string]int{"object": 15, "terminal": 6, "temporary": 5} {
		if c.searched[kind] < least {
			t.Errorf("only %d artefacts of kind %s were searched", c.searched[kind], kind)
		}
	}
}

// What cannot be meant, and what cannot be read, is told with what was read, and nothing is published.
func TestBulkBadInput(t *testing.T) {
	p := synthetic(t, 10, 7)
	stu3 := bulktest.File{Type: "Condition", Name: "Condition.9.ndjson", Count: -1, Text: `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/1"},"clinicalStatus":"active"}` + "\n"}
	for name, c := range map[string]struct {
		set  func(s *bulktest.Server)
		args func(args []string) []string
		code int
		says []string
	}{
		"no zone": {nil, func(args []string) []string {
			i := slices.Index(args, "--zone")
			return slices.Delete(args, i, i+2)
		}, jobs.ExitUsage, []string{"--zone", "wall clock"}},
		"folder too":     {nil, func(args []string) []string { return append(args, "--source", p.export) }, jobs.ExitUsage, []string{"give one of them"}},
		"key alone":      {nil, func(args []string) []string { return append(args, "--client-key", p.key) }, jobs.ExitUsage, []string{"go together"}},
		"key of farr":    {nil, func(args []string) []string { return append(args, "--client-key", p.key, "--client-id", "x") }, jobs.ExitFailed, []string{"bad-client-key"}},
		"plain http":     {nil, func(args []string) []string { return append(args, "--bulk", "http://fhir.example.org") }, jobs.ExitUsage, []string{"not-https"}},
		"another server": {func(s *bulktest.Server) { s.Version = "3.0.1" }, nil, jobs.ExitFailed, []string{"not-fhir-r4", "version 3.0.1"}},
		"STU3 records":   {func(s *bulktest.Server) { s.Files = append(s.Files, stu3) }, nil, jobs.ExitFailed, []string{"Condition.9.ndjson:1", "not-fhir-r4", "STU3"}},
		"wrong count":    {func(s *bulktest.Server) { s.Files[2].Count = 7 }, nil, jobs.ExitFailed, []string{"wrong-count", "read 2 files whole", "nothing is kept"}},
		"all deleted": {func(s *bulktest.Server) {
			s.Files = []bulktest.File{{Type: "Patient", Name: "p", Text: `{"resourceType":"Patient","id":"a"}` + "\n"},
				{Section: "deleted", Type: "Bundle", Name: "d", Text: `{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"Patient/a"}}]}` + "\n"}}
		}, nil, jobs.ExitFailed, []string{"empty-source", "lines 1", "deleted 1"}},
		"no files": {func(s *bulktest.Server) { s.Files = nil }, nil, jobs.ExitFailed, []string{"empty-source", "nothing was published"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := p.server()
			if c.set != nil {
				c.set(s)
			}
			s.Start()
			defer s.Close()
			store := strings.ReplaceAll(name, " ", "-")
			args := p.bulkArgs(s, store)
			if c.args != nil {
				args = c.args(args)
			}
			e := farr(t, args...)
			if e.code != c.code {
				t.Errorf("exit %d, want %d", e.code, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(e.stderr, want) {
					t.Errorf("it says %q, not %q", e.stderr, want)
				}
			}
			if found, _ := filepath.Glob(filepath.Join(p.dir, store, "snapshots", "*")); len(found) > 0 {
				t.Errorf("published %v", found)
			}
			if left := begun(t, filepath.Join(p.dir, store)); len(left) > 0 {
				t.Errorf("kept %v", left)
			}
		})
	}
}

// What a server names as deleted is left out and counted, and what it says of its own failures is shown by code.
func TestBulkDeletedAndIssues(t *testing.T) {
	p := synthetic(t, 10, 8).plain()
	s := p.server()
	i := slices.IndexFunc(s.Files, func(f bulktest.File) bool { return f.Type == "Observation" })
	_, id, _ := strings.Cut(s.Files[i].Text, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	s.Files = append(s.Files,
		bulktest.File{Section: "deleted", Type: "Bundle", Name: "d", Text: `{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"Observation/` + id + `"}}]}` + "\n"},
		bulktest.File{Section: "error", Type: "OperationOutcome", Name: "e", Text: `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"about Ann Example"}]}` + "\n"})
	s.Start()
	defer s.Close()
	got := answer[struct {
		Read, Stored, Deleted int64
		Bulk                  datasets.BulkReport
	}](t, p.bulkArgs(s, "store")...)
	if got.Deleted != 1 || got.Bulk.Tombstones != 1 || got.Bulk.Issues["error/processing"] != 1 || len(got.Bulk.Issues) != 1 {
		t.Errorf("%+v", got)
	}
	text := must(t, p.bulkArgs(s, "text")...)
	for _, want := range []string{"1 of resources that the source deletes", "error/processing: 1", bulktest.Time} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Ann") {
		t.Error("it quotes the server")
	}
	if plain := p.extract("--risk=false"); plain.Stored != got.Stored+1 {
		t.Errorf("%d stored, of the folder %d", got.Stored, plain.Stored)
	}
}

// A server may begin an export whose answer is lost, and may not let an earlier one go: the next run says so.
func TestBulkExportsLeftAtTheServer(t *testing.T) {
	p := synthetic(t, 10, 8).plain()
	for _, c := range []struct {
		killedAt, then string
		want           []string
	}{
		{"kickoff", "", []string{"saw no answer: the server may still hold one"}},
		{"delete", "delete", []string{"the manifest lists the file twice", "was asked to delete its export and did not"}},
	} {
		s := p.server()
		s.Files[0].Twice = true
		var cmd *exec.Cmd
		s.Faults = []*bulktest.Fault{{At: c.killedAt, Do: func(*bulktest.Server, http.ResponseWriter, *http.Request, http.HandlerFunc) {
			_ = cmd.Process.Kill()
			panic(http.ErrAbortHandler)
		}}}
		s.Start()
		defer s.Close()
		cmd = exec.Command(os.Args[0], p.bulkArgs(s, "killed-at-"+c.killedAt)...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		_ = cmd.Run()
		if left := begun(t, filepath.Join(p.dir, "killed-at-"+c.killedAt)); len(left) != 1 {
			t.Fatalf("killed at %s, it keeps %v", c.killedAt, left)
		}
		s.Faults = []*bulktest.Fault{{At: c.then, Do: bulktest.Status(403)}}
		text := must(t, p.bulkArgs(s, "killed-at-"+c.killedAt)...)
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("killed at %s, it does not say %q:\n%s", c.killedAt, want, text)
			}
		}
		if text = must(t, p.bulkArgs(s, "killed-at-"+c.killedAt)...); strings.Contains(text, c.want[len(c.want)-1]) {
			t.Errorf("it is said again:\n%s", text)
		}
	}
}

// Killed at random moments, also between its questions, the command run again gives what an undisturbed run gives.
// FARR_BULK_KILLS says how often.
func TestKilledInBulkAtRandom(t *testing.T) {
	kills, _ := strconv.Atoi(os.Getenv("FARR_BULK_KILLS"))
	if kills == 0 {
		t.Skip("FARR_BULK_KILLS=100 kills so often")
	}
	p := synthetic(t, 15, 6).plain()
	want := p.loaded("store", p.extract("--risk=false").Snapshot)
	chance := rand.New(rand.NewPCG(1, 2))
	before := 0
	for n := range kills {
		s := p.server()
		s.Start()
		args := p.bulkArgs(s, fmt.Sprintf("killed-%d", n))
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(chance.Int64N(int64(900 * time.Millisecond))))
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			before++
		}
		if loaded := p.loaded(fmt.Sprintf("killed-%d", n), answer[extracted](t, args...).Snapshot); loaded != want {
			t.Errorf("kill %d: it is %s\nwant %s", n, loaded, want)
		}
		if left := begun(t, filepath.Join(p.dir, fmt.Sprintf("killed-%d", n))); len(left) > 0 {
			t.Errorf("kill %d: kept %v", n, left)
		}
		must(t, "verify", "--store", filepath.Join(p.dir, fmt.Sprintf("killed-%d", n)))
		s.Close()
	}
	t.Logf("%d kills, %d of them before the end", kills, before)
	if before < kills/4 {
		t.Errorf("only %d of %d kills were before the end", before, kills)
	}
}

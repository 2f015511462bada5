package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets"
	"farr/jobs"
	"farr/reports"
)

// TestReleases makes reports for outsiders under two policies from one store: the ledger knows each once, they withstand an
// attack together, a withdrawn one counts no more, and a damaged one is told.
func TestReleases(t *testing.T) {
	p := synthetic(t, 400, 3)
	must := func(args ...string) string {
		t.Helper()
		out := farr(t, args...)
		if out.code != 0 {
			t.Fatalf("farr %s: exit %d\n%s", strings.Join(args, " "), out.code, out.stderr)
		}
		return out.stdout
	}
	must(p.extractArgs("--risk=false")...)
	must("measure", "run", "--store", p.store, "--key", p.key, "--periods", "2025-01..2025-12,P12M/2025-12", "--measure", "blood-pressure-control", "--cohort", "incident-type-2-diabetes")
	report := func(name string, args ...string) {
		must(append([]string{"report", "--store", p.store, "--audience", "external", "--out", filepath.Join(p.dir, name)}, args...)...)
	}
	report("first")
	report("again")
	report("other", "--disclosure", "wa10")
	a, err := os.ReadFile(filepath.Join(p.dir, "first", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(p.dir, "again", "manifest.json"))
	if err != nil || string(a) != string(b) {
		t.Error("a release changes the same report made again")
	}
	var list []struct {
		ID, Policy string
		Hidden     int
		Withdrawn  string
	}
	read := func() {
		t.Helper()
		list = nil
		if err := json.Unmarshal([]byte(must("release", "list", "--store", p.store, "--json")), &list); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if len(list) != 2 || list[0].Policy != "cms11" || list[1].Policy != "wa10" || list[0].Hidden == 0 {
		t.Fatalf("releases %+v", list)
	}
	if out := must("release", "attack", "--store", p.store); !strings.Contains(out, "each with room for 10 or more") || strings.Contains(out, "worked out") {
		t.Errorf("attack says\n%s", out)
	}
	if out := must("release", "show", "--store", p.store, list[1].ID[:12]); !strings.Contains(out, " 0 recoverable, 0 shown by earlier releases") {
		t.Errorf("show says\n%s", out)
	}
	must("release", "withdraw", "--store", p.store, list[1].ID, "--reason", "nobody had it")
	if read(); list[1].Withdrawn != "nobody had it" || list[0].Withdrawn != "" {
		t.Errorf("releases %+v", list)
	}
	for _, refused := range [][]string{
		{"release", "withdraw", "--store", p.store, list[1].ID, "--reason", "again"},
		{"release", "accept", "--store", p.store, list[0].ID},
		{"release", "show", "--store", p.store, "nothing"},
	} {
		if out := farr(t, refused...); out.code == 0 {
			t.Errorf("farr %s is taken", strings.Join(refused, " "))
		}
	}
	must("audit", "verify", "--store", p.store, "--key", p.key)
	file := filepath.Join(p.store, "releases", list[0].ID+".json.gz")
	if err := os.WriteFile(file, []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := farr(t, "report", "--store", p.store, "--audience", "external", "--out", filepath.Join(p.dir, "last")); out.code != 4 {
		t.Errorf("a damaged ledger: exit %d\n%s", out.code, out.stderr)
	}
	if out := farr(t, "verify", "--store", p.store); out.code != 4 || !strings.Contains(out.stdout+out.stderr, list[0].ID) {
		t.Errorf("verify of a damaged ledger: exit %d\n%s", out.code, out.stderr)
	}
}

// TestReleaseConflict: where an earlier release shows what would have to be hidden now, the report that is there stays, exit
// code 5, and the attack on both says the same; with the earlier one accepted the report is made.
func TestReleaseConflict(t *testing.T) {
	p := synthetic(t, 400, 12)
	must(t, p.extractArgs("--risk=false")...)
	must(t, "measure", "run", "--store", p.store, "--key", p.key, "--periods", "2025-01..2025-12", "--measure", "blood-pressure-control")
	out := filepath.Join(p.dir, "report")
	args := []string{"report", "--store", p.store, "--audience", "external", "--out", out}
	must(t, args...)
	plain := p.plainRelease()
	before, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if e := farr(t, args...); e.code != jobs.ExitPrivacy || !strings.Contains(e.stderr, "farr release list") {
		t.Fatalf("exit %d\n%s", e.code, e.stderr)
	}
	if after, err := os.ReadFile(filepath.Join(out, "manifest.json")); err != nil || string(after) != string(before) {
		t.Error("the report that was there is not there any more")
	}
	if e := farr(t, "release", "attack", "--store", p.store); e.code != jobs.ExitPrivacy || !strings.Contains(e.stdout, "can be worked out") {
		t.Errorf("attack: exit %d\n%s", e.code, e.stdout)
	}
	must(t, "release", "accept", plain, "--store", p.store, "--reason", "the committee decided")
	must(t, args...)
	must(t, "release", "attack", "--store", p.store)
}

// plainRelease keeps the store's newest release again as if nothing but small numbers had been hidden in it, and gives its ID.
func (p project) plainRelease() string {
	p.t.Helper()
	s, err := datasets.OpenStore(p.t.Context(), p.store)
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.Close()
	newest := func() datasets.Release {
		all, err := s.Releases()
		if err != nil || len(all) == 0 {
			p.t.Fatal("no release", err)
		}
		return all[len(all)-1]
	}
	r := newest()
	text, err := s.ReadRelease(r.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	var record reports.Released
	if err := json.Unmarshal(text, &record); err != nil {
		p.t.Fatal(err)
	}
	shown := 0
	for _, one := range record.Systems {
		for i := range one.System.Cells {
			if c := &one.System.Cells[i]; c.Value > 10 && c.State.String() == "hidden" {
				c.State = 0 // shown
				shown++
			}
		}
	}
	if shown == 0 {
		p.t.Fatal("no number but small ones is hidden: there is no conflict to make")
	}
	if text, err = json.Marshal(record); err != nil {
		p.t.Fatal(err)
	}
	known, err := s.Releases()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := s.LogReport(p.t.Context(), map[string]any{"extract": record.Extract}, text, len(known)); err != nil {
		p.t.Fatal(err)
	}
	return newest().ID
}

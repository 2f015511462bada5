package main

import (
	"encoding/csv"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

func readPairs(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 || rows[0][0] != "source_id" || rows[0][1] != "pid" {
		t.Fatalf("%v, %v", rows, err)
	}
	pairs := map[string]string{}
	for _, row := range rows[1:] {
		pairs[row[0]] = row[1]
	}
	return pairs
}

// A crosswalk gives the right pairs to whom the officer permits it, and nothing to anybody else; the log tells of each.
func TestCrosswalk(t *testing.T) {
	p := synthetic(t, 40, 5)
	ids := patientIDs(t, p.export)
	optOut := filepath.Join(p.dir, "opt-out.txt")
	if err := os.WriteFile(optOut, []byte(ids[0]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.extract("--opt-out", optOut)
	p.measure("--periods", "2024", "--measure", "blood-pressure-control")
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	out, officer, permit := filepath.Join(p.dir, "pairs.csv"), filepath.Join(p.dir, "officer.key"), filepath.Join(p.dir, "permit.json")
	args := func(more ...string) []string {
		return append([]string{"crosswalk", "--store", p.store, "--key", p.key, "--source", p.export, "--reason", "follow-up", "--out", out, "--phi"}, more...)
	}
	refused := func(says string, args []string) {
		t.Helper()
		e := farr(t, args...)
		if e.code != jobs.ExitPrivacy || !strings.Contains(e.stderr, says) {
			t.Errorf("exit %d, want %d and %q:\n%s", e.code, jobs.ExitPrivacy, says, e.stderr)
		}
		if exists(out) {
			t.Fatalf("a file was written where %q", says)
		}
	}
	refused("no officer", args())
	must(t, "keys", "officer", "--store", p.store, "--out", officer)
	refused("needs a permit", args())
	refused("whose key is needed", []string{"keys", "officer", "--store", p.store, "--out", out})
	sign := func(who, until, persons string) {
		t.Helper()
		must(t, "keys", "permit", "--store", p.store, "--officer", officer, "--who", who, "--until", until, "--persons", persons, "--reason", "care gaps", "--out", permit)
	}
	sign(who.Username, "2000-01-01", "100")
	refused("ended on", args("--permit", permit))
	sign("somebody-else", "2999-01-01", "100")
	refused("another account", args("--permit", permit))
	sign(who.Username, "2999-01-01", "3")
	refused("for 3 persons", args("--permit", permit))
	forged, err := os.ReadFile(permit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(permit, []byte(strings.Replace(string(forged), `"persons": 3`, `"persons": 9999`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("was changed", args("--permit", permit))
	sign(who.Username, "2999-01-01", "100")
	refused("only with --phi", args("--permit", permit, "--phi=false"))
	inside := args("--permit", permit)
	inside[10] = filepath.Join(p.store, "pairs.csv")
	refused("does not lie in the store", inside)
	// Links of the test's own: one to a device of the system would be replaced, were it not refused.
	for name, to := range map[string]string{"to-a-device": os.DevNull, "to-a-file": optOut} {
		inside[10] = filepath.Join(p.dir, name)
		if err := os.Symlink(to, inside[10]); err != nil {
			t.Fatal(err)
		}
		refused("no regular file", inside)
		if info, err := os.Lstat(inside[10]); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Fatalf("the link %s was replaced: %v", name, err)
		}
	}

	must(t, args("--permit", permit)...)
	pairs := readPairs(t, out)
	if len(pairs) != len(ids)-1 || pairs[ids[0]] != "" {
		t.Errorf("%d pairs of %d persons, of whom one opted out", len(pairs), len(ids))
	}
	for id, pid := range pairs {
		if pid != pidOf(t, p, id) {
			t.Error("a pair is wrong")
		}
	}
	// Of some pseudonyms.
	some := filepath.Join(p.dir, "pids.txt")
	if err := os.WriteFile(some, []byte("pid\n"+pairs[ids[3]]+" # one\n"+pidOf(t, p, ids[0])+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody := filepath.Join(p.dir, "nobody.txt")
	if err := os.WriteFile(nobody, []byte("00000000-0000-4000-8000-000000000000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := farr(t, args("--permit", permit, "--pids", nobody)...); e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "none of the 1 persons") {
		t.Errorf("nobody found: exit %d\n%s", e.code, e.stderr)
	}
	must(t, args("--permit", permit, "--pids", some)...)
	if few := readPairs(t, out); len(few) != 1 || few[ids[3]] != pairs[ids[3]] {
		t.Errorf("%v", few)
	}
	// Of a population: all of it, and those of the denominator are its two parts.
	count := func(population string) map[string]string {
		must(t, args("--permit", permit, "--measure", "blood-pressure-control", "--population", population, "--period", "2024")...)
		return readPairs(t, out)
	}
	all, open := count("denominator"), count("open")
	met := count("numerator")
	if len(all) == 0 || len(open) == 0 || len(open) >= len(all) || len(open)+len(met) > len(all) {
		t.Errorf("denominator %d, open %d, numerator %d", len(all), len(open), len(met))
	}
	for id := range open {
		if all[id] == "" || met[id] != "" {
			t.Error("somebody is open and met, or not in the denominator")
		}
	}
	if e := farr(t, args("--permit", permit, "--measure", "blood-pressure-control", "--population", "open", "--period", "1999")...); e.code == jobs.ExitOK || !strings.Contains(e.stderr, "no period") {
		t.Errorf("exit %d\n%s", e.code, e.stderr)
	}
	log, err := os.ReadFile(filepath.Join(p.store, "log", "entries.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), `"kind":"crosswalk"`); n != 6 {
		t.Errorf("%d crosswalks in the log, and 6 were made", n)
	}
	for _, id := range ids {
		if strings.Contains(string(log), id) || strings.Contains(string(log), pidOf(t, p, id)) {
			t.Fatal("the log says who")
		}
	}
	must(t, "verify", "--store", p.store)
	// A permit is for so many persons in all, over every run.
	sign(who.Username, "2999-01-01", "50")
	must(t, args("--permit", permit)...)
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	refused("of whom 39 were given before", args("--permit", permit))
	sign(who.Username, "2999-01-01", "51")
	must(t, args("--permit", permit)...)
	// A destroyed key makes no crosswalk.
	keyID := strings.TrimSpace(must(t, "keys", "id", "--key", p.key))
	must(t, "keys", "destroy", "--store", p.store, "--id", keyID, "--confirm", keyID)
	if e := farr(t, args("--permit", permit)...); e.code == jobs.ExitOK || !strings.Contains(e.stderr, "destroyed") {
		t.Errorf("exit %d\n%s", e.code, e.stderr)
	}
}

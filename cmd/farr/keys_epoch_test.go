package main

import (
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// A project from its first key to the destruction of it, as an operator does it.
func TestKeysThroughTheDoor(t *testing.T) {
	p := synthetic(t, 20, 3)
	p.extract()
	type list struct {
		Epochs []epochLine `json:"epochs"`
	}
	id := strings.TrimSpace(must(t, "keys", "id", "--key", p.key))
	if l := answer[list](t, "keys", "list", "--store", p.store); len(l.Epochs) != 1 || l.Epochs[0] != (epochLine{1, id, "open", 1}) {
		t.Fatalf("%+v", l)
	}
	p.measure(append(oneMeasure, "--periods", "2024")...)
	next := filepath.Join(p.dir, "next.key")
	must(t, "keys", "new", "--out", next)
	refused := func(code int, says string, args ...string) {
		t.Helper()
		if e := farr(t, args...); e.code != code || !strings.Contains(e.stderr, says) {
			t.Errorf("farr %s: exit %d, want %d and %q:\n%s", strings.Join(args, " "), e.code, code, says, e.stderr)
		}
	}
	other := p
	other.key = next
	refused(jobs.ExitFailed, "farr keys rotate", other.extractArgs()...)
	must(t, "keys", "rotate", "--store", p.store, "--key", p.key, "--new", next)
	refused(jobs.ExitFailed, "was rotated out", p.extractArgs()...)
	p.measure(append(oneMeasure, "--periods", "2023")...) // the old extract with the old key
	refused(jobs.ExitUsage, "--confirm "+id, "keys", "destroy", "--store", p.store, "--key", p.key)
	refused(jobs.ExitUsage, "one of --key and --id", "keys", "destroy", "--store", p.store)
	if !exists(p.key) {
		t.Fatal("a key was destroyed that nobody confirmed")
	}
	must(t, "keys", "destroy", "--store", p.store, "--key", p.key, "--confirm", id)
	if exists(p.key) {
		t.Error("the key file is still there")
	}
	must(t, "measure", "results", "--store", p.store) // results stay
	other.extract()
	other.measure(append(oneMeasure, "--periods", "2024")...)
	must(t, "verify", "--store", p.store)
	if l := answer[list](t, "keys", "list", "--store", p.store); len(l.Epochs) != 2 || l.Epochs[0].State != "destroyed" || l.Epochs[1].State != "open" {
		t.Errorf("%+v", l)
	}
}

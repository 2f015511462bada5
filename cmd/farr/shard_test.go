//go:build unix

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// Shards run as commands of their own, one killed and run again; merged they are the run. What a scheduler goes by are exit codes.
func TestShardCommands(t *testing.T) {
	p := synthetic(t, 120, 5)
	p.extract()
	measured := []string{"--store", p.store, "--key", p.key, "--periods", "2024", "--measure", "emergency-visits"}
	shard := func(which string) []string { return append([]string{"measure", "run", "--shard", which}, measured...) }
	merge := append([]string{"measure", "merge", "--shards", "3"}, measured...)

	must(t, shard("3/3")...)
	killed(t, filepath.Join(p.store, "staging", "*", "lock"), func(int) {}, shard("2/3")...)
	if e := farr(t, merge...); e.code != jobs.ExitNotReady || !strings.Contains(e.stderr, "shards are missing: 1/3, 2/3;") {
		t.Errorf("exit %d: %s", e.code, e.stderr)
	}
	must(t, shard("1/3")...)
	must(t, shard("2/3")...)
	if out := must(t, shard("2/3")...); !strings.Contains(out, "skipped") {
		t.Errorf("a shard that is there: %s", out)
	}
	type report struct{ Snapshot string }
	merged := answer[report](t, merge...)

	other := newProject(t)
	other.export, other.key, other.zone = p.export, p.key, p.zone
	other.extract()
	whole := answer[report](t, "measure", "run", "--store", other.store, "--key", p.key, "--periods", "2024", "--measure", "emergency-visits")
	if merged.Snapshot != whole.Snapshot {
		t.Errorf("merged %s, whole %s", merged.Snapshot, whole.Snapshot)
	}
	again := answer[struct {
		Snapshot string
		Skipped  bool
	}](t, "measure", "merge", "--shards", "3", "--store", other.store, "--key", p.key, "--periods", "2024", "--measure", "emergency-visits")
	if again.Snapshot != whole.Snapshot || !again.Skipped {
		t.Errorf("without shards, where the results are there: %+v", again)
	}
	must(t, "verify", "--store", p.store)
	for _, bad := range [][]string{shard("4/3"), shard("x"), append([]string{"measure", "merge"}, measured...), append([]string{"measure", "merge", "--shards", "65"}, measured...)} {
		if e := farr(t, bad...); e.code != jobs.ExitUsage {
			t.Errorf("%v: exit %d: %s", bad, e.code, e.stderr)
		}
	}
}

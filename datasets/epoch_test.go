package datasets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"farr/internal/duck"
)

// twoPeople is a small export: patients and a resource of each.
func twoPeople(t testing.TB, more ...string) string {
	return export(t, map[string][]string{"all.ndjson": append([]string{
		`{"resourceType":"Patient","id":"1","birthDate":"1970-01-01","gender":"female"}`,
		`{"resourceType":"Patient","id":"2","birthDate":"1980-01-01","gender":"male"}`,
		`{"resourceType":"Observation","id":"1","status":"final","subject":{"reference":"Patient/1"},"effectiveDateTime":"2024-05-01"}`,
		`{"resourceType":"Observation","id":"2","status":"final","subject":{"reference":"Patient/2"},"effectiveDateTime":"2024-05-02"}`,
	}, more...)})
}

// open makes the keyed views of a snapshot.
func open(t testing.TB, sn *Snapshot, key *Key) error {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: []string{sn.Store().ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return Attach(t.Context(), db, sn, key)
}

// openRest attaches the tables at rest, the other door to what a key opens.
func openRest(t testing.TB, sn *Snapshot, key *Key) error {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{AllowedDirs: []string{sn.Store().ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return AttachRest(t.Context(), db, sn, key)
}

func mustExtract(t testing.TB, s *Store, req ExtractRequest) *Snapshot {
	t.Helper()
	report, err := Extract(t.Context(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return sn
}

func verified(t testing.TB, s *Store) {
	t.Helper()
	if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil {
		t.Errorf("verify: %v, %v", report.Problems, err)
	}
}

// ids are all pseudonyms of a snapshot: every UUID in every table.
func ids(t testing.TB, sn *Snapshot) map[string]bool {
	all := map[string]bool{}
	for _, tab := range sn.Manifest().Tables {
		for _, row := range table(t, sn, tab.Name) {
			for _, c := range tab.Columns {
				if v, there := row[c.Name]; there && c.Type == UUID {
					all[string(v.ByteArray())] = true
				}
			}
		}
	}
	return all
}

// Two projects with the same patients share no pseudonym, and Patient/1 is not Observation/1.
func TestProjectsShareNoPseudonym(t *testing.T) {
	source := twoPeople(t)
	var all []map[string]bool
	for range 2 {
		key, _ := freshKey(t)
		sn := mustExtract(t, emptyStore(t), ExtractRequest{Source: source, Key: key})
		all = append(all, ids(t, sn))
		pid := func(tab, column string) (found []string) {
			for _, row := range table(t, sn, tab) {
				found = append(found, string(row[column].ByteArray()))
			}
			return found
		}
		for _, rid := range pid("observation", "rid") {
			if slices.Contains(pid("patient", "pid"), rid) {
				t.Error("Patient/1 and Observation/1 have one pseudonym")
			}
		}
	}
	if len(all[0]) < 4 || len(all[1]) != len(all[0]) {
		t.Fatalf("%d and %d pseudonyms", len(all[0]), len(all[1]))
	}
	for id := range all[0] {
		if all[1][id] {
			t.Error("two projects share a pseudonym")
		}
	}
}

// A store takes extracts of one project's key; another begins by rotation alone; what was
// destroyed is never opened or added to again.
func TestEpochs(t *testing.T) {
	s := emptyStore(t)
	source := twoPeople(t)
	first, _ := freshKey(t)
	second, _ := freshKey(t)
	third, _ := freshKey(t)
	extract := func(key *Key, source string) (*Snapshot, error) {
		report, err := Extract(t.Context(), s, ExtractRequest{Source: source, Key: key})
		if err != nil {
			return nil, err
		}
		return s.Open(report.Snapshot)
	}
	if epochs, err := s.Epochs(t.Context()); err != nil || len(epochs) != 0 {
		t.Fatalf("a new store: %v, %v", epochs, err)
	}
	wantCode(t, s.Rotate(t.Context(), first, second), CodeWrongKey)
	old, err := extract(first, source)
	if err != nil {
		t.Fatal(err)
	}
	_, err = extract(second, source)
	wantCode(t, err, CodeWrongKey)
	if err == nil || !strings.Contains(err.Error(), "farr keys rotate") || !strings.Contains(err.Error(), first.ID()) {
		t.Errorf("the refusal has no hint: %v", err)
	}
	wantCode(t, s.Rotate(t.Context(), second, third), CodeWrongKey)
	wantCode(t, s.Rotate(t.Context(), nil, second), CodeKeyRequired)
	wantCode(t, s.Rotate(t.Context(), first, first), CodeWrongKey)

	for range 2 { // again, as after a stop in the middle
		if err := s.Rotate(t.Context(), first, second); err != nil {
			t.Fatal(err)
		}
	}
	_, err = extract(first, source)
	wantCode(t, err, CodeWrongKey)
	now, err := extract(second, source)
	if err != nil {
		t.Fatal(err)
	}
	if err := open(t, old, first); err != nil {
		t.Errorf("the old epoch with the old key: %v", err)
	}
	if err := open(t, now, second); err != nil {
		t.Errorf("the new epoch: %v", err)
	}
	wantCode(t, open(t, now, first), CodeWrongKey)
	wantCode(t, s.Rotate(t.Context(), second, first), CodeWrongKey)
	verified(t, s)

	wantCode(t, s.DestroyKey(t.Context(), third.ID()), CodeWrongKey)
	for range 2 {
		if err := s.DestroyKey(t.Context(), first.ID()); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, open(t, old, first), CodeKeyDestroyed)
	wantCode(t, openRest(t, old, first), CodeKeyDestroyed)
	_, err = extract(first, source)
	wantCode(t, err, CodeKeyDestroyed)
	if err := open(t, now, second); err != nil {
		t.Errorf("the epoch that was not destroyed: %v", err)
	}
	if err := s.DestroyKey(t.Context(), second.ID()); err != nil {
		t.Fatal(err)
	}
	_, err = extract(third, source)
	wantCode(t, err, CodeWrongKey)
	wantCode(t, s.Rotate(t.Context(), second, third), CodeWrongKey)
	if err := s.Rotate(t.Context(), nil, third); err != nil {
		t.Fatal(err)
	}
	if _, err := extract(third, source); err != nil {
		t.Error(err)
	}
	want := []Epoch{{first.ID(), EpochDestroyed}, {second.ID(), EpochDestroyed}, {third.ID(), EpochOpen}}
	if epochs, err := s.Epochs(t.Context()); err != nil || !slices.Equal(epochs, want) {
		t.Errorf("%v, %v, want %v", epochs, err, want)
	}
	verified(t, s)
	events := map[string]int{}
	for _, kind := range kinds(t, s) {
		events[kind]++
	}
	if events["key-epoch"] != 1 || events["key-rotation"] != 2 || events["key-destroyed"] != 2 || events["log-passed"] != 1 {
		t.Errorf("events %v", events)
	}
}

// A rotation in the middle of an extract refuses it when it publishes.
func TestRotationDuringExtract(t *testing.T) {
	s := emptyStore(t)
	key, _ := freshKey(t)
	next, _ := freshKey(t)
	mustExtract(t, s, ExtractRequest{Source: twoPeople(t), Key: key})
	source := twoPeople(t, `{"resourceType":"Patient","id":"3"}`)
	rotated := false
	_, err := Extract(t.Context(), s, ExtractRequest{Source: source, Key: key, Progress: func(step string, _, _ int64) {
		if step == "publish" && !rotated {
			rotated = true
			if err := s.Rotate(t.Context(), key, next); err != nil {
				t.Error(err)
			}
		}
	}})
	wantCode(t, err, CodeWrongKey)
	verified(t, s)
}

// The file of keys changed in any byte, removed, or put back to an earlier version is found,
// by verify and by whatever asks it.
func TestCustodyDamage(t *testing.T) {
	s := emptyStore(t)
	key, _ := freshKey(t)
	next, _ := freshKey(t)
	sn := mustExtract(t, s, ExtractRequest{Source: twoPeople(t), Key: key})
	file := filepath.Join(s.Dir(), custodyFile)
	read := func() []byte {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	earlier := read()
	if err := s.Rotate(t.Context(), key, next); err != nil {
		t.Fatal(err)
	}
	if err := s.DestroyKey(t.Context(), key.ID()); err != nil {
		t.Fatal(err)
	}
	good := read()
	found := func(name string) {
		t.Helper()
		report, err := s.Verify(t.Context())
		if err != nil || CodeOf(report.Err()) != CodeDamagedCustody || !IsIntegrity(report.Err()) {
			t.Errorf("%s: verify says %v, %v", name, report.Problems, err)
		}
		wantCode(t, open(t, sn, key), CodeDamagedCustody)
		_, err = Extract(t.Context(), s, ExtractRequest{Source: twoPeople(t), Key: next})
		wantCode(t, err, CodeDamagedCustody)
	}
	for _, i := range []int{0, len(good) / 2, len(good) - 1} {
		bad := slices.Clone(good)
		bad[i] ^= 1
		overwrite(t, file, bad)
		found(fmt.Sprintf("byte %d", i))
	}
	overwrite(t, file, earlier)
	found("rolled back")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	found("removed")
	overwriteNew(t, file, good)
	verified(t, s)
}

func overwriteNew(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A change that fails or stops at any point has happened or has not, and both can be gone on from.
func TestCustodyFaults(t *testing.T) {
	source := twoPeople(t)
	key, _ := freshKey(t)
	next, _ := freshKey(t)
	for at := 0; ; at++ {
		s := emptyStore(t)
		mustExtract(t, s, ExtractRequest{Source: source, Key: key})
		passed, left := 0, at
		s.fault = func(string) error {
			passed++
			if left--; left < 0 {
				return syscall.ENOSPC
			}
			return nil
		}
		err := s.Rotate(t.Context(), key, next)
		if passed <= at {
			if err != nil || at < 4 {
				t.Fatalf("%d points, then %v", at, err)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("point %d: %v", at, err)
		}
		s, err = CreateStore(t.Context(), s.Dir())
		if err != nil {
			t.Fatal(err)
		}
		verified(t, s)
		if err := s.Rotate(t.Context(), key, next); err != nil {
			t.Fatalf("again after point %d: %v", at, err)
		}
		if epochs, err := s.Epochs(t.Context()); err != nil || len(epochs) != 2 || epochs[1].Key != next.ID() || epochs[0].State != EpochClosed {
			t.Fatalf("after point %d: %v, %v", at, epochs, err)
		}
		verified(t, s)
	}
}

// A key file is overwritten before its name goes.
func TestEraseKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if _, err := CreateKey(path); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(path) // shows the bytes when the name is gone
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := os.Link(path, filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	if err := EraseKey(path); err == nil {
		t.Error("a key with a second name is taken for erased")
	}
	if err := os.Remove(filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	if err := EraseKey(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
	text := make([]byte, 12)
	if n, _ := held.ReadAt(text, 0); n != len(text) || string(text) == "farr-key-v1:" {
		t.Errorf("%d bytes, %q", n, text)
	}
}

package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// removalExport has persons 1 to n. Person 1 has codes of their own, and person 2's observation refers
// to person 1's encounter.
func removalExport(t testing.TB, n int, more ...string) string {
	lines := []string{
		`{"resourceType":"Encounter","id":"e1","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/1"},"period":{"start":"2024-06-01"}}`,
		`{"resourceType":"Observation","id":"x2","status":"final","subject":{"reference":"Patient/2"},"encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2024-07-01"}`,
		`{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"38341003"}]}}`,
		`{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/2"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006"}]}}`,
	}
	for i := 1; i <= n; i++ {
		lines = append(lines, fmt.Sprintf(`{"resourceType":"Patient","id":"%d","birthDate":"1970-01-01","gender":"female"}`, i),
			fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","subject":{"reference":"Patient/%d"},"effectiveDateTime":"2024-05-01"}`, i, i))
	}
	return export(t, map[string][]string{"all.ndjson": append(lines, more...)})
}

// holds says in which files of the store a pseudonym is: as bytes or text of any file, or as a value of a Parquet object.
func holds(t testing.TB, s *Store, ids ...[16]byte) (files []string) {
	t.Helper()
	err := filepath.WalkDir(s.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var values bytes.Buffer
		if bytes.HasPrefix(text, []byte("PAR1")) {
			file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
			if err != nil {
				return err
			}
			r := parquet.NewReader(file)
			buffer := make([]parquet.Row, 64)
			for {
				n, err := r.ReadRows(buffer)
				for _, row := range buffer[:n] {
					for _, v := range row {
						if k := v.Kind(); k == parquet.FixedLenByteArray || k == parquet.ByteArray {
							values.Write(v.ByteArray())
						}
					}
				}
				if err != nil {
					break
				}
			}
		}
		for _, id := range ids {
			for _, form := range [][]byte{id[:], fmt.Appendf(nil, "%x", id), fmt.Appendf(nil, "%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])} {
				if bytes.Contains(text, form) || bytes.Contains(values.Bytes(), form) {
					files = append(files, path)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// results publishes what stands for something made of a snapshot.
func results(t testing.TB, s *Store, of *Snapshot, kind string) *Snapshot {
	t.Helper()
	g, err := s.Begin(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	m := Manifest{Kind: kind, Recipe: map[string]any{}, Facts: map[string]any{}, Inputs: []Input{{Kind: "snapshot", ID: of.ID()}}}
	if m.Key, err = KeyOf(kind, m.Recipe, m.Inputs); err != nil {
		t.Fatal(err)
	}
	sn, err := g.Publish(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetCurrent(t.Context(), kind, sn.ID()); err != nil {
		t.Fatal(err)
	}
	return sn
}

func audited(t testing.TB, s *Store) {
	t.Helper()
	if report, err := s.Audit(t.Context(), AuditRequest{}); err != nil || report.Err() != nil {
		t.Errorf("audit: %v, %v", report.Problems, err)
	}
}

// Who is removed is in no file of the store, in no retained extract, with what was made of it; others' rows are as
// they were; and the next extract of the same source does not bring them back.
func TestRemove(t *testing.T) {
	s := emptyStore(t)
	key, _ := freshKey(t)
	source := removalExport(t, 300)
	req := ExtractRequest{Source: source, Key: key}
	first := mustExtract(t, s, ExtractRequest{Source: source, Key: key, AsOf: "2024-12-31"})
	second := mustExtract(t, s, req)
	other := mustExtract(t, s, ExtractRequest{Source: twoPeople(t), Key: key, SourceName: "elsewhere"}) // another Patient/1
	if err := s.SetCurrent(t.Context(), "extract", second.ID()); err != nil {
		t.Fatal(err)
	}
	made := results(t, s, second, "results")
	results(t, s, made, "cohort")
	kept := results(t, s, other, "kept")
	before := table(t, second, "observation")

	var gone [][16]byte
	for _, r := range []string{"Patient/1", "Encounter/e1", "Condition/c1", "Observation/o1"} {
		typ, id, _ := strings.Cut(r, "/")
		gone = append(gone, PseudonymOf(key, "main", typ, id))
	}
	if len(holds(t, s, gone...)) == 0 {
		t.Fatal("they are in no file before, so this test sees nothing")
	}
	again, _ := freshKey(t)
	_, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, Keys: []*Key{again}})
	wantCode(t, err, CodeKeyRequired)
	_, err = s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, Keys: []*Key{key, again}})
	wantCode(t, err, CodeWrongKey)

	if _, err = s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, Keys: []*Key{key}}); err == nil || !strings.Contains(err.Error(), "sources elsewhere, main") {
		t.Errorf("of which source nobody said: %v", err)
	}
	if _, err = s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, SourceName: "main", EverySource: true, Keys: []*Key{key}}); err == nil {
		t.Error("the ids are of one source and of every one")
	}
	report, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"1", "nobody"}, EverySource: true, Keys: []*Key{key}, Reason: "asked on a form"})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rewritten != 3 || report.Persons != 1 || report.Unmatched != 1 || report.Retired != 6 || report.Resources != 4+4+2 || report.References != 2 {
		t.Errorf("%+v", report)
	}
	elsewhere := PseudonymOf(key, "elsewhere", "Patient", "1")
	if files := holds(t, s, append(gone, elsewhere)...); len(files) > 0 {
		t.Errorf("still in %v", files)
	}
	verified(t, s)
	audited(t, s)
	for _, sn := range []*Snapshot{first, second, made, other, kept} {
		_, err := s.Open(sn.ID())
		wantCode(t, err, CodeNotFound)
	}
	_, err = s.Current("results")
	wantCode(t, err, CodeNotFound)
	now, err := s.Current("extract")
	if err != nil {
		t.Fatal(err)
	}
	if err := open(t, now, key); err != nil {
		t.Errorf("the new extract does not open: %v", err)
	}
	// Others' rows are the same, byte for byte, but for the reference.
	after := table(t, now, "observation")
	if len(after) != len(before)-1 {
		t.Fatalf("%d observations, %d before", len(after), len(before))
	}
	rows := map[string]map[string]parquet.Value{}
	for _, row := range before {
		rows[string(row["rid"].ByteArray())] = row
	}
	references := 0
	for _, row := range after {
		old := rows[string(row["rid"].ByteArray())]
		for name, v := range old {
			if w, there := row[name]; !there && name == "encounter_rid" {
				references++
			} else if !there || !parquet.Equal(v, w) {
				t.Errorf("column %s of a row of another person changed", name)
			}
		}
	}
	if references != 1 {
		t.Errorf("%d references went", references)
	}
	codes := ""
	for _, row := range table(t, now, "concept") {
		codes += " " + row["code"].String()
	}
	if strings.Contains(codes, "38341003") || !strings.Contains(codes, "44054006") {
		t.Errorf("codes in the dictionary:%s", codes)
	}
	facts := now.Manifest().Facts
	count := func(name string) int { n, _ := facts[name].(float64); return int(n) }
	if count("read") != count("stored")+count("superseded")+count("not_in_policy")+count("dropped_by_policy")+count("rejected")+count("opted_out") || count("opted_out") != 4 {
		t.Errorf("the counts do not add up: %v", facts)
	}

	// Not again, by the next extract.
	next := mustExtract(t, s, req)
	if next.ID() == now.ID() || len(table(t, next, "patient")) != 299 {
		t.Errorf("%d patients in the next extract", len(table(t, next, "patient")))
	}
	if files := holds(t, s, gone...); len(files) > 0 {
		t.Errorf("they came back in %v", files)
	}
	// Nor under the next key.
	second2, _ := freshKey(t)
	if err := s.Rotate(t.Context(), key, second2); err == nil || !strings.Contains(err.Error(), "would come back") {
		t.Errorf("rotation without the list: %v", err)
	}
	if err := s.Rotate(t.Context(), key, second2, "nobody", "1"); err != nil {
		t.Fatal(err)
	}
	rotated := mustExtract(t, s, ExtractRequest{Source: source, Key: second2})
	if n := len(table(t, rotated, "patient")); n != 299 {
		t.Errorf("%d patients under the next key", n)
	}
	// Nor under one that follows a key which was destroyed, so that nobody can tell the marks.
	if err := s.DestroyKey(t.Context(), second2.ID()); err != nil {
		t.Fatal(err)
	}
	third, _ := freshKey(t)
	for _, few := range [][]string{nil, {"1"}, {"1", "1"}} {
		if err := s.Rotate(t.Context(), nil, third, few...); err == nil || !strings.Contains(err.Error(), "would come back") {
			t.Errorf("rotation from a destroyed key with %d ids of 2: %v", len(few), err)
		}
	}
	if err := s.Rotate(t.Context(), nil, third, "nobody", "1"); err != nil {
		t.Fatal(err)
	}
	followed := mustExtract(t, s, ExtractRequest{Source: source, Key: third})
	if n := len(table(t, followed, "patient")); n != 299 {
		t.Errorf("%d patients under the key that follows a destroyed one", n)
	}
	text, err := os.ReadFile(filepath.Join(s.Dir(), "log", "entries.jsonl"))
	if err != nil || !bytes.Contains(text, []byte(`"reason":"asked on a form"`)) || !bytes.Contains(text, []byte(`"persons":1`)) {
		t.Errorf("the log does not tell: %v", err)
	}
	verified(t, s)
	audited(t, s)
}

// A key in force without the marks of those who were removed before takes no extract.
func TestRemovedWithoutMarks(t *testing.T) {
	c := &custody{Epochs: []Epoch{{"a", EpochDestroyed}, {"b", EpochOpen}}, Removed: map[string][]string{"a": {"m"}}}
	if err := c.takes("b"); err == nil || !strings.Contains(err.Error(), "rotate --removed") {
		t.Errorf("without marks: %v", err)
	}
	c.Removed["b"] = []string{"n"}
	if err := c.takes("b"); err != nil {
		t.Errorf("with marks: %v", err)
	}
}

// An extract or results that were under way when somebody was removed are not published.
func TestRemoveMeanwhile(t *testing.T) {
	s := emptyStore(t)
	key, _ := freshKey(t)
	source := removalExport(t, 5)
	sn := mustExtract(t, s, ExtractRequest{Source: source, Key: key})
	g, err := s.Begin(t.Context(), "results")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	_, err = Extract(t.Context(), s, ExtractRequest{Source: removalExport(t, 6), Key: key, Progress: func(step string, _, _ int64) {
		if step != "publish" {
			return
		}
		if _, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, Keys: []*Key{key}}); err != nil {
			t.Error(err)
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "were removed from the store while") {
		t.Errorf("the extract: %v", err)
	}
	m := Manifest{Kind: "results", Recipe: map[string]any{}, Facts: map[string]any{}, Inputs: []Input{{Kind: "snapshot", ID: sn.ID()}}}
	m.Key, _ = KeyOf("results", m.Recipe, m.Inputs)
	_, err = g.Publish(t.Context(), m)
	wantCode(t, err, CodeNotFound)
	verified(t, s)
	audited(t, s)
}

// Nobody can find a person in an extract of safe-harbor, so it goes whole, or stays and is counted.
func TestRemoveUnlinkable(t *testing.T) {
	s := emptyStore(t)
	key, _ := freshKey(t)
	source := removalExport(t, 5)
	harbor := mustExtract(t, s, ExtractRequest{Source: source, Profile: ProfileSafeHarbor})
	mustExtract(t, s, ExtractRequest{Source: source, Key: key})
	report, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, Keys: []*Key{key}})
	if err != nil || report.Unlinkable != 1 || report.Rewritten != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if _, err := s.Open(harbor.ID()); err != nil {
		t.Error(err)
	}
	report, err = s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, Keys: []*Key{key}, Unlinkable: true})
	if err != nil || report.Retired != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	_, err = s.Open(harbor.ID())
	wantCode(t, err, CodeNotFound)
	if _, err := Extract(t.Context(), s, ExtractRequest{Source: source, Profile: ProfileSafeHarbor}); err == nil || !strings.Contains(err.Error(), "the project key is needed") {
		t.Errorf("safe-harbor without a key would bring them back: %v", err)
	}
	sn := mustExtract(t, s, ExtractRequest{Source: source, Profile: ProfileSafeHarbor, Key: key})
	if n := len(table(t, sn, "patient")); n != 4 {
		t.Errorf("%d patients", n)
	}
	verified(t, s)
	audited(t, s)
}

// The process is killed at each point of a removal. Whoever opens the store next finds either all as it was
// or the removal done, and doing it again ends in the same extract.
func TestKilledWhileRemoving(t *testing.T) {
	const dirVar, atVar, keyVar = "FARR_TEST_REMOVE_DIR", "FARR_TEST_REMOVE_AT", "FARR_TEST_REMOVE_KEY"
	remove := func(t *testing.T, s *Store, key *Key) error {
		_, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, Keys: []*Key{key}})
		return err
	}
	if dir := os.Getenv(dirVar); dir != "" {
		at, _ := strconv.Atoi(os.Getenv(atVar))
		key, err := ReadKey(os.Getenv(keyVar))
		if err != nil {
			t.Fatal(err)
		}
		s := openTestStore(t, dir)
		s.fault = func(string) error {
			if at--; at < 0 {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}
		remove(t, s, key)
		return
	}
	keyFile := filepath.Join(t.TempDir(), "key")
	key, err := CreateKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	source := removalExport(t, 3)
	original := emptyStore(t)
	results(t, original, mustExtract(t, original, ExtractRequest{Source: source, Key: key}), "results")
	prepare := func() *Store {
		dir := filepath.Join(t.TempDir(), "store")
		if out, err := exec.Command("cp", "-a", original.Dir(), dir).CombinedOutput(); err != nil { // modes too
			t.Fatalf("%v: %s", err, out)
		}
		return openTestStore(t, dir)
	}
	s := prepare()
	var points []string
	s.fault = func(point string) error { points = append(points, point); return nil }
	if err := remove(t, s, key); err != nil {
		t.Fatal(err)
	}
	want, err := s.Current("extract")
	if err != nil {
		t.Fatal(err)
	}
	if len(points) < 30 {
		t.Fatalf("only %v", points)
	}
	gone := PseudonymOf(key, "main", "Patient", "1")
	// One in four of the places where the same is done again and again, and all others.
	done, not := 0, 0
	for at := range points {
		if again := at > 0 && at%4 != 0; again && (points[at] == "object" || points[at] == "delete" || strings.HasPrefix(points[at], "log ")) {
			continue
		}
		t.Run(fmt.Sprintf("%d-%s", at, strings.ReplaceAll(points[at], " ", "-")), func(t *testing.T) {
			s := prepare()
			child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileRemoving$")
			child.Env = append(os.Environ(), dirVar+"="+s.Dir(), atVar+"="+strconv.Itoa(at), keyVar+"="+keyFile)
			var exit *exec.ExitError
			if err := child.Run(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the child was not killed: %v", err)
			}
			s, err := OpenStore(t.Context(), s.Dir())
			if err != nil {
				t.Fatal(err)
			}
			verified(t, s)
			now, err := s.Current("extract")
			if err != nil {
				t.Fatal(err)
			}
			if now.ID() == want.ID() {
				done++
				if files := holds(t, s, gone); len(files) > 0 {
					t.Errorf("it is done, and they are in %v", files)
				}
			} else {
				not++
				if _, err := s.Current("results"); err != nil {
					t.Errorf("it is not done, and something is gone: %v", err)
				}
			}
			if err := remove(t, s, key); err != nil {
				t.Fatal(err)
			}
			if now, err := s.Current("extract"); err != nil || now.ID() != want.ID() {
				t.Errorf("again: %v, %v", now, err)
			}
			if files := holds(t, s, gone); len(files) > 0 {
				t.Errorf("still in %v", files)
			}
			if left := staged(t, s.Dir()); len(left) > 0 {
				t.Errorf("staging holds %v", left)
			}
			verified(t, s)
			audited(t, s)
		})
	}
	if done == 0 || not == 0 {
		t.Errorf("%d kills left it done and %d not: the test does not see both", done, not)
	}
	t.Logf("%d points, %d killed after the removal was in force, %d before", len(points), done, not)
}

// A removal does first what another one, or a prune, that was killed meanwhile has left.
func TestRemoveFinishesAKilledPrune(t *testing.T) {
	t.Parallel()
	s := emptyStore(t)
	key, _ := freshKey(t)
	old := mustExtract(t, s, ExtractRequest{Source: removalExport(t, 3), Key: key})
	made := results(t, s, old, "results")
	idle := results(t, s, mustExtract(t, s, ExtractRequest{Source: twoPeople(t), Key: key, SourceName: "elsewhere"}), "other")
	killed := sync.OnceFunc(func() {
		unlock, err := s.lock(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		defer unlock()
		err = s.changeCustody(Event{Kind: pendingPrune, Retires: []string{idle.ID()}, Facts: map[string]any{}}, func(c *custody) error {
			c.Pending = &pendingWork{Kind: pendingPrune, Retires: []string{idle.ID()}}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	_, err := s.Remove(t.Context(), RemoveRequest{IDs: []string{"1"}, SourceName: "main", Keys: []*Key{key}, Progress: func(string, int64, int64) { killed() }})
	if err != nil {
		t.Fatal(err)
	}
	for _, sn := range []*Snapshot{old, made, idle} {
		_, err := s.Open(sn.ID())
		wantCode(t, err, CodeNotFound)
	}
	verified(t, s)
	audited(t, s)
}

package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"farr/datasets/internal/auditlog"
)

// keyInFile makes a key and gives its file too.
func keyInFile(t testing.TB) (*Key, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "project.key")
	key, err := CreateKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return key, file
}

// signedStore has a short log of every kind of entry, all but the first signed, with a witness.
func signedStore(t testing.TB) (s *Store, dir string, key *Key, keyFile string) {
	t.Helper()
	dir = t.TempDir()
	s = openTestStore(t, dir)
	key, keyFile = keyInFile(t)
	if err := s.SignLog(key); err != nil {
		t.Fatal(err)
	}
	s.KeepWitness(keyFile)
	sn := mustPublish(t, s, "x")
	if err := s.SetCurrent(t.Context(), "extract", sn.ID()); err != nil {
		t.Fatal(err)
	}
	say(t, s, "crosswalk")
	return s, dir, key, keyFile
}

func say(t testing.TB, s *Store, kind string) {
	t.Helper()
	if err := s.Log(t.Context(), Event{Kind: kind, Facts: map[string]any{"persons": 3}}); err != nil {
		t.Fatal(err)
	}
}

func audit(t testing.TB, s *Store, req AuditRequest) AuditReport {
	t.Helper()
	report, err := s.Audit(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// trusting is what whoever has the key file knows.
func trusting(t testing.TB, s *Store, key *Key, keyFile string) AuditRequest {
	t.Helper()
	verifier, err := LogVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	req := AuditRequest{Verifiers: []string{verifier}}
	witness, err := s.Witness(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if witness != "" {
		req.Kept = []string{witness}
	}
	return req
}

// logFiles reads the files of a log.
func logFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range auditlog.Names {
		data, err := os.ReadFile(filepath.Join(dir, logDir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = data
	}
	return all
}

func putLog(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, logDir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAuditFindsEveryByte changes every byte of every file of a log in several ways, and cuts
// every file at every length.
func TestAuditFindsEveryByte(t *testing.T) {
	t.Parallel()
	s, dir, key, keyFile := signedStore(t)
	whole := audit(t, s, trusting(t, s, key, keyFile))
	if whole.Err() != nil || whole.Entries != 5 || whole.Signed != 5 || whole.Checkpoints != 4 || len(whole.Kept) != 1 {
		t.Fatalf("the log is not whole: %+v", whole)
	}
	changes, cuts := 0, 0
	for name, good := range logFiles(t, dir) {
		put := func(data []byte) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, logDir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for i := range good {
			for _, other := range []byte{good[i] ^ 1, good[i] ^ 0x20, '\n'} {
				if other == good[i] {
					continue
				}
				bad := bytes.Clone(good)
				bad[i] = other
				put(bad)
				// Nothing from elsewhere is needed for this.
				report := audit(t, s, AuditRequest{})
				if report.Err() == nil || !IsIntegrity(report.Err()) {
					t.Errorf("%s: byte %d from %q to %q: not found", name, i, good[i], other)
				}
				changes++
			}
			put(good[:i])
			if report := audit(t, s, AuditRequest{}); report.Err() == nil {
				t.Errorf("%s: cut at %d of %d bytes: not found", name, i, len(good))
			}
			cuts++
		}
		if err := os.Remove(filepath.Join(dir, logDir, name)); err != nil {
			t.Fatal(err)
		}
		if report := audit(t, s, AuditRequest{}); report.Err() == nil {
			t.Errorf("%s: removed: not found", name)
		}
		put(good)
	}
	if report := audit(t, s, AuditRequest{}); report.Err() != nil {
		t.Errorf("mended: %v", report.Problems)
	}
	t.Logf("%d single-byte changes and %d cuts found", changes, cuts)
}

// TestAuditNamesTheEntry: who looks for what was changed is told where.
func TestAuditNamesTheEntry(t *testing.T) {
	s, dir, _, _ := signedStore(t)
	files := logFiles(t, dir)
	files["entries.jsonl"] = bytes.Replace(files["entries.jsonl"], []byte(`"persons":3`), []byte(`"persons":2`), 1)
	putLog(t, dir, files)
	report := audit(t, s, AuditRequest{})
	if !slices.ContainsFunc(report.Problems, func(p Problem) bool { return p.Subject == "log entry 4" }) {
		t.Errorf("problems %v", report.Problems)
	}
	if v, err := s.Verify(t.Context()); err != nil || CodeOf(v.Err()) != CodeDamagedLog {
		t.Errorf("verify: %v, %v", v.Problems, err)
	}
	if _, err := s.LogEntries(); CodeOf(err) != CodeDamagedLog {
		t.Errorf("entries of a changed log: %v", err)
	}
}

// TestAuditFindsRollback puts every earlier state of the log back, whole. The store alone tells
// where a snapshot or a pointer is ahead; the witness, or a checkpoint kept elsewhere, tells always.
func TestAuditFindsRollback(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	key, keyFile := keyInFile(t)
	if err := s.SignLog(key); err != nil {
		t.Fatal(err)
	}
	s.KeepWitness(keyFile)
	var states []map[string][]byte
	var alone []bool // whether the store alone tells
	keep := func(tells bool) {
		states = append(states, logFiles(t, dir))
		alone = append(alone, tells)
	}
	mustPublish(t, s, "a")
	keep(true)
	b := mustPublish(t, s, "b")
	keep(true)
	if err := s.SetCurrent(t.Context(), "extract", b.ID()); err != nil {
		t.Fatal(err)
	}
	keep(false)
	say(t, s, "crosswalk")
	keep(false)
	say(t, s, "disclosure")
	req := trusting(t, s, key, keyFile)
	last := logFiles(t, dir)
	head, err := s.LogHead()
	if err != nil {
		t.Fatal(err)
	}
	for i, state := range states {
		putLog(t, dir, state)
		if report := audit(t, s, AuditRequest{}); (report.Err() != nil) != alone[i] {
			t.Errorf("state %d by the store alone: %v", i, report.Problems)
		}
		if report := audit(t, s, req); report.Err() == nil {
			t.Errorf("state %d with the key: not found", i)
		}
		report := audit(t, s, AuditRequest{Kept: []string{head.String()}})
		if report.Err() == nil || !strings.Contains(fmt.Sprint(report.Problems), "rolled back") {
			t.Errorf("state %d with a kept checkpoint: %v", i, report.Problems)
		}
	}
	// A command on a log that was rolled back adds nothing to it and signs nothing, and its witness goes on telling.
	putLog(t, dir, states[3])
	before := logFiles(t, dir)
	for range 2 {
		if err := s.Log(t.Context(), Event{Kind: "crosswalk"}); CodeOf(err) != CodeDamagedLog {
			t.Errorf("on a log that was rolled back: %v", err)
		}
	}
	if !reflect.DeepEqual(before, logFiles(t, dir)) {
		t.Error("a log that was rolled back was written to")
	}
	if report := audit(t, s, trusting(t, s, key, keyFile)); report.Err() == nil {
		t.Error("after more commands the rollback is not found")
	}
	putLog(t, dir, last)
	if report := audit(t, s, req); report.Err() != nil {
		t.Errorf("put right: %v", report.Problems)
	}
}

// forge writes a log anew from lines, as who has no key can.
func forge(t testing.TB, dir, origin string, lines [][]byte, key *Key) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, logDir)); err != nil {
		t.Fatal(err)
	}
	s := openTestStore(t, t.TempDir())
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	if err := s.root.Mkdir(logDir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, _, err := auditlog.Open(s.logFiles(), s.happened)
	if err != nil {
		t.Fatal(err)
	}
	own := l.Begin()
	for i, line := range lines {
		e, err := parseLogEntry(line)
		if err != nil {
			t.Fatal(err)
		}
		e.Seq = int64(i)
		if line, err = canonicalJSON(e); err != nil {
			t.Fatal(err)
		}
		line = bytes.ReplaceAll(line, []byte(origin), []byte(own))
		var signers []*auditlog.Signer
		if key != nil && i > 0 {
			signer, err := signerOf(key)
			if err != nil {
				t.Fatal(err)
			}
			signers = append(signers, signer)
		}
		if _, err := l.Append(line, signers, nil, s.happened); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, logDir), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range auditlog.Names {
		data, err := os.ReadFile(filepath.Join(s.dir, logDir, name))
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.ReplaceAll(data, []byte(own), []byte(origin))
		if err := os.WriteFile(filepath.Join(dir, logDir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// rehash makes a forged log whole in itself after its origin was put back.
func rehash(t testing.TB, dir, origin string) {
	t.Helper()
	s := openTestStore(t, dir)
	view, err := auditlog.Read(s.logFiles())
	if err != nil {
		t.Fatal(err)
	}
	head := view.At(int64(len(view.Lines)))
	files := logFiles(t, dir)
	text, err := json.Marshal(struct {
		Origin     string `json:"origin"`
		Size       int64  `json:"size"`
		Root       string `json:"root"`
		EntryBytes int    `json:"entry_bytes"`
		Checkpoint int    `json:"checkpoint_bytes"`
	}{origin, head.Size, head.Root.String(), len(files["entries.jsonl"]), 0})
	if err != nil {
		t.Fatal(err)
	}
	files["head.json"], files["checkpoints"], files["hashes"] = append(text, '\n'), nil, view.Hashes()
	putLog(t, dir, files)
}

// TestAuditFindsForgery: two entries swapped, one left out, one added, and the tree made
// anew over the result with all there is but the key.
func TestAuditFindsForgery(t *testing.T) {
	s, dir, key, keyFile := signedStore(t)
	say(t, s, "removal")
	req := trusting(t, s, key, keyFile)
	view, err := auditlog.Read(s.logFiles())
	if err != nil {
		t.Fatal(err)
	}
	origin, lines := view.Head().Origin, view.Lines
	swapped := slices.Clone(lines)
	swapped[4], swapped[5] = swapped[5], swapped[4]
	for name, bad := range map[string][][]byte{
		"swapped": swapped, "left out": slices.Delete(slices.Clone(lines), 4, 5), "added": append(slices.Clone(lines), lines[4]),
	} {
		forge(t, dir, origin, bad, nil)
		rehash(t, dir, origin)
		if report := audit(t, s, AuditRequest{}); report.Err() != nil {
			t.Errorf("%s: the forgery is clumsy, and shows of itself: %v", name, report.Problems)
		}
		if report := audit(t, s, AuditRequest{Verifiers: req.Verifiers}); report.Err() == nil && report.Signed == report.Entries {
			t.Errorf("%s: not found with the public key: %+v", name, report)
		}
		if report := audit(t, s, req); name != "added" && report.Err() == nil {
			t.Errorf("%s: not found with the key and its witness", name)
		}
	}
	// A forger's own key signs all of it.
	other, _ := keyInFile(t)
	verifier, err := LogVerifier(other)
	if err != nil {
		t.Fatal(err)
	}
	mine := bytes.ReplaceAll(lines[1], []byte(req.Verifiers[0]), []byte(verifier))
	forge(t, dir, origin, slices.Concat(lines[:1], [][]byte{mine}, lines[2:5]), other)
	if report := audit(t, s, AuditRequest{Verifiers: req.Verifiers}); report.Err() == nil {
		t.Error("a log of another key: not found")
	}
}

// TestLogPassed: the old key vouches for the next, and who trusts the old one trusts what
// the next signs. A key that nobody vouched for is told.
func TestLogPassed(t *testing.T) {
	s, _, key, _ := signedStore(t)
	next, _ := keyInFile(t)
	if err := s.PassLog(t.Context(), key, next); err != nil {
		t.Fatal(err)
	}
	say(t, s, "after")
	first, err := LogVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	report := audit(t, s, AuditRequest{Verifiers: []string{first}})
	if report.Err() != nil || report.Signed != report.Entries || len(report.Verifiers) != 2 || !report.Verifiers[1].Trusted {
		t.Errorf("passed on: %+v", report)
	}
	second, err := LogVerifier(next)
	if err != nil {
		t.Fatal(err)
	}
	report = audit(t, s, AuditRequest{Verifiers: []string{second}})
	if report.Err() != nil || report.Signed != report.Entries || !report.Verifiers[0].Trusted {
		t.Errorf("by the next key alone: %+v", report)
	}
	stranger, _ := keyInFile(t)
	if err := s.SignLog(stranger); err != nil {
		t.Fatal(err)
	}
	say(t, s, "stranger")
	if report := audit(t, s, AuditRequest{Verifiers: []string{second}}); report.Err() == nil || report.Verifiers[2].Trusted {
		t.Errorf("a stranger signed behind the next: %+v", report)
	}
	if report := audit(t, s, AuditRequest{Verifiers: []string{first}}); report.Err() == nil {
		t.Errorf("a stranger signed: %+v", report)
	}
	if report := audit(t, s, AuditRequest{}); report.Err() != nil || report.Verifiers[2].Trusted || report.Signed >= report.Entries {
		t.Errorf("a stranger signed: %+v", report)
	}
}

// TestAuditHoldsStore: a snapshot that is gone, one that came from elsewhere, one that was to go,
// and a pointer that was moved by hand.
func TestAuditHoldsStore(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	a, b := mustPublish(t, s, "a"), mustPublish(t, s, "b")
	if err := s.SetCurrent(t.Context(), "extract", b.ID()); err != nil {
		t.Fatal(err)
	}
	want := func(detail string) {
		t.Helper()
		if report := audit(t, s, AuditRequest{}); !strings.Contains(fmt.Sprint(report.Problems), detail) {
			t.Errorf("%v, want %q", report.Problems, detail)
		}
	}
	file := filepath.Join(dir, manifestName(a.ID()))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	want("it is gone")
	if err := os.WriteFile(file, text, 0o444); err != nil {
		t.Fatal(err)
	}
	pointer := filepath.Join(dir, pointersDir, "extract")
	if err := os.WriteFile(pointer, []byte(a.ID()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("and it names " + a.ID())
	if err := os.WriteFile(pointer, []byte(b.ID()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger := mustPublish(t, openTestStore(t, t.TempDir()), "stranger")
	text, err = os.ReadFile(filepath.Join(stranger.store.dir, manifestName(stranger.ID())))
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, manifestName(stranger.ID()))
	if err := os.WriteFile(foreign, text, 0o444); err != nil {
		t.Fatal(err)
	}
	want("the log does not know it")
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
	if err := s.Log(t.Context(), Event{Kind: "removal", Retires: []string{a.ID()}}); err != nil {
		t.Fatal(err)
	}
	want("still there")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if report := audit(t, s, AuditRequest{}); report.Err() != nil {
		t.Errorf("retired and gone: %v", report.Problems)
	}
	mustPublish(t, s, "a")
	if report := audit(t, s, AuditRequest{}); report.Err() != nil {
		t.Errorf("made again: %v", report.Problems)
	}
}

// TestAuditOfAnOlderStore: a store without a log is damage, until one is begun.
func TestAuditOfAnOlderStore(t *testing.T) {
	s, dir, key, keyFile := signedStore(t)
	old := trusting(t, s, key, keyFile)
	if err := os.RemoveAll(filepath.Join(dir, logDir)); err != nil {
		t.Fatal(err)
	}
	if report := audit(t, s, AuditRequest{}); CodeOf(report.Err()) != CodeDamagedLog {
		t.Errorf("no log: %v", report.Problems)
	}
	again := openTestStore(t, dir)
	if _, err := again.BeginLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := again.BeginLog(t.Context()); err == nil {
		t.Error("begun twice")
	}
	if report := audit(t, again, AuditRequest{}); report.Err() != nil || report.Adopted != 1 {
		t.Errorf("begun: %+v", report)
	}
	if report := audit(t, again, old); report.Err() == nil {
		t.Error("a log that was begun anew holds what was kept of the old one")
	}
}

// TestProof: between any two sizes the proof is one that the tree's own check takes.
func TestProof(t *testing.T) {
	s, _, _, _ := signedStore(t)
	for to := int64(1); to <= 5; to++ {
		for from := int64(1); from <= to; from++ {
			report := audit(t, s, AuditRequest{From: from, To: to})
			if report.Err() != nil || report.Proof == nil || (len(report.Proof.Hashes) == 0) != (from == to) {
				t.Errorf("%d to %d: %+v", from, to, report.Proof)
			}
		}
	}
	if _, err := s.Audit(t.Context(), AuditRequest{From: 4, To: 9}); err == nil {
		t.Error("a proof to more entries than there are")
	}
}

// TestAuditBesideWriters: what a living writer is about is no damage.
func TestAuditBesideWriters(t *testing.T) {
	dir := t.TempDir()
	s := openTestStore(t, dir)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var published atomic.Int64
	w := openTestStore(t, dir)
	go func() {
		var err error
		for i := 0; ctx.Err() == nil && err == nil; i++ {
			var sn *Snapshot
			if sn, err = publishTiny(t, w, fmt.Sprint(i%40)); err == nil {
				err = w.SetCurrent(t.Context(), "extract", sn.ID())
				published.Add(1)
			}
		}
		done <- err
	}()
	for published.Load() < 10 && len(done) == 0 {
		if report := audit(t, s, AuditRequest{}); report.Err() != nil {
			t.Errorf("beside a writer: %v", report.Problems)
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestParseCheckpoint(t *testing.T) {
	s, dir, _, _ := signedStore(t)
	head, err := s.LogHead()
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Split(string(logFiles(t, dir)["checkpoints"]), "\n\n")
	for _, text := range []string{head.String(), head.String() + "\n", head.Text(), notes[len(notes)-3] + "\n\n" + notes[len(notes)-2] + "\n"} {
		if c, err := ParseCheckpoint(text); err != nil || c != head {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "x", strings.Replace(head.String(), " ", "  ", 1), head.String() + " x", "other/0011223344556677 1 " + head.Root.String(),
		strings.Replace(head.String(), " 5 ", " 05 ", 1), strings.Replace(head.String(), " 5 ", " -5 ", 1)} {
		if c, err := ParseCheckpoint(text); err == nil {
			t.Errorf("%q was read as %v", text, c)
		}
	}
}

// TestStrangersKeySignsNothing: the key of another project, given by mistake, leaves no trace in
// the log that would look like a forger's.
func TestStrangersKeySignsNothing(t *testing.T) {
	key, _ := keyInFile(t)
	_, sn := extracted(t, ExtractRequest{Key: key, Source: export(t, map[string][]string{"p.ndjson": {`{"resourceType":"Patient","id":"p1","birthDate":"1970-01-01"}`}})})
	s := openTestStore(t, sn.Store().Dir())
	stranger, _ := keyInFile(t)
	if err := s.SignLog(stranger); err != nil {
		t.Fatal(err)
	}
	say(t, s, "crosswalk")
	before := audit(t, s, AuditRequest{})
	if before.Err() != nil || len(before.Verifiers) != 1 || before.Signed != before.Entries-1 {
		t.Errorf("%+v", before)
	}
	if err := s.SignLog(key); err != nil {
		t.Fatal(err)
	}
	say(t, s, "crosswalk")
	if after := audit(t, s, AuditRequest{}); after.Err() != nil || len(after.Verifiers) != 1 || after.Signed != after.Entries {
		t.Errorf("%+v", after)
	}
}

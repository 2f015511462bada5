package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"runtime/debug"
	"sync"
	"time"

	"farr/datasets/internal/auditlog"
)

// logDir is the folder of the tamper-evident log.
const logDir = "log"

// Event is one thing that happened to a store, for its log.
type Event struct {
	Kind string // "extract", "key-rotation", "crosswalk"
	// Facts hold hashes, ids, counts, and reasons by policy path: never a value of a row
	// and never the name of an input. Numbers are integers.
	Facts map[string]any
	// Retires are the IDs of snapshots that go away with this event. It is logged before
	// they are removed: Verify finds one that stayed.
	Retires []string
}

// LogEntry is an event as the log holds it, one line of canonical JSON.
type LogEntry struct {
	Seq       int64             `json:"seq"`  // from 0
	Time      time.Time         `json:"time"` // UTC, to the millisecond
	Farr      string            `json:"farr"` // version of the program
	Kind      string            `json:"kind"`
	Publishes string            `json:"publishes,omitempty"` // ID of the snapshot that exists from here on
	Points    map[string]string `json:"points,omitempty"`    // pointer to ID
	Retires   []string          `json:"retires,omitempty"`
	Custody   string            `json:"custody,omitempty"` // SHA-256 of custody.json from here on
	Facts     map[string]any    `json:"facts,omitempty"`
}

// The kinds of entries that the store makes of itself.
const (
	logBegin    = "log-begin"    // the first entry
	logHealed   = "log-healed"   // an append was cut off before
	logVerifier = "log-verifier" // a key signs from here on
	logPassed   = "log-passed"   // from an old key to the next
	logCurrent  = "current"      // a pointer was moved
)

// The names of facts that the store reads again.
const (
	factOrigin   = "origin"
	factVerifier = "verifier"
	factAdopted  = "adopted"
)

var kindPattern = regexp.MustCompile(`^[a-z][a-z0-9-_]{0,63}$`)

// Log appends one event to the store's log. It is on the disk when Log returns;
// what cannot be logged is not to be done. See [Store.SignLog] for who signs.
func (s *Store) Log(ctx context.Context, e Event) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("log %s: %w", e.Kind, err)
	}
	defer unlock()
	_, err = s.record(LogEntry{Kind: e.Kind, Facts: e.Facts, Retires: e.Retires}, nil)
	return err
}

// logState is what a Store knows of its log between two appends.
type logState struct {
	mu      sync.Mutex
	signers []*auditlog.Signer // of the keys that were given, the newest last
	named   map[string]bool    // verifiers that the log introduces
	witness string             // folder that keeps the newest signed checkpoint; may be empty
}

// record appends an entry and does what it says, both or neither. The caller holds
// the writer lock.
func (s *Store) record(e LogEntry, act func() error) (auditlog.Checkpoint, error) {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	c, err := s.recordLocked(e, act)
	if err != nil {
		return c, fmt.Errorf("log %s: %w", e.Kind, coded(err))
	}
	return c, nil
}

// coded gives damage of the log its code.
func coded(err error) error {
	var damaged *auditlog.DamagedError
	if errors.As(err, &damaged) {
		return &Error{Code: CodeDamagedLog, Subject: damaged.Subject, Detail: damaged.Detail}
	}
	return err
}

// mendLog heals the log, or tells before long work that nothing could be logged of it. The caller
// holds the writer lock.
func (s *Store) mendLog() error {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	l, err := s.openLog()
	if err == nil {
		err = s.contradicted(l)
	}
	return coded(err)
}

func (s *Store) recordLocked(e LogEntry, act func() error) (auditlog.Checkpoint, error) {
	l, err := s.openLog()
	if err != nil {
		return auditlog.Checkpoint{}, err
	}
	if err := s.contradicted(l); err != nil {
		return auditlog.Checkpoint{}, err
	}
	if err := s.introduce(l); err != nil {
		return auditlog.Checkpoint{}, err
	}
	c, err := s.put(l, e, s.logs.signers, act)
	if err == nil {
		err = s.witness(l)
	}
	return c, err
}

// openLog opens the log, heals it, and begins it in a new store. A store that has
// snapshots and no log has lost it.
func (s *Store) openLog() (*auditlog.Log, error) {
	files := s.logFiles()
	begun, err := files.Exists()
	if err != nil {
		return nil, err
	}
	if !begun {
		ids, err := s.Snapshots()
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			return nil, &Error{Code: CodeDamagedLog, Subject: "log of " + s.dir, Detail: noLog}
		}
	}
	return s.openOrBegin(files, LogEntry{})
}

const noLog = "the store has snapshots and no log: it was removed, or the store was made before there were logs (farr audit begin starts one)"

func (s *Store) openOrBegin(files auditlog.Files, first LogEntry) (*auditlog.Log, error) {
	if err := s.root.Mkdir(logDir, 0o700); err == nil {
		err = s.syncDir(".")
		if err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	l, healed, err := auditlog.Open(files, s.happened)
	if err != nil {
		return nil, err
	}
	if l.Size() == 0 {
		first.Kind = logBegin
		if first.Facts == nil {
			first.Facts = map[string]any{}
		}
		first.Facts[factOrigin] = l.Begin()
		if _, err := s.put(l, first, nil, nil); err != nil {
			return nil, err
		}
		return l, nil
	}
	if healed != (auditlog.Healed{}) {
		facts := map[string]any{"kept": healed.Adopted, "cut_bytes": healed.Cut}
		if _, err := s.put(l, LogEntry{Kind: logHealed, Facts: facts}, nil, nil); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (s *Store) logFiles() auditlog.Files {
	return auditlog.Files{Root: s.root, Folder: logDir, Replace: s.writeFile, At: s.at}
}

// put completes an entry and appends it.
func (s *Store) put(l *auditlog.Log, e LogEntry, signers []*auditlog.Signer, act func() error) (auditlog.Checkpoint, error) {
	if !kindPattern.MatchString(e.Kind) {
		return auditlog.Checkpoint{}, fmt.Errorf("kind %q is no name", e.Kind)
	}
	e.Seq, e.Time, e.Farr = l.Size(), s.now().UTC().Truncate(time.Millisecond), version()
	line, err := canonicalJSON(e)
	if err != nil {
		return auditlog.Checkpoint{}, err
	}
	return l.Append(line, signers, act, s.happened)
}

// happened tells whether what a line says is so: it decides about an entry that was
// written and not acknowledged.
func (s *Store) happened(line []byte) bool {
	e, err := parseLogEntry(line)
	if err != nil || e.Publishes == "" && len(e.Points) == 0 && e.Custody == "" {
		return false
	}
	if e.Publishes != "" {
		if _, err := s.Open(e.Publishes); err != nil || !hashPattern.MatchString(e.Publishes) {
			return false
		}
	}
	if e.Custody != "" {
		if text, err := s.root.ReadFile(custodyFile); err != nil || hexSHA256(text) != e.Custody {
			return false
		}
	}
	for name, id := range e.Points {
		if !namePattern.MatchString(name) {
			return false
		}
		if now, err := s.readPointer(path.Join(pointersDir, name)); err != nil || now != id {
			return false
		}
	}
	return true
}

func parseLogEntry(line []byte) (LogEntry, error) {
	var e LogEntry
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber() // integers stay as they are spelt
	err := dec.Decode(&e)
	return e, err
}

// logPublish is the entry of a snapshot: what it was made from and by, and what was
// left out. The counts by path and reason come from facts of the manifest.
func logPublish(id string, m Manifest) LogEntry {
	facts := map[string]any{"key": m.Key, "recipe": m.Recipe, "inputs": m.Inputs}
	maps.Copy(facts, m.Log)
	return LogEntry{Kind: m.Kind, Publishes: id, Facts: facts}
}

// version is that of the program, from its build.
var version = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
})

package datasets

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"farr/internal/disk"
)

// formatVersion is the layout at rest that this farr reads and writes.
const formatVersion = 1

const (
	formatFile   = "farr-store.json" // {"format":1}: what this folder is
	lockFile     = "writer.lock"     // flock'ed while names are changed
	objectsDir   = "objects"         // objects/<aa>/<sha256>
	snapshotsDir = "snapshots"       // <id>.json
	pointersDir  = "current"         // <name>: the ID of the current snapshot
	keysDir      = "by-key"          // <key>: the ID of the snapshot made for it
	stagingDir   = "staging"         // <random>/: what a living writer prepares
)

// Store is a folder of snapshots. It is safe for concurrent use, also by several
// processes: readers never wait, writers take turns for the moment of publishing.
type Store struct {
	dir  string // absolute
	root *disk.Root

	now  func() time.Time // of log entries
	logs logState

	stagings stagings

	// fault is called at each named step of publishing. It is nil outside tests,
	// which use it to fail or to die there.
	fault func(point string) error
}

// OpenStore opens the store in dir. A folder that is no store, or a store of another
// format version, is refused; nothing is made.
func OpenStore(ctx context.Context, dir string) (*Store, error) {
	if _, err := os.Stat(filepath.Join(dir, formatFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Code: CodeNotAStore, Subject: dir, Detail: "there is no farr store; farr extract makes one"}
	}
	return CreateStore(ctx, dir)
}

// CreateStore opens the store in dir, and makes it when dir is missing or empty. What a
// process that was killed left in staging goes.
func CreateStore(ctx context.Context, dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	root, err := disk.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{dir: dir, root: root, now: time.Now}
	if err := s.checkFormat(ctx); err != nil {
		root.Close()
		return nil, err
	}
	if err := s.finishPending(ctx); err != nil {
		root.Close()
		return nil, err
	}
	s.sweepAtStart()
	return s, nil
}

// Dir is the store's folder, absolute.
func (s *Store) Dir() string { return s.dir }

// Close releases the folder. Snapshots opened from it must not be used afterwards.
func (s *Store) Close() error { return s.root.Close() }

type formatMark struct {
	Format int `json:"format"`
}

func (s *Store) checkFormat(ctx context.Context) error {
	text, err := s.root.ReadFile(formatFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s.create(ctx)
	}
	return s.judgeFormat(text, err)
}

// judgeFormat takes what reading the format mark gave.
func (s *Store) judgeFormat(text []byte, err error) error {
	if err != nil {
		return fmt.Errorf("open store %s: %w", s.dir, err)
	}
	var mark formatMark
	if err := json.Unmarshal(text, &mark); err != nil || mark.Format <= 0 {
		return &Error{Code: CodeStoreFormat, Subject: s.dir, Detail: formatFile + " is not readable"}
	}
	if mark.Format != formatVersion {
		return &Error{Code: CodeStoreFormat, Subject: s.dir,
			Detail: fmt.Sprintf("it has format %d and this farr reads and writes format %d", mark.Format, formatVersion)}
	}
	for _, name := range layout {
		info, err := s.root.Lstat(name)
		if err != nil || !info.IsDir() {
			return &Error{Code: CodeDamagedLayout, Subject: path.Join(s.dir, name), Detail: "not a folder"}
		}
	}
	return nil
}

// layout is every folder of a store.
var layout = []string{objectsDir, snapshotsDir, pointersDir, keysDir, stagingDir}

// create makes the layout in an empty folder, the format mark last, so that a
// folder with the mark has all the rest. Another process may be doing the same: what
// is there is looked at before the lock, so that nothing is put into a folder that is
// refused, and again under it.
func (s *Store) create(ctx context.Context) error {
	if err := s.checkEmpty(); err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	text, err := s.root.ReadFile(formatFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return s.judgeFormat(text, err)
	}
	if err := s.checkEmpty(); err != nil {
		return err
	}
	if info, err := s.root.Lstat("."); err != nil {
		return fmt.Errorf("create store: %w", err)
	} else if Private(s.dir, info) != nil { // a folder that was made for it; nothing is in it yet
		if err := s.root.Chmod(".", 0o700); err != nil {
			return fmt.Errorf("create store: %w", err)
		}
	}
	for _, name := range layout {
		if err := s.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("create store: %w", err)
		}
	}
	text, err = canonicalJSON(formatMark{formatVersion})
	if err != nil {
		return err
	}
	return s.writeFile(formatFile, append(text, '\n'), 0o444)
}

// checkEmpty refuses a folder with anything that create does not make.
func (s *Store) checkEmpty() error {
	names, err := readNames(s.root, ".")
	if err != nil {
		return fmt.Errorf("create store %s: %w", s.dir, err)
	}
	for _, name := range names {
		if name != formatFile && name != lockFile && !slices.Contains(layout, name) {
			return &Error{Code: CodeNotAStore, Subject: s.dir, Detail: "it is neither empty nor a farr store"}
		}
	}
	return nil
}

// writeFile puts data at name, whole or not at all: written beside, synced,
// renamed, and the folder synced. The caller holds the writer lock, so the
// temporary name in staging belongs to nobody else and dies with the next sweep.
func (s *Store) writeFile(name string, data []byte, mode fs.FileMode) (err error) {
	temp := path.Join(stagingDir, "file-"+randomName())
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.root.Remove(temp)
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = s.root.Rename(temp, name)
	}
	if err != nil {
		return err
	}
	return s.syncDir(path.Dir(name))
}

// syncDir makes the names in a folder durable.
func (s *Store) syncDir(name string) error {
	d, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// at is the hook for named fault points.
func (s *Store) at(point string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(point)
}

func readNames(root *disk.Root, dir string) ([]string, error) {
	d, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

func randomName() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func objectName(sha string) string { return path.Join(objectsDir, sha[:2], sha) }

func manifestName(id string) string { return path.Join(snapshotsDir, id+".json") }

// idOfManifest is the inverse of manifestName, or "" for other files.
func idOfManifest(name string) string {
	id, ok := strings.CutSuffix(name, ".json")
	if !ok || !hashPattern.MatchString(id) {
		return ""
	}
	return id
}

package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"farr/internal/disk"
)

// Staging is a private folder in which one snapshot is prepared. Until Publish
// returns, no reader can see any of it. Its methods may be called from several
// goroutines, Publish and Close from one.
type Staging struct {
	store  *Store
	kind   string
	name   string // staging/<random>
	lock   *disk.File
	closed bool
	guard  func() error // under the writer lock, right before anything gets its final name; may be nil

	sequence int // of the objects that are made, unless their writer says another

	mu      sync.Mutex
	objects []stagedObject
	bytes   int64 // of objects that were written
	open    int   // writers not closed yet
	next    int   // number of the next object file
}

// stagedObject is a finished file that waits for Publish.
type stagedObject struct {
	Object
	table string
	of    []string // of tombstones, the tables whose rows they are about; table is empty
	file  string   // name in the store's root
}

// Begin makes a staging folder for a snapshot of that kind, and first removes
// what dead processes left. A folder whose lock is held belongs to a living
// process and stays.
func (s *Store) Begin(ctx context.Context, kind string) (*Staging, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.checkPlace(); err != nil {
		return nil, fmt.Errorf("begin %s: %w", kind, err)
	}
	if err := s.sweep(); err != nil {
		return nil, fmt.Errorf("clean staging: %w", err)
	}
	if err := s.mendLog(); err != nil {
		return nil, fmt.Errorf("begin %s: %w", kind, err)
	}
	g := &Staging{store: s, kind: kind, name: path.Join(stagingDir, randomName())}
	if err := s.root.Mkdir(g.name, 0o700); err != nil {
		return nil, fmt.Errorf("begin %s: %w", kind, err)
	}
	if err := g.occupy(); err != nil {
		s.root.RemoveAll(g.name)
		return nil, fmt.Errorf("begin %s: %w", kind, err)
	}
	g.begun()
	return g, nil
}

func (g *Staging) occupy() error {
	for _, sub := range []string{"work", "objects"} {
		if err := g.store.root.Mkdir(path.Join(g.name, sub), 0o700); err != nil {
			return err
		}
	}
	f, err := g.store.root.OpenFile(path.Join(g.name, "lock"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if held, err := tryLock(f); err != nil || !held {
		f.Close()
		return errors.Join(err, errors.New("staging is not ours"))
	}
	g.lock = f
	return nil
}

// sweep removes staging that no living process holds. The caller has the writer
// lock, under which folders are made and locked, so none is seen half-made. A lock
// that cannot be asked, for want of file handles or rights, is no sign of death.
func (s *Store) sweep() error {
	names, err := readNames(s.root, stagingDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.sweepOne(path.Join(stagingDir, name)); err != nil {
			return err
		}
	}
	return nil
}

// sweepAtStart is sweep where nobody is publishing and the store can be written. Begin
// does it again, and tells when it fails.
func (s *Store) sweepAtStart() {
	if names, err := readNames(s.root, stagingDir); err != nil || len(names) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // whoever has the lock keeps it
	if unlock, err := s.lock(ctx); err == nil {
		defer unlock()
		s.sweep()
	}
}

func (s *Store) sweepOne(name string) error {
	info, err := s.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its owner closed it meanwhile
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		f, err := s.root.OpenFile(path.Join(name, "lock"), os.O_RDWR, 0)
		switch {
		case err == nil:
			defer f.Close()
			if dead, err := tryLock(f); err != nil || !dead {
				return err
			}
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return s.root.RemoveAll(name)
}

// Dir is the absolute path of a private folder for spill and temporary files of
// this step. It goes away with the staging.
func (g *Staging) Dir() string {
	return filepath.Join(g.store.dir, filepath.FromSlash(g.name), "work")
}

// Create opens a new object of a table that will hold rows of the buckets
// lowBucket to highBucket, inclusive.
func (g *Staging) Create(table string, lowBucket, highBucket int) (*ObjectWriter, error) {
	name := g.newObjectFile()
	f, err := g.store.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create object of %s: %w", table, err)
	}
	g.mu.Lock()
	g.open++
	g.mu.Unlock()
	return &ObjectWriter{staging: g, file: f, hash: sha256.New(), staged: stagedObject{
		table: table, file: name, Object: Object{LowBucket: lowBucket, HighBucket: highBucket, Sequence: g.sequence},
	}}, nil
}

// createTombstones opens a new object of tombstones of some tables.
func (g *Staging) createTombstones(of []string, lowBucket int) (*ObjectWriter, error) {
	w, err := g.Create("", lowBucket, lowBucket)
	if err == nil {
		w.staged.of = of
	}
	return w, err
}

func (g *Staging) newObjectFile() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next++
	return path.Join(g.name, "objects", fmt.Sprintf("%06d", g.next))
}

// take counts bytes that are about to be written, within the bound.
func (g *Staging) take(n int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bytes += int64(n)
	return g.within(g.bytes)
}

func (g *Staging) add(o stagedObject) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.objects = append(g.objects, o)
}

// Close removes the folder with everything that was not published. It may be
// deferred: after Publish there is little left to do, and twice does nothing.
func (g *Staging) Close() error {
	if g.closed {
		return nil
	}
	g.closed = true
	defer g.ended()
	err := g.store.root.RemoveAll(g.name)
	g.lock.Close()
	return err
}

// ObjectWriter writes one object and hashes it on the way.
type ObjectWriter struct {
	staging *Staging
	file    *disk.File
	hash    hash.Hash
	staged  stagedObject
	err     error // the first failed write; later ones and Close repeat it
	done    bool
}

// Write implements io.Writer. After one failure, such as a full disk, every
// further call fails.
func (w *ObjectWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.done {
		return 0, fs.ErrClosed
	}
	if err := w.staging.take(len(p)); err != nil {
		w.err = err
		return 0, err
	}
	n, err := w.file.Write(p)
	w.hash.Write(p[:n])
	w.staged.Bytes += int64(n)
	w.err = err
	return n, err
}

// Close makes the object durable and part of the coming snapshot. rows is what
// the caller wrote; Publish compares it with what the file says.
func (w *ObjectWriter) Close(rows int64) error {
	if w.done {
		return fs.ErrClosed
	}
	err := w.err
	if err == nil {
		err = w.file.Sync()
	}
	w.release(err != nil)
	if err != nil {
		return fmt.Errorf("write object of %s: %w", w.staged.table, err)
	}
	w.staged.Rows = rows
	w.staged.SHA256 = hex.EncodeToString(w.hash.Sum(nil))
	w.staging.add(w.staged)
	return nil
}

// Abort drops an object that is not to be published. After Close it does nothing.
func (w *ObjectWriter) Abort() {
	if !w.done {
		w.release(true)
	}
}

func (w *ObjectWriter) release(remove bool) {
	w.done = true
	w.file.Close()
	if remove {
		w.staging.store.root.Remove(w.staged.file)
	}
	w.staging.mu.Lock()
	w.staging.open--
	w.staging.mu.Unlock()
}

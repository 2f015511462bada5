package datasets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// exportsDir holds <key>.json of each export that a server was asked for and that is not done with, and an empty <request>.lock of
// each request.
const exportsDir = "exports"

// pending is an export at a server, kept so that a restart goes on with it.
type pending struct {
	Format  int        `json:"format"`
	Status  string     `json:"status"` // where to ask how far it is; empty while the server is asked to begin it
	Begun   time.Time  `json:"begun"`
	Request string     `json:"request,omitempty"` // hash of what is asked for and to be made of it, whenever; "" of an older farr
	Granted string     `json:"granted,omitempty"` // hash of the scope that the server granted; "" without a token
	Since   *time.Time `json:"since,omitempty"`   // what changed since is asked for; nil of a full load
	// Published says that its snapshot is there, and only the server has not been told.
	Published bool `json:"published,omitempty"`
}

// resumedFor is how long an export is gone on with. An older one would give records of yesterday for those of today.
const resumedFor = 24 * time.Hour

func pendingName(key string) string { return path.Join(exportsDir, key+".json") }

// pending reads the export that was begun for a request, nil when there is none. One that cannot be read is none: the server
// is asked anew.
func (s *Store) pending(key string) (*pending, error) {
	text, err := s.root.ReadFile(pendingName(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the export that was begun: %w", err)
	}
	return parsePending(text), nil
}

// allPending are the exports that were begun, by key.
func (s *Store) allPending() (map[string]pending, error) {
	names, err := readNames(s.root, exportsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the exports that were begun: %w", err)
	}
	all := map[string]pending{}
	for _, name := range names {
		key, _ := strings.CutSuffix(name, ".json")
		if name != key+".json" || !hashPattern.MatchString(key) {
			continue
		}
		if p, err := s.pending(key); p != nil && err == nil { // one that cannot be read is none
			all[key] = *p
		}
	}
	return all, nil
}

// lockExport takes what is asked of a server for one extract alone: another of the same would take its export for one that was left,
// and let it go. The kernel drops it with the process.
func (s *Store) lockExport(request, source string) (unlock func(), err error) {
	refuse := func(err error) (func(), error) {
		return nil, fmt.Errorf("lock the export: %w", err)
	}
	if err := s.makeExportsDir(); err != nil {
		return refuse(err)
	}
	f, err := s.root.OpenFile(path.Join(exportsDir, request+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return refuse(err)
	}
	held, err := tryLock(f)
	if err == nil && !held {
		err = &Error{Code: CodeLocked, Subject: "source " + source, Detail: "another extract is asking the server for the same"}
	}
	if err != nil {
		f.Close()
		return refuse(err)
	}
	return func() { f.Close() }, nil
}

func (s *Store) makeExportsDir() error {
	if err := s.root.Mkdir(exportsDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return s.syncDir(".")
}

func parsePending(text []byte) *pending {
	var p pending
	if json.Unmarshal(text, &p) != nil || p.Format != formatVersion || p.Begun.IsZero() {
		return nil
	}
	return &p
}

// keepPending keeps an export, whole or not at all.
func (s *Store) keepPending(ctx context.Context, key string, p pending) error {
	p.Format = formatVersion
	text, err := canonicalJSON(p)
	if err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("keep the export that was begun: %w", err)
	}
	defer unlock()
	if err := s.makeExportsDir(); err != nil {
		return fmt.Errorf("keep the export that was begun: %w", err)
	}
	if err := s.writeFile(pendingName(key), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the export that was begun: %w", err)
	}
	return nil
}

// dropPending forgets an export.
func (s *Store) dropPending(ctx context.Context, key string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("forget the export that was begun: %w", err)
	}
	defer unlock()
	if err := s.root.Remove(pendingName(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the export that was begun: %w", err)
	}
	return nil
}

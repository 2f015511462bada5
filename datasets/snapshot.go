package datasets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Snapshot is one published, unchanging set of tables.
type Snapshot struct {
	store    *Store
	id       string
	manifest Manifest
}

// ID is the hex SHA-256 of the canonical manifest.
func (sn *Snapshot) ID() string { return sn.id }

// Manifest describes the snapshot. The caller must not change what it holds.
func (sn *Snapshot) Manifest() Manifest { return sn.manifest }

// Table returns the description of a table.
func (sn *Snapshot) Table(name string) (Table, bool) {
	for _, t := range sn.manifest.Tables {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

// Paths are the absolute paths of a table's objects in bucket order, none when
// the table is empty or unknown. Call Check before trusting their bytes. Where the table has
// tombstones some of the rows are dead: Scan leaves them out.
func (sn *Snapshot) Paths(table string) []string {
	t, _ := sn.Table(table)
	return sn.paths(t.Objects)
}

func (sn *Snapshot) paths(objects []Object) (paths []string) {
	for _, o := range objects {
		paths = append(paths, filepath.Join(sn.store.dir, filepath.FromSlash(objectName(o.SHA256))))
	}
	return paths
}

// Check hashes the objects of the named tables, or of all when none is named,
// and fails on the first that is missing or changed. A reader of Parquet does
// not notice a flipped bit, so every run checks what it reads; it costs about a
// second for a gigabyte and core.
func (sn *Snapshot) Check(ctx context.Context, tables ...string) error {
	var objects []Object
	for _, t := range sn.manifest.Tables {
		if len(tables) == 0 || slices.Contains(tables, t.Name) {
			objects = append(objects, t.files()...)
		}
	}
	return inParallel(ctx, objects, func(ctx context.Context, o Object) error {
		return sn.store.checkObject(ctx, objectName(o.SHA256), o)
	})
}

// Open opens a snapshot by its ID or a unique prefix of 8 characters or more.
func (s *Store) Open(id string) (*Snapshot, error) {
	if !hashPattern.MatchString(id) {
		full, err := s.resolve(id)
		if err != nil {
			return nil, err
		}
		id = full
	}
	text, err := s.readRegular(manifestName(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Code: CodeNotFound, Subject: "snapshot " + id}
	}
	if err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", id, err)
	}
	if hexSHA256(text) != id {
		return nil, &Error{Code: CodeDamagedManifest, Subject: "snapshot " + id, Detail: "its manifest has changed"}
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, &Error{Code: CodeDamagedManifest, Subject: "snapshot " + id, Err: err}
	}
	if m.Format != formatVersion {
		return nil, &Error{Code: CodeStoreFormat, Subject: "snapshot " + id,
			Detail: fmt.Sprintf("it has format %d and this farr reads format %d", m.Format, formatVersion)}
	}
	if err := m.check(); err != nil {
		return nil, &Error{Code: CodeDamagedManifest, Subject: "snapshot " + id, Err: err}
	}
	return &Snapshot{store: s, id: id, manifest: m}, nil
}

func (s *Store) resolve(prefix string) (string, error) {
	if len(prefix) < 8 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return "", &Error{Code: CodeNotFound, Subject: fmt.Sprintf("snapshot %q", prefix), Detail: "an ID is 8 to 64 hex characters"}
	}
	ids, err := s.Snapshots()
	if err != nil {
		return "", err
	}
	found := ""
	for _, id := range ids {
		if !strings.HasPrefix(id, prefix) {
			continue
		}
		if found != "" {
			return "", &Error{Code: CodeAmbiguousID, Subject: "snapshot " + prefix, Detail: "several snapshots begin so"}
		}
		found = id
	}
	if found == "" {
		return "", &Error{Code: CodeNotFound, Subject: "snapshot " + prefix}
	}
	return found, nil
}

// Snapshots lists the IDs of all published snapshots, sorted.
func (s *Store) Snapshots() ([]string, error) {
	names, err := readNames(s.root, snapshotsDir)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var ids []string
	for _, name := range names {
		if id := idOfManifest(name); id != "" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// ByKey returns the snapshot that was made for a key, or nil when there is none:
// the skip rule.
func (s *Store) ByKey(key string) (*Snapshot, error) {
	if !hashPattern.MatchString(key) {
		return nil, &Error{Code: CodeNotFound, Subject: fmt.Sprintf("key %q", key), Detail: "a key is a SHA-256"}
	}
	id, err := s.readPointer(path.Join(keysDir, key))
	if err != nil || id == "" {
		return nil, err
	}
	sn, err := s.Open(id)
	if CodeOf(err) == CodeNotFound {
		return nil, nil // a publish that did not reach its manifest
	}
	if err != nil {
		return nil, err
	}
	if sn.manifest.Key != key {
		return nil, &Error{Code: CodeDamagedPointer, Subject: "key " + key, Detail: "its entry names a snapshot of another key"}
	}
	return sn, nil
}

// Current opens the snapshot that a pointer names.
func (s *Store) Current(name string) (*Snapshot, error) {
	if !namePattern.MatchString(name) {
		return nil, &Error{Code: CodeNotFound, Subject: fmt.Sprintf("pointer %q", name), Detail: "not a name"}
	}
	for {
		id, err := s.readPointer(path.Join(pointersDir, name))
		if err != nil {
			return nil, err
		}
		if id == "" {
			return nil, &Error{Code: CodeNotFound, Subject: "pointer " + name, Detail: "nothing was published under it"}
		}
		sn, err := s.Open(id)
		if CodeOf(err) != CodeNotFound {
			return sn, err
		}
		// Between the two it may have been moved, and what it named retired.
		if now, err := s.readPointer(path.Join(pointersDir, name)); err != nil || now == id {
			return nil, &Error{Code: CodeDamagedPointer, Subject: "pointer " + name, Detail: "it names a snapshot that is not there"}
		}
	}
}

// SetCurrent lets a pointer name a published snapshot.
func (s *Store) SetCurrent(ctx context.Context, name, id string) error {
	return s.point(ctx, name, id, func(string) bool { return true })
}

// point is SetCurrent where what the pointer names now, "" for nothing, is as asked, and nothing elsewhere.
func (s *Store) point(ctx context.Context, name, id string, from func(now string) bool) error {
	if !namePattern.MatchString(name) {
		return &Error{Code: CodeBadManifest, Subject: fmt.Sprintf("pointer %q", name), Detail: "not a name"}
	}
	sn, err := s.Open(id)
	if err != nil {
		return fmt.Errorf("point %s: %w", name, err)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.Open(sn.id); err != nil { // it may have been retired before the lock
		return fmt.Errorf("point %s: %w", name, err)
	}
	file := path.Join(pointersDir, name)
	now, err := s.readPointer(file)
	if err == nil && now == sn.id {
		return nil
	}
	if !from(now) {
		return err
	}
	_, err = s.record(LogEntry{Kind: logCurrent, Points: map[string]string{name: sn.id}}, func() error {
		return s.writeFile(file, []byte(sn.id+"\n"), 0o600)
	})
	if err != nil {
		return fmt.Errorf("point %s: %w", name, err)
	}
	return nil
}

// readPointer returns the ID in a pointer file, "" when there is no such file.
func (s *Store) readPointer(name string) (string, error) {
	text, err := s.readRegular(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	id, ok := strings.CutSuffix(string(text), "\n")
	if !ok || !hashPattern.MatchString(id) {
		return "", &Error{Code: CodeDamagedPointer, Subject: name, Detail: "it holds no ID"}
	}
	return id, nil
}

// Expected are the types that the sources of an extract are said to have, together; empty where one of them says nothing.
func (sn *Snapshot) Expected() (types []string) {
	recipe := sn.Manifest().Recipe
	list, several := recipe[recipeSources].([]any)
	if !several {
		list = []any{recipe}
	}
	for _, one := range list {
		said, _ := one.(map[string]any)
		names, _ := said[RecipeExpect].([]any)
		if len(names) == 0 {
			return nil
		}
		for _, name := range names {
			if s, ok := name.(string); ok {
				types = append(types, s)
			}
		}
	}
	return types
}

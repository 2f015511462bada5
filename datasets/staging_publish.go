package datasets

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Publish makes the prepared objects and m one snapshot. In this order: the
// objects are read again and compared with what was written; they are renamed
// into the pool; then the key's index entry; then an entry of the log; the manifest last, which
// makes the snapshot exist. A stop anywhere before leaves at most objects that nothing
// names. Publishing equal content again gives the same snapshot.
//
// m names the tables and columns; Publish adds the staged objects to them, after
// objects that m already lists from earlier snapshots.
func (g *Staging) Publish(ctx context.Context, m Manifest) (*Snapshot, error) {
	id, text, err := g.seal(ctx, &m)
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", g.kind, err)
	}
	unlock, err := g.store.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", g.kind, err)
	}
	defer unlock()
	if err := g.store.checkInputs(m); err != nil {
		return nil, fmt.Errorf("publish %s: %w", g.kind, err)
	}
	if g.guard != nil {
		if err := g.guard(); err != nil {
			return nil, fmt.Errorf("publish %s: %w", g.kind, err)
		}
	}
	if err := g.commit(id, m, text); err != nil {
		return nil, fmt.Errorf("publish %s: %w", g.kind, err)
	}
	if err := g.Close(); err != nil {
		return nil, fmt.Errorf("publish %s: %w", g.kind, err)
	}
	return &Snapshot{store: g.store, id: id, manifest: m}, nil
}

// seal completes the manifest and proves that the staged files are what it says.
func (g *Staging) seal(ctx context.Context, m *Manifest) (id string, text []byte, err error) {
	if g.closed {
		return "", nil, fs.ErrClosed
	}
	if g.open > 0 {
		return "", nil, fmt.Errorf("%d objects are still being written", g.open)
	}
	if g.Limit() > 0 {
		staged, err := g.store.Staged()
		if err = errors.Join(err, g.within(staged)); err != nil {
			return "", nil, err
		}
	}
	m.Format = formatVersion
	if m.Kind != g.kind {
		return "", nil, &Error{Code: CodeBadManifest, Subject: "manifest", Detail: fmt.Sprintf("kind %q in a staging for %q", m.Kind, g.kind)}
	}
	m.Tables = slices.Clone(m.Tables)
	byName := map[string]*Table{}
	var earlier []Object
	seen := map[string]bool{}
	for i := range m.Tables {
		m.Tables[i].Objects, m.Tables[i].Tombstones = slices.Clone(m.Tables[i].Objects), slices.Clone(m.Tables[i].Tombstones)
		byName[m.Tables[i].Name] = &m.Tables[i]
		for _, o := range m.Tables[i].files() {
			if !seen[o.SHA256] { // tables of a type share their tombstones
				seen[o.SHA256] = true
				earlier = append(earlier, o)
			}
		}
	}
	staged := slices.Clone(g.objects)
	slices.SortStableFunc(staged, func(a, b stagedObject) int {
		return cmp.Or(cmp.Compare(a.LowBucket, b.LowBucket), cmp.Compare(a.file, b.file))
	})
	for _, o := range staged {
		for _, name := range o.tables() {
			t := byName[name]
			if t == nil {
				return "", nil, &Error{Code: CodeBadManifest, Subject: "object of " + name, Detail: "its table is not in the manifest"}
			}
			if len(o.of) > 0 {
				t.Tombstones = append(t.Tombstones, o.Object)
				continue
			}
			t.Objects = append(t.Objects, o.Object)
		}
	}
	for _, t := range byName {
		for _, objects := range [][]Object{t.Objects, t.Tombstones} {
			slices.SortStableFunc(objects, func(a, b Object) int { return cmp.Compare(a.LowBucket, b.LowBucket) })
		}
	}
	if err := m.check(); err != nil {
		return "", nil, err
	}
	if err := g.store.at("recheck"); err != nil {
		return "", nil, err
	}
	err = inParallel(ctx, earlier, func(ctx context.Context, o Object) error {
		return g.store.checkObject(ctx, objectName(o.SHA256), o)
	})
	if err != nil {
		return "", nil, err
	}
	err = inParallel(ctx, staged, func(ctx context.Context, o stagedObject) error {
		if err := g.store.checkObject(ctx, o.file, o.Object); err != nil {
			return err
		}
		if len(o.of) > 0 {
			return g.checkParquet(o, Table{Name: "tombstones", Columns: tombstoneColumns})
		}
		return g.checkParquet(o, *byName[o.table])
	})
	if err != nil {
		return "", nil, err
	}
	if text, err = canonicalJSON(m); err != nil {
		return "", nil, err
	}
	log := m.Log
	// Reading back what is stored, not keeping what was given: both must mean the same.
	*m = Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return "", nil, err
	}
	m.Log = log
	return hexSHA256(text), text, nil
}

// tables are those that an object belongs to: of tombstones there may be several.
func (o stagedObject) tables() []string {
	if len(o.of) > 0 {
		return o.of
	}
	return []string{o.table}
}

// checkParquet compares a staged file's own row count and columns with the manifest's.
func (g *Staging) checkParquet(o stagedObject, t Table) error {
	f, err := g.store.root.Open(o.file)
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := parquet.OpenFile(f, o.Bytes, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return fmt.Errorf("object of %s is not Parquet: %w", o.table, err)
	}
	if file.NumRows() != o.Rows {
		return fmt.Errorf("object of %s has %d rows and %d were written", o.table, file.NumRows(), o.Rows)
	}
	var names []string
	for _, field := range file.Schema().Fields() {
		names = append(names, field.Name())
	}
	for _, c := range t.Columns {
		if !slices.Contains(names, c.Name) {
			return fmt.Errorf("object of %s has no column %s", o.table, c.Name)
		}
	}
	if len(names) != len(t.Columns) {
		return fmt.Errorf("object of %s has %d columns and its table %d", o.table, len(names), len(t.Columns))
	}
	return nil
}

// commit gives the checked files their final names. The caller holds the writer lock.
func (g *Staging) commit(id string, m Manifest, text []byte) error {
	s := g.store
	folders := map[string]bool{}
	for _, o := range g.objects {
		if err := s.at("object"); err != nil {
			return err
		}
		name := objectName(o.SHA256)
		if folder := path.Dir(name); !folders[folder] {
			if err := s.root.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			folders[folder] = true
		}
		if err := s.root.Chmod(o.file, 0o444); err != nil {
			return err
		}
		// An object that is there already has the same bytes, or is damaged and healed by this.
		if err := s.root.Rename(o.file, name); err != nil {
			return err
		}
	}
	for folder := range folders {
		if err := s.syncDir(folder); err != nil {
			return err
		}
	}
	if err := s.syncDir(objectsDir); err != nil {
		return err
	}
	if err := s.at("key"); err != nil {
		return err
	}
	// Before the manifest: an entry that leads nowhere is a miss, while a
	// snapshot without its entry would be made twice.
	if err := s.writeFile(path.Join(keysDir, m.Key), []byte(id+"\n"), 0o444); err != nil {
		return err
	}
	_, err := s.record(logPublish(id, m), func() error {
		if err := s.at("manifest"); err != nil {
			return err
		}
		return s.writeFile(manifestName(id), text, 0o444)
	})
	if err != nil {
		return err
	}
	return s.at("published")
}

package datasets

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
)

// pendingWork is what is left to do once a removal or a prune is written down.
type pendingWork struct {
	Kind     string            `json:"kind,omitempty"`     // pendingPrune; empty of a removal
	Replaces map[string]string `json:"replaces,omitempty"` // extract to the one without the persons
	Retires  []string          `json:"retires"`            // snapshots that go
	Counts   []int64           `json:"counts,omitempty"`   // resources, references
}

// madeOf lists the snapshots that go when some are replaced and some go whole: these, and whatever was
// made of them, through any number of steps. Packages and the like, which are made of none, stay.
func (s *Store) madeOf(replaces map[string]string, whole []*Snapshot) ([]string, error) {
	all, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	goes := map[string]bool{}
	for id := range replaces {
		goes[id] = true
	}
	for _, sn := range whole {
		goes[sn.id] = true
	}
	for again := true; again; {
		again = false
		for _, id := range all {
			if goes[id] {
				continue
			}
			sn, err := s.Open(id)
			if err != nil {
				return nil, err
			}
			// An increment names its objects itself, and is searched itself: it stays where its base goes.
			if slices.ContainsFunc(sn.manifest.Inputs, func(in Input) bool { return in.Kind != inputBase && goes[in.ID] }) {
				goes[id], again = true, true
			}
		}
	}
	list := []string{}
	for id := range goes {
		list = append(list, id)
	}
	slices.Sort(list)
	return list, nil
}

// finishPending does what a removal or a prune that was cut off has left. It costs one small file to see
// that there is nothing.
func (s *Store) finishPending(ctx context.Context) error {
	if !s.unfinished() {
		return nil
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.finishPendingLocked()
}

// unfinished tells whether a removal or a prune has something left to do. A file that cannot be read is found by who needs it.
func (s *Store) unfinished() bool {
	text, err := s.root.ReadFile(custodyFile)
	return err == nil && bytes.Contains(text, []byte(`"pending":`))
}

// finishPendingLocked moves the pointers, deletes manifests and index entries, then every object that no
// manifest names, and says in the end that it is done. Each step can be done again. The caller
// holds the writer lock.
func (s *Store) finishPendingLocked() error {
	c, err := s.loadCustodyLocked()
	if err != nil || c.Pending == nil {
		return err
	}
	if err := s.movePointers(c.Pending); err != nil {
		return err
	}
	for _, folder := range []string{keysDir, snapshotsDir} {
		names, err := readNames(s.root, folder)
		if err != nil {
			return err
		}
		for _, name := range names {
			id := idOfManifest(name)
			if folder == keysDir {
				if id, err = s.readPointer(path.Join(folder, name)); err != nil {
					return err
				}
			}
			if slices.Contains(c.Pending.Retires, id) {
				if err := s.delete(path.Join(folder, name)); err != nil {
					return err
				}
			}
		}
		if err := s.syncDir(folder); err != nil {
			return err
		}
	}
	if err := s.deleteUnnamed(); err != nil {
		return err
	}
	return s.changeCustody(Event{Kind: cmp.Or(c.Pending.Kind, "removal") + "-done", Facts: map[string]any{"retired": len(c.Pending.Retires)}}, func(c *custody) error {
		c.Pending = nil
		return nil
	})
}

func (s *Store) delete(name string) error {
	if err := s.at("delete"); err != nil {
		return err
	}
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// movePointers lets those that name an extract that goes name its replacement, and takes others away.
func (s *Store) movePointers(p *pendingWork) error {
	names, err := readNames(s.root, pointersDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		file := path.Join(pointersDir, name)
		id, err := s.readPointer(file)
		if err != nil {
			return err
		}
		if !slices.Contains(p.Retires, id) {
			continue
		}
		next := p.Replaces[id]
		_, err = s.record(LogEntry{Kind: logCurrent, Points: map[string]string{name: next}}, func() error {
			if err := s.at("pointer"); err != nil {
				return err
			}
			if next != "" {
				return s.writeFile(file, []byte(next+"\n"), 0o600)
			}
			if err := s.delete(file); err != nil {
				return err
			}
			return s.syncDir(pointersDir)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteUnnamed deletes every object that no manifest names. Under the writer lock none is on its way
// to a manifest.
func (s *Store) deleteUnnamed() error {
	named := map[string]bool{}
	ids, err := s.Snapshots()
	if err != nil {
		return err
	}
	for _, id := range ids {
		sn, err := s.Open(id)
		if err != nil {
			return err
		}
		for _, t := range sn.manifest.Tables {
			for _, o := range t.files() {
				named[o.SHA256] = true
			}
		}
	}
	err = s.eachObject(func(name, sha string) error {
		if named[sha] {
			return nil
		}
		return s.delete(name)
	})
	if err != nil {
		return err
	}
	folders, err := readNames(s.root, objectsDir)
	if err != nil {
		return err
	}
	for _, folder := range folders { // also where a run that deleted in it ended right there
		if err := s.syncDir(path.Join(objectsDir, folder)); err != nil {
			return err
		}
	}
	return nil
}

// checkInputs refuses to publish what was made of a snapshot that was retired meanwhile, or that
// shares an object which went with one. The caller holds the writer lock.
func (s *Store) checkInputs(m Manifest) error {
	var entries []LogEntry
	for _, in := range m.Inputs {
		if in.Kind != "snapshot" {
			continue
		}
		if _, err := s.root.Lstat(manifestName(in.ID)); err == nil {
			continue
		}
		if entries == nil {
			var err error
			if entries, err = s.LogEntries(); err != nil {
				return err
			}
		}
		for _, e := range entries {
			if slices.Contains(e.Retires, in.ID) {
				return &Error{Code: CodeNotFound, Subject: "snapshot " + in.ID, Detail: "it was retired while this was made of it: run it again on the current one"}
			}
		}
	}
	return nil
}

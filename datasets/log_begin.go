package datasets

import (
	"context"
	"fmt"
	"path"
)

// BeginLog begins the log of a store that has snapshots and none: one that was made before there
// were logs. Its first entry names the snapshots and pointers that were there, and says so to
// every Audit. Where a log was removed it hides nothing: the new one has another name than
// checkpoints that were kept of the old.
func (s *Store) BeginLog(ctx context.Context) (Checkpoint, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	defer unlock()
	files := s.logFiles()
	begun, err := files.Exists()
	if err != nil {
		return Checkpoint{}, err
	}
	if begun {
		return Checkpoint{}, fmt.Errorf("store %s has a log; nothing was begun", s.dir)
	}
	ids, err := s.Snapshots()
	if err != nil {
		return Checkpoint{}, err
	}
	adopted := []any{}
	for _, id := range ids {
		adopted = append(adopted, id)
	}
	names, err := readNames(s.root, pointersDir)
	if err != nil {
		return Checkpoint{}, err
	}
	points := map[string]string{}
	for _, name := range names {
		if points[name], err = s.readPointer(path.Join(pointersDir, name)); err != nil {
			return Checkpoint{}, err
		}
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	l, err := s.openOrBegin(files, LogEntry{Points: points, Facts: map[string]any{factAdopted: adopted}})
	if err != nil {
		return Checkpoint{}, err
	}
	err = s.introduce(l)
	return l.Head(), err
}

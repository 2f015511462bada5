package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
)

// stagings are those of a Store that are not closed, and what they may hold on the disk together.
type stagings struct {
	mu     sync.Mutex
	limit  int64
	living map[*Staging]bool
}

// LimitStaging bounds what the store's stagings may hold on the disk at a time, objects and spill together: 0 is no
// bound. More is CodeNoRoom where it is written or published; who wants to know earlier asks Staged.
func (s *Store) LimitStaging(bytes int64) {
	s.stagings.mu.Lock()
	defer s.stagings.mu.Unlock()
	s.stagings.limit = bytes
}

// Staged is how many bytes the stagings hold that were begun by this Store and are not closed.
func (s *Store) Staged() (bytes int64, err error) {
	s.stagings.mu.Lock()
	var names []string
	for g := range s.stagings.living {
		names = append(names, g.name)
	}
	s.stagings.mu.Unlock()
	for _, name := range names {
		err := fs.WalkDir(s.root.FS(), path.Clean(name), func(_ string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				var info fs.FileInfo
				if info, err = e.Info(); err == nil {
					bytes += info.Size()
				}
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil // spill comes and goes
			}
			return err
		})
		if err != nil {
			return bytes, err
		}
	}
	return bytes, nil
}

func (s *Store) stagingLimit() int64 {
	s.stagings.mu.Lock()
	defer s.stagings.mu.Unlock()
	return s.stagings.limit
}

func (g *Staging) begun() {
	s := g.store
	s.stagings.mu.Lock()
	defer s.stagings.mu.Unlock()
	if s.stagings.living == nil {
		s.stagings.living = map[*Staging]bool{}
	}
	s.stagings.living[g] = true
}

func (g *Staging) ended() {
	g.store.stagings.mu.Lock()
	defer g.store.stagings.mu.Unlock()
	delete(g.store.stagings.living, g)
}

// Limit is what the staging may hold on the disk, for who spills there; 0 is no bound.
func (g *Staging) Limit() int64 { return g.store.stagingLimit() }

// within refuses to hold more than the bound.
func (g *Staging) within(bytes int64) error {
	if limit := g.Limit(); limit > 0 && bytes > limit {
		return &Error{Code: CodeNoRoom, Subject: g.kind, Detail: fmt.Sprintf("what is prepared takes more on the disk than the %d bytes that it may", limit)}
	}
	return nil
}

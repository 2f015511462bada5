package datasets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"farr/datasets/internal/deid"
)

// Epochs lists the epochs of the store's keys, oldest first.
func (s *Store) Epochs(ctx context.Context) ([]Epoch, error) {
	c, err := s.loadCustody(ctx)
	if err != nil {
		return nil, err
	}
	return c.Epochs, nil
}

// Takes says whether extracts under a key may be added to the store.
func (s *Store) Takes(ctx context.Context, key *Key) error {
	c, err := s.loadCustody(ctx)
	if err != nil {
		return err
	}
	return c.takes(key.ID())
}

// takes says whether extracts under a key may be added: the store's own open key, or any in a
// store that has none yet.
func (c *custody) takes(key string) error {
	refuse := func(code Code, format string, args ...any) error {
		return &Error{Code: code, Subject: "key " + key, Detail: fmt.Sprintf(format, args...)}
	}
	open := c.open()
	switch e := c.of(key); {
	case e != nil && e.State == EpochOpen && c.marked() && len(c.Removed[key]) == 0:
		return refuse(CodeWrongKey, "persons were removed from the store under another key, and would come back with this one: begin an epoch with farr keys rotate --removed and the ids of all who were removed")
	case e != nil && e.State == EpochOpen:
		return nil
	case e != nil && e.State == EpochDestroyed:
		return refuse(CodeKeyDestroyed, "it was destroyed, and its epoch takes nothing more")
	case e != nil && open == nil:
		return refuse(CodeWrongKey, "it was rotated out; begin an epoch with farr keys rotate")
	case e != nil:
		return refuse(CodeWrongKey, "it was rotated out, and the store's key is %s now", open.Key)
	case open != nil:
		return refuse(CodeWrongKey, "the store is of another project, with the key %s: give that key or another store, or begin an epoch with farr keys rotate", open.Key)
	case len(c.Epochs) > 0:
		return refuse(CodeWrongKey, "the store has no key in force: begin an epoch with farr keys rotate")
	}
	return nil
}

// takeKey makes the key the store's when the store has none, and refuses any but the store's.
// The caller holds the writer lock.
func (s *Store) takeKey(key *Key) error {
	return s.changeCustody(Event{Kind: "key-epoch", Facts: map[string]any{"key": key.ID()}}, func(c *custody) error {
		if err := c.takes(key.ID()); err != nil {
			return err
		}
		if c.Version > 0 && c.open() != nil {
			return errNoChange
		}
		if c.of(key.ID()) == nil {
			c.Epochs = append(c.Epochs, Epoch{key.ID(), EpochOpen})
		}
		return nil
	})
}

// mayOpen refuses to open an extract whose key was destroyed.
func (sn *Snapshot) mayOpen(ctx context.Context) error {
	c, err := sn.store.loadCustody(ctx)
	if err != nil {
		return err
	}
	if e := c.of(sn.keyID()); e != nil && e.State == EpochDestroyed {
		return &Error{Code: CodeKeyDestroyed, Subject: "snapshot " + sn.id,
			Detail: "its key " + e.Key + " was destroyed, so nobody opens it any more; results that were made of it stay"}
	}
	return nil
}

// StillOpens refuses an extract that was retired since it was opened, or whose key was destroyed. A
// session that lasts asks before each statement.
func (sn *Snapshot) StillOpens(ctx context.Context) error {
	if _, err := sn.store.Open(sn.id); err != nil {
		return err
	}
	return sn.mayOpen(ctx)
}

// Rotate begins the epoch of the next key: extracts from here on are made with it, and those of
// the old key stay readable with the old one until it is destroyed. old may be nil only
// where the store has no key in force. A key that was in force once does not come back.
//
// removed are the ids of all who were removed from the store: their marks are made with
// the next key, since those of the old one mean nothing to it. Nobody may be missing.
func (s *Store) Rotate(ctx context.Context, old, next *Key, removed ...string) error {
	if err := s.rotate(ctx, old, next, removed); err != nil {
		return fmt.Errorf("rotate keys: %w", err)
	}
	return nil
}

func (s *Store) rotate(ctx context.Context, old, next *Key, removed []string) error {
	was, err := s.loadCustody(ctx)
	if err != nil {
		return err
	}
	if err := was.rotates(old, next); errors.Is(err, errNoChange) {
		return nil
	} else if err != nil {
		return err
	}
	marks, err := s.carryMarks(was, old, next, removed)
	if err != nil {
		return err
	}
	// First: a new key whose signatures nobody vouched for would be worse than a word too much.
	if old != nil {
		if err := s.PassLog(ctx, old, next); err != nil {
			return err
		}
	} else if err := s.SignLog(next); err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	facts := map[string]any{"to": next.ID(), "epoch": len(was.Epochs) + 1}
	if old != nil {
		facts["from"] = old.ID()
	}
	return s.changeCustody(Event{Kind: "key-rotation", Facts: facts}, func(c *custody) error {
		if err := c.rotates(old, next); err != nil {
			return err
		}
		if !maps.EqualFunc(c.Removed, was.Removed, slices.Equal[[]string]) {
			return errors.New("persons were removed from the store meanwhile: run it again, with their ids")
		}
		if open := c.open(); open != nil {
			open.State = EpochClosed
		}
		c.Epochs = append(c.Epochs, Epoch{next.ID(), EpochOpen})
		if len(marks) > 0 { // made of others, so the map is there
			c.Removed[next.ID()] = marks
		}
		return nil
	})
}

// carryMarks makes the marks of removed persons with the next key, for every source of the store. The
// old key says who they were. Where it has none, as the key that made them was destroyed, all
// who are given are marked, and there must be as many as the marks tell of.
func (s *Store) carryMarks(c *custody, old, next *Key, removed []string) ([]string, error) {
	if !c.marked() {
		return nil, nil
	}
	sources, err := s.sourceNames()
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, errors.New("persons were removed from the store, and it has no extract left that names their source, so nobody can mark them for another key: begin another store, with an opt-out list")
	}
	left := map[string]bool{}
	if old != nil {
		for _, m := range c.Removed[old.ID()] {
			left[m] = true
		}
	}
	known := len(left) > 0
	given := map[string]bool{}
	var marks []string
	for source := range sources {
		to := deid.NewMarker(next, source)
		for _, id := range removed {
			given[id] = true
			if known {
				m := deid.NewMarker(old, source).Of([]byte(id))
				if !left[m] {
					continue
				}
				delete(left, m)
			}
			marks = append(marks, to.Of([]byte(id)))
		}
	}
	switch least := c.leastRemoved(len(sources)); {
	case len(left) > 0:
		return nil, fmt.Errorf("%d marks are of removed persons whose ids were not given; with the next key those persons would come back: give the ids of all who were removed", len(left))
	case !known && len(given) < least:
		return nil, fmt.Errorf("at least %d persons were removed under a key that is gone, and %d ids were given; with the next key those persons would come back: give the ids of all who were removed", least, len(given))
	}
	slices.Sort(marks)
	return slices.Compact(marks), nil
}

// sourceNames are the names of all sources that the store has extracts of.
func (s *Store) sourceNames() (map[string]bool, error) {
	ids, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, id := range ids {
		sn, err := s.Open(id)
		if err != nil {
			return nil, err
		}
		if sn.manifest.Kind == "extract" {
			for _, name := range sn.SourceNames() {
				names[name] = true
			}
		}
	}
	return names, nil
}

// marked says whether anybody was removed from the store, under any key.
func (c *custody) marked() bool {
	for _, marks := range c.Removed {
		if len(marks) > 0 {
			return true
		}
	}
	return false
}

// leastRemoved is how many persons the marks of one key tell of at least: each has one a source.
func (c *custody) leastRemoved(sources int) int {
	least := 0
	for _, marks := range c.Removed {
		least = max(least, (len(marks)+max(sources, 1)-1)/max(sources, 1))
	}
	return least
}

// rotates says whether the next key may follow the old one; errNoChange when it does already.
func (c *custody) rotates(old, next *Key) error {
	open := c.open()
	refuse := func(code Code, subject, format string, args ...any) error {
		return &Error{Code: code, Subject: subject, Detail: fmt.Sprintf(format, args...)}
	}
	switch e := c.of(next.ID()); {
	case open != nil && e == open && old != nil && old.ID() != next.ID() && c.of(old.ID()) != nil:
		return errNoChange // a rotation that was cut off and is run again
	case open != nil && e == open:
		return refuse(CodeWrongKey, "key "+next.ID(), "it is in force already")
	case e != nil:
		return refuse(CodeWrongKey, "key "+next.ID(), "it was in force in this store before, and a key does not come back")
	case open != nil && old == nil:
		return refuse(CodeKeyRequired, "key "+open.Key, "the key in force is needed to pass the store on")
	case open != nil && open.Key != old.ID():
		return refuse(CodeWrongKey, "key "+old.ID(), "the key in force is %s", open.Key)
	case open == nil && old != nil:
		return refuse(CodeWrongKey, "key "+old.ID(), "it is not in force in this store")
	case open == nil && len(c.Epochs) == 0:
		return refuse(CodeWrongKey, "key "+next.ID(), "the store has no key yet; its first extract gives it one")
	}
	return nil
}

// DestroyKey writes down that a key was destroyed: its epoch takes nothing more, and no extract of it
// is opened again, by this key or a copy of it. The key itself is for the caller to erase, afterwards:
// see EraseKey. To do it twice changes nothing.
func (s *Store) DestroyKey(ctx context.Context, id string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("destroy key: %w", err)
	}
	defer unlock()
	err = s.changeCustody(Event{Kind: "key-destroyed", Facts: map[string]any{"key": id}}, func(c *custody) error {
		e := c.of(id)
		switch {
		case e == nil:
			return &Error{Code: CodeWrongKey, Subject: "key " + id, Detail: "no extract of this store was made with it; farr keys list names those that are"}
		case e.State == EpochDestroyed:
			return errNoChange
		}
		e.State = EpochDestroyed
		return nil
	})
	if err != nil {
		return fmt.Errorf("destroy key: %w", err)
	}
	return nil
}

package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// custodyFile says whose the store is: canonical JSON, written whole, 0600. The entry of the log
// that makes a version of it has the version's SHA-256, so that a version that was changed, removed or
// put back is found by whoever reads it.
const custodyFile = "custody.json"

// custody is the content of custodyFile. It names keys by ID and persons not at all.
type custody struct {
	Format  int     `json:"format"`
	Version int     `json:"version"` // counts changes, from 1
	Epochs  []Epoch `json:"epochs"`  // oldest first
	// Removed are marks of persons who were removed, by the ID of the key that makes them.
	Removed map[string][]string `json:"removed,omitempty"`
	// Pending is what is left to do of a removal or a prune.
	Pending *pendingWork `json:"pending,omitempty"`
	// Officer is the public key of who permits crosswalks, hex.
	Officer string `json:"officer,omitempty"`
}

// Epoch is the time of one key in a store. Extracts of two epochs share no pseudonym.
type Epoch struct {
	Key   string     `json:"key"` // its ID
	State EpochState `json:"state"`
}

// EpochState says what may be done with an epoch.
type EpochState string

// The states of epochs.
const (
	EpochOpen      EpochState = "open"      // takes extracts; one at most is
	EpochClosed    EpochState = "closed"    // its extracts can be read with its key
	EpochDestroyed EpochState = "destroyed" // takes nothing and opens for nobody
)

// open is the epoch that takes extracts, nil where none does.
func (c *custody) open() *Epoch { return c.find(func(e Epoch) bool { return e.State == EpochOpen }) }

// of is the epoch of a key, nil where the store does not know it.
func (c *custody) of(key string) *Epoch {
	return c.find(func(e Epoch) bool { return e.Key == key })
}

func (c *custody) find(is func(Epoch) bool) *Epoch {
	if i := slices.IndexFunc(c.Epochs, is); i >= 0 {
		return &c.Epochs[i]
	}
	return nil
}

// loadCustody reads the custody of the store and holds it against the log. A store without one gets
// what its extracts say. The caller does not hold the writer lock.
func (s *Store) loadCustody(ctx context.Context) (*custody, error) {
	c, err := s.readCustody()
	if CodeOf(err) != CodeDamagedCustody {
		return c, err
	}
	// A change may be cut off between the file and the log's head, or on its way: ask when nobody writes.
	unlock, lockErr := s.lock(ctx)
	if ctx.Err() != nil && lockErr != nil {
		return nil, lockErr // whether it is damaged was not found out
	}
	if lockErr != nil {
		return nil, err
	}
	defer unlock()
	return s.loadCustodyLocked()
}

// loadCustodyLocked is loadCustody for who holds the writer lock. It heals the log first.
func (s *Store) loadCustodyLocked() (*custody, error) {
	if begun, err := s.logFiles().Exists(); err != nil {
		return nil, err
	} else if begun {
		s.logs.mu.Lock()
		_, err := s.openLog()
		s.logs.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	return s.readCustody()
}

func (s *Store) readCustody() (*custody, error) {
	damaged := func(detail string) (*custody, error) {
		return nil, &Error{Code: CodeDamagedCustody, Subject: custodyFile, Detail: detail}
	}
	logged, err := s.loggedCustody()
	if err != nil {
		return nil, err
	}
	text, err := s.readRegular(custodyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && logged == "":
		return s.adoptCustody()
	case errors.Is(err, fs.ErrNotExist):
		return damaged("it is gone, and the log says that it was there")
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", custodyFile, err)
	case hexSHA256(text) != logged:
		return damaged("it is not the version that the log names: it was changed, or an older one was put back")
	}
	var c custody
	if err := json.Unmarshal(text, &c); err != nil || c.Format != formatVersion {
		return damaged("it is not readable")
	}
	return &c, nil
}

// loggedCustody is the hash of the newest version that the log names, "" when it names none.
func (s *Store) loggedCustody() (string, error) {
	entries, err := s.LogEntries()
	if err != nil {
		return "", err
	}
	for _, e := range slices.Backward(entries) {
		if e.Custody != "" {
			return e.Custody, nil
		}
	}
	return "", nil
}

// adoptCustody tells the epochs of a store that has none written down: the current extract's key
// is in force, and the others were before.
func (s *Store) adoptCustody() (*custody, error) {
	c := &custody{Format: formatVersion, Epochs: []Epoch{}}
	ids, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		sn, err := s.Open(id)
		if CodeOf(err) != "" {
			continue // Verify tells
		}
		if err != nil {
			return nil, err // a disk that fails now may let no epoch be forgotten
		}
		if key := sn.keyID(); key != "" && c.of(key) == nil {
			c.Epochs = append(c.Epochs, Epoch{key, EpochClosed})
		}
	}
	slices.SortFunc(c.Epochs, func(a, b Epoch) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	sn, err := s.Current("extract")
	switch {
	case err == nil:
		if i := slices.IndexFunc(c.Epochs, func(e Epoch) bool { return e.Key == sn.keyID() }); i >= 0 {
			e := c.Epochs[i]
			c.Epochs = append(slices.Delete(c.Epochs, i, i+1), Epoch{e.Key, EpochOpen})
		}
	case CodeOf(err) == "":
		return nil, err
	}
	return c, nil
}

// keyID is the ID of the project's key that an extract was made with, "" of other snapshots.
func (sn *Snapshot) keyID() string {
	if sn.manifest.Kind != "extract" {
		return ""
	}
	id, _ := sn.manifest.Recipe[RecipeKey].(string)
	return id
}

// changeCustody makes a new version and its entry of the log, both or neither. The caller holds
// the writer lock. A change that gives errNoChange leaves all as it is. What is left to do of a removal or a prune is done
// before another is written down: it would be forgotten.
func (s *Store) changeCustody(e Event, change func(*custody) error) error {
	c, err := s.loadCustodyLocked()
	if err != nil {
		return err
	}
	pending := c.Pending
	if err := change(c); errors.Is(err, errNoChange) {
		return nil
	} else if err != nil {
		return err
	}
	if pending != nil && c.Pending != nil && c.Pending != pending {
		return errors.New("a removal or a prune that was cut off is to be finished first: run it again")
	}
	c.Version++
	text, err := canonicalJSON(c)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	_, err = s.record(LogEntry{Kind: e.Kind, Facts: e.Facts, Retires: e.Retires, Custody: hexSHA256(text)}, func() error {
		if err := s.at("custody"); err != nil {
			return err
		}
		return s.writeFile(custodyFile, text, 0o600)
	})
	return err
}

var errNoChange = errors.New("nothing to change")

package spill

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// KeyBytes is the length of a key. Keys are compared as bytes.
const KeyBytes = 17

// Key orders a record.
type Key [KeyBytes]byte

// A group is records of one key in a row: the key, the length of what follows, and the
// records, each after its length.
const (
	headBytes = KeyBytes + 4
	sizeBytes = 4 // of a record
)

// groupBytes is when the next record of a key begins another group: a group must fit into the
// buffer of a reader.
const groupBytes = readBuffer / 2

// MaxBody is the longest body of a record.
const MaxBody = 1 << 30

// Arena collects records of one goroutine until it is full.
type Arena struct {
	pool   *Pool
	bytes  []byte
	groups []group
	key    Key // of the newest group
}

// group is where a group lies; prefix is the begin of its key, which decides most
// comparisons without touching the group.
type group struct {
	prefix  uint64
	at, end int
}

// Add copies a record into the arena. A full one is written first.
func (a *Arena) Add(key *Key, body []byte) error {
	if len(body) > MaxBody {
		return fmt.Errorf("a record of %d bytes is too long to sort", len(body))
	}
	if len(a.bytes)+headBytes+sizeBytes+len(body) > cap(a.bytes) && len(a.groups) > 0 {
		if err := a.Flush(); err != nil {
			return err
		}
	}
	n := len(a.groups) - 1
	if n < 0 || a.key != *key || len(a.bytes)+sizeBytes+len(body)-a.groups[n].at > groupBytes {
		n++
		a.key = *key
		a.groups = append(a.groups, group{prefix: binary.BigEndian.Uint64(key[:]), at: len(a.bytes)})
		a.bytes = append(a.bytes, key[:]...)
		a.bytes = append(a.bytes, 0, 0, 0, 0)
	}
	a.bytes = binary.LittleEndian.AppendUint32(a.bytes, uint32(len(body)))
	a.bytes = append(a.bytes, body...)
	g := &a.groups[n]
	g.end = len(a.bytes)
	binary.LittleEndian.PutUint32(a.bytes[g.at+KeyBytes:], uint32(g.end-g.at-headBytes))
	return nil
}

// Flush writes what the arena holds as a sorted run.
func (a *Arena) Flush() error {
	if len(a.groups) == 0 {
		return nil
	}
	slices.SortFunc(a.groups, func(x, y group) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return bytes.Compare(a.bytes[x.at:x.at+KeyBytes], a.bytes[y.at:y.at+KeyBytes])
	})
	err := a.pool.write(0, func(w *bufio.Writer) error {
		for _, g := range a.groups {
			if _, err := w.Write(a.bytes[g.at:g.end]); err != nil {
				return err
			}
		}
		return nil
	})
	a.groups = a.groups[:0]
	a.bytes = a.bytes[:0]
	if cap(a.bytes) > a.pool.arenaBytes { // one record was longer than an arena
		a.bytes = make([]byte, 0, a.pool.arenaBytes)
	}
	return err
}

// Rest is Flush of an arena that takes nothing more.
func (a *Arena) Rest() error {
	err := a.Flush()
	a.bytes = nil
	return err
}

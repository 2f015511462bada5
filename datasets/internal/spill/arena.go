package spill

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// KeyBytes is the length of a key. Keys are compared as bytes.
const KeyBytes = 41

// Key orders a record.
type Key [KeyBytes]byte

// headBytes stand before each body: its length and the key.
const headBytes = 4 + KeyBytes

// MaxBody is the longest body of a record.
const MaxBody = 1 << 30

// Arena collects records of one goroutine until it is full.
type Arena struct {
	pool  *Pool
	bytes []byte
	items []item
}

// item is where a record lies; prefix is the begin of its key, which decides most
// comparisons without touching the record.
type item struct {
	prefix uint64
	at     uint32
}

// Add copies a record into the arena. A full one is written first.
func (a *Arena) Add(key *Key, body []byte) error {
	if len(body) > MaxBody {
		return fmt.Errorf("a record of %d bytes is too long to sort", len(body))
	}
	if len(a.bytes)+headBytes+len(body) > cap(a.bytes) && len(a.items) > 0 {
		if err := a.Flush(); err != nil {
			return err
		}
	}
	a.items = append(a.items, item{binary.BigEndian.Uint64(key[:]), uint32(len(a.bytes))})
	a.bytes = binary.LittleEndian.AppendUint32(a.bytes, uint32(len(body)))
	a.bytes = append(a.bytes, key[:]...)
	a.bytes = append(a.bytes, body...)
	return nil
}

// Flush writes what the arena holds as a sorted run.
func (a *Arena) Flush() error {
	if len(a.items) == 0 {
		return nil
	}
	slices.SortFunc(a.items, func(x, y item) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return bytes.Compare(a.key(x), a.key(y))
	})
	err := a.pool.write(0, func(w *runWriter) error {
		for _, it := range a.items {
			size := binary.LittleEndian.Uint32(a.bytes[it.at:])
			if err := w.write(a.bytes[it.at : it.at+headBytes+size]); err != nil {
				return err
			}
		}
		return nil
	})
	a.items = a.items[:0]
	a.bytes = a.bytes[:0]
	if cap(a.bytes) > a.pool.arenaBytes { // one record was longer than an arena
		a.bytes = make([]byte, 0, a.pool.arenaBytes)
	}
	return err
}

func (a *Arena) key(it item) []byte { return a.bytes[it.at+4 : it.at+headBytes] }

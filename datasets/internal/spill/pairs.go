package spill

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// pairBytes is the size of a pair at rest.
const pairBytes = 16

const (
	pairParts  = 64
	pairBuffer = 32 << 10
	// passPairs is about how many pairs are compared at once.
	passPairs = 256 << 10
)

// Pairs takes pairs of numbers that are as good as random, such as parts of pseudonyms, and tells which
// first ones came with several second ones. It is cheaper than a sort: the pairs fall into parts by
// their first number, and a part is looked through by hashing. It belongs to one goroutine.
//
// Memory is fixed: a buffer for each part, and a table of passPairs.
type Pairs struct {
	dir     string
	buffers [pairParts][]byte
	files   [pairParts]string // "" while the buffer was never full
	sizes   [pairParts]int    // pairs added
}

// NewPairs makes an empty collection, whose files lie in dir, which must exist and be private.
func NewPairs(dir string) *Pairs { return &Pairs{dir: dir} }

// Add adds a pair.
func (p *Pairs) Add(first, second uint64) error {
	part := first >> 58
	b := p.buffers[part]
	if b == nil {
		b = make([]byte, 0, pairBuffer)
	}
	b = binary.LittleEndian.AppendUint64(b, first)
	b = binary.LittleEndian.AppendUint64(b, second)
	p.buffers[part] = b
	p.sizes[part]++
	if len(b) == pairBuffer {
		return p.write(int(part))
	}
	return nil
}

// write appends a full buffer to the file of its part. The file is not kept open.
func (p *Pairs) write(part int) error {
	if p.files[part] == "" {
		p.files[part] = filepath.Join(p.dir, fmt.Sprintf("pairs-%02d", part))
	}
	f, err := os.OpenFile(p.files[part], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.Write(p.buffers[part])
		if closing := f.Close(); err == nil {
			err = closing
		}
	}
	p.buffers[part] = p.buffers[part][:0]
	if err != nil {
		return fmt.Errorf("write pairs: %w", err)
	}
	return nil
}

// Several calls fn with each first number that came with several second ones, perhaps more than once. The
// collection is empty afterwards.
func (p *Pairs) Several(fn func(first uint64)) error {
	var table pairTable
	for part := range p.buffers {
		// A part too large for the table is looked through several times, for another share of
		// its numbers each time.
		passes := uint64(p.sizes[part]/passPairs + 1)
		for pass := range passes {
			table.clear(p.sizes[part] / int(passes))
			err := p.read(part, func(first, second uint64) {
				if passes == 1 || first<<6>>6%passes == pass {
					if table.clashes(first, second) {
						fn(first)
					}
				}
			})
			if err != nil {
				return err
			}
		}
		if err := p.empty(part); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pairs) empty(part int) (err error) {
	if p.files[part] != "" {
		err = os.Remove(p.files[part])
	}
	p.buffers[part], p.files[part], p.sizes[part] = nil, "", 0
	return err
}

// read gives the pairs of a part.
func (p *Pairs) read(part int, fn func(first, second uint64)) error {
	each := func(b []byte) {
		for ; len(b) >= pairBytes; b = b[pairBytes:] {
			fn(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]))
		}
	}
	each(p.buffers[part])
	if p.files[part] == "" {
		return nil
	}
	f, err := os.Open(p.files[part])
	if err != nil {
		return fmt.Errorf("read pairs: %w", err)
	}
	defer f.Close()
	for b := make([]byte, pairBuffer); ; { // a file is of whole buffers
		switch _, err := io.ReadFull(f, b); err {
		case nil:
			each(b)
		case io.EOF:
			return nil
		default:
			return fmt.Errorf("read pairs: %w", err)
		}
	}
}

// pairTable is a hash table with open addressing, from a first number to the second one it came with.
type pairTable struct {
	slots []pairSlot
	used  int
}

type pairSlot struct {
	first, second uint64
	taken         bool
}

// clear makes room for about so many pairs.
func (t *pairTable) clear(pairs int) {
	size := 64
	for size < 2*pairs {
		size *= 2
	}
	t.used = 0
	if size <= cap(t.slots) {
		t.slots = t.slots[:size]
		clear(t.slots)
	} else {
		t.slots = make([]pairSlot, size)
	}
}

// clashes adds a pair, and says whether the first number came with another second one before.
func (t *pairTable) clashes(first, second uint64) bool {
	if 4*t.used >= 3*len(t.slots) {
		t.grow()
	}
	for i := first; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		switch {
		case !s.taken:
			*s = pairSlot{first, second, true}
			t.used++
			return false
		case s.first == first:
			return s.second != second
		}
	}
}

func (t *pairTable) grow() {
	old := t.slots
	t.slots, t.used = make([]pairSlot, 2*len(old)), 0
	for _, s := range old {
		if s.taken {
			t.clashes(s.first, s.second)
		}
	}
}

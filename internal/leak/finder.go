package leak

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Finder searches for all forms of some markers at once. It is read only, and may be shared.
type Finder struct {
	folded, exact index
	forms         int
}

// Hit is a marker that was found.
type Hit struct {
	Marker string // its name
	Form   string
	Where  string // artefact, and what of it was decoded
}

func (h Hit) String() string { return fmt.Sprintf("%s (%s) in %s", h.Marker, h.Form, h.Where) }

// index finds forms by their first bytes.
type index struct {
	maybe  [1 << 16 / 64]uint64 // by a hash of the first bytes
	starts map[uint64][]entry
}

type entry struct {
	marker, form string
	bytes        []byte
}

// NewFinder prepares a search.
func NewFinder(markers ...Marker) *Finder {
	f := &Finder{folded: index{starts: map[uint64][]entry{}}, exact: index{starts: map[uint64][]entry{}}}
	for _, m := range markers {
		for _, form := range m.Forms() {
			into := &f.exact
			if form.Fold {
				into = &f.folded
			}
			into.add(entry{m.Name, form.Name, form.Bytes})
			f.forms++
		}
	}
	return f
}

// Forms is how many forms are looked for.
func (f *Finder) Forms() int { return f.forms }

func (x *index) add(e entry) {
	start := binary.LittleEndian.Uint64(e.bytes)
	x.starts[start] = append(x.starts[start], e)
	h := spread(start)
	x.maybe[h/64] |= 1 << (h % 64)
}

func spread(start uint64) uint64 { return start * 0x9e3779b97f4a7c15 >> 48 }

// find gives every form that stands in data, each once.
func (x *index) find(data []byte, yield func(entry)) {
	if len(data) < leastBytes {
		return
	}
	seen := map[string]bool{}
	start := binary.LittleEndian.Uint64(data) << 8
	for i := 0; i+leastBytes <= len(data); i++ {
		start = start>>8 | uint64(data[i+leastBytes-1])<<56
		if h := spread(start); x.maybe[h/64]>>(h%64)&1 == 0 {
			continue
		}
		for _, e := range x.starts[start] {
			if name := e.marker + "\x00" + e.form; !seen[name] && bytes.HasPrefix(data[i:], e.bytes) {
				seen[name] = true
				yield(e)
			}
		}
	}
}

// Bytes searches data as they are.
func (f *Finder) Bytes(where string, data []byte) (hits []Hit) {
	note := func(e entry) { hits = append(hits, Hit{e.marker, e.form, where}) }
	f.exact.find(data, note)
	f.folded.find(bytes.ToLower(data), note)
	return hits
}

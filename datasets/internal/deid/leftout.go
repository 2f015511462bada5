package deid

import (
	"encoding/hex"
	"slices"
	"sync"
)

// LeftOut are persons of one source whom an extract leaves out with all that is theirs: those on a
// list of ids, and those whose Marks say that they were removed from the store. It is asked once for
// each new reference to a patient, and may be shared by goroutines.
type LeftOut struct {
	mu    sync.Mutex
	ids   map[string]bool // listed; true once met
	marks map[string]bool // hex, of persons who were removed
	mark  *Marker
	gone  map[ID]bool // pid or rid of what was left out
}

// NewLeftOut makes the persons to leave out. key is the project's, and may be nil where there are no marks.
func NewLeftOut(key *Key, source string, ids, marks []string) *LeftOut {
	l := &LeftOut{ids: map[string]bool{}, marks: map[string]bool{}, gone: map[ID]bool{}}
	for _, id := range ids {
		l.ids[id] = false
	}
	for _, m := range marks {
		l.marks[m] = true
	}
	if len(marks) > 0 {
		l.mark = NewMarker(key, source)
	}
	return l
}

// has says whether the patient with that id is to be left out, and notes the pseudonym if so. A nil
// LeftOut has nobody.
func (l *LeftOut) has(id []byte, pid ID) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, out := l.ids[string(id)]
	if out {
		l.ids[string(id)] = true
	}
	if !out && l.mark != nil {
		out = l.marks[l.mark.Of(id)]
	}
	if out {
		l.gone[pid] = true
	}
	return out
}

// note takes a resource that was left out.
func (l *LeftOut) note(rid ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone[rid] = true
}

// Unmatched is how many listed ids nothing named.
func (l *LeftOut) Unmatched() (n int64) {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, met := range l.ids {
		if !met {
			n++
		}
	}
	return n
}

// newestOfAll is when the version was updated that no other is newer than.
const newestOfAll = 1<<63 - 1

// leaveOut tells a finisher what was left out: another version of such a resource, under another
// patient, is not kept either.
func (f *Finisher) leaveOut() {
	for _, out := range f.out {
		if f.gone == nil {
			f.gone = map[ID]bool{}
		}
		for id := range out.gone {
			f.gone[id] = true
			f.moved[id] = owner{updated: newestOfAll}
		}
	}
}

// forget empties references to what was left out.
func (f *Finisher) forget(r *Row) {
	if len(f.gone) == 0 {
		return
	}
	first := 1
	if f.typ.owned() {
		first = 2
	}
	for _, i := range slices.Clone(r.set) {
		if c := &r.cells[i]; i >= first && r.table.Columns[i].Type == UUID && f.gone[ID(c.Bytes)] {
			r.empty(i)
		}
	}
}

// markVersion is the first field of what a mark is an HMAC of, and listVersion of a list's hash.
const (
	markVersion = "farr-removed-1"
	listVersion = "farr-list-1"
)

// Marker makes marks of removed persons. A mark tells who the person was only to whom has the key
// and the id. It belongs to one goroutine.
type Marker struct {
	mac    *mac
	prefix []byte
	buf    []byte
}

// NewMarker prepares marks of patients of a source under the key's list sub-key.
func NewMarker(k *Key, source string) *Marker {
	return &Marker{mac: newMAC(k.sub().list), prefix: appendField(appendField(nil, markVersion), source)}
}

// Of is the mark of the patient with that id, 32 hex digits.
func (m *Marker) Of(id []byte) string {
	m.buf = appendField(append(m.buf[:0], m.prefix...), id)
	return hex.EncodeToString(m.mac.of(m.buf)[:16])
}

// ListHash is a keyed hash of a set of texts: a plain one could be guessed where the texts can.
func (k *Key) ListHash(texts []string) string {
	sorted := slices.Sorted(slices.Values(texts))
	message := appendField(nil, listVersion)
	for _, t := range sorted {
		message = appendField(message, t)
	}
	return hex.EncodeToString(newMAC(k.sub().list).of(message)[:])
}

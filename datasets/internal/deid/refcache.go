package deid

import "hash/maphash"

// refCache remembers the pseudonyms of recent references. Lines of one patient
// or encounter stand together in an export, so a few thousand entries, each in
// one possible place, save nearly every HMAC. Its size is fixed.
type refCache struct {
	seed    maphash.Seed
	entries []refEntry
}

type refEntry struct {
	text  [refText]byte
	size  uint8
	field uint16 // which element asked, since it decides the allowed types
	is    refKind
	id    ID
	shift int64 // days, of a patient; 0 until asked
}

// refKind is what a reference came to.
type refKind uint8

const (
	refUnusable refKind = iota // conditional, contained, logical or malformed
	refOtherType
	refLeftOut // a patient who is left out
	refGood
)

const (
	refText  = 86
	refSlots = 1 << 13
)

func newRefCache() *refCache {
	return &refCache{seed: maphash.MakeSeed(), entries: make([]refEntry, refSlots)}
}

// at is the one place where a reference of a field may be remembered, and whether it is.
func (c *refCache) at(field uint16, ref []byte) (e *refEntry, hit bool) {
	e = &c.entries[(maphash.Bytes(c.seed, ref)+uint64(field)*0x9E3779B97F4A7C15)%refSlots]
	return e, int(e.size) == len(ref) && e.field == field && string(e.text[:e.size]) == string(ref)
}

// store makes the entry remember a reference. One too long for it is forgotten.
func (e *refEntry) store(field uint16, ref []byte) {
	e.size = 0
	if len(ref) <= refText {
		e.size, e.field = uint8(copy(e.text[:], ref)), field
	}
}

// forget empties the cache, when another source gives the same text another meaning.
func (c *refCache) forget() { clear(c.entries) }

package deid

// ID is a pseudonym: pid of a patient, rid of a resource. A Patient's rid is its pid.
type ID [16]byte

// idVersion is the first field of what a pseudonym is an HMAC of.
const idVersion = "farr-id-1"

// Pseudonyms makes pseudonyms of one source:
//
//	HMAC-SHA256(K_id, length-prefixed(version, key ID, source, type, id))[:16]
//
// The key's ID stands for the project, so that two projects do not link, and the
// type keeps Patient/1 and Observation/1 apart. It belongs to one goroutine.
type Pseudonyms struct {
	mac    *mac
	prefix []byte // version, key ID, source
	buf    []byte
}

// NewPseudonyms prepares pseudonyms of a source under the key's id sub-key.
func NewPseudonyms(k *Key, source string) *Pseudonyms {
	p := appendField(nil, idVersion)
	p = appendField(p, k.name[:])
	return &Pseudonyms{mac: newMAC(k.sub().id), prefix: appendField(p, source)}
}

// Of is the pseudonym of a resource by type and id.
func (p *Pseudonyms) Of(typ string, id []byte) ID {
	p.buf = appendField(append(p.buf[:0], p.prefix...), typ)
	p.buf = appendField(p.buf, id)
	return ID(p.mac.of(p.buf)[:16])
}

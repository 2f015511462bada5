package deid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// mac is a reusable HMAC-SHA256. It allocates nothing after the first sum and
// belongs to one goroutine.
type mac struct {
	hash hash.Hash
	sum  [sha256.Size]byte
}

func newMAC(key []byte) *mac { return &mac{hash: hmac.New(sha256.New, key)} }

// of is the HMAC of message, valid until the next call.
func (m *mac) of(message []byte) *[sha256.Size]byte {
	m.hash.Reset()
	m.hash.Write(message)
	m.hash.Sum(m.sum[:0])
	return &m.sum
}

// appendField adds a field with its length in front, so that no two lists of
// fields have the same bytes.
func appendField[T string | []byte](dst []byte, field T) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(field)))
	return append(dst, field...)
}

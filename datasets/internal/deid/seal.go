package deid

import (
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"farr/datasets/fhir"
)

// A sealed value is nonce || AES-256-GCM(plaintext) || tag, 40 bytes.
const (
	sealNonceBytes = 12
	sealPlainBytes = 12
	sealBytes      = sealNonceBytes + sealPlainBytes + 16
)

// ErrSeal says that a sealed value was not made under this key for this place.
var ErrSeal = errors.New("a sealed value does not open: another key, or moved from another row")

// Place is where a sealed value stands. It is bound into the seal, so a value
// copied to another row, column or ordinal does not open.
type Place struct {
	Table   string
	Column  string // without _seal: birth_date, period_start
	Ordinal int32  // of the child row; 0 in a main table
	PID     ID
	RID     ID // zero in observation_period
}

// Value is what a seal holds.
type Value struct {
	// WallMs is the lower bound as local wall time in the source's zone,
	// milliseconds since 1970-01-01. In shift_seal it is a number of days.
	WallMs int64
	// Prec is the precision as in the columns *_prec: 1 year to 6 millisecond.
	Prec Precision
	// OffsetMinutes is the UTC offset east of Greenwich where HasOffset is true,
	// which it is where the zone alone does not give the offset back.
	OffsetMinutes int16
	HasOffset     bool
}

// UTCMs is the value's lower bound in UTC, given the zone of the source.
func (v Value) UTCMs(z *Zone) int64 {
	if v.HasOffset {
		return v.WallMs - int64(v.OffsetMinutes)*60_000
	}
	return z.UTC(v.WallMs)
}

// toDay is the value without its time of day, which means another instant in another zone.
func (v Value) toDay() Value {
	if v.Prec <= fhir.Day {
		return v
	}
	return Value{WallMs: floorDiv(v.WallMs, DayMs) * DayMs, Prec: fhir.Day}
}

// columnID stands for a column of a table in what is sealed: the first half of a SHA-256
// of their names. It is made once for each column, where the names would be
// hashed again with each value.
type columnID [16]byte

func columnOf(table, column string) columnID {
	sum := sha256.Sum256(appendField(appendField(nil, table), column))
	return columnID(sum[:])
}

// What a seal is about has a fixed length and a fixed place for each part:
// pid, rid, column, ordinal, value. All but the value is GCM's additional data.
const (
	sealPlaceBytes = 16 + 16 + 16 + 4
	sealTextBytes  = sealPlaceBytes + sealPlainBytes // of 4 AES blocks
)

// Sealer seals and opens values. It belongs to one goroutine. Sealing is
// deterministic, so that equal input gives equal files: the nonce is a MAC under a
// key of its own over the place and the value. The place must be in it: two values
// under one nonce would give away the authentication key of GCM.
type Sealer struct {
	aead    cipher.AEAD
	nonce   *cmac
	text    [sealTextBytes]byte
	columns map[[2]string]columnID
}

// NewSealer makes a sealer under the key's two sealing sub-keys.
func NewSealer(k *Key) *Sealer {
	return &Sealer{aead: k.gcm(), nonce: newCMAC(k.sub().sealNonce), columns: map[[2]string]columnID{}}
}

// Seal appends the sealed value to dst.
func (s *Sealer) Seal(dst []byte, at Place, v Value) []byte {
	return s.seal(dst, s.column(at), at.Ordinal, &at.PID, &at.RID, v)
}

func (s *Sealer) seal(dst []byte, column columnID, ordinal int32, pid, rid *ID, v Value) []byte {
	s.describe(column, ordinal, pid, rid)
	plain := s.text[sealPlaceBytes:]
	clear(plain)
	binary.BigEndian.PutUint64(plain, uint64(v.WallMs))
	plain[8] = byte(v.Prec)
	if v.HasOffset {
		plain[9] = 1
		binary.BigEndian.PutUint16(plain[10:], uint16(v.OffsetMinutes))
	}
	sum := s.nonce.of(&s.text)
	dst = append(dst, sum[:sealNonceBytes]...)
	return s.aead.Seal(dst, sum[:sealNonceBytes], plain, s.text[:sealPlaceBytes])
}

// Open reads a sealed value, which must have been sealed for this place.
func (s *Sealer) Open(sealed []byte, at Place) (Value, error) {
	if len(sealed) != sealBytes {
		return Value{}, ErrSeal
	}
	s.describe(s.column(at), at.Ordinal, &at.PID, &at.RID)
	plain := s.text[sealPlaceBytes:]
	_, err := s.aead.Open(plain[:0], sealed[:sealNonceBytes], sealed[sealNonceBytes:], s.text[:sealPlaceBytes])
	if err != nil || plain[9] > 1 {
		return Value{}, ErrSeal
	}
	if subtle.ConstantTimeCompare(s.nonce.of(&s.text)[:sealNonceBytes], sealed[:sealNonceBytes]) != 1 {
		return Value{}, ErrSeal
	}
	return Value{
		WallMs:        int64(binary.BigEndian.Uint64(plain)),
		Prec:          Precision(plain[8]),
		HasOffset:     plain[9] == 1,
		OffsetMinutes: int16(binary.BigEndian.Uint16(plain[10:])),
	}, nil
}

func (s *Sealer) describe(column columnID, ordinal int32, pid, rid *ID) {
	copy(s.text[:], pid[:])
	copy(s.text[16:], rid[:])
	copy(s.text[32:], column[:])
	binary.BigEndian.PutUint32(s.text[48:], uint32(ordinal))
}

// column is the id of a place's column. Places name few columns.
func (s *Sealer) column(at Place) columnID {
	names := [2]string{at.Table, at.Column}
	id, known := s.columns[names]
	if !known {
		id = columnOf(at.Table, at.Column)
		s.columns[names] = id
	}
	return id
}

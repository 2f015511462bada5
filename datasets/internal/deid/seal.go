package deid

import (
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"errors"
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

// Sealer seals and opens values. It belongs to one goroutine. Sealing is
// deterministic, so that equal input gives equal files: the nonce is an HMAC over
// the place and the value. The place must be in it: two values under one nonce
// would give away the authentication key of GCM.
type Sealer struct {
	aead  cipher.AEAD
	nonce *mac
	ad    []byte
}

// NewSealer makes a sealer under the key's two sealing sub-keys.
func NewSealer(k *Key) *Sealer { return &Sealer{aead: k.gcm(), nonce: newMAC(k.sealNonce)} }

// Seal appends the sealed value to dst.
func (s *Sealer) Seal(dst []byte, at Place, v Value) []byte {
	var plain [sealPlainBytes]byte
	binary.BigEndian.PutUint64(plain[:], uint64(v.WallMs))
	plain[8] = byte(v.Prec)
	if v.HasOffset {
		plain[9] = 1
		binary.BigEndian.PutUint16(plain[10:], uint16(v.OffsetMinutes))
	}
	ad := s.describe(at)
	s.ad = append(ad, plain[:]...)
	sum := s.nonce.of(s.ad)
	dst = append(dst, sum[:sealNonceBytes]...)
	return s.aead.Seal(dst, sum[:sealNonceBytes], s.ad[len(ad):], ad)
}

// Open reads a sealed value, which must have been sealed for this place.
func (s *Sealer) Open(sealed []byte, at Place) (Value, error) {
	if len(sealed) != sealBytes {
		return Value{}, ErrSeal
	}
	var buf [sealPlainBytes]byte
	ad := s.describe(at)
	s.ad = ad
	plain, err := s.aead.Open(buf[:0], sealed[:sealNonceBytes], sealed[sealNonceBytes:], ad)
	if err != nil || plain[9] > 1 {
		return Value{}, ErrSeal
	}
	s.ad = append(ad, plain...)
	if !hmac.Equal(s.nonce.of(s.ad)[:sealNonceBytes], sealed[:sealNonceBytes]) {
		return Value{}, ErrSeal
	}
	return Value{
		WallMs:        int64(binary.BigEndian.Uint64(plain)),
		Prec:          Precision(plain[8]),
		HasOffset:     plain[9] == 1,
		OffsetMinutes: int16(binary.BigEndian.Uint16(plain[10:])),
	}, nil
}

func (s *Sealer) describe(at Place) []byte {
	ad := append(s.ad[:0], at.PID[:]...)
	ad = append(ad, at.RID[:]...)
	ad = binary.BigEndian.AppendUint32(ad, uint32(at.Ordinal))
	ad = appendField(ad, at.Table)
	return appendField(ad, at.Column)
}

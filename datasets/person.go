package datasets

import (
	"encoding/hex"
	"time"

	"farr/datasets/fhir"
	"farr/datasets/internal/deid"
)

// Pseudonym is the pid or rid that a key gives to a resource of a source: 16 bytes,
// printed as a UUID is.
type Pseudonym [16]byte

func (p Pseudonym) String() string {
	var text [36]byte
	hex.Encode(text[0:8], p[0:4])
	hex.Encode(text[9:13], p[4:6])
	hex.Encode(text[14:18], p[6:8])
	hex.Encode(text[19:23], p[8:10])
	hex.Encode(text[24:], p[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// PseudonymOf is what Extract calls the resource of that type and FHIR id in a source.
// Whoever can call it holds the key and the id, so it tells them nothing that they
// could not make.
func PseudonymOf(key *Key, source, resourceType, id string) Pseudonym {
	return Pseudonym(deid.NewPseudonyms(key, source).Of(resourceType, []byte(id)))
}

// SealDay seals a true calendar day of a person for a place in a results table, where
// dates do not stand open. Equal input gives equal bytes.
func SealDay(key *Key, table, column string, pid Pseudonym, day time.Time) []byte {
	at := deid.Place{Table: table, Column: column, PID: deid.ID(pid)}
	return deid.NewSealer(key).Seal(nil, at, deid.Value{WallMs: day.UnixMilli(), Prec: fhir.Day})
}

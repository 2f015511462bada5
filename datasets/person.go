package datasets

import (
	"time"

	"github.com/google/uuid"

	"farr/datasets/fhir"
	"farr/datasets/internal/deid"
)

// PseudonymOf is the pid or rid that Extract gives, under a key, to the resource of a type
// and FHIR id in a source. Whoever can call it holds the key and the id, so it tells them
// nothing that they could not make.
func PseudonymOf(key *Key, source, resourceType, id string) uuid.UUID {
	return uuid.UUID(deid.NewPseudonyms(key, source).Of(resourceType, []byte(id)))
}

// SealDay seals a true calendar day of a person for a place in a results table, where
// dates do not stand open. Equal input gives equal bytes.
func SealDay(key *Key, table, column string, pid uuid.UUID, day time.Time) []byte {
	at := deid.Place{Table: table, Column: column, PID: deid.ID(pid)}
	return deid.NewSealer(key).Seal(nil, at, deid.Value{WallMs: day.UnixMilli(), Prec: fhir.Day})
}

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

// DaySealer seals true calendar days of persons for a results table, where dates do not
// stand open, and opens them again. It belongs to one goroutine.
type DaySealer struct {
	sealer        *deid.Sealer
	table, column string
}

// NewDaySealer makes a sealer for one column of a table.
func NewDaySealer(key *Key, table, column string) *DaySealer {
	return &DaySealer{deid.NewSealer(key), table, column}
}

func (s *DaySealer) place(pid uuid.UUID) deid.Place {
	return deid.Place{Table: s.table, Column: s.column, PID: deid.ID(pid)}
}

// Seal seals a day of a person. Equal input gives equal bytes.
func (s *DaySealer) Seal(pid uuid.UUID, day time.Time) []byte {
	return s.sealer.Seal(nil, s.place(pid), deid.Value{WallMs: day.UnixMilli(), Prec: fhir.Day})
}

// Open gives the day back, as UTC midnight; under another key or for another person it fails.
func (s *DaySealer) Open(pid uuid.UUID, sealed []byte) (time.Time, error) {
	v, err := s.sealer.Open(sealed, s.place(pid))
	return time.UnixMilli(v.WallMs).UTC(), err
}

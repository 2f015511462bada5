package deid

import "encoding/binary"

// ShiftDays is the greatest number of days that a patient's dates move back.
const ShiftDays = 365

// shiftLimit is the largest multiple of ShiftDays in 64 bits: draws at or above
// it are rejected, so that every number of days is equally likely.
const shiftLimit = (1<<64 - 1) / ShiftDays * ShiftDays

// Shifter derives the days by which a patient's dates are moved back. It belongs
// to one goroutine.
type Shifter struct {
	mac     *mac
	message []byte
}

// NewShifter makes a shifter under the key's shift sub-key.
func NewShifter(k *Key) *Shifter { return &Shifter{mac: newMAC(k.sub().shift)} }

// Days is the patient's shift, 1 to ShiftDays: true day = stored day + Days.
func (s *Shifter) Days(pid ID) int64 {
	for round := byte(0); ; round++ {
		s.message = append(append(s.message[:0], pid[:]...), round)
		sum := s.mac.of(s.message)
		for i := 0; i+8 <= len(sum); i += 8 {
			if draw := binary.BigEndian.Uint64(sum[i:]); draw < shiftLimit {
				return 1 + int64(draw%ShiftDays)
			}
		}
	}
}

package datasets

import "context"

// Disclosure is one time that true dates of a person were shown to somebody: who asked,
// and what for. It holds no value of a record.
type Disclosure struct {
	Who     string // account on the machine
	What    string
	To      string // terminal, output or file
	Measure string
	PID     string // pseudonym
	Extract string
}

// kindDisclosure is the kind of its entries in the log.
const kindDisclosure = "disclosure"

// Disclose writes a disclosure into the log before it is made. What cannot be written down is
// not to be shown. It is on the disk when Disclose returns.
func (s *Store) Disclose(ctx context.Context, d Disclosure) error {
	return s.Log(ctx, Event{Kind: kindDisclosure, Facts: map[string]any{
		"who": d.Who, "what": d.What, "to": d.To, "measure": d.Measure, "pid": d.PID, "extract": d.Extract,
	}})
}

package datasets

import "context"

// Disclosure is one time that true dates of persons were shown to somebody: who asked, and what for.
// It holds no value of a record.
type Disclosure struct {
	Who     string // account on the machine
	What    string
	To      string // terminal, output or file
	Measure string // measure or cohort
	PID     string // pseudonym
	Extract string

	// Of a statement of SQL, which has neither measure nor pid:
	Results   string // snapshot that it could read beside the extract; may be empty
	Statement string // Key.StatementHash of its text; empty without a key
	Columns   int
	Rows      int64 // -1 while not known
}

// kindDisclosure is the kind of its entries in the log.
const kindDisclosure = "disclosure"

// Disclose writes a disclosure into the log before it is made. What cannot be written down is
// not to be shown. It is on the disk when Disclose returns.
func (s *Store) Disclose(ctx context.Context, d Disclosure) error {
	facts := map[string]any{"who": d.Who, "what": d.What, "to": d.To, "extract": d.Extract}
	for name, text := range map[string]string{"measure": d.Measure, "pid": d.PID, "results": d.Results, "statement": d.Statement} {
		if text != "" {
			facts[name] = text
		}
	}
	if d.Columns > 0 {
		facts["columns"] = d.Columns
		if d.Rows >= 0 {
			facts["rows"] = d.Rows
		}
	}
	return s.Log(ctx, Event{Kind: kindDisclosure, Facts: facts})
}

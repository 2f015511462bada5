package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// disclosureFile holds a JSON line for each time that a person's true dates were shown.
const disclosureFile = "disclosure.log"

// Disclosure is one time that true dates of a person were shown to somebody: who asked,
// when, and what for. It holds no value of a record.
type Disclosure struct {
	Time    time.Time `json:"time"`
	Who     string    `json:"who"` // account on the machine
	What    string    `json:"what"`
	To      string    `json:"to"` // terminal, output or file
	Measure string    `json:"measure"`
	PID     string    `json:"pid"` // pseudonym
	Extract string    `json:"extract"`
}

// Disclose writes a disclosure down before it is made. What cannot be written down is not to
// be shown. The line is on the disk when it returns.
func (s *Store) Disclose(d Disclosure) error {
	line, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("disclosure log: %w", err)
	}
	f, err := s.root.OpenFile(disclosureFile, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("disclosure log: %w", err)
	}
	// One write of a short line is whole, also beside those of other processes.
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("disclosure log: %w", err)
	}
	return nil
}

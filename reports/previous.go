package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"farr/reports/internal/page"
	"farr/reports/internal/text"
)

var hexForm = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// previousState is what the bundle in dir says of itself, for the question what changed since; nil with a note where there
// is no bundle, or one that cannot say. A bundle of the same results was made of what this one is made of: then
// it is what that one was compared with, so that a report made again is the same.
func previousState(dir, results string) (*page.State, text.Message) {
	if dir == "" {
		return nil, ""
	}
	list, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, ""
	}
	const unreadable text.Message = "The report that stood in its place cannot say how far it knew."
	var m manifest
	if json.Unmarshal(list, &m) != nil || m.Kind != bundleKind {
		return nil, unreadable
	}
	data, err := os.ReadFile(filepath.Join(dir, page.StateFile))
	if err != nil {
		return nil, unreadable
	}
	sum, listed := sha256.Sum256(data), false
	for _, f := range m.Files {
		listed = listed || f.Path == page.StateFile && f.SHA256 == hex.EncodeToString(sum[:])
	}
	var s page.State
	if !listed || json.Unmarshal(data, &s) != nil || !wellFormed(&s) {
		return nil, unreadable
	}
	if s.Results == results {
		return s.Before, ""
	}
	s.Before = nil
	return &s, ""
}

// wellFormed keeps out what this program did not write.
func wellFormed(s *page.State) bool {
	isDay := func(d string) bool { _, err := time.Parse(time.DateOnly, d); return err == nil }
	if s.Format != 1 || !hexForm.MatchString(s.Results) || !isDay(s.AsOf) {
		return false
	}
	for _, d := range s.Newest {
		if !isDay(d) {
			return false
		}
	}
	return s.Before == nil || wellFormed(s.Before)
}

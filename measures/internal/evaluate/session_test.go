package evaluate

import (
	"testing"

	"farr/measures/internal/content"
	"farr/measures/internal/plan"
)

// A session holds what its own programs read: of another it would answer from rows that are left out.
func TestSessionOfOthers(t *testing.T) {
	own := &Program{Measure: &content.Measure{Name: "Own"}, compiled: &plan.Compiled{}}
	other := &Program{Measure: &content.Measure{Name: "Other"}, compiled: &plan.Compiled{}}
	s := &Session{programs: []*Program{own}}
	if err := s.make(t.Context(), own, everything); err != nil {
		t.Error(err)
	}
	if err := s.make(t.Context(), other, everything); err == nil {
		t.Error("a session makes the defines of a program that it was not opened for")
	}
}

package measures

import (
	"testing"
)

func TestShippedLibraryLoads(t *testing.T) {
	l, err := LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(l.IDs(KindMeasure)); got != 7 {
		t.Errorf("%d measures", got)
	}
	if got := len(l.IDs(KindCohort)); got != 1 {
		t.Errorf("%d cohorts", got)
	}
	for _, d := range l.Definitions() {
		t.Log(d.Kind, d.ID, d.Hash[:8], len(d.Lists), len(d.Populations))
	}
}

package measures

import (
	"slices"
	"testing"
)

func TestShippedLibraryLoads(t *testing.T) {
	l, err := LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(l.IDs(KindMeasure)); got != 8 {
		t.Errorf("%d measures", got)
	}
	// A measure in CQL is computed when it is named, so that no report counts it beside its twin.
	if all, err := l.pick(KindMeasure, nil); err != nil || len(all) != 7 || slices.ContainsFunc(all, func(d Definition) bool { return d.Published != nil }) {
		t.Errorf("%d measures when none is named: %v", len(all), err)
	}
	if got := len(l.IDs(KindCohort)); got != 5 {
		t.Errorf("%d cohorts", got)
	}
	for _, d := range l.Definitions() {
		t.Log(d.Kind, d.ID, d.Hash[:8], len(d.Lists), len(d.Populations))
	}
}

package main

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestUndumpable: no process of the same account may look into this one. It is the other half of what
// TestNoCoreDump sees from outside.
func TestUndumpable(t *testing.T) {
	if err := keepPrivate(); err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	if d, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || d != 0 {
		t.Errorf("dumpable %d, %v", d, err)
	}
}

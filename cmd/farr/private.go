//go:build unix

package main

import (
	"fmt"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// keepPrivate lets nothing of this process's memory reach a disk or another process by way of a
// crash: raw records and keys are in it. It cannot speak for pages that the system swaps out.
func keepPrivate() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("turn core dumps off: %w", err)
	}
	// One goroutine's trace; what the environment asks for beyond it stands, and with no core to be
	// written "crash" shows no more than "all".
	debug.SetTraceback("single")
	return undumpable()
}

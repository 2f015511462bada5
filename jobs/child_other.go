//go:build !linux

package jobs

import "os"

// watchMemory is not offered here.
func watchMemory(_ *os.Process, _ Bytes, ended <-chan struct{}) bool {
	<-ended
	return false
}

func outOfMemoryKills() int64 { return 0 }

// canWatchMemory tells whether a memory limit can be kept here.
const canWatchMemory = false

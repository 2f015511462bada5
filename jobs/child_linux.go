package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// watchMemory kills a process whose memory, in pages or swapped out, is beyond the limit, and tells whether it did. It ends
// when ended is closed.
func watchMemory(p *os.Process, limit Bytes, ended <-chan struct{}) (beyond bool) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return beyond
		case <-ticker.C:
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid))
		if err != nil || beyond {
			continue // it has ended
		}
		if held := numberAfter(string(text), "VmRSS:") + numberAfter(string(text), "VmSwap:"); held<<10 > int64(limit) {
			beyond = p.Kill() == nil
		}
	}
}

// outOfMemoryKills is how many processes of our control group the kernel has killed for want of memory.
func outOfMemoryKills() int64 {
	group, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	path, _ := strings.CutPrefix(strings.TrimSpace(string(group)), "0::")
	text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", path, "memory.events"))
	if err != nil {
		return 0
	}
	return numberAfter("\n"+string(text), "oom_kill ")
}

// numberAfter gives the number behind a name that begins a line, 0 without one.
func numberAfter(text, name string) (n int64) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				return 0
			}
		}
	}
	return n
}

// canWatchMemory tells whether a memory limit can be kept here.
const canWatchMemory = true

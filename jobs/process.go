package jobs

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// process tells one process from all others, on this machine and since it was started.
type process struct {
	PID  int    `json:"pid"`
	Host string `json:"host"`
	Boot string `json:"boot,omitempty"` // the kernel's ID of the boot; empty where it tells none
	Born string `json:"born,omitempty"` // the start in the kernel's ticks since the boot; empty where it tells none
}

// self is this process.
var self = sync.OnceValue(func() process {
	host, _ := os.Hostname() // it only helps a person to find the machine
	return process{os.Getpid(), host, bootID(), bornOf(os.Getpid())}
})

// bootID changes whenever the machine starts.
func bootID() string {
	data, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // only Linux has it
	return strings.TrimSpace(string(data))
}

// bornOf is when a process began; empty when it is not there or cannot be told.
func bornOf(pid int) string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// proc_pid_stat(5): the name in brackets may hold anything; starttime is field 22, the 20th after it.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}

// gone is why a process that does not hold its lock is not there any more; empty where it still is. A process of another
// machine cannot be asked, and its lock is free.
func (p process) gone() string {
	me := self()
	switch {
	case p.Boot != "" && me.Boot != "" && p.Host == me.Host && p.Boot != me.Boot:
		return "the machine was restarted during the run"
	case p.PID == me.PID, p.Host != me.Host, p.Born == "":
	case bornOf(p.PID) == p.Born && syscall.Kill(p.PID, 0) != syscall.ESRCH:
		return ""
	}
	return "the process ended without a word"
}

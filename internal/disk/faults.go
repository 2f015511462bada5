//go:build faults

package disk

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// The variables that a program with fault points reads:
//
//	FARR_FAULT_RECORD  a file to which each point that is passed is appended, a line each
//	FARR_FAULT_AT      the point at which to fail, as in that file
//	FARR_FAULT_KIND    how: kill, enospc, eio or panic
//
// A point is the operation, the function that asked for it, the file with what is random in its name left out, and how
// often this was passed before. It is the same in each run of the same work.
const (
	recordVariable = "FARR_FAULT_RECORD"
	atVariable     = "FARR_FAULT_AT"
	kindVariable   = "FARR_FAULT_KIND"
)

type fault struct{ op, name string }

// strike ends or fails as asked.
func (x *fault) strike() error {
	switch kind := os.Getenv(kindVariable); kind {
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "enospc":
		return &fs.PathError{Op: x.op, Path: x.name, Err: syscall.ENOSPC}
	case "eio":
		return &fs.PathError{Op: x.op, Path: x.name, Err: syscall.EIO}
	case "panic":
		panic("fault point")
	default:
		panic("no kind of fault: " + kind)
	}
}

var passed struct {
	sync.Mutex
	count map[string]int
}

// Again counts the points from the first, for a test that does the same work several times in one process.
func Again() {
	passed.Lock()
	defer passed.Unlock()
	passed.count = nil
}

func at(op, name string) *fault {
	record, target := os.Getenv(recordVariable), os.Getenv(atVariable)
	if record == "" && target == "" {
		return nil
	}
	place := op + " " + caller() + " " + steady(name)
	passed.Lock()
	defer passed.Unlock()
	if passed.count == nil {
		passed.count = map[string]int{}
	}
	point := fmt.Sprintf("%s #%d", place, passed.count[place])
	passed.count[place]++
	if record != "" {
		note(record, point)
	}
	if point == target {
		return &fault{op, name}
	}
	return nil
}

func note(file, point string) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.WriteString(point + "\n"); err != nil {
		panic(err)
	}
}

// caller is farr's nearest function outside this package.
func caller() string {
	pcs := make([]uintptr, 30)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "farr/") && !strings.HasPrefix(f.Function, "farr/internal/disk.") {
			return strings.TrimPrefix(f.Function, "farr/")
		}
		if !more {
			return "?"
		}
	}
}

// random is what differs between equal runs in the name of a file: hashes, their first two digits as a folder, numbers.
var random = regexp.MustCompile(`[0-9a-f]{8,}|\b[0-9a-f]{2}\b|[0-9]+`)

// steady is the last two elements of a name without what is random in them.
func steady(name string) string {
	dir, file := filepath.Split(name)
	return random.ReplaceAllString(filepath.Join(filepath.Base(dir), file), "*")
}

// Point is a fault point of a change that goes through another library, such as a commit.
func Point(op, name string) error {
	if x := at(op, name); x != nil {
		return x.strike()
	}
	return nil
}

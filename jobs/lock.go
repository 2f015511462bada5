//go:build unix

package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// holder is what a lock file says of who has it.
type holder struct {
	process
	Since time.Time `json:"since"`
}

// lock takes the advisory lock on path for as long as the file is open; the kernel
// drops it with the process. It waits a moment, because Status may be asking, and is
// a LockedError about what when another holder stays.
func lock(path, what string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for range 10 {
		if err = flock(f, syscall.LOCK_EX); !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err == nil {
		if err = excludes(path); err == nil {
			err = sign(f)
		}
	}
	if err == nil {
		return f, nil
	}
	defer f.Close()
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, &LockedError{What: what, Holder: readHolder(f)}
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS), errors.Is(err, errNoLocks):
		return nil, fmt.Errorf("lock %s: %w: put the folder on a local disk", path, errNoLocks)
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}

var errNoLocks = errors.New("the file system has no working locks, so two processes could run one job at once")

// excludes holds the file system to what a lock is: while this process has it, nobody else gets it. Some network and
// overlay file systems grant it to all.
func excludes(path string) error {
	other, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer other.Close()
	if err := flock(other, syscall.LOCK_EX); !errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.Join(errNoLocks, err)
	}
	return nil
}

// sign writes into a lock file who has it, for whom it keeps waiting.
func sign(f *os.File) error {
	data, err := json.Marshal(holder{self(), time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(data, '\n'), 0)
	return err
}

// readHolder is who wrote that it has the lock; nil where that cannot be told.
func readHolder(f *os.File) *holder {
	data, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	var h holder
	if err != nil || json.Unmarshal(data, &h) != nil || h.PID == 0 {
		return nil
	}
	return &h
}

// isLocked tells whether a process has the lock on path.
func isLocked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(flock(f, syscall.LOCK_SH), syscall.EWOULDBLOCK)
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

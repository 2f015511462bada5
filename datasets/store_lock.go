//go:build unix

package datasets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"farr/internal/disk"
)

// lock takes the writer lock, waiting until ctx ends. The kernel drops it with
// the process, so a killed writer never blocks the next.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	f, err := s.root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock store: %w", err)
	}
	for {
		held, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock store: %w", err)
		}
		if held {
			return func() { f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, &Error{Code: CodeLocked, Subject: s.dir, Detail: "another process is publishing", Err: ctx.Err()}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tryLock takes an exclusive lock on an open file, or reports that somebody
// living has it. Locks belong to the open file, so two opens in one process
// exclude each other too.
func tryLock(f *disk.File) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case errors.Is(err, syscall.EINTR):
		default:
			return false, err
		}
	}
}

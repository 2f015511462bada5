package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"

	"farr/datasets"
	"farr/internal/duck"
)

// DiskLimitError is a run that took more of the disk than its limit, or found less free.
type DiskLimitError struct {
	Step  string
	Limit Bytes
	Free  Bytes  // where Place has too little
	Place string // file system of that folder; empty where more was taken
}

func (e *DiskLimitError) Error() string {
	if e.Place != "" {
		return fmt.Sprintf("step %s was not begun: %s are free on the file system of %s, and limits.disk says that the run may need %s", e.Step, e.Free, e.Place, e.Limit)
	}
	return fmt.Sprintf("step %s took more of the disk than the limit of %s and was ended", e.Step, e.Limit)
}

// noRoom tells whether err comes of a full disk, a full quota or a limit.
func noRoom(err error) bool {
	var limit *DiskLimitError
	var engine *duck.Error
	var ledger *sqlite.Error
	switch {
	case errors.As(err, &limit), datasets.CodeOf(err) == datasets.CodeNoRoom, errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return true
	case errors.As(err, &engine):
		return engine.NoRoom && !engine.InMemory
	case errors.As(err, &ledger):
		return ledger.Code() == sqlitecode.SQLITE_FULL || ledger.Code() == sqlitecode.SQLITE_IOERR_SHMSIZE
	}
	return false
}

// bounded does a step within its limits of time and disk.
func (b *building) bounded(ctx context.Context, step string, do func(ctx context.Context) error) error {
	limit := b.job.Limits.Disk
	if limit == 0 {
		return b.job.timed(ctx, step, do)
	}
	places := []string{b.job.Store}
	if step == "report" {
		places = append(places, b.job.Report.Out)
	}
	for _, place := range places {
		free, _, at, err := freeAt(place)
		if err != nil {
			return err
		}
		if free < int64(limit) {
			return &DiskLimitError{step, limit, Bytes(free), at}
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer every(weighEvery, func() {
		if b.onTheWay() > int64(limit) {
			stop(&DiskLimitError{Step: step, Limit: limit})
		}
	})()
	return outcome(ctx, b.job.timed(ctx, step, do))
}

// weighEvery is how often the disk is looked at: what a step writes through a staging is counted by that, too, as it goes.
const weighEvery = 250 * time.Millisecond

// onTheWay is how many bytes the run holds that are not at their place yet: staging with its spill, and the report. What cannot
// be read at the moment is counted the next time.
func (b *building) onTheWay() int64 {
	bytes, err := b.store.Staged()
	if err != nil {
		bytes = 0
	}
	out := b.job.Report.Out
	if out == "" {
		return bytes
	}
	for _, pattern := range []string{filepath.Join(out, runsName, stagePrefix+"*"), filepath.Join(out, latestPrefix+"*")} {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		for _, dir := range dirs {
			if n, err := bytesBelow(dir); err == nil {
				bytes += n
			}
		}
	}
	return bytes
}

// freeAt is how much is free, and how much there is, where path is or will be: in the folder at.
func freeAt(path string) (free, all int64, at string, err error) {
	for {
		_, err := os.Stat(path)
		if err == nil {
			break
		}
		parent := filepath.Dir(path)
		if !errors.Is(err, fs.ErrNotExist) || parent == path {
			return 0, 0, path, err
		}
		path = parent
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(path, &disk); err != nil {
		return 0, 0, path, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	return int64(disk.Bavail) * int64(disk.Bsize), int64(disk.Blocks) * int64(disk.Bsize), path, nil
}

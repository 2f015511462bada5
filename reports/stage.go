package reports

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// newStage makes a private folder beside out in which a bundle is written, after removing
// what a process that was killed left there. The kernel drops the lock on it with the process.
func newStage(out string) (stage string, release func() error, err error) {
	parent, prefix := filepath.Dir(out), "."+filepath.Base(out)+".new-"
	entries, err := os.ReadDir(parent)
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		dead := filepath.Join(parent, e.Name())
		if held, err := lockFolder(dead); err == nil {
			err = errors.Join(os.RemoveAll(dead), held.Close())
			if err != nil {
				return "", nil, err
			}
		}
	}
	if stage, err = os.MkdirTemp(parent, prefix); err != nil {
		return "", nil, err
	}
	held, err := lockFolder(stage)
	if err != nil {
		os.RemoveAll(stage)
		return "", nil, err
	}
	return stage, func() error { return errors.Join(os.RemoveAll(stage), held.Close()) }, nil
}

// lockFolder fails when a living process has the folder.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

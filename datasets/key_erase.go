package datasets

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"farr/internal/disk"
)

// EraseKey overwrites a key file and removes it. What a file system, a disk or a backup keeps of an
// earlier version is beyond it: destroy those copies, too. It refuses what is no file of
// its owner's alone, and one with a second name, which would stay.
func EraseKey(path string) error {
	refuse := func(why string) error {
		return &fs.PathError{Op: "erase key", Path: path, Err: errors.New(why)}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("erase key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return refuse("not a regular file; erase the key where it is")
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink > 1 {
		return refuse("it has another name on this disk; remove that first")
	}
	f, err := disk.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("erase key: %w", err)
	}
	noise := make([]byte, max(info.Size(), keyFileBytes))
	rand.Read(noise)
	_, err = f.Write(noise)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("erase key: %w", err)
	}
	if err := disk.Remove(path); err != nil {
		return fmt.Errorf("erase key: %w", err)
	}
	return disk.SyncDir(filepath.Dir(path))
}

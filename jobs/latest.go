package jobs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"farr/internal/disk"
)

// latestName is the folder that always holds the newest complete bundle.
const latestName = "latest"

// latestPrefix begins the names of folders on their way to or from it.
const latestPrefix = ".latest-"

// publishLatest makes <out>/latest a copy of the bundle in from. The copy is complete
// and on disk before it is exchanged for the one before, which is then removed; a
// crash leaves the old one or the new one, and at most a hidden folder beside it that
// the next call removes. Where folders cannot be exchanged the hidden one may be the old
// one, which the next call puts back first. The caller holds the lock of out.
func publishLatest(out, from string) (latest string, err error) {
	latest = filepath.Join(out, latestName)
	if err := putBack(out, latest); err != nil {
		return "", err
	}
	fresh, remove, err := disk.Private(out, latestPrefix)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, remove()) }() // what failed
	// A bundle is for people: MkdirTemp's 0700 would hide it from a web server.
	info, err := os.Stat(from)
	if err != nil {
		return "", err
	}
	if err := disk.Chmod(fresh, info.Mode().Perm()); err != nil {
		return "", err
	}
	if err := copyTree(from, fresh); err != nil {
		return "", fmt.Errorf("copy the bundle to %s: %w", latest, err)
	}
	if err := disk.Replace(fresh, latest); err != nil {
		return "", fmt.Errorf("put %s in place: %w", latest, err)
	}
	return latest, nil
}

// putBack gives latest its name again where disk.Replace was stopped between its two renames: what had it before is the only
// whole copy then, and would be swept as a dead process's.
func putBack(out, latest string) error {
	if _, err := os.Lstat(latest); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), latestPrefix) && strings.HasSuffix(e.Name(), ".old") {
			// There is one: each call begins with this.
			return errors.Join(disk.Rename(filepath.Join(out, e.Name()), latest), disk.SyncDir(out))
		}
	}
	return nil
}

// copyTree copies files and folders, each synced to disk, folders after their content.
func copyTree(from, to string) error {
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		info, err := e.Info()
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			if rel == "." {
				return nil
			}
			return disk.Mkdir(target, info.Mode().Perm()|0o700)
		case e.Type().IsRegular():
			return copyFile(path, target, info.Mode().Perm())
		default:
			return &fs.PathError{Op: "copy", Path: path, Err: errors.New("neither a file nor a folder")}
		}
	})
	if err != nil {
		return err
	}
	return disk.SyncDirs(to)
}

func copyFile(from, to string, mode fs.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := disk.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

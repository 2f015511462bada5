package jobs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"farr/internal/atomicdir"
)

// latestName is the folder that always holds the newest complete bundle.
const latestName = "latest"

// latestPrefix begins the names of folders on their way to or from it.
const latestPrefix = ".latest-"

// publishLatest makes <out>/latest a copy of the bundle in from. The copy is complete
// and on disk before it is exchanged for the one before, which is then removed; a
// crash leaves the old one or the new one, and at most a hidden folder beside it that
// the next call removes.
func publishLatest(out, from string) (latest string, err error) {
	latest = filepath.Join(out, latestName)
	if err := sweep(out, latestPrefix); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(out, latestPrefix)
	if err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(fresh)) // what failed
	}()
	// A bundle is for people: MkdirTemp's 0700 would hide it from a web server.
	info, err := os.Stat(from)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(fresh, info.Mode().Perm()); err != nil {
		return "", err
	}
	if err := copyTree(from, fresh); err != nil {
		return "", fmt.Errorf("copy the bundle to %s: %w", latest, err)
	}
	if err := atomicdir.Replace(fresh, latest); err != nil {
		return "", fmt.Errorf("put %s in place: %w", latest, err)
	}
	return latest, nil
}

// sweep removes folders of dir with the prefix: what runs that were cut off left.
func sweep(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyTree copies files and folders, each synced to disk, folders after their content.
func copyTree(from, to string) error {
	var dirs []string
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
			dirs = append(dirs, target)
			if rel == "." {
				return nil
			}
			return os.Mkdir(target, info.Mode().Perm()|0o700)
		case e.Type().IsRegular():
			return copyFile(path, target, info.Mode().Perm())
		default:
			return &fs.PathError{Op: "copy", Path: path, Err: errors.New("neither a file nor a folder")}
		}
	})
	if err != nil {
		return err
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := syncFile(dirs[i]); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string, mode fs.FileMode) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

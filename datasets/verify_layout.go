package datasets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// layout holds the folder itself against what a store is: its mark, its folders, and in them nothing but
// files and folders of farr's. A link is none, wherever it leads. What is in staging is its writer's.
func (v *verifier) layout(ctx context.Context) error {
	if err := v.mark(); err != nil {
		return err
	}
	return fs.WalkDir(v.store.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a living writer's, gone meanwhile
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil || name == "." {
			return err
		}
		switch top, below, _ := strings.Cut(name, "/"); {
		case !e.IsDir() && !e.Type().IsRegular():
			v.stranger(name, "neither a file nor a folder")
		case below == "":
			v.top(name, e.IsDir())
		case top == stagingDir:
		case e.IsDir() != (top == objectsDir && !strings.Contains(below, "/")) || !belongs(top, below):
			v.stranger(name, "no file of farr's")
			if e.IsDir() {
				return fs.SkipDir
			}
		}
		return nil
	})
}

// folders wants the store's folders to be there, and to be folders.
func (v *verifier) folders() {
	for _, name := range slices.Concat(layout, []string{logDir, releasesDir, exportsDir}) {
		info, err := v.store.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) && !slices.Contains(layout, name) {
			continue // made when it is needed
		}
		if err != nil || !info.IsDir() {
			v.stranger(name, "not a folder")
		}
	}
}

// mark wants the format mark as create writes it.
func (v *verifier) mark() error {
	want, err := canonicalJSON(formatMark{formatVersion})
	if err != nil {
		return err
	}
	if text, err := v.store.readRegular(formatFile); err != nil || string(text) != string(want)+"\n" {
		v.stranger(formatFile, "it is not what farr wrote")
	}
	return nil
}

// top judges what lies in the store's folder itself.
func (v *verifier) top(name string, folder bool) {
	folders, files := slices.Concat(layout, []string{logDir, releasesDir, exportsDir}), []string{formatFile, lockFile, custodyFile}
	if folder && !slices.Contains(folders, name) || !folder && !slices.Contains(files, name) {
		v.stranger(name, "no file of farr's")
	}
}

// belongs tells whether farr gives that name to anything in a folder of the store.
func belongs(folder, name string) bool {
	switch folder {
	case objectsDir:
		dir, sha, isFile := strings.Cut(name, "/")
		return !isFile && len(dir) == 2 && strings.Trim(dir, "0123456789abcdef") == "" || hashPattern.MatchString(sha) && sha[:2] == dir
	case snapshotsDir:
		return idOfManifest(name) != ""
	case pointersDir:
		return namePattern.MatchString(name)
	case keysDir:
		return hashPattern.MatchString(name)
	case exportsDir:
		key, kind, _ := strings.Cut(name, ".")
		return (kind == "json" || kind == "lock") && hashPattern.MatchString(key)
	case releasesDir:
		id, ok := strings.CutSuffix(name, releaseSuffix)
		return ok && hashPattern.MatchString(id)
	}
	return true // the log tells of its own
}

func (v *verifier) stranger(name, detail string) {
	_ = v.found(&Error{Code: CodeDamagedLayout, Subject: name, Detail: detail}) // always recorded
}

// readRegular reads a file whole. A link or a folder in its place is an error that says so.
func (s *Store) readRegular(name string) ([]byte, error) {
	info, err := s.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Code: CodeDamagedLayout, Subject: path.Clean(name), Detail: "it is not a regular file"}
	}
	return s.root.ReadFile(name)
}

// unreadable makes a problem of an error that is none yet: a file that cannot be read is as good as lost.
func unreadable(code Code, subject string, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Error{Code: code, Subject: subject, Err: fmt.Errorf("it cannot be read: %w", err)}
}

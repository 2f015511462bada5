package reports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"farr/datasets"
)

// Verification says what Verify read of a bundle and everything that is wrong with it.
type Verification struct {
	Dir      string             `json:"dir"`
	Files    int                `json:"files"` // that the manifest names
	Bytes    int64              `json:"bytes"`
	Manifest string             `json:"manifest"` // hex SHA-256
	Problems []datasets.Problem `json:"problems"`
}

// Err is nil when nothing is wrong.
func (v *Verification) Err() error { return datasets.VerifyReport{Problems: v.Problems}.Err() }

// Verify holds every file of the bundle in dir against its manifest, and the manifest against the log of the store that
// the bundle was made from. What the manifest does not name is found too. The error is for a folder that cannot be read.
func Verify(ctx context.Context, s *datasets.Store, dir string) (*Verification, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("verify report: %w", err)
	}
	defer root.Close()
	v := &Verification{Dir: dir, Problems: []datasets.Problem{}}
	m, err := v.manifest(s, root)
	if err != nil {
		return nil, fmt.Errorf("verify report: %w", err)
	}
	named := map[string]bool{manifestName: true}
	if m != nil {
		for _, f := range m.Files {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			named[f.Path] = true
			v.Files++
			v.Bytes += int64(f.Bytes)
			if detail := check(root, f); detail != "" {
				v.problem(f.Path, detail)
			}
		}
		err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
			if err == nil && !named[name] && !(e.IsDir() && holds(m.Files, name)) {
				v.problem(name, "the report's manifest does not name it")
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("verify report: %w", err)
	}
	slices.SortFunc(v.Problems, func(a, b datasets.Problem) int { return strings.Compare(a.Subject, b.Subject) })
	return v, nil
}

func (v *Verification) problem(name, detail string) {
	v.Problems = append(v.Problems, datasets.Problem{Code: datasets.CodeDamagedReport, Subject: path.Join(v.Dir, name), Detail: detail})
}

// manifest reads the list of files; nil where there is none to trust.
func (v *Verification) manifest(s *datasets.Store, root *os.Root) (*manifest, error) {
	text, detail := regular(root, manifestName)
	if detail != "" {
		v.problem(manifestName, detail)
		return nil, nil
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil || m.Kind != bundleKind || m.Format != 1 {
		v.problem(manifestName, "it is not a report's manifest")
		return nil, nil
	}
	sum := sha256.Sum256(text)
	v.Manifest = hex.EncodeToString(sum[:])
	entries, err := s.LogEntries()
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(entries, func(e datasets.LogEntry) bool { return e.Facts["bundle"] == v.Manifest }) {
		v.problem(manifestName, "the store's log knows no report with it: it was changed, or is of another store")
	}
	return &m, nil
}

// check says what is wrong with a file that a manifest names, "" when nothing is.
func check(root *os.Root, f manifestFile) string {
	data, detail := regular(root, f.Path)
	if detail != "" {
		return detail
	}
	if len(data) != f.Bytes {
		return fmt.Sprintf("it has %d bytes and %d were written", len(data), f.Bytes)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
		return "its bytes have changed"
	}
	return ""
}

// regular reads a file whole, or says why not.
func regular(root *os.Root, name string) (data []byte, detail string) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "it is gone"
	case err == nil && !info.Mode().IsRegular():
		return nil, "it is not a regular file"
	}
	if data, err = root.ReadFile(name); err != nil {
		return nil, "it cannot be read"
	}
	return data, ""
}

// holds tells whether files lie below a folder.
func holds(files []manifestFile, folder string) bool {
	return folder == "." || slices.ContainsFunc(files, func(f manifestFile) bool { return strings.HasPrefix(f.Path, folder+"/") })
}

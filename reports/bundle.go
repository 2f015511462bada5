package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"farr/internal/disk"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// manifestName is the file that makes a folder a farr bundle.
const manifestName = "manifest.json"

const bundleKind = "farr-report"

// manifest lists the bundle's files.
type manifest struct {
	Kind     string   `json:"kind"`
	Format   int      `json:"format"`
	Results  string   `json:"results"`
	Audience Audience `json:"audience"`
	Policy   string   `json:"policy"`
	// Checkpoint is the head of the store's log right behind the entry of the results: origin, size, root.
	Checkpoint string `json:"checkpoint,omitempty"`
	// Language of the pages, and the hex SHA-256 of its file; none in English.
	Language     string         `json:"language,omitempty"`
	LanguageFile string         `json:"language_file,omitempty"`
	Files        []manifestFile `json:"files"`
}

type manifestFile struct {
	Path   string `json:"path"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// checkOut refuses a folder that a bundle may not replace, before any work.
func checkOut(out string) error {
	if out == "" {
		return errors.New("report: no output folder was named")
	}
	info, err := os.Lstat(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("report: %s is not a folder", out)
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if len(entries) == 0 {
		return nil
	}
	var m manifest
	b, err := os.ReadFile(filepath.Join(out, manifestName))
	if err != nil || json.Unmarshal(b, &m) != nil || m.Kind != bundleKind {
		return fmt.Errorf("report: %s has files in it and is not a farr report; nothing was written (choose another folder)", out)
	}
	known := map[string]bool{manifestName: true}
	for _, f := range m.Files {
		known[f.Path] = true
	}
	return filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		if !known[filepath.ToSlash(rel)] {
			return fmt.Errorf("report: %s holds %s, which is not part of the report there; nothing was written (move it, or choose another folder)", out, rel)
		}
		return nil
	})
}

// write stages the files beside out, then puts them in its place.
func write(req Request, lineage measures.Lineage, border *disclose.Border, cert *disclose.Certificate, targets string, language *text.Words, files map[string][]byte) (*Bundle, error) {
	m := manifest{Kind: bundleKind, Format: 1, Results: lineage.Results, Audience: req.Audience,
		Policy: border.Policy.Name, Checkpoint: lineage.Checkpoint, LanguageFile: language.Hash}
	if !language.English {
		m.Language = language.Language()
	}
	paths := make([]string, 0, len(files))
	for p := range files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		sum := sha256.Sum256(files[p])
		m.Files = append(m.Files, manifestFile{p, len(files[p]), hex.EncodeToString(sum[:])})
	}
	list, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	list = append(list, '\n')

	out, err := filepath.Abs(req.Out)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if err := disk.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	stage, remove, err := disk.Private(filepath.Dir(out), "."+filepath.Base(out)+".new-")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	defer remove() // what is there after a failure, or was there before
	// An internal report holds small numbers: only its owner may read it, until
	// the owner says otherwise.
	dirMode, fileMode := fs.FileMode(0o755), fs.FileMode(0o644)
	if req.Audience == Internal {
		dirMode, fileMode = 0o700, 0o600
	}
	if err := disk.Chmod(stage, dirMode); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	for _, p := range paths {
		if err := writeFile(filepath.Join(stage, filepath.FromSlash(p)), files[p], dirMode, fileMode); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
	}
	if err := writeFile(filepath.Join(stage, manifestName), list, dirMode, fileMode); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if err := disk.SyncDirs(stage); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if err := checkOut(out); err != nil { // again: something may have been put there meanwhile
		return nil, err
	}
	sum := sha256.Sum256(list)
	hash := hex.EncodeToString(sum[:])
	if req.record != nil {
		var released []byte
		if cert != nil {
			if released, err = json.Marshal(Released{1, hash, lineage.Results, lineage.Extract, *cert, border.Released()}); err != nil {
				return nil, fmt.Errorf("report: %w", err)
			}
		}
		err := req.record(map[string]any{"bundle": hash, "results": lineage.Results, "extract": lineage.Extract,
			"audience": string(req.Audience), "disclosure": m.Policy, "targets": targets, "rebased": len(req.Rebases)}, released)
		if err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
	}
	if err := disk.Replace(stage, out); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return &Bundle{Dir: out, Index: filepath.Join(out, "index.html"), Files: len(paths) + 1, Untranslated: language.Missing, ManifestHash: hash}, nil
}

func writeFile(path string, data []byte, dirMode, fileMode fs.FileMode) error {
	if err := disk.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	return disk.WriteNew(path, data, fileMode)
}

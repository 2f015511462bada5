package fhir

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultMaxLine is the most bytes a line may have unless [Input.MaxLine] says otherwise.
const DefaultMaxLine = 64 << 20

// Source is a folder of NDJSON files, and of Bundles and single resources as JSON, as it was when opened.
type Source struct {
	// Inputs are the files to read, sorted by name. Never empty.
	Inputs []Input
	// Ignored are files that may have been meant to be read and are not, and folders, sorted by name, so that a report can say so.
	Ignored []Ignored
}

// Ignored is a file or folder that is not read.
type Ignored struct {
	Name string // inside the folder
	Why  string // for people
}

// Input is one NDJSON or JSON file, plain or gzip. Its methods may be called any number of times.
type Input struct {
	// Name is the file's name inside the folder. A name may say who the records are about, so
	// it belongs in reports to the operator and in nothing that is kept or published.
	Name string
	// Number is the file's place among the inputs of its folder sorted by name, from 1.
	Number int
	// Size is the number of bytes of the file as it lies on disk.
	Size int64
	// MaxLine is the most bytes a line may have, at most 1 GiB. Open sets DefaultMaxLine.
	MaxLine int

	path string
	info fs.FileInfo
	form form
}

// Open lists the inputs in a folder: regular files named *.ndjson, and those named *.json that are a resource of FHIR, such
// as a Bundle, in small letters or capitals; either may be gzip and end in .gz. They are sorted by name, and folders below are not looked into. The kinds of resource inside do not follow from names.
//
// A Bulk Data export holds a log of itself, log.ndjson. A file of that name is ignored when its
// first line is an entry of such a log: an object with exportId and eventId and without resourceType.
// Symbolic links, folders and devices are ignored too. All that is ignored is listed.
//
// The error is an [*Error] of code EmptySource when there is nothing to read, or Unreadable.
func Open(dir string) (*Source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, unreadable(dir, 0, err)
	}
	src := &Source{}
	for _, entry := range entries { // sorted by name
		name := entry.Name()
		plain := strings.TrimSuffix(strings.ToLower(name), ".gz")
		isJSON := strings.HasSuffix(plain, ".json")
		if !isJSON && !strings.HasSuffix(plain, ".ndjson") {
			switch {
			case entry.IsDir() && !strings.HasPrefix(name, "."):
				src.Ignored = append(src.Ignored, Ignored{name, "a folder below is not looked into"})
			case mayHold(plain):
				src.Ignored = append(src.Ignored, Ignored{name, "its name ends neither in .ndjson nor in .json, with .gz or not"})
			}
			continue
		}
		in := Input{Name: name, Number: len(src.Inputs) + 1, MaxLine: DefaultMaxLine, path: filepath.Join(dir, name)}
		info, err := entry.Info()
		if err != nil {
			return nil, in.unreadable(err)
		}
		if !info.Mode().IsRegular() {
			why := "not a regular file"
			if info.Mode()&fs.ModeSymlink != 0 {
				why = "a link, which is not followed"
			}
			src.Ignored = append(src.Ignored, Ignored{name, why})
			continue
		}
		in.Size, in.info = info.Size(), info
		why := ""
		if isJSON {
			in.form, why = in.jsonForm()
		} else if plain == "log.ndjson" && in.isExportLog() {
			why = "the log of a bulk export"
		}
		if why != "" {
			src.Ignored = append(src.Ignored, Ignored{name, why})
			continue
		}
		src.Inputs = append(src.Inputs, in)
	}
	if len(src.Inputs) == 0 {
		return nil, &Error{Code: EmptySource, File: dir, Offset: -1, Hint: "the folder has no *.ndjson or *.ndjson.gz file to read, and no *.json of FHIR"}
	}
	return src, nil
}

// mayHold tells whether a file of another name, in small letters and without .gz, may be one that was meant to be read: none of those
// that lie beside exports.
func mayHold(name string) bool {
	return !strings.HasPrefix(name, ".") && !slices.Contains([]string{".csv", ".yaml", ".yml", ".md", ".html", ".pdf", ".log", ".sha256", ".md5", ".key"}, filepath.Ext(name))
}

// Gzip says whether the name promises gzip. What decides how the file is read is its first bytes.
func (in Input) Gzip() bool { return strings.HasSuffix(strings.ToLower(in.Name), ".gz") }

// Hash gives the SHA-256 of the file as it lies on disk, in hex.
func (in Input) Hash(ctx context.Context) (string, error) {
	f, err := in.open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	for buf := make([]byte, chunkSize); ; {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", in.unreadable(err)
		}
	}
	if err := in.unchanged(f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (in Input) open() (*os.File, error) {
	f, err := os.Open(in.path)
	if err != nil {
		return nil, in.unreadable(err)
	}
	if err := in.unchanged(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unchanged compares an open file with what Open listed. It is asked before and after each read, so that
// what was hashed and what was read are the same.
func (in Input) unchanged(f *os.File) error {
	now, err := f.Stat()
	if err != nil {
		return in.unreadable(err)
	}
	if !os.SameFile(in.info, now) || now.Size() != in.info.Size() || !now.ModTime().Equal(in.info.ModTime()) {
		return &Error{Code: SourceChanged, File: in.Name, Input: in.Number, Offset: -1, Hint: "the file changed while it was read; run again when the export is complete"}
	}
	return nil
}

// isExportLog reads the first line only. A file that cannot be read is left to Lines to report.
func (in Input) isExportLog() bool {
	var log bool
	stop := errors.New("first line read")
	_ = in.Lines(context.Background(), func(l Line) error {
		var d Doc
		tape, why := d.parse(l.Bytes, nil)
		d.line, d.tape = l.Bytes, tape
		root := d.Root()
		log = l.Reason == "" && why == "" && root.Get("exportId").Exists() &&
			root.Get("eventId").Exists() && !root.Get("resourceType").Exists()
		return stop
	})
	return log
}

// unreadable is the failure to read an input. That of a stream is its reader's own.
func (in Input) unreadable(err error) error {
	if in.info == nil && in.path == "" {
		return err
	}
	return unreadable(in.Name, in.Number, err)
}

func unreadable(name string, number int, err error) error {
	hint := "cannot be read"
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err // the path is in File already
	}
	return &Error{Code: Unreadable, File: name, Input: number, Offset: -1, Hint: hint, Err: err}
}

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1f, 0x8b}) }

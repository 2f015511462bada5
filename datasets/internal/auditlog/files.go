package auditlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/mod/sumdb/tlog"

	"farr/internal/disk"
)

// The files, in the log's folder.
const (
	entriesFile     = "entries.jsonl"
	hashesFile      = "hashes"
	checkpointsFile = "checkpoints"
	headFile        = "head.json"
)

// Names are the files that a log's folder may hold.
var Names = []string{entriesFile, hashesFile, checkpointsFile, headFile}

// Files is where a log is.
type Files struct {
	Root    *disk.Root // of the store
	Folder  string     // in it
	Replace func(name string, data []byte, mode fs.FileMode) error
	At      func(point string) error // fault points, for tests
}

// head is the acknowledged state. Its file has one spelling.
type head struct {
	Origin          string `json:"origin"`
	Size            int64  `json:"size"`
	Root            string `json:"root"`
	EntryBytes      int64  `json:"entry_bytes"`
	CheckpointBytes int64  `json:"checkpoint_bytes"`
}

func (h head) checkpoint() Checkpoint {
	root, _ := parseHash(h.Root) // parsed before
	return Checkpoint{h.Origin, h.Size, root}
}

func (h head) text() []byte {
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings and integers only
	}
	return append(text, '\n')
}

// DamagedError says that the log is not what farr wrote.
type DamagedError struct {
	Subject string // "log entry 12"
	Detail  string
}

func (e *DamagedError) Error() string { return e.Subject + ": " + e.Detail }

func damaged(subject, format string, args ...any) *DamagedError {
	return &DamagedError{subject, fmt.Sprintf(format, args...)}
}

func (f Files) name(file string) string { return path.Join(f.Folder, file) }

// Exists tells whether a log was begun.
func (f Files) Exists() (bool, error) {
	_, err := f.Root.Lstat(f.name(headFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ReadHead is the log's head as its file says, zero where there is no log.
func ReadHead(f Files) (Checkpoint, error) {
	h, err := f.readHead()
	return h.checkpoint(), err
}

// readHead is the zero head where there is no log.
func (f Files) readHead() (head, error) {
	text, err := f.read(headFile)
	if err != nil || text == nil {
		return head{}, err
	}
	var h head
	if json.Unmarshal(text, &h) != nil || !bytes.Equal(h.text(), text) {
		return head{}, damaged("log head", "it is not readable")
	}
	if _, err := parseHash(h.Root); err != nil || !originPattern.MatchString(h.Origin) || h.Size < 1 || h.EntryBytes < 1 || h.CheckpointBytes < 0 {
		return head{}, damaged("log head", "it is not readable")
	}
	return h, nil
}

// read gives a file whole, nil where there is none. A link is none of farr's.
func (f Files) read(file string) ([]byte, error) {
	info, err := f.Root.Lstat(f.name(file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, damaged("log file "+file, "it is not a regular file")
	}
	return f.Root.ReadFile(f.name(file))
}

// rest is what a file holds from a place on. A file that ends before it was cut off.
func (f Files) rest(file string, at int64) ([]byte, error) {
	r, err := f.Root.Open(f.name(file))
	if errors.Is(err, fs.ErrNotExist) && at == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < at {
		return nil, cutOff(file, info.Size(), at)
	}
	return io.ReadAll(io.NewSectionReader(r, at, info.Size()-at))
}

func cutOff(file string, size, want int64) *DamagedError {
	return damaged("log file "+file, "it has %d bytes and its head says %d: the end was cut off", size, want)
}

// put writes data at a place of a file and cuts what is behind.
func (f Files) put(file string, at int64, data []byte) (err error) {
	w, err := f.Root.OpenFile(f.name(file), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	info, err := w.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() < at {
		return cutOff(file, info.Size(), at)
	}
	if len(data) == 0 && info.Size() == at {
		return nil
	}
	if linked(info) {
		whole := make([]byte, at, at+int64(len(data)))
		if _, err := io.ReadFull(w, whole); err != nil {
			return err
		}
		return f.Replace(f.name(file), append(whole, data...), 0o600)
	}
	if err := w.Truncate(at); err != nil {
		return err
	}
	if _, err := w.WriteAt(data, at); err != nil {
		return err
	}
	return w.Sync()
}

// stored reads hashes from the file, for the size that the head has.
func (f Files) stored(size int64) (tlog.HashReaderFunc, func() error, error) {
	r, err := f.Root.Open(f.name(hashesFile))
	if errors.Is(err, fs.ErrNotExist) && size == 0 {
		return func([]int64) ([]tlog.Hash, error) { return nil, nil }, func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return func(indexes []int64) ([]tlog.Hash, error) {
		all := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if _, err := r.ReadAt(all[i][:], index*tlog.HashSize); err != nil {
				if err == io.EOF {
					err = damaged("log file "+hashesFile, "hash %d is missing", index)
				}
				return nil, err
			}
		}
		return all, nil
	}, r.Close, nil
}

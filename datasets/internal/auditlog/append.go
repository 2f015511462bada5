package auditlog

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"

	"golang.org/x/mod/sumdb/tlog"
)

// Log is a log open for appending. The caller holds the store's lock for as long as it has one.
type Log struct {
	files Files
	head  head
	note  string
}

// Healed is what Open found beyond the head.
type Healed struct {
	Adopted bool  // an entry whose deed had happened
	Cut     int64 // bytes of an entry whose deed had not
}

// Open reads the head and puts right what an append that was cut off left: an entry
// whose deed happened is kept, and any other is cut off. More than one line beyond the
// head is no cut-off append and an error.
func Open(f Files, happened func(line []byte) bool) (*Log, Healed, error) {
	h, err := f.readHead()
	if err != nil {
		return nil, Healed{}, err
	}
	l := &Log{files: f, head: h}
	rest, err := f.rest(entriesFile, h.EntryBytes)
	if err != nil {
		return nil, Healed{}, err
	}
	line, torn, err := beyond(rest)
	if err != nil {
		return nil, Healed{}, err
	}
	switch {
	case line != nil && happened(line):
		return l, Healed{Adopted: true}, l.acknowledge(line, nil)
	case line != nil || torn > 0:
		return l, Healed{Cut: int64(len(rest))}, l.cut()
	}
	return l, Healed{}, nil
}

// beyond is the one line that an append may have left behind the acknowledged ones, or
// the number of bytes of a part of one.
func beyond(rest []byte) (line []byte, torn int, err error) {
	end := bytes.IndexByte(rest, '\n')
	switch {
	case end < 0:
		return nil, len(rest), nil
	case end < len(rest)-1:
		return nil, 0, damaged("log entries", "more than one line is behind what the head knows")
	}
	return rest[:end], 0, nil
}

// cut drops what is behind the head. The line goes last: while it is there, readers know that the
// rest belongs to an append that was cut off.
func (l *Log) cut() error {
	if err := l.files.put(checkpointsFile, l.head.CheckpointBytes, nil); err != nil {
		return err
	}
	if err := l.files.put(hashesFile, tlog.StoredHashCount(l.head.Size)*tlog.HashSize, nil); err != nil {
		return err
	}
	return l.files.put(entriesFile, l.head.EntryBytes, nil)
}

// Origin is the log's name, "" before its first entry.
func (l *Log) Origin() string { return l.head.Origin }

// Note is the signed checkpoint of the last Append, "" when nobody signed it.
func (l *Log) Note() string { return l.note }

// Size is the number of entries.
func (l *Log) Size() int64 { return l.head.Size }

// Head is the log's head, zero before the first entry.
func (l *Log) Head() Checkpoint { return l.head.checkpoint() }

// Begin names a new log. It is in the first head that is written.
func (l *Log) Begin() string {
	var id [8]byte
	rand.Read(id[:])
	l.head.Origin = originPrefix + hex.EncodeToString(id[:])
	return l.head.Origin
}

// Append writes a line, does act, and acknowledges. When act fails nothing is appended, unless
// its deed is there all the same. The line holds no line break.
func (l *Log) Append(line []byte, signers []*Signer, act func() error, happened func(line []byte) bool) (Checkpoint, error) {
	if err := l.files.At("log line"); err != nil {
		return Checkpoint{}, err
	}
	if err := l.files.put(entriesFile, l.head.EntryBytes, append(bytes.Clone(line), '\n')); err != nil {
		// Some of it may be there; Open cuts that also when this does not.
		l.cut()
		return Checkpoint{}, err
	}
	if act != nil {
		if err := act(); err != nil {
			if !happened(line) {
				l.cut()
			}
			return Checkpoint{}, err
		}
	}
	if err := l.acknowledge(line, signers); err != nil {
		return Checkpoint{}, err
	}
	return l.head.checkpoint(), nil
}

// acknowledge adds the hashes and a signed checkpoint and replaces the head.
func (l *Log) acknowledge(line []byte, signers []*Signer) error {
	f, h := l.files, l.head
	read, done, err := f.stored(h.Size)
	if err != nil {
		return err
	}
	hashes, err := tlog.StoredHashes(h.Size, line, read)
	done()
	if err != nil {
		return err
	}
	if err := f.At("log hashes"); err != nil {
		return err
	}
	if err := f.put(hashesFile, tlog.StoredHashCount(h.Size)*tlog.HashSize, flat(hashes)); err != nil {
		return err
	}
	h.Size++
	h.EntryBytes += int64(len(line)) + 1
	root, err := l.rootOf(h.Size)
	if err != nil {
		return err
	}
	h.Root = root.String()
	l.note = ""
	if len(signers) > 0 {
		text, err := seal(h.checkpoint(), signers)
		if err != nil {
			return err
		}
		if err := f.At("log signature"); err != nil {
			return err
		}
		if err := f.put(checkpointsFile, h.CheckpointBytes, text); err != nil {
			return err
		}
		h.CheckpointBytes += int64(len(text))
		l.note = string(text[:len(text)-1])
	} else if err := f.put(checkpointsFile, h.CheckpointBytes, nil); err != nil { // what a cut-off append signed
		return err
	}
	if err := f.At("log head"); err != nil {
		return err
	}
	if err := f.Replace(f.name(headFile), h.text(), 0o600); err != nil {
		return err
	}
	l.head = h
	return f.At("logged")
}

// rootOf is the tree head of the first size entries.
func (l *Log) rootOf(size int64) (tlog.Hash, error) {
	read, done, err := l.files.stored(size)
	if err != nil {
		return tlog.Hash{}, err
	}
	defer done()
	return tlog.TreeHash(size, read)
}

// Agrees tells whether the log still holds what a checkpoint pins.
func (l *Log) Agrees(c Checkpoint) (bool, error) {
	if c.Origin != l.head.Origin || c.Size > l.head.Size {
		return false, nil
	}
	root, err := l.rootOf(c.Size)
	return root == c.Root, err
}

func flat(hashes []tlog.Hash) []byte {
	var out []byte
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

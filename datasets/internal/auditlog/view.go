package auditlog

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// View is a log as it lies in its folder, read without a lock.
type View struct {
	Lines   [][]byte // acknowledged entries
	Pending []byte   // an entry that is not acknowledged, nil without one
	Torn    int      // bytes of a part of one
	Notes   []Signed // signed checkpoints

	head   head
	hashes []tlog.Hash // of Lines, recomputed, by tlog.StoredHashIndex

	faults []*DamagedError
}

// Read reads the log and recomputes its tree. What is wrong with it is in Faults; the
// error is for files that cannot be read. The head is read first, and again when the
// others had been moved on meanwhile: a living append is not damage.
func Read(f Files) (*View, error) {
	for range 100 {
		before, err := f.read(headFile)
		if fault, ok := err.(*DamagedError); ok {
			return &View{faults: []*DamagedError{fault}}, nil
		}
		if err != nil {
			return nil, err
		}
		v, err := f.view()
		if err != nil {
			return nil, err
		}
		after, err := f.read(headFile)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(before, after) {
			return v, nil
		}
	}
	return nil, damaged("log head", "it changes all the time")
}

func (f Files) view() (*View, error) {
	v := &View{}
	var err error
	if v.head, err = f.readHead(); err != nil {
		if fault, ok := err.(*DamagedError); ok {
			v.faults = append(v.faults, fault)
			return v, nil
		}
		return nil, err
	}
	var files [3][]byte
	for i, name := range []string{entriesFile, hashesFile, checkpointsFile} {
		if files[i], err = f.read(name); err != nil {
			fault, ok := err.(*DamagedError)
			if !ok {
				return nil, err
			}
			v.faults = append(v.faults, fault)
		}
	}
	v.readEntries(files[0])
	v.readHashes(files[1])
	v.readNotes(files[2])
	return v, nil
}

func (v *View) fault(subject, format string, args ...any) {
	v.faults = append(v.faults, damaged(subject, format, args...))
}

// Faults are what is wrong with the log in itself: nothing when it is whole.
func (v *View) Faults() []*DamagedError { return v.faults }

// Head is the log's head, zero where there is no log.
func (v *View) Head() Checkpoint { return v.head.checkpoint() }

func (v *View) readEntries(text []byte) {
	size := v.head.EntryBytes
	if int64(len(text)) < size {
		v.faults = append(v.faults, cutOff(entriesFile, int64(len(text)), size))
		size = int64(len(text))
	}
	line, torn, err := beyond(text[size:])
	if err != nil {
		v.faults = append(v.faults, err.(*DamagedError))
	}
	v.Pending, v.Torn = line, torn
	text = text[:size]
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			v.fault(entryName(int64(len(v.Lines))), "it has no end")
			break
		}
		v.Lines = append(v.Lines, text[:end])
		text = text[end+1:]
	}
	if n := int64(len(v.Lines)); n != v.head.Size {
		v.fault("log head", "it says %d entries and there are %d", v.head.Size, n)
	}
	for i, line := range v.Lines {
		hashes, err := tlog.StoredHashes(int64(i), line, v.reader())
		if err != nil {
			panic(err) // all are in memory
		}
		v.hashes = append(v.hashes, hashes...)
	}
	if root := v.root(int64(len(v.Lines))); len(v.Lines) > 0 && root.String() != v.head.Root {
		v.fault("log head", "its root hash is not that of the entries")
	}
}

// Hashes are the bytes that the file of hashes should have.
func (v *View) Hashes() []byte { return flat(v.hashes) }

func (v *View) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		all := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			all[i] = v.hashes[index]
		}
		return all, nil
	})
}

// root is the tree head of the first size entries.
func (v *View) root(size int64) tlog.Hash {
	root, err := tlog.TreeHash(size, v.reader())
	if err != nil {
		panic(err) // all are in memory
	}
	return root
}

// readHashes compares the tree on disk with the recomputed one. The first leaf that
// differs names the entry that changed.
func (v *View) readHashes(text []byte) {
	want := v.Hashes()
	if len(text) < len(want) || int64(len(text)) > tlog.StoredHashCount(v.head.Size+1)*tlog.HashSize || len(text)%tlog.HashSize != 0 && v.Pending == nil {
		v.fault("log hashes", "they have %d bytes and the entries make %d", len(text), len(want))
	}
	if len(text) > len(want) && v.Pending == nil {
		v.fault("log hashes", "there are more than the entries make")
	}
	for i := range v.hashes {
		at := i * tlog.HashSize
		if at+tlog.HashSize > len(text) {
			return
		}
		if bytes.Equal(text[at:at+tlog.HashSize], want[at:at+tlog.HashSize]) {
			continue
		}
		if level, n := tlog.SplitStoredHashIndex(int64(i)); level == 0 {
			v.fault(entryName(n), "it is not the entry that was written, or its hash was changed")
		} else {
			v.fault("log hashes", "hash %d is not that of the entries below it", i)
		}
		return
	}
}

func (v *View) readNotes(text []byte) {
	size := v.head.CheckpointBytes
	if int64(len(text)) < size {
		v.faults = append(v.faults, cutOff(checkpointsFile, int64(len(text)), size))
		size = int64(len(text))
	}
	if int64(len(text)) > size && v.Pending == nil {
		v.fault("log checkpoints", "there are more than the head knows")
	}
	notes, place, err := splitSigned(text[:size])
	if err != nil {
		v.fault("log checkpoints", "what stands at byte %d is no signed checkpoint", place)
	}
	v.Notes = notes
	last := int64(0)
	for _, n := range notes {
		subject := "checkpoint of " + plural(n.Size)
		if n.Size <= last {
			v.fault(subject, "it stands behind one of %d", last)
		}
		last = n.Size
		if detail := v.disagrees(n.Checkpoint); detail != "" {
			v.fault(subject, "%s", detail)
		}
	}
}

// disagrees says why the log is not the one that a checkpoint pins; "" when it is.
func (v *View) disagrees(c Checkpoint) string {
	switch {
	case c.Origin != v.head.Origin:
		return "it is of another log, " + c.Origin
	case c.Size > int64(len(v.Lines)):
		return "the log has fewer entries than it pins: it was rolled back"
	case v.root(c.Size) != c.Root:
		return "the entries before it are not those that it pins"
	}
	return ""
}

// At is the checkpoint of the first size entries.
func (v *View) At(size int64) Checkpoint {
	return Checkpoint{v.head.Origin, size, v.root(size)}
}

// Prove is the proof (RFC 6962, section 2.1.2) that the log of m entries begins with that
// of n, checked as a stranger would check it.
func (v *View) Prove(n, m int64) (tlog.TreeProof, error) {
	proof, err := tlog.ProveTree(m, n, v.reader())
	if err != nil {
		return nil, err
	}
	return proof, tlog.CheckTree(proof, m, v.root(m), n, v.root(n))
}

// Holds checks a checkpoint that was kept elsewhere.
func (v *View) Holds(c Checkpoint) *DamagedError {
	if detail := v.disagrees(c); detail != "" {
		return damaged("checkpoint "+c.String(), "%s", detail)
	}
	return nil
}

// SignedBy checks every signature by verifiers, of which each counts from an entry on,
// and gives how many entries each has signed for.
func (v *View) SignedBy(verifiers []Known) map[string]int64 {
	signed := map[string]int64{}
	for _, n := range v.Notes {
		var can []note.Verifier
		for _, k := range verifiers {
			if k.Entry < n.Size {
				can = append(can, k.Verifier)
			}
		}
		by, err := n.signers(can)
		switch {
		case err != nil:
			v.fault("checkpoint of "+plural(n.Size), "%s", err)
		case len(by) < len(n.Sigs):
			v.fault("checkpoint of "+plural(n.Size), "it is signed by nobody that the entries before it name")
		}
		for _, name := range by {
			signed[name] = n.Size
		}
	}
	return signed
}

// Known is a verifier and the entry that introduces it.
type Known struct {
	note.Verifier
	Entry int64
}

// Vouched tells whether an older verifier of the list that is trusted signed right behind the
// entry that introduces the one at i, and so vouched for it.
func (v *View) Vouched(verifiers []Known, i int, trusted func(older int) bool) bool {
	for _, n := range v.Notes {
		if n.Size != verifiers[i].Entry+1 {
			continue
		}
		for older := range i {
			by, err := n.signers([]note.Verifier{verifiers[older].Verifier})
			if err == nil && len(by) > 0 && trusted(older) {
				return true
			}
		}
	}
	return false
}

func entryName(n int64) string { return fmt.Sprintf("log entry %d", n) }

func plural(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

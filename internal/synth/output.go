package synth

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

// packer compresses one gzip member at a time.
type packer struct {
	buf bytes.Buffer
	z   *gzip.Writer
}

func newPacker() *packer {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &packer{z: z}
}

// pack appends plain, compressed, to dst. Writing to memory cannot fail.
func (p *packer) pack(dst, plain []byte) []byte {
	p.buf.Reset()
	p.z.Reset(&p.buf)
	_, _ = p.z.Write(plain)
	_ = p.z.Close()
	return append(dst, p.buf.Bytes()...)
}

// export is the folder being written: one file per resource type.
type export struct {
	dir    string
	files  [fileCount]*os.File
	lines  [fileCount]int64
	offset [fileCount]int64
	dirty  []BadLine
}

// BadLine is a planted line that a reader must reject.
type BadLine struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`   // 1-based
	Offset int64  `json:"offset"` // bytes of uncompressed text before it
	Reason string `json:"reason"`
}

// create makes the folder and empty files. truth.json of an earlier run goes first: a
// folder has one when its files are complete.
func create(dir string) (*export, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("synthetic export: %w", err)
	}
	if err := os.Remove(filepath.Join(dir, truthFile)); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("synthetic export: %w", err)
	}
	e := &export{dir: dir}
	for f := range fileCount {
		h, err := os.Create(filepath.Join(dir, f.name()))
		if err != nil {
			e.close()
			return nil, fmt.Errorf("synthetic export: %w", err)
		}
		e.files[f] = h
	}
	return e, nil
}

// add appends a finished chunk.
func (e *export) add(c *chunk) error {
	for f := range fileCount {
		p := &c.files[f]
		if _, err := e.files[f].Write(p.packed); err != nil {
			return fmt.Errorf("synthetic export: %w", err)
		}
		for _, b := range p.bad {
			e.dirty = append(e.dirty, BadLine{f.name(), e.lines[f] + int64(b.line), e.offset[f] + int64(b.offset), b.reason})
		}
		e.lines[f] += int64(p.lines)
		e.offset[f] += int64(len(p.plain))
	}
	return nil
}

func (e *export) close() error {
	var first error
	for _, h := range e.files {
		if h == nil {
			continue
		}
		if err := h.Close(); err != nil && first == nil {
			first = fmt.Errorf("synthetic export: %w", err)
		}
	}
	return first
}

// write makes one of the small files beside the export.
func (e *export) write(name string, fill func(*bufio.Writer) error) error {
	h, err := os.Create(filepath.Join(e.dir, name))
	if err != nil {
		return fmt.Errorf("synthetic export: %w", err)
	}
	b := bufio.NewWriterSize(h, 1<<16)
	err = fill(b)
	if err == nil {
		err = b.Flush()
	}
	if e := h.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("synthetic export, %s: %w", name, err)
	}
	return nil
}

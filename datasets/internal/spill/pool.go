package spill

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

const (
	fanIn       = 64
	readBuffer  = 64 << 10
	writeBuffer = 256 << 10
)

// Pool is the runs of one sort, in files of a private folder. Its arenas may be
// filled by several goroutines.
type Pool struct {
	dir        string
	name       string // that files begin with
	arenaBytes int

	mu      sync.Mutex
	levels  [][]string // files of runs, by how often their records were merged
	next    int
	buffers [][]byte // of cursors, kept for the next merge
}

// NewPool makes a pool whose runs lie in dir, which must exist and be private.
func NewPool(dir string, arenaBytes int) *Pool {
	return &Pool{dir: dir, name: "run", arenaBytes: arenaBytes}
}

// Beside makes a pool in the same folder. It may be filled while p is scanned, and goes into p by Take.
func (p *Pool) Beside() *Pool {
	return &Pool{dir: p.dir, name: p.name + "-beside", arenaBytes: p.arenaBytes}
}

// Take adds the runs of a pool, which is empty afterwards.
func (p *Pool) Take(other *Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for level, files := range other.levels {
		for len(p.levels) <= level {
			p.levels = append(p.levels, nil)
		}
		p.levels[level] = append(p.levels[level], files...)
	}
	other.levels = nil
}

// Arena makes an arena for one goroutine.
func (p *Pool) Arena() *Arena {
	return &Arena{pool: p, bytes: make([]byte, 0, p.arenaBytes)}
}

// Merge flushes the arenas and gives every record in key order. Key and body are
// valid during the call. The pool is empty afterwards.
func (p *Pool) Merge(ctx context.Context, arenas []*Arena, fn func(key *Key, body []byte) error) error {
	if err := flush(arenas); err != nil {
		return err
	}
	for _, a := range arenas {
		a.bytes, a.groups = nil, nil // the merge has the memory for itself
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for level := 0; p.count() > fanIn; level++ {
		if len(p.levels[level]) > 1 {
			if err := p.promote(level); err != nil {
				return err
			}
		}
	}
	files := slices.Concat(p.levels...)
	p.levels = nil
	return p.merge(ctx, files, func(group []byte) error { return records(group, fn) })
}

// Scan flushes the arenas and gives every record, in no particular order. Key and body are valid during
// the call. Unlike Merge it leaves the pool as it is.
func (p *Pool) Scan(ctx context.Context, arenas []*Arena, fn func(key *Key, body []byte) error) error {
	if err := flush(arenas); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range slices.Concat(p.levels...) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.scan(name, fn); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool) scan(name string, fn func(key *Key, body []byte) error) error {
	c, err := p.open(name)
	if err != nil {
		return err
	}
	defer p.close(c)
	for {
		more, err := c.advance()
		if !more || err != nil {
			return err
		}
		if err := records(c.group, fn); err != nil {
			return err
		}
	}
}

func flush(arenas []*Arena) error {
	for _, a := range arenas {
		if err := a.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool) count() (n int) {
	for _, level := range p.levels {
		n += len(level)
	}
	return n
}

// write makes a run of a level. At fanIn runs a level is merged into one run of the next.
func (p *Pool) write(level int, fill func(*bufio.Writer) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.writeRun(level, fill); err != nil {
		return err
	}
	for ; level < len(p.levels) && len(p.levels[level]) >= fanIn; level++ {
		if err := p.promote(level); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool) writeRun(level int, fill func(*bufio.Writer) error) error {
	p.next++
	name := filepath.Join(p.dir, fmt.Sprintf("%s-%06d", p.name, p.next))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write a sorted run: %w", err)
	}
	w := bufio.NewWriterSize(f, writeBuffer)
	if err = fill(w); err == nil {
		err = w.Flush()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write a sorted run: %w", err)
	}
	for len(p.levels) <= level {
		p.levels = append(p.levels, nil)
	}
	p.levels[level] = append(p.levels[level], name)
	return nil
}

// promote merges the runs of a level into one of the next.
func (p *Pool) promote(level int) error {
	files := p.levels[level]
	p.levels[level] = nil
	return p.writeRun(level+1, func(w *bufio.Writer) error {
		return p.merge(context.Background(), files, func(group []byte) error {
			_, err := w.Write(group)
			return err
		})
	})
}

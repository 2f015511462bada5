package spill

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// records gives the records of a group.
func records(group []byte, fn func(key *Key, body []byte) error) error {
	key := (*Key)(group)
	for at := headBytes; at < len(group); {
		size := int(binary.LittleEndian.Uint32(group[at:]))
		at += sizeBytes
		if err := fn(key, group[at:at+size:at+size]); err != nil {
			return err
		}
		at += size
	}
	return nil
}

// merge gives the groups of the files in key order, and removes the files.
func (p *Pool) merge(ctx context.Context, files []string, fn func(group []byte) error) (err error) {
	var heap []*cursor
	var all []*cursor
	defer func() {
		for _, c := range all {
			err = errors.Join(err, p.close(c), os.Remove(c.file.Name()))
		}
	}()
	for _, name := range files {
		c, err := p.open(name)
		if err != nil {
			return err
		}
		all = append(all, c)
		if more, err := c.advance(); err != nil {
			return err
		} else if more {
			heap = append(heap, c)
		}
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		down(heap, i)
	}
	for n := 0; len(heap) > 0; n++ {
		if n&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		c := heap[0]
		if err := fn(c.group); err != nil {
			return err
		}
		more, err := c.advance()
		if err != nil {
			return err
		}
		if !more {
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
		}
		down(heap, 0)
	}
	return nil
}

func (p *Pool) open(name string) (*cursor, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read a sorted run: %w", err)
	}
	return &cursor{file: f, buffer: p.buffer()}, nil
}

func (p *Pool) close(c *cursor) error {
	p.buffers = append(p.buffers, c.buffer[:0])
	return c.file.Close()
}

func (p *Pool) buffer() []byte {
	if n := len(p.buffers); n > 0 {
		b := p.buffers[n-1]
		p.buffers = p.buffers[:n-1]
		return b
	}
	return make([]byte, 0, readBuffer)
}

// cursor reads one run.
type cursor struct {
	file   *os.File
	buffer []byte // read and not yet used, from at
	at     int
	group  []byte // the present group, a view of the buffer
	prefix uint64 // of its key
}

// advance moves to the next group; false at the end.
func (c *cursor) advance() (bool, error) {
	if ok, err := c.have(headBytes); !ok || err != nil {
		return false, err
	}
	size := headBytes + int(binary.LittleEndian.Uint32(c.buffer[c.at+KeyBytes:]))
	if ok, err := c.have(size); !ok || err != nil {
		return false, errors.Join(err, errors.New("a sorted run ends inside a group"))
	}
	c.group = c.buffer[c.at : c.at+size]
	c.at += size
	c.prefix = binary.BigEndian.Uint64(c.group)
	return true, nil
}

// have reads until n bytes are there; false when the run is at its end.
func (c *cursor) have(n int) (bool, error) {
	if len(c.buffer)-c.at >= n {
		return true, nil
	}
	left := copy(c.buffer[:cap(c.buffer)], c.buffer[c.at:])
	c.at = 0
	if n > cap(c.buffer) {
		c.buffer = append(make([]byte, 0, n+readBuffer), c.buffer[:left]...)
	}
	m, err := io.ReadAtLeast(c.file, c.buffer[left:cap(c.buffer)], n-left)
	c.buffer = c.buffer[:left+m]
	switch err {
	case nil:
		return true, nil
	case io.EOF, io.ErrUnexpectedEOF:
		if len(c.buffer) == 0 {
			return false, nil
		}
		return false, errors.New("a sorted run ends inside a group")
	default:
		return false, fmt.Errorf("read a sorted run: %w", err)
	}
}

func (c *cursor) less(d *cursor) bool {
	if c.prefix != d.prefix {
		return c.prefix < d.prefix
	}
	return bytes.Compare(c.group[:KeyBytes], d.group[:KeyBytes]) < 0
}

// down restores the heap below i.
func down(heap []*cursor, i int) {
	for {
		least := 2*i + 1
		if least >= len(heap) {
			return
		}
		if right := least + 1; right < len(heap) && heap[right].less(heap[least]) {
			least = right
		}
		if !heap[least].less(heap[i]) {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}

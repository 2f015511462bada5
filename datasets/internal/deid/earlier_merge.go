package deid

import (
	"bytes"
	"cmp"
	"context"

	"github.com/parquet-go/parquet-go"
)

// Layer is what one load wrote of a type.
type Layer struct {
	Files func(table string) ([]*parquet.File, error) // the objects of a table, in order
	Dead  []*IDSet                                    // rids of rows that are dead in it
}

// Merge gives the living rows of a type, in the order in which a full load writes them, and says of each table that it is done.
// Of a resource one layer alone has rows that live.
func (p *Plan) Merge(ctx context.Context, typ string, layers []Layer, sink Sink) error {
	t := p.byName[typ]
	var heads []*head
	for _, l := range layers {
		from, err := newResources(t, l.Files)
		if err != nil {
			return err
		}
		defer from.close()
		h := &head{from: from, dead: l.Dead}
		if err := h.next(); err != nil {
			return err
		}
		if h.main != nil {
			heads = append(heads, h)
		}
	}
	children := make([]*Row, len(t.tables))
	for i, table := range t.tables {
		children[i] = newOutRow(table)
	}
	for n := 0; len(heads) > 0; n++ {
		if n%rowsBetweenLooks == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		first := 0
		for i, h := range heads {
			if h.before(heads[first]) {
				first = i
			}
		}
		h := heads[first]
		if err := sink.Row(h.main); err != nil {
			return err
		}
		for rest := h.rest; len(rest) > 0; {
			child := children[rest[0]]
			rest = child.decode(rest[1:])
			if err := sink.Row(child); err != nil {
				return err
			}
		}
		if err := h.next(); err != nil {
			return err
		}
		if h.main == nil {
			heads = append(heads[:first], heads[first+1:]...)
		}
	}
	for _, table := range t.tables {
		if err := sink.Done(table); err != nil {
			return err
		}
	}
	return nil
}

// rowsBetweenLooks is after how many resources the context is looked at.
const rowsBetweenLooks = 4096

// head is the next living resource of a layer.
type head struct {
	from     *resources
	dead     []*IDSet
	main     *Row // nil after the last
	rest     []byte
	pid, rid ID
	date     int64
}

func (h *head) next() (err error) {
	for {
		if h.main, h.rest, err = h.from.next(); h.main == nil || err != nil {
			return err
		}
		t := h.from.t
		h.pid, h.date = ID{}, noDate
		if t.owned() {
			h.pid, h.rid = ID(h.main.Cell(0).Bytes), ID(h.main.Cell(1).Bytes)
		} else {
			h.rid = ID(h.main.Cell(0).Bytes)
		}
		for _, i := range t.order {
			if c := h.main.Cell(i); !c.Null {
				h.date = c.Number
				break
			}
		}
		if !isDead(h.rid[:], h.dead) {
			return nil
		}
	}
}

// before is the order of rows, that of the Sorter and group.byDate.
func (h *head) before(other *head) bool {
	return cmp.Or(bytes.Compare(h.pid[:], other.pid[:]), cmp.Compare(h.date, other.date), bytes.Compare(h.rid[:], other.rid[:])) < 0
}

package attack

import (
	"context"
	"fmt"
)

// Finding is what the attack finds of one target. Least and Greatest are those of checked witnesses: the
// cell can be anything from one to the other at the least.
type Finding struct {
	Key      string `json:"key"`
	Table    string `json:"table,omitempty"`
	State    State  `json:"state"`
	Least    int64  `json:"least"`
	Greatest int64  `json:"greatest"`
	// Safe: proved not to be recoverable. Not safe means recoverable, or that no proof was found.
	Safe bool `json:"safe"`
}

// Attack looks for each target for a proof that it cannot be recovered. Findings are in the order of the cells.
func (s *System) Attack(ctx context.Context) ([]Finding, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	found := map[int]Finding{}
	work := int64(0)
	for _, p := range s.split() {
		w := newWalker(p, &work)
		for _, t := range p.targets() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if work < s.budget() {
				w.prove(t)
			}
		}
		for _, t := range p.targets() {
			found[p.cells[t]] = w.pool.finding(t)
		}
	}
	return s.inOrder(found), nil
}

func (s *System) inOrder(found map[int]Finding) []Finding {
	var all []Finding
	for i := range s.Cells {
		if f, ok := found[i]; ok {
			all = append(all, f)
		}
	}
	return all
}

func (o *pool) finding(t int) Finding {
	c := o.part.cell(t)
	return Finding{Key: c.Key, Table: c.Table, State: c.State, Least: c.Value + o.low[t], Greatest: c.Value + o.high[t], Safe: o.safe(t)}
}

// Recoverable is the targets that are not safe.
func Recoverable(all []Finding) []Finding {
	var out []Finding
	for _, f := range all {
		if !f.Safe {
			out = append(out, f)
		}
	}
	return out
}

// String says what was found, for a log of one's own: it names the range, never the value.
func (f Finding) String() string {
	if f.Safe {
		return fmt.Sprintf("%s can be anything from %d to %d", f.Key, f.Least, f.Greatest)
	}
	return fmt.Sprintf("%s is recoverable", f.Key)
}

package attack

import "fmt"

// Join makes one system of a release and of earlier ones of the same snapshot. Cells of equal key are one
// number: what an earlier release shows is known for good, and what one hides stays hidden. The strictest
// Small and Width count.
func Join(now *System, earlier ...*System) (*System, error) {
	out := &System{Small: now.small(), Width: now.width(), Budget: now.Budget}
	at := map[string]int{}
	add := func(s *System, known bool) error {
		place := make([]int, len(s.Cells))
		for i, c := range s.Cells {
			if known && c.State != Unprinted {
				c.Fixed = true
			}
			j, again := at[c.Key]
			if !again {
				j = len(out.Cells)
				at[c.Key] = j
				out.Cells = append(out.Cells, c)
			} else if err := out.Cells[j].merge(c); err != nil {
				return err
			}
			place[i] = j
		}
		for _, r := range s.Relations {
			moved := make(Relation, len(r))
			for k, t := range r {
				if t.Cell < 0 || t.Cell >= len(place) {
					return fmt.Errorf("a relation names cell %d of %d", t.Cell, len(place))
				}
				moved[k] = Term{place[t.Cell], t.Coefficient}
			}
			out.Relations = append(out.Relations, moved)
		}
		for _, w := range s.Witnesses {
			moved := Witness{Moves: w.Moves}
			for _, i := range w.Cells {
				if i < 0 || i >= len(place) {
					return fmt.Errorf("a witness names cell %d of %d", i, len(place))
				}
				moved.Cells = append(moved.Cells, place[i])
			}
			out.Witnesses = append(out.Witnesses, moved)
		}
		out.Small, out.Width = max(out.Small, s.small()), max(out.Width, s.width())
		return nil
	}
	for _, s := range earlier {
		if err := add(s, true); err != nil {
			return nil, err
		}
	}
	if err := add(now, false); err != nil {
		return nil, err
	}
	return out, nil
}

// JoinReleased makes one system of releases that have all left: what any of them shows is known.
func JoinReleased(all ...*System) (*System, error) {
	none := &System{Small: 1, Width: 1}
	return Join(none, all...)
}

// merge takes in what another release has of the same number.
func (c *Cell) merge(other Cell) error {
	if c.Value != other.Value {
		return fmt.Errorf("two releases have different numbers for %q: they are not of one snapshot", c.Key)
	}
	low := max(c.lowest(), other.lowest())
	switch {
	case c.State == Shown && c.Fixed, other.State == Shown && other.Fixed:
		c.State, c.Fixed = Shown, true
	case c.State == Hidden, other.State == Hidden:
		c.State, c.Fixed = Hidden, c.State == Hidden && c.Fixed || other.State == Hidden && other.Fixed
	case other.State == Shown:
		c.State, c.Fixed = Shown, false
	}
	if c.State != Shown {
		c.Low = low
	} else {
		c.Low = max(c.Low, other.Low)
	}
	if c.Table == "" || !other.Fixed && other.State != Unprinted {
		c.Table = other.Table
	}
	c.Cost = max(c.Cost, other.Cost)
	return nil
}

// lowest is what readers know of a cell at the least, by this release.
func (c Cell) lowest() int64 {
	if c.State == Shown {
		return 0
	}
	return c.Low
}

// Take copies from a joined and protected system what of this release's own cells is not shown any more. What
// this release hides and an earlier one shows stays hidden here. States are ordered by how much readers have: what is hidden here may have been taken out there.
func (s *System) Take(joined *System) {
	at := make(map[string]Cell, len(joined.Cells))
	for _, c := range joined.Cells {
		at[c.Key] = c
	}
	for i := range s.Cells {
		if c, ok := at[s.Cells[i].Key]; ok && c.State > s.Cells[i].State {
			s.Cells[i].State, s.Cells[i].Low = c.State, min(c.Low, c.Value)
		}
	}
}

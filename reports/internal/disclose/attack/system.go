package attack

import (
	"errors"
	"fmt"
	"math"
)

// State says what readers have of a cell.
type State uint8

const (
	// Shown: readers know the number.
	Shown State = iota
	// Hidden: its place is printed and says that the number is hidden.
	Hidden
	// Unprinted: it has no place in the release, but can be asked for: a complement, what a sum
	// leaves, a number of a table that was taken out.
	Unprinted
)

// String is the state's word in data files.
func (s State) String() string {
	switch s {
	case Shown:
		return "shown"
	case Hidden:
		return "hidden"
	case Unprinted:
		return "unprinted"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// MarshalText writes the state's word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's word.
func (s *State) UnmarshalText(text []byte) error {
	for _, known := range []State{Shown, Hidden, Unprinted} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("a cell is shown, hidden or unprinted, not %q", text)
}

// Cell is one number: published, hidden, or only implied.
type Cell struct {
	// Key says what the number is; equal keys are one number, also of two systems that are joined.
	Key string `json:"key"`
	// Value is the truth, 0 or more.
	Value int64 `json:"value"`
	State State `json:"state"`
	// Low is the least that readers know of the cell when its number is not shown: 1 for a hidden cell
	// where zeros are shown, 0 for one that is not printed. For a shown cell it holds as soon as it is hidden.
	Low int64 `json:"low,omitempty"`
	// Cost of hiding it, relative to others; 0 counts as 1.
	Cost int64 `json:"cost,omitempty"`
	// Fixed: the state cannot be changed, since an earlier release has it.
	Fixed bool `json:"fixed,omitempty"`
	// Table is what the last resort takes out: all its cells become Unprinted. Empty: it stays.
	Table string `json:"table,omitempty"`
}

// Term is a cell of a relation, by its place in System.Cells.
type Term struct {
	Cell        int   `json:"cell"`
	Coefficient int64 `json:"coefficient"`
}

// Relation says that the sum of coefficient times value is 0.
type Relation []Term

// Defaults of System.Small and System.Width: the policy that shows no 1 to 10.
const (
	DefaultSmall = 10
	DefaultWidth = 10
)

// System is what an attacker has: numbers, and what is known to hold between them.
type System struct {
	// Small: 1..Small may not be known. 0 is DefaultSmall.
	Small int64 `json:"small,omitempty"`
	// Width is how far apart the least and greatest value of a hidden cell have to be. 0 is DefaultWidth.
	Width     int64      `json:"width,omitempty"`
	Cells     []Cell     `json:"cells"`
	Relations []Relation `json:"relations"`
	// Witnesses are what an attack has proved before. Each is checked again before it counts.
	Witnesses []Witness `json:"witnesses,omitempty"`
	// Budget bounds the work, in changed numbers of a tableau (about a thousand million a
	// second). 0 is DefaultBudget. When it is used up, more is hidden than needed.
	Budget int64 `json:"-"`
}

// DefaultBudget of a system.
const DefaultBudget = 20_000_000_000

// Sum is the relation that parts add up to total.
func Sum(total int, parts ...int) Relation {
	r := Relation{{total, -1}}
	for _, p := range parts {
		r = append(r, Term{p, 1})
	}
	return r
}

func (s *System) small() int64 {
	if s.Small == 0 {
		return DefaultSmall
	}
	return s.Small
}

func (s *System) width() int64 {
	if s.Width == 0 {
		return DefaultWidth
	}
	return s.Width
}

func (s *System) budget() int64 {
	if s.Budget == 0 {
		return DefaultBudget
	}
	return s.Budget
}

// isSmall tells whether n may not be known.
func (s *System) isSmall(n int64) bool { return n >= 1 && n <= s.small() }

// target tells whether a cell has to be protected.
func (s *System) target(c Cell) bool {
	return c.State == Hidden || c.State == Unprinted && s.isSmall(c.Value)
}

// blocked tells whether a cell is shown and cannot be hidden: an earlier release shows it, or it is
// zero, which protects nothing.
func (c Cell) blocked() bool { return c.State == Shown && (c.Fixed || c.Value == 0) }

func (c Cell) cost() int64 { return max(1, c.Cost) }

// Limits within which whole numbers are added up far from overflow.
const (
	maxValue       = 1 << 42
	maxCoefficient = 1 << 12
	maxMove        = 1 << 32 // of a cell from the truth, in a witness
)

// Check tells every mistake of a caller: it would make the proof worthless. No error holds a value.
func (s *System) Check() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Small < 0 || s.Width < 0 || s.Budget < 0 {
		fail("small, width and budget cannot be negative")
	}
	at := make(map[string]int, len(s.Cells))
	for i, c := range s.Cells {
		if j, twice := at[c.Key]; twice {
			fail("cells %d and %d have the same key %q", j, i, c.Key)
		}
		at[c.Key] = i
		switch {
		case c.Key == "":
			fail("cell %d has no key", i)
		case c.State > Unprinted:
			fail("cell %q has an unknown state %d", c.Key, c.State)
		case c.Value < 0 || c.Value > maxValue:
			fail("cell %q is negative or too large", c.Key)
		case c.Cost < 0:
			fail("cell %q has a negative cost", c.Key)
		case c.State == Shown && s.isSmall(c.Value) && !c.Fixed:
			fail("cell %q is small and shown: hide it first", c.Key)
		case c.State != Shown && (c.Low < 0 || c.Low > c.Value):
			fail("cell %q is not what readers would know it to be at least", c.Key)
		}
	}
	for i, r := range s.Relations {
		sum, size, ok := int64(0), 0.0, true
		for _, t := range r {
			if t.Cell < 0 || t.Cell >= len(s.Cells) {
				fail("relation %d names cell %d of %d", i, t.Cell, len(s.Cells))
				ok = false
				break
			}
			c := t.Coefficient
			size += math.Abs(float64(c) * float64(s.Cells[t.Cell].Value))
			if c == 0 || c > maxCoefficient || c < -maxCoefficient || size > 1<<62 {
				fail("relation %d has a coefficient that is 0 or too large, at %q", i, s.Cells[t.Cell].Key)
				ok = false
				break
			}
			sum += c * s.Cells[t.Cell].Value
		}
		if ok && sum != 0 {
			fail("relation %d does not hold for the true values; its first cell is %q", i, s.Cells[r[0].Cell].Key)
		}
	}
	return errors.Join(errs...)
}

package disclose

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"farr/reports/internal/disclose/attack"
)

// sheet is what one measure, cohort or table of records publishes, as the attack sees it: its numbers, each with
// its places in the release, and what is known to hold between them.
type sheet struct {
	p        Policy
	sys      attack.System
	at       map[string]int
	places   [][]func() // by cell: what takes the number from each of its places
	twice    []string   // keys of which there are two numbers: a mistake in what was counted, or here
	loose    int        // sums that do not hold in the data, and so are not attacked
	additive bool       // counts of periods add up: so they do over several releases
	taken    *int       // counts the cells that are taken from their places; nil where nobody asks
}

func newSheet(p Policy) *sheet {
	return &sheet{p: p, sys: attack.System{Small: p.most, Width: p.most}, at: map[string]int{}}
}

// Costs of hiding a number, by what it is worth to a reader.
const (
	costGroup    = 1
	costPeriod   = 4
	costAll      = 20
	costHeadline = 60
)

// put adds a cell, or finds the one with the key; a number that any place shows is shown.
func (s *sheet) put(key string, value int64, state attack.State, cost int64, table string, hide func()) int {
	i, ok := s.at[key]
	if !ok {
		i = len(s.sys.Cells)
		s.at[key] = i
		s.sys.Cells = append(s.sys.Cells, attack.Cell{Key: key, Value: value, State: state, Low: min(1, value), Cost: cost, Table: table})
		s.places = append(s.places, nil)
	}
	c := &s.sys.Cells[i]
	if c.Value != value {
		s.twice = append(s.twice, key)
	}
	if state < c.State {
		c.State = state
	}
	c.Cost = max(c.Cost, cost)
	if hide != nil {
		s.places[i] = append(s.places[i], hide)
	}
	return i
}

// count adds a printed count. What readers know least of a hidden number is that it is not zero, which would
// be shown: where a zero is hidden with what it is a part of, they know less than that.
func (s *sheet) count(key string, value int64, cost int64, table string, c *Count) int {
	return s.put(key, value, printed(*c), cost, table, c.hide)
}

// atLeast says that readers know a number, if it is not 0, to be n or more.
func (s *sheet) atLeast(i int, n int64) {
	c := &s.sys.Cells[i]
	c.Low = max(c.Low, min(n, c.Value))
}

func printed(c Count) attack.State {
	switch c.state {
	case Suppressed:
		return attack.Hidden
	case Measured, Zero:
		return attack.Shown
	}
	return attack.Unprinted
}

// rate adds a printed rate's two counts. Without its denominator a rate has no numerator either.
func (s *sheet) rate(key string, num, den int64, cost int64, table string, r *Rate) (n, d int) {
	return s.rateOf(key+"|numerator", key+"|denominator", num, den, cost, table, r)
}

// rateOf is rate with a key for each of the two.
func (s *sheet) rateOf(numerator, denominator string, num, den int64, cost int64, table string, r *Rate) (n, d int) {
	numState, denState := printed(r.num), printed(r.den)
	n = s.put(numerator, num, numState, cost, table, r.hideNumerator)
	d = s.put(denominator, den, denState, 2*cost, table, r.hide)
	return n, d
}

// differs tells whether there is another number with the key.
func (s *sheet) differs(key string, value int64) bool {
	i, known := s.at[key]
	return known && s.sys.Cells[i].Value != value
}

// implied adds a number without a place.
func (s *sheet) implied(key string, value int64) int {
	return s.put(key, value, attack.Unprinted, 0, "", nil)
}

// less adds the number that total leaves without part, which has no place. Where it would be negative the one is no
// part of the other.
func (s *sheet) less(key string, total, part int) {
	if left := s.sys.Cells[total].Value - s.sys.Cells[part].Value; left >= 0 {
		s.relate(total, part, s.implied(key, left))
	} else {
		s.loose++
	}
}

// sum says that the parts are apart and lie in total: they add up to it, or leave a rest that has no place.
func (s *sheet) sum(key string, total int, parts ...int) {
	left := s.sys.Cells[total].Value
	for _, i := range parts {
		left -= s.sys.Cells[i].Value
	}
	switch {
	case len(parts) == 0:
	case left < 0:
		s.loose++
	case left == 0:
		s.relate(total, parts...)
	default:
		// Another release may have other parts of the total: its rest is another number.
		h := sha256.New()
		for _, i := range parts {
			fmt.Fprintln(h, s.sys.Cells[i].Key)
		}
		s.relate(total, append(slices.Clone(parts), s.implied(fmt.Sprintf("%s|rest %.4x", key, h.Sum(nil)), left))...)
	}
}

func (s *sheet) relate(total int, parts ...int) {
	s.sys.Relations = append(s.sys.Relations, attack.Sum(total, parts...))
}

// protect plays the attack, alone and then together with what readers have already, takes what it hides from its places, and
// says whether it took any. A small number that the rules before have left in a place is taken first. ids are the releases
// that it was attacked with.
func (s *sheet) protect(ctx context.Context, known func(*attack.System) ([]*attack.System, []string)) (cert attack.Certificate, ids []string, took bool, err error) {
	take := func(i int) {
		if s.taken != nil {
			*s.taken++
		}
		for _, hide := range s.places[i] {
			hide()
			took = true
		}
	}
	for i := range s.sys.Cells {
		if c := &s.sys.Cells[i]; c.State == attack.Shown && s.p.small(c.Value) {
			c.State = attack.Hidden
			take(i)
		}
	}
	if len(s.twice) > 0 {
		return cert, nil, false, fmt.Errorf("there are two numbers for %q", s.twice[0])
	}
	before := slices.Clone(s.sys.Cells)
	if cert, err = s.sys.Protect(ctx); err != nil {
		return cert, nil, false, err
	}
	earlier, ids := known(&s.sys)
	if len(earlier) > 0 {
		joined, err := attack.Join(&s.sys, earlier...)
		if err != nil {
			return cert, nil, false, err
		}
		relateSpans(joined, s.additive)
		for i := range joined.Cells { // what this policy shows, and the strictest of all would not
			c := &joined.Cells[i]
			c.Fixed = c.Fixed || c.State == attack.Shown && c.Value >= 1 && c.Value <= joined.Small
		}
		if cert, err = joined.Protect(ctx); err != nil {
			return cert, nil, false, err
		}
		s.sys.Take(joined)
		_, ids = known(&s.sys) // those that tell something else
	}
	for i, c := range s.sys.Cells {
		if before[i].State == attack.Shown && c.State != attack.Shown {
			take(i)
		}
	}
	return cert, ids, took, nil
}

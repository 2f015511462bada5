package disclose

// cell is one aggregate in the making of a release.
type cell struct {
	den, num       int64
	persons        int64 // who stand behind the cell; the denominator unless that is person-time
	who            int64 // persons whom num counts; 0 where each of num is a person of its own
	hasComplement  bool  // num counts a part of den
	counted        bool  // den is persons or episodes, not time
	hideDen, hideN bool
}

// primary hides what is small by itself. A small complement gives the numerator
// away as surely as a small numerator.
func (p Policy) primary(c *cell) {
	if p.small(c.persons) || (c.counted && p.small(c.den)) {
		c.hideDen, c.hideN = true, true
	}
	if p.small(c.behind()) || (c.hasComplement && p.small(c.den-c.num)) {
		c.hideN = true
	}
}

// behind are the persons whom num counts.
func (c cell) behind() int64 { return personsOf(c.who, c.num) }

// personsOf are those whom n entries are of, where they are counted, and n where they are not.
func personsOf(who, n int64) int64 {
	if who > 0 {
		return who
	}
	return n
}

// atLeast is how many persons are surely behind n entries of which nobody has more than most, and
// of which so many persons are known.
func atLeast(n, known, most int64) int64 {
	if n <= 0 {
		return 0
	}
	most = max(1, most)
	return max(known, (n+most-1)/most)
}

// sum says that the cells at parts add up to the cell at total; total is -1
// where the sum is known to be published elsewhere. Where a person may be counted more than
// once, also in several parts, most is how often at the most.
type sum struct {
	parts []int
	total int
	most  int64
}

// complementary hides further cells until in no sum one hidden number stands
// alone, and until the hidden numbers of a sum together are not small either:
// subtraction from the total then gives only a number that might be shown.
// Each pass only hides more, so it ends.
func (p Policy) complementary(cells []cell, sums []sum) {
	for changed := true; changed; {
		changed = false
		for _, s := range sums {
			for p.exposed(cells, s) {
				next, ok := p.smallestShown(cells, s)
				if !ok {
					// One part is hidden and every other is zero: it equals the total.
					if next = s.total; next < 0 || cells[next].hideN || hiddenParts(cells, s) != 1 {
						break
					}
				}
				if p.denExposed(cells, s) {
					cells[next].hideDen = true
				}
				cells[next].hideN = true
				changed = true
			}
		}
	}
}

func hiddenParts(cells []cell, s sum) int {
	n := 0
	for _, i := range s.parts {
		if cells[i].hideN {
			n++
		}
	}
	return n
}

func (p Policy) exposed(cells []cell, s sum) bool {
	return p.denExposed(cells, s) || p.numExposed(cells, s)
}

func (p Policy) denExposed(cells []cell, s sum) bool {
	hidden, total := 0, int64(0)
	for _, i := range s.parts {
		if cells[i].hideDen {
			hidden++
			total += cells[i].den
		}
	}
	if s.total >= 0 && cells[s.total].hideDen {
		return hidden == 0
	}
	return hidden == 1 || (hidden > 0 && p.small(total))
}

func (p Policy) numExposed(cells []cell, s sum) bool {
	hidden, num, complement, known := 0, int64(0), int64(0), int64(0)
	for _, i := range s.parts {
		if c := cells[i]; c.hideN {
			hidden++
			num += c.num
			known = max(known, c.who)
			if c.hasComplement {
				complement += c.den - c.num
			}
		}
	}
	if s.total >= 0 && cells[s.total].hideN {
		return hidden == 0
	}
	return hidden == 1 || (hidden > 0 && (p.small(atLeast(num, known, s.most)) || p.small(complement)))
}

// smallestShown is the part to hide next: the smallest that is not empty, since
// a hidden zero protects nothing against a reader who knows that zeros are
// shown. Ties go to the first, so that the same data give the same release.
func (p Policy) smallestShown(cells []cell, s sum) (int, bool) {
	best := -1
	wantDen := p.denExposed(cells, s)
	for _, i := range s.parts {
		c := cells[i]
		if c.den == 0 || (wantDen && c.hideDen) || (!wantDen && c.hideN) {
			continue
		}
		if best < 0 || c.den < cells[best].den {
			best = i
		}
	}
	return best, best >= 0
}

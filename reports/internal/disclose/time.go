package disclose

import (
	"cmp"
	"slices"
)

// overTime hides, of a measure whose counts add up over time, what would let a
// reader work out a hidden or unpublished period from others, and says whether
// it hid anything.
//
// The shortest disjoint periods that do not overlap are the base: their counts
// say nothing about each other. Any other period is shown only where it is the
// sum of base periods that are shown, all of them, and so adds nothing to them.
// (Two neighbouring windows differ by a month that came and a month that went, so
// a month that is shown would give away the month a year from it, also one from
// before the first that is published.) As soon as a base period is hidden, no
// rolling window is shown at all. The one exception is the headline: the base
// periods in it are hidden until what it leaves, less those that are shown, is
// neither one hidden period nor small.
func (p Policy) overTime(m ExactMeasure, cells []cell) bool {
	base := basePeriods(m.Rows)
	inBase := map[int]bool{}
	hiddenDen, hiddenN := false, false
	headline := -1
	for _, i := range base {
		inBase[i] = true
	}
	for i, x := range m.Rows {
		if x.Stratum == "all" && x.Period.ID == m.Headline && !inBase[i] {
			headline = i
		}
	}
	changed := headline >= 0 && p.guard(m.Rows, cells, base, headline)
	for _, i := range base {
		hiddenDen, hiddenN = hiddenDen || cells[i].hideDen, hiddenN || cells[i].hideN
	}
	for i, x := range m.Rows {
		if x.Stratum != "all" || inBase[i] || i == headline {
			continue
		}
		parts, whole := inside(m.Rows, base, i)
		rolling := x.Period.Family != "disjoint"
		hideDen, hideN := !whole || rolling && hiddenDen, !whole || rolling && hiddenN
		for _, j := range parts {
			hideDen, hideN = hideDen || cells[j].hideDen, hideN || cells[j].hideN
		}
		hideN = hideN || hideDen
		changed = changed || hideDen && !cells[i].hideDen || hideN && !cells[i].hideN
		cells[i].hideDen, cells[i].hideN = cells[i].hideDen || hideDen, cells[i].hideN || hideN
	}
	return changed
}

// basePeriods are everyone's disjoint periods, shortest first, without those that
// overlap one before them.
func basePeriods(rows []Exact) []int {
	var candidates, base []int
	for i, x := range rows {
		if x.Stratum == "all" && x.Period.Family == "disjoint" {
			candidates = append(candidates, i)
		}
	}
	slices.SortStableFunc(candidates, func(a, b int) int {
		p, q := rows[a].Period, rows[b].Period
		return cmp.Or(cmp.Compare(p.High.Sub(p.Low), q.High.Sub(q.Low)), p.Low.Compare(q.Low))
	})
	for _, i := range candidates {
		p := rows[i].Period
		if !slices.ContainsFunc(base, func(j int) bool { q := rows[j].Period; return p.Low.Before(q.High) && q.Low.Before(p.High) }) {
			base = append(base, i)
		}
	}
	slices.SortFunc(base, func(a, b int) int { return rows[a].Period.Low.Compare(rows[b].Period.Low) })
	return base
}

// inside lists the base periods that lie in a period, and whether they fill it.
func inside(rows []Exact, base []int, period int) (parts []int, whole bool) {
	p := rows[period].Period
	at := p.Low
	whole = true
	for _, i := range base {
		q := rows[i].Period
		if q.Low.Before(p.Low) || q.High.After(p.High) {
			continue
		}
		parts = append(parts, i)
		whole = whole && q.Low.Equal(at)
		at = q.High
	}
	return parts, whole && at.Equal(p.High)
}

// guard hides base periods in the headline until the headline less the shown ones
// gives nothing away, or the headline itself where that cannot be.
func (p Policy) guard(rows []Exact, cells []cell, base []int, headline int) bool {
	changed := false
	parts, whole := inside(rows, base, headline)
	h := &cells[headline]
	for !h.hideN {
		den, num := h.den, h.num
		hiddenDen, hiddenN := 0, 0
		complement := h.den - h.num
		for _, i := range parts {
			c := cells[i]
			if c.hideDen {
				hiddenDen++
			} else {
				den -= c.den
			}
			if c.hideN {
				hiddenN++
			} else {
				num, complement = num-c.num, complement-(c.den-c.num)
			}
		}
		denOut := !h.hideDen && (whole && hiddenDen == 1 || (hiddenDen > 0 || !whole) && p.small(den))
		numOut := whole && hiddenN == 1 || (hiddenN > 0 || !whole) && (p.small(num) || h.hasComplement && p.small(complement))
		if !denOut && !numOut {
			break
		}
		changed = true
		best := -1
		for _, i := range parts {
			if c := cells[i]; c.den > 0 && !(denOut && c.hideDen) && (denOut || !c.hideN) && (best < 0 || c.den < cells[best].den) {
				best = i
			}
		}
		if best < 0 {
			h.hideDen, h.hideN = h.hideDen || denOut, true
			break
		}
		cells[best].hideDen, cells[best].hideN = cells[best].hideDen || denOut, true
	}
	return changed
}

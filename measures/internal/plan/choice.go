package plan

// take is one alternative of a choice: null where the choice is of another type.
func (c choiceV) take(a alternative) value { return guarded(tagIn(c.tag, a.tags), a.v) }

// pick is the first alternative that fits; nil where none does.
func (c choiceV) pick(fits func(value) bool) value {
	for _, a := range c.alts {
		if fits(a.v) {
			return c.take(a)
		}
	}
	return nil
}

// guarded is v where a condition holds, else null. What says how to read a value, and not
// what it is, stays as it is.
func guarded(cond expr, v value) value {
	switch v := v.(type) {
	case dateV:
		d := dateV{lo: when(cond, v.lo), prec: v.prec, date: v.date, time: v.time}
		if !v.exact() {
			d.hi = when(cond, v.hi)
		}
		return d
	case intervalV:
		return intervalV{guarded(cond, v.s), guarded(cond, v.e), v.sUnk, v.eUnk, when(cond, v.nn), v.sOpen, v.eOpen}
	}
	return mapLeaves(v, func(x expr) expr { return when(cond, x) })
}

// dateOf takes a choice that must be a point in time or a number as that.
func dateOf(v value) value {
	return narrowed(v, v, func(x value) bool {
		switch x.(type) {
		case dateV, numV, qtyV:
			return true
		}
		return false
	})
}

// pointOf takes a choice as what other can be compared with.
func pointOf(v, other value) value {
	if i, ok := other.(intervalV); ok {
		other = i.s
	}
	return narrowed(v, dateOf(v), func(x value) bool { return kindOf(x) == kindOf(other) })
}

// onlyOf takes a choice of one alternative as that.
func onlyOf(v value) value {
	if c, ok := v.(choiceV); ok && len(c.alts) == 1 {
		return c.take(c.alts[0])
	}
	return v
}

// conceptOf takes a choice as its concept.
func conceptOf(v value) value {
	return narrowed(v, nullV{}, func(x value) bool { _, ok := x.(conceptV); return ok })
}

// narrowed is the alternative of a choice that fits, or otherwise where none does. What is
// no choice is itself.
func narrowed(v, otherwise value, fits func(value) bool) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	if x := c.pick(fits); x != nil {
		return x
	}
	return otherwise
}

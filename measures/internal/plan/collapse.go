package plan

import (
	"slices"
	"strconv"

	"farr/measures/internal/elm"
)

// collapse merges intervals that overlap or meet: gaps and islands.
func (f *frame) collapse(r *rel, n *elm.Node, e *env) *rel {
	i, ok := r.f.bind(r.elem).(intervalV)
	if _, none := r.elem.(nullV); none || ok && kindOf(i) == "interval" {
		return nothing(r)
	}
	if _, numbers := i.s.(numV); numbers {
		return f.collapseNumbers(r, i, n, e)
	}
	s, isDate := i.s.(dateV)
	en, isDate2 := i.e.(dateV)
	if !ok || !isDate || !isDate2 {
		f.g.fail(e, n, "Collapse of %s is not supported", typeName(r.elem))
		return r
	}
	gap := func(x expr) expr { return node(opPlus, "millisecond", x, whole(1)) }
	if s.date || s.toDay() {
		gap = func(x expr) expr { return node(opPlus, "day", x, whole(1)) }
	}
	if len(n.Operand) > 1 {
		if q, ok := f.value(n.Operand[1], e).(qtyV); ok && isConst(q.num) && isConst(q.unit) && q.unit != text("1") {
			gap = func(x expr) expr { return shift(x, q, opPlus) }
		}
	}
	r.f.where(i.nn)
	before := r.f.bindExpr(window(f.key, opMaxBefore, en.last(), s.lo, en.last()), "before")
	fresh := r.f.bindExpr(caseOf([]expr{or(not(present(before)), apply(opGreater, s.lo, gap(before))), yes}, []expr{whole(1), whole(0)}), "fresh")
	island := r.f.bindExpr(window(f.key, opRunningSum, fresh, s.lo, en.last()), "island")
	c := r.f.close()
	names := []string{f.g.column("low"), f.g.column("low_last"), f.g.column("low_prec"), f.g.column("high"), f.g.column("high_last"), f.g.column("high_prec")}
	list := asNamed([]expr{apply(opMin, s.lo), apply(opMin, s.last()), apply(opMin, s.prec), apply(opMax, en.lo), apply(opMax, en.last()), apply(opMin, en.prec)}, names)
	b := &groupBody{from: c, by: append(slices.Clone(f.key), island), any: f.close(), list: list}
	at := columns(names)
	// An end that is one moment is precise, whatever the others of its island are.
	precise := func(lo, hi, prec expr) expr { return caseOf([]expr{truth(equal(lo, hi)), yes}, []expr{whole(6), prec}) }
	low, high := dateV{at[0], at[1], precise(at[0], at[1], at[2]), s.date, s.time}, dateV{at[3], at[4], precise(at[3], at[4], at[5]), en.date, en.time}
	if s.exact() {
		low.hi = expr{}
	}
	if en.exact() {
		high.hi = expr{}
	}
	return &rel{f: f.g.frameOver(f, &cte{body: b}), elem: intervalV{s: low, e: high, sUnk: no, eUnk: no, nn: yes}, order: []expr{apply(opAscending, at[0])}}
}

// nothing is an empty list: of intervals of nulls there is none left.
func nothing(r *rel) *rel {
	r.f.where(no)
	return &rel{f: r.f, elem: nullV{}}
}

// collapseNumbers is collapse of intervals of numbers, none of whose ends is unknown.
func (f *frame) collapseNumbers(r *rel, i intervalV, n *elm.Node, e *env) *rel {
	s, en := certain(i.s).(numV), certain(i.e).(numV)
	by := smallest
	if s.integer {
		by = whole(1)
	}
	if len(n.Operand) > 1 {
		if q, ok := f.value(n.Operand[1], e).(qtyV); ok && !isNull(q.num) {
			by = q.num
		}
	}
	r.f.where(and(i.nn, present(s.num), present(en.num)))
	number := func(x expr) expr {
		if s.integer {
			return cast(x, s.wide())
		}
		return rounded(decimal(x))
	}
	before := r.f.bindExpr(window(f.key, opMaxBefore, en.num, s.num, en.num), "before")
	fresh := r.f.bindExpr(caseOf([]expr{or(not(present(before)), apply(opGreater, number(s.num), number(apply(opAdd, number(before), by)))), yes}, []expr{whole(1), whole(0)}), "fresh")
	island := r.f.bindExpr(window(f.key, opRunningSum, fresh, s.num, en.num), "island")
	names := []string{f.g.column("low"), f.g.column("high")}
	b := &groupBody{from: r.f.close(), by: append(slices.Clone(f.key), island), any: f.close(), list: asNamed([]expr{apply(opMin, s.num), apply(opMax, en.num)}, names)}
	at := columns(names)
	low, high := numV{num: at[0], integer: s.integer, long: s.long}, numV{num: at[1], integer: en.integer, long: en.long}
	return &rel{f: f.g.frameOver(f, &cte{body: b}), elem: intervalV{s: low, e: high, sUnk: no, eUnk: no, nn: yes}, order: []expr{apply(opAscending, at[0])}}
}

// window is a window over the rows of a key, in the order of intervals.
func window(key []expr, of op, x, low, high expr) expr {
	return node(of, strconv.Itoa(len(key)), slices.Concat([]expr{x}, key, []expr{apply(opAscending, low), apply(opAscending, high)})...)
}

package plan

// foldUnits brings quantities together. Those of one unit are numbers; others of one kind are
// taken in the most granular unit among them, as adding them one by one does (CQL 1.5, "Add"), and
// of several kinds it is null. again makes the list once more.
func (f *frame) foldUnits(which string, fold op, r *rel, x qtyV, again func() *rel) value {
	if isConst(x.unit) {
		return qtyV{f.back(r, apply(fold, x.num))[0], x.unit}
	}
	there := present(x.num)
	kind, size := kindSize(x.unit)
	kind, size = r.f.bindExpr(when(there, kind), "kind"), r.f.bindExpr(when(there, size), "size")
	base := r.f.bindExpr(apply(opMultiply, decimal(x.num), size), "base")
	of := f.back(r, apply(opMin, kind), apply(opMax, kind), apply(opMin, size), apply(opMax, size), apply(fold, x.num), apply(fold, base))
	one, plain := truth(equal(of[0], of[1])), truth(equal(of[2], of[3]))
	// The quantity whose unit, or which itself, is the answer's: the first by size or number.
	t := again()
	q := t.elem.(qtyV)
	_, s := kindSize(q.unit)
	t.f.where(present(q.num))
	order := apply(opAscending, t.f.bindExpr(s, "size"))
	if which == "Min" || which == "Max" {
		by := t.f.bindExpr(apply(opMultiply, decimal(q.num), s), "base")
		order = apply(opAscending, by)
		if which == "Max" {
			order = apply(opDescending, by)
		}
	}
	first := f.backOne(&rel{f: t.f, elem: q, order: []expr{order}}, false, false).(qtyV)
	if which == "Min" || which == "Max" {
		return qtyV{when(one, first.num), first.unit}
	}
	num := rounded(caseOf([]expr{plain, yes}, []expr{decimal(of[4]), apply(opDivide, of[5], of[2])}))
	return qtyV{when(one, num), first.unit}
}

package plan

import "slices"

// total is whether a condition is never null.
func total(x expr) bool {
	switch x.op() {
	case opBoolean, opTruth, opNotFalse, opPresent, opAbsent, opInValueSet, opAnyInSet, opHasCode, opAnyHasCode, opHasConcepts, opDeclares:
		return true
	case opAnd, opOr, opNot:
		return !slices.ContainsFunc(x.args(), func(a expr) bool { return !total(a) })
	}
	return false
}

// notFalse is whether a truth value is true or null, told of its parts: a row can then be left
// out for the first that is false.
func notFalse(x expr) expr {
	args := x.args()
	each := func() (list []expr) {
		for _, a := range args {
			list = append(list, notFalse(a))
		}
		return list
	}
	switch {
	case isNull(x):
		return yes
	case x.op() == opAnd:
		return and(each()...)
	case x.op() == opOr:
		return or(each()...)
	case x.op() == opCase && len(args) == 3 && args[1] == no && total(args[0]):
		return and(not(args[0]), notFalse(args[2]))
	case total(x):
		return x
	}
	return apply(opNotFalse, x)
}

// parts are the members of a conjunction.
func parts(x expr) []expr {
	if x.op() == opAnd {
		return x.args()
	}
	return []expr{x}
}

// given is a condition where others, which are total, are known to be false.
func given(x expr, wrong []expr) expr {
	switch {
	case slices.Contains(wrong, x):
		return no
	case slices.Contains(wrong, not(x)):
		return yes
	}
	switch x.op() {
	case opAnd, opOr:
		var list []expr
		for _, a := range x.args() {
			list = append(list, given(a, wrong))
		}
		if x.op() == opAnd {
			return and(list...)
		}
		return or(list...)
	}
	return x
}

// caseOf is the value of the first condition that is true; null without one. What is
// decided by the conditions before is left out, so that the text says only what is open.
func caseOf(conds, vals []expr) expr {
	var kept, give, wrong []expr
	rest := expr{}
	for i, c := range conds {
		c = given(c, wrong)
		if c == no || slices.Contains(kept, c) {
			continue
		}
		if c == yes {
			rest = vals[i]
			break
		}
		if total(c) {
			wrong = append(wrong, c)
		}
		if n := len(give); n > 0 && give[n-1] == vals[i] {
			kept[n-1] = or(kept[n-1], c)
			continue
		}
		kept, give = append(kept, c), append(give, vals[i])
	}
	for n := len(give); n > 0 && give[n-1] == rest; n-- {
		kept, give = kept[:n-1], give[:n-1] // the rest says the same
	}
	if len(give) == 0 {
		switch {
		case !rest.none():
			return rest
		case len(vals) > 0 && isNull(vals[0]):
			return vals[0]
		}
		return null(typeAny)
	}
	if isNull(give[0]) && !slices.ContainsFunc(give, func(v expr) bool { return v != give[0] }) && (rest.none() || rest == give[0]) {
		return give[0]
	}
	var args []expr
	for i, c := range kept {
		args = append(args, c, give[i])
	}
	if !rest.none() {
		args = append(args, rest)
	}
	return apply(opCase, args...)
}

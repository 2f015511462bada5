package plan

import (
	"fmt"
	"slices"
	"strings"

	"farr/measures/internal/elm"
)

// order is a point's place for comparing at a precision: lower and upper SQL.
func spanOf(d dateV, prec string) (lo, hi string) {
	if prec == "" {
		return d.lo, d.hi
	}
	part := precisions[prec].part
	lo = trunc(part, d.lo)
	if d.lo == d.hi {
		return lo, lo
	}
	return lo, trunc(part, d.hi)
}

// exactly is whether two dates can be compared by their lower bounds alone.
func exactly(a, b dateV, prec string) bool {
	ok := func(d dateV) bool {
		return d.lo == d.hi || prec != "" && isConst(d.prec) && fmt.Sprint(precisions[prec].level) <= d.prec
	}
	return ok(a) && ok(b) || prec == "" && isConst(a.prec) && a.prec == b.prec
}

// less is a < b, or a <= b, of two points, of three values.
func (g *gen) less(a, b value, prec string, orEqual bool) string {
	op := " < "
	if orEqual {
		op = " <= "
	}
	switch x := a.(type) {
	case dateV:
		y, ok := b.(dateV)
		if !ok {
			break
		}
		alo, ahi := spanOf(x, prec)
		blo, bhi := spanOf(y, prec)
		if exactly(x, y, prec) {
			return "(" + alo + op + blo + ")"
		}
		same := ""
		if prec == "" {
			same = " WHEN " + x.prec + " = " + y.prec + " THEN " + alo + op + blo
		}
		if orEqual {
			return fmt.Sprintf("CASE WHEN %s <= %s THEN true WHEN %s > %s THEN false%s END", ahi, blo, alo, bhi, same)
		}
		return fmt.Sprintf("CASE WHEN %s < %s THEN true WHEN %s >= %s THEN false%s END", ahi, blo, alo, bhi, same)
	case numV:
		if y, ok := b.(numV); ok {
			return "(" + x.sql + op + y.sql + ")"
		}
		if y, ok := b.(qtyV); ok {
			return "(" + x.sql + op + y.num + ")"
		}
	case strV:
		if y, ok := b.(strV); ok {
			return "(" + x.sql + op + y.sql + ")"
		}
	case qtyV:
		if y, ok := b.(qtyV); ok {
			l, r := commonUnit(x, y)
			return "(" + l + op + r + ")"
		}
		if y, ok := b.(numV); ok {
			return "(" + x.num + op + y.sql + ")"
		}
	}
	return ""
}

// equal is a = b of three values; "" when the types do not compare.
func (g *gen) equal(a, b value, prec string) string {
	if c, ok := a.(codeV); ok {
		a, b = b, a
		_ = c
	}
	switch x := a.(type) {
	case nullV:
		return "NULL::BOOLEAN"
	case dateV:
		y, ok := b.(dateV)
		if !ok {
			break
		}
		alo, ahi := spanOf(x, prec)
		blo, bhi := spanOf(y, prec)
		if exactly(x, y, prec) {
			return "(" + alo + " = " + blo + ")"
		}
		same := ""
		if prec == "" {
			same = " WHEN " + x.prec + " = " + y.prec + " THEN " + alo + " = " + blo
		}
		return fmt.Sprintf("CASE WHEN %[1]s = %[2]s AND %[3]s = %[4]s AND %[1]s = %[3]s THEN true WHEN %[2]s < %[3]s OR %[1]s > %[4]s THEN false%[5]s END", alo, ahi, blo, bhi, same)
	case numV:
		switch y := b.(type) {
		case numV:
			return "(" + x.sql + " = " + y.sql + ")"
		case qtyV:
			return "(" + x.sql + " = " + y.num + ")"
		}
	case boolV:
		if y, ok := b.(boolV); ok {
			return "(" + x.sql + " = " + y.sql + ")"
		}
	case strV:
		if y, ok := b.(strV); ok {
			return "(" + x.sql + " = " + y.sql + ")"
		}
	case qtyV:
		if y, ok := b.(qtyV); ok {
			l, r := commonUnit(x, y)
			return "(" + l + " = " + r + ")"
		}
	case refV:
		return refEqual(x.rid, b)
	case resV:
		return refEqual(x.rid, b)
	case conceptV:
		switch y := b.(type) {
		case conceptV:
			return "(" + x.id + " = " + y.id + ")"
		case codeV:
			return "(" + x.id + " IN (" + g.conceptIDs(y) + "))"
		case strV:
			if x.code != "" {
				return "(" + x.code + " = " + y.sql + ")"
			}
		}
	case intervalV:
		y, ok := b.(intervalV)
		if !ok {
			break
		}
		s, e := g.equal(x.s, y.s, prec), g.equal(x.e, y.e, prec)
		if s != "" && e != "" {
			return and(s, e)
		}
	case childV:
		if y, ok := b.(childV); ok {
			return "(" + x.rid + " = " + y.rid + " AND " + x.ordinal + " = " + y.ordinal + ")"
		}
	case tupleV:
		y, ok := b.(tupleV)
		if !ok {
			break
		}
		var all []string
		for i, n := range x.names {
			j := slices.Index(y.names, n)
			if j < 0 {
				return ""
			}
			s := g.equal(x.fields[i], y.fields[j], "")
			if s == "" {
				return ""
			}
			all = append(all, s)
		}
		return and(all...)
	case choiceV:
		for _, alt := range x.alts {
			if kindOf(alt.v) == kindOf(b) || kindOf(alt.v) == "concept" && typeName(b) == "Concept" {
				if s := g.equal(alt.v, b, prec); s != "" {
					return caseOf([]string{tagIn(x.tag, alt.tags), notNull(x)}, []string{s, "false"})
				}
			}
		}
		return "NULL::BOOLEAN"
	}
	switch b.(type) {
	case nullV:
		return "NULL::BOOLEAN"
	case choiceV:
		if _, again := a.(choiceV); !again {
			return g.equal(b, a, prec)
		}
	}
	return ""
}

func refEqual(rid string, b value) string {
	switch y := b.(type) {
	case refV:
		return "(" + rid + " = " + y.rid + ")"
	case resV:
		return "(" + rid + " = " + y.rid + ")"
	}
	return ""
}

// conceptIDs is a subquery of the concepts that hold one of the codes.
func (g *gen) conceptIDs(c codeV) string {
	var terms []string
	for _, x := range c.codes {
		terms = append(terms, "system = "+quote(x.System)+" AND code = "+quote(x.Code))
	}
	return "SELECT concept FROM concept WHERE " + strings.Join(terms, " OR ")
}

// codeConcept is a constant code as a concept id of the dictionary.
func (g *gen) codeConcept(c codeV) value {
	return conceptV{id: "(SELECT min(concept) FROM (" + g.conceptIDs(c) + "))"}
}

func (f *frame) compare(n *elm.Node, e *env) value {
	g := f.g
	a, b := f.bind(f.value(n.Operand[0], e)), f.bind(f.value(n.Operand[1], e))
	if n.Type == "Equivalent" || n.Type == "Equal" || n.Type == "NotEqual" {
		return f.equality(n, e, a, b)
	}
	a, b = pointOf(a, b), pointOf(b, a)
	for _, v := range []value{a, b} {
		if _, ok := v.(nullV); ok {
			return boolV{"NULL::BOOLEAN"}
		}
	}
	ia, aIs := a.(intervalV)
	ib, bIs := b.(intervalV)
	aStart, aEnd, bStart, bEnd := a, a, b, b
	if aIs {
		aStart, aEnd = ia.s, ia.e
	}
	if bIs {
		bStart, bEnd = ib.s, ib.e
	}
	var sql string
	p := n.Precision
	cmp := func(x, y value, orEqual bool) string {
		s := g.less(x, y, p, orEqual)
		if s == "" {
			g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
			return "NULL::BOOLEAN"
		}
		return s
	}
	switch n.Type {
	case "Less", "Before":
		sql = cmp(aEnd, bStart, false)
	case "LessOrEqual":
		sql = cmp(a, b, true)
	case "SameOrBefore":
		sql = cmp(aEnd, bStart, true)
	case "Greater", "After":
		sql = cmp(bEnd, aStart, false)
	case "GreaterOrEqual":
		sql = cmp(b, a, true)
	case "SameOrAfter":
		sql = cmp(bEnd, aStart, true)
	case "SameAs":
		sql = g.equal(a, b, p)
		if sql == "" {
			return g.fail(e, n, "SameAs of %s and %s is not supported", typeName(a), typeName(b))
		}
	case "Overlaps":
		sql = and(cmp(aStart, bEnd, true), cmp(bStart, aEnd, true))
	case "OverlapsBefore":
		sql = and(cmp(aStart, bStart, false), cmp(bStart, aEnd, true))
	case "OverlapsAfter":
		sql = and(cmp(bEnd, aEnd, false), cmp(aStart, bEnd, true))
	case "Starts":
		sql = and(g.equal(aStart, bStart, p), cmp(aEnd, bEnd, true))
	case "Ends":
		sql = and(g.equal(aEnd, bEnd, p), cmp(bStart, aStart, true))
	default:
		return g.fail(e, n, "ELM node %s is not supported", n.Type)
	}
	return boolV{sql}
}

// dateOf takes a choice that must be a point in time or a number as that.
func dateOf(v value) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	for _, a := range c.alts {
		switch a.v.(type) {
		case dateV, numV, qtyV:
			cond := tagIn(c.tag, a.tags)
			return mapLeaves(a.v, func(s string) string { return caseOf([]string{cond}, []string{s}) })
		}
	}
	return v
}

// pointOf takes a choice as what other can be compared with.
func pointOf(v, other value) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	if i, ok := other.(intervalV); ok {
		other = i.s
	}
	for _, a := range c.alts {
		if kindOf(a.v) == kindOf(other) {
			cond := tagIn(c.tag, a.tags)
			return mapLeaves(a.v, func(s string) string { return caseOf([]string{cond}, []string{s}) })
		}
	}
	return dateOf(v)
}

func (f *frame) equality(n *elm.Node, e *env, a, b value) value {
	g := f.g
	if l, ok := a.(listV); ok {
		if m, ok := b.(listV); ok {
			return f.listEqual(l, m)
		}
	}
	if n.Type == "Equivalent" {
		if c, ok := a.(codeV); ok {
			a, b = b, c
		}
		switch x := a.(type) {
		case conceptsV:
			if c, ok := b.(codeV); ok {
				return boolV{truth(x.list + " IN (SELECT list FROM concept_list WHERE concept IN (" + g.conceptIDs(c) + "))")}
			}
		case codeV:
			if c, ok := b.(codeV); ok {
				return boolV{boolText(slices.ContainsFunc(x.codes, func(y elm.Code) bool { return slices.Contains(c.codes, y) }))}
			}
		case nullV:
			return boolV{not(notNull(b))}
		case strV:
			if y, ok := b.(strV); ok {
				return boolV{truth("lower(" + x.sql + ") = lower(" + y.sql + ")")}
			}
		}
		sql := g.equal(a, b, "")
		if sql == "" {
			return g.fail(e, n, "Equivalent of %s and %s is not supported", typeName(a), typeName(b))
		}
		if _, ok := b.(codeV); ok {
			return boolV{truth(sql)}
		}
		return boolV{or(truth(sql), and(not(notNull(a)), not(notNull(b))))}
	}
	sql := g.equal(a, b, "")
	if sql == "" {
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	if n.Type == "NotEqual" {
		sql = not(sql)
	}
	return boolV{sql}
}

// listEqual compares lists as sets of elements.
func (f *frame) listEqual(a, b listV) value {
	left := f.exists(listV{make: func(at *frame) *rel { return at.match(a.make(at), b.make(at), false) }})
	right := f.exists(listV{make: func(at *frame) *rel { return at.match(b.make(at), a.make(at), false) }})
	return boolV{and(not(left), not(right))}
}

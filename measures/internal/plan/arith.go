package plan

import (
	"strings"

	"farr/measures/internal/elm"
)

func join(list []string) string { return strings.Join(list, ", ") }

func unquoted(s string) string { return strings.Trim(s, "'") }

func trimNumber(s string) string {
	if strings.Contains(s, ".") {
		return strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func (f *frame) arithmetic(n *elm.Node, e *env) value {
	var ops []value
	for _, o := range n.Operand {
		v := dateOf(f.value(o, e))
		if _, ok := v.(nullV); ok {
			return nullV{}
		}
		ops = append(ops, f.bind(v))
	}
	if len(ops) == 1 {
		return f.unary(n, e, ops[0])
	}
	a, b := ops[0], ops[1]
	op := map[string]string{"Add": "+", "Subtract": "-", "Multiply": "*", "Divide": "/"}[n.Type]
	switch x := a.(type) {
	case dateV:
		if q, ok := b.(qtyV); ok && (op == "+" || op == "-") {
			lo := shift(x.lo, q, op)
			d := dateV{f.bindSQL(lo, "at"), "", x.prec, x.date}
			d.hi = d.lo
			if x.lo != x.hi {
				d.hi = shift(x.hi, q, op)
			}
			return d
		}
	case numV:
		if y, ok := b.(numV); ok {
			integer := x.integer && y.integer && op != "/"
			switch n.Type {
			case "Divide":
				return numV{"(CAST(" + x.sql + " AS DOUBLE) / nullif(CAST(" + y.sql + " AS DOUBLE), 0))", false}
			case "TruncatedDivide":
				return numV{"(" + x.sql + " // nullif(" + y.sql + ", 0))", true}
			case "Modulo":
				return numV{"(" + x.sql + " % nullif(" + y.sql + ", 0))", integer}
			case "Power":
				return numV{"pow(CAST(" + x.sql + " AS DOUBLE), CAST(" + y.sql + " AS DOUBLE))", false}
			}
			if op != "" {
				return numV{"(" + number(x) + " " + op + " " + number(y) + ")", integer}
			}
		}
		if y, ok := b.(qtyV); ok && op == "*" {
			return qtyV{"(" + number(x) + " * CAST(" + y.num + " AS DOUBLE))", y.unit}
		}
	case qtyV:
		switch y := b.(type) {
		case qtyV:
			switch op {
			case "*", "/":
				return f.scale(x, y, op)
			case "+", "-":
				l, r := commonUnit(x, y)
				u := y.unit
				if !isConst(u) {
					u = x.unit
				}
				return qtyV{"(CAST(" + l + " AS DOUBLE) " + op + " CAST(" + r + " AS DOUBLE))", u}
			}
		case numV:
			if op == "*" || op == "/" {
				return qtyV{"(CAST(" + x.num + " AS DOUBLE) " + op + " nullif(CAST(" + y.sql + " AS DOUBLE), 0))", x.unit}
			}
		}
	case strV:
		if y, ok := b.(strV); ok && (n.Type == "Concatenate" || n.Type == "Add") {
			return strV{"(" + x.sql + " || " + y.sql + ")"}
		}
		if _, ok := b.(refV); ok && n.Type == "Concatenate" {
			return b // a reference is its type, a slash and an id
		}
	}
	return f.g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
}

func number(v numV) string {
	if v.integer {
		return v.sql
	}
	return "CAST(" + v.sql + " AS DOUBLE)"
}

func (f *frame) unary(n *elm.Node, e *env, a value) value {
	call := map[string]string{"Negate": "-", "Abs": "abs", "Floor": "floor", "Ceiling": "ceil", "Round": "round", "Truncate": "trunc"}[n.Type]
	switch x := a.(type) {
	case numV:
		return numV{call + "(" + x.sql + ")", x.integer || n.Type == "Floor" || n.Type == "Ceiling"}
	case qtyV:
		return qtyV{call + "(" + x.num + ")", x.unit}
	case strV:
		return x
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(a))
}

func (f *frame) convert(n *elm.Node, e *env) value {
	v := f.value(n.Operand[0], e)
	switch n.Type {
	case "ToDecimal":
		if x, ok := v.(numV); ok {
			return numV{x.sql, false}
		}
	case "ToQuantity":
		switch x := v.(type) {
		case numV:
			return qtyV{x.sql, "'1'"}
		case qtyV:
			return x
		}
	case "ToDateTime", "ToDate":
		if x, ok := v.(dateV); ok {
			if n.Type == "ToDate" && !x.date {
				return dateV{trunc("day", x.lo), "(" + trunc("day", x.hi) + " + INTERVAL 86399999 MILLISECOND)", "3", true}
			}
			return dateV{x.lo, x.hi, x.prec, n.Type == "ToDate"}
		}
	case "ToString", "Convert", "ToConcept":
		return v
	case "ConvertQuantity":
		u, ok := f.value(n.Operand[1], e).(strV)
		q, isQty := v.(qtyV)
		if ok && isQty && isConst(u.sql) {
			q = f.bind(q).(qtyV)
			return qtyV{convertTo(q, unquoted(u.sql)), u.sql}
		}
	}
	switch v := v.(type) {
	case nullV:
		return v
	case choiceV, conceptV, codeV, listV:
		return v
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, typeName(v))
}

// membership is In and its kin: of an interval, a list or a value set.
func (f *frame) membership(n *elm.Node, e *env) value {
	g := f.g
	switch n.Type {
	case "InValueSet", "AnyInValueSet":
		return f.inValueSet(n, e)
	}
	x, in := n.Operand[0], n.Operand[1]
	if n.Type == "Includes" || n.Type == "Contains" {
		x, in = in, x
	}
	a, b := f.value(x, e), f.value(in, e)
	if l, ok := b.(listV); ok {
		return f.inList(n, e, a, l)
	}
	a, b = f.bind(dateOf(a)), f.bind(b)
	i, ok := b.(intervalV)
	if _, isNull := a.(nullV); isNull || kindOf(b) == "other" {
		return boolV{"NULL::BOOLEAN"}
	}
	if c, isConcepts := b.(conceptsV); isConcepts {
		return f.inList(n, e, a, conceptList(c))
	}
	if !ok {
		if kindOf(b) == kindOf(a) {
			if s := g.equal(a, b, n.Precision); s != "" {
				return boolV{s}
			}
		}
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	s, en := a, a
	if y, ok := a.(intervalV); ok {
		s, en = y.s, y.e
	}
	low, high := g.less(i.s, s, n.Precision, true), g.less(en, i.e, n.Precision, true)
	if low == "" || high == "" {
		if kindOf(i) == "interval" {
			return boolV{"NULL::BOOLEAN"}
		}
		return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(b))
	}
	return boolV{and(low, high)}
}

// inList is whether a list has an element; null among written-out elements is false.
func (f *frame) inList(n *elm.Node, e *env, a value, l listV) value {
	g := f.g
	a = f.bind(a)
	if m, ok := a.(listV); ok {
		// A list within a list: no element of it is outside the other.
		return boolV{not(f.exists(listV{make: func(at *frame) *rel { return at.match(m.make(at), l.make(at), false) }}))}
	}
	if l.lit {
		list := []string{}
		for _, x := range l.items {
			s := g.equal(a, x, "")
			if s == "" {
				return g.fail(e, n, "%s of %s and %s is not supported", n.Type, typeName(a), typeName(x))
			}
			list = append(list, s)
		}
		return boolV{truth(or(list...))}
	}
	found := f.exists(listV{make: func(at *frame) *rel {
		r := l.make(at)
		s := g.equal(a, r.f.bind(r.elem), "")
		if s == "" {
			g.fail(e, n, "%s of %s in a list of %s is not supported", n.Type, typeName(a), typeName(r.elem))
			s = "false"
		}
		r.f.where(truth(s))
		return r
	}})
	return boolV{found}
}

func (f *frame) inValueSet(n *elm.Node, e *env) value {
	g := f.g
	code := n.Code
	if code == nil && len(n.Codes) > 0 {
		code = n.Codes[0]
	}
	set := n.ValueSet
	if set == nil || code == nil {
		return g.fail(e, n, "%s without a value set", n.Type)
	}
	lib := g.program.Find(e.lib, set.LibraryName)
	vs := valueSetV{g.valueSet(lib.ValueSets[set.Name])}
	v := f.value(code, e)
	if l, ok := v.(listV); ok {
		return boolV{f.exists(listV{make: func(at *frame) *rel {
			r := l.make(at)
			s := g.filter(conceptOf(r.elem), vs)
			if s == "" {
				g.fail(e, n, "%s of %s is not supported", n.Type, typeName(r.elem))
				s = "false"
			}
			r.f.where(s)
			return r
		}})}
	}
	s := g.filter(conceptOf(v), vs)
	if s == "" {
		return g.fail(e, n, "%s of %s is not supported", n.Type, typeName(v))
	}
	return boolV{s}
}

// conceptOf takes a choice as its concept.
func conceptOf(v value) value {
	c, ok := v.(choiceV)
	if !ok {
		return v
	}
	for _, a := range c.alts {
		if x, ok := a.v.(conceptV); ok {
			cond := tagIn(c.tag, a.tags)
			return conceptV{id: caseOf([]string{cond}, []string{x.id})}
		}
	}
	return nullV{}
}

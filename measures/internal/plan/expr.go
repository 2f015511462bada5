package plan

import (
	"fmt"
	"slices"

	"farr/measures/internal/elm"
)

// value compiles an expression in a frame. The node types are a closed table: what is
// not there is a diagnostic.
func (f *frame) value(n *elm.Node, e *env) value {
	g := f.g
	if n == nil {
		return nullV{}
	}
	if g.depth++; g.depth > 400 {
		g.depth--
		return g.fail(e, n, "nested too deep")
	}
	defer func() { g.depth-- }()
	compile := g.nodes[n.Type]
	if compile == nil {
		return g.fail(e, n, "ELM node %s is not supported", n.Type)
	}
	return compile(f, n, e)
}

func (f *frame) parameterRef(n *elm.Node, e *env) value {
	if n.Name == "Measurement Period" {
		return intervalV{dateV{"mp_low", "mp_low", "6", false}, dateV{"mp_high", "mp_high", "6", false}, "false", "false", "true"}
	}
	if p := e.lib.Parameters[n.Name]; p != nil {
		return nullV{}
	}
	return f.g.fail(e, n, "parameter %s is not supported", n.Name)
}

// named is what a name stands for at a place.
func (f *frame) named(n *elm.Node, e *env) value {
	if v, ok := e.find(n.Name); ok {
		return v
	}
	if v, ok := e.find("$row"); ok && n.Type == "IdentifierRef" {
		return f.property(n, e, v, n.Name)
	}
	return f.g.fail(e, n, "nothing is named %s here", n.Name)
}

func (f *frame) valueSetRef(n *elm.Node, e *env) value {
	l := f.g.program.Find(e.lib, n.LibraryName)
	return valueSetV{f.g.valueSet(l.ValueSets[n.Name])}
}

func (f *frame) codeRef(n *elm.Node, e *env) value {
	l := f.g.program.Find(e.lib, n.LibraryName)
	return codeV{[]elm.Code{l.Codes[n.Name]}}
}

func (f *frame) conceptRef(n *elm.Node, e *env) value {
	l := f.g.program.Find(e.lib, n.LibraryName)
	return codeV{l.Concepts[n.Name]}
}

func (f *frame) ifNode(n *elm.Node, e *env) value {
	c := truth(f.bool(n.Condition, e))
	return f.branches(n, e, []string{c, "true"}, []*elm.Node{n.Then, n.Else})
}

func (f *frame) is(n *elm.Node, e *env) value {
	return boolV{isType(f.value(n.Operand[0], e), cqlName(n.IsType))}
}

func (f *frame) message(n *elm.Node, e *env) value { return nullV{} }

func (g *gen) valueSet(url string) string {
	if !slices.Contains(g.valsets, url) {
		g.valsets = append(g.valsets, url)
	}
	return url
}

// bool compiles a condition to SQL of three values.
func (f *frame) bool(n *elm.Node, e *env) string {
	switch v := f.value(n, e).(type) {
	case boolV:
		return v.sql
	case nullV:
		return "NULL::BOOLEAN"
	case choiceV:
		for _, a := range v.alts {
			if b, ok := a.v.(boolV); ok {
				return caseOf([]string{tagIn(v.tag, a.tags)}, []string{b.sql})
			}
		}
		return "NULL::BOOLEAN"
	default:
		f.g.fail(e, n, "%s is not a Boolean", typeName(v))
		return "NULL::BOOLEAN"
	}
}

func (f *frame) logic(n *elm.Node, e *env) value {
	switch n.Type {
	case "And":
		a := f.bool(n.Operand[0], e)
		if a == "false" {
			return boolV{a}
		}
		return boolV{and(a, f.bool(n.Operand[1], e))}
	case "Or":
		a := f.bool(n.Operand[0], e)
		if a == "true" {
			return boolV{a}
		}
		return boolV{or(a, f.bool(n.Operand[1], e))}
	case "Implies":
		return boolV{or(not(f.bool(n.Operand[0], e)), f.bool(n.Operand[1], e))}
	case "Xor":
		return boolV{"(" + f.bool(n.Operand[0], e) + " <> " + f.bool(n.Operand[1], e) + ")"}
	case "Not":
		return boolV{not(f.bool(n.Operand[0], e))}
	case "IsNull":
		v := f.value(n.Operand[0], e)
		if l, ok := v.(listV); ok {
			return boolV{not(f.exists(l))}
		}
		return boolV{not(notNull(v))}
	case "IsTrue":
		return boolV{truth(f.bool(n.Operand[0], e))}
	case "IsFalse":
		return boolV{truth(not(f.bool(n.Operand[0], e)))}
	}
	return f.g.fail(e, n, "ELM node %s is not supported", n.Type)
}

// branches compiles a conditional; conditions are never null.
func (f *frame) branches(n *elm.Node, e *env, conds []string, nodes []*elm.Node) value {
	var cs []string
	var vals []value
	lists := false
	for i, c := range conds {
		if c == "false" {
			continue
		}
		v := f.value(nodes[i], e)
		_, isList := v.(listV)
		lists = lists || isList
		cs, vals = append(cs, c), append(vals, v)
		if c == "true" {
			break
		}
	}
	if !lists {
		return f.g.choose(cs, vals)
	}
	if cs[0] == "true" {
		return vals[0]
	}
	return listV{make: func(at *frame) *rel {
		var sides []*rel
		for i, v := range vals {
			l, ok := v.(listV)
			if !ok {
				continue
			}
			r := l.make(at)
			guard := cs[i]
			for _, c := range cs[:i] {
				guard = and(guard, not(c))
			}
			r.f.where(guard)
			sides = append(sides, r)
		}
		return at.unionAll(sides)
	}}
}

func (f *frame) caseNode(n *elm.Node, e *env) value {
	var conds []string
	var nodes []*elm.Node
	var on value
	if n.Comparand != nil {
		on = f.bind(f.value(n.Comparand, e))
	}
	for _, item := range n.CaseItem {
		if on != nil {
			conds = append(conds, truth(f.g.equal(on, f.value(item.When, e), "")))
		} else {
			conds = append(conds, truth(f.bool(item.When, e)))
		}
		nodes = append(nodes, item.Then)
	}
	return f.branches(n, e, append(conds, "true"), append(nodes, n.Else))
}

func (f *frame) coalesce(n *elm.Node, e *env) value {
	var vals []value
	for _, o := range n.Operand {
		v := f.value(o, e)
		if l, ok := v.(listV); ok {
			if len(n.Operand) > 1 {
				if o.Type == "Property" { // a missing element is null, and a list here is never
					return f.g.fail(e, n, "Coalesce of repeated elements is not supported")
				}
				return l // a define or a query is a list, if an empty one
			}
			if !l.lit {
				return f.backOne(l.make(f), false, false)
			}
			vals = append(vals, l.items...)
			continue
		}
		vals = append(vals, f.bind(v))
	}
	var conds []string
	for _, v := range vals {
		conds = append(conds, notNull(v))
	}
	return f.g.choose(conds, vals)
}

func tagIn(tag string, tags []string) string {
	if isNullLit(tag) {
		return "false"
	}
	return "coalesce(" + inTexts(tag, tags) + ", false)"
}

func inTexts(sql string, texts []string) string {
	var list []string
	for _, t := range texts {
		list = append(list, quote(t))
	}
	return sql + " IN (" + join(list) + ")"
}

// sameType is whether a value of type have can stand for type want.
func sameType(have, want string) bool {
	return have == want || have == "Interval<Date>" && want == "Interval<DateTime>"
}

func isType(v value, want string) string {
	switch v := v.(type) {
	case choiceV:
		for _, a := range v.alts {
			if sameType(a.typ, want) {
				return and(tagIn(v.tag, a.tags), notNull(a.v))
			}
		}
		return "false"
	case resV:
		if v.tag != "" {
			return "coalesce(" + v.tag + " = " + quote(want) + ", false)"
		}
	case nullV:
		return "false"
	}
	if sameType(typeName(v), want) {
		return notNull(v)
	}
	return "false"
}

// as takes a value as a type: null where it is of another.
func (f *frame) as(n *elm.Node, e *env) value {
	v := f.value(n.Operand[0], e)
	want := cqlName(n.AsType)
	switch v := v.(type) {
	case nullV:
		return shapeOf(want)
	case choiceV:
		if want == "Choice" || want == "List" || want == "Any" {
			return v
		}
		for _, a := range v.alts {
			if sameType(a.typ, want) {
				c := tagIn(v.tag, a.tags)
				return mapLeaves(a.v, func(s string) string {
					if isConst(s) || isNullLit(s) {
						return s
					}
					return "CASE WHEN " + c + " THEN " + s + " END"
				})
			}
		}
		if null := shapeOf(want); kindOf(null) != "other" {
			return null
		}
		return v // a type of an extension's value
	case resV:
		if v.tag != "" && slices.Contains(v.types, want) {
			return resV{types: []string{want}, rid: "CASE WHEN " + v.tag + " = " + quote(want) + " THEN " + v.rid + " END"}
		}
	case qtyV, dateV, intervalV, boolV, numV, strV:
		if null := shapeOf(want); kindOf(null) != "other" && kindOf(null) != "res" && kindOf(null) != kindOf(v) {
			return null
		}
	}
	return v
}

func (f *frame) tuple(n *elm.Node, e *env) value {
	if n.Type == "Instance" && n.ClassType == "Quantity" {
		q := qtyV{"NULL::DOUBLE", "NULL::VARCHAR"}
		for _, el := range n.Element {
			switch v := f.value(el.Value, e).(type) {
			case numV:
				q.num = v.sql
			case strV:
				q.unit = v.sql
			}
		}
		return q
	}
	t := tupleV{nn: "true"}
	for _, el := range n.Element {
		x := el.Value
		if x == nil {
			x = &elm.Node{Type: "Null"}
		}
		t.names, t.fields = append(t.names, el.Name), append(t.fields, f.value(x, e))
	}
	if n.Type == "Instance" {
		return f.g.fail(e, n, "instances of %s are not supported", n.ClassType)
	}
	return t
}

// expressionRef is a define: its table, joined, or its list.
func (f *frame) expressionRef(n *elm.Node, e *env) value {
	g := f.g
	lib := g.program.Find(e.lib, n.LibraryName)
	if lib == nil || lib.Defines[n.Name] == nil {
		return g.fail(e, n, "no define named %s", n.Name)
	}
	if n.Name == "Patient" {
		return resV{types: []string{"Patient"}, rid: f.join("patient", "pid", "pid").demand(g, "rid")}
	}
	d := g.define(lib, n.Name)
	if d.List {
		return listV{make: func(at *frame) *rel {
			r := at.fork()
			s := &joinStep{kind: "INNER", table: d.Table}
			v := r.defineColumns(s, d)
			rl := &rel{f: r, elem: v}
			if d.order {
				rl.order = []string{s.demand(g, "ord") + " ASC"}
			}
			return rl
		}}
	}
	for p := f; p != nil; p = p.parent {
		if v, ok := p.refs[d.Table]; ok {
			return v
		}
	}
	v := f.defineColumns(&joinStep{kind: "LEFT", table: d.Table}, d)
	f.refs[d.Table] = v
	return v
}

func (f *frame) defineColumns(s *joinStep, d *Define) value {
	s.on = "pid = " + s.demand(f.g, "pid")
	if d.Periodic {
		s.on += " AND period = " + s.demand(f.g, "period")
	}
	v := mapLeaves(d.elem, func(c string) string { return s.demand(f.g, c) })
	f.add(s)
	return v
}

// call compiles a function's body with its arguments bound, once each.
func (f *frame) call(n *elm.Node, e *env) value {
	g := f.g
	lib := g.program.Find(e.lib, n.LibraryName)
	if lib == nil {
		return g.fail(e, n, "no library %s", n.LibraryName)
	}
	var args []value
	for _, o := range n.Operand {
		args = append(args, f.value(o, e))
	}
	if lib.Name == elm.BuiltIn {
		return args[0]
	}
	if (n.Name == "getId" || n.Name == "GetId") && len(args) == 1 {
		if _, ok := args[0].(refV); ok {
			return args[0]
		}
	}
	fn := overload(lib.Functions[n.Name], args, n)
	if fn == nil {
		return g.fail(e, n, "no function %s takes %d arguments", n.Name, len(args))
	}
	in := &env{lib: lib}
	for i, o := range fn.Operand {
		v := args[i]
		if _, isNull := v.(nullV); isNull {
			v = shapeOf(cqlName(o.OperandType))
		}
		in = in.with(o.Name, f.bind(v))
	}
	return f.value(fn.Expression, in)
}

// overload picks the function that fits the arguments best.
func overload(list []*elm.Node, args []value, n *elm.Node) *elm.Node {
	var best *elm.Node
	top := -1
	for _, fn := range list {
		if len(fn.Operand) != len(args) {
			continue
		}
		score := 0
		for i, o := range fn.Operand {
			want := cqlName(o.OperandType)
			if len(n.Signature) == len(args) && n.Signature[i].String() == o.OperandType.String() {
				score += 4
			}
			_, isList := args[i].(listV)
			_, isConcepts := args[i].(conceptsV)
			_, isChoice := args[i].(choiceV)
			switch {
			case isList || isConcepts:
				if want == "List" {
					score += 2
				}
			case isChoice && want == "Choice", sameType(typeName(args[i]), want):
				score += 2
			}
		}
		if score > top {
			best, top = fn, score
		}
	}
	return best
}

func (f *frame) literal(n *elm.Node, e *env) value {
	switch n.Type {
	case "Null":
		return nullV{}
	case "Quantity":
		return qtyV{n.Text, quote(calendarUnit(n.Unit))}
	case "MinValue", "MaxValue":
		if n.ValueType == "DateTime" {
			t := minDate
			if n.Type == "MaxValue" {
				t = maxDate
			}
			return dateV{t, t, "6", false}
		}
	case "Literal":
		switch n.ValueType {
		case "Boolean":
			return boolV{n.Text}
		case "Integer":
			return numV{n.Text, true}
		case "Decimal", "Long":
			return numV{n.Text, false}
		case "String":
			return strV{quote(n.Text)}
		}
	case "Date", "DateTime":
		part := func(x *elm.Node, def string) (string, bool) {
			if x == nil {
				return def, false
			}
			if v, ok := f.value(x, e).(numV); ok {
				return v.sql, true
			}
			return def, false
		}
		prec := 0
		var parts []string
		for i, x := range []*elm.Node{n.Year, n.Month, n.Day, n.Hour, n.Minute, n.Second, n.Millisecond} {
			s, ok := part(x, []string{"1", "1", "1", "0", "0", "0", "0"}[i])
			parts = append(parts, s)
			if ok {
				prec = i + 1
			}
		}
		switch {
		case prec == 7:
			prec = 6
		case prec == 6:
			prec = 5
		case prec == 5 || prec == 4:
			prec = 4
		}
		sql := fmt.Sprintf("make_timestamp(%s, %s, %s, %s, %s, %s + %s / 1000.0)", parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6])
		return f.bind(partial(sql, fmt.Sprint(prec), n.Type == "Date"))
	}
	return f.g.fail(e, n, "%s of type %s is not supported", n.Type, n.ValueType)
}

package plan

import (
	"slices"

	"farr/measures/internal/elm"
)

// mostSteps bounds what functions that use functions may grow to: some hundred times the
// largest published measure.
const mostSteps = 2_000_000

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
	at, in := g.at, g.in
	g.at, g.in = n, e
	defer func() { g.depth, g.at, g.in = g.depth-1, at, in }()
	compile := g.nodes[n.Type]
	if compile == nil {
		return g.fail(e, n, "ELM node %s is not supported", n.Type)
	}
	if need := operands[n.Type]; len(n.Operand) < need {
		return g.fail(e, n, "%s needs %d operands and has %d", n.Type, need, len(n.Operand))
	}
	if g.steps++; g.steps > mostSteps {
		return g.fail(e, n, "the logic is too large: its functions, put where they are used, are more than %d expressions", mostSteps)
	}
	return compile(f, n, e)
}

func (f *frame) parameterRef(n *elm.Node, e *env) value {
	if n.Name == "Measurement Period" {
		return intervalV{s: dateV{lo: periodLow, prec: whole(6)}, e: dateV{lo: periodHigh, prec: whole(6)}, sUnk: no, eUnk: no, nn: yes}
	}
	// Nobody gives the others a value: they have their default, else they are null.
	lib := f.g.program.Find(e.lib, n.LibraryName)
	if lib == nil || lib.Parameters[n.Name] == nil {
		return f.g.fail(e, n, "no parameter named %s", n.Name)
	}
	return f.value(lib.Parameters[n.Name].Default, &env{lib: lib})
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
	if l := f.g.program.Find(e.lib, n.LibraryName); l != nil && l.ValueSets[n.Name] != "" {
		return valueSetV{[]string{f.g.valueSet(l.ValueSets[n.Name])}}
	}
	return f.g.fail(e, n, "no value set named %s", n.Name)
}

func (f *frame) codeRef(n *elm.Node, e *env) value {
	if l := f.g.program.Find(e.lib, n.LibraryName); l != nil {
		if c, ok := l.Codes[n.Name]; ok {
			return codeV{[]elm.Code{c}}
		}
	}
	return f.g.fail(e, n, "no code named %s", n.Name)
}

func (f *frame) conceptRef(n *elm.Node, e *env) value {
	if l := f.g.program.Find(e.lib, n.LibraryName); l != nil {
		if c, ok := l.Concepts[n.Name]; ok {
			return codeV{c}
		}
	}
	return f.g.fail(e, n, "no concept named %s", n.Name)
}

func (g *gen) valueSet(url string) string {
	if !slices.Contains(g.valsets, url) {
		g.valsets = append(g.valsets, url)
	}
	return url
}

// expressionRef is a define: its table, joined, or its list.
func (f *frame) expressionRef(n *elm.Node, e *env) value {
	g := f.g
	lib := g.program.Find(e.lib, n.LibraryName)
	if lib == nil || lib.Defines[n.Name] == nil {
		return g.fail(e, n, "no define named %s", n.Name)
	}
	if n.Name == "Patient" {
		s := f.join("patient", column(personNumber), personNumber)
		rid := s.demand(g, "rid")
		f.joined[joinKey{"patient", [2]expr{rid}}] = s // which is the one by its rid, too
		return resV{types: []string{"Patient"}, rid: rid}
	}
	d := g.define(lib, n.Name)
	if d.List {
		return listV{make: func(at *frame) *rel { return at.elements(d) }}
	}
	for p := f; p != nil; p = p.parent {
		if v, ok := p.refs[d.Table]; ok {
			return v
		}
	}
	v := f.defineColumns(&joinStep{table: d.Table}, d)
	f.refs[d.Table] = v
	return v
}

// elements are those of a define's list.
func (f *frame) elements(d *Define) *rel {
	r := f.fork()
	s := &joinStep{inner: true, table: d.Table}
	out := &rel{f: r, elem: r.defineColumns(s, d)}
	if d.order {
		out.order = []expr{apply(opAscending, s.demand(f.g, "ord"))}
	}
	if v, ok := out.elem.(resV); ok {
		f.g.elementOf[v.rid.text()] = d.root()
	}
	return out
}

func (f *frame) defineColumns(s *joinStep, d *Define) value {
	key := d.Key()
	s.on = equal(column(key), s.demand(f.g, key))
	v := mapLeaves(d.elem, func(x expr) expr { return s.demand(f.g, x.text()) })
	f.add(s)
	if r, ok := v.(resV); ok && d.found {
		f.g.found[r.rid.text()] = d.always && s.inner
	}
	if b, ok := v.(boolV); ok && d.Sparse {
		return boolV{caseOf([]expr{not(present(s.demand(f.g, key))), yes}, []expr{no, b.is})}
	}
	return v
}

// call compiles a function's body with its arguments bound, once each.
func (f *frame) call(n *elm.Node, e *env) value {
	g := f.g
	lib := g.program.Find(e.lib, n.LibraryName)
	if lib == nil {
		return g.fail(e, n, "no library %s", n.LibraryName)
	}
	if lib.Name != elm.BuiltIn {
		if v := f.derived(n, e); v != nil {
			return v
		}
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
	if v := f.answered(lib, fn, args); v != nil {
		return v
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

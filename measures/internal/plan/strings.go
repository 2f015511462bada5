package plan

import (
	"regexp"
	"strings"

	"farr/measures/internal/elm"
)

// strings compiles the operators on texts (CQL 1.5, "String Operators"). Characters are counted from 0;
// of null all are null.
func (f *frame) strings(n *elm.Node, e *env) value {
	var ops []value
	for _, o := range n.Operand {
		v := f.bind(certain(onlyOf(f.value(o, e))))
		if c, ok := v.(conceptV); ok && !c.code.none() {
			v = strV{c.code}
		}
		ops = append(ops, v)
	}
	switch n.Type {
	case "Upper", "Lower":
		if s, ok := ops[0].(strV); ok {
			return strV{apply(map[string]op{"Upper": opUpper, "Lower": opLower}[n.Type], s.text)}
		}
	case "StartsWith", "EndsWith":
		s, t := textsOf(ops)
		if !t.none() {
			return boolV{apply(map[string]op{"StartsWith": opStartsWith, "EndsWith": opEndsWith}[n.Type], s, t)}
		}
	case "PositionOf", "LastPositionOf":
		pattern, s := textsOf(ops)
		if !s.none() {
			return numV{num: apply(map[string]op{"PositionOf": opPosition, "LastPositionOf": opLastPosition}[n.Type], s, pattern), integer: true}
		}
	case "Substring":
		return f.substring(n, e, ops)
	case "Matches", "ReplaceMatches":
		return f.matches(n, e, ops)
	}
	return f.ofNull(n, e, ops)
}

// ofNull is null where an operand is, and else a diagnostic: the types are not supported.
func (f *frame) ofNull(n *elm.Node, e *env, ops []value) value {
	var types []string
	for _, v := range ops {
		if _, ok := v.(nullV); ok {
			return nullV{}
		}
		types = append(types, typeName(v))
	}
	return f.g.fail(e, n, "%s of %s is not supported", n.Type, strings.Join(types, " and "))
}

// textsOf are the texts of the first two operands; none where one is no text.
func textsOf(ops []value) (a, b expr) {
	x, isText := ops[0].(strV)
	y, both := ops[1].(strV)
	if !isText || !both {
		return expr{}, expr{}
	}
	return x.text, y.text
}

// substring is a text from a place on, of so many characters where the third operand says how
// many. There is none from before the text or from its end on, but for the start of the empty text.
func (f *frame) substring(n *elm.Node, e *env, ops []value) value {
	s, isText := ops[0].(strV)
	from, isNumber := ops[1].(numV)
	if !isText || !isNumber {
		return f.ofNull(n, e, ops[:2])
	}
	in := and(apply(opGreaterOrEqual, from.num, whole(0)), or(equal(from.num, whole(0)), apply(opLess, from.num, apply(opLength, s.text))))
	at := apply(opAdd, from.num, whole(1))
	switch length := ops[2].(type) {
	case nullV:
		return strV{when(truth(in), apply(opTextFrom, s.text, at))}
	case numV:
		return strV{when(truth(and(in, apply(opGreaterOrEqual, length.num, whole(0)))), apply(opTextPart, s.text, at, length.num))}
	}
	return f.ofNull(n, e, ops)
}

// matches finds a regular expression in a text, or replaces each place that fits: a part may fit, ^ and $
// are the ends of the text, and a point is any character (CQL 1.5, "Matches": partial matching, single line). What is written must be known beforehand, so that one that is none is a mistake of
// the author and not of the data.
func (f *frame) matches(n *elm.Node, e *env, ops []value) value {
	for _, v := range ops {
		s, isText := v.(strV)
		if _, none := v.(nullV); none || isText && isNull(s.text) {
			return map[string]value{"Matches": boolV{null(typeBoolean)}, "ReplaceMatches": strV{null(typeText)}}[n.Type]
		}
	}
	s, pattern := textsOf(ops)
	if pattern.none() {
		return f.ofNull(n, e, ops)
	}
	if !isConst(pattern) {
		return f.g.fail(e, n, "%s by a pattern that is not known beforehand is not supported", n.Type)
	}
	if _, err := regexp.Compile(pattern.text()); err != nil {
		return f.g.fail(e, n, "the pattern of %s is not supported: %v", n.Type, err)
	}
	if n.Type == "Matches" {
		return boolV{apply(opMatches, s, pattern)}
	}
	by, ok := ops[2].(strV)
	if !ok || !isConst(by.text) {
		return f.g.fail(e, n, "ReplaceMatches by a text that is not known beforehand is not supported")
	}
	return strV{apply(opReplaceMatches, s, pattern, text(substitution(by.text.text())))}
}

// substitution is a text that is put in place of what fits: $1 is what the first group fits, and
// \$ a dollar. In the plan a group is \1 and a backslash \\.
func substitution(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		case c == '\\':
			b.WriteString(`\\`)
		case c == '$' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
			b.WriteByte('\\')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// character is a text's character at a place; null where there is none.
func (f *frame) character(s strV, at numV) value {
	in := and(apply(opGreaterOrEqual, at.num, whole(0)), apply(opLess, at.num, apply(opLength, s.text)))
	return strV{when(truth(in), apply(opTextPart, s.text, apply(opAdd, at.num, whole(1)), whole(1)))}
}

// combine is a list of texts as one, a separator between them; nulls are left out, and of nothing
// it is null (CQL 1.5, "Combine").
func (f *frame) combine(n *elm.Node, e *env) value {
	if len(n.Source) == 0 {
		return f.g.fail(e, n, "Combine of nothing")
	}
	v, nothing := f.value(n.Source[0], e), strV{null(typeText)}
	if _, ok := v.(nullV); ok {
		return nothing
	}
	between := text("")
	if n.Separator != nil {
		if s, ok := f.bind(f.value(n.Separator, e)).(strV); ok { // null is ignored
			between = first(s.text, between)
		}
	}
	r := f.asList(v, n, e).make(f)
	switch s := r.f.bind(r.elem).(type) {
	case nullV:
		return nothing
	case strV:
		r.f.where(present(s.text))
		all := f.back(r, apply(opCollect, append([]expr{s.text}, orderOf(&rel{elem: s, order: r.order})...)...))[0]
		return strV{apply(opJoin, all, between)}
	}
	return f.g.fail(e, n, "Combine of %s is not supported", typeName(r.elem))
}

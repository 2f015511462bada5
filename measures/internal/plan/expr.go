package plan

import (
	"slices"
	"strconv"
	"strings"
	"unique"
)

// expr is a scalar expression over the columns of a row: a tree with no engine's
// spelling in it. Equal trees are one, so that == compares them and a map finds them.
// The zero expr is none.
type expr struct{ h unique.Handle[term] }

// term is a node of an expression: what it does, to what.
type term struct {
	op   op
	text string // a column's name, a literal's text, a calendar unit, a type
	args unique.Handle[terms]
}

// terms is a list of expressions.
type terms struct {
	first expr
	rest  unique.Handle[terms]
}

// op is what a node does. What each means is CQL's meaning; null in, null out, unless
// it says otherwise.
type op string

const (
	opColumn  op = "column" // text: its name
	opNull    op = "null"   // text: its type; of a list, args: nulls of its element's types
	opBoolean op = "boolean"
	opNumber  op = "number"
	opText    op = "text"
	opMoment  op = "moment" // text: a timestamp

	opAnd, opOr, opNot op = "and", "or", "not"
	opTruth            op = "is-true" // null is false
	opNotFalse         op = "is-not-false"
	opPresent          op = "is-present"
	opAbsent           op = "is-absent"
	opEqual            op = "equal"
	opNotEqual         op = "not-equal"
	opLess             op = "less"
	opLessOrEqual      op = "less-or-equal"
	opGreater          op = "greater"
	opGreaterOrEqual   op = "greater-or-equal"
	opSame             op = "same" // null is the same as null
	opIn               op = "in"   // the first among the others
	opFail             op = "fail" // ends the evaluation
	opCase             op = "case" // condition, value, condition, value, .. and a value for the rest
	opCoalesce         op = "coalesce"
	opCast             op = "cast" // to the type of the null that is its second operand

	opAdd, opSubtract, opMultiply op = "add", "subtract", "multiply"
	opDivide                      op = "divide" // by zero: null
	opTruncatedDivide             op = "truncated-divide"
	opModulo                      op = "modulo"
	opPower                       op = "power"
	opNegate, opAbs               op = "negate", "abs"
	opFloor, opCeiling            op = "floor", "ceiling"
	opRound, opTruncate           op = "round", "truncate"
	opLeast                       op = "least"
	opGreatest                    op = "greatest"
	opExp, opLn                   op = "exp", "ln"

	opConcatenate    op = "concatenate"
	opLikeness       op = "likeness" // a text as equivalence sees it: in small letters, a space for each other whitespace
	opStartsWith     op = "starts-with"
	opEndsWith       op = "ends-with"
	opUpper          op = "upper"
	opLower          op = "lower"
	opPosition       op = "position" // of the second text in the first, from 0; -1 where it is not in it
	opLastPosition   op = "last-position"
	opTextFrom       op = "text-from" // from a character on, counted from 1
	opTextPart       op = "text-part" // and so many
	opMatches        op = "matches"   // whether a part of a text fits a regular expression
	opReplaceMatches op = "replace-matches"
	opDecimalText    op = "decimal-text"  // a decimal as CQL writes it
	opFormat         op = "format"        // text: a form; a timestamp
	opJoin           op = "join"          // a list of texts, with another between them
	opWithoutEnd     op = "without-end"   // a text without another and the sign before it
	opCompound       op = "compound-unit" // whether a unit has a sign of multiplication or division
	opUnitless       op = "annotation-as-one"

	opTimestamp          op = "timestamp"   // of year, month, day, hour, minute, second, millisecond
	opTruncateTo         op = "truncate-to" // text: a calendar unit
	opPlus               op = "plus"        // a timestamp and a number of units of the text
	opMinus              op = "minus"       //
	opLater              op = "later"       // a timestamp by one unit of a precision
	opEarlier            op = "earlier"
	opDuration           op = "duration"     // whole units of the text from the first to the second
	opDifference         op = "difference"   // boundaries of the unit crossed
	opComponent          op = "component"    // the unit's part of a timestamp
	opConceptCode        op = "code-of"      // a code of a concept
	opConceptSys         op = "system-of"    // its system
	opCode               op = "code"         // text: the code; its system is its operand
	opInValueSet         op = "in-value-set" // a concept, and URLs of sets of which one has it
	opAnyInSet           op = "any-in-set"   // a list of concepts, and URLs
	opHasCode            op = "has-code"     // a concept, and codes of which it has one
	opAnyHasCode         op = "any-has-code" // a list of concepts, and codes
	opDeclares           op = "declares"     // text: a URL; a set of profiles
	opSplit              op = "split"        // a text at another: a list of texts
	opAt                 op = "at"           // the element of a list of texts at a place
	opShareCode          op = "share-code"   // two concepts
	opHasConcepts        op = "has-concepts" // whether a list of concepts has one
	opTuple              op = "tuple"        // of a packed list
	opList               op = "list"         // of tuples
	opItem               op = "item"         // text: a field's number; of a list, the field of the element at a place
	opLength             op = "length"       // of a list
	opRange              op = "range"        // whole numbers from the first up to before the second
	opElements           op = "elements"     // a row for each element of a list
	opAscending          op = "ascending"    // a sort item: nulls are last
	opDescending         op = "descending"   // nulls are last
	opNullsFirst         op = "nulls-first"  // ascending
	opNullsLast          op = "nulls-last"   // descending
	opRowNumber          op = "row-number"   // text: how many operands partition; then sort items
	opMaxBefore          op = "max-before"   // the greatest of the first in the rows before; partition, sort
	opRunningSum         op = "running-sum"  // of the first up to this row
	opMax, opMin         op = "max", "min"   // aggregates
	opSum, opAvg         op = "sum", "avg"   //
	opMedian             op = "median"
	opStdDev             op = "standard-deviation"
	opPopulationStdDev   op = "population-standard-deviation"
	opVariance           op = "variance"
	opPopulationVariance op = "population-variance"
	opGeometricMean      op = "geometric-mean"
	opProduct            op = "product"
	opCountIf            op = "count-if" // of the rows for which it is true
	opAny                op = "any"      // any one value of the group
	opCollect            op = "collect"  // the first of each row as a list; then sort items
)

// The types of columns. A list of a packed element has the types of its fields.
const (
	typeBoolean   = "boolean"
	typeInteger   = "integer"
	typeDecimal   = "decimal"
	typeText      = "text"
	typeTimestamp = "timestamp"
	typeID        = "id"      // of a person or a resource
	typeConcept   = "concept" // an id of the concept dictionary
	typeSmall     = "small"   // a place in a list
	typePrecision = "precision"
	typeHuge      = "huge" // a whole number beyond a Long
	typeList      = "list"
	typeAny       = "any"
)

// node is an operation on operands with what its text says.
func node(o op, text string, args ...expr) expr {
	t := term{op: o, text: text}
	for i := len(args) - 1; i >= 0; i-- {
		t.args = unique.Make(terms{args[i], t.args})
	}
	return expr{unique.Make(t)}
}

// apply is an operation on operands.
func apply(o op, args ...expr) expr { return node(o, "", args...) }

func (x expr) none() bool { return x == expr{} }

func (x expr) op() op {
	if x.none() {
		return ""
	}
	return x.h.Value().op
}

func (x expr) text() string { return x.h.Value().text }

// args are the operands.
func (x expr) args() (list []expr) {
	for h := x.h.Value().args; h != (unique.Handle[terms]{}); h = h.Value().rest {
		list = append(list, h.Value().first)
	}
	return list
}

var (
	yes = node(opBoolean, "true")
	no  = node(opBoolean, "false")
)

// The measurement period of a subject.
var periodLow, periodHigh = column("mp_low"), column("mp_high")

func column(name string) expr { return node(opColumn, name) }
func null(typ string) expr    { return node(opNull, typ) }
func text(s string) expr      { return node(opText, s) }
func number(s string) expr    { return node(opNumber, s) }
func whole(n int) expr        { return number(strconv.Itoa(n)) }
func moment(s string) expr    { return node(opMoment, s) }
func boolean(b bool) expr {
	if b {
		return yes
	}
	return no
}

func columns(names []string) (list []expr) {
	for _, n := range names {
		list = append(list, column(n))
	}
	return list
}

func isNull(x expr) bool { return x.op() == opNull }

// isConst is whether x is a value that is known, and there.
func isConst(x expr) bool {
	switch x.op() {
	case opBoolean, opNumber, opText, opMoment:
		return true
	}
	return false
}

// plain is whether x costs nothing to write twice.
func plain(x expr) bool { return x.op() == opColumn || isNull(x) || isConst(x) }

// uses is whether x reads one of the columns.
func uses(x expr, names []string) bool {
	seen := map[expr]bool{}
	var walk func(x expr) bool
	walk = func(x expr) bool {
		if seen[x] {
			return false
		}
		seen[x] = true
		return x.op() == opColumn && slices.Contains(names, x.text()) || slices.ContainsFunc(x.args(), walk)
	}
	return walk(x)
}

// String writes x as the stages of the compiler are shown: operations before operands.
func (x expr) String() string {
	switch x.op() {
	case "":
		return "none"
	case opColumn, opBoolean, opNumber, opMoment:
		return x.text()
	case opText:
		return strconv.Quote(x.text())
	case opNull:
		return "null"
	}
	var b strings.Builder
	b.WriteString("(" + string(x.op()))
	if x.text() != "" {
		b.WriteString(" " + x.text())
	}
	for _, a := range x.args() {
		b.WriteString(" " + a.String())
	}
	return b.String() + ")"
}

// present is whether x is there; never null.
func present(x expr) expr {
	switch {
	case isNull(x):
		return no
	case isConst(x), x == periodLow, x == periodHigh:
		return yes
	}
	return apply(opPresent, x)
}

// truth takes null for false.
func truth(x expr) expr {
	switch {
	case total(x):
		return x
	case isNull(x):
		return no
	}
	return apply(opTruth, x)
}

func and(list ...expr) expr { return junction(opAnd, no, yes, list) }
func or(list ...expr) expr  { return junction(opOr, yes, no, list) }

// junction is a conjunction or disjunction without what does not matter: stop decides
// it, skip does not change it.
func junction(o op, stop, skip expr, list []expr) expr {
	var keep []expr
	for _, x := range list {
		switch {
		case x == stop:
			return stop
		case x != skip && !slices.Contains(keep, x):
			keep = append(keep, x)
		}
	}
	switch len(keep) {
	case 0:
		return skip
	case 1:
		return keep[0]
	}
	return apply(o, keep...)
}

func not(x expr) expr {
	switch x.op() {
	case opBoolean:
		return boolean(x == no)
	case opNull:
		return x
	case opNot:
		return x.args()[0]
	case opPresent:
		return apply(opAbsent, x.args()[0])
	case opAbsent:
		return apply(opPresent, x.args()[0])
	}
	return apply(opNot, x)
}

func equal(a, b expr) expr { return apply(opEqual, a, b) }

// when is x where a condition holds.
func when(cond, x expr) expr {
	if isNull(x) {
		return x
	}
	return caseOf([]expr{cond}, []expr{x})
}

func texts(list []string) (out []expr) {
	for _, s := range list {
		out = append(out, text(s))
	}
	return out
}

// among is whether x is one of the texts.
func among(x expr, list ...string) expr {
	return apply(opIn, append([]expr{x}, texts(list)...)...)
}

// cast is x as the type that like, a null, has.
func cast(x, like expr) expr { return apply(opCast, x, like) }

func decimal(x expr) expr { return cast(x, null(typeDecimal)) }

func first(conds ...expr) expr { return apply(opCoalesce, conds...) }

// rowNumber is a row's place among those with equal keys.
func rowNumber(key, order []expr) expr {
	return node(opRowNumber, strconv.Itoa(len(key)), slices.Concat(key, order)...)
}

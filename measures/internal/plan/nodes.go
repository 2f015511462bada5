package plan

import (
	"maps"
	"slices"

	"farr/measures/internal/elm"
)

// compiler makes a value of one kind of node in a frame.
type compiler func(f *frame, n *elm.Node, e *env) value

// compilers are the node types that an expression may be made of. What is not here is
// a diagnostic.
func compilers() map[string]compiler {
	table := map[string]compiler{
		"ParameterRef":  (*frame).parameterRef,
		"ExpressionRef": (*frame).expressionRef,
		"FunctionRef":   (*frame).call,
		"ValueSetRef":   (*frame).valueSetRef,
		"CodeRef":       (*frame).codeRef,
		"ConceptRef":    (*frame).conceptRef,
		"Property":      (*frame).propertyNode,
		"Intersect":     (*frame).intersect,
		"If":            (*frame).ifNode,
		"Case":          (*frame).caseNode,
		"Coalesce":      (*frame).coalesce,
		"As":            (*frame).as,
		"Is":            (*frame).is,
		"Message":       (*frame).message,
		"Interval":      (*frame).interval,
		"PointFrom":     (*frame).pointFrom,
		"Combine":       (*frame).combine,
		"Slice":         (*frame).slice,
		"IndexOf":       (*frame).indexOf,
		"Length":        (*frame).length,
	}
	for _, family := range []struct {
		compile compiler
		types   []string
	}{
		{(*frame).literal, []string{"Literal", "Quantity", "Null", "DateTime", "Date", "Time", "MinValue", "MaxValue"}},
		{(*frame).named, []string{"AliasRef", "QueryLetRef", "OperandRef", "IdentifierRef"}},
		{(*frame).list, []string{"Retrieve", "Query", "Union", "List", "Flatten", "Distinct", "ToList", "Except", "Collapse", "Expand", "Split"}},
		{(*frame).aggregate, []string{"Exists", "First", "Last", "SingletonFrom", "Count", "Sum", "Min", "Max", "AnyTrue", "AllTrue", "Indexer", "Avg", "Aggregate",
			"Mode", "Median", "StdDev", "PopulationStdDev", "Variance", "PopulationVariance", "GeometricMean", "Product"}},
		{(*frame).logic, []string{"And", "Or", "Not", "IsNull", "IsTrue", "IsFalse", "Implies", "Xor"}},
		{(*frame).convert, []string{"Convert", "ToDecimal", "ToQuantity", "ToDateTime", "ToDate", "ToConcept", "ToString", "ConvertQuantity", "ToBoolean", "ToInteger", "ToLong", "ToTime"}},
		{(*frame).boundary, []string{"LowBoundary", "HighBoundary", "Precision"}},
		{(*frame).tuple, []string{"Tuple", "Instance"}},
		{(*frame).dates, []string{"Start", "End", "DateFrom", "DurationBetween", "DifferenceBetween", "CalculateAgeAt", "DateTimeComponentFrom", "Width"}},
		{(*frame).arithmetic, []string{"Add", "Subtract", "Multiply", "Divide", "Power", "Negate", "TruncatedDivide", "Concatenate", "Abs", "Floor", "Ceiling", "Round", "Modulo", "Truncate"}},
		{(*frame).compare, []string{"Equal", "Equivalent", "NotEqual", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
			"Before", "After", "SameAs", "SameOrBefore", "SameOrAfter", "Starts", "Ends", "Overlaps", "OverlapsBefore", "OverlapsAfter", "Meets", "MeetsBefore", "MeetsAfter"}},
		{(*frame).strings, []string{"Upper", "Lower", "StartsWith", "EndsWith", "PositionOf", "LastPositionOf", "Substring", "Matches", "ReplaceMatches"}},
		{(*frame).logarithm, []string{"Exp", "Ln", "Log"}},
		{(*frame).neighbor, []string{"Predecessor", "Successor"}},
		{(*frame).proper, []string{"ProperIn", "ProperContains", "ProperIncludes", "ProperIncludedIn"}},
		{(*frame).membership, []string{"In", "IncludedIn", "Includes", "Contains", "InValueSet", "AnyInValueSet"}},
	} {
		for _, t := range family.types {
			table[t] = family.compile
		}
	}
	return table
}

// operands are how many operands a node has at least.
var operands = func() map[string]int {
	list := map[string]int{}
	for n, types := range map[int][]string{
		1: {"Not", "IsNull", "IsTrue", "IsFalse", "As", "Is", "Start", "End", "DateFrom", "DateTimeComponentFrom", "Width", "Convert", "ToDecimal", "ToQuantity", "ToDateTime", "ToDate",
			"ToConcept", "ToString", "ToList", "Flatten", "Distinct", "Exists", "SingletonFrom", "Negate", "Abs", "Floor", "Ceiling", "Round", "Truncate", "Collapse", "Expand", "Split", "Upper", "Lower", "Exp", "Ln", "Predecessor", "Successor", "Length", "ToBoolean", "ToInteger", "ToLong", "ToTime", "Precision", "PointFrom", "Concatenate"},
		2: {"And", "Or", "Implies", "Xor", "Union", "Except", "Intersect", "Indexer", "DurationBetween", "DifferenceBetween", "CalculateAgeAt", "ConvertQuantity",
			"Add", "Subtract", "Multiply", "Divide", "Power", "TruncatedDivide", "Modulo",
			"Equal", "Equivalent", "NotEqual", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Before", "After", "SameAs", "SameOrBefore", "SameOrAfter",
			"Starts", "Ends", "Overlaps", "OverlapsBefore", "OverlapsAfter", "Meets", "MeetsBefore", "MeetsAfter", "In", "IncludedIn", "Includes", "Contains",
			"StartsWith", "EndsWith", "PositionOf", "LastPositionOf", "Matches", "Log", "IndexOf", "LowBoundary", "HighBoundary", "ProperIn", "ProperContains", "ProperIncludes", "ProperIncludedIn"},
		3: {"Substring", "ReplaceMatches", "Slice"},
	} {
		for _, t := range types {
			list[t] = n
		}
	}
	return list
}()

// NodeTypes are the ELM node types that can be compiled, in order.
func NodeTypes() []string { return slices.Sorted(maps.Keys(compilers())) }

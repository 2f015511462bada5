package measures_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

// reach is what the answers of the deck rest on.
type reach struct {
	libraries map[string]*elm.Library
	operands  map[string]map[string][]string // library, define: node types with the type of an operand
	types     map[string]bool                // node types
	kinds     map[string]bool                // node types with the type of an operand: "Equal Date"
	answered  map[string]bool                // node types with an answer: "Equal null"
	features  map[string]bool                // node types with what is written beside them: "Equal partial"
}

// Every node type that the compiler supports is below a define whose answers are expected,
// on each kind of operand on which it differs, with each answer that it can have, and with
// partial dates and bounds where they matter.
func TestDeckReach(t *testing.T) {
	r := readReach(t)
	var missing []string
	for _, typ := range plan.NodeTypes() {
		if !r.types[typ] {
			missing = append(missing, typ)
		}
	}
	for _, need := range []struct {
		have map[string]bool
		want map[string]string
	}{{r.kinds, reachKinds}, {r.answered, reachAnswers}, {r.features, reachFeatures}} {
		for _, typ := range slices.Sorted(maps.Keys(need.want)) {
			for _, what := range strings.Fields(need.want[typ]) {
				if !need.have[typ+" "+what] {
					missing = append(missing, typ+" "+what)
				}
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("no answer of the deck rests on these:\n%s", strings.Join(missing, "\n"))
	}
}

// reachKinds are the types of an operand on which a node type is to be tried: of the first
// operand whose type is known.
var reachKinds = map[string]string{
	"Equal":             "Boolean Integer Long Decimal String Date DateTime Time Quantity Interval<Integer> List<Integer> Tuple",
	"NotEqual":          "Boolean Integer String Quantity Interval<Integer> List<Integer>",
	"Equivalent":        "Boolean Integer Decimal String DateTime Quantity Interval<Integer> List<Integer> List<String> Tuple Code Concept",
	"Less":              "Integer String DateTime Quantity",
	"LessOrEqual":       "Integer String DateTime Quantity",
	"Greater":           "Integer Decimal String DateTime Quantity",
	"GreaterOrEqual":    "Integer String DateTime Quantity",
	"Before":            "Date DateTime Interval<Integer> Interval<Date>",
	"After":             "DateTime Interval<Integer>",
	"SameAs":            "Date DateTime Interval<Date>",
	"SameOrBefore":      "DateTime Interval<Date>",
	"SameOrAfter":       "DateTime Interval<Date>",
	"Overlaps":          "Interval<Integer> Interval<Date> Interval<DateTime>",
	"Start":             "Interval<Integer> Interval<Decimal> Interval<DateTime>",
	"End":               "Interval<Integer> Interval<Date> Interval<DateTime>",
	"In":                "Integer String Date DateTime Quantity",
	"Contains":          "Interval<Integer> List<Integer>",
	"IncludedIn":        "Interval<Integer> List<Integer>",
	"Includes":          "Interval<Integer> List<Integer>",
	"Intersect":         "Interval<Integer> List<Integer> List<Encounter>",
	"Collapse":          "List<Interval<Integer>> List<Interval<Decimal>> List<Interval<Date>> List<Interval<DateTime>>",
	"Expand":            "Interval<Integer> List<Interval<Integer>> List<Interval<Date>> List<Interval<Time>>",
	"Add":               "Integer Decimal Date DateTime Quantity",
	"Subtract":          "Integer Decimal DateTime Quantity",
	"Multiply":          "Integer Decimal Quantity",
	"Divide":            "Decimal Quantity",
	"TruncatedDivide":   "Integer Decimal",
	"Modulo":            "Integer Decimal",
	"Power":             "Integer Decimal",
	"Abs":               "Integer Decimal Quantity",
	"Negate":            "Integer Quantity",
	"Min":               "List<Integer> List<String> List<Date> List<DateTime> List<Quantity>",
	"Max":               "List<Integer> List<Decimal> List<String> List<Date> List<Quantity>",
	"Sum":               "List<Integer> List<Decimal> List<Quantity>",
	"Avg":               "List<Decimal> List<Quantity>",
	"DurationBetween":   "Date DateTime",
	"DifferenceBetween": "Date DateTime",
	"ToDate":            "DateTime",
	"ToDateTime":        "Date",
	"ToQuantity":        "Integer Decimal",
	"Indexer":           "String List<Integer>",
	"Union":             "Interval<Integer> Interval<Date> List<Integer> List<Encounter>",
	"Except":            "Interval<Integer> Interval<Date> List<Integer> List<Encounter>",
	"Distinct":          "List<Integer> List<Encounter>",
	"Predecessor":       "Integer Decimal Time",
	"Successor":         "Integer Date Time",
	"LowBoundary":       "Decimal Date",
	"HighBoundary":      "Decimal Date Time",
	"Precision":         "Decimal Date Time",
	"Length":            "String List<Integer>",
	"ProperIncludes":    "Interval<Integer> List<Integer>",
	"ProperIncludedIn":  "Interval<Date> List<Integer>",
	"ProperContains":    "Interval<Integer> List<Integer>",
	"ProperIn":          "Integer",
}

// reachAnswers are the answers that a define with the node type in it is to have.
var reachAnswers = map[string]string{
	"And": "true false null", "Or": "true false null", "Not": "true false null", "Implies": "true false null", "Xor": "true false null",
	"IsNull": "true false", "IsTrue": "true false", "IsFalse": "true false", "If": "true false null", "Case": "true false null", "Coalesce": "true false null",
	"Equal": "true false null", "NotEqual": "true false null", "Equivalent": "true false", "Less": "true false null", "LessOrEqual": "true null",
	"Greater": "true false null", "GreaterOrEqual": "true null", "Before": "true false null", "After": "true false null", "SameAs": "true false null",
	"SameOrBefore": "true null", "SameOrAfter": "true null", "Starts": "true false null", "Ends": "true false null", "Overlaps": "true false null",
	"OverlapsBefore": "true false null", "OverlapsAfter": "true false null", "Meets": "true false null", "In": "true false null", "Contains": "true false null",
	"IncludedIn": "true false null", "Includes": "true null", "InValueSet": "true false", "AnyInValueSet": "true", "Exists": "true false",
	"AnyTrue": "true false", "AllTrue": "true false", "Start": "true null", "End": "true null", "Width": "true null", "DateFrom": "true null",
	"DurationBetween": "true false null", "DifferenceBetween": "true null", "CalculateAgeAt": "true null", "DateTimeComponentFrom": "true null",
	"Add": "true null", "Subtract": "true null", "Multiply": "true null", "Divide": "true null", "Power": "true null", "Negate": "true null",
	"TruncatedDivide": "true null", "Abs": "true null", "Floor": "true null", "Ceiling": "true null", "Round": "true null", "Modulo": "true null",
	"Truncate": "true null", "Concatenate": "true null", "ToDecimal": "true null", "ToQuantity": "true null", "ToString": "true null",
	"ToDate": "true null", "ToDateTime": "true null", "ConvertQuantity": "true null", "Sum": "true null", "Min": "true null", "Max": "true null",
	"Avg": "true null", "First": "true null", "Last": "true null", "SingletonFrom": "true null", "Indexer": "true null", "Is": "true false", "As": "true null",
	"Message": "true null", "FunctionRef": "true null",
	"Upper": "true null", "Lower": "true null", "StartsWith": "true false null", "EndsWith": "true false null", "PositionOf": "true null",
	"LastPositionOf": "true null", "Substring": "true null", "Matches": "true false null", "ReplaceMatches": "true null", "Combine": "true null",
	"Length": "true null", "IndexOf": "true null", "Slice": "true", "Exp": "true null", "Ln": "true null", "Log": "true null",
	"Predecessor": "true null", "Successor": "true null", "LowBoundary": "true null", "HighBoundary": "true null", "Precision": "true null",
	"ToBoolean": "true false null", "ToInteger": "true null", "ToLong": "true null", "ToTime": "true null", "PointFrom": "true null",
	"ProperIn": "true false null", "ProperContains": "true false null", "ProperIncludes": "true false null", "ProperIncludedIn": "true false null",
	"Mode": "true null", "Median": "true null", "StdDev": "true null", "PopulationStdDev": "true null", "Variance": "true null",
	"PopulationVariance": "true null", "GeometricMean": "true null", "Product": "true null", "Time": "true false null",
}

// reachFeatures is what is to be written beside a node type in a define: a date that is
// partial, an interval with an open bound, a closed bound that is null, or one that is both
// open and null.
var reachFeatures = map[string]string{
	"Equal": "partial open open-null", "Equivalent": "open closed-null", "Before": "partial open open-null closed-null", "After": "partial", "SameAs": "partial",
	"SameOrBefore": "partial", "Less": "partial", "LessOrEqual": "partial", "GreaterOrEqual": "partial",
	"Overlaps": "partial open open-null closed-null", "In": "partial open open-null closed-null", "IncludedIn": "open-null", "Includes": "closed-null",
	"Start": "open open-null closed-null", "End": "open open-null closed-null", "Add": "partial", "Subtract": "partial", "DurationBetween": "partial",
	"DifferenceBetween": "partial", "CalculateAgeAt": "partial", "DateFrom": "partial", "DateTimeComponentFrom": "partial",
}

func readReach(t *testing.T) *reach {
	t.Helper()
	r := &reach{map[string]*elm.Library{}, map[string]map[string][]string{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, file := range glob(t, deck+"/resources/library/*.json") {
		l, err := elm.Read(libraryELM(t, file))
		if err != nil {
			t.Fatal(err)
		}
		r.libraries[strings.TrimSuffix(filepath.Base(file), ".json")] = l
	}
	text, err := os.ReadFile(deck + "/operands.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r.operands); err != nil {
		t.Fatal(err)
	}
	for name, list := range deckAnswers(t) {
		for _, e := range list {
			define := r.libraries[name].Defines[e.define]
			if define == nil {
				t.Fatalf("%s has no define %q: run make elm", name, e.define)
			}
			r.below(r.libraries[name], define.Expression, map[*elm.Node]bool{})
			r.beside(name, e, define.Expression)
		}
	}
	return r
}

// below marks the node types of an expression, and of what it refers to.
func (r *reach) below(l *elm.Library, n *elm.Node, seen map[*elm.Node]bool) {
	if n == nil || seen[n] {
		return
	}
	seen[n] = true
	r.types[n.Type] = true
	in := l
	if n.LibraryName != "" {
		in = r.libraries[l.Includes[n.LibraryName]]
	}
	if in != nil {
		switch n.Type {
		case "ExpressionRef":
			if d := in.Defines[n.Name]; d != nil {
				r.below(in, d.Expression, seen)
			}
		case "FunctionRef":
			for _, f := range in.Functions[n.Name] {
				r.below(in, f.Expression, seen)
			}
		}
	}
	n.Children(func(c *elm.Node) { r.below(l, c, seen) })
}

// beside marks what is written in a define's own expression.
func (r *reach) beside(library string, e expected, n *elm.Node) {
	types, marks := map[string]bool{}, map[string]bool{}
	null := func(n *elm.Node) bool {
		return n != nil && (n.Type == "Null" || n.Type == "As" && n.Operand[0].Type == "Null")
	}
	bound := func(closed *bool, x *elm.Node) {
		switch open := closed != nil && !*closed; {
		case open && null(x):
			marks["open-null"] = true
		case open:
			marks["open"] = true
		case null(x):
			marks["closed-null"] = true
		}
	}
	var walk func(n *elm.Node)
	walk = func(n *elm.Node) {
		types[n.Type] = true
		switch n.Type {
		case "Date", "DateTime":
			if n.Day == nil {
				marks["partial"] = true
			}
		case "Interval":
			bound(n.LowClosed, n.Low)
			bound(n.HighClosed, n.High)
		}
		n.Children(walk)
	}
	walk(n)
	for typ := range types {
		for _, a := range e.answers {
			r.answered[typ+" "+a.answer] = true
		}
		for mark := range marks {
			r.features[typ+" "+mark] = true
		}
	}
	for _, kind := range r.operands[library][e.define] {
		r.kinds[kind] = true
	}
}

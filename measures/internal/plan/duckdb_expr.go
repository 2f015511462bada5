package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// This file and duckdb.go are all that knows how DuckDB spells a plan.

func quote(s string) string     { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// duckdbTypes are DuckDB's names of the types.
var duckdbTypes = map[string]string{typeBoolean: "BOOLEAN", typeInteger: "BIGINT", typeDecimal: "DOUBLE", typeText: "VARCHAR",
	typeTimestamp: "TIMESTAMP", typeID: "UUID", typeConcept: "BIGINT", typeSmall: "INTEGER", typePrecision: "DECIMAL(2,1)", typeHuge: "HUGEINT"}

// duckdbForms are the operations whose text is a form of their operands'.
var duckdbForms = map[op]string{
	opNot: "(NOT %s)", opTruth: "coalesce(%s, false)",
	opNotFalse: "(%s IS NOT FALSE)",
	opPresent:  "(%s IS NOT NULL)", opAbsent: "(%s IS NULL)",
	opEqual: "(%s = %s)", opNotEqual: "(%s <> %s)", opLess: "(%s < %s)", opLessOrEqual: "(%s <= %s)",
	opGreater: "(%s > %s)", opGreaterOrEqual: "(%s >= %s)", opSame: "(%s IS NOT DISTINCT FROM %s)",
	opAdd: "(%s + %s)", opSubtract: "(%s - %s)", opMultiply: "(%s * %s)", opDivide: "(%s / nullif(%s, 0))",
	opTruncatedDivide: "(%s // nullif(%s, 0))", opModulo: "(%s %% nullif(%s, 0))", opPower: "pow(%s, %s)",
	opNegate: "-(%s)", opAbs: "abs(%s)", opFloor: "floor(%s)", opCeiling: "ceil(%s)", opRound: "round(%s, %s)", opTruncate: "trunc(%s)",
	opLeast: "least(%s, %s)", opGreatest: "greatest(%s, %s)", opLikeness: "regexp_replace(lower(%s), '\\s', ' ', 'g')", opEndsWith: "ends_with(%s, %s)",
	opStartsWith: "starts_with(%s, %s)", opUpper: "upper(%s)", opLower: "lower(%s)", opPosition: "(strpos(%s, %s) - 1)",
	opLastPosition: "CASE WHEN %[1]s IS NOT NULL AND %[2]s IS NOT NULL THEN coalesce(list_max(list_filter(range(len(%[1]s) - len(%[2]s) + 1), lambda i: substr(%[1]s, i + 1, len(%[2]s)) = %[2]s)), -1) END",
	opTextFrom:     "substr(%s, %s)", opTextPart: "substr(%s, %s, %s)", opMatches: "regexp_matches(%s, %s, 's')",
	opReplaceMatches: "regexp_replace(%s, %s, %s, 'gs')", opJoin: "list_reduce(%[1]s, lambda a, b: a || %[2]s || b)", opExp: "exp(%s)",
	opMedian: "median(%s)", opStdDev: "stddev_samp(%s)", opPopulationStdDev: "stddev_pop(%s)", opVariance: "var_samp(%s)",
	opPopulationVariance: "var_pop(%s)", opGeometricMean: "geomean(%s)", opProduct: "product(%s)",
	opDecimalText: "regexp_replace(CAST(CAST(%s AS DECIMAL(38,8)) AS VARCHAR), '(\\.[0-9]+?)0+$', '\\1')",
	opLn:          "ln(%s)",
	opWithoutEnd:  "left(%[1]s, len(%[1]s) - len(%[2]s) - 1)", opCompound: "regexp_matches(%s, '[./]')",
	opUnitless:    "regexp_replace(%s, '^[{][^}]*[}]$', '1')",
	opConceptCode: "(SELECT min(code) FROM concept k WHERE k.concept = %s)", opConceptSys: "(SELECT min(system) FROM concept k WHERE k.concept = %s)",
	opShareCode:   "EXISTS (SELECT 1 FROM concept k JOIN concept l ON l.system = k.system AND l.code = k.code WHERE k.concept = %s AND l.concept = %s)",
	opHasConcepts: "coalesce(%s IN (SELECT list FROM concept_list), false)",
	opLength:      "len(%s)", opRange: "range(%s, %s)", opElements: "unnest(%s)",
	opAscending: "%s ASC", opDescending: "%s DESC", opNullsFirst: "%s ASC NULLS FIRST", opNullsLast: "%s DESC NULLS LAST",
	opMax: "max(%s)", opMin: "min(%s)", opSum: "sum(%s)", opAvg: "avg(%s)", opAny: "any_value(%s)", opCountIf: "count(*) FILTER (WHERE %s)",
}

// failSQL ends a statement; tolerant puts a null in its place.
const failSQL = "error('issue')"

// sql prints an expression for DuckDB.
func sql(x expr) string {
	var args []string
	for _, a := range x.args() {
		args = append(args, sql(a))
	}
	list := func(from int) string { return strings.Join(args[from:], ", ") }
	if form, ok := duckdbForms[x.op()]; ok {
		operands := make([]any, len(args))
		for i, a := range args {
			operands[i] = a
		}
		return fmt.Sprintf(form, operands...)
	}
	switch x.op() {
	case opColumn, opBoolean, opNumber:
		return x.text()
	case opText:
		return quote(x.text())
	case opMoment:
		return "TIMESTAMP " + quote(x.text())
	case opNull:
		if x.text() == typeAny {
			return "NULL"
		}
		return "NULL::" + typeSQL(x)
	case opAnd:
		return "(" + strings.Join(args, " AND ") + ")"
	case opOr:
		return "(" + strings.Join(args, " OR ") + ")"
	case opIn:
		return args[0] + " IN (" + list(1) + ")"
	case opCase:
		return caseSQL(args)
	case opCoalesce:
		return "coalesce(" + list(0) + ")"
	case opFail:
		return failSQL
	case opCast:
		to := x.args()[1]
		if to == null(typeInteger) { // a number beyond the ends of the type is null
			return "TRY_CAST(" + args[0] + " AS " + typeSQL(to) + ")"
		}
		return "CAST(" + args[0] + " AS " + typeSQL(to) + ")"
	case opConcatenate:
		return "(" + strings.Join(args, " || ") + ")"
	case opTruncateTo:
		return "date_trunc('" + x.text() + "', " + args[0] + ")"
	case opPlus, opMinus:
		moved := "(" + args[0] + map[op]string{opPlus: " + ", opMinus: " - "}[x.op()] + spanSQL(x) + ")"
		if isConst(x.args()[1]) {
			return moved
		}
		return "TRY" + moved // the data may say a span that leads out of all time
	case opTimestamp:
		at := fmt.Sprintf("make_timestamp(%s, %s, %s, %s, %s, %s + %s / 1000.0)", args[0], args[1], args[2], args[3], args[4], args[5], args[6])
		if slices.ContainsFunc(x.args(), func(a expr) bool { return !isConst(a) }) {
			return "TRY(" + at + ")" // the data may say a day that there is none of
		}
		return at
	case opLater:
		return "(" + args[0] + " + " + stepSQL(args[1]) + ")"
	case opEarlier:
		return "(" + args[0] + " - " + stepSQL(args[1]) + ")"
	case opFormat:
		return "strftime(" + args[0] + ", " + quote(x.text()) + ")"
	case opDuration:
		return durationSQL(x.text(), args[0], args[1])
	case opDifference:
		if x.text() == "week" { // weeks begin on Sunday (CQL 1.5, "DifferenceBetween"), and DuckDB's on Monday
			week := func(x string) string { // days since 1970-01-01, a Thursday
				return "CAST(floor((epoch(date_trunc('day', " + x + ")) / 86400 + 4) / 7) AS BIGINT)"
			}
			return "(" + week(args[1]) + " - " + week(args[0]) + ")"
		}
		return "date_diff('" + x.text() + "', " + list(0) + ")"
	case opComponent:
		if x.text() == "millisecond" { // DuckDB's counts from the minute
			return "(date_part('millisecond', " + args[0] + ") % 1000)"
		}
		return "date_part('" + x.text() + "', " + args[0] + ")"
	case opCode:
		return "system = " + args[0] + " AND code = " + quote(x.text())
	case opInValueSet, opAnyInSet, opHasCode, opAnyHasCode, opDeclares:
		return "coalesce(" + args[0] + " IN (" + membersSQL(x) + "), false)"
	case opTuple:
		var fields []string
		for i, a := range args {
			fields = append(fields, fmt.Sprintf("'f%d': %s", i+1, a))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case opSplit:
		return "string_split(" + list(0) + ")"
	case opAt:
		return args[0] + "[" + args[1] + "]"
	case opList:
		return "[" + list(0) + "]"
	case opItem:
		return args[0] + "[" + args[1] + "].f" + x.text()
	case opRowNumber:
		n, _ := strconv.Atoi(x.text())
		return "row_number() OVER (PARTITION BY " + strings.Join(args[:n], ", ") + " ORDER BY " + list(n) + ")"
	case opMaxBefore:
		return "max(" + args[0] + ") OVER (" + windowSQL(x, args) + " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
	case opRunningSum:
		return "sum(" + args[0] + ") OVER (" + windowSQL(x, args) + " ROWS UNBOUNDED PRECEDING)"
	case opCollect:
		return "list(" + args[0] + " ORDER BY " + list(1) + ")"
	}
	panic(fmt.Sprintf("operation %q has no SQL", x.op()))
}

// membersSQL are the ids of concepts, or of lists of concepts, that a membership holds for.
func membersSQL(x expr) string {
	if x.op() == opDeclares {
		return "SELECT profiles FROM profile_set WHERE url = " + quote(x.text())
	}
	var of []string
	for _, a := range x.args()[1:] {
		of = append(of, sql(a))
	}
	concepts := "SELECT concept FROM concept WHERE " + strings.Join(of, " OR ")
	if x.op() == opInValueSet || x.op() == opAnyInSet {
		concepts = "SELECT concept FROM value_set WHERE url IN (" + strings.Join(of, ", ") + ")"
	}
	if x.op() == opAnyInSet || x.op() == opAnyHasCode {
		return "SELECT list FROM concept_list WHERE concept IN (" + concepts + ")"
	}
	return concepts
}

func windowSQL(x expr, args []string) string {
	n, _ := strconv.Atoi(x.text())
	return "PARTITION BY " + strings.Join(args[1:n+1], ", ") + " ORDER BY " + strings.Join(args[n+1:], ", ")
}

func caseSQL(args []string) string {
	var b strings.Builder
	b.WriteString("CASE")
	for i := 0; i+1 < len(args); i += 2 {
		b.WriteString(" WHEN " + args[i] + " THEN " + args[i+1])
	}
	if len(args)%2 == 1 {
		b.WriteString(" ELSE " + args[len(args)-1])
	}
	return b.String() + " END"
}

// typeSQL is DuckDB's name of the type of a null, or of a constant.
func typeSQL(x expr) string {
	switch {
	case x.op() == opBoolean:
		return "BOOLEAN"
	case x.text() != typeList:
		return duckdbTypes[x.text()]
	}
	var fields []string
	for i, a := range x.args() {
		fields = append(fields, fmt.Sprintf("f%d %s", i+1, typeSQL(a)))
	}
	return "STRUCT(" + strings.Join(fields, ", ") + ")[]"
}

// spanSQL is a number of calendar units as an interval.
func spanSQL(x expr) string {
	n := x.args()[1]
	if isConst(n) {
		return "INTERVAL " + n.text() + " " + strings.ToUpper(x.text())
	}
	by := sql(n)
	switch x.text() {
	case "week":
		return "to_days(7 * CAST(" + by + " AS INTEGER))"
	case "year", "month", "day":
		return "to_" + x.text() + "s(CAST(" + by + " AS INTEGER))"
	}
	return "to_" + x.text() + "s(" + by + ")"
}

// stepSQL is one unit of a date's precision as an interval.
func stepSQL(precision string) string {
	return "CASE " + precision + " WHEN 1 THEN INTERVAL 1 YEAR WHEN 2 THEN INTERVAL 1 MONTH WHEN 3 THEN INTERVAL 1 DAY WHEN 4 THEN INTERVAL 1 MINUTE WHEN 3.5 THEN INTERVAL 1 HOUR ELSE INTERVAL 1 MILLISECOND END"
}

// durationSQL counts whole calendar units from a to b by calendar fields: DuckDB's own
// count takes the end of a short month for a whole one.
func durationSQL(unit, a, b string) string {
	switch unit {
	case "year", "month":
		// Moments as numbers whose digits are year, month, day and microsecond: the difference
		// has a whole unit where the later moment has reached the earlier one's place in it.
		digits := func(x string) string {
			return fmt.Sprintf("(((year(%[1]s) * 12 + month(%[1]s)) * 32 + day(%[1]s)) * 86400000000 + epoch_us(%[1]s) - epoch_us(date_trunc('day', %[1]s)))", x)
		}
		whole := map[string]string{"year": "(12 * 32 * 86400000000)", "month": "(32 * 86400000000)"}[unit]
		return "((" + digits(b) + " - " + digits(a) + ") // " + whole + ")"
	}
	ms := map[string]string{"week": "604800000", "day": "86400000", "hour": "3600000", "minute": "60000", "second": "1000", "millisecond": "1"}[unit]
	return fmt.Sprintf("((epoch_ms(%[2]s) - epoch_ms(%[1]s)) // %[3]s)", a, b, ms)
}

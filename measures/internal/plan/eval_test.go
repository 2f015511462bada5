package plan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"farr/internal/duck"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

// ELM as text, one function a node.

func op(typ string, operands ...string) string {
	return fmt.Sprintf(`{"type":%q,"locator":"7:5-7:9","operand":[%s]}`, typ, strings.Join(operands, ","))
}

// over is a node whose operand ELM calls its source: First, Max, Count.
func over(typ, source string) string { return fmt.Sprintf(`{"type":%q,"source":%s}`, typ, source) }

func with(node, key, value string) string {
	return strings.TrimSuffix(node, "}") + fmt.Sprintf(`,%q:%s}`, key, value)
}

func literal(typ, value string) string {
	return fmt.Sprintf(`{"type":"Literal","valueType":"{urn:hl7-org:elm-types:r1}%s","value":%q}`, typ, value)
}

func num(n int) string { return literal("Integer", fmt.Sprint(n)) }
func quantity(n, u string) string {
	return fmt.Sprintf(`{"type":"Quantity","value":%s,"unit":%q}`, n, u)
}
func alias(name string) string { return fmt.Sprintf(`{"type":"AliasRef","name":%q}`, name) }
func let(name string) string   { return fmt.Sprintf(`{"type":"QueryLetRef","name":%q}`, name) }
func list(items ...string) string {
	return `{"type":"List","element":[` + strings.Join(items, ",") + `]}`
}

func nums(ns ...int) string {
	var items []string
	for _, n := range ns {
		items = append(items, num(n))
	}
	return list(items...)
}

const null = `{"type":"Null"}`

// day is a Date of as many parts as are given.
func day(parts ...int) string {
	s := `{"type":"Date"`
	for i, p := range parts {
		s = with(s+"}", []string{"year", "month", "day"}[i], num(p))
		s = strings.TrimSuffix(s, "}")
	}
	return s + "}"
}

func interval(low, high string) string {
	return fmt.Sprintf(`{"type":"Interval","lowClosed":true,"highClosed":true,"low":%s,"high":%s}`, low, high)
}

// fold is a query over one list with an aggregate clause: alias X, accumulator R.
func fold(source, starting, expression string) string {
	return fmt.Sprintf(`{"type":"Query","locator":"7:5-7:9","source":[{"alias":"X","expression":%s}],"let":[],"relationship":[],"aggregate":{"identifier":"R","distinct":false,"starting":%s,"expression":%s}}`, source, starting, expression)
}

// program is a library with the defines given as name, expression pairs; F(X) is a function of an Observation X.
func program(t *testing.T, defines ...string) *elm.Program {
	t.Helper()
	var list []string
	for i := 0; i < len(defines); i += 2 {
		name, operand, isFunction := strings.Cut(strings.TrimSuffix(defines[i], ")"), "(")
		function := ""
		if isFunction {
			function = fmt.Sprintf(`"type":"FunctionDef","operand":[{"name":%q,"operandTypeSpecifier":{"type":"NamedTypeSpecifier","name":"{http://hl7.org/fhir}Observation"}}],`, operand)
		}
		list = append(list, fmt.Sprintf(`{"name":%q,%s"locator":"7:1-7:9","expression":%s}`, name, function, defines[i+1]))
	}
	l, err := elm.Read([]byte(`{"library":{"identifier":{"id":"L"},"codeSystems":{"def":[{"name":"CS","id":"urn:cs"}]},"codes":{"def":[{"name":"one","id":"1","codeSystem":{"name":"CS"}}]},"statements":{"def":[` + strings.Join(list, ",") + `]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	p, mistakes := elm.Link(map[string]*elm.Library{"L": l}, "L")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return p
}

// world are the tables that a program reads: one patient, whose period is 2025. Concept 4 is
// a heart rate and 5 the category vital-signs.
const world = `
CREATE TEMP TABLE period AS SELECT '2025' AS period, TIMESTAMP '2025-01-01' AS low, TIMESTAMP '2025-12-31 23:59:59.999' AS high;
CREATE TEMP TABLE people AS SELECT '00000000-0000-0000-0000-000000000001'::UUID AS pid, 0::INTEGER AS person_no;
CREATE TEMP TABLE subject_period AS SELECT 0::INTEGER AS person_no, '2025' AS period;
CREATE TEMP TABLE concept AS SELECT * FROM (VALUES (1, 'urn:cs', '1'), (2, 'urn:cs', '2'), (3, 'urn:cs', '1'), (3, 'urn:other', 'x'),
  (4, 'http://loinc.org', '8867-4'), (5, 'http://terminology.hl7.org/CodeSystem/observation-category', 'vital-signs')) t(concept, system, code);
CREATE TEMP TABLE concept_list AS SELECT * FROM (VALUES (12, 1, 0), (12, 2, 1), (50, 5, 0)) t(list, concept, ordinal);
CREATE TEMP TABLE profile_set AS SELECT * FROM (VALUES (7, 'http://hl7.org/fhir/StructureDefinition/heartrate'),
  (8, 'http://example.org/x'), (8, 'http://hl7.org/fhir/StructureDefinition/qicore-observation'), (9, 'http://hl7.org/fhir/StructureDefinition/qicore-observationnotdone')) t(profiles, url);
CREATE TABLE world_observation AS SELECT 0::INTEGER AS person_no, ('00000000-0000-0000-0000-0000000000' || id)::UUID AS rid, * FROM (VALUES
  ('a1', false, 'final',     1, NULL, TIMESTAMP '2025-03-01', TIMESTAMP '2025-03-31 23:59:59.999', 2, 7, TIMESTAMP '2025-01-03'),
  ('a2', false, 'final',     2, NULL, TIMESTAMP '2025-04-01', TIMESTAMP '2025-04-01 23:59:59.999', 3, 8, TIMESTAMP '2025-01-02'),
  ('a3', false, 'final',     3, NULL, TIMESTAMP '2025-04-02', TIMESTAMP '2025-04-02 23:59:59.999', 3, NULL, TIMESTAMP '2025-01-01'),
  ('b1', false, 'final',     4, 50,   TIMESTAMP '2025-05-01', TIMESTAMP '2025-05-01 23:59:59.999', 3, NULL, TIMESTAMP '2025-01-05'),
  ('b2', false, 'final',     4, 12,   TIMESTAMP '2025-05-01', TIMESTAMP '2025-05-01 23:59:59.999', 3, NULL, TIMESTAMP '2025-01-04'),
  ('c1', true,  'cancelled', 4, 50,   TIMESTAMP '2025-06-01', TIMESTAMP '2025-06-01 23:59:59.999', 3, 8, NULL),
  ('c2', true,  'final',     4, 50,   TIMESTAMP '2025-06-01', TIMESTAMP '2025-06-01 23:59:59.999', 3, 9, NULL)) t(id, negated, status, code, category, issued_lo, issued_hi, issued_prec, profiles, seen)`

var worldElements = []plan.Element{
	{Resource: "Observation", Table: "observation", Path: "subject", Type: "Reference()", Column: "pid"},
	{Resource: "Observation", Table: "observation", Path: "status", Type: "code", Column: "status", Negates: []string{"cancelled"}},
	{Resource: "Observation", Table: "observation", Path: "category[]", Type: "CodeableConcept", Column: "category"},
	{Resource: "Observation", Table: "observation", Path: "code", Type: "CodeableConcept", Column: "code"},
	{Resource: "Observation", Table: "observation", Path: "modifierExtension(urn:not-done)", Type: "boolean", Column: "negated"},
	{Resource: "Observation", Table: "observation", Path: plan.OrderPath, Column: "seen"},
	{Resource: "Observation", Table: "observation", Path: "issued", Type: "dateTime", Column: "issued"},
}

// retrieve is all observations of a profile.
func retrieve(profile string) string {
	return fmt.Sprintf(`{"type":"Retrieve","locator":"7:5-7:9","dataType":"{http://hl7.org/fhir}Observation","templateId":"http://hl7.org/fhir/StructureDefinition/%s"}`, profile)
}

// worldModel knows the profiles of what was not done that the tests ask for.
func worldModel() *plan.Model {
	m := plan.NewModel(worldElements)
	m.Negates = func(url string) bool {
		return strings.HasSuffix(url, "notdone") || strings.HasSuffix(url, "observationcancelled")
	}
	return m
}

// evaluate gives a define's rows as text, one patient's: columns by commas, rows by
// bars, in the list's order.
func evaluate(t *testing.T, defines ...string) string {
	t.Helper()
	rows, _ := evaluateOn(t, worldModel(), defines...)
	return rows
}

// evaluateOn is evaluate with a model of the world's tables; it gives the reasons of the
// issues, too, by commas.
//
// It computes them twice: what a program answers is the same without the passes.
func evaluateOn(t *testing.T, model *plan.Model, defines ...string) (rows, issues string) {
	t.Helper()
	rows, issues = evaluateOnce(t, model, defines...)
	plan.WithoutPasses(func() {
		if plainRows, plainIssues := evaluateOnce(t, model, defines...); plainRows != rows || plainIssues != issues {
			t.Errorf("%q with the passes is %q (%s), and without them %q (%s)", defines[len(defines)-2:], rows, issues, plainRows, plainIssues)
		}
	})
	return rows, issues
}

func evaluateOnce(t *testing.T, model *plan.Model, defines ...string) (rows, issues string) {
	t.Helper()
	ctx := context.Background()
	db, err := duck.Open(ctx, duck.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, sql := range strings.Split(world, ";\n") {
		if err := db.Exec(ctx, "world", sql); err != nil {
			t.Fatal(err)
		}
	}
	query := func(name, sql string) (out []string) {
		rows, err := db.Query(ctx, name, sql)
		if err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		return out
	}
	name := defines[len(defines)-2]
	c := plan.CompileMeasure(program(t, defines...), model, "L", []plan.Want{{Define: name}})
	if len(c.Problems) > 0 {
		t.Fatal(c.Problems)
	}
	for _, sql := range tablesOf(plan.ReadsOf(c.Derived, c.Statements, nil)) {
		if err := db.Exec(ctx, "elements", sql); err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
	}
	var reasons []string
	for _, s := range append(plan.Setup(false), c.Statements...) {
		err := db.Exec(ctx, s.Name, s.SQL)
		if err == nil {
			continue
		}
		if err := db.Exec(ctx, s.Name, s.Tolerant()); err != nil || len(s.Issues) == 0 {
			t.Fatalf("%v\n%s", err, s.SQL)
		}
		for _, x := range s.Issues {
			if len(query(x.Reason, "SELECT CAST(pid AS VARCHAR) FROM ("+x.SQL()+")")) > 0 {
				reasons = append(reasons, x.Reason)
			}
		}
	}
	d := c.Defines[name]
	var cols []string
	for _, col := range d.Columns() {
		cols = append(cols, "coalesce(CAST("+col+" AS VARCHAR), '-')")
	}
	if len(cols) == 0 {
		return "null", strings.Join(reasons, ", ")
	}
	sql := "SELECT " + strings.Join(cols, " || ',' || ") + " FROM " + d.Table + " ORDER BY ALL"
	if d.Ordered() {
		sql = strings.TrimSuffix(sql, "ALL") + "ord"
	}
	found := query("rows", sql)
	if d.Sparse && len(found) == 0 {
		found = []string{"false"}
	}
	return strings.Join(found, " | "), strings.Join(reasons, ", ")
}

// tablesOf are statements that make what a program reads of the world's tables.
func tablesOf(reads plan.Reads) (list []string) {
	for _, t := range reads.Tables() {
		if t == "concept_list" || t == "concept" || t == "profile_set" {
			continue
		}
		name := t
		if reads.Computed(t) {
			name = plan.Raw(t)
		}
		columns := reads[t].Own
		for _, m := range reads[t].Memberships {
			columns = append(columns, "coalesce("+m.Column+" IN ("+m.IDs+"), false) AS "+m.Name)
		}
		sql := "SELECT " + strings.Join(columns, ", ") + " FROM world_" + t
		if reads[t].Filter != "" {
			sql = "SELECT * FROM (" + sql + ") WHERE " + reads[t].Filter
		}
		list = append(list, "CREATE TEMP TABLE "+name+" AS "+sql)
	}
	for _, t := range reads.Tables() {
		if reads.Computed(t) {
			list = append(list, reads.Compute(t).SQL)
		}
	}
	return list
}

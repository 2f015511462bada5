package duck

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SQLError is what is wrong with SQL that a person wrote. It is found before a row
// is read, so its text can only quote that SQL and the names of tables and columns.
type SQLError struct {
	Code    string // "not-one-select", "forbidden", "syntax", "binding"
	Line    int    // 1-based, 0 when unknown
	Column  int    // 1-based, in characters
	Message string
}

func (e *SQLError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%d:%d: %s: %s", e.Line, e.Column, e.Code, e.Message)
}

// CheckSelect accepts sql when it parses to exactly one SELECT that reads plain
// names (views) and calls functions of their arguments alone. It refuses every
// other statement, table functions that reach files or settings, file names in FROM,
// and functions that read the clock, chance, settings or change something: the
// same data must give the same result. Tables of the caller's own making may have any
// name. The error is an *SQLError.
func (s *Session) CheckSelect(ctx context.Context, sql string, own ...string) error {
	if i := strings.IndexByte(sql, 0); i >= 0 || !utf8.ValidString(sql) {
		return &SQLError{Code: "syntax", Message: "not UTF-8 text"}
	}
	var text string
	err := s.QueryRow(ctx, "parse", "SELECT CAST(json_serialize_sql("+Quote(sql)+") AS VARCHAR)", &text)
	if err != nil {
		return err
	}
	var parsed struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Type       string `json:"error_type"`
		Position   string `json:"position"`
		Statements []any  `json:"statements"`
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&parsed); err != nil {
		return fmt.Errorf("statement parse: %w", err)
	}
	switch {
	case parsed.Error && parsed.Type == "parser":
		return locate(sql, parsed.Position, &SQLError{Code: "syntax", Message: parsed.Message})
	case parsed.Error:
		return &SQLError{Code: "not-one-select", Message: "only a SELECT may stand here"}
	case len(parsed.Statements) != 1:
		return &SQLError{Code: "not-one-select", Message: fmt.Sprintf("one SELECT may stand here, not %d statements", len(parsed.Statements))}
	}
	c := checker{sql: sql, own: own}
	if c.walk(parsed.Statements[0], maps.Keys); c.err == nil {
		return nil
	}
	c.err = nil // of what is refused the same is told each time
	c.walk(parsed.Statements[0], inOrder)
	return c.err
}

func inOrder(m map[string]any) iter.Seq[string] { return slices.Values(slices.Sorted(maps.Keys(m))) }

// checker walks the engine's own syntax tree and keeps the first thing refused.
type checker struct {
	sql string
	own []string
	err *SQLError
}

func (c *checker) refuse(node map[string]any, format string, args ...any) {
	if c.err != nil {
		return
	}
	position, _ := node["query_location"].(json.Number)
	e := &SQLError{Code: "forbidden", Message: fmt.Sprintf(format, args...)}
	c.err = locate(c.sql, position.String(), e)
}

func (c *checker) walk(v any, names func(map[string]any) iter.Seq[string]) {
	switch v := v.(type) {
	case []any:
		for _, child := range v {
			c.walk(child, names)
		}
	case map[string]any:
		c.node(v)
		for name := range names(v) {
			c.walk(v[name], names)
		}
	}
}

// node judges one node. Expressions have a class; table references and query
// nodes have none but may be sampled.
func (c *checker) node(n map[string]any) {
	kind, _ := n["type"].(string)
	if name, ok := n["function_name"].(string); ok && n["class"] != nil {
		c.function(n, strings.ToLower(name))
	}
	if kind == "COLUMN_REF" {
		names, _ := n["column_names"].([]any)
		if len(names) > 0 {
			if name, _ := names[len(names)-1].(string); strings.EqualFold(name, "rowid") {
				c.refuse(n, "rowid is a row's place and not a value of the data, which differs from run to run")
			}
		}
		if len(names) == 1 {
			if name, _ := names[0].(string); slices.Contains(valueFunctions, strings.ToLower(name)) {
				c.refuse(n, "%s is not a value of the data; qualify it if it is a column", name)
			}
		}
	}
	sample, isRef := n["sample"]
	if !isRef || n["class"] != nil {
		return
	}
	if sample != nil {
		c.refuse(n, "a sample differs from run to run")
	}
	if n["at_clause"] != nil {
		c.refuse(n, "AT is not allowed")
	}
	switch kind {
	case "BASE_TABLE":
		c.table(n)
	case "TABLE_FUNCTION":
		function, _ := n["function"].(map[string]any)
		name, _ := function["function_name"].(string)
		if !slices.Contains(tableFunctions, strings.ToLower(name)) {
			c.refuse(n, "table function %s is not allowed", name)
		}
	case "EMPTY", "JOIN", "SUBQUERY", "EXPRESSION_LIST", "PIVOT",
		"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE":
	default:
		c.refuse(n, "%s is not allowed", strings.ToLower(strings.ReplaceAll(kind, "_", " ")))
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// table refuses names that the engine would take for files and names of its own
// catalog.
func (c *checker) table(n map[string]any) {
	name, _ := n["table_name"].(string)
	schema, _ := n["schema_name"].(string)
	catalog, _ := n["catalog_name"].(string)
	lower := strings.ToLower(name)
	switch {
	case catalog != "" || schema != "" && !strings.EqualFold(schema, "fhir"):
		c.refuse(n, "views are read by name, without a schema, or with fhir")
	case slices.Contains(c.own, name):
	case !plainName.MatchString(name):
		c.refuse(n, "%q is not the name of a view", name)
	case hasAnyPrefix(lower, "duckdb_", "pragma_", "sqlite_", "pg_"):
		c.refuse(n, "%s belongs to the engine", name)
	}
}

func (c *checker) function(n map[string]any, name string) {
	children, _ := n["children"].([]any)
	switch {
	case slices.Contains(impureFunctions, name) || hasAnyPrefix(name, "pg_", "inet_", "has_", "duckdb_", "pragma_"):
		c.refuse(n, "function %s depends on more than its arguments", name)
	case name == "age" && len(children) == 1:
		c.refuse(n, "age with one argument reads the clock; give the second")
	}
}

// tableFunctions are the only ones that may stand in FROM: they make rows out of
// their arguments.
var tableFunctions = []string{"unnest", "range", "generate_series", "repeat", "repeat_row", "json_each", "json_tree"}

// impureFunctions read the clock, chance, settings or the catalog, or do
// something. A test holds the list against what the linked engine declares.
var impureFunctions = []string{
	"now", "today", "get_current_time", "get_current_timestamp", "transaction_timestamp",
	"current_date", "current_time", "current_timestamp", "current_localtime", "current_localtimestamp", "localtime", "localtimestamp",
	"random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7",
	"nextval", "currval", "write_log", "sleep_ms", "error", "stats",
	"getenv", "current_setting", "getvariable", "version",
	"current_catalog", "current_database", "current_schema", "current_schemas", "in_search_path", "current_role", "current_user", "session_user", "user",
	"current_query", "current_query_id", "current_connection_id", "current_transaction_id", "txid_current",
	"col_description", "obj_description", "shobj_description", "get_block_size",
}

// valueFunctions are what a bare name means when no column has it.
var valueFunctions = []string{
	"current_catalog", "current_date", "current_schema", "current_role", "current_time", "current_timestamp",
	"current_user", "localtime", "localtimestamp", "session_user", "user",
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// locate fills in line and column of a byte offset in sql, when there is one.
func locate(sql, position string, e *SQLError) *SQLError {
	offset, err := strconv.ParseUint(position, 10, 63)
	if err != nil || offset > uint64(len(sql)) {
		return e
	}
	before := sql[:offset]
	e.Line = 1 + strings.Count(before, "\n")
	e.Column = 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return e
}

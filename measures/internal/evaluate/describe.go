package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
	"farr/measures/internal/plan"
)

// resourceNames are the resources that values name, by type.
type resourceNames map[string]map[string]bool

// find takes the cells of a row, as tell does, for the resources in them.
func (r resourceNames) find(s plan.Shape, row *[]*string) {
	own := take(row, len(s.Columns))
	if s.Kind == plan.KindResource && own[0] != nil {
		typ := typeIn(s, own)
		if r[typ] == nil {
			r[typ] = map[string]bool{}
		}
		r[typ][*own[0]] = true
	}
	for _, p := range s.Parts {
		r.find(p, row)
	}
}

// The columns by which a resource is told, where its table has them.
var (
	statusColumns = []string{"status", "clinical_status"}
	codeColumns   = []string{"code", "class", "type", "vaccine_code", "medication", "event", "gender"}
	// when it was, the first of which comes first: lines are then in the order of time
	dateColumns = []string{"period", "performed", "effective", "onset", "occurrence", "when_handed_over", "authored_on", "birth_date"}
)

// describe tells resources in a line each, by type/rid: status, codes, value, and every date.
func (s *Session) describe(ctx context.Context, named resourceNames) (map[string]string, error) {
	catalogue, err := datasets.Catalogue()
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, typ := range slices.Sorted(maps.Keys(named)) {
		for rid := range named[typ] {
			out[typ+"/"+rid] = typ
		}
		i := slices.IndexFunc(catalogue, func(t datasets.ResourceTables) bool { return t.Type == typ })
		if i < 0 {
			continue
		}
		if err := s.describeTable(ctx, typ, catalogue[i].Table, slices.Sorted(maps.Keys(named[typ])), out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Session) describeTable(ctx context.Context, typ, table string, rids []string, out map[string]string) error {
	columns, err := s.columnsOf(ctx, table)
	if err != nil {
		return err
	}
	for i, rid := range rids {
		rids[i] = duck.Quote(rid) + "::UUID"
	}
	rows, err := s.db.Query(ctx, "describe "+table, "SELECT CAST(rid AS VARCHAR), "+lineOf(columns)+" FROM fhir."+table+" d WHERE rid IN ("+strings.Join(rids, ", ")+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var rid, line string
		if err := rows.Scan(&rid, &line); err != nil {
			return err
		}
		if line != "" {
			out[typ+"/"+rid] = typ + " {" + line + "}"
		}
	}
	return rows.Err()
}

// columnsOf are a table's columns with their types.
func (s *Session) columnsOf(ctx context.Context, table string) (map[string]string, error) {
	rows, err := s.db.Query(ctx, "columns of "+table, "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'fhir' AND table_name = "+duck.Quote(table))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns := map[string]string{}
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, err
		}
		columns[name] = typ
	}
	return columns, rows.Err()
}

// lineOf is SQL of a resource's line.
func lineOf(columns map[string]string) string {
	terms := datesOf(columns)
	say := func(name, text string) { terms = append(terms, "'"+name+" ' || "+text) }
	if columns["negated"] != "" {
		terms = append(terms, "CASE WHEN negated THEN 'not done' END")
	}
	for _, c := range slices.Concat(statusColumns, codeColumns) {
		switch columns[c] {
		case "VARCHAR":
			say(c, c)
		case "BIGINT":
			say(c, codesOf("d."+c))
		}
	}
	if columns["value_num"] != "" {
		say("value", "rtrim(rtrim(CAST(value_num AS VARCHAR), '0'), '.') || coalesce(' ' || value_unit, '')")
	}
	if columns["value_concept"] != "" {
		say("value", codesOf("d.value_concept"))
	}
	return "concat_ws(', ', " + strings.Join(append(terms, "NULL::VARCHAR"), ", ") + ")"
}

// datesOf are SQL of each date of a resource, a period as one.
func datesOf(columns map[string]string) (terms []string) {
	var names []string
	for c := range columns {
		element, is := strings.CutSuffix(c, "_prec")
		if name := strings.TrimSuffix(element, "_start"); is && (!strings.HasSuffix(element, "_end") || columns[strings.TrimSuffix(element, "_end")+"_start"] == "") {
			names = append(names, name)
		}
	}
	place := func(name string) int {
		if i := slices.Index(dateColumns, name); i >= 0 {
			return i
		}
		return len(dateColumns)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(place(a)-place(b), strings.Compare(a, b)) })
	for _, name := range names {
		start, end := name, name+"_end"
		if columns[name+"_prec"] == "" {
			start = name + "_start"
		}
		if columns[end+"_prec"] == "" {
			terms = append(terms, "'"+name+" ' || "+wallTime(start))
			continue
		}
		terms = append(terms, fmt.Sprintf("CASE WHEN coalesce(%s, %s) IS NOT NULL THEN '%s ' || coalesce(%s, '?') || coalesce(' to ' || %s, '') END",
			start, end, name, wallTime(start), wallTime(end)))
	}
	return terms
}

// wallTime is SQL of a date element as text, to its precision.
func wallTime(element string) string {
	return fmt.Sprintf("left(replace(CAST(CAST(%[1]s AS TIMESTAMP) AS VARCHAR), ' ', 'T'), CASE %[1]s_prec WHEN 1 THEN 4 WHEN 2 THEN 7 WHEN 3 THEN 10 WHEN 4 THEN 16 ELSE 19 END)", element)
}

package export

import (
	"fmt"
	"slices"
	"strings"

	"farr/datasets"
	"farr/datasets/risk"
	"farr/internal/duck"
	"farr/internal/source"
)

// leaving is a table that leaves.
type leaving struct {
	datasets.Table // at rest
	columns        []string
	dates          []string // of columns: those that are moved
	where          []string
	dictionary     bool // codes, for the other tables to name
}

// dictionaries are the tables of codes; they have no rows of persons.
var dictionaries = []string{"concept", "concept_list", "profile_set"}

// links is the table of Patients whose rows are a person's of another source. It leaves never: it is of the sources alone.
const links = "person_link"

// usedOf are the rows of a table of codes that a row that leaves names: a rare code of a table that stays is
// nobody's business. export.used has the numbers.
var usedOf = map[string]string{
	"concept": "(t.concept IN (FROM export.used) OR t.concept IN (SELECT l.concept FROM " + datasets.NumberedSchema + "." + datasets.RestPrefix +
		"concept_list l WHERE l.list IN (FROM export.used)))",
	"concept_list": "t.list IN (FROM export.used)",
	"profile_set":  "t.profiles IN (FROM export.used)",
}

// never are columns and date elements that leave in no profile.
var never = map[string]string{
	"source":  "the name of a source is an organisation's",
	"label":   "a site's label is an organisation's name",
	"updated": "the date of a load is an anchor",
	"issued":  "the date of a system is an anchor",
	"created": "the date of a system is an anchor",
}

// choose finds the tables and columns that leave, and the quasi-identifiers among them. Every mistake comes at once.
func choose(sn *datasets.Snapshot, req Request) (tables []leaving, quasi []string, err error) {
	profile, _ := sn.Manifest().Recipe[datasets.RecipeProfile].(string)
	var known []string
	for _, t := range sn.Manifest().Tables {
		if !slices.Contains(dictionaries, t.Name) && t.Name != links {
			known = append(known, t.Name)
		}
	}
	var wrong source.Diagnostics
	say := func(file, code, hint, format string, args ...any) {
		wrong = append(wrong, source.Diagnostic{Pos: source.Pos{File: file}, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	for i, name := range req.Tables {
		switch {
		case !slices.Contains(known, name):
			hint := source.DidYouMean(name, known)
			if hint == "" {
				hint = "there are " + strings.Join(known, ", ")
			}
			say("--tables", "unknown-table", hint, "no table %q", name)
		case slices.Contains(req.Tables[:i], name):
			say("--tables", "duplicate-name", "", "table %q is named already", name)
		}
	}
	fields, err := risk.Fields(sn)
	if err != nil {
		return nil, nil, err
	}
	dropped, filters := map[string]bool{}, map[string][]string{}
	for i, name := range req.Config.LeaveOut {
		at := slices.IndexFunc(fields, func(f risk.Field) bool { return f.Name == name })
		table, column, _ := strings.Cut(name, ".")
		t, there := sn.Table(table)
		switch {
		case at >= 0 && fields[at].URL != "":
			filters[fields[at].Table] = append(filters[fields[at].Table], "t.url IS DISTINCT FROM "+duck.Quote(fields[at].URL))
		case at >= 0:
			dropped[fields[at].Table+"."+fields[at].Column] = true
		case there && t.Has(column) && column != "pid" && column != "rid":
			dropped[name] = true
		default:
			d := source.Diagnostic{Pos: req.Config.doc.Pos("leave_out", i), Code: "unknown-column", Message: fmt.Sprintf("no quasi-identifier and no table.column %q", name)}
			var names []string
			for _, f := range fields {
				names = append(names, f.Name)
			}
			if d.Hint = source.DidYouMean(name, names); d.Hint == "" {
				d.Hint = "quasi-identifiers are " + strings.Join(names, ", ")
			}
			wrong = append(wrong, d)
		}
	}
	if err := wrong.Err(); err != nil {
		return nil, nil, err
	}
	for _, t := range sn.Manifest().Tables {
		if t.Name == links {
			continue
		}
		dictionary := slices.Contains(dictionaries, t.Name)
		if !dictionary && len(req.Tables) > 0 && !slices.Contains(req.Tables, t.Name) || !dictionary && len(req.Tables) == 0 && t.Rows() == 0 {
			continue
		}
		one := leaving{Table: t, where: filters[t.Name], dictionary: dictionary}
		if dictionary {
			one.where = []string{usedOf[t.Name]}
		}
		for _, c := range t.Columns {
			element := strings.TrimSuffix(c.Name, "_prec")
			date := c.Type == datasets.Timestamp && t.Has(c.Name+"_prec")
			switch {
			case c.Type == datasets.Blob, never[element] != "", dropped[t.Name+"."+element], dropped[t.Name+"."+c.Name]:
				continue
			case date && profile == "shifted" && !t.Has("pid"):
				continue // the date of what is nobody's is shifted by nothing
			case date:
				one.dates = append(one.dates, c.Name)
			}
			one.columns = append(one.columns, c.Name)
		}
		tables = append(tables, one)
	}
	for _, f := range fields {
		leaves := slices.ContainsFunc(tables, func(t leaving) bool { return t.Name == f.Table && t.tells(f) })
		if f.Of(profile) && leaves && !slices.Contains(req.Config.LeaveOut, f.Name) {
			quasi = append(quasi, f.Name)
		}
	}
	return tables, quasi, nil
}

// tells says whether the columns that leave have a quasi-identifier. An extension's row has it in every column
// but those that say whose row it is: a code is in value_code, value_concept and more.
func (t leaving) tells(f risk.Field) bool {
	if f.URL == "" {
		return slices.Contains(t.columns, f.Column)
	}
	return slices.ContainsFunc(t.columns, func(name string) bool {
		return !slices.Contains([]string{"rid", "pid", "ordinal", "url"}, name)
	})
}

// sql is what leaves of a table: e is export.person, b the edges of the table's dates.
func (t leaving) sql(shifted, text bool) string {
	var values, order []string
	for _, name := range t.columns {
		i := slices.IndexFunc(t.Columns, func(c datasets.Column) bool { return c.Name == name })
		column := "t." + duck.QuoteName(name)
		value := column
		element := strings.TrimSuffix(name, "_prec")
		switch kind := t.Columns[i].Type; {
		case kind == datasets.UUID:
			value = "export_id(" + column + ")"
		case shifted && slices.Contains(t.dates, name):
			value = t.moved(name, column)
		case shifted && element != name && slices.Contains(t.dates, element):
			value = "CASE WHEN " + t.moved(element, "t."+duck.QuoteName(element)) + " IS NOT NULL THEN " + column + " END"
		case kind == datasets.Varchar && text:
			// A spreadsheet must not read text as a formula.
			value = "CASE WHEN regexp_matches(" + column + ", '^[=+\\-@\\t\\r\\n|]') THEN '''' || " + column + " ELSE " + column + " END"
		}
		values = append(values, value+" AS "+duck.QuoteName(name))
		if name == "pid" || name == "rid" || t.dictionary || strings.HasSuffix(name, "ordinal") {
			order = append(order, duck.QuoteName(name))
		}
	}
	sql := "SELECT " + strings.Join(values, ", ") + " FROM " + datasets.NumberedSchema + "." + datasets.RestPrefix + t.Name + " t"
	if t.Has("pid") {
		sql += " JOIN export.person e ON e.pid = t.pid"
		if shifted && len(t.dates) > 0 {
			sql += " CROSS JOIN export.edge_" + t.Name + " b"
		}
	}
	if len(t.where) > 0 {
		sql += " WHERE " + strings.Join(t.where, " AND ")
	}
	// By pseudonym: the order of the store, or of the input, is told by none of them.
	return sql + " ORDER BY " + strings.Join(order, ", ")
}

// usedSQL adds the numbers of codes, lists and profiles that the table's rows name to export.used. Every
// whole number of 64 bits is one.
func (t leaving) usedSQL() []string {
	var all []string
	for _, c := range t.Columns {
		if c.Type == datasets.Int64 && !t.dictionary && slices.Contains(t.columns, c.Name) {
			name := duck.QuoteName(c.Name)
			all = append(all, "INSERT INTO export.used SELECT DISTINCT "+name+" FROM export.out_"+t.Name+" WHERE "+name+" IS NOT NULL")
		}
	}
	return all
}

// moved is a date under the export's own shift, null near the edges.
func (t leaving) moved(name, column string) string {
	moved := "(" + column + " + to_days(e.delta))"
	low, high := "b."+duck.QuoteName(name+"_low"), "b."+duck.QuoteName(name+"_high")
	return "CASE WHEN CAST(" + moved + " AS DATE) BETWEEN " + low + " AND " + high + " THEN " + moved + " END"
}

// edgesSQL makes export.edge_<table>: for each date the first and the last shifted day that every shift could give.
func (t leaving) edgesSQL(last string) string {
	var values []string
	for _, name := range t.dates {
		true_ := "CAST(t." + duck.QuoteName(name) + " + to_days(e.days) AS DATE)"
		values = append(values,
			"min("+true_+") AS "+duck.QuoteName(name+"_low"),
			fmt.Sprintf("least(max(%s), %s) - %d AS %s", true_, last, shiftDays, duck.QuoteName(name+"_high")))
	}
	return "CREATE TABLE export.edge_" + t.Name + " AS SELECT " + strings.Join(values, ", ") + " FROM " +
		datasets.NumberedSchema + "." + datasets.RestPrefix + t.Name + " t JOIN export.person e ON e.pid = t.pid"
}

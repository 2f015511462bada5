package plan

import (
	"fmt"
	"slices"
	"strings"
)

// The columns that name whose row it is: a person, or a person in a period. They are whole
// numbers from 0, dense enough to be places in an array, which is how an engine then joins.
const (
	personNumber  = "person_no"
	subjectNumber = "subject_no"
)

// Setup are the statements that come before a program's own: who is asked for, and when.
// They read period(period, low, high), and subject_period(person_no, period) for some, or
// people(person_no) for everybody in every period.
func Setup(everybody bool) []Statement {
	from, persons := "subject_period s JOIN %s q ON q.period = s.period", "SELECT DISTINCT person_no FROM subject"
	if everybody {
		from, persons = "people s, %s q", "SELECT person_no FROM people"
	}
	from = fmt.Sprintf(from, "(SELECT *, count(*) OVER () AS periods, row_number() OVER (ORDER BY low, high, period) - 1 AS period_no FROM period)")
	return []Statement{
		{Name: "subject", Table: "subject", SQL: "CREATE TEMP TABLE subject AS SELECT s.person_no * q.periods + q.period_no AS subject_no, s.person_no, q.period, q.low AS mp_low, q.high AS mp_high FROM " + from},
		{Name: "person", Table: "person", SQL: "CREATE TEMP TABLE person AS " + persons},
	}
}

// print writes the SQL of a statement, with what it computes and where its author wrote it.
func (s *Statement) print() {
	heading := strings.ReplaceAll(fmt.Sprintf("%s.%s, line %d", s.Library, s.Name, s.Line), "\n", " ")
	s.printTable()
	s.SQL = "-- " + heading + "\n" + s.SQL
}

// printTable writes the SQL that makes a statement's table.
func (s *Statement) printTable() {
	s.SQL = "CREATE TEMP TABLE " + s.Table + " AS\n" + withSQL(s.with) +
		"SELECT " + listSQL(slices.Concat(s.key, s.list)) + " FROM (" + relationSQL(s.from) + ")"
}

// Tolerant is the SQL of a statement that has failed for its issues: theirs is null.
func (s *Statement) Tolerant() string { return tolerant(s.SQL) }

func tolerant(sql string) string { return strings.ReplaceAll(sql, failSQL, "NULL") }

// SQL is a SELECT of the pid and period of those whose data make a define fail here; the
// period is null where the define has none.
func (x *Issue) SQL() string {
	rows := "SELECT any_value(" + sql(x.key) + ") AS no FROM " + x.from.name + " WHERE " + sql(x.where) + " GROUP BY " + joinSQL(x.by) + " HAVING count(*) > 1"
	if len(x.by) == 0 {
		rows = "SELECT " + sql(x.key) + " AS no FROM " + x.from.name + " WHERE " + sql(x.where)
	}
	whose := "SELECT DISTINCT p.pid, s.period FROM (" + rows + ") JOIN subject s ON s.subject_no = no JOIN people p ON p.person_no = s.person_no"
	if x.key == column(personNumber) {
		whose = "SELECT DISTINCT p.pid, NULL::VARCHAR AS period FROM (" + rows + ") JOIN people p ON p.person_no = no"
	}
	return tolerant(withSQL(x.with) + whose)
}

// listSQL prints columns.
func listSQL(list []named) string {
	var parts []string
	for _, n := range list {
		if n.expr == column(n.name) {
			parts = append(parts, n.name)
		} else {
			parts = append(parts, sql(n.expr)+" AS "+n.name)
		}
	}
	return strings.Join(parts, ", ")
}

func joinSQL(list []expr) string {
	var parts []string
	for _, x := range list {
		parts = append(parts, sql(x))
	}
	return strings.Join(parts, ", ")
}

// withSQL prints relations as the WITH clause of the SELECT that follows it.
func withSQL(list []*cte) string {
	if len(list) == 0 {
		return ""
	}
	head := "WITH "
	if slices.ContainsFunc(list, func(c *cte) bool { return c.recursive }) {
		head = "WITH RECURSIVE "
	}
	var parts []string
	for _, c := range list {
		mode := ""
		if c.rowNum != "" {
			mode = "MATERIALIZED " // what numbers the rows must number them once
		}
		parts = append(parts, c.name+" AS "+mode+"(\n  "+relationSQL(c)+")")
	}
	return head + strings.Join(parts, ",\n") + "\n"
}

// relationSQL prints a relation as a SELECT.
func relationSQL(c *cte) string {
	if c.recursive {
		return bodySQL(c.body)
	}
	from, where := c.base, ""
	switch {
	case c.body != nil:
		from = "(" + bodySQL(c.body) + ")"
	case c.above != nil:
		from = c.above.name
	}
	wrap := func(extra string) {
		from, where = "(SELECT *"+extra+" FROM "+from+where+")", ""
	}
	also := func(cond string) {
		if where == "" {
			where = "\n    WHERE " + cond
		} else {
			where += " AND " + cond
		}
	}
	afterBind := false
	for _, s := range c.steps {
		bind := false
		switch s := s.(type) {
		case *joinStep:
			if where != "" || afterBind {
				wrap("")
			}
			kind := "LEFT"
			if s.inner {
				kind = "INNER"
			}
			from += "\n    " + kind + " JOIN (" + joinedSQL(s) + ") ON " + sql(s.on)
		case *bindStep:
			var list strings.Builder
			for _, n := range s.list {
				fmt.Fprintf(&list, ",\n    %s AS %s", sql(n.expr), n.name)
			}
			wrap(list.String())
			bind = true
		case whereStep:
			also(sql(s.cond))
		case matchStep:
			is := "EXISTS (SELECT 1 FROM (SELECT " + listSQL(s.list) + " FROM " + s.in.name + ") WHERE " + sql(s.on) + ")"
			if s.not {
				is = "NOT " + is
			}
			also(is)
		default:
			panic(fmt.Sprintf("step %T", s))
		}
		afterBind = bind
	}
	list := "*"
	if len(c.out) > 0 {
		list = strings.Join(slices.DeleteFunc(slices.Clone(c.out), func(name string) bool { return name == c.rowNum }), ", ")
	}
	if c.rowNum != "" {
		list += ", row_number() OVER () AS " + c.rowNum
	}
	return "SELECT " + strings.TrimPrefix(list, ", ") + " FROM " + from + where
}

// joinedSQL is what a step joins.
func joinedSQL(s *joinStep) string {
	if s.from != nil {
		return bodySQL(s.from)
	}
	return "SELECT " + listSQL(asNamed(columns(s.of), s.names)) + " FROM " + s.table
}

// bodySQL prints a relation made of others.
func bodySQL(b body) string {
	switch b := b.(type) {
	case *unionBody:
		keep := strings.Join(b.keep.columns(), ", ")
		var parts []string
		for _, side := range b.sides {
			list := keep
			if len(b.names) > 0 {
				list += ", " + listSQL(asNamed(side.list, b.names))
			}
			parts = append(parts, "SELECT "+list+" FROM "+side.from.name)
		}
		return strings.Join(parts, "\n    UNION ALL ")
	case *distinctBody:
		order := ""
		if len(b.order) > 0 {
			order = " ORDER BY " + joinSQL(b.order)
		}
		return "SELECT DISTINCT ON (" + joinSQL(b.by) + ") * FROM " + b.from.name + order
	case *groupBody:
		list := listSQL(b.list)
		if b.any != nil {
			kept := b.any.columns()
			for i := len(kept) - 1; i >= 0; i-- {
				list = sql(apply(opAny, column(kept[i]))) + " AS " + kept[i] + ", " + list
			}
		}
		return "SELECT " + list + " FROM " + b.from.name + " GROUP BY " + joinSQL(b.by)
	case *pickBody:
		only := sql(rowNumber(b.by, b.order)) + " = 1"
		if b.single {
			count := "count(*) OVER (PARTITION BY " + joinSQL(b.by) + ")"
			only = "CASE WHEN " + count + " = 1 THEN true"
			if b.guard != no {
				only += " WHEN " + sql(b.guard) + " THEN " + failSQL
			}
			only += " END"
		}
		return "SELECT " + listSQL(b.list) + " FROM " + b.from.name + " QUALIFY " + only
	case *foldBody:
		return "SELECT " + listSQL(b.start) + " FROM " + b.from.name +
			"\n    UNION ALL\n  (" + withSQL(b.inside) + "SELECT " + listSQL(b.again) + " FROM (" + relationSQL(b.step.open) + "))"
	case *turnBody:
		return "SELECT * FROM " + b.rows.name + " JOIN " + b.table.name + " ON " + sql(b.on)
	}
	panic(fmt.Sprintf("relation %T", b))
}

// Key is the column of a define's table that says whose row it is.
func (d *Define) Key() string {
	if d.Periodic {
		return subjectNumber
	}
	return personNumber
}

// Rows is SQL for a define's rows: of a boolean one the subject_no where it is true; of a
// list of resources subject_no and episode; of an observation subject_no, episode and value.
func (d *Define) Rows() string {
	head, from := "SELECT subject_no, ", " FROM "+d.Table
	if !d.Periodic {
		from += " JOIN subject USING (person_no)"
	}
	number := func(v value) string {
		switch v := v.(type) {
		case numV:
			if !v.hi.none() {
				return "CASE WHEN " + sql(v.num) + " = " + sql(v.hi) + " THEN " + sql(v.num) + " END"
			}
			return sql(v.num)
		case qtyV:
			return sql(v.num)
		}
		return ""
	}
	switch v := d.elem.(type) {
	case boolV:
		return head + "true AS value" + from + " WHERE " + sql(v.is)
	case resV:
		return head + sql(v.rid) + " AS episode" + from + " WHERE " + sql(v.rid) + " IS NOT NULL"
	case numV, qtyV:
		return head + "NULL::UUID AS episode, " + number(v) + " AS value" + from
	case tupleV:
		if len(v.fields) != 2 || v.names[0] != "episode" {
			break
		}
		episode, value := "NULL::UUID", "NULL"
		if r, ok := v.fields[0].(resV); ok {
			episode = sql(r.rid)
		}
		if n := number(v.fields[1]); n != "" {
			value = n
		}
		return head + episode + " AS episode, " + value + " AS value" + from
	}
	return ""
}

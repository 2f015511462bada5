package plan

import (
	"maps"
	"slices"
	"strings"
)

// Reads are what statements read of the tables of the extract.
type Reads map[string]*Elements

// Elements are columns of one table.
type Elements struct {
	Own         []string     // as the extract has them
	Memberships []Membership // whether a concept is in a set
	Filter      string       // SQL over these columns: the rows that are read; empty for all
	Coded       string       // the column that a row must have in one of the sets, where Filter asks that of one alone

	// Once is whether a single retrieve reads the table, which then need not be kept.
	Once bool

	uses     int             // joins of the statements
	shown    map[string]bool // those that statements read; others are only computed with
	computed *derivation
}

// ReadsOf are the columns that statements read, and those that what is derived of them reads.
// The rows are those that they read, or that others have found for them to join again.
func ReadsOf(derived Derived, statements, others []Statement) Reads {
	c := &collecting{derived: derived, reads: Reads{}, seen: map[[2]string]bool{}, joined: map[string]bool{}}
	take := func(s *joinStep) {
		if s.table != "" && !strings.HasPrefix(s.table, `"`) { // neither a relation nor a define's
			c.columns(s.table, s.of)
			for _, name := range s.of {
				c.reads[s.table].shown[name] = true
			}
			c.reads[s.table].uses++
		}
	}
	wanted := wantedRows{}
	for i := range statements {
		s := &statements[i]
		all := append(slices.Clone(s.with), s.from)
		for _, x := range s.Issues {
			all = append(all, x.with...)
		}
		eachJoin(all, take)
		each(all, wanted.take)
	}
	for i := range others {
		each(append(slices.Clone(others[i].with), others[i].from), wanted.take)
	}
	for _, table := range c.reads.Tables() {
		e := c.reads[table]
		if rows := wanted[table]; len(rows) > 0 && !slices.Contains(rows, yes) && !c.joined[table] {
			e.Filter = sql(or(rows...))
			for _, name := range columnsOf(or(rows...)) {
				c.columns(table, []string{name})
			}
			e.Coded = e.coded(rows)
		}
		e.Once = e.uses == 1 && !c.joined[table]
		slices.Sort(e.Own)
		slices.SortFunc(e.Memberships, func(a, b Membership) int { return strings.Compare(a.Name, b.Name) })
	}
	return c.reads
}

// coded is the column of which each condition asks for a membership, and nothing else.
func (e *Elements) coded(rows []expr) (column string) {
	for _, x := range rows {
		names := columnsOf(x)
		i := slices.IndexFunc(e.Memberships, func(m Membership) bool { return len(names) == 1 && m.Name == names[0] })
		if x.op() != opTruth || i < 0 || column != "" && column != e.Memberships[i].Column {
			return ""
		}
		column = e.Memberships[i].Column
	}
	return column
}

type collecting struct {
	derived Derived
	reads   Reads
	seen    map[[2]string]bool
	joined  map[string]bool // tables that derived columns of another read
}

func (c *collecting) columns(table string, names []string) {
	e := c.reads[table]
	if e == nil {
		e = &Elements{shown: map[string]bool{}, computed: &derivation{joins: map[string]*joinStep{}, columns: map[string]expr{}}}
		c.reads[table] = e
	}
	d := c.derived.of(table)
	for _, name := range names {
		if at := [2]string{table, name}; c.seen[at] {
			continue
		} else {
			c.seen[at] = true
		}
		switch {
		case strings.HasPrefix(name, memberPrefix):
			x := d.members[name]
			column := x.args()[0].text()
			e.Memberships = append(e.Memberships, Membership{Name: name, Column: column, IDs: membersSQL(x), of: x})
		case strings.HasPrefix(name, derivedPrefix):
			e.computed.columns[name] = d.columns[name]
			c.expression(table, d, d.columns[name])
		default:
			e.Own = append(e.Own, name)
		}
	}
}

// expression takes the columns of an expression over a table and what is joined to it.
func (c *collecting) expression(table string, d *derivation, x expr) {
	for _, name := range columnsOf(x) {
		join := ""
		for key, s := range d.joins {
			if slices.Contains(s.names, name) {
				join = key
			}
		}
		if join == "" {
			c.columns(table, []string{name})
			continue
		}
		s, into := d.joins[join], c.reads[table].computed
		if into.joins[join] == nil {
			into.joins[join] = s
			c.joined[s.table] = true
			c.expression(table, d, s.on)
			c.columns(s.table, s.of)
			for _, name := range s.of {
				c.reads[s.table].shown[name] = true
			}
		}
	}
}

// Tables are the names of the tables, in order.
func (r Reads) Tables() []string { return slices.Sorted(maps.Keys(r)) }

// Computed is whether a table has columns that are computed of others, beside memberships.
func (r Reads) Computed(table string) bool {
	return r[table] != nil && len(r[table].computed.columns) > 0
}

// wantedRows are, for each table of the extract, which of its rows each use reads: conditions
// over its columns, of which yes is all of them.
type wantedRows map[string][]expr

// take notes the uses in a relation. A retrieve wants the rows of its codes; what joins a
// resource by its rid wants any row, but where a retrieve has found it.
func (w wantedRows) take(c *cte) {
	for i, s := range c.steps {
		j, ok := s.(*joinStep)
		if !ok || j.table == "" || strings.HasPrefix(j.table, `"`) || j.found {
			continue
		}
		rows := yes
		for _, later := range c.steps[i+1:] {
			where, ok := later.(whereStep)
			if !j.inner || !ok {
				continue
			}
			if x := j.codes(where.cond); !x.none() {
				rows = x
				break
			}
		}
		if !slices.Contains(w[j.table], rows) {
			w[j.table] = append(w[j.table], rows)
		}
	}
}

// codes is a condition over the joined table's columns alone that asks for a membership, or
// the first such part of a conjunction; none where it is no such.
func (s *joinStep) codes(cond expr) expr {
	if cond.op() == opAnd {
		for _, a := range cond.args() {
			if x := s.codes(a); !x.none() {
				return x
			}
		}
		return expr{}
	}
	asks := false
	for _, name := range columnsOf(cond) {
		i := slices.Index(s.names, name)
		if i < 0 || strings.HasPrefix(s.of[i], derivedPrefix) {
			return expr{}
		}
		asks = asks || strings.HasPrefix(s.of[i], memberPrefix)
	}
	if !asks {
		return expr{}
	}
	x := expansion{of: map[string]expr{}, memo: map[expr]expr{}}
	for i, name := range s.names {
		x.of[name] = column(s.of[i])
	}
	return x.expand(cond)
}

// Uses are the tables of defines that the statement reads.
func (s *Statement) Uses() (tables []string) {
	eachJoin(append(slices.Clone(s.with), s.from), func(j *joinStep) {
		if strings.HasPrefix(j.table, `"`) && !slices.Contains(tables, j.table) {
			tables = append(tables, j.table)
		}
	})
	return tables
}

// eachJoin visits the joins of relations, and of those inside them.
func eachJoin(list []*cte, visit func(*joinStep)) {
	each(list, func(c *cte) {
		for _, s := range c.steps {
			if j, ok := s.(*joinStep); ok {
				visit(j)
			}
		}
	})
}

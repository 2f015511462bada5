package plan

import (
	"slices"
	"strings"
)

// cte is a finished part of a frame: a relation with a name, made of a base and steps.
type cte struct {
	name   string
	base   string   // a table's name, when above and body are nil
	above  *cte     // what it stands on
	cols   []string // of the base, when above is nil
	body   body     // a base of its own
	steps  []step
	rowNum string   // a column that numbers the rows
	out    []string // the columns that are read, once prune has found them
	// recursive is a table that its body reads: it is nothing but its body.
	recursive bool
}

// named is an expression and the column that holds it.
type named struct {
	expr
	name string
}

// asNamed gives expressions their columns' names.
func asNamed(exprs []expr, names []string) (list []named) {
	for i, x := range exprs {
		list = append(list, named{x, names[i]})
	}
	return list
}

func namesOf(list []named) (names []string) {
	for _, n := range list {
		names = append(names, n.name)
	}
	return names
}

// step adds columns to each row, or drops rows.
type step interface{ columns() []string }

type (
	// joinStep joins a table or a relation.
	joinStep struct {
		inner bool
		found bool // each row is one that a retrieve has found: its columns are joined again
		table string
		from  body     // in place of table
		names []string // of the columns that are read of it
		of    []string // their names in the table, grown on demand
		on    expr
	}
	// bindStep computes columns.
	bindStep struct{ list []named }
	// whereStep keeps the rows for which a condition is true.
	whereStep struct{ cond expr }
	// matchStep keeps the rows that have a match in another relation, or those that have none.
	matchStep struct {
		in   *cte
		list []named
		on   expr
		not  bool
	}
)

func (s *joinStep) columns() []string { return s.names }
func (s *bindStep) columns() []string { return namesOf(s.list) }
func (whereStep) columns() []string   { return nil }
func (matchStep) columns() []string   { return nil }

// demand gives a column of the joined table.
func (s *joinStep) demand(g *gen, name string) expr {
	if i := slices.Index(s.of, name); i >= 0 {
		return column(s.names[i])
	}
	hint := name
	if strings.HasPrefix(name, derivedPrefix) {
		hint = "d"
	}
	own := g.column(hint)
	s.of, s.names = append(s.of, name), append(s.names, own)
	return column(own)
}

// body is a relation made of others.
type body interface{ columns() []string }

type (
	// unionBody are the rows of several relations, one after the other.
	unionBody struct {
		keep  *cte // whose columns all sides carry
		sides []unionSide
		names []string
	}
	unionSide struct {
		from *cte
		list []expr // in the order of names
	}
	// distinctBody is a row for each combination of terms, the first in order.
	distinctBody struct {
		from  *cte
		by    []expr
		order []expr
	}
	// groupBody is a row for each key: its aggregates, and some value of what a key decides.
	groupBody struct {
		from *cte
		by   []expr
		any  *cte // whose columns are kept
		list []named
	}
	// pickBody is one row for each key: the first in order, or with single the only one.
	pickBody struct {
		from   *cte
		by     []expr
		order  []expr
		single bool
		guard  expr // of single: under which a second row ends the evaluation
		list   []named
	}
	// foldBody is the recursive table of an aggregate clause: a row for each outer row and step.
	foldBody struct {
		table        *cte // itself
		from         *cte // the outer rows
		start, again []named
		inside       []*cte // of a step
		step         *frame
	}
	// turnBody is the element whose turn it is beside the accumulator.
	turnBody struct {
		rows, table *cte
		on          expr
	}
)

func (b *unionBody) columns() []string    { return slices.Concat(b.keep.columns(), b.names) }
func (b *distinctBody) columns() []string { return b.from.columns() }
func (b *pickBody) columns() []string     { return namesOf(b.list) }
func (b *foldBody) columns() []string     { return namesOf(b.start) }
func (b *turnBody) columns() []string     { return slices.Concat(b.rows.columns(), b.table.columns()) }
func (b *groupBody) columns() []string {
	if b.any == nil {
		return namesOf(b.list)
	}
	return slices.Concat(b.any.columns(), namesOf(b.list))
}

// columns are the names of a relation's columns.
func (c *cte) columns() []string {
	var list []string
	switch {
	case c.above != nil:
		list = append(list, c.above.columns()...)
	case c.body != nil:
		list = append(list, c.body.columns()...)
	}
	list = append(list, c.cols...)
	for _, s := range c.steps {
		list = append(list, s.columns()...)
	}
	if c.rowNum != "" {
		list = append(list, c.rowNum)
	}
	return list
}

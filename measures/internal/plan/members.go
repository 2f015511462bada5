package plan

import (
	"slices"
	"strings"
)

// Whether a code of a resource is in a value set is asked of every row, again for each
// retrieve of each measure. The answer is a column of the resource's table instead: the sets of
// a run are resolved against the dictionary once, and each row learns in one pass which of them
// its concept is in.

// memberPrefix begins the name of a column that says whether a concept is in a set.
const memberPrefix = "in_"

// Membership is a column of a table of the extract: whether the concept, or the list of
// concepts, that another column names is in value sets, or has a code; or whether a set of
// profiles has one.
type Membership struct {
	Name   string
	Column string // of the table: an id of a concept, of a list of concepts, or of a set of profiles
	IDs    string // SQL: a SELECT of the ids that are members
	of     expr
}

func isMembership(x expr) bool {
	switch x.op() {
	case opInValueSet, opAnyInSet, opHasCode, opAnyHasCode, opDeclares:
		return true
	}
	return false
}

// membering puts columns in place of memberships.
type membering struct {
	derived Derived
	sources map[string]source // columns of a relation that are those of a table of the extract
	holds   map[string]expr   // what is bound
	memo    map[expr]expr
}

// source is where a column comes from.
type source struct {
	join   *joinStep
	table  string
	column string
}

func (d Derived) member(table string, x expr, column string) string {
	asked := node(x.op(), x.text(), append([]expr{node(opColumn, column)}, x.args()[1:]...)...)
	h := expansion{hashes: map[expr]string{}}
	name := memberPrefix + h.hash(asked)
	d.of(table).members[name] = asked
	return name
}

// members asks in a statement for memberships by the columns of the extract's tables.
func (g *gen) members(s *Statement) {
	g.columns = 0 // its names differ from all others by what they say
	m := &membering{derived: g.derivations, sources: map[string]source{}, holds: map[string]expr{}, memo: map[expr]expr{}}
	learn := func(c *cte) {
		for _, st := range c.steps {
			switch st := st.(type) {
			case *joinStep:
				if st.table != "" && !strings.HasPrefix(st.table, `"`) && !slices.Contains(Dictionaries, st.table) {
					for i, name := range st.names {
						m.sources[name] = source{st, st.table, st.of[i]}
					}
				}
			case *bindStep:
				for _, n := range st.list {
					m.holds[n.name] = n.expr
				}
			}
		}
	}
	all := append(slices.Clone(s.with), s.from)
	for _, x := range s.Issues {
		all = append(all, x.with...)
	}
	each(all, learn)
	to := func(x expr) expr { return m.rewrite(g, x) }
	each(all, func(c *cte) { c.rewrite(to) })
	for i := range s.key {
		s.key[i].expr = to(s.key[i].expr)
	}
	for i := range s.list {
		s.list[i].expr = to(s.list[i].expr)
	}
	for i := range s.Issues {
		s.Issues[i].where = to(s.Issues[i].where)
	}
}

// Dictionaries are the tables of the extract that are of nobody: programs read them inside
// expressions.
var Dictionaries = []string{"concept", "concept_list", "profile_set"}

func (m *membering) rewrite(g *gen, x expr) expr {
	if x.none() || plain(x) {
		return x
	}
	if y, ok := m.memo[x]; ok {
		return y
	}
	args := x.args()
	for i, a := range args {
		args[i] = m.rewrite(g, a)
	}
	y := node(x.op(), x.text(), args...)
	if isMembership(y) {
		if z := m.column(g, y, y.args()[0], 0); !z.none() {
			y = z
		}
	}
	m.memo[x] = y
	return y
}

// column is a membership of what an expression holds, by columns; none where it is computed
// from more than choices.
func (m *membering) column(g *gen, x, of expr, depth int) expr {
	if depth > 8 {
		return expr{}
	}
	again := func(of expr) expr { return m.column(g, x, of, depth+1) }
	switch of.op() {
	case opNull:
		return no
	case opColumn:
		if from, ok := m.sources[of.text()]; ok {
			name := m.derived.member(from.table, x, from.column)
			return truth(from.join.demand(g, name))
		}
		if held, ok := m.holds[of.text()]; ok {
			return again(held)
		}
	case opCase:
		args := of.args()
		var conds, vals []expr
		for i := 0; i+1 < len(args); i += 2 {
			v := again(args[i+1])
			if v.none() {
				return expr{}
			}
			conds, vals = append(conds, args[i]), append(vals, v)
		}
		rest := no
		if len(args)%2 == 1 {
			if rest = again(args[len(args)-1]); rest.none() {
				return expr{}
			}
		}
		return caseOf(append(conds, yes), append(vals, rest))
	case opCoalesce:
		var conds, vals []expr
		for _, a := range of.args() {
			v := again(a)
			if v.none() {
				return expr{}
			}
			conds, vals = append(conds, present(a)), append(vals, v)
		}
		return caseOf(append(conds, yes), append(vals, no))
	}
	return expr{}
}

// each visits relations, and those inside them, once.
func each(list []*cte, visit func(*cte)) {
	seen := map[*cte]bool{}
	var walk func(list []*cte)
	walk = func(list []*cte) {
		for _, c := range list {
			if seen[c] {
				continue
			}
			seen[c] = true
			if f, ok := c.body.(*foldBody); ok {
				walk(append(slices.Clone(f.inside), f.step.open))
			}
			visit(c)
		}
	}
	walk(list)
}

// rewrite changes all expressions of a relation.
func (c *cte) rewrite(to func(expr) expr) {
	for i, s := range c.steps {
		switch s := s.(type) {
		case *joinStep:
			s.on = to(s.on)
			if s.from != nil {
				rewriteBody(s.from, to)
			}
		case *bindStep:
			rewriteNamed(s.list, to)
		case whereStep:
			c.steps[i] = whereStep{to(s.cond)}
		case matchStep:
			rewriteNamed(s.list, to)
			s.on = to(s.on)
			c.steps[i] = s
		}
	}
	if c.body != nil {
		rewriteBody(c.body, to)
	}
}

func rewriteBody(b body, to func(expr) expr) {
	some := func(list []expr) {
		for i := range list {
			list[i] = to(list[i])
		}
	}
	switch b := b.(type) {
	case *unionBody:
		for _, s := range b.sides {
			some(s.list)
		}
	case *distinctBody:
		some(b.by)
		some(b.order)
	case *groupBody:
		some(b.by)
		rewriteNamed(b.list, to)
	case *pickBody:
		some(b.by)
		some(b.order)
		if b.single {
			b.guard = to(b.guard)
		}
		rewriteNamed(b.list, to)
	case *foldBody:
		rewriteNamed(b.start, to)
		rewriteNamed(b.again, to)
	case *turnBody:
		b.on = to(b.on)
	}
}

func rewriteNamed(list []named, to func(expr) expr) {
	for i := range list {
		list[i].expr = to(list[i].expr)
	}
}

// members does the same inside derived columns.
func (d Derived) members() {
	tables := make([]string, 0, len(d))
	for table := range d {
		tables = append(tables, table)
	}
	for _, table := range tables {
		one := d[table]
		theirs := map[string]*joinStep{}
		for _, s := range one.joins {
			for _, name := range s.names {
				theirs[name] = s
			}
		}
		memo := map[expr]expr{}
		var to func(x expr) expr
		to = func(x expr) expr {
			if x.none() || plain(x) {
				return x
			}
			if y, ok := memo[x]; ok {
				return y
			}
			args := x.args()
			for i, a := range args {
				args[i] = to(a)
			}
			y := node(x.op(), x.text(), args...)
			if of := args[0]; isMembership(y) && of.op() == opColumn {
				if s := theirs[of.text()]; s != nil {
					i := slices.Index(s.names, of.text())
					name := d.member(s.table, y, s.of[i])
					full := strings.TrimSuffix(of.text(), s.of[i]) + name
					if !slices.Contains(s.of, name) {
						s.of, s.names = append(s.of, name), append(s.names, full)
						theirs[full] = s
					}
					y = truth(column(full))
				} else if !strings.HasPrefix(of.text(), "j_") {
					y = truth(column(d.member(table, y, of.text())))
				}
			}
			memo[x] = y
			return y
		}
		for name, x := range one.columns {
			one.columns[name] = to(x)
		}
	}
}

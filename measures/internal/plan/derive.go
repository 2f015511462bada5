package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"farr/measures/internal/elm"
)

// A function of one resource that asks for nothing but the resource's own elements, and those
// of what it refers to, is as good as an element of it: prevalenceInterval of a condition is
// the same wherever it is asked for. It is computed once for each row of the resource's table,
// as columns of that table, for all defines of all measures of a run. A retrieve then reads
// columns where it would repeat twenty kilobytes of choices and intervals.

// derivedPrefix begins the name of a derived column.
const derivedPrefix = "d_"

// derivation are the derived columns of a table: left joins to its rows, and expressions over
// its own columns and theirs.
type derivation struct {
	joins   map[string]*joinStep
	columns map[string]expr
	members map[string]expr // memberships of the table's own columns
}

// Derived are the derived columns of the extract's tables, by table. A column's name is made
// of what it says, so that programs share it.
type Derived map[string]*derivation

// of is the derivation of a table.
func (d Derived) of(table string) *derivation {
	if d[table] == nil {
		d[table] = &derivation{map[string]*joinStep{}, map[string]expr{}, map[string]expr{}}
	}
	return d[table]
}

// Merge adds the columns of another program.
func (d Derived) Merge(other Derived) {
	for table, o := range other {
		into := d.of(table)
		maps.Copy(into.columns, o.columns)
		maps.Copy(into.members, o.members)
		for name, s := range o.joins {
			if known := into.joins[name]; known != nil {
				for i, of := range s.of {
					if !slices.Contains(known.of, of) {
						known.of, known.names = append(known.of, of), append(known.names, s.names[i])
					}
				}
				continue
			}
			into.joins[name] = &joinStep{table: s.table, on: s.on, of: slices.Clone(s.of), names: slices.Clone(s.names)}
		}
	}
}

// Raw is the name of a table without its computed columns.
func Raw(table string) string { return quoteName(table + " as extracted") }

// Compute makes a table of the extract with its computed columns from its Raw.
func (r Reads) Compute(table string) Statement {
	s := Statement{Name: table, Table: table}
	from := &cte{base: Raw(table), cols: slices.Clone(r[table].Own)}
	for _, m := range r[table].Memberships {
		from.cols = append(from.cols, m.Name)
	}
	for _, name := range from.cols {
		if r[table].shown[name] {
			s.list = append(s.list, named{column(name), name})
		}
	}
	d := r[table].computed
	for _, s := range d.inOrder() {
		if r.Computed(s.table) { // which may not be there yet
			s = &joinStep{table: Raw(s.table), on: s.on, of: s.of, names: s.names}
		}
		from.steps = append(from.steps, s)
	}
	bind := &bindStep{}
	for _, name := range slices.Sorted(maps.Keys(d.columns)) {
		bind.list = append(bind.list, named{d.columns[name], name})
		s.list = append(s.list, named{column(name), name})
	}
	from.steps = append(from.steps, bind)
	s.from = from
	share(nil, s.from)
	s.prune()
	s.printTable()
	return s
}

// inOrder are the joins by name, each after those whose columns it is joined on.
func (d *derivation) inOrder() (steps []*joinStep) {
	done := map[*joinStep]bool{}
	var visit func(s *joinStep)
	visit = func(s *joinStep) {
		if done[s] {
			return
		}
		done[s] = true
		for _, name := range columnsOf(s.on) {
			for _, key := range slices.Sorted(maps.Keys(d.joins)) {
				if slices.Contains(d.joins[key].names, name) {
					visit(d.joins[key])
				}
			}
		}
		steps = append(steps, s)
	}
	for _, key := range slices.Sorted(maps.Keys(d.joins)) {
		visit(d.joins[key])
	}
	return steps
}

// foundInAll notes that a union's elements were found by retrieves, where those of each side were.
func (g *gen) foundInAll(of value, sides []value) {
	r, ok := of.(resV)
	if !ok || len(r.types) != 1 {
		return
	}
	every := true
	var list *Define // that has all of them
	for i, v := range sides {
		side, ok := v.(resV)
		if !ok {
			return
		}
		always, known := g.found[side.rid.text()]
		if !known {
			return
		}
		every = every && always
		if of := g.elementOf[side.rid.text()]; i == 0 || of == list {
			list = of
		} else {
			list = nil
		}
	}
	g.found[r.rid.text()] = every
	if list != nil {
		g.elementOf[r.rid.text()] = list
	}
}

// derivedAt is a call over the rows of a table. Calls that say the same of it are one, wherever they stand.
type derivedAt struct {
	call  *elm.Node
	says  string // in place of call, where it is simple
	table string
}

func (g *gen) derivedAtOf(lib *elm.Library, n *elm.Node, table string) derivedAt {
	if says, ok := g.says(lib, n); ok {
		return derivedAt{says: says, table: table}
	}
	return derivedAt{call: n, table: table}
}

// says is what a call of functions of elements of its only name asks for; not ok where it is more than that.
func (g *gen) says(lib *elm.Library, n *elm.Node) (text string, ok bool) {
	switch n.Type {
	case "AliasRef", "OperandRef", "QueryLetRef":
		return "it", true
	case "Property":
		text, ok = "it", n.Scope != ""
		if n.Source != nil {
			text, ok = g.says(lib, n.Source[0])
		}
		return text + "." + n.Path, ok
	case "FunctionRef":
		if in := g.program.Find(lib, n.LibraryName); in != nil && len(n.Operand) == 1 {
			text, ok = g.says(lib, n.Operand[0])
			for _, s := range n.Signature {
				text += " as " + s.String()
			}
			return in.Name + "." + n.Name + "(" + text + ")", ok
		}
	}
	return "", false
}

// derived is a call of a function as derived columns, nil where it must be computed in place.
func (f *frame) derived(n *elm.Node, e *env) value {
	g := f.g
	if g.deriving {
		return nil
	}
	name, ok := oneName(n)
	if !ok || !g.isDerivable(e.lib, n) {
		return nil
	}
	of, _ := e.find(name)
	res, ok := of.(resV)
	if !ok || len(res.types) != 1 {
		return nil
	}
	table := g.model.tables[res.types[0]]
	s := f.joinedAt(joinKey{table, [2]expr{res.rid}})
	if always := g.found[res.rid.text()]; !always && (s == nil || !s.inner) {
		return nil // what is not there has no row, and a function of it may have a value
	}
	at := g.derivedAtOf(e.lib, n, table)
	v, done := g.derivedAt[at]
	if !done {
		v = g.derive(table, res.types[0], n, e, name)
		g.derivedAt[at] = v
	}
	if v == nil {
		return nil
	}
	s = f.tableOf(res, res.types[0])
	return mapLeaves(v, func(x expr) expr {
		if plain(x) && x.op() != opColumn {
			return x
		}
		return s.demand(g, x.text())
	})
}

// derive compiles a call over all rows of a table. The value's columns are those of the table.
func (g *gen) derive(table, resource string, n *elm.Node, e *env, name string) value {
	problems := g.problem
	defer g.trial()()
	g.deriving, g.issues, g.ctes, g.guard = true, nil, nil, yes
	defer func() { g.deriving = false }()
	rid := column("rid")
	rows := &joinStep{table: table, names: []string{"rid"}, of: []string{"rid"}}
	f := g.frameOver(nil, &cte{base: table})
	f.key = []expr{rid}
	f.joined[joinKey{table, [2]expr{rid}}] = rows
	v := f.value(n, (&env{lib: e.lib}).with(name, resV{types: []string{resource}, rid: rid}))
	if len(g.problem) != len(problems) || len(g.issues) > 0 || len(g.ctes) > 0 || hasList(v) || !flat(v) {
		return nil
	}
	found := Derived{}
	d := found.of(table)
	x := &expansion{of: map[string]expr{}, memo: map[expr]expr{}, hashes: map[expr]string{}}
	for i, own := range rows.names {
		x.of[own] = column(rows.of[i])
	}
	for _, s := range f.open.steps {
		if !x.step(s) {
			return nil
		}
	}
	var joins []*joinStep
	out := mapLeaves(v, func(l expr) expr {
		l = x.expand(l)
		if isConst(l) || isNull(l) {
			return l
		}
		if l.op() == opColumn && x.names[l.text()] == nil {
			return l // of its own
		}
		column := column(derivedPrefix + x.hash(l))
		d.columns[column.text()] = l
		for _, name := range columnsOf(l) {
			if s := x.names[name]; s != nil && !slices.Contains(joins, s) {
				joins = append(joins, s)
			}
		}
		return column
	})
	for i := 0; i < len(joins); i++ { // and those that their conditions read
		for _, name := range columnsOf(joins[i].on) {
			if s := x.names[name]; s != nil && !slices.Contains(joins, s) {
				joins = append(joins, s)
			}
		}
	}
	for _, s := range joins {
		d.joins[x.alias[s]] = s
	}
	if !g.model.patients[resource] && d.readsPerson() {
		return nil // of nobody
	}
	g.derivations.Merge(found)
	return out
}

// readsPerson is whether derived columns are of a person.
func (d *derivation) readsPerson() bool {
	person := func(x expr) bool { return slices.Contains(columnsOf(x), personNumber) }
	for _, s := range d.joins {
		if person(s.on) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(d.columns)), person)
}

// flat is whether a value is nothing but columns of its own row.
func flat(v value) bool {
	switch v := v.(type) {
	case listV, partV, childV, codeV, valueSetV:
		return false
	case tupleV:
		return !slices.ContainsFunc(v.fields, func(x value) bool { return !flat(x) })
	case choiceV:
		return !slices.ContainsFunc(v.alts, func(a alternative) bool { return !flat(a.v) })
	case resV:
		return !isNull(v.rid)
	}
	return true
}

// expansion puts what columns hold in place of them, down to the columns of tables.
type expansion struct {
	of     map[string]expr // a column of the frame -> what it holds
	names  map[string]*joinStep
	alias  map[*joinStep]string
	memo   map[expr]expr
	hashes map[expr]string
}

// step takes a step of the frame; false where it is none that a row alone can take.
func (x *expansion) step(s step) bool {
	switch s := s.(type) {
	case *bindStep:
		for _, n := range s.list {
			if incomplete[n.op()] {
				return false
			}
			x.of[n.name] = x.expand(n.expr)
		}
		return true
	case *joinStep:
		if s.inner || s.from != nil || s.table == "" || s.table[0] == '"' {
			return false
		}
		if x.names == nil {
			x.names, x.alias = map[string]*joinStep{}, map[*joinStep]string{}
		}
		// The join's name is made of its table and of what it is joined on.
		own := map[string]bool{}
		for i, name := range s.names {
			x.of[name] = column(s.of[i])
			own[name] = true
		}
		alias := "j_" + short(s.table+" "+x.hash(x.expand(s.on)))
		fresh := &joinStep{table: s.table, of: slices.Clone(s.of)}
		for i, name := range s.names {
			full := alias + "_" + s.of[i]
			fresh.names = append(fresh.names, full)
			x.of[name] = column(full)
			x.names[full] = fresh
		}
		x.memo = map[expr]expr{} // its columns had other names in its condition
		fresh.on = x.expand(s.on)
		x.alias[fresh] = alias
		return true
	}
	return false
}

func (x *expansion) expand(e expr) expr {
	if e.none() {
		return e
	}
	if e.op() == opColumn {
		if to, ok := x.of[e.text()]; ok {
			return to
		}
		return e
	}
	if to, ok := x.memo[e]; ok {
		return to
	}
	args := e.args()
	for i, a := range args {
		args[i] = x.expand(a)
	}
	to := node(e.op(), e.text(), args...)
	x.memo[e] = to
	return to
}

// hash names an expression by what it says.
func (x *expansion) hash(e expr) string {
	if h, ok := x.hashes[e]; ok {
		return h
	}
	text := string(e.op()) + "\x00" + e.text()
	for _, a := range e.args() {
		text += "\x00" + x.hash(a)
	}
	x.hashes[e] = short(text)
	return x.hashes[e]
}

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// oneName is the only name that a call's operands stand on.
func oneName(n *elm.Node) (name string, ok bool) {
	ok = true
	var walk func(n *elm.Node)
	walk = func(n *elm.Node) {
		found := ""
		switch n.Type {
		case "AliasRef", "OperandRef", "QueryLetRef", "IdentifierRef":
			found = n.Name
		case "Property":
			found = n.Scope
		case "Query":
			ok = false
		}
		if found != "" {
			ok = ok && (name == "" || name == found)
			name = found
		}
		n.Children(walk)
	}
	walk(n)
	return name, ok && name != ""
}

// isDerivable is whether an expression asks for nothing but what it is given and the patient:
// no retrieve, no define, no period.
func (g *gen) isDerivable(lib *elm.Library, n *elm.Node) bool {
	if known, ok := g.derivable[n]; ok {
		return known
	}
	g.derivable[n] = false // of what uses itself
	ok := true
	switch n.Type {
	case "Retrieve", "ParameterRef", "Today", "Now", "TimeOfDay":
		ok = false
	case "ExpressionRef":
		ok = n.Name == "Patient"
	case "FunctionRef":
		in := g.program.Find(lib, n.LibraryName)
		ok = in != nil
		if ok && in.Name != elm.BuiltIn {
			for _, fn := range in.Functions[n.Name] {
				ok = ok && g.isDerivable(in, fn)
			}
		}
	}
	n.Children(func(c *elm.Node) { ok = ok && g.isDerivable(lib, c) })
	g.derivable[n] = ok
	return ok
}

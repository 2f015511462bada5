package deid

import (
	"context"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Parts gives the objects of a table of an earlier extract.
type Parts func(table string) ([]Part, error)

// Scan is what the rows of an earlier extract say, read in one pass over it, before it is known which of them stay. What a
// row says of a resource that was read now too, or is deleted, is kept apart.
type Scan struct {
	plan   *Plan
	shifts *Shifter
	sealer *Sealer
	parts  Parts
	into   *Collector
	people map[ID]*person
	last   ID // the newest person asked for
	newest *person
	event  int64                // newest clinical event of rows that stay for sure; noDate when there is none
	apart  map[string][]perhaps // by table
	met    []met                // of the type in hand
	rows   scanRows
}

// person is what is gathered of one.
type person struct {
	id            ID
	days          int64 // to add to the person's dates
	later         int64
	first, latest int64 // encounter; noDate when there is none
}

// perhaps is a living row of a resource that may be replaced or deleted.
type perhaps struct {
	rid    ID
	person *person // nil where there is no owner
	later  int64   // last day that the row shows; noDate when it shows none
	event  int64   // of a clinical event; noDate when it is none
}

// met is the version of a resource that was read now, too, or is deleted.
type met struct {
	pid, rid ID
	seal     []byte // of lastUpdated; nil where it has none
}

// scanRows is of the row group in hand, by row.
type scanRows struct {
	dead   []bool
	people []*person // nil of rows that are dead
	said   []bool    // of rows whose event is known, or that tell of none
	at     []int32   // place in apart, one more than that; 0 for none
	apart  []perhaps // what is kept apart
	met    []met     // beside it; of the main table
}

// Scan reads the rows of an earlier extract. Of the resources that the Sorter was given, or that are deleted, the collector takes how
// new its versions are. It is not for an extract of linked patients.
func (p *Plan) Scan(ctx context.Context, k *Key, parts Parts, into *Collector, deleted func(typ string) []ID) (*Scan, error) {
	s := &Scan{
		plan: p, shifts: NewShifter(k), sealer: NewSealer(k), parts: parts, into: into,
		people: map[ID]*person{}, event: noDate, apart: map[string][]perhaps{},
	}
	for _, t := range p.types {
		if t.owner == "id" {
			continue
		}
		touched := &IDSet{}
		touched.Add(into.sorter.ids[t.kind]...)
		touched.Add(deleted(t.typ)...)
		for i, table := range t.tables {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if touched.Len() == 0 && (!t.owned() || i > 0 && len(table.dates) == 0) {
				continue
			}
			all, err := parts(table.Name)
			if err != nil {
				return nil, err
			}
			for _, part := range all {
				if err := part.groups(func(g *rowGroup) error { return s.group(t, table, g, part.Dead, touched) }); err != nil {
					return nil, err
				}
			}
		}
		if err := s.addVersions(t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// addVersions gives the collector the versions that were met of a type.
func (s *Scan) addVersions(t *typePlan) error {
	r := newOutRow(t.tables[0])
	var body []byte
	for _, one := range s.met {
		if r.reset(); one.seal != nil {
			r.put(t.main.updatedSeal, Cell{Bytes: one.seal})
		}
		body = r.encode(appendHead(body[:0], &one.rid, 0, noDate, flagEarlier))
		if err := s.into.Add(Record{kind: uint8(t.kind), pid: one.pid, rid: one.rid, body: body}); err != nil {
			return err
		}
	}
	s.met = nil
	return nil
}

// group reads a row group.
func (s *Scan) group(t *typePlan, table *Table, g *rowGroup, dead []*IDSet, touched *IDSet) error {
	if err := s.begin(g, dead, touched); err != nil {
		return err
	}
	r := &s.rows
	if main := table == t.tables[0]; !main {
		r.met = nil
	} else if len(r.met) > 0 {
		err := g.blobs("updated_seal", func(row int, b []byte) {
			if at := r.at[row]; at > 0 {
				r.met[at-1].seal = slices.Clone(b)
			}
		})
		if err != nil {
			return err
		}
	}
	if t.owned() {
		if err := s.owned(t, table, g); err != nil {
			return err
		}
	}
	s.met = append(s.met, r.met...)
	if len(r.apart) > 0 {
		s.apart[table.Name] = append(s.apart[table.Name], r.apart...)
	}
	return nil
}

// owned reads whose the rows of a group are, and what their dates say.
func (s *Scan) owned(t *typePlan, table *Table, g *rowGroup) error {
	r := &s.rows
	events := table == t.tables[0] && t.clinical && len(t.order) > 0
	var dates []int
	for _, i := range table.dates {
		if !g.empty(table.Columns[i].Name) && !(events && slices.Contains(t.order, i)) {
			dates = append(dates, i)
		}
	}
	if len(dates) == 0 && !events && len(r.apart) == 0 {
		return nil
	}
	err := g.runs("pid", func(from, to int, pid []byte) {
		var one *person
		for row := from; row < to; row++ {
			if r.people[row] = nil; r.dead[row] {
				continue
			}
			if one == nil {
				one = s.of(pid)
			}
			r.people[row] = one
			if at := r.at[row]; at > 0 {
				if r.apart[at-1].person = one; r.met != nil {
					r.met[at-1].pid = ID(pid)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for _, i := range dates {
		err := g.times(table.Columns[i].Name, func(row int, ms int64) {
			if one := r.people[row]; one != nil {
				r.shows(row, one, floorDiv(ms, DayMs)+one.days)
			}
		})
		if err != nil {
			return err
		}
	}
	if events {
		return s.events(t, g)
	}
	return nil
}

// shows takes a day that a row of a person shows.
func (r *scanRows) shows(row int, one *person, day int64) {
	later := &one.later
	if at := r.at[row]; at > 0 {
		later = &r.apart[at-1].later
	}
	*later = max(*later, day)
}

// begin tells of each row of a group whether it is dead, or may be replaced or deleted.
func (s *Scan) begin(g *rowGroup, dead []*IDSet, touched *IDSet) error {
	r := &s.rows
	if len(r.dead) < g.rows {
		r.dead, r.people, r.said, r.at = make([]bool, g.rows), make([]*person, g.rows), make([]bool, g.rows), make([]int32, g.rows)
	}
	clear(r.dead)
	clear(r.at)
	r.apart, r.met = r.apart[:0], r.met[:0]
	if len(dead) == 0 && touched.Len() == 0 {
		return nil
	}
	return g.ids("rid", func(row int, rid []byte) {
		if r.dead[row] = isDead(rid, dead); !r.dead[row] && touched.has(rid) {
			r.apart = append(r.apart, perhaps{rid: ID(rid), later: noDate, event: noDate})
			r.met = append(r.met, met{rid: ID(rid)})
			r.at[row] = int32(len(r.apart))
		}
	})
}

// Said is what the rows say that stay, and how many rows do not, by table. gone are the resources that do not; covered says that
// what was read now has coverage.
func (s *Scan) Said(gone map[string][]ID, rule string, covered bool) (*Said, map[string]int64, error) {
	said := &Said{Newest: s.event, Later: map[ID]int64{}, Covered: covered}
	dead := map[string]int64{}
	for _, t := range s.plan.types {
		if t.owner == "id" {
			continue
		}
		out := &IDSet{}
		out.Add(gone[t.typ]...)
		for _, table := range t.tables {
			for _, one := range s.apart[table.Name] {
				if out.has(one.rid[:]) {
					dead[table.Name]++
				} else if one.person != nil {
					one.person.later = max(one.person.later, one.later)
					if said.Newest = max(said.Newest, one.event); one.event != noDate && t.typ == "Encounter" {
						one.person.visit(one.event)
					}
				}
			}
		}
		if t.typ == "Coverage" && t.owned() {
			if err := s.coverage(said, t, out, rule); err != nil {
				return nil, nil, err
			}
		}
	}
	for pid, one := range s.people {
		if one.later > said.Newest {
			said.Later[pid] = one.later
		}
	}
	if rule == Contact || rule == Auto && !said.Covered {
		said.Visits = map[ID][2]int64{}
		for pid, one := range s.people {
			if one.latest != noDate {
				said.Visits[pid] = [2]int64{one.first, one.latest}
			}
		}
	}
	return said, dead, nil
}

// of is the person of a pid. Rows of one stand together.
func (s *Scan) of(pid []byte) *person {
	if s.newest != nil && string(s.last[:]) == string(pid) {
		return s.newest
	}
	id := ID(pid)
	one := s.people[id]
	if one == nil {
		one = &person{id: id, later: noDate, latest: noDate}
		if s.plan.profile == Shifted {
			one.days = s.shifts.Days(id)
		}
		s.people[id] = one
	}
	s.last, s.newest = id, one
	return one
}

// events takes the days of clinical events, as Finisher.eventDay finds them, and what their dates show.
func (s *Scan) events(t *typePlan, g *rowGroup) error {
	r := &s.rows
	clear(r.said)
	void := func(row int) { r.said[row] = true }
	if err := g.yes("negated", void); err != nil {
		return err
	}
	if column, codes, _ := s.plan.VoidColumn(t.typ); column != "" {
		if err := g.coded(column, codes, void); err != nil {
			return err
		}
	}
	event := func(row int, one *person, day int64) {
		r.said[row] = true
		if day < firstEvent || day >= endOfEvents {
			return
		}
		if at := r.at[row]; at > 0 {
			r.apart[at-1].event = day
			return
		}
		if s.event = max(s.event, day); t.typ == "Encounter" {
			one.visit(day)
		}
	}
	for _, i := range t.order {
		dated := slices.Contains(t.tables[0].dates, i)
		err := g.times(t.tables[0].Columns[i].Name, func(row int, ms int64) {
			one := r.people[row]
			if one == nil {
				return
			}
			day := floorDiv(ms, DayMs) + one.days
			if dated {
				r.shows(row, one, day)
			}
			if !r.said[row] {
				event(row, one, day)
			}
		})
		if err != nil {
			return err
		}
	}
	for _, i := range t.order {
		if err := s.sealed(t, g, t.tables[0].Columns[i].Name, event); err != nil {
			return err
		}
	}
	return nil
}

// sealed gives the true days of a column of dates that are sealed, of rows whose day is not known.
func (s *Scan) sealed(t *typePlan, g *rowGroup, name string, yield func(row int, one *person, day int64)) error {
	type sealedRow struct {
		row  int
		seal []byte
		rid  ID
	}
	var all []sealedRow // in the order of rows
	err := g.blobs(name+"_seal", func(row int, b []byte) {
		if s.rows.people[row] != nil && !s.rows.said[row] {
			all = append(all, sealedRow{row: row, seal: slices.Clone(b)})
		}
	})
	if err != nil || len(all) == 0 {
		return err
	}
	next := 0
	err = g.ids("rid", func(row int, rid []byte) {
		if next < len(all) && all[next].row == row {
			all[next].rid = ID(rid)
			next++
		}
	})
	if err != nil {
		return err
	}
	for _, one := range all {
		whose := s.rows.people[one.row]
		v, err := s.sealer.Open(one.seal, Place{Table: t.table, Column: name, PID: whose.id, RID: one.rid})
		if err != nil {
			return err
		}
		yield(one.row, whose, floorDiv(v.WallMs, DayMs))
	}
	return nil
}

// visit takes the day of an encounter.
func (one *person) visit(day int64) {
	if one.latest == noDate {
		one.first, one.latest = day, day
	}
	one.first, one.latest = min(one.first, day), max(one.latest, day)
}

// coverage takes the coverages that stay.
func (s *Scan) coverage(said *Said, t *typePlan, gone *IDSet, rule string) error {
	all, err := s.parts(t.table)
	if err != nil {
		return err
	}
	f := &Finisher{plan: s.plan, sealer: s.sealer, time: newObservable(rule), typ: t}
	asked := []string{"pid", "rid", "status"}
	for _, period := range []string{"period_start", "period_end"} {
		asked = append(asked, period, period+"_prec", period+"_seal")
	}
	for _, part := range all {
		rows := newRows(t.tables[0], []*parquet.File{part.File}, asked...)
		defer rows.close()
		for {
			r, err := rows.next()
			if err != nil {
				return err
			}
			if r == nil {
				break
			}
			v := version{rid: ID(r.Cell(1).Bytes)}
			if gone.has(v.rid[:]) || isDead(v.rid[:], part.Dead) {
				continue
			}
			if said.Covered = true; rule == Contact {
				return nil
			}
			f.pid = ID(r.Cell(0).Bytes)
			f.shift = s.of(f.pid[:]).days
			if err := f.coverage(&v, r); err != nil {
				return err
			}
		}
	}
	said.Covers = append(said.Covers, f.time.covered...)
	return nil
}

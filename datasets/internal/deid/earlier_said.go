package deid

import (
	"context"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Parts gives the objects of a table of an earlier extract.
type Parts func(table string) ([]Part, error)

// AddVersions takes how new the versions are that an earlier extract holds of the resources of a type that the Sorter was given,
// or that are deleted.
func (c *Collector) AddVersions(typ string, deleted []ID, parts Parts) error {
	t := c.sorter.plan.byName[typ]
	touched := &IDSet{}
	touched.Add(c.sorter.ids[t.kind]...)
	touched.Add(deleted...)
	if touched.Len() == 0 {
		return nil
	}
	all, err := parts(t.table)
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := p.groups(func(g *rowGroup) error { return c.addVersions(t, g, p.Dead, touched) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *Collector) addVersions(t *typePlan, g *rowGroup, dead []*IDSet, touched *IDSet) error {
	rids, err := g.ids("rid")
	if err != nil {
		return err
	}
	living, err := g.living(dead, nil)
	if err != nil {
		return err
	}
	met := map[int][]byte{} // seals, by row
	for row := range g.rows {
		if touched.has(rids[16*row:16*row+16]) && (living == nil || living[row]) {
			met[row] = nil
		}
	}
	if len(met) == 0 {
		return nil
	}
	var pids []byte
	if t.owned() {
		if pids, err = g.ids("pid"); err != nil {
			return err
		}
	}
	err = g.blobs("updated_seal", func(row int, b []byte) {
		if _, is := met[row]; is {
			met[row] = slices.Clone(b)
		}
	})
	if err != nil {
		return err
	}
	r := newOutRow(t.tables[0])
	var body []byte
	for row, seal := range met {
		rid, pid := ID(rids[16*row:]), ID{}
		if pids != nil {
			pid = ID(pids[16*row:])
		}
		if r.reset(); seal != nil {
			r.put(t.main.updatedSeal, Cell{Bytes: seal})
		}
		body = r.encode(appendHead(body[:0], &rid, 0, noDate, flagEarlier))
		if err := c.Add(Record{kind: uint8(t.kind), pid: pid, rid: rid, body: body}); err != nil {
			return err
		}
	}
	return nil
}

// saying gathers what the rows of an earlier extract say.
type saying struct {
	plan   *Plan
	shifts *Shifter
	sealer *Sealer
	parts  Parts
	said   *Said
	people map[ID]*person
	last   ID // the newest person asked for
	newest *person
}

// person is what is gathered of one.
type person struct {
	days          int64 // to add to the person's dates
	later         int64
	first, latest int64 // encounter; noDate when there is none
}

// Say reads what the rows of an earlier extract say that stay, and counts the rows by table that do not. What only a rule of observable
// time asks that is not used is left out; covered says that what was read now has coverage. It is not for an extract of
// linked patients.
func (p *Plan) Say(ctx context.Context, k *Key, parts Parts, gone map[string][]ID, rule string, covered bool) (*Said, map[string]int64, error) {
	s := &saying{
		plan: p, shifts: NewShifter(k), sealer: NewSealer(k), parts: parts, people: map[ID]*person{},
		said: &Said{Newest: noDate, Later: map[ID]int64{}, Covered: covered},
	}
	dead := map[string]int64{}
	for _, t := range p.types {
		if t.owner == "id" {
			continue
		}
		out := &IDSet{}
		out.Add(gone[t.typ]...)
		for i, table := range t.tables {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			if len(gone[t.typ]) == 0 && (!t.owned() || i > 0 && len(table.dates) == 0) {
				continue
			}
			all, err := parts(table.Name)
			if err != nil {
				return nil, nil, err
			}
			for _, part := range all {
				err := part.groups(func(g *rowGroup) error {
					n, err := s.group(t, table, g, part.Dead, out)
					dead[table.Name] += n
					return err
				})
				if err != nil {
					return nil, nil, err
				}
			}
		}
		if t.typ == "Coverage" && t.owned() {
			if err := s.coverage(t, out, rule); err != nil {
				return nil, nil, err
			}
		}
	}
	for pid, one := range s.people {
		if one.later > s.said.Newest {
			s.said.Later[pid] = one.later
		}
	}
	if rule == Contact || rule == Auto && !s.said.Covered {
		s.said.Visits = map[ID][2]int64{}
		for pid, one := range s.people {
			if one.latest != noDate {
				s.said.Visits[pid] = [2]int64{one.first, one.latest}
			}
		}
	}
	return s.said, dead, nil
}

// of is the person of a pid. Rows of one stand together.
func (s *saying) of(pid []byte) *person {
	if s.newest != nil && string(s.last[:]) == string(pid) {
		return s.newest
	}
	id := ID(pid)
	one := s.people[id]
	if one == nil {
		one = &person{later: noDate, latest: noDate}
		if s.plan.profile == Shifted {
			one.days = s.shifts.Days(id)
		}
		s.people[id] = one
	}
	s.last, s.newest = id, one
	return one
}

// group reads a row group, and counts its rows that do not stay.
func (s *saying) group(t *typePlan, table *Table, g *rowGroup, dead []*IDSet, gone *IDSet) (n int64, err error) {
	living, err := g.living(dead, gone)
	if err != nil {
		return 0, err
	}
	if gone.Len() > 0 {
		before, err := g.living(dead, nil)
		if err != nil {
			return 0, err
		}
		for row, lives := range living {
			if !lives && (before == nil || before[row]) {
				n++
			}
		}
	}
	if !t.owned() {
		return n, nil
	}
	main := table == t.tables[0]
	var dates []string
	for _, i := range table.dates {
		if name := table.Columns[i].Name; !g.empty(name) {
			dates = append(dates, name)
		}
	}
	events := main && t.clinical && len(t.order) > 0
	if len(dates) == 0 && !events {
		return n, nil
	}
	pids, err := g.ids("pid")
	if err != nil {
		return n, err
	}
	people := make([]*person, g.rows)
	for row := range people {
		if living == nil || living[row] {
			people[row] = s.of(pids[16*row : 16*row+16])
		}
	}
	for _, name := range dates {
		err := g.times(name, func(row int, ms int64) {
			if one := people[row]; one != nil {
				one.later = max(one.later, floorDiv(ms, DayMs)+one.days)
			}
		})
		if err != nil {
			return n, err
		}
	}
	if events {
		return n, s.events(t, g, people, pids)
	}
	return n, nil
}

// events takes the days of clinical events, as Finisher.eventDay finds them.
func (s *saying) events(t *typePlan, g *rowGroup, people []*person, pids []byte) error {
	for _, hide := range []func() error{
		func() error { return g.yes("negated", func(row int) { people[row] = nil }) },
		func() error {
			column, codes, _ := s.plan.VoidColumn(t.typ)
			if column == "" {
				return nil
			}
			return g.blobs(column, func(row int, b []byte) {
				if people[row] != nil && slices.Contains(codes, string(b)) {
					people[row] = nil
				}
			})
		},
	} {
		if err := hide(); err != nil {
			return err
		}
	}
	open := make([]bool, g.rows)
	for _, i := range t.order {
		err := g.times(t.tables[0].Columns[i].Name, func(row int, ms int64) {
			if one := people[row]; one != nil && !open[row] {
				open[row] = true
				s.event(t, one, floorDiv(ms, DayMs)+one.days)
			}
		})
		if err != nil {
			return err
		}
	}
	var rids []byte
	for _, i := range t.order {
		name := t.tables[0].Columns[i].Name
		var failed error
		err := g.blobs(name+"_seal", func(row int, b []byte) {
			one := people[row]
			if one == nil || open[row] || failed != nil {
				return
			}
			if rids == nil {
				if rids, failed = g.ids("rid"); failed != nil {
					return
				}
			}
			var v Value
			open[row] = true
			v, failed = s.sealer.Open(b, Place{Table: t.table, Column: name, PID: ID(pids[16*row:]), RID: ID(rids[16*row:])})
			if failed == nil {
				s.event(t, one, floorDiv(v.WallMs, DayMs))
			}
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *saying) event(t *typePlan, one *person, day int64) {
	if year, _, _ := civil(day); year < sentinelBefore || year >= sentinelFrom {
		return
	}
	s.said.Newest = max(s.said.Newest, day)
	if t.typ != "Encounter" {
		return
	}
	if one.latest == noDate {
		one.first, one.latest = day, day
	}
	one.first, one.latest = min(one.first, day), max(one.latest, day)
}

// coverage takes the coverages that stay.
func (s *saying) coverage(t *typePlan, gone *IDSet, rule string) error {
	all, err := s.parts(t.table)
	if err != nil {
		return err
	}
	f := &Finisher{plan: s.plan, sealer: s.sealer, time: newObservable(rule), typ: t}
	for _, part := range all {
		rows := newRows(t.tables[0], []*parquet.File{part.File})
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
			stays := gone.Len() == 0 || !gone.has(v.rid[:])
			for _, d := range part.Dead {
				stays = stays && (d.Len() == 0 || !d.has(v.rid[:]))
			}
			if !stays {
				continue
			}
			if s.said.Covered = true; rule == Contact {
				return nil
			}
			f.pid = ID(r.Cell(0).Bytes)
			f.shift = s.of(f.pid[:]).days
			if err := f.coverage(&v, r); err != nil {
				return err
			}
		}
	}
	s.said.Covers = append(s.said.Covers, f.time.covered...)
	return nil
}

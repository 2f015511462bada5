package deid

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"farr/datasets/fhir"
)

// PersonLink is the table of Patients whose rows are a person's of another pseudonym: the pseudonym that the Patient would have
// alone, and the person's. A removal, and a crosswalk, find by it who an id of a source is.
var PersonLink = &Table{Name: "person_link", Columns: []Column{{"pid", UUID}, {"person", UUID}}}

// gather puts the records of linked Patients under their persons, and drops those of whom somebody opted out elsewhere.
func (f *Finisher) gather(ctx context.Context, s *Sorter, collectors []*Collector) error {
	if f.persons == nil || len(f.persons.of)+len(f.persons.out) == 0 {
		return nil
	}
	for rid, o := range f.moved { // the patient of the newest version
		o.pid = f.persons.is(o.pid)
		f.moved[rid] = o
	}
	rows := map[*typePlan][]*Row{}
	return s.again(ctx, collectors, func(t *typePlan, pid ID, body []byte, add func(ID, []byte) error) error {
		if !t.owned() {
			return nil
		}
		if f.persons.out[pid] {
			v := versionOf(body)
			f.leave(t, pid, &v)
			return nil
		}
		person := f.persons.is(pid)
		if person == pid {
			return nil
		}
		if rows[t] == nil {
			for _, table := range t.tables {
				rows[t] = append(rows[t], newOutRow(table))
			}
		}
		moved, err := f.rehome(t, rows[t], pid, person, body)
		if err != nil {
			return err
		}
		return add(person, moved)
	})
}

// away says whether a pseudonym's records went to another, or nowhere.
func (f *Finisher) away(pid ID) bool {
	return f.persons != nil && (f.persons.out[pid] || f.persons.is(pid) != pid)
}

// leave drops a record of a person who opted out elsewhere, and every reference to it.
func (f *Finisher) leave(t *typePlan, pid ID, v *version) {
	if f.gone == nil {
		f.gone = map[ID]bool{}
	}
	f.gone[pid], f.gone[v.rid] = true, true
	f.moved[v.rid] = owner{updated: newestOfAll}
	f.LeftOut[t.typ]++
	f.LeftOutFrom[v.source()]++
}

// rehome is a record as if it had been extracted under another pseudonym: open dates are moved by the days of that, and what is
// sealed is sealed for it.
func (f *Finisher) rehome(t *typePlan, rows []*Row, from, to ID, body []byte) ([]byte, error) {
	v := versionOf(body)
	ms := int64(0)
	if f.plan.profile == Shifted {
		ms = (f.shifts.Days(from) - f.shifts.Days(to)) * DayMs
	}
	date := v.date
	if date != noDate && f.pad == nil {
		date += ms
	}
	flags := body[bodyFlags]
	out := appendHead(make([]byte, 0, len(body)), &v.rid, v.sequence, date, flags)
	for rest, at, first := v.rows, 0, true; first || len(rest) > 0; first = false {
		if !first {
			at = int(rest[0])
			rest, out = rest[1:], append(out, rest[0])
		}
		r := rows[at]
		rest = r.decode(rest)
		for _, i := range r.Set() {
			if r.table.Columns[i].Type == Timestamp {
				r.Cell(i).Number += ms
			}
		}
		ordinal := r.ordinal()
		if err := f.reseal(r, Place{Ordinal: ordinal, PID: from, RID: v.rid}, Place{Ordinal: ordinal, PID: to, RID: v.rid}, false); err != nil {
			return nil, err
		}
		out = r.encode(out)
	}
	return out, nil
}

// reseal seals what is sealed in a row for another place, to the day where that is asked for.
func (f *Finisher) reseal(r *Row, from, to Place, toDay bool) error {
	for _, i := range r.Set() {
		name, sealed := strings.CutSuffix(r.table.Columns[i].Name, "_seal")
		if !sealed {
			continue
		}
		from.Table, from.Column, to.Table, to.Column = r.table.Name, name, r.table.Name, name
		value, err := f.sealer.Open(r.Cell(i).Bytes, from)
		if err != nil {
			return err
		}
		if toDay {
			value = value.toDay()
		}
		r.Cell(i).Bytes = f.sealer.Seal(nil, to, value)
	}
	return nil
}

// toDay takes the time of day from a cell that is open. A day that is moved by days stays one.
func (r *Row) toDay(column int) {
	c := r.Cell(column)
	switch {
	case c.Null:
	case r.table.Columns[column].Type == Timestamp:
		c.Number = floorDiv(c.Number, DayMs) * DayMs
	case strings.HasSuffix(r.table.Columns[column].Name, "_prec"):
		c.Number = min(c.Number, int64(fhir.Day))
	}
}

// ordinal is that of a row of a child table, 0 of a main table.
func (r *Row) ordinal() int32 {
	if i := r.table.find("ordinal"); i >= 0 && !r.Cell(i).Null {
		return int32(r.Cell(i).Number)
	}
	return 0
}

// home empties or replaces what refers to a Patient who is somebody else's, in a row that is written.
func (f *Finisher) home(r *Row) {
	if f.persons == nil || len(f.persons.of) == 0 {
		return
	}
	for _, i := range r.Set() {
		if r.table.Columns[i].Type != UUID {
			continue
		}
		c := r.Cell(i)
		if person, linked := f.persons.of[ID(c.Bytes)]; linked {
			c.Bytes = slices.Clone(person[:])
		}
	}
}

// linkRows writes the table of Patients under another's pseudonym.
func (f *Finisher) linkRows() error {
	if f.persons == nil {
		return nil
	}
	all := make([]ID, 0, len(f.persons.of))
	for pid := range f.persons.of {
		all = append(all, pid)
	}
	slices.SortFunc(all, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
	for _, pid := range all {
		r, person := newOutRow(PersonLink), f.persons.of[pid]
		r.put(0, Cell{Bytes: pid[:]})
		r.put(1, Cell{Bytes: person[:]})
		if err := f.sink.Row(r); err != nil {
			return err
		}
	}
	return f.sink.Done(PersonLink)
}

// Linkage says what linkage found; nil where it was not asked for.
func (f *Finisher) Linkage() *Linkage {
	if f.persons == nil {
		return nil
	}
	counts := f.persons.counts
	return &counts
}

// onePatient makes one of the Patients of a person: the newest by lastUpdated, and what it lacks of the next that has it. It goes by what
// belongs together: birth date, sex, address, language, organization, and each extension. Of death the day counts
// before the word, and the word that somebody died before the word that they did not. The row is read in the zone of the newest one's source,
// so what comes from a source of another zone comes to the day.
func (f *Finisher) onePatient() error {
	g := &f.group
	if len(g.versions) < 2 {
		return nil
	}
	type said struct {
		owner
		at   int
		main *Row
		rest []byte
		away bool // of another zone than the newest
	}
	var all []said
	for i := range g.versions {
		v := &g.versions[i]
		o, err := f.ownerOf(f.typ, f.pid, v)
		if err != nil {
			return err
		}
		one := said{owner: o, at: i, main: newOutRow(f.typ.tables[0])}
		one.rest = one.main.decode(v.rows)
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b said) int {
		switch {
		case a.laterThan(b.owner):
			return -1
		case b.laterThan(a.owner):
			return 1
		}
		return 0
	})
	newest := g.versions[all[0].at]
	for i := range all {
		all[i].away = f.zones[g.versions[all[i].at].source()].Name() != f.zones[newest.source()].Name()
	}
	main := newOutRow(f.typ.tables[0])
	fill := func(from *said, has func(*Row) bool, columns ...string) (bool, error) {
		if !has(from.main) {
			return false, nil
		}
		for _, name := range columns {
			for _, suffix := range []string{"", "_prec", "_seal"} {
				if i := main.table.find(name + suffix); i >= 0 && !from.main.Cell(i).Null {
					c := *from.main.Cell(i)
					if suffix == "_seal" {
						value, err := f.sealer.Open(c.Bytes, Place{Table: main.table.Name, Column: name, PID: f.pid, RID: g.versions[from.at].rid})
						if err != nil {
							return false, err
						}
						if from.away {
							value = value.toDay()
						}
						c.Bytes = f.sealer.Seal(nil, Place{Table: main.table.Name, Column: name, PID: f.pid, RID: f.pid}, value)
					}
					main.put(i, c)
					if from.away {
						main.toDay(i)
					}
				}
			}
		}
		return true, nil
	}
	says := func(columns ...string) func(*Row) bool {
		return func(r *Row) bool {
			return slices.ContainsFunc(columns, func(name string) bool {
				return slices.ContainsFunc([]string{name, name + "_seal"}, func(column string) bool {
					i := r.table.find(column)
					return i >= 0 && !r.Cell(i).Null
				})
			})
		}
	}
	// What belongs together; every other column is a group of its own.
	together := [][]string{{"birth_date"}, {"zip3", "state", "zip5", "city"}}
	death := []string{"deceased_tag", "deceased_bool", "deceased_start"}
	own := []string{"source", "profiles", "negated", "active", "updated", "pid", "rid", "shift", "over_89"}
	known := slices.Concat(death, own)
	for _, group := range together {
		known = append(known, group...)
	}
	for _, c := range main.table.Columns {
		name := strings.TrimSuffix(strings.TrimSuffix(c.Name, "_seal"), "_prec")
		if !slices.Contains(known, name) {
			together, known = append(together, []string{name}), append(known, name)
		}
	}
	if _, err := fill(&all[0], func(*Row) bool { return true }, own...); err != nil {
		return err
	}
	for _, group := range together {
		for i := range all {
			if done, err := fill(&all[i], says(group...), group...); err != nil {
				return err
			} else if done {
				break
			}
		}
	}
	dead := func(r *Row) bool {
		i := r.table.find("deceased_bool")
		return i >= 0 && !r.Cell(i).Null && r.Cell(i).Number == 1
	}
	for _, has := range []func(*Row) bool{says("deceased_start"), dead, says("deceased_tag")} {
		i := slices.IndexFunc(all, func(s said) bool { return has(s.main) })
		if i >= 0 {
			if _, err := fill(&all[i], has, death...); err != nil {
				return err
			}
			break
		}
	}
	f.eldest = noDay
	for i := range all {
		birth, born, err := f.value(all[i].main, g.versions[all[i].at].rid, "birth_date")
		if err != nil {
			return err
		}
		if born {
			f.eldest = min(f.eldest, floorDiv(birth.WallMs, DayMs))
		}
	}
	if i := main.table.find("shift_seal"); i >= 0 {
		at := Place{Table: main.table.Name, Column: "shift", PID: f.pid, RID: f.pid}
		main.put(i, Cell{Bytes: f.sealer.Seal(nil, at, Value{WallMs: f.shifts.Days(f.pid)})})
	}
	body := appendHead(nil, &f.pid, newest.sequence, newest.date, flagsOf(&newest))
	body = main.encode(body)
	var rests []rest
	for i := range all {
		rests = append(rests, rest{all[i].rest, g.versions[all[i].at].rid, all[i].away})
	}
	body, err := f.children(body, rests)
	if err != nil {
		return err
	}
	for i := range all[1:] {
		v := &g.versions[all[i+1].at]
		f.Merged[f.typ.typ]++
		f.MergedFrom[v.source()]++
		f.cameOf(v)
	}
	g.reset()
	g.add(body)
	return nil
}

// rest are the child rows of a version.
type rest struct {
	rows []byte
	rid  ID
	away bool // their dates come to the day
}

// children takes of each child table, and of a table of extensions for each URL, the rows of the first version that has any.
func (f *Finisher) children(body []byte, all []rest) ([]byte, error) {
	type kind struct {
		table byte
		url   string
	}
	from, ordinals := map[kind]int{}, map[byte]int32{}
	for i, one := range all {
		for rows := one.rows; len(rows) > 0; {
			at := rows[0]
			r := newOutRow(f.typ.tables[at])
			rows = r.decode(rows[1:])
			k := kind{table: at}
			url := r.table.find("url")
			if url >= 0 {
				k.url = string(r.Cell(url).Bytes)
			}
			if first, taken := from[k]; taken && first != i {
				continue
			}
			from[k] = i
			was := r.ordinal()
			now := was
			if url >= 0 { // of several versions
				now = ordinals[at]
				ordinals[at]++
				r.put(r.table.find("ordinal"), Cell{Number: int64(now)})
			}
			if one.away {
				for _, column := range r.Set() {
					r.toDay(column)
				}
			}
			if err := f.reseal(r, Place{Ordinal: was, PID: f.pid, RID: one.rid}, Place{Ordinal: now, PID: f.pid, RID: f.pid}, one.away); err != nil {
				return nil, err
			}
			body = r.encode(append(body, at))
		}
	}
	return body, nil
}

func flagsOf(v *version) byte {
	flags := byte(0)
	if v.clinical {
		flags |= flagClinical
	}
	if v.aged {
		flags |= flagAged
	}
	return flags
}

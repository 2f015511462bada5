package deid

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// An extract can be made on top of an earlier one: of a resource that both have, the newest version of all counts, as if
// all lines had been read at once. So what the earlier extract holds of the resources in hand comes into the sort, too:
//
//   - its patients, whole, as first lines of the load (AddPatients): their rows and observable time are made again, since
//     they depend on everything;
//   - of other resources that a line names, or deletes, how new the version is (Plan.Scan). Where it is the newest it stays
//     where it stands, and nothing is written; where it is not, its rid is among the Gone.
//
// Of everything else of the earlier extract ids and dates are read alone. What its rows say of the whole (how far the data reach, who is
// observed when) comes as Said, once it is known which of them stay.

// Earlier is an earlier extract that a Finisher adds to.
type Earlier interface {
	// Said is asked once, when all but the patients are written. gone are the resources of the extract that do not stay, by
	// type; covered says that what was read now has coverage.
	Said(gone map[string][]ID, covered bool) (*Said, error)
}

// Said is what the rows of an earlier extract that stay say of the whole. Days are true, since 1970-01-01.
type Said struct {
	Newest  int64           // newest clinical event; noDate when there is none
	Later   map[ID]int64    // last day that a person's rows show, where it is after Newest
	Visits  map[ID][2]int64 // first and last encounter; may be nil where there is coverage
	Covered bool            // there is coverage
	Covers  []days          // of coverage in force
}

// VoidColumn is the column that tells void rows of a clinical type, with the codes that do; "" where no row is void. ok is false
// where no column tells.
func (p *Plan) VoidColumn(typ string) (column string, codes []string, ok bool) {
	t := p.byName[typ]
	if t.void.element == "" {
		return "", nil, true
	}
	for _, e := range t.elements {
		set := p.policy.values[e.values]
		if e.text != t.void.element || e.typ != "code" || e.actions[p.profile] != "keep" || set == nil {
			continue
		}
		for _, code := range t.void.texts {
			if _, kept := set.find([]byte(code)); !kept {
				return "", nil, false
			}
		}
		return e.column, t.void.texts, true
	}
	return "", nil, false
}

// Delete notes that a source deletes a resource. It takes away what stands before it: versions of a smaller sequence.
func (x *Extractor) Delete(typ, id string, sequence uint64) {
	t := x.plan.byName[typ]
	if t == nil {
		return
	}
	rid := x.pseudo.Of(typ, []byte(id))
	if x.deletions == nil {
		x.deletions = map[ID]*deletion{}
	}
	d := x.deletions[rid]
	if d == nil {
		d = &deletion{kind: t.kind}
		x.deletions[rid] = d
	}
	d.at = append(d.at, sequence)
}

// Deletions is whether the source deletes anything.
func (x *Extractor) Deletions() bool { return len(x.deletions) > 0 }

// deletion is when a resource was deleted, and of which of these times a version was met.
type deletion struct {
	kind int
	at   []uint64 // sequences
	met  map[int]bool
}

// after says whether a version was deleted after it.
func (d *deletion) after(v *version) bool { return d != nil && d.at[len(d.at)-1] > v.sequence }

// takes says whether a version was deleted after it, and first whether it is the first version of its time, which is
// the one that counts as deleted: others were superseded before.
func (d *deletion) takes(v *version) (taken, first bool) {
	if d == nil {
		return false, false
	}
	era, _ := slices.BinarySearch(d.at, v.sequence)
	if era == len(d.at) {
		return false, false
	}
	if d.met == nil {
		d.met = map[int]bool{}
	}
	first = !d.met[era]
	d.met[era] = true
	return true, first
}

func deletions(extractors []*Extractor) map[ID]*deletion {
	all := map[ID]*deletion{}
	for _, x := range extractors {
		for rid, d := range x.deletions {
			if other := all[rid]; other != nil {
				d.at = append(d.at, other.at...)
			}
			slices.Sort(d.at)
			all[rid] = d
		}
	}
	return all
}

// Deleted are the resources of a type that the source deletes.
func (x *Extractor) Deleted(typ string) (ids []ID) {
	t := x.plan.byName[typ]
	for rid, d := range x.deletions {
		if t != nil && d.kind == t.kind {
			ids = append(ids, rid)
		}
	}
	return ids
}

// StatesAges is how many persons' ages up to 89 the records state, where they may have to be hidden.
func (x *Extractor) StatesAges() int {
	if x.elders == nil {
		return 0
	}
	return len(x.elders.said)
}

// Links is whether a record names a link to another patient that is followed.
func (x *Extractor) Links() bool { return len(x.links.pairs) > 0 }

// KeepIDs lets a Sorter remember which resources it was given, for Plan.Scan.
func (s *Sorter) KeepIDs() { s.ids = make([][]ID, len(s.plan.types)) }

// AddPatients takes the patients of an earlier extract, of the objects of each of their tables in order.
func (c *Collector) AddPatients(k *Key, objects func(table string) ([]*parquet.File, error)) error {
	plan := c.sorter.plan
	t := plan.byName["Patient"]
	rows, err := newResources(t, objects)
	if err != nil {
		return err
	}
	defer rows.close()
	sealer, shifts := NewSealer(k), NewShifter(k)
	var body []byte
	for {
		main, rest, err := rows.next()
		if err != nil {
			return err
		}
		if main == nil {
			return nil
		}
		pid := ID(main.Cell(0).Bytes)
		main.empty(main.table.find("over_89"))
		if plan.profile == Shifted {
			sealBirth(main, pid, sealer, shifts.Days(pid))
		}
		body = append(main.encode(appendHead(body[:0], &pid, 0, noDate, flagEarlier)), rest...)
		if err := c.Add(Record{kind: uint8(t.kind), pid: pid, rid: pid, body: body}); err != nil {
			return err
		}
	}
}

// sealBirth seals a birth date that stands open, as it was when it was read: whether it may be shown is judged again.
func sealBirth(r *Row, pid ID, sealer *Sealer, days int64) {
	t := r.table
	open, prec, seal := t.find("birth_date"), t.find("birth_date_prec"), t.find("birth_date_seal")
	if open < 0 || seal < 0 || r.Cell(open).Null {
		return
	}
	v := Value{WallMs: r.Cell(open).Number + days*DayMs, Prec: Precision(r.Cell(prec).Number)}
	r.empty(open)
	r.put(seal, Cell{Bytes: sealer.Seal(nil, Place{Table: t.Name, Column: "birth_date", PID: pid, RID: pid}, v)})
}

// Load takes the rows of one of DictionaryTables that an earlier extract holds.
func (d *Dictionary) Load(table string, objects []*parquet.File) error {
	at := slices.IndexFunc(DictionaryTables, func(t *Table) bool { return t.Name == table })
	t := DictionaryTables[at]
	rows := newRows(t, objects)
	defer rows.close()
	earlier := NewDictionary()
	for {
		r, err := rows.next()
		if err != nil {
			return err
		}
		if r == nil {
			break
		}
		number := r.Cell(0).Number
		switch at {
		case 0:
			earlier.concepts[number] = append(earlier.concepts[number], coding{string(r.Cell(2).Bytes), string(r.Cell(3).Bytes)})
		case 1:
			earlier.lists[number] = append(earlier.lists[number], r.Cell(2).Number)
		case 2:
			earlier.profiles[number] = append(earlier.profiles[number], string(r.Cell(2).Bytes))
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	unite(d, d.concepts, earlier.concepts)
	unite(d, d.lists, earlier.lists)
	unite(d, d.profiles, earlier.profiles)
	return nil
}

// unite adds entries that an earlier extract holds.
func unite[T comparable](d *Dictionary, into, from map[int64][]T) {
	for number, content := range from {
		if known, is := into[number]; is && !slices.Equal(known, content) {
			d.clash = fmt.Errorf("two entries of the dictionary have the number %d", number)
		}
		into[number] = content
	}
}

// TombstoneTable holds rids of rows that are dead.
var TombstoneTable = &Table{Name: "tombstone", Columns: []Column{{"rid", UUID}}}

// Tombstones gives a row for each rid, in order. A row is valid during the call.
func Tombstones(rids []ID, yield func(*Row) error) error {
	slices.SortFunc(rids, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
	r := newOutRow(TombstoneTable)
	for _, rid := range slices.Compact(rids) {
		r.reset()
		r.put(0, Cell{Bytes: rid[:]})
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// ReadTombstones reads the rids of an object of them.
func ReadTombstones(f *parquet.File) (*IDSet, error) {
	all := &IDSet{}
	err := Part{File: f}.groups(func(g *rowGroup) error {
		return g.ids("rid", func(_ int, rid []byte) { all.Add(ID(rid)) })
	})
	return all, err
}

// resources reads the rows of one type together, resource by resource. The rows of its tables must be in one order.
type resources struct {
	t      *typePlan
	tables []*rows
	rest   []byte
}

func newResources(t *typePlan, objects func(table string) ([]*parquet.File, error)) (*resources, error) {
	r := &resources{t: t}
	for _, table := range t.tables {
		files, err := objects(table.Name)
		if err != nil {
			return nil, err
		}
		r.tables = append(r.tables, newRows(table, files))
	}
	return r, nil
}

func (r *resources) close() {
	for _, t := range r.tables {
		t.close()
	}
}

// next gives a main row, nil after the last, and its rows of child tables, as a Record has them. They are valid until the
// next call.
func (r *resources) next() (main *Row, rest []byte, err error) {
	if main, err = r.tables[0].next(); main == nil || err != nil {
		return nil, nil, err
	}
	at := 0
	if r.t.owned() {
		at = 1
	}
	rid := ID(main.Cell(at).Bytes)
	r.rest = r.rest[:0]
	for i, table := range r.tables[1:] {
		for {
			row, err := table.peek()
			if err != nil {
				return nil, nil, err
			}
			if row == nil || ID(row.Cell(at).Bytes) != rid {
				break
			}
			r.rest = row.encode(append(r.rest, byte(1+i)))
			if _, err := table.next(); err != nil {
				return nil, nil, err
			}
		}
	}
	return main, r.rest, nil
}

// settle takes what the rows of the earlier extract say that stay.
func (f *Finisher) settle() error {
	if f.earlier == nil {
		return nil
	}
	said, err := f.earlier.Said(f.Gone, f.time.any)
	if err != nil {
		return err
	}
	f.earlier = nil
	if f.newest = max(f.newest, said.Newest); !f.given && said.Newest != noDate && (!f.HasAsOf || said.Newest > f.AsOf) {
		f.AsOf, f.HasAsOf = said.Newest, true
	}
	for pid, day := range said.Later {
		if last, known := f.later[pid]; !known || day > last {
			f.later[pid] = day
		}
	}
	f.time.add(said)
	return nil
}

// add takes what an earlier extract says of observable time.
func (o *observable) add(said *Said) {
	o.any = o.any || said.Covered
	o.covered = append(o.covered, said.Covers...)
	byPID := func(a, b days) int { return bytes.Compare(a.pid[:], b.pid[:]) }
	slices.SortStableFunc(o.covered, byPID)
	all := o.visits
	for pid, v := range said.Visits {
		all = append(all, days{pid, v[0], v[1]})
	}
	slices.SortFunc(all, func(a, b days) int { return cmp.Or(byPID(a, b), cmp.Compare(a.low, b.low)) })
	o.visits = nil
	for _, v := range all {
		o.visit(v.pid, v.low)
		o.visit(v.pid, v.high)
	}
}

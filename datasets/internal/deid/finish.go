package deid

import (
	"context"

	"farr/datasets/fhir"
)

// Sink takes rows in their final order.
type Sink interface {
	// Row takes one row, valid during the call.
	Row(*Row) error
	// Done says that a table gets no more rows.
	Done(*Table) error
}

// Finisher turns sorted Records into rows: it keeps the newest version of each
// resource, orders a patient's rows by date, and fills what only the whole extract
// can tell: the as-of day, who is over 89, and observable time.
type Finisher struct {
	plan   *Plan
	zones  []*Zone // by number of the source
	shifts *Shifter
	sealer *Sealer
	pad    *pad // under safe-harbor
	sink   Sink
	out    []*LeftOut
	time   *observable
	later  map[ID]int64 // last day that a person's rows show, where it is after the newest event so far

	// AsOf is the as-of day in days since 1970-01-01: given, or else found as the
	// newest clinical event before 2100. HasAsOf is false when there is none.
	AsOf    int64
	HasAsOf bool
	given   bool
	newest  int64 // newest clinical event, noDate when there is none

	// AgesHidden is how many ages of persons over 89 were left out; what was over 89 itself is not among them.
	AgesHidden  int64
	elders      map[ID]bool // whose ages are not shown
	ageConcepts []int64

	// Stored, Superseded and Deleted count what became of the Records, by type.
	Stored, Superseded, Deleted map[string]int64
	// StoredFrom, SupersededFrom and DeletedFrom count them by number of the source.
	StoredFrom, SupersededFrom, DeletedFrom map[int]int64
	// LeftOut counts what was left out of persons who opted out in another source, and Merged Patients whose row is that of the
	// same person in another.
	LeftOut, Merged         map[string]int64
	LeftOutFrom, MergedFrom map[int]int64
	// Came has the true days, since 1970-01-01, of what is stored of each type from each of several sources; an empty set where nothing
	// of it has a day. nil of one source, and under safe-harbor, which knows of no day.
	Came map[Origin]map[int64]bool
	// Of an earlier extract that this one adds to: by type the resources that do not stay, and how many of them were replaced by a
	// newer version and how many deleted.
	Gone              map[string][]ID
	Replaced, Removed map[string]int64
	// Stale counts versions that are older than what the earlier extract has.
	Stale int64

	deletions map[ID]*deletion
	earlier   Earlier      // nil when there is none, or it has said what it has to
	moved     map[ID]owner // of resources that were seen under several patients
	gone      map[ID]bool  // what was left out, which nothing kept refers to
	family    *family      // of linked patients
	persons   *persons     // who is one person in several sources; nil without linkage
	eldest    int64        // earliest birth that Patients of the person in hand say, noDay when one alone says it

	typ   *typePlan
	pid   ID
	shift int64 // days; 0 where nothing is shifted
	// What to add to dates of a linked person, in milliseconds: they were moved by days of the person's own.
	moveMs int64
	group  group
	rows   []*Row // by table of the type in hand
	asked  *Row   // of ownerOf
}

// FinishConfig is what a Finisher needs beside the Records.
type FinishConfig struct {
	Plan       *Plan
	Key        *Key
	Dictionary *Dictionary
	Extractors []*Extractor // that made the Records, one a source, by number
	Sink       Sink
	Observable string // rule of observable time, see ObservableRules
	AsOf       int64  // days since 1970-01-01
	HasAsOf    bool
	Earlier    Earlier // extract that is added to; nil for none
}

// NewFinisher makes a finisher.
func NewFinisher(c FinishConfig) *Finisher {
	deleted := deletions(c.Extractors)
	f := &Finisher{
		plan: c.Plan, shifts: NewShifter(c.Key), sealer: NewSealer(c.Key), sink: c.Sink,
		AsOf: c.AsOf, HasAsOf: c.HasAsOf, given: c.HasAsOf, newest: noDate, time: newObservable(c.Observable),
		Stored: map[string]int64{}, Superseded: map[string]int64{}, Deleted: map[string]int64{},
		StoredFrom: map[int]int64{}, SupersededFrom: map[int]int64{}, DeletedFrom: map[int]int64{},
		LeftOut: map[string]int64{}, Merged: map[string]int64{}, LeftOutFrom: map[int]int64{}, MergedFrom: map[int]int64{},
		Gone: map[string][]ID{}, Replaced: map[string]int64{}, Removed: map[string]int64{},
		deletions: deleted, earlier: c.Earlier, moved: map[ID]owner{},
		later: map[ID]int64{}, persons: link(c.Extractors, deleted), eldest: noDay,
	}
	f.family, f.elders = newFamily(c.Extractors, f.persons), elderly(c.Extractors, f.persons, c.AsOf, c.HasAsOf)
	for _, x := range c.Extractors {
		f.zones = append(f.zones, x.zone)
		if x.out != nil {
			f.out = append(f.out, x.out)
		}
	}
	if len(f.elders) > 0 {
		f.ageConcepts = c.Dictionary.ages(c.Plan.policy)
	}
	if c.Plan.profile == SafeHarbor {
		f.pad = newPad(c.Key)
	} else if len(c.Extractors) > 1 {
		f.Came = map[Origin]map[int64]bool{}
	}
	return f
}

// Finish merges what the collectors took and gives every row to the sink.
func (f *Finisher) Finish(ctx context.Context, s *Sorter, collectors []*Collector) error {
	f.leaveOut()
	if err := s.several(ctx, collectors, f.learnOwner); err != nil {
		return err
	}
	if err := f.gather(ctx, s, collectors); err != nil {
		return err
	}
	err := s.merge(ctx, collectors, func(t *typePlan, first ID, body []byte) error {
		if t.owned() && f.away(first) {
			return nil // gather has it
		}
		if t != f.typ || first != f.pid {
			if err := f.endGroup(); err != nil {
				return err
			}
			if t != f.typ && t.typ == "Patient" {
				if err := f.settle(); err != nil {
					return err
				}
			}
			if err := f.begin(t, first); err != nil {
				return err
			}
		}
		f.group.add(body)
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.endGroup(); err != nil {
		return err
	}
	if err := f.settle(); err != nil { // where there is no patient
		return err
	}
	if err := f.begin(nil, ID{}); err != nil {
		return err
	}
	return f.linkRows()
}

// Links says what became of links between patients, and whether there were any.
func (f *Finisher) Links() (Links, bool) { return f.family.count() }

// begin turns to another type or patient.
func (f *Finisher) begin(t *typePlan, first ID) error {
	if t != f.typ {
		if f.typ != nil {
			for _, table := range f.typ.tables {
				if err := f.sink.Done(table); err != nil {
					return err
				}
			}
		}
		f.typ = t
		if t != nil {
			f.rows = f.rows[:0]
			for _, table := range t.tables {
				f.rows = append(f.rows, newOutRow(table))
			}
		}
	}
	f.pid, f.shift, f.moveMs = first, 0, 0
	if t != nil && t.owned() && f.plan.profile == Shifted {
		f.shift = f.shifts.Days(first)
		f.share()
	}
	if t != nil && t.typ == "Patient" {
		f.family.patient(first)
	}
	return nil
}

// endGroup writes the rows of one patient and type.
func (f *Finisher) endGroup() error {
	if err := f.dropSuperseded(); err != nil {
		return err
	}
	if f.typ != nil && f.typ.typ == "Patient" {
		f.eldest = noDay
		if err := f.onePatient(); err != nil {
			return err
		}
	}
	if f.plan.profile == SafeHarbor {
		f.group.byResource() // any other order could tell in which order things happened in a year
	} else {
		f.group.byDate()
	}
	for i := range f.group.order {
		if err := f.write(&f.group.versions[f.group.order[i].at]); err != nil {
			return err
		}
	}
	f.group.reset()
	return nil
}

// write gives the rows of one resource to the sink.
func (f *Finisher) write(v *version) error {
	if v.earlier && f.typ.typ != "Patient" {
		return nil // it stays where it stands
	}
	if !v.earlier {
		f.Stored[f.typ.typ]++
		f.StoredFrom[v.source()]++
	}
	main := f.rows[0]
	rest := main.decode(v.rows)
	f.common(main, &v.rid)
	if f.moveMs != 0 {
		f.move(main)
		if v.date != noDate {
			v.date += f.moveMs
		}
	}
	if err := f.learn(v, main); err != nil {
		return err
	}
	if err := f.noteCame(v, main); err != nil {
		return err
	}
	switch patient := f.typ.typ == "Patient"; {
	case patient && f.plan.profile == SafeHarbor:
		if err := f.patientInYears(v, main); err != nil {
			return err
		}
	case patient:
		if err := f.patient(v, main); err != nil {
			return err
		}
	case f.typ.owned():
		f.noteLater(main)
	}
	hide := v.aged && f.elders[f.pid]
	if hide {
		f.hideAges(main)
	}
	f.forget(main)
	f.home(main)
	if err := f.sink.Row(main); err != nil {
		return err
	}
	for len(rest) > 0 {
		child := f.rows[rest[0]]
		rest = child.decode(rest[1:])
		f.common(child, &v.rid)
		if f.moveMs != 0 {
			f.move(child)
		}
		if f.typ.owned() {
			f.noteLater(child)
		}
		if hide {
			f.hideAges(child)
		}
		f.forget(child)
		f.home(child)
		if err := f.sink.Row(child); err != nil {
			return err
		}
	}
	return nil
}

// common fills what the order of the records says of a row already: pid and rid, which are
// the first columns of every table.
func (f *Finisher) common(r *Row, rid *ID) {
	at := 0
	if f.typ.owned() {
		r.put(0, Cell{Bytes: f.pid[:]})
		at = 1
	}
	r.put(at, Cell{Bytes: rid[:]})
}

// learn takes from a resource what later rows need: how far the data reach, and
// when the patient was there.
func (f *Finisher) learn(v *version, r *Row) error {
	if v.clinical {
		day, ok, err := f.eventDay(v, r)
		if err != nil {
			return err
		}
		if ok {
			f.newest = max(f.newest, day)
			if !f.given && (!f.HasAsOf || day > f.AsOf) {
				f.AsOf, f.HasAsOf = day, true
			}
			if f.typ.typ == "Encounter" {
				f.time.visit(f.pid, day)
			}
		}
	}
	if f.typ.typ == "Coverage" {
		return f.coverage(v, r)
	}
	return nil
}

// Events outside these years are stand-ins for "unknown" and "for ever".
const sentinelBefore, sentinelFrom = 1901, 2100

// firstEvent is the first day of these years, endOfEvents the first after them.
var firstEvent, endOfEvents = daysFromCivil(sentinelBefore, 1, 1), daysFromCivil(sentinelFrom, 1, 1)

// eventDay is the true day of a resource, unless it has none or a stand-in.
func (f *Finisher) eventDay(v *version, r *Row) (day int64, ok bool, err error) {
	if v.date != noDate && f.pad == nil {
		day, ok = floorDiv(v.date, DayMs)+f.shift, true
	}
	for i := 0; !ok && i < len(f.typ.order); i++ {
		var value Value
		if value, ok, err = f.value(r, v.rid, r.table.Columns[f.typ.order[i]].Name); err != nil {
			return 0, false, err
		}
		if day = floorDiv(value.WallMs, DayMs); f.pad != nil {
			day = value.upperDay() // of a year, the day by which it happened
		}
	}
	return day, ok && day >= firstEvent && day < endOfEvents, nil
}

// value is the true value of a date element of a main table.
func (f *Finisher) value(r *Row, rid ID, name string) (Value, bool, error) {
	t := r.table
	if ts := r.Cell(t.find(name)); !ts.Null {
		return Value{WallMs: ts.Number + f.shift*DayMs, Prec: Precision(r.Cell(t.find(name + "_prec")).Number)}, true, nil
	}
	seal := t.find(name + "_seal")
	if seal < 0 {
		return Value{}, false, nil
	}
	sealed := r.Cell(seal)
	if sealed.Null {
		return Value{}, false, nil
	}
	v, err := f.sealer.Open(sealed.Bytes, Place{Table: t.Name, Column: name, PID: f.pid, RID: rid})
	return v, err == nil, err
}

// lifetime is a person's birth and death, each with whether it is known.
func (f *Finisher) lifetime(v *version, r *Row) (birth Value, born bool, death Value, dead bool, err error) {
	if birth, born, err = f.value(r, v.rid, "birth_date"); err == nil {
		death, dead, err = f.value(r, v.rid, "deceased_start")
	}
	return birth, born, death, dead, err
}

// patient decides what is shown of a birth date, and writes observable time. Age is
// judged at the last of the as-of day, the newest event and the person's death: with the birth
// date they would show an age over 89. So would a day that is yet to come, as the end of a prescription:
// then the birth date is sealed, too, but nobody is called over 89 for it.
func (f *Finisher) patient(v *version, r *Row) error {
	t := r.table
	birth, born, death, dead, err := f.lifetime(v, r)
	if err != nil {
		return err
	}
	if born && f.HasAsOf {
		last, later := max(f.AsOf, f.newest), int64(noDate)
		if dead {
			last = max(last, floorDiv(death.WallMs, DayMs))
		}
		if day, known := f.later[f.pid]; known {
			later = day
		}
		born := min(floorDiv(birth.WallMs, DayMs), f.eldest)
		over := ageYears(born, last) > 89
		n := int64(0)
		if over {
			n = 1
		}
		r.put(t.find("over_89"), Cell{Number: n})
		year, _, _ := civil(floorDiv(birth.WallMs, DayMs))
		if f.plan.profile == Shifted && ageYears(born, max(last, later)) <= 89 && !death.HasOffset && !birth.HasOffset && birth.Prec >= fhir.Day && year < int64(f.plan.policy.years.high) {
			r.put(t.find("birth_date"), Cell{Number: birth.WallMs - f.shift*DayMs})
			r.empty(t.find("birth_date_seal"))
		}
	}
	last := f.AsOf
	if dead {
		last = min(last, death.upperDay())
	}
	return f.periods(last)
}

package deid

import "bytes"

// Patient.link says that two Patient resources are about one person. Their dates are moved by the same days, that
// of the smallest pseudonym among them, so that the time between an event of one and an event of the other stays
// true. Otherwise who knows them to be one person would see two shifts of the same dates. They stay two persons in
// every table and every count, each under a pseudonym of its own, and who is linked to whom is not kept. (Linkage of
// several sources is another thing: link.go.)
//
// A link may stand after everything that it is about, so rows are moved from their own shift to the shared one
// when they are written. That asks for memory for the links alone, and for nothing where there is none.

// Links say what became of the links between patients, over all versions of a Patient that were read.
type Links struct {
	Followed  int64 `json:"followed"`    // to another patient, once for each two patients and direction
	Persons   int64 `json:"persons"`     // Patient resources that share a shift with another
	NotInLoad int64 `json:"not_in_load"` // of those followed, to a patient whose resource is not in the load
	Self      int64 `json:"self"`        // of a Patient to itself
	Others    int64 `json:"others"`      // to a RelatedPerson, which is a record about the person and not the person's
	Unusable  int64 `json:"unusable"`    // by identifier, contained, conditional or malformed
}

// linked are the links that an extractor found.
type linked struct {
	pairs  map[[2]ID]bool // from, to
	counts Links          // of those that are not followed
	now    []refResult    // of the record in hand
}

// shareStep reads the links of a Patient. They count when the record is stored.
func shareStep() step {
	return func(x *Extractor, _ *row, list fhirNode) {
		for link := range list.Items() {
			to, _ := x.reference(patientField, link.Get("other"))
			x.links.now = append(x.links.now, to)
		}
	}
}

// add takes the links of the record in hand, of a patient.
func (l *linked) add(from ID) {
	for _, to := range l.now {
		switch {
		case to.is == refOtherType:
			l.counts.Others++
		case to.is != refGood:
			l.counts.Unusable++
		case to.id == from:
			l.counts.Self++
		default:
			if l.pairs == nil {
				l.pairs = map[[2]ID]bool{}
			}
			l.pairs[[2]ID{from, to.id}] = true
		}
	}
	l.now = l.now[:0]
}

// family finds for each linked person the one whose shift all share.
type family struct {
	first map[ID]ID // towards the smallest pseudonym
	here  map[ID]bool
	pairs map[[2]ID]bool
	Links
}

func newFamily(extractors []*Extractor, p *persons) *family {
	f := &family{first: map[ID]ID{}, here: map[ID]bool{}, pairs: map[[2]ID]bool{}}
	for _, x := range extractors {
		for pair := range x.links.pairs {
			pair = [2]ID{p.is(pair[0]), p.is(pair[1])}
			f.pairs[pair] = true
			a, b := f.of(pair[0]), f.of(pair[1])
			if bytes.Compare(a[:], b[:]) > 0 {
				a, b = b, a
			}
			f.first[b] = a
		}
		c := x.links.counts
		f.Self, f.Others, f.Unusable = f.Self+c.Self, f.Others+c.Others, f.Unusable+c.Unusable
	}
	return f
}

// of is the smallest pseudonym of the persons linked with one.
func (f *family) of(pid ID) ID {
	first := pid
	for next, known := f.first[first]; known && next != first; next = f.first[first] {
		first = next
	}
	for pid != first { // the way is short from now on
		pid, f.first[pid] = f.first[pid], first
	}
	f.first[first] = first
	return first
}

// shares is the person whose shift a person has, when it is linked with others.
func (f *family) shares(pid ID) (ID, bool) {
	if _, known := f.first[pid]; !known {
		return ID{}, false
	}
	return f.of(pid), true
}

// patient notes that a Patient is in the load.
func (f *family) patient(pid ID) {
	if _, known := f.first[pid]; known {
		f.here[pid] = true
	}
}

// count says what became of the links, and whether there were any.
func (f *family) count() (Links, bool) {
	l := f.Links
	size := map[ID]int64{}
	for pid := range f.here {
		size[f.of(pid)]++
	}
	for _, n := range size {
		if n > 1 {
			l.Persons += n
		}
	}
	for pair := range f.pairs {
		l.Followed++
		if !f.here[pair[1]] {
			l.NotInLoad++
		}
	}
	return l, l != Links{}
}

// share turns from a linked person's own shift to the shared one.
func (f *Finisher) share() {
	first, is := f.family.shares(f.pid)
	if !is {
		return
	}
	days := f.shifts.Days(first)
	f.moveMs, f.shift = (f.shift-days)*DayMs, days
}

// move moves the open dates of a row to the shared shift. Sealed ones are true, and the same under any.
func (f *Finisher) move(r *Row) {
	for _, i := range r.Set() {
		if r.table.Columns[i].Type == Timestamp {
			r.Cell(i).Number += f.moveMs
		}
	}
	if i := r.table.find("shift_seal"); i >= 0 {
		at := Place{Table: r.table.Name, Column: "shift", PID: f.pid, RID: f.pid}
		r.put(i, Cell{Bytes: f.sealer.Seal(nil, at, Value{WallMs: f.shift})})
	}
}

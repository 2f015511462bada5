package deid

import (
	"bytes"
	"cmp"
	"slices"
)

// group is what one patient has of one type, while it is put in order.
type group struct {
	versions []version
	order    []place
	bytes    []byte // of the bodies
}

// place is a version by the number it is sorted by.
type place struct {
	by uint64
	at int32 // in group.versions
}

// add takes a body, and copies it.
func (g *group) add(body []byte) {
	// What is in the group stays valid when the buffer grows: it keeps its old array.
	at := len(g.bytes)
	g.bytes = append(g.bytes, body...)
	g.versions = append(g.versions, versionOf(g.bytes[at:len(g.bytes):len(g.bytes)]))
}

func (g *group) reset() { g.versions, g.order, g.bytes = g.versions[:0], g.order[:0], g.bytes[:0] }

// sort orders all versions by a number, and what has the same number by rid and sequence.
func (g *group) sort(by func(*version) uint64) {
	g.order = g.order[:0]
	for i := range g.versions {
		g.order = append(g.order, place{by(&g.versions[i]), int32(i)})
	}
	slices.SortFunc(g.order, func(x, y place) int {
		if x.by != y.by {
			return cmp.Compare(x.by, y.by)
		}
		a, b := &g.versions[x.at], &g.versions[y.at]
		return cmp.Or(bytes.Compare(a.rid[:], b.rid[:]), cmp.Compare(a.sequence, b.sequence))
	})
}

// byDate orders by date and then rid, which is the order of rows.
func (g *group) byDate() {
	const signBit = 1 << 63 // flipped, a signed number keeps its order without a sign
	g.sort(func(v *version) uint64 { return uint64(v.date) ^ signBit })
}

// byResource puts versions of one resource side by side.
func (g *group) byResource() { g.sort(func(v *version) uint64 { return v.rid.head() }) }

// dropSuperseded leaves the newest version of each resource in the group, and none of one that
// moved to another patient.
func (f *Finisher) dropSuperseded() error {
	g := &f.group
	g.byResource()
	superseded := false
	for i := range g.order {
		v := &g.versions[g.order[i].at]
		again := i > 0 && g.versions[g.order[i-1].at].rid == v.rid
		_, moved := f.moved[v.rid]
		superseded = superseded || again || moved || f.deletions[v.rid] != nil
	}
	if !superseded {
		return nil
	}
	var kept []version
	for i := range g.order {
		v := g.versions[g.order[i].at]
		if taken, first := f.deletions[v.rid].takes(&v); taken {
			f.drop(&v, first)
			continue
		}
		if to, moved := f.moved[v.rid]; moved && to.pid != f.pid {
			f.stale(&v, to.sequence)
			f.drop(&v, false)
			continue
		}
		n := len(kept) - 1
		if n < 0 || kept[n].rid != v.rid {
			kept = append(kept, v)
			continue
		}
		old, err := f.ownerOf(f.typ, f.pid, &kept[n])
		if err != nil {
			return err
		}
		now, err := f.ownerOf(f.typ, f.pid, &v)
		if err != nil {
			return err
		}
		if now.laterThan(old) {
			kept[n], v = v, kept[n]
		}
		f.stale(&v, kept[n].sequence)
		f.drop(&v, false)
	}
	g.versions = append(g.versions[:0], kept...)
	return nil
}

// stale counts a version that gives way to one of the earlier extract, whose versions come before all lines.
func (f *Finisher) stale(v *version, to uint64) {
	if !v.earlier && to == 0 {
		f.Stale++
	}
}

// drop counts a version that does not stay.
func (f *Finisher) drop(v *version, deleted bool) {
	counts := [2]map[string]int64{f.Superseded, f.Deleted}
	from := [2]map[int]int64{f.SupersededFrom, f.DeletedFrom}
	which := 0
	if deleted {
		which = 1
	}
	if v.earlier {
		counts = [2]map[string]int64{f.Replaced, f.Removed}
		f.Gone[f.typ.typ] = append(f.Gone[f.typ.typ], v.rid)
	} else {
		from[which][v.source()]++
	}
	counts[which][f.typ.typ]++
}

// owner is a version's patient, and how new the version is.
type owner struct {
	pid      ID
	updated  int64 // lastUpdated in milliseconds UTC; noDate, the oldest, when there is none
	sequence uint64
}

func (o owner) laterThan(other owner) bool {
	return cmp.Or(cmp.Compare(o.updated, other.updated), cmp.Compare(o.sequence, other.sequence)) > 0
}

// learnOwner notes the patient of the newest version of a resource that may have been seen under several.
func (f *Finisher) learnOwner(t *typePlan, pid ID, body []byte) error {
	v := versionOf(body)
	if f.deletions[v.rid].after(&v) {
		return nil
	}
	o, err := f.ownerOf(t, pid, &v)
	if err != nil {
		return err
	}
	if best, seen := f.moved[v.rid]; !seen || o.laterThan(best) {
		f.moved[v.rid] = o
	}
	return nil
}

// ownerOf opens what hides a version's lastUpdated.
func (f *Finisher) ownerOf(t *typePlan, pid ID, v *version) (owner, error) {
	if f.pad != nil {
		return owner{pid, v.date ^ f.pad.of(&v.rid, v.sequence), v.sequence}, nil
	}
	if f.asked == nil || f.asked.table != t.tables[0] {
		f.asked = newOutRow(t.tables[0])
	}
	row := f.asked
	row.decode(v.rows)
	o := owner{pid, noDate, v.sequence}
	sealed := row.Cell(t.main.updatedSeal)
	if sealed.Null {
		return o, nil
	}
	at := Place{Table: t.table, Column: "updated", PID: pid, RID: v.rid}
	if !t.owned() {
		at.PID = ID{}
	}
	value, err := f.sealer.Open(sealed.Bytes, at)
	o.updated = value.UTCMs(f.zones[v.source()])
	return o, err
}

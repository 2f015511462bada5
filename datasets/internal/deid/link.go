package deid

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// Linkage tells which Patients of different sources are one person, so that the person counts once. It goes in four steps:
//
//	claims   what each Patient says of who it is, as keyed tokens, in memory alone (link_claim.go)
//	pairs    Patients of two sources that agree in enough of it (link_rules.go)
//	persons  pairs without a contradiction, put together (below)
//	rows     of all a person's Patients go under the smallest of their pseudonyms, before they are merged (link_rows.go)
//
// Rows could as well have stayed under their own pseudonyms, with a join in every reader. They do not: a reader that forgot the join
// would count a person twice, shards and parts of persons are ranges of pseudonyms, and observable time, ages over 89 and the order
// of rows are then a person's by the same code that makes them of one source. Nothing is lost by it, since a person has at most
// one Patient in a source: source and person say which it was.
//
// Two Patients of one source are never one person here. Whoever keeps the source has looked at both, and with more than
// tokens; where they are one, Patient.link says it (links.go).

// claim is what a Patient says of who it is. No part of it leaves the memory of the run.
type claim struct {
	pid      ID
	source   uint8
	out      bool // the person opted out, or was removed
	sex      byte // m, f, or 0
	updated  int64
	sequence uint64
	born     int32 // noLinkDay when it is not known to the day
	died     span32
	tokens   []uint64 // the fields, one after another
	ends     [linkFields]uint8
	near     []uint32 // of families: the name without each of its letters
}

// span32 is a span of days; low is noLinkDay when there is none.
type span32 struct{ low, high int32 }

const noLinkDay = -1 << 31

// The fields of a claim that are compared by tokens.
const (
	linkFamily = iota
	linkSound  // of the family name
	linkGiven
	linkPhone
	linkStreet
	linkZIP5
	linkZIP3
	linkFields
)

// field are the tokens of one field.
func (c *claim) field(f int) []uint64 {
	low := uint8(0)
	if f > 0 {
		low = c.ends[f-1]
	}
	return c.tokens[low:c.ends[f]]
}

// Linkage is what became of it, in counts.
type Linkage struct {
	Patients int64 `json:"patients"` // in the load, over all sources
	Unusable int64 `json:"unusable"` // of them, those that say too little to be compared
	Persons  int64 `json:"persons"`  // after linkage: of Patients those of one person counted once
	Linked   int64 `json:"linked"`   // pairs of Patients that are one person
	// ByRule are the linked pairs by the strictest rule that holds.
	ByRule map[string]int64 `json:"by_rule"`
	// BySize are the persons with several Patients, by how many.
	BySize map[string]int64 `json:"by_size"`
	// BySources are the linked pairs by the names of their sources.
	BySources map[string]int64 `json:"by_sources"`
	// NotLinked are pairs that a rule would link and that are not, by why.
	NotLinked map[string]int64 `json:"not_linked"`
	// OptedOut are Patients left out because the person opted out, or was removed, in another source.
	OptedOut int64 `json:"opted_out,omitempty"`
}

// persons are the Patients that linkage put together.
type persons struct {
	of     map[ID]ID   // Patient to person, where that is another pseudonym
	heads  map[ID]bool // persons with several Patients
	out    map[ID]bool // Patients who are left out, of persons who opted out elsewhere
	counts Linkage
}

// is the person of a Patient.
func (p *persons) is(pid ID) ID {
	if p == nil {
		return pid
	}
	if person, linked := p.of[pid]; linked {
		return person
	}
	return pid
}

// link finds the persons of the Patients that are not deleted. It asks for about 300 bytes for each Patient, of the heap, until it is
// done.
func link(extractors []*Extractor, deleted map[ID]*deletion) *persons {
	var all []claim
	var names []string
	for _, x := range extractors {
		if x.claims == nil {
			return nil
		}
		all, names = append(all, x.claims.list...), append(names, x.source)
		x.claims.list = nil
	}
	all = slices.DeleteFunc(all, func(c claim) bool {
		return !c.out && deleted[c.pid].after(&version{sequence: c.sequence}) // who opted out has, in other sources too
	})
	all = newestClaims(all)
	p := &persons{of: map[ID]ID{}, heads: map[ID]bool{}, out: map[ID]bool{}, counts: Linkage{
		ByRule: map[string]int64{}, BySize: map[string]int64{}, BySources: map[string]int64{}, NotLinked: map[string]int64{},
	}}
	for i := range all {
		if !all[i].usable() {
			p.counts.Unusable++
		}
	}
	groups := group32{}
	pairs := choose(all, p.counts.NotLinked)
	for _, q := range pairs {
		groups.join(q.a, q.b)
	}
	members := map[int32][]int32{}
	for _, q := range pairs {
		for _, i := range []int32{q.a, q.b} {
			first := groups.first(i)
			if !slices.Contains(members[first], i) {
				members[first] = append(members[first], i)
			}
		}
	}
	whole := map[int32]bool{}
	for first, list := range members {
		whole[first] = consistent(all, list)
	}
	for _, q := range pairs {
		if !whole[groups.first(q.a)] {
			p.counts.NotLinked[notAlike]++
			continue
		}
		p.counts.Linked++
		p.counts.ByRule[linkRules[q.rule].name]++
		one, other := names[all[q.a].source], names[all[q.b].source]
		p.counts.BySources[min(one, other)+"+"+max(one, other)]++
	}
	gone := int64(0)
	for first, list := range members {
		if whole[first] {
			gone += p.take(all, list)
		}
	}
	for i := range all {
		if !all[i].out && !p.out[all[i].pid] {
			p.counts.Patients++
		}
	}
	p.counts.Persons = p.counts.Patients - gone
	return p
}

// take makes a person of some claims, and says how many Patients fewer there are.
func (p *persons) take(all []claim, list []int32) int64 {
	if slices.ContainsFunc(list, func(i int32) bool { return all[i].out }) {
		for _, i := range list {
			if !all[i].out {
				p.out[all[i].pid] = true
				p.counts.OptedOut++
			}
		}
		return 0
	}
	person := slices.MinFunc(list, func(i, j int32) int { return bytes.Compare(all[i].pid[:], all[j].pid[:]) })
	for _, i := range list {
		if i != person {
			p.of[all[i].pid] = all[person].pid
		}
	}
	p.heads[all[person].pid] = true
	p.counts.BySize[strconv.Itoa(len(list))]++
	return int64(len(list) - 1)
}

// newestClaims leaves the claim of the newest version of each Patient, in order of pseudonyms.
func newestClaims(all []claim) []claim {
	slices.SortFunc(all, func(a, b claim) int {
		return cmp.Or(bytes.Compare(a.pid[:], b.pid[:]), cmp.Compare(b.updated, a.updated), cmp.Compare(b.sequence, a.sequence))
	})
	return slices.CompactFunc(all, func(a, b claim) bool { return a.pid == b.pid })
}

// consistent says whether claims that pairs put together may all be one person's: no two are of one source, and no two
// contradict each other.
func consistent(all []claim, list []int32) bool {
	for n, i := range list {
		for _, j := range list[:n] {
			if all[i].source == all[j].source || contradiction(&all[i], &all[j]) != "" {
				return false
			}
		}
	}
	return true
}

// group32 puts numbers together; see family for the same over pseudonyms.
type group32 map[int32]int32

func (g group32) first(i int32) int32 {
	for {
		next, known := g[i]
		if !known || next == i {
			return i
		}
		i = next
	}
}

func (g group32) join(a, b int32) {
	a, b = g.first(a), g.first(b)
	g[max(a, b)] = min(a, b)
}

package measures

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tally counts subjects in the populations of a group.
type tally struct {
	populations []reportedPopulation
	counts      []int64
	pids        []map[string]bool // who is in each, where that is asked for
}

func newTally(d Definition, list bool) *tally {
	t := &tally{populations: populationsIn(d)}
	t.counts = make([]int64, len(t.populations))
	if list {
		for range t.populations {
			t.pids = append(t.pids, map[string]bool{})
		}
	}
	return t
}

// add counts a subject by the bits of its populations.
func (t *tally) add(pid string, bits int64) {
	for i, p := range t.populations {
		if bits>>p.bit&1 == 0 {
			continue
		}
		t.counts[i]++
		if t.pids != nil {
			t.pids[i][pid] = true
		}
	}
}

// groupTally counts a group as a whole and by the values of its stratifiers.
type groupTally struct {
	definition Definition
	all        *tally
	strata     map[string]map[string]*tally
	list       bool
}

func newGroupTally(d Definition, list bool) *groupTally {
	return &groupTally{d, newTally(d, list), map[string]map[string]*tally{}, list}
}

func (g *groupTally) add(s subjectRow) {
	if s.stratum == stratumAll {
		g.all.add(s.pid, s.populations)
		return
	}
	values := g.strata[s.stratum]
	if values == nil {
		values = map[string]*tally{}
		g.strata[s.stratum] = values
	}
	if values[s.value] == nil {
		values[s.value] = newTally(g.definition, g.list)
	}
	values[s.value].add(s.pid, s.populations)
}

// lister makes the contained Lists of a report.
type lister struct {
	contained []reportList
	item      func(pid string) reference
}

// of contains a List of subjects and refers to it; there is none of nobody, since a List
// would have no entry.
func (l *lister) of(pids map[string]bool) *reference {
	if len(pids) == 0 {
		return nil
	}
	one := reportList{ResourceType: "List", ID: fmt.Sprintf("list-%d", len(l.contained)+1), Status: "current", Mode: "snapshot"}
	for _, pid := range slices.Sorted(maps.Keys(pids)) {
		one.Entry = append(one.Entry, listEntry{l.item(pid)})
	}
	l.contained = append(l.contained, one)
	return &reference{Reference: "#" + one.ID}
}

// populations are a tally in FHIR.
func (g *groupTally) populations(t *tally, l *lister, ids bool) (list []reportPopulation) {
	for i, p := range t.populations {
		one := reportPopulation{Code: codeableConcept{Coding: []coding{{System: systemPopulation, Code: p.code}}}, Count: t.counts[i]}
		if ids { // an element's id is unique in its resource
			one.ID = p.id
		}
		if t.pids != nil {
			one.SubjectResults = l.of(t.pids[i])
		}
		list = append(list, one)
	}
	return list
}

// group is a group in FHIR. score gives the score of a stratum's value; nil gives none.
func (g *groupTally) group(l *lister, score func(stratum, value string) *quantity) reportGroup {
	d := g.definition
	out := reportGroup{Code: codeableConcept{Text: d.Title}, Population: g.populations(g.all, l, true), MeasureScore: score(stratumAll, stratumAll)}
	if d.Published != nil {
		out.ID = d.Published.GroupID
	}
	for _, s := range strataOf(d) {
		one := reportStratifier{ID: s.ID, Code: []codeableConcept{{Text: s.Name}}}
		values := g.strata[s.Name]
		for _, v := range slices.Sorted(maps.Keys(values)) {
			one.Stratum = append(one.Stratum, reportStratum{codeableConcept{Text: orUnknown(v)}, g.populations(values[v], l, false), score(s.Name, v)})
		}
		out.Stratifier = append(out.Stratifier, one)
	}
	return out
}

// orUnknown is a text that FHIR takes: it has none that are empty.
func orUnknown(value string) string {
	if strings.TrimSpace(value) == "" {
		return "unknown"
	}
	return value
}

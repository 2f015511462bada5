package disclose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// entry is an event of a person in a made cohort of every event.
type entry struct {
	person, month int // months from January 2023
	left          int // rules passed
	atRisk        [2]bool
	event         [2]bool
	level, trait  int
}

// crowd is entries of persons of whom some have many, as in an emergency department.
func crowd(r *rand.Rand) []entry {
	var out []entry
	usual, rare := r.IntN(3) == 0, r.IntN(2) == 0 // nearly all have the event; two groups are of few who come often
	for person := range 40 + r.IntN(250) {
		often, frail := 1, r.IntN(8) == 0
		for often < 30 && r.IntN(3) == 0 {
			often += 1 + r.IntN(6)
		}
		level := r.IntN(3)
		if rare {
			if level = 0; often > 8 && r.IntN(4) > 0 {
				level = 1 + r.IntN(2)
			}
		}
		for range often {
			e := entry{person: person, month: r.IntN(24), left: 2, level: level}
			if e.level == 2 && !rare && r.IntN(4) > 0 {
				e.level = 0
			}
			if often > 8 && r.IntN(3) == 0 || r.IntN(30) == 0 {
				e.left = r.IntN(2)
			}
			for o := range e.atRisk {
				e.atRisk[o] = !(often > 6 && r.IntN(4) == 0)
				e.event[o] = e.atRisk[o] && (frail || r.IntN(20) == 0)
				if usual {
					e.event[o] = e.atRisk[o] && (often < 8 || r.IntN(3) == 0)
				}
			}
			e.atRisk[1], e.event[1] = e.atRisk[1] && e.atRisk[0], e.event[1] && e.event[0] // one within the other
			if frail && r.IntN(3) > 0 {
				e.trait = 1
			}
			out = append(out, e)
		}
	}
	return out
}

// of counts entries and their persons.
func of(all []entry, where func(entry) bool) (entries, persons int64) {
	seen := map[int]bool{}
	for _, e := range all {
		if where(e) {
			entries++
			seen[e.person] = true
		}
	}
	return entries, int64(len(seen))
}

func member(e entry) bool { return e.left == 2 }

// counted is what a run would have counted of a crowd.
func counted(all []entry) ExactCohort {
	x := ExactCohort{Scale: 1000}
	for rule := range 3 {
		s := ExactStep{}
		s.Remaining, s.Persons = of(all, func(e entry) bool { return e.left >= rule })
		_, s.Removed = of(all, func(e entry) bool { return e.left == rule-1 })
		each := map[int]int64{}
		for _, e := range all {
			if e.left >= rule {
				each[e.person]++
				s.Most = max(s.Most, each[e.person])
			}
		}
		x.Steps = append(x.Steps, s)
	}
	for year := range 2 {
		y := ExactYear{Year: 2023 + year, PersonDays: 300000, Rate: 1, Low: 1, High: 1, Complete: true}
		y.Cases, y.Persons = of(all, func(e entry) bool { return member(e) && e.month/12 == year })
		x.Years = append(x.Years, y)
	}
	for month := range 24 {
		low := time.Date(2023, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
		s := ExactSpan{Period: Period{ID: low.Format("2006-01"), Family: "disjoint", Low: low, High: low.AddDate(0, 1, 0)}, PersonDays: 25000, Rate: 1, Low: 1, High: 1, Complete: true}
		s.Cases, s.Persons = of(all, func(e entry) bool { return member(e) && e.month == month })
		x.Spans = append(x.Spans, s)
	}
	for i := range 2 {
		o := ExactOutcome{ID: fmt.Sprint(i), Rate: 1, Low: 1, High: 1}
		o.AtRisk, o.Persons = of(all, func(e entry) bool { return member(e) && e.atRisk[i] })
		o.Events, o.EventPersons = of(all, func(e entry) bool { return member(e) && e.event[i] })
		_, o.FreePersons = of(all, func(e entry) bool { return member(e) && e.atRisk[i] && !e.event[i] })
		_, o.OutsidePersons = of(all, func(e entry) bool { return member(e) && !e.atRisk[i] })
		o.PersonDays = o.AtRisk*30 - o.Events*15
		x.Outcomes = append(x.Outcomes, o)
	}
	for level := range 3 {
		l := ExactLevel{Characteristic: "group", Level: fmt.Sprint(level), Kin: Unrelated}
		l.Members, l.Persons = of(all, func(e entry) bool { return member(e) && e.level == level })
		x.Levels = append(x.Levels, l)
	}
	for trait := range 2 {
		l := ExactLevel{Characteristic: "trait", Level: fmt.Sprint(trait)}
		l.Members, l.Persons = of(all, func(e entry) bool { return member(e) && e.trait == trait })
		x.Levels = append(x.Levels, l)
	}
	return x
}

// TestEntriesOfFewPersonsAreHidden: where entries are counted, of which a person may have several, no number
// is shown that is of 1 to 10 persons, however many entries it is of; nor two numbers of which the one is of
// people among the other's, and the rest of 1 to 10 persons.
func TestEntriesOfFewPersonsAreHidden(t *testing.T) {
	type shown struct {
		what string
		in   func(entry) bool
	}
	many, compared, derived, numbers, hidden := 0, 0, 0, 0, 0
	for seed := range uint64(200) {
		all := crowd(rand.New(rand.NewPCG(seed, 3)))
		got := ReleaseCohort(policyOf(External), counted(all))
		var list []shown
		see := func(c Count, what string, in func(entry) bool) {
			if numbers++; c.State() == Suppressed {
				hidden++
				if entries, persons := of(all, in); policyOf(External).small(persons) && !policyOf(External).small(entries) {
					many++
				}
				return
			}
			list = append(list, shown{what, in})
		}
		for rule, s := range got.Steps {
			see(s.Remaining, fmt.Sprint("step ", rule), func(e entry) bool { return e.left >= rule })
			if rule > 0 {
				see(s.Removed, fmt.Sprint("removed by ", rule), func(e entry) bool { return e.left == rule-1 })
			}
		}
		for year, y := range got.Years {
			see(y.Rate.Numerator(), fmt.Sprint("year ", year), func(e entry) bool { return member(e) && e.month/12 == year })
		}
		for month, s := range got.Spans {
			see(s.Rate.Numerator(), fmt.Sprint("month ", month), func(e entry) bool { return member(e) && e.month == month })
		}
		for i, o := range got.Outcomes {
			see(o.AtRisk, fmt.Sprint("at risk ", i), func(e entry) bool { return member(e) && e.atRisk[i] })
			see(o.Rate.Numerator(), fmt.Sprint("events ", i), func(e entry) bool { return member(e) && e.event[i] })
		}
		for level := range 3 {
			see(got.Levels[level].Rate.Numerator(), fmt.Sprint("level ", level), func(e entry) bool { return member(e) && e.level == level })
		}
		for trait := range 2 {
			see(got.Levels[3+trait].Rate.Numerator(), fmt.Sprint("trait ", trait), func(e entry) bool { return member(e) && e.trait == trait })
		}
		// What a reader has by subtraction from what is shown.
		sized := got.Steps[2].Remaining.State() != Suppressed
		derive := func(what string, yes bool, in func(entry) bool) {
			if entries, _ := of(all, in); yes && entries > 0 {
				derived++
				list = append(list, shown{what, in})
			}
		}
		for i, o := range got.Outcomes {
			derive(fmt.Sprint("not at risk ", i), sized && o.AtRisk.State() != Suppressed, func(e entry) bool { return member(e) && !e.atRisk[i] })
			derive(fmt.Sprint("without event ", i), o.Rate.Numerator().State() != Suppressed, func(e entry) bool { return member(e) && e.atRisk[i] && !e.event[i] })
		}
		for year, y := range got.Years {
			derive(fmt.Sprint("hidden months of ", year), y.Rate.Numerator().State() != Suppressed, func(e entry) bool {
				return member(e) && e.month/12 == year && got.Spans[e.month].Rate.Numerator().State() == Suppressed
			})
		}
		derive("hidden years", sized, func(e entry) bool { return member(e) && got.Years[e.month/12].Rate.Numerator().State() == Suppressed })
		derive("hidden levels", sized, func(e entry) bool { return member(e) && got.Levels[e.level].Rate.Numerator().State() == Suppressed })
		for i, a := range list {
			if entries, persons := of(all, a.in); policyOf(External).small(persons) {
				t.Errorf("crowd %d: %s is shown: %d entries of %d persons", seed, a.what, entries, persons)
			}
			for j, b := range list {
				if i == j || slices.ContainsFunc(all, func(e entry) bool { return b.in(e) && !a.in(e) }) {
					continue // b is not among a
				}
				compared++
				if entries, persons := of(all, func(e entry) bool { return a.in(e) && !b.in(e) }); policyOf(External).small(persons) {
					t.Errorf("crowd %d: %s less %s are %d entries of %d persons", seed, a.what, b.what, entries, persons)
				}
			}
		}
	}
	if many < 200 || compared < 2000 || derived < 250 || hidden*2 > numbers*3/2 {
		t.Errorf("%d numbers of few persons with many entries, %d differences, %d by subtraction, %d of %d hidden: the test proves little", many, compared, derived, hidden, numbers)
	}
}

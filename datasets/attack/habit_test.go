package attack

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"farr/datasets"
)

// made are persons with a known shift, whose true days a test draws.
func made(n, dates int, draw func(r *rand.Rand, p *person, add func(day int32))) (persons []*person, truth []int) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		s := 1 + r.IntN(shifts)
		p := &person{who: uint64(i), newest: never}
		for range dates {
			draw(r, p, func(day int32) {
				p.days = append(p.days, day-int32(s))
				p.visits = append(p.visits, day-int32(s))
			})
		}
		p.days, p.visits = distinct(p.days), distinct(p.visits)
		for k := range p.moments {
			p.moments[k] -= int64(s) * dayMs
		}
		for k := range p.flu {
			p.flu[k] -= int32(s)
		}
		p.moments, p.flu = distinct(p.moments), distinct(p.flu)
		persons, truth = append(persons, p), append(truth, s)
	}
	return persons, truth
}

func testAttacker(t *testing.T, zone string) *attacker {
	t.Helper()
	a, err := newAttacker(datasets.Manifest{}, zone)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func anyDay(r *rand.Rand) int32 { return dayOf(2020, time.January, 1) + r.Int32N(1800) }

// Where a habit is there, each attack finds it, loses candidates, and seldom the true one; where none
// is there, it finds none.
func TestHabitsAreFound(t *testing.T) {
	drawn := map[string]func(r *rand.Rand, p *person, add func(int32)){
		"weekday": func(r *rand.Rand, _ *person, add func(int32)) {
			for d := anyDay(r); ; d++ {
				if weekend(d) == 0 || r.IntN(20) == 0 {
					add(d)
					return
				}
			}
		},
		"month": func(r *rand.Rand, _ *person, add func(int32)) {
			d := anyDay(r)
			if r.IntN(3) == 0 {
				y, m, _ := time.Unix(int64(d)*86400, 0).UTC().Date()
				d = dayOf(y, m, 1)
			}
			add(d)
		},
		"season": func(r *rand.Rand, p *person, _ func(int32)) {
			p.flu = append(p.flu, dayOf(2015+r.IntN(9), time.September, 1)+r.Int32N(120))
		},
		"clock": func(r *rand.Rand, p *person, _ func(int32)) {
			ny, _ := time.LoadLocation("America/New_York")
			at := time.Unix(int64(anyDay(r))*86400+14*3600+int64(p.who%3000), 0).In(ny)
			y, m, d := at.Date()
			p.moments = append(p.moments, time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), 0, time.UTC).UnixMilli())
		},
		"none": func(r *rand.Rand, p *person, add func(int32)) {
			d := anyDay(r)
			add(d)
			p.flu = append(p.flu, anyDay(r))
			p.moments = append(p.moments, int64(d)*dayMs+int64(r.IntN(24*12))*300_000)
		},
	}
	for name, draw := range drawn {
		t.Run(name, func(t *testing.T) {
			a := testAttacker(t, "America/New_York")
			persons, truth := made(600, 25, draw)
			for _, h := range a.habits {
				h.learn(a, persons)
				if h.found != (h.name == name) {
					t.Errorf("habit %s found: %v", h.name, h.found)
				}
			}
			a.attackAll(persons, nil)
			if name == "none" {
				return
			}
			at := slices.Index(a.names, name)
			right, left := 0, 0
			for i, p := range persons {
				c := a.attack(p).left[at]
				left += c.count()
				if c.has(truth[i]) {
					right++
				}
			}
			t.Logf("%d candidates on average, the true one among them for %d of %d", left/len(persons), right, len(persons))
			if right < len(persons)*97/100 {
				t.Errorf("the true shift is among the candidates of %d of %d", right, len(persons))
			}
			if left/len(persons) > 330 {
				t.Errorf("%d candidates remain on average: the attack has no teeth", left/len(persons))
			}
		})
	}
}

// A dose before its launch day, and a time in an hour that does not exist, leave fewer candidates by as many as
// are counted by hand.
func TestCertain(t *testing.T) {
	a := testAttacker(t, "America/New_York")
	launch := dayOf(2020, time.December, 11)
	if n := a.vaccine(&person{doses: []dose{{launch - 100, launch}}}); ptr(n).count() != 266 || ptr(n).has(99) || !ptr(n).has(100) {
		t.Errorf("a dose stored 100 days before its launch leaves %d", ptr(n).count())
	}
	if n := a.vaccine(&person{doses: []dose{{launch - 1000, launch}}}); ptr(n).count() != shifts {
		t.Error("a dose that no shift explains takes candidates")
	}
	// In 2024 clocks changed on 10 March (02:00 to 03:00 is left out) and 3 November (01:00 to 02:00 is there twice).
	wall := func(hour, minute int) int64 {
		return time.Date(2024, time.January, 1, hour, minute, 0, 0, time.UTC).UnixMilli()
	}
	for _, c := range []struct {
		wall int64
		gone []int
	}{
		{wall(2, 30), []int{69}}, {wall(1, 30), []int{307}}, {wall(3, 0), nil}, {wall(1, 0), []int{307}}, {wall(0, 59), nil},
	} {
		n := a.offset(&person{moments: []int64{c.wall}})
		if n.count() != shifts-len(c.gone) || slices.ContainsFunc(c.gone, n.has) {
			t.Errorf("%s leaves %d, want all but %v", time.UnixMilli(c.wall).UTC(), n.count(), c.gone)
		}
	}
	a.bounded, a.newest = true, dayOf(2024, time.June, 30)
	if n := a.newestEvent(&person{newest: a.newest - 3}); n.count() != 3 || !n.has(3) {
		t.Errorf("an event stored 3 days before the newest day leaves %d", n.count())
	}
}

func ptr(c candidates) *candidates { return &c }

package attack

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"farr/datasets"
	"farr/datasets/internal/deid"
)

// Figure is what one attack leaves.
type Figure struct {
	Name string // offset, newest, vaccine, weekday, month, season, clock, all together
	// Patients have some open date; Touched of them lost at least one candidate of the 365.
	Patients, Touched int64
	// Least and Median are numbers of candidates that remain for a patient, 1 to 365.
	Least, Median int
	// Identified is the share of patients of whom one candidate is left, Few of whom at most 30 are.
	Identified, Few float64
	// Habit says, of an attack on habits, whether the data show the habit; without it nothing is lost.
	Habit bool
}

// together is the name of the last figure.
const together = "all together"

// Measure attacks an extract of profile shifted as it is stored, without its key, in one pass over the open
// dates. Of another profile, which has no shift, it says nothing: no figures. Memory holds the dates of a
// sixty-fourth of the persons at the most, and those of a sample.
func Measure(ctx context.Context, sn *datasets.Snapshot) ([]Figure, error) {
	return measure(ctx, sn, nil)
}

// outcome is what every attack leaves of one person's candidates, in the order of attacker.names.
type outcome struct {
	who  uint64
	left []candidates
}

// measure is Measure, and shows each outcome to a test that holds the key.
func measure(ctx context.Context, sn *datasets.Snapshot, see func(outcome)) ([]Figure, error) {
	m := sn.Manifest()
	if m.Kind != "extract" {
		return nil, fmt.Errorf("attack: snapshot %.12s is of kind %s, not an extract", sn.ID(), m.Kind)
	}
	if m.Recipe[datasets.RecipeProfile] != string(deid.Shifted) {
		return nil, nil
	}
	var worst []Figure
	for _, zone := range sn.Zones() {
		a, err := newAttacker(m, zone)
		if err != nil {
			return nil, fmt.Errorf("attack: %w", err)
		}
		if err := a.run(ctx, sn, see); err != nil {
			return nil, fmt.Errorf("attack snapshot %.12s: %w", sn.ID(), err)
		}
		worst = worse(worst, a.figures())
	}
	return worst, nil
}

// worse takes of each attack the figure that leaves fewer candidates. Where sources have different clocks, an attacker tries
// each on all.
func worse(a, b []Figure) []Figure {
	if a == nil {
		return b
	}
	for i := range a {
		if b[i].Touched > a[i].Touched || b[i].Touched == a[i].Touched && b[i].Few > a[i].Few {
			a[i] = b[i]
		}
	}
	return a
}

// attacker is one measurement.
type attacker struct {
	calendar *calendar
	bounded  bool
	newest   int32 // newest true day of an event
	given    bool  // newest was given by hand
	habits   []*habit

	names  []string
	counts [][shifts + 1]int64 // by attack: persons by number of candidates left
}

func newAttacker(m datasets.Manifest, name string) (*attacker, error) {
	zone, err := deid.LoadZone(name)
	if err != nil {
		return nil, err
	}
	a := &attacker{habits: habits(), names: []string{"offset", "newest", "vaccine"}}
	if a.calendar, err = newCalendar(zone); err != nil {
		return nil, err
	}
	if text, _ := m.Facts["as_of"].(string); text != "" {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return nil, fmt.Errorf("the manifest's as-of day: %w", err)
		}
		a.bounded, a.newest = true, dayOf(day.Date())
	}
	given, _ := m.Recipe["as_of"].(string)
	a.given = given != ""
	for _, h := range a.habits {
		a.names = append(a.names, h.name)
	}
	a.names = append(a.names, together)
	a.counts = make([][shifts + 1]int64, len(a.names))
	return a, nil
}

// sampleSize is from how many persons habits are learned. Pseudonyms are random, so
// the first persons are a random sample.
const sampleSize = 3000

// batchSize is how many persons are attacked by one goroutine at a time.
const batchSize = 500

// run reads the evidence, learns habits from the first persons, and attacks all.
func (a *attacker) run(ctx context.Context, sn *datasets.Snapshot, see func(outcome)) error {
	if a.given {
		// The newest open day of all persons is needed before the first is attacked.
		err := evidence(ctx, sn, func(p *person) error {
			if p.newest != never {
				a.newest = max(a.newest, p.newest+1)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var batch []*person
	learned := false
	flush := func() {
		if !learned {
			learned = true
			inParallel(len(a.habits), func(i int) { a.habits[i].learn(a, batch) })
		}
		a.attackAll(batch, see)
		batch = batch[:0]
	}
	err := evidence(ctx, sn, func(p *person) error {
		batch = append(batch, p.clone())
		if len(batch) >= sampleSize {
			flush()
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	flush()
	return nil
}

// attackAll attacks persons on all processors.
func (a *attacker) attackAll(persons []*person, see func(outcome)) {
	var mu sync.Mutex
	inParallel((len(persons)+batchSize-1)/batchSize, func(i int) {
		outcomes := make([]outcome, 0, batchSize)
		for _, p := range persons[i*batchSize : min((i+1)*batchSize, len(persons))] {
			outcomes = append(outcomes, a.attack(p))
		}
		mu.Lock()
		defer mu.Unlock()
		for _, o := range outcomes {
			for k := range o.left {
				a.counts[k][o.left[k].count()]++
			}
			if see != nil {
				see(o)
			}
		}
	})
}

// attack tries everything on one person.
func (a *attacker) attack(p *person) outcome {
	o := outcome{who: p.who, left: []candidates{a.offset(p), a.newestEvent(p), a.vaccine(p)}}
	possible := o.left[0].and(o.left[1]).and(o.left[2])
	var sum weights
	for _, h := range a.habits {
		left := all()
		var t tally
		if h.found && h.count(a, p, &t) {
			var w weights
			h.weigh(&t, &w)
			left = w.likely(left)
			for s := range sum {
				sum[s] += w[s]
			}
		}
		o.left = append(o.left, left)
	}
	o.left = append(o.left, sum.likely(possible))
	return o
}

// figures sums up.
func (a *attacker) figures() []Figure {
	var figures []Figure
	for k, name := range a.names {
		f := Figure{Name: name}
		for n, persons := range a.counts[k] {
			f.Patients += persons
			if n < shifts {
				f.Touched += persons
			}
		}
		for _, h := range a.habits {
			f.Habit = f.Habit || h.name == name && h.found
		}
		seen, few := int64(0), int64(0)
		for n, persons := range a.counts[k] {
			if persons == 0 {
				continue
			}
			if f.Least == 0 {
				f.Least = n
			}
			if n <= 30 {
				few += persons
			}
			if seen += persons; f.Median == 0 && 2*seen >= f.Patients {
				f.Median = n
			}
		}
		if f.Patients > 0 {
			f.Identified = float64(a.counts[k][1]) / float64(f.Patients)
			f.Few = float64(few) / float64(f.Patients)
		}
		figures = append(figures, f)
	}
	return figures
}

func inParallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

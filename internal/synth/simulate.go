package synth

import "math/rand/v2"

// life simulates one patient. It writes only to p.
type life struct {
	w   *world
	p   *person
	rng *rand.Rand

	birth     day // in truth, whatever is written
	first     day // first day of encounters: of the data, or of life
	last      day // last day on which anything clinical happens
	age       int // at the end of the data
	hasDeath  bool
	diesInBed bool           // in hospital
	starts    map[int64]bool // of encounters
	tested    map[day]bool   // days with an HbA1c
	withheld  int
}

// simulate makes patient index; its resources depend on the seed and the index only.
func (w *world) simulate(index int, orphan bool) (*person, int) {
	p := &person{index: index, orphan: orphan}
	s := &life{w: w, p: p, rng: stream(w.seed, uint64(index)), starts: map[int64]bool{}, tested: map[day]bool{}}
	p.id = newUID(s.rng)
	s.demographics()
	s.conditions()
	s.enrolment()
	s.admissions()
	s.emergencies()
	s.visits()
	s.screening()
	s.medications()
	s.immunizations()
	s.diagnosed()
	s.aside(streamHeart, s.heartFailure)
	s.aside(streamStatins, s.statins)
	s.aside(streamBirths, s.births)
	s.aside(streamAsthma, s.asthma)
	return p, s.withheld
}

// aside simulates a part of life with a random stream of its own, so that what is added or
// changed in it changes nothing else.
func (s *life) aside(which uint64, live func()) {
	usual := s.rng
	s.rng = stream(s.w.seed, which+uint64(s.p.index))
	live()
	s.rng = usual
}

func (s *life) chance(p float64) bool { return s.rng.Float64() < p }

// between is uniform on lo..hi, both included.
func (s *life) between(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	return lo + s.rng.IntN(hi-lo+1)
}

func (s *life) dayIn(lo, hi day) day { return day(s.between(int(lo), int(hi))) }

// wait is a day's distance of a Poisson process with a rate per year, at least 1.
func (s *life) wait(perYear float64) day {
	return 1 + day(s.rng.ExpFloat64()*365.25/perYear)
}

func pick[T any](s *life, from []T) T { return from[s.rng.IntN(len(from))] }

// weighted picks an index by weight.
func (s *life) weighted(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := s.rng.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

// new is the identity of a resource that arose at wall time.
func (s *life) new(wall int64) resource {
	r := resource{id: newUID(s.rng), updated: wall + int64(s.between(5, 60*24*20))*60_000 + int64(s.rng.IntN(1000))}
	switch n := s.rng.IntN(1000); {
	case n < 4:
		r.copies = olderBefore
	case n < 8:
		r.copies = olderAfter
	case n < 10:
		r.copies = twice
	}
	return r
}

// at is a full dateTime in one of the ways that sites write one.
func (s *life) at(wall int64) moment {
	m := s.w.clock.at(wall)
	switch n := s.rng.IntN(100); {
	case n < 4:
		m.zulu, m.written = true, 0
	case n < 5:
		m.written = 60
	case n < 6:
		m.written = -8 * 60
	}
	if s.chance(0.08) {
		m.prec = toMilli
		if m.wall%60_000 == 0 {
			m.wall += int64(s.rng.IntN(1000))
		}
	}
	return m
}

// office is a time of day in office hours.
func (s *life) office() int64 { return int64(s.between(8*60, 17*60)) * 60_000 }

// anyTime is a time of day around the clock.
func (s *life) anyTime() int64 { return int64(s.between(0, 24*60-1)) * 60_000 }

// edge is an instant at the very first or last second of a month: the day before in
// Z or in another offset, the other period in local time.
func (s *life) edge() int64 {
	low := addMonths(s.w.firstWatch, s.between(0, s.w.months))
	if s.chance(0.5) {
		return low.wall()
	}
	return low.wall() - int64(s.between(1, 59))*1000
}

// within says whether the wall time lies between the start of the data and this
// patient's last day.
func (s *life) within(wall int64) bool {
	d := dayOfWall(wall)
	return d >= s.first && d <= s.last
}

// sameDay is wall plus some minutes, kept on wall's own day: what belongs to a visit
// at 23:59 is not in the next period.
func (s *life) sameDay(wall int64, minutes int) int64 {
	if later := wall + int64(minutes)*60_000; dayOfWall(later) == dayOfWall(wall) {
		return later
	}
	return wall
}

// free is the wall time, moved within its day until no other encounter of the patient
// starts then.
func (s *life) free(wall int64) int64 {
	wall = s.w.clock.at(wall).wall
	for s.starts[wall] {
		if dayOfWall(wall+7000) != dayOfWall(wall) {
			wall -= 12 * 3_600_000
		}
		wall += 7000
	}
	s.starts[wall] = true
	return wall
}

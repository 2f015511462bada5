package attack

import (
	"math"
)

// classes is how many classes a habit tells days apart in, at most.
const classes = 3

// tally says, for each shift, how many of a person's dates would truly be of each class.
type tally [shifts + 1][classes]float32

// weights are log likelihood ratios by shift, against no habit.
type weights [shifts + 1]float64

// habit is one way in which true days are not equally likely.
type habit struct {
	name  string
	size  []float64 // how many days of a year (or of a week) each class has
	start []float64 // share of dates in each class, where learning begins
	// count fills the tally, and says whether the person shows anything of this habit.
	count func(a *attacker, p *person, t *tally) bool

	found bool
	ratio []float64 // log of a class's density against equal density
}

// habits are what an attacker tries, see the package.
func habits() []*habit {
	return []*habit{
		{name: "weekday", size: []float64{5, 2}, start: []float64{0.95, 0.05},
			count: func(_ *attacker, p *person, t *tally) bool {
				return len(p.visits) > 0 && t.eachShift(p.visits, weekend)
			}},
		{name: "month", size: []float64{353.25, 1, 11}, start: []float64{0.80, 0.05, 0.15},
			count: func(a *attacker, p *person, t *tally) bool {
				return t.eachFirst(a.calendar, p.days)
			}},
		{name: "season", size: []float64{212.25, 153}, start: []float64{0.10, 0.90},
			count: func(a *attacker, p *person, t *tally) bool {
				return len(p.flu) > 0 && t.eachShift(p.flu, a.calendar.season)
			}},
		{name: "clock", size: []float64{1, 1}, start: []float64{0.10, 0.90}, count: (*attacker).clock},
	}
}

// weekend is 1 on a Saturday or Sunday; 1970-01-01 was a Thursday.
func weekend(day int32) int {
	d := day + 4
	if d -= floorDiv(d, 7) * 7; d == 0 || d == 6 {
		return 1
	}
	return 0
}

// eachShift counts every date under every shift.
func (t *tally) eachShift(days []int32, class func(day int32) int) bool {
	for s := int32(1); s <= shifts; s++ {
		for _, day := range days {
			t[s][class(day+s)]++
		}
	}
	return true
}

// eachFirst counts dates where few days are special, the firsts of months: all others are of class 0.
func (t *tally) eachFirst(c *calendar, days []int32) bool {
	for s := 1; s <= shifts; s++ {
		t[s][0] = float32(len(days))
	}
	for _, day := range days {
		for _, d := range after(c.firsts, day) {
			if d > day+shifts {
				break
			}
			t[d-day][0]--
			t[d-day][c.first[c.at(d)]]++
		}
	}
	return len(days) > 0
}

// weigh adds the habit's log likelihood ratio of each shift.
func (h *habit) weigh(t *tally, into *weights) {
	for s := 1; s <= shifts; s++ {
		sum := 0.0
		for c, ratio := range h.ratio {
			sum += float64(t[s][c]) * ratio
		}
		into[s] += sum
	}
}

func (h *habit) set(share []float64) {
	total := 0.0
	for _, n := range h.size {
		total += n
	}
	h.ratio = h.ratio[:0]
	for c, p := range share {
		h.ratio = append(h.ratio, math.Log(p*total/h.size[c]))
	}
}

// rounds bounds the steps of learning.
const rounds = 40

// learn finds how strong the habit is in a sample, and whether it is there at all.
func (h *habit) learn(a *attacker, sample []*person) {
	share := append([]float64(nil), h.start...)
	gain, shown := 0.0, 0
	for round := range rounds {
		h.set(share)
		before := gain
		gain, shown = 0, 0
		expected := make([]float64, len(share))
		for c := range expected {
			expected[c] = h.size[c] / 1000 // so that no class is impossible
		}
		for _, p := range sample {
			var t tally
			if !h.count(a, p, &t) {
				continue
			}
			shown++
			var w weights
			h.weigh(&t, &w)
			gain += w.normalise() - math.Log(shifts)
			for s := 1; s <= shifts; s++ {
				for c := range expected {
					expected[c] += w[s] * float64(t[s][c])
				}
			}
		}
		total := 0.0
		for _, n := range expected {
			total += n
		}
		for c := range share {
			share[c] = expected[c] / total
		}
		if round > 0 && math.Abs(gain-before) < 1e-3 {
			break
		}
	}
	h.found = shown > 0 && gain > 10+float64(len(share)-1)/2*math.Log(float64(shown))
}

// normalise turns log likelihoods into probabilities, and returns the log of their sum.
func (w *weights) normalise() float64 {
	top := math.Inf(-1)
	for _, x := range w[1:] {
		top = max(top, x)
	}
	sum := 0.0
	for s := 1; s <= shifts; s++ {
		w[s] = math.Exp(w[s] - top)
		sum += w[s]
	}
	for s := 1; s <= shifts; s++ {
		w[s] /= sum
	}
	return top + math.Log(sum)
}

// likely is the smallest set of possible shifts with 99 % of the probability. Shifts
// that are equally likely to a quarter of a nat go in together.
func (w *weights) likely(possible candidates) candidates {
	const bins, width, enough = 120, 0.25, 0.99
	top := math.Inf(-1)
	for s := 1; s <= shifts; s++ {
		if possible.has(s) {
			top = max(top, w[s])
		}
	}
	var mass [bins]float64
	total := 0.0
	bin := func(s int) int { return int((top - w[s]) / width) }
	for s := 1; s <= shifts; s++ {
		if !possible.has(s) {
			continue
		}
		x := math.Exp(w[s] - top)
		total += x
		if b := bin(s); b < bins {
			mass[b] += x
		}
	}
	last, sum := 0, 0.0
	for ; last < bins-1; last++ {
		if sum += mass[last]; sum >= enough*total {
			break
		}
	}
	var left candidates
	for s := 1; s <= shifts; s++ {
		if possible.has(s) && bin(s) <= last {
			left.add(s)
		}
	}
	return left
}

package attack

import (
	"cmp"
	"slices"
)

const hourMs = 3_600_000

// apart is how many days lie between two votes of one rhythm for one hour.
const apart = 28

// leastSteps is how often a rhythm must change its hour. One that changed once changed its time.
const leastSteps = 3

// rhythm is a minute of the hour at which a person has times in two hours that follow one
// another: what is done at one time by one clock, and written down by another that steps.
type rhythm struct {
	votes []vote
}

type vote struct {
	day  int32
	late bool // in the later hour
}

// clock counts for each shift how many days agree with a clock that steps: class 1 agrees. Each day
// has one vote, of the rhythm that has most, and what a rhythm says of days close together is one vote: the days
// of a stay in hospital are not independent.
func (a *attacker) clock(p *person, t *tally) bool {
	if !a.calendar.steps {
		return false
	}
	var found []rhythm
	times := slices.Clone(p.moments)
	slices.SortFunc(times, func(x, y int64) int { return cmp.Compare(mod(x, hourMs), mod(y, hourMs)) })
	for len(times) > 0 {
		n := 1
		for n < len(times) && mod(times[n], hourMs) == mod(times[0], hourMs) {
			n++
		}
		found = append(found, rhythms(times[:n])...)
		times = times[n:]
	}
	slices.SortStableFunc(found, func(x, y rhythm) int { return cmp.Compare(len(y.votes), len(x.votes)) })
	voted := map[int32]bool{}
	n := 0
	for _, r := range found {
		last := [2]int32{never, never}
		for _, v := range r.votes {
			of := &last[0]
			if v.late {
				of = &last[1]
			}
			if voted[v.day] || v.day < *of+apart {
				continue
			}
			voted[v.day], *of = true, v.day
			n++
			for s := int32(1); s <= shifts; s++ {
				// What is constant in UTC is an hour later on the local clock in summer. What is constant on a local
				// clock is an hour earlier in UTC in summer.
				if (a.calendar.summer[a.calendar.at(v.day+s)] != a.calendar.inverse) == v.late {
					t[s][1]++
				} else {
					t[s][0]++
				}
			}
		}
	}
	return n > 0
}

// rhythms finds, among times of the same minute, runs of exactly two hours of the day.
func rhythms(times []int64) (found []rhythm) {
	var hours [24]int
	for _, wall := range times {
		hours[mod(wall, dayMs)/hourMs]++
	}
	for h := range 24 {
		next := (h + 1) % 24
		if hours[h] == 0 || hours[next] == 0 || hours[(h+23)%24] > 0 || hours[(h+2)%24] > 0 {
			continue
		}
		var r rhythm
		for _, wall := range times {
			switch int(mod(wall, dayMs) / hourMs) {
			case h:
				r.votes = append(r.votes, vote{int32(floorDiv(wall, dayMs)), false})
			case next:
				r.votes = append(r.votes, vote{int32(floorDiv(wall, dayMs)), true})
			}
		}
		slices.SortFunc(r.votes, func(a, b vote) int { return cmp.Compare(a.day, b.day) })
		steps := 0
		for i := 1; i < len(r.votes); i++ {
			if r.votes[i].late != r.votes[i-1].late {
				steps++
			}
		}
		if steps >= leastSteps {
			found = append(found, r)
		}
	}
	return found
}

func mod(a, b int64) int64 { return a - floorDiv(a, b)*b }

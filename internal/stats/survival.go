package stats

import (
	"cmp"
	"math"
	"slices"
)

// Follow is a follow-up: how long, in any unit, whether it ended with the event, and how
// many people had the same. Who did not have the event is censored then.
type Follow struct {
	Time   float64
	Event  bool
	People int64
}

// SurvivalStep is the curve from one time of an event on.
type SurvivalStep struct {
	Time   float64
	Risk   int64 // people at risk just before
	Events int64
	S      Estimate // with limits on the log(-log) scale
	SE     float64  // Greenwood's
}

// Survival is a Kaplan-Meier curve: steps at the times of events, by time.
type Survival struct {
	Steps []SurvivalStep
	Last  float64 // the longest follow-up
	// Each time at which a follow-up ends, and how many people are at risk just before.
	times []float64
	risk  []int64
}

// KaplanMeier estimates survival. People censored at the time of an event are at risk
// for it.
//
// Sources: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481. Greenwood M. The natural
// duration of cancer. 1926. Kalbfleisch JD, Prentice RL. The statistical analysis of
// failure time data. 1980, section 1.3: limits on the log(-log) scale.
// Reference: 6-MP (Freireich 1963): S(6) 0.8571, SE 0.0764 (0.6197 to 0.9516).
func KaplanMeier(people []Follow) (Survival, error) {
	if len(people) == 0 {
		return Survival{}, NoPeople
	}
	sorted, left, err := byTime(people)
	if err != nil {
		return Survival{}, err
	}
	if left == 0 {
		return Survival{}, NoPeople
	}
	var s Survival
	value, variance := 1.0, 0.0
	for i := 0; i < len(sorted); {
		j, n, events := i, left, int64(0)
		for ; j < len(sorted) && sorted[j].Time == sorted[i].Time; j++ {
			left -= sorted[j].People
			if sorted[j].Event {
				events += sorted[j].People
			}
		}
		if events > 0 {
			value *= 1 - float64(events)/float64(n)
			if events < n {
				variance += float64(events) / (float64(n) * float64(n-events))
			}
			s.Steps = append(s.Steps, SurvivalStep{sorted[i].Time, n, events, logLog(value, variance), value * math.Sqrt(variance)})
		}
		s.Last = sorted[i].Time
		s.times, s.risk = append(s.times, s.Last), append(s.risk, n)
		i = j
	}
	return s, nil
}

// logLog gives survival its limits. At 0 and 1 the scale has none.
func logLog(value, variance float64) Estimate {
	if value <= 0 || value >= 1 {
		return Estimate{value, value, value}
	}
	reach := z * math.Sqrt(variance) / math.Abs(math.Log(value))
	return Estimate{value, math.Pow(value, math.Exp(reach)), math.Pow(value, math.Exp(-reach))}
}

// byTime sorts those with people, and adds these up.
func byTime(people []Follow) (sorted []Follow, total int64, err error) {
	for _, p := range people {
		mustBeCount(p.People)
		if !(p.Time >= 0) {
			return nil, 0, NegativeTime
		}
		if total += p.People; p.People > 0 {
			sorted = append(sorted, p)
		}
	}
	slices.SortFunc(sorted, func(a, b Follow) int { return cmp.Compare(a.Time, b.Time) })
	return sorted, total, nil
}

// At is the curve at a time: the newest step, or 1 before the first. Beyond the longest
// follow-up nothing is known, unless nobody is left without the event.
func (s Survival) At(time float64) (SurvivalStep, error) {
	at := SurvivalStep{S: Estimate{1, 1, 1}, Risk: s.Risk(time)}
	for _, step := range s.Steps {
		if step.Time > time {
			break
		}
		at = step
	}
	if time > s.Last && at.S.Value > 0 {
		return SurvivalStep{}, BeyondTime
	}
	return at, nil
}

// Risk is how many people are at risk just before a time: the line below a curve.
func (s Survival) Risk(time float64) int64 {
	at, _ := slices.BinarySearch(s.times, time)
	if at == len(s.times) {
		return 0
	}
	return s.risk[at]
}

// Median is the first time at which survival is a half or less, with the limits by
// Brookmeyer and Crowley: where the curve's own limits cross a half. A limit that
// is never reached is +Inf. Where the curve stands at a half exactly, the median is the
// middle of that step.
//
// Source: Brookmeyer R, Crowley J. A confidence interval for the median survival time.
// Biometrics 1982;38:29-41.
func (s Survival) Median() (Estimate, error) {
	cross := func(of func(Estimate) float64) float64 {
		for i, step := range s.Steps {
			switch v := of(step.S); {
			case math.Abs(v-0.5) < 1e-9 && i+1 < len(s.Steps):
				return (step.Time + s.Steps[i+1].Time) / 2
			case v < 0.5+1e-9:
				return step.Time
			}
		}
		return math.Inf(1)
	}
	e := Estimate{cross(func(e Estimate) float64 { return e.Value }), cross(func(e Estimate) float64 { return e.Low }), cross(func(e Estimate) float64 { return e.High })}
	if math.IsInf(e.Value, 1) {
		return Estimate{}, NotReached
	}
	return e, nil
}

// RestrictedMean is the mean of event-free time up to a horizon: the area below the
// curve, with limits by its variance.
//
// Source: Klein JP, Moeschberger ML. Survival analysis, 2nd edition, section 4.5;
// Royston P, Parmar MKB. Stat Med 2011;30:2409-2421.
func (s Survival) RestrictedMean(horizon float64) (Estimate, float64, error) {
	if len(s.times) == 0 {
		return Estimate{}, 0, NoPeople
	}
	if _, err := s.At(horizon); err != nil {
		return Estimate{}, 0, err
	}
	if horizon <= 0 {
		return Estimate{}, 0, NoTime
	}
	areas, total, from, value := []float64{}, 0.0, 0.0, 1.0
	var steps []SurvivalStep
	for _, step := range s.Steps {
		if step.Time > horizon {
			break
		}
		areas = append(areas, value*(step.Time-from))
		total += value * (step.Time - from)
		from, value = step.Time, step.S.Value
		steps = append(steps, step)
	}
	total += value * (horizon - from)
	variance, done := 0.0, 0.0
	for i, step := range steps {
		done += areas[i]
		if left, n, d := total-done, float64(step.Risk), float64(step.Events); n > d {
			variance += left * left * d / (n * (n - d))
		}
	}
	se := math.Sqrt(variance)
	return Estimate{total, math.Max(0, total-z*se), math.Min(horizon, total+z*se)}, se, nil
}

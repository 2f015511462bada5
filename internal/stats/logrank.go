package stats

import (
	"cmp"
	"math"
	"slices"
)

// LogRankGroup is what a group had and would have had if all groups were alike.
type LogRankGroup struct {
	People, Events int64
	Expected       float64
}

// LogRank tests whether groups have the same survival, within strata where strata is
// not nil. groups and strata hold a small number for each follow-up.
//
// Sources: Mantel N. Cancer Chemother Rep 1966;50:163-170. Peto R, Peto J. J R Stat Soc A
// 1972;135:185-207. Kalbfleisch and Prentice 1980, section 1.4.
// Reference: ovarian cancer by treatment (Edmonson 1979): chi-squared 1.063, 1 df, 0.303.
func LogRank(people []Follow, groups, strata []int) (Test, []LogRankGroup, error) {
	if len(people) == 0 {
		return Test{}, nil, NoPeople
	}
	k := slices.Max(groups) + 1
	out := make([]LogRankGroup, k)
	order := make([]int, len(people))
	stratum := func(i int) int {
		if strata == nil {
			return 0
		}
		return strata[i]
	}
	for i, p := range people {
		if !(p.Time >= 0) {
			return Test{}, nil, NegativeTime
		}
		order[i] = i
		mustBeCount(p.People)
		out[groups[i]].People += p.People
		if p.Event {
			out[groups[i]].Events += p.People
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(stratum(a), stratum(b)), cmp.Compare(people[a].Time, people[b].Time))
	})
	variance := square(k)
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && stratum(order[j]) == stratum(order[i]) {
			j++
		}
		logRankStratum(order[i:j], people, groups, out, variance)
		i = j
	}
	used := make([]int, 0, k)
	for g := range out {
		if out[g].People > 0 {
			used = append(used, g)
		}
	}
	if len(used) < 2 {
		return Test{}, out, OneGroup
	}
	if !slices.ContainsFunc(out, func(g LogRankGroup) bool { return g.Events > 0 }) {
		return Test{}, out, NoEvents
	}
	// A group that was never at risk at an event beside others has no variance, and the last
	// group's gap follows from the others'.
	rest := slices.DeleteFunc(used, func(g int) bool { return variance[g][g] <= 0 })
	if len(rest) < 2 {
		return Test{}, out, NotInformative
	}
	rest = rest[:len(rest)-1]
	v, gap := square(len(rest)), make([]float64, len(rest))
	for i, g := range rest {
		gap[i] = float64(out[g].Events) - out[g].Expected
		for j, h := range rest {
			v[i][j] = variance[g][h]
		}
	}
	x, ok := solve(v, gap)
	if !ok {
		return Test{}, out, NotInformative
	}
	chi2 := 0.0
	for i := range gap {
		chi2 += gap[i] * x[i]
	}
	return newTest(math.Max(0, chi2), len(rest)), out, nil
}

// logRankStratum adds one stratum's expected events and their covariance.
func logRankStratum(order []int, people []Follow, groups []int, out []LogRankGroup, variance [][]float64) {
	k := len(out)
	risk, n := make([]float64, k), 0.0
	for _, at := range order {
		risk[groups[at]] += float64(people[at].People)
		n += float64(people[at].People)
	}
	for i := 0; i < len(order); {
		j, d := i, 0.0
		for ; j < len(order) && people[order[j]].Time == people[order[i]].Time; j++ {
			if people[order[j]].Event {
				d += float64(people[order[j]].People)
			}
		}
		if d > 0 {
			for g := range k {
				out[g].Expected += d * risk[g] / n
				if n == 1 {
					continue
				}
				for h := range k {
					same := 0.0
					if g == h {
						same = 1
					}
					variance[g][h] += d * (n - d) / (n - 1) * risk[g] / n * (same - risk[h]/n)
				}
			}
		}
		for _, at := range order[i:j] {
			risk[groups[at]] -= float64(people[at].People)
			n -= float64(people[at].People)
		}
		i = j
	}
}

// sortedBy gives the order of values, equal ones as they stand.
func sortedBy(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	return order
}

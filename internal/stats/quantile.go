package stats

import (
	"math"
	"slices"
)

// Quantile is the p-quantile of sorted values, by linear interpolation between
// order statistics: type 7 of Hyndman RJ, Fan Y. Sample quantiles in statistical
// packages. Am Stat 1996;50:361-365, which is the usual one of R.
func Quantile(sorted []float64, p float64) (float64, error) {
	if len(sorted) == 0 {
		return 0, NoPeople
	}
	if !(p >= 0 && p <= 1) {
		panic("stats: a quantile's probability is from 0 to 1")
	}
	h := p * float64(len(sorted)-1)
	low := int(math.Floor(h))
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1], nil
	}
	return sorted[low] + (h-float64(low))*(sorted[low+1]-sorted[low]), nil
}

// Summary describes a number of a group, as Table 1 prints it.
type Summary struct {
	N, Missing int
	Mean, SD   float64 // SD with n-1; 0 where N is 1
	Min, Q1    float64
	Median, Q3 float64
	Max        float64
}

// Summarise describes values, of which NaN are missing.
func Summarise(values []float64) (Summary, error) {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			kept = append(kept, v)
		}
	}
	s := Summary{N: len(kept), Missing: len(values) - len(kept)}
	if s.N == 0 {
		return s, NoPeople
	}
	slices.Sort(kept)
	for _, v := range kept {
		s.Mean += v / float64(s.N)
	}
	for _, v := range kept {
		s.SD += (v - s.Mean) * (v - s.Mean)
	}
	if s.N > 1 {
		s.SD = math.Sqrt(s.SD / float64(s.N-1))
	}
	s.Min, s.Max = kept[0], kept[s.N-1]
	s.Q1, _ = Quantile(kept, 0.25)
	s.Median, _ = Quantile(kept, 0.5)
	s.Q3, _ = Quantile(kept, 0.75)
	return s, nil
}

// SMD is the standardised difference of two means: in units of the pooled SD.
//
// Source: Austin PC. Balance diagnostics for comparing the distribution of baseline
// covariates. Stat Med 2009;28:3083-3107, section 3.
func SMD(mean1, sd1, mean0, sd0 float64) (float64, error) {
	pooled := math.Sqrt((sd1*sd1 + sd0*sd0) / 2)
	if pooled == 0 {
		if mean1 == mean0 {
			return 0, nil
		}
		return 0, NoVariation
	}
	return (mean1 - mean0) / pooled, nil
}

// SMDShares is the standardised difference of two groups over the levels of a
// category, counts[i] of each level: the Mahalanobis distance of the two vectors of
// shares. With two levels it is Austin's difference of two proportions, without sign.
//
// Source: Yang D, Dalton JE. A unified approach to measuring the effect size between two
// groups using SAS. SAS Global Forum 2012, paper 335.
func SMDShares(counts1, counts0 []int64) (float64, error) {
	n1, n0 := sum(counts1), sum(counts0)
	if n1 == 0 || n0 == 0 {
		return 0, NoPeople
	}
	var levels []int // those that somebody has
	for i := range counts1 {
		if counts1[i]+counts0[i] > 0 {
			levels = append(levels, i)
		}
	}
	k := len(levels) - 1 // the first level follows from the others
	if k == 0 {
		return 0, nil
	}
	cov, gap := make([][]float64, k), make([]float64, k)
	share := func(counts []int64, n int64, i int) float64 { return float64(counts[levels[i+1]]) / float64(n) }
	for i := range k {
		cov[i] = make([]float64, k)
		p1, p0 := share(counts1, n1, i), share(counts0, n0, i)
		gap[i] = p1 - p0
		for j := range k {
			q1, q0 := share(counts1, n1, j), share(counts0, n0, j)
			if i == j {
				cov[i][j] = (p1*(1-p1) + p0*(1-p0)) / 2
			} else {
				cov[i][j] = -(p1*q1 + p0*q0) / 2
			}
		}
	}
	x, ok := solve(cov, gap)
	if !ok {
		return 0, NoVariation
	}
	var d float64
	for i := range k {
		d += gap[i] * x[i]
	}
	return math.Sqrt(math.Max(0, d)), nil
}

func sum(counts []int64) (n int64) {
	for _, c := range counts {
		mustBeCount(c)
		n += c
	}
	return n
}

package stats

import "math"

// Weighted is a rate with its 95 % limits and its weight, such as the time that it was observed over.
type Weighted struct {
	Estimate
	Weight float64
}

// RatioToOthers is a rate, directly standardised or not, over the weighted mean of others that are independent
// of it, all standardised to one population, for one of so many comparisons (1 for a 95 % interval), as [DifferenceOfMany].
// The variance of a rate's logarithm is had of its limits, so that it needs no more than what is printed; with
// Fay and Feuer's limits, which are conservative, so is the interval.
//
// Source: Rothman KJ, Greenland S, Lash TL. Modern epidemiology, 3rd edition, chapter 15: the logarithm of a ratio of two
// standardised rates has the variance v1/r1^2 + v0/r0^2. Altman DG, Bland JM. How to obtain the P value from a confidence
// interval. BMJ 2011;343:d2304: the standard error of a ratio's logarithm is that of its limits, apart by 2 z.
func RatioToOthers(comparisons int, one Estimate, others []Weighted) (Estimate, error) {
	error2, ok := logVariance(one)
	if !ok {
		return Estimate{}, NoEvents
	}
	var total, mean, variance float64
	for _, o := range others {
		v, ok := logVariance(o.Estimate)
		if !ok || o.Weight <= 0 {
			continue // without a case, or without limits: it has no variance to go by
		}
		total += o.Weight
		mean += o.Weight * o.Value
		variance += o.Weight * o.Weight * o.Value * o.Value * v
	}
	if total == 0 {
		return Estimate{}, NoReference
	}
	return logScaleAt(one.Value/(mean/total), math.Sqrt(error2+variance/(mean*mean)), zOfMany(comparisons)), nil
}

// logVariance is the variance of a rate's logarithm, of its 95 % limits.
func logVariance(e Estimate) (float64, bool) {
	if !(e.Low > 0 && e.High > e.Low && e.Value > 0) {
		return 0, false
	}
	se := math.Log(e.High/e.Low) / (2 * z)
	return se * se, true
}

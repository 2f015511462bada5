package stats

import "math"

// GroupRate is a group's rate and its share of the people.
type GroupRate struct {
	Rate  float64
	Share float64 // of all people; shares add up to 1
	Error float64 // standard error of the rate, 0 where unknown
}

// Disparity measures how far groups' rates are apart. Absolute ones are in the rates'
// unit, relative ones have none; one of each belongs on a page.
type Disparity struct {
	Mean            float64 // of all people
	RangeDifference float64 // greatest minus least rate
	RangeRatio      float64 // greatest over least rate
	BetweenGroup    float64 // variance between groups, in the rates' unit squared
	Theil           float64 // Theil's index
	LogDeviation    float64 // mean log deviation
	Index           float64 // index of disparity, percent of the best rate
}

// Disparities measures groups' rates. Where a group has no events the absolute measures
// are there beside the reason why the relative ones are not.
//
// Source: Harper S, Lynch J. Methods for measuring cancer disparities: using data relevant
// to Healthy People 2010 cancer-related objectives. NCI 2005, chapters 3 and 4. Pearcy JN,
// Keppel KG. A summary measure of health disparity. Public Health Rep 2002;117:273-280: the
// other groups' mean distance from the best rate, which is the greatest where a higher
// rate is better and else the least.
// Reference: rates 0.638, 0.719, 0.772 with shares 0.25, 0.5, 0.25 give 0.134, 1.21003,
// 22.935 square percentage points, 0.00228744, 0.00231652, 12.1114 %.
func Disparities(groups []GroupRate, higherIsBetter bool) (Disparity, error) {
	if len(groups) < 2 {
		return Disparity{}, OneGroup
	}
	low, high := math.Inf(1), math.Inf(-1)
	d := Disparity{}
	for _, g := range groups {
		d.Mean += g.Share * g.Rate
		low, high = math.Min(low, g.Rate), math.Max(high, g.Rate)
	}
	d.RangeDifference = high - low
	for _, g := range groups {
		d.BetweenGroup += g.Share * (g.Rate - d.Mean) * (g.Rate - d.Mean)
	}
	if low <= 0 { // a ratio to no rate, and the logarithm of none
		d.RangeRatio, d.Theil, d.LogDeviation, d.Index = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		return d, NoReference
	}
	d.RangeRatio = high / low
	best := low
	if higherIsBetter {
		best = high
	}
	for _, g := range groups {
		r := g.Rate / d.Mean
		d.Theil += g.Share * r * math.Log(r)
		d.LogDeviation -= g.Share * math.Log(r)
		d.Index += math.Abs(g.Rate-best) / float64(len(groups)-1) / best * 100
	}
	return d, nil
}

// Inequality is the slope index and the relative index over groups in the order of an
// advantage, from least to most: the slope of the rate over the share of people that have less.
type Inequality struct {
	Slope    Estimate // difference between the most and the least advantaged, in the rates' unit
	Relative float64  // the slope over the mean rate
}

// SlopeIndex fits the slope by least squares weighted by the shares.
//
// Sources: Preston SH, Haines MR, Pamuk E. In: International Population Conference, Manila.
// IUSSP 1981. Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-771. Limits by Low A, Low
// A. J Public Health 2004;26:396-403: of the slope as a linear form of independent rates.
func SlopeIndex(groups []GroupRate) (Inequality, error) {
	if len(groups) < 2 {
		return Inequality{}, OneGroup
	}
	ranks, at, total, mean, middle := make([]float64, len(groups)), 0.0, 0.0, 0.0, 0.0
	for _, g := range groups {
		total += g.Share
	}
	if total <= 0 {
		return Inequality{}, NoPeople
	}
	for i, g := range groups {
		w := g.Share / total
		ranks[i] = at + w/2
		at += w
		mean += w * g.Rate
		middle += w * ranks[i]
	}
	var sxx, sxy, v float64
	for i, g := range groups {
		w, x := g.Share/total, ranks[i]-middle
		sxx += w * x * x
		sxy += w * x * g.Rate
		v += w * w * x * x * g.Error * g.Error
	}
	if sxx == 0 {
		return Inequality{}, OneGroup
	}
	slope, se := sxy/sxx, math.Sqrt(v)/sxx
	e := Inequality{Slope: Estimate{slope, slope - z*se, slope + z*se}}
	if mean == 0 {
		return e, NoEvents
	}
	e.Relative = slope / mean
	return e, nil
}

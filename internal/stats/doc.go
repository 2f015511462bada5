// Package stats holds the statistics that farr prints: pure functions of counts, times
// and values, each with its source, and with published figures as tests.
//
//	interval.go, proportion.go, count.go   a proportion, a count, their differences and ratios
//	compare.go, mantel.go                  rates of two groups, and of two groups within strata
//	standardise.go, standard.go            direct and indirect standardisation, standard populations
//	survival.go, logrank.go                survival curves, restricted mean, comparison
//	quantile.go, charlson.go               Table 1: summaries, standardised differences, comorbidity
//	logistic.go                            risk adjustment and its calibration
//	disparity.go                           gaps between groups
//	control.go, rules.go, simulate.go      control charts, signals, how many are false
//	funnel.go                              units about their mean
//
// All intervals are two-sided at 95 %. What data do not define has a reason,
// [NotCalculable], in place of a figure; the older functions that give an [Estimate] alone
// have NaN there, which [Estimate.Defined] tells. Counts that cannot be (a numerator above
// its denominator, a negative count) panic: they are a caller's mistake, and a printed
// interval would hide it.
package stats

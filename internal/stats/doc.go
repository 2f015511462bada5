// Package stats holds the interval estimates that farr prints beside every
// rate: pure functions of counts, each with its source and its published
// reference values as tests.
//
// All intervals are two-sided at 95 %. An estimate that its counts do not
// define (a proportion of nothing, a ratio to zero) is NaN and so are its
// limits; [Estimate.Defined] tells. Counts that cannot be (a numerator above its
// denominator, a negative count) panic: they are a caller's mistake, and a
// printed interval would hide it.
package stats

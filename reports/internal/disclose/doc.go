// Package disclose is the wall between exact counts and anything that may be
// read by someone else.
//
// Exact numbers go in as [Exact], [ExactStep] and [ExactYear]; [Release] gives
// back [Row], [Step] and [Year], whose numbers are [Count] and [Rate]. Those two
// types have no exported fields and no constructor: release.go is the only place
// that makes them (a test reads the source to hold that), and pages, charts, CSV
// and JSON accept nothing else.
//
// A number is in one of four states that are never mixed: zero, suppressed, not
// applicable, incomplete. A [Rate] cannot be printed without its numerator, its
// denominator, its interval and its state, because they are one value.
//
// The rule for an external audience is the simple one: counts of 1 to 10 are
// hidden, as are their complements, and in each sum that the release publishes
// no hidden number stands alone. It is not a proof that nothing can be derived
// from several published tables together; [Policy.Caveat] says so on the page.
package disclose

// Package disclose is the wall between exact counts and anything that may be
// read by someone else.
//
// Exact numbers go in as [ExactMeasure], [ExactCohort] and [ExactAccounts]; a [Border] gives
// back [Measure], [Cohort] and [Accounts], whose numbers are [Count] and [Rate]. Those two
// types have no exported fields and no constructor: release.go is the only place
// that makes them (a test reads the source to hold that), and pages, charts, CSV
// and JSON accept nothing else.
//
// A number is in one of four states that are never mixed: zero, suppressed, not
// applicable, incomplete. A [Rate] cannot be printed without its numerator, its
// denominator, its interval and its state, because they are one value.
//
// For an external audience a [Policy] names the counts that may not be seen. The
// rules hide these, their complements, and what subtraction would give; they come
// from what each kind of table is. Then package attack takes everything that a
// measure, a cohort or a table of records publishes (sheet*.go writes it down as cells
// and sums) and hides more until no hidden number can be recovered; [Certificate]
// says what was hidden, what the attack covers, and what it does not.
package disclose

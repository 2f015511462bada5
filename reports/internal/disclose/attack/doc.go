// Package attack plays the reader who wants the hidden numbers of a release, and
// hides more until that reader gets none of them.
//
// A [System] is everything that is published and everything that could be asked
// for: [Cell]s with their true values, and [Relation]s between them (the months
// add up to the year, numerator and rest to the denominator). The attack takes
// for each target the least and the greatest value consistent with all that is
// shown. The target is recoverable when these are equal, wholly within 1..Small,
// or less than Width apart. Targets are all hidden cells, and the small ones of
// those that have no place in the release at all, such as the complement of a
// printed number.
//
//	system.go    cells, relations, and what a caller may not hand in
//	split.go     parts that say nothing about each other
//	tableau.go   relations solved for a basis, in floating point
//	walk.go      the simplex method, from the truth towards one end of a cell
//	integral.go  from a fractional corner to whole numbers
//	witness.go   assignments, checked in whole numbers: the proof
//	attack.go    System.Attack
//	choose.go    the cheapest cells to hide so that a target can move
//	protect.go   System.Protect: hide, attack, repeat
//	clean.go     what turned out not to be needed is shown again
//	resort.go    the last resort: a table is taken out
//	join.go      several releases as one system
//
// # Proof by witnesses
//
// That a cell is safe is proved by assignments of whole numbers to all cells that are
// not shown, in which every relation holds, no cell is below what readers know it to
// be at least, and the cell takes two values that are at least Width apart, the greater
// above Small. The truth is one such assignment. The simplex method only proposes them: it works in
// floating point, and each proposal is rounded and then checked in integers against
// the system as it was handed in. So an error of rounding, or a search that gives up,
// can only make a safe cell look recoverable and hide more; never the other way.
//
// Everything is deterministic: equal systems give equal releases. Work is bounded by
// counted operations and not by time.
//
// Sources. The attack by linear programming and the definition of protection levels:
// Fischetti and Salazar-González, "Solving the cell suppression problem on tabular
// data with linear constraints", Management Science 47 (2001) 1008-1027. Piecewise linear
// simplex: Fourer, "A simplex algorithm for piecewise-linear programming I", Mathematical
// Programming 33 (1985) 204-233.
package attack

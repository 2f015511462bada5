// Package plan compiles linked ELM to SQL text over whole populations. It imports
// no engine.
//
// A define becomes one statement that makes one table, named after it, with a row
// a patient (and a row a period, where the measurement period is used), or a row
// an element of its list.
//
// Inside a define every expression is compiled in a frame: a relation with one row
// for each time that CQL would evaluate the expression. A scalar is a bundle of
// SQL expressions over the frame's columns: a date is its lower and upper bound
// and its precision, an interval two points, a resource its rid. A list is another
// frame, forked from the first: its rows are the elements, and carry the outer
// frame's key. So exists, first or count is a grouping by that key, joined back;
// there is no list value and no correlated subquery.
//
// An aggregate clause is the exception: its accumulator may be a list, which is then
// one column of a recursive table that takes one element of every outer row a step.
//
// Columns are named once in a program, and a frame's steps only ever add columns,
// so that an expression compiled early stays true in every frame forked later.
package plan

// Package plan compiles linked ELM to a relational plan over whole populations, and
// prints the plan as SQL. It imports no engine, and only its printer (duckdb.go,
// duckdb_expr.go) knows how one spells.
//
// A define becomes one statement that makes one table, named after it, with a row
// a patient (and a row a period, where the measurement period is used), or a row
// an element of its list.
//
// Inside a define every expression is compiled in a frame: a relation with one row
// for each time that CQL would evaluate the expression. A scalar is a bundle of
// expressions over the frame's columns: a date is its first and last moment
// and its precision, an interval two points, a resource its rid. Which bundle it is,
// is its type: the ELM of today says no result types, so they are found from the leaves
// up, in the same walk. Equal expressions are one, so that what is computed twice is
// bound once; conditions drop what those before them have decided. A list is another
// frame, forked from the first: its rows are the elements, and carry the outer
// frame's key. So exists, first or count is a grouping by that key, joined back;
// there is no list value and no correlated subquery.
//
// An aggregate clause is the exception: its accumulator may be a list, which is then
// one column of a recursive table that takes one element of every outer row a step.
//
// Compiled so, each define says all that its author wrote, each time anew. Passes (passes.go,
// with the reason for each) leave out what nobody reads, say once what was said twice, and turn
// questions for the existence of a list into semi joins. Two things are computed beside the rows
// of the extract, before any define, and shared by all: functions of one resource (derive.go)
// and whether a resource's concept is in a value set (members.go); Reads says what that makes of
// each table. Functions that look at more than their resource are computed once for each element of
// the define's list that the resource is of (answer.go). A truth value's table has no row for who is false.
//
// Columns are named once in a define, and a frame's steps only ever add columns,
// so that an expression compiled early stays true in every frame forked later.
package plan

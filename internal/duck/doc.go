// Package duck is the one door to DuckDB, and the one importer of its driver.
//
// A [Session] is an in-memory database that can read and write the folders it was
// given and nothing else: no network, no extensions, no other files, and after
// [Session.Lock] no settings. The engine's own error texts quote data values, so
// an error from here carries the class of the failure and the name of the
// statement, never the engine's text ([Error]).
//
// SQL that a person wrote for a measure comes in by another way.
// [Session.CheckSelect] parses it and refuses whatever is not one SELECT over
// views, and [Session.CreateView] turns it into a view. What is wrong with it is
// told in its own words, with line and column ([SQLError]), since at that point no
// row has been read.
//
// Results come as rows or as Arrow records. The driver offers Arrow only under the
// build tag duckdb_arrow; without it records are built from rows, several times
// slower, with the same schema.
package duck

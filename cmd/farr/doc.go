// Command farr turns FHIR R4 exports into de-identified Parquet, computes quality
// measures and cohort statistics over it with DuckDB, and renders an offline HTML
// report.
//
// A verb is one small file that reads its flags and calls one layer; nothing is
// decided here. Results go to standard output (with --json as one JSON value), talk
// and progress go to standard error, and the exit code says which kind of end it was.
package main

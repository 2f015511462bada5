// Package columnar writes de-identified rows as Parquet objects that DuckDB reads.
// It takes deid.Row and nothing else, so what it writes has passed the policy.
//
// A table is cut into objects at the first bucket boundary past ObjectRows, and an
// object into row groups of at most GroupRows. Equal rows give equal bytes. Memory
// is that of the one row group being written for each open table.
package columnar

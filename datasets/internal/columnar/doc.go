// Package columnar writes de-identified rows as Parquet objects that DuckDB reads.
// It takes deid.Row and nothing else, so what it writes has passed the policy.
//
// A table is cut into objects at the first bucket boundary past ObjectRows, and an
// object into row groups of at most GroupRows. Equal rows give equal bytes. Memory
// is that of the one row group being written for each open table.
//
// The pages are made here and not by a general writer, because rows here are flat, and
// most of their columns are null in most rows: a cell that is null costs nothing, and a
// column without a value costs a page of a few bytes. Of parquet-go are the encodings of
// integers and the Thrift of the headers. A column chunk is one data page (version 2), after a
// dictionary page where values repeat; there is no page index.
package columnar

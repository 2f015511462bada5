// Package scale makes large populations for benchmarks out of small ones: it replicates an extract to
// any number of patients, table by table in DuckDB, without NDJSON in between.
//
//	report, err := scale.Replicate(ctx, scale.Request{From: snapshot, To: store, Key: key, Patients: 1_000_000, Seed: 1})
//
// Replicas differ as Changes says, so that nothing can be shared or kept between them:
//
//   - every patient has a new pid and every resource a new rid, and all that names them follows: child
//     tables, extensions, references. What no patient owns (organizations, locations, medications, the
//     dictionary) stays as it is, and references to it too.
//   - all dates of a patient move by one whole number of days, drawn for the patient (0 for half of them); a
//     partial date moves and is cut to its precision again; stand-ins for "unknown" and "for ever" stay.
//   - a share of the resources, of the ends of periods and of the numbers is left out, and a share
//     of the numbers is altered.
//
// Everything is drawn from the seed, the replica and the row by hashes, so equal requests make equal rows. The
// result is an extract like any other: objects by hash, buckets by the top bits of the pid, rows in the
// order in which the extractor writes them, sealed values sealed again for their new places, a shift of
// its own for each patient where the profile is shifted.
package scale

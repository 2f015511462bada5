// Package export writes rows of an extract for an analyst outside: all or nothing, behind a gate.
//
//	config, _ := export.LoadConfig("export.yaml")
//	report, err := export.Run(ctx, store, export.Request{Name: "registry-2026", Profile: "shifted", ...})
//
// What leaves is de-identified twice. Pseudonyms and shifts are those of the export alone, from a key that the
// project's key, the profile and the export's name give: exports of two names, or of two profiles, share no pseudonym
// and no shift, nor does any with the store. No key or formula joins them; what rows hold may still link them, such
// as times of day, values and the days between events. References stay whole inside one export.
//
// Exports of one name and profile share pseudonyms and shifts by design: a refresh for the same analyst. They join,
// and each is judged alone: what one left out is in the other, so keep leave_out and tables the same under one name.
//
// What never leaves: sealed values and columns that exist for them, the name of a source, labels
// of sites, the dates when a record was stored or published (updated, issued), and persons without a Patient.
//
// # The edges
//
// A patient's dates end with the load. Who knows that a patient was seen to the last day reads the shift off
// the newest date. So in profile shifted a date leaves only where it tells nothing: let a column's true dates reach
// from A to B, and shifts from 1 to N days. A shifted date from A to B - N can come of every shift; one
// before A or after B - N cannot, and is left out (the value is null, its row stays). It is judged by
// the shifted date: a cut by the true one would only move the edge to where it cuts. B is the day up to which the
// extract knows, where events are planned after it.
//
// # The gate
//
// In the file of the export (see [Config]):
//
//   - shifted: residual risk within the thresholds, and an expert's determination with a day on which it expires;
//   - limited: a data use agreement;
//   - safe-harbor: residual risk within the thresholds, and a clean scan of every text: of a closed list
//     of the policy, and of no form that names, dates, phone and record numbers have. The extract is of
//     that profile already: what is generalised is generalised in one place.
//
// Residual risk is that of the quasi-identifiers that leave: one whose table does not, or that the file
// leaves out, is none. The profile of an export is that of its extract. A refusal is a [RefusalError]: exit
// code 5, nothing written, and an entry in the log.
package export

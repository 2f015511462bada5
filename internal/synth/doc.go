// Package synth makes a synthetic population as a FHIR R4 Bulk Data export, together with the
// right answers. It is what farr is demonstrated and measured on, and a check of every
// number that the measures' SQL gives.
//
//	Generate
//	  world        sites, periods, planted effects      world.go, period.go
//	  simulate     one patient's event state            simulate.go and a file per concern
//	  count        the truth, from event state          definitions.go, studies.go, tally.go
//	  write        the same state as FHIR JSON          fhir.go, older.go, dirty.go, chunk.go
//	  conclude     truth.json, sites.csv, markers.json  truth.go
//
// # Truth
//
// truth.json is counted from the event structs of person.go by plain loops, never from the FHIR
// text, and the package imports no layer of farr. Codes belong to the renderer: truth asks a
// concept for its kind. So an error in reading, de-identification, value lists or SQL
// shows as a difference. Events that a planted fault kept from being delivered are neither
// written nor counted: truth is what the written data say.
//
// Where a definition leaves room, the generator keeps out of it, so that two right
// readings cannot differ:
//   - no two encounters of a patient start at the same local wall time, also not across the
//     hour that autumn repeats; admissions stay out of that hour;
//   - no two coverages of a patient start on the same day, none starts after the last day or before
//     birth, and every period has a start of day precision;
//   - no patient has two HbA1c on one day;
//   - a quantity without a unit code has a unit text that is no UCUM;
//   - abatement is a dateTime, onset a dateTime or a Period with a start;
//   - type 1 diabetes always has a date, if only that of its record;
//   - nothing clinical lies after the last day, planned encounters included, and the first
//     patient has a finished visit 30 seconds before its midnight, so the data end there.
//
// The five shipped cohorts are counted in the same way, from the questions that a study asks of a
// person: every step of attrition, every member's index date, events and days at risk day by day.
//
// Readings that truth takes: a partial date stands for its first day, that of abatement included;
// only observable time ends with the last day on which a death can have been; a gap between coverages is the number of uncovered days between
// them, and bridging comes before the cut at death; a race that is a null flavour or only
// text is unknown, and a detailed race is not one more; an encounter without
// serviceProvider is unattributed where its own site is asked for; a patient whose Patient
// was never delivered is in no population.
//
// # Determinism
//
// Each patient has a random stream of its own from (seed, index), so neither cores nor the
// number of patients change a patient; heart failure, statins, births and asthma have one more
// each, so that what is changed in one changes nothing else; chunks of patients are compressed as gzip
// members of their own and written in order. Equal options give equal bytes.
package synth

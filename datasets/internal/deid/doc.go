// Package deid is the wall between raw records and everything that is kept. What
// goes in is a parsed FHIR resource; what comes out are Rows of tables whose
// columns a policy table lists. Only this package can make a Record or a Row, and
// the writer takes nothing else.
//
//	policy, err := LoadPolicy()                     // policy/*.policy: data that a privacy officer can read
//	plan, err := Compile(policy, Shifted)           // a tree of element names, walked once a record
//	record, verdict := extractor.Extract(doc, seq)  // raw resource -> Record
//	err = collector.Add(record)                     // sorted runs on disk hold Records only
//	err = finisher.Finish(ctx, sorter, collectors)  // newest version, as-of day, observable time -> Rows
//
// An extract that is added to an earlier one takes from it what decides (earlier.go): its patients as Records, how new its versions
// of the resources in hand are, and what the rows that stay say of the whole.
//
// # Default deny
//
// An element that no line of a policy table lists does not exist: there is no
// column for it. Text passes only as a code of an allow-listed system with valid
// syntax, a member of a closed list, a UCUM unit of known atoms, a US state, or
// the digits of a ZIP code. A number without a unit is small. Everything else is
// dropped and counted by path. All lists are files of policy/, under the policy's hash.
//
// HL7's codes are words, so they are listed one by one. What a form cannot tell apart
// passes: an identifier that is a valid RxNorm, NDC, CPT or SNOMED CT code, and one as a number with a
// real unit.
//
// # Dates
//
// A patient's dates are moved back by a number of whole days that the key and the
// pseudonym give. They are local wall time, because daylight saving would show the
// shift in UTC. What is a calendar anchor by nature is sealed instead, and so is a
// time whose offset the zone does not give back. The key opens all of it again:
// Shifter, Sealer and Zone are what the keyed views use.
//
// A sealed time of day can only be of the hour that a change of clocks repeats, or
// leaves out: its true day is one of two in a year. So a record with such a time has
// every date sealed, in its rows of child tables too, and an open date beside the seal
// does not give the shift away. What remains: a row that another row links to (by
// encounter_rid) and that stands open on the same day. It is a known attack, counted as
// one: who sees a sealed time may guess that a linked open day is that day.
//
// Patients who are linked (Patient.link) share the shift of the smallest pseudonym among them, which is sealed with
// each; see links.go. They stay persons of their own in every table and count.
//
// # Linkage
//
// The same person in several sources is found by link.go (claims, rules, persons, rows: one file each) between the first pass and the
// merge: records of linked Patients go under one pseudonym, as if they had been extracted so, and all that follows is that of one
// source.
//
// # Profile safe-harbor
//
// Of a date the year is kept, at rest as the first of January with precision 1. Nothing is sealed, because the key is
// made for the one extract and is nowhere but in memory: two extracts of one input have no pseudonym in common. Rows
// of a patient are in order of their pseudonyms, and lists show no date, since they are mostly in order of time. An
// age is in completed years; a time of a day and more, and a number that may be a day counted from some start, are not
// kept. A birth year goes where any year that is shown is 90 or more after it. See harbor.go and finish_harbor.go.
//
// # Codes
//
// A ConceptMap gives local codes standard ones, before the rules for codes; then a coding passes by its system
// (systems.txt, hl7.txt) and the form of its code, or by the list of codes that the system has. hl7.mjs makes hl7.txt of HL7's
// own code systems. A quantity with a comparator is lost: it is not the number that it names.
//
// # Mistakes in tables
//
// Lint reads a folder of tables and tells of everything in it that cannot be read, that Compile refuses in any profile, or
// that FHIR R4 (package fhir, elements.txt) does not know; a table of somebody's own is used only without a mistake.
// A modifier element of R4 must have a line, or the directive refuse, which drops a record that has it.
//
// # Adding a resource type, or an element
//
// A type is a new file policy/Type.policy; an element is one line:
//
//	element | FHIR type | column | action when shifted | when limited | when safe-harbor | list | why
//
// A path names arrays as name[] (a child table, or a list of concepts), and one
// item of an array as name[current], name[preferred] or name[first]. A column with
// [x] is a choice element: its tag tells which alternative was there. The action
// "-" leaves the column out of that profile. Compile refuses what it does not know, and what a profile's name
// promises not to keep (rules.go): a date of a type without a single patient (owner none) stands in no profile.
package deid

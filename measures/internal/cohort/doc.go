// Package cohort is the language of cohort files: what an analyst writes in YAML about
// events, windows and rules, and what it comes to in SQL and in plain English.
//
//	rule, event     what is written (yaml.go)
//	Check           what is wrong with its meaning, at its place (check.go)
//	Compile         one SELECT over the views that authors read (compile.go)
//	Describe        the same in a sentence (describe.go)
//	Part            what is written in CQL or SQL instead (part.go)
//
// An event is something that happened to a person on a day: a condition began, a
// procedure was performed, a medication was ordered, an encounter began. What it is, a
// value list says. A rule asks, for each entry (a person and an index date), whether
// events lie in a window of days about the index date, or something of the person:
//
//	require: {medication: statins, days: -365..-1}
//	exclude: {any: [{condition: type_1_diabetes}, {age: {below: 18}}]}
//
// A window is written from..to in days after the index date, before it with a minus;
// either end may be left out, and without a window all of the data count.
package cohort

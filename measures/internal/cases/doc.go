// Package cases is the language of assurance cases: a handful of persons, made up to show what a
// cohort means, with what is expected of each.
//
//	written in YAML   yaml.go
//	Parse             reads a file and tells all that is wrong with it, at its place (parse.go)
//	WriteFHIR         the persons as FHIR R4, so that they go through extraction as real ones do (fhir.go)
//
// A code is written in one of three ways: the name of a value list is its first code, LIST/CODE is
// a code that must be in the list, and SYSTEM|CODE is any code.
package cases

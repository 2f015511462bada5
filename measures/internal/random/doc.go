// Package random compares farr with another engine on random programs and persons. It has
// tests alone: make cql-random runs them, with npm.
//
// A grammar (testdata/cql-random/grammar.txt) says what programs are made of; a program is a define,
// many of which make a library. Each is translated to ELM and evaluated for each person by
// cql-execution (testdata/cql-random/oracle.mjs), and by farr on an extract of the same persons. A
// define and a person are a case. Where the answers differ the difference must be one of a class in
// testdata/cql-random/corrections.mjs, which says who is right by which section of CQL's specification.
package random

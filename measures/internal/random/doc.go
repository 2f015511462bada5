// Package random compares farr with another engine on random programs and persons. It has
// tests alone: make cql-random runs them, with npm.
//
// A grammar (testdata/cql-random/grammar.txt) says what programs are made of; a program is a
// define, many of which make a library. Each is translated to ELM and evaluated for each person
// by cql-execution (testdata/cql-random/oracle.mjs), and by farr on an extract of the same
// persons. A define and a person are a case, whose values are compared as farr explains them.
//
// Where cql-execution differs from CQL's specification, testdata/cql-random/corrections.mjs says
// by which section, and what it would have to answer. A difference from farr must be exactly that,
// or the run fails.
//
// To shrink a difference, set FARR_RANDOM_DIR: there are then the programs in cql, the persons,
// and the oracle's answers.
package random

// Package fhir reads FHIR R4 exports: it finds the NDJSON files of a folder, and Bundles whose entries are as good as lines,
// streams their lines, and parses each line into a tape of JSON values that has
// passed every check farr makes before a record may reach de-identification.
//
//	src, err := fhir.Open(dir)          // the inputs, sorted by name
//	for _, in := range src.Inputs {
//		err = in.Lines(ctx, func(l fhir.Line) error {
//			why := l.Reason
//			if why == "" {
//				why = doc.Parse(l.Bytes) // one Doc, reused for every line
//			}
//			...
//		})
//	}
//
// # Why a parser of our own
//
// What follows this package decides, element by element, what may leave a raw
// record. That decision is only as good as the reading it rests on, so there must be
// one reading. encoding/json keeps the last of two equal keys, replaces what is
// not UTF-8, pairs surrogates leniently, and matches names without regard to case; fast
// parsers differ again. Each of these lets two readers of one line see two
// records, and one of them may be the record nobody checked. Here a line that can
// be read in two ways is rejected: duplicate keys after unescaping, NUL, bad UTF-8 and
// half surrogate pairs, trailing text. Numbers are kept as text, so no threshold is ever decided
// on a rounded float. And a parser that allocates nothing per line is what keeps
// extraction near the speed of the disk.
//
// # Rejects and errors
//
// A [Reason] is about one line: the line is left out, counted and listed by file, line and
// offset. An [*Error] is about a whole input, and ends the read. Neither carries any
// text of the input.
package fhir

package deid

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"farr/internal/source"
)

// ConceptMap says which standard codes stand for the codes of other systems, mostly local
// ones (FHIR R4, ConceptMap). It is applied before the policy's rules for codes: what a code
// maps to stands beside it, and the code itself passes only if it would without the map.
type ConceptMap struct {
	to      map[coding][]coding
	systems map[string]bool // that codes are mapped from
}

// NewConceptMap makes an empty map.
func NewConceptMap() *ConceptMap {
	return &ConceptMap{map[coding][]coding{}, map[string]bool{}}
}

// of are the codes that a coding maps to; known says that the map is about its system.
func (m *ConceptMap) of(system, code string) (targets []coding, known bool) {
	if m == nil {
		return nil, false
	}
	if !m.systems[system] {
		if system = normalURI(system); !m.systems[system] {
			return nil, false
		}
	}
	return m.to[coding{system, code}], true
}

// Equivalences are those of a target that the map may use (FHIR R4, ConceptMapEquivalence). All
// but the first two say that the target means something else in part.
var Equivalences = []string{"equal", "equivalent", "wider", "subsumes", "narrower", "specializes", "inexact", "relatedto"}

// UsedEquivalences are those that are used where nothing else is said.
var UsedEquivalences = []string{"equal", "equivalent"}

// otherEquivalences say that there is no target.
var otherEquivalences = []string{"unmatched", "disjoint"}

// ReadConceptMap adds a file to a map: a FHIR R4 ConceptMap as JSON, or CSV with the heading
//
//	source_system,source_code,target_system,target_code
//
// and perhaps equivalence. Every target must itself be a code that the policy keeps. The error has every
// mistake at its place. Codes to map are never quoted: a local code may be anything.
func (p *Policy) ReadConceptMap(into *ConceptMap, file string, text []byte, equivalences []string) error {
	r := &mapReader{policy: p, into: into, file: file, text: text, used: equivalences}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if first := bytes.TrimSpace(text); len(first) > 0 && first[0] == '{' {
		r.json(text)
	} else {
		r.csv(text)
	}
	return r.mistakes.Err()
}

// mapReader reads one file.
type mapReader struct {
	policy   *Policy
	into     *ConceptMap
	file     string
	text     []byte
	used     []string
	mistakes source.Diagnostics
}

func (r *mapReader) say(line, column int, code, message, hint string) {
	r.mistakes = append(r.mistakes, source.Diagnostic{
		Pos: source.Pos{File: r.file, Line: line, Column: column}, Code: code, Message: message, Hint: hint,
	})
}

// mapHeading are the columns of a CSV file; the last may be missing.
var mapHeading = []string{"source_system", "source_code", "target_system", "target_code", "equivalence"}

func (r *mapReader) csv(text []byte) {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = -1
	columns := 0
	for {
		fields, err := reader.Read()
		if err == io.EOF {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			r.say(broken.Line, broken.Column, "bad-csv", "this is no CSV: "+broken.Err.Error(), "")
			return
		}
		line, _ := reader.FieldPos(0)
		at := func(i int) int { _, column := reader.FieldPos(i); return column }
		if columns == 0 {
			if columns = len(fields); columns < 4 || columns > 5 || !slices.Equal(fields, mapHeading[:columns]) {
				r.say(line, 1, "bad-heading", "the heading is not that of a concept map", strings.Join(mapHeading[:4], ",")+", and perhaps ,"+mapHeading[4])
				return
			}
			continue
		}
		if len(fields) != columns {
			r.say(line, 1, "bad-csv", "the line has not as many fields as the heading", "")
			continue
		}
		relation := "equivalent"
		if columns == 5 {
			relation = fields[4]
			if !r.relation(relation, line, at(4)) {
				continue
			}
		}
		wrong := false
		for i, field := range fields[:4] {
			if strings.TrimSpace(field) == "" && !slices.Contains(otherEquivalences, relation) {
				r.say(line, at(i), "missing-value", "no "+mapHeading[i], "")
				wrong = true
			}
		}
		if !wrong && slices.Contains(r.used, relation) {
			r.add(coding{fields[0], fields[1]}, coding{fields[2], fields[3]}, line, at(3))
		}
	}
	if columns == 0 {
		r.say(1, 1, "bad-heading", "the file is empty", strings.Join(mapHeading[:4], ","))
	}
}

// relation says whether an equivalence is one of R4.
func (r *mapReader) relation(name string, line, column int) bool {
	all := append(slices.Clone(Equivalences), otherEquivalences...)
	if slices.Contains(all, name) {
		return true
	}
	hint := source.DidYouMean(name, all)
	if hint == "" {
		hint = "one of " + strings.Join(all, ", ")
	}
	r.say(line, column, "unknown-equivalence", "no such equivalence in R4", hint)
	return false
}

// add is one mapping; the place is that of its target.
func (r *mapReader) add(from, to coding, line, column int) {
	kept, ok := r.policy.systems.keep(to.system, to.code)
	if !ok {
		hint := "the system is not one of those whose codes are kept (systems.txt, hl7.txt)"
		if r.policy.systems.has(to.system) {
			hint = "it is not a valid code of that system"
		}
		r.say(line, column, "target-not-kept", "the policy does not keep the code "+to.code+" of "+to.system, hint)
		return
	}
	from.system = normalURI(from.system)
	r.into.systems[from.system] = true
	if !slices.Contains(r.into.to[from], kept) {
		r.into.to[from] = append(r.into.to[from], kept)
	}
}

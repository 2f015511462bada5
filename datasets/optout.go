package datasets

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"farr/datasets/fhir"
	"farr/internal/source"
)

// ReadPatientIDs reads a list of patients by their ids in a source: one a line, as id or Patient/id,
// with # before a comment and empty lines between. All mistakes come at once, by line and never
// with the text, since an id may be a record number.
func ReadPatientIDs(path string) ([]string, error) {
	text, err := source.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read list of patients: %w", err)
	}
	var ids []string
	var wrong source.Diagnostics
	first := map[string]int{}
	number := 0
	for line := range bytes.SplitSeq(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), []byte("\n")) {
		number++
		say := func(code, message, hint string) {
			column := 1 + len(line) - len(bytes.TrimLeft(line, " \t"))
			wrong = append(wrong, source.Diagnostic{Pos: source.Pos{File: path, Line: number, Column: column}, Code: code, Message: message, Hint: hint})
		}
		if !utf8.Valid(line) {
			say("bad-encoding", "the line is not UTF-8", "")
			continue
		}
		word, _, _ := bytes.Cut(line, []byte("#"))
		id := strings.TrimSpace(string(word))
		if id == "" {
			continue
		}
		typ, rest, typed := strings.Cut(id, "/")
		if typed {
			id = rest
		}
		switch {
		case typed && typ != "Patient":
			say("not-a-patient", "the line names a resource that is no Patient", "one id, or Patient/id, a line")
		case !fhir.ValidID([]byte(id)):
			say("bad-id", "this is no FHIR id", "one id, or Patient/id, a line; an id has 1 to 64 of A-Z, a-z, 0-9, - and .")
		case first[id] > 0:
			say("duplicate-id", fmt.Sprintf("this patient is on line %d, too", first[id]), "")
		default:
			first[id] = number
			ids = append(ids, id)
		}
	}
	return ids, wrong.Err()
}

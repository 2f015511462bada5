package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"farr/datasets/fhir"
)

// Issues reads the files of OperationOutcomes and counts their issues by severity/code, in words of the
// specification: an issue's text may quote a record.
func (e *Export) Issues(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, f := range e.Errors {
		_, err := e.lines(ctx, f, func(text []byte) error {
			o := parseOutcome(text)
			if len(o.Issue) == 0 {
				counts["other/other"]++
			}
			for _, name := range o.names() {
				counts[name]++
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// Tombstones reads the files of what was deleted, gives type and id of each, and what each file held.
func (e *Export) Tombstones(ctx context.Context, each func(typ, id string) error) (texts []fhir.Text, err error) {
	for _, f := range e.Deleted {
		text, err := e.lines(ctx, f, func(text []byte) error {
			var bundle struct {
				ResourceType string
				Entry        []struct{ Request struct{ Method, URL string } }
			}
			if json.Unmarshal(text, &bundle) != nil || bundle.ResourceType != "Bundle" {
				return &Error{Code: BadAnswer, URL: named(f.url), Detail: "a file of what was deleted holds something else than Bundles"}
			}
			for _, en := range bundle.Entry {
				parts := strings.Split(en.Request.URL, "/")
				typ, id := "", parts[len(parts)-1]
				if len(parts) > 1 {
					typ = parts[len(parts)-2]
				}
				if en.Request.Method != "DELETE" || !fhir.IsResourceType([]byte(typ)) || !fhir.ValidID([]byte(id)) {
					return &Error{Code: BadAnswer, URL: named(f.url), Detail: "an entry of what was deleted is no DELETE of Type/id"}
				}
				if err := each(typ, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// lines gives each line of a file that is not of records.
func (e *Export) lines(ctx context.Context, f *File, each func(text []byte) error) (fhir.Text, error) {
	within, stop := context.WithCancel(ctx)
	defer stop()
	r := e.Open(within, f)
	defer r.Close()
	var n int64
	text, err := fhir.Stream{Name: f.Name, Reader: r}.Lines(ctx, func(l fhir.Line) error {
		n++
		if l.Reason != "" {
			return &Error{Code: BadAnswer, URL: named(f.url), Detail: "a line is " + string(l.Reason)}
		}
		err := each(l.Bytes)
		if err != nil {
			stop() // or the reader would wait for the server
		}
		return err
	})
	if err == nil {
		err = f.Check(n)
	}
	return text, err
}

// Check holds the number of resources that a file had against the manifest's.
func (f *File) Check(read int64) error {
	if f.Count >= 0 && f.Count != read {
		return &Error{Code: WrongCount, URL: named(f.url), Detail: fmt.Sprintf("the manifest says %d resources, and %d lines are there", f.Count, read)}
	}
	return nil
}

// Types are the types of the export's files, sorted.
func (e *Export) Types() []string {
	types := map[string]bool{}
	for _, f := range e.Files {
		types[f.Type] = true
	}
	return slices.Sorted(maps.Keys(types))
}

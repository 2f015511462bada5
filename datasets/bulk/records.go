package bulk

import (
	"context"
	"encoding/json"
	"fmt"

	"farr/datasets/fhir"
)

// Issues reads the files of OperationOutcomes and counts their issues by severity/code, in words of the
// specification: an issue's text may quote a record.
func (e *Export) Issues(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, f := range e.Errors {
		_, err := e.whole(ctx, f, func(text []byte) error {
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
		text, err := e.whole(ctx, f, func(text []byte) error {
			var bundle struct {
				ResourceType string
				Entry        []struct{ Request struct{ Method, URL string } }
			}
			if json.Unmarshal(text, &bundle) != nil || bundle.ResourceType != "Bundle" {
				return &Error{Code: BadAnswer, URL: named(f.url), Detail: "a file of what was deleted holds something else than Bundles"}
			}
			for _, en := range bundle.Entry {
				d, ok := fhir.DeletionOf(en.Request.URL)
				if en.Request.Method != "DELETE" || !ok {
					return &Error{Code: BadAnswer, URL: named(f.url), Detail: "an entry of what was deleted is no DELETE of Type/id"}
				}
				if err := each(d.Type, d.ID); err != nil {
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

// whole gives each line of a file that is not of records, in which none may be bad.
func (e *Export) whole(ctx context.Context, f *File, each func(text []byte) error) (fhir.Text, error) {
	return e.Lines(ctx, fhir.Stream{Name: f.Name}, f, func(l fhir.Line) error {
		if l.Reason != "" {
			return &Error{Code: BadAnswer, URL: named(f.url), Detail: "a line is " + string(l.Reason)}
		}
		return each(l.Bytes)
	})
}

// Lines gives each line of a file, and in the end holds their number against the manifest's. The stream says what errors call
// the file; its bytes are the file's.
func (e *Export) Lines(ctx context.Context, s fhir.Stream, f *File, each func(fhir.Line) error) (fhir.Text, error) {
	within, stop := context.WithCancel(ctx)
	defer stop()
	r := e.Open(within, f)
	defer r.Close()
	s.Reader = r
	var n int64
	text, err := s.Lines(ctx, func(l fhir.Line) error {
		n++
		err := each(l)
		if err != nil {
			stop() // or the reader would wait for the server
		}
		return err
	})
	if err == nil && f.Count >= 0 && f.Count != n {
		err = &Error{Code: WrongCount, URL: named(f.url), Detail: fmt.Sprintf("the manifest says %d resources, and %d lines are there", f.Count, n)}
	}
	if err == nil {
		err = e.once(f, text)
	}
	return text, err
}

// Cut says that a file's last line can not be read and has no end: what came is not all, whatever length the server gave.
func (f *File) Cut() error {
	return &Error{Code: CutFile, URL: named(f.url), Detail: "the last line ends within a resource, so that nobody knows how much does not follow"}
}

// once refuses what was read before, as another file, where the link was given by place: the manifest may have come in another order, and
// then one file is read twice and another never. Files without a byte are all the same.
func (e *Export) once(f *File, text fhir.Text) error {
	if text.Bytes == 0 {
		return nil
	}
	if e.read == nil {
		e.read = map[string]*File{}
	}
	key := f.section + " " + text.SHA256
	if before := e.read[key]; f.placed && before != nil && before != f {
		return &Error{Code: Changed, URL: named(e.status), Detail: "the manifest, asked for again for an expired link, is in another order: a file was read twice"}
	}
	e.read[key] = f
	return nil
}

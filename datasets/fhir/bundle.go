package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
)

// headBytes is how much of a JSON file is looked at for what it is.
const headBytes = 64 << 10

// form is how the text of an input holds its resources.
type form int

const (
	ndjsonText form = iota // one on each line
	bundleText             // the entries of one Bundle
	singleText             // one, over any number of lines
)

// jsonForm tells what a *.json file is by its resourceType, which must stand among the first members: exports stand beside
// other JSON, which is not read, for the reason given.
func (in Input) jsonForm() (_ form, why string) {
	const other = "no JSON with a resourceType in its first 64 KiB"
	f, err := in.open()
	if err != nil {
		return singleText, "" // left to Lines to report
	}
	defer f.Close()
	dec := json.NewDecoder(io.LimitReader(in.stream(f, nil), headBytes))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return 0, other
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return 0, other
		}
		if key != "resourceType" {
			var passed json.RawMessage
			if dec.Decode(&passed) != nil {
				return 0, other
			}
			continue
		}
		token, err := dec.Token()
		typ, text := token.(string)
		switch {
		case err != nil || !text:
			return 0, other
		case typ == "Bundle":
			return bundleText, ""
		}
		return singleText, ""
	}
	return 0, other
}

// documents is lines for the forms of a JSON file. Line.Number is that of the entry, from 1, and Line.Offset the byte before which
// it ends. A file that breaks off is an error, and not a rejected line: nobody knows how many entries are behind it.
func (in Input) documents(ctx context.Context, f *os.File, sum hash.Hash, fn func(Line) error) error {
	s := in.stream(f, sum)
	r := &bounded{r: s, most: int64(min(max(in.MaxLine, 1), 1<<30)) + headBytes}
	d := &documentReader{in: in, s: s, r: r, dec: json.NewDecoder(r), fn: fn}
	err := d.single
	if in.form == bundleText {
		err = d.bundle
	}
	if err := err(ctx); err != nil {
		return err
	}
	return d.end()
}

var errTooLong = errors.New("longer than a line may be")

// bounded fails when more is read between two entries than a line may have.
type bounded struct {
	r          io.Reader
	read, most int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.read > b.most {
		return 0, errTooLong
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	return n, err
}

type documentReader struct {
	in  Input
	s   *stream
	r   *bounded
	dec *json.Decoder
	fn  func(Line) error
	n   int64 // entries
}

// fault gives an *Error for what the decoder says, whose own text may quote the file.
func (d *documentReader) fault(err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return err // of gzip, or of the disk
	case errors.Is(err, errTooLong):
		return d.error(fmt.Sprintf("entry %d is over the %d bytes that a line may have", d.n+1, d.in.MaxLine))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return d.error("the file ends before its JSON does; copy it again")
	}
	return d.error("the JSON is damaged")
}

func (d *documentReader) error(hint string) error {
	if err := d.in.unchanged(d.s.f); err != nil {
		return err
	}
	return &Error{Code: CorruptJSON, File: d.in.Name, Input: d.in.Number, Offset: d.dec.InputOffset(), Hint: hint}
}

// single gives the one resource of the file.
func (d *documentReader) single(context.Context) error {
	var raw json.RawMessage
	if err := d.dec.Decode(&raw); err != nil {
		return d.fault(err)
	}
	return d.emit(raw, "")
}

// bundle gives the resources of the entries.
func (d *documentReader) bundle(ctx context.Context) error {
	if _, err := d.dec.Token(); err != nil { // {, by jsonForm
		return d.fault(err)
	}
	seen := map[string]bool{}
	for d.dec.More() {
		key, err := d.dec.Token()
		if err != nil {
			return d.fault(err)
		}
		name, _ := key.(string)
		if seen[name] {
			return d.error("the Bundle has a member twice, so that readers disagree on which counts")
		}
		if seen[name] = true; name == "entry" {
			if err := d.entries(ctx); err != nil {
				return err
			}
			continue
		}
		var passed json.RawMessage
		if err := d.dec.Decode(&passed); err != nil {
			return d.fault(err)
		}
	}
	if _, err := d.dec.Token(); err != nil {
		return d.fault(err)
	}
	return nil
}

func (d *documentReader) entries(ctx context.Context) error {
	if t, err := d.dec.Token(); err != nil {
		return d.fault(err)
	} else if t != json.Delim('[') {
		return d.error("Bundle.entry is no list")
	}
	for d.dec.More() {
		if err := ctx.Err(); err != nil {
			return err
		}
		d.r.read = 0
		var raw json.RawMessage
		if err := d.dec.Decode(&raw); err != nil {
			return d.fault(err)
		}
		if err := d.entry(raw); err != nil {
			return err
		}
	}
	if _, err := d.dec.Token(); err != nil {
		return d.fault(err)
	}
	return nil
}

// entry gives the resource of an entry, or what it deletes. One that does neither gives nothing.
func (d *documentReader) entry(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, _ := dec.Token(); t != json.Delim('{') {
		return d.emit(raw, NotAnObject)
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return d.fault(err)
		}
		name, _ := key.(string)
		if _, twice := members[name]; twice {
			return d.emit(raw, DuplicateKey)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return d.fault(err)
		}
		members[name] = value
	}
	resource, ok := members["resource"]
	if !ok {
		var asked request
		if json.Unmarshal(members["request"], &asked) != nil || !asked.deletes() {
			return nil
		}
		gone, ok := asked.deletion()
		if !ok {
			return d.emit(raw, VagueDelete)
		}
		d.n++
		return d.fn(Line{Number: d.n, Offset: d.dec.InputOffset(), Deleted: []Deletion{gone}, Done: d.s.raw.n})
	}
	var full, id string
	_ = json.Unmarshal(members["fullUrl"], &full)
	if uuid, is := strings.CutPrefix(full, "urn:uuid:"); is {
		var r map[string]json.RawMessage
		_ = json.Unmarshal(resource, &r)
		_ = json.Unmarshal(r["id"], &id)
		if id != "" && id != uuid { // without an id the line is rejected for that
			return d.error(fmt.Sprintf("entry %d has an id of its own behind a fullUrl of urn:uuid, so that references inside the Bundle do not lead to it; export NDJSON, or a Bundle with ids in its references", d.n+1))
		}
	}
	return d.emit(resource, "")
}

// emit gives one resource as a line.
func (d *documentReader) emit(raw []byte, why Reason) error {
	d.n++
	l := Line{Number: d.n, Offset: d.dec.InputOffset(), Reason: why, Done: d.s.raw.n}
	if why == "" {
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return d.fault(err)
		}
		if l.Bytes = line.Bytes(); len(l.Bytes) > d.in.MaxLine {
			l.Bytes, l.Reason = nil, TooLong
		}
	}
	return d.fn(l)
}

// end reads the file to its end, where only white space may be.
func (d *documentReader) end() error {
	rest := io.MultiReader(d.dec.Buffered(), d.s)
	for buf := make([]byte, headBytes); ; {
		n, err := rest.Read(buf)
		if !isBlank(bytes.ReplaceAll(buf[:n], []byte("\n"), nil)) {
			return d.error("there is more text behind the JSON; resources one a line are named *.ndjson")
		}
		if err == io.EOF {
			return d.in.unchanged(d.s.f)
		}
		if err != nil {
			return d.fault(err)
		}
	}
}

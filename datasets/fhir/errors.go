package fhir

import "fmt"

// Code is the stable name of an error that ends the read of an input or a folder.
type Code string

const (
	// EmptySource is a folder with no NDJSON file in it.
	EmptySource Code = "empty-source"
	// TruncatedGzip is a gzip file that ends before its data do: inside a block, at a flush
	// point, in the checksum at the end, or, where the file is BGZF, between two members.
	TruncatedGzip Code = "truncated-gzip"
	// CorruptGzip is a gzip file whose header, data or checksum are wrong.
	CorruptGzip Code = "corrupt-gzip"
	// GzipTrailingGarbage is a gzip file with bytes after its last member that are no member.
	GzipTrailingGarbage Code = "trailing-garbage"
	// CorruptJSON is a JSON file that ends before its text does, or is damaged, or cannot be read in one way.
	CorruptJSON Code = "corrupt-json"
	// GzipBomb is a gzip file that grows more than any export does.
	GzipBomb Code = "gzip-bomb"
	// SourceChanged is a file that is not the one that was listed or hashed: other size, time or identity.
	SourceChanged Code = "source-changed"
	// NotFHIRR4 is a source with a resource that only another FHIR release has.
	NotFHIRR4 Code = "not-fhir-r4"
	// Unreadable is a file or folder that the operating system does not let us read.
	Unreadable Code = "unreadable"
)

// Error ends the read of an input. It holds no text of the input: the name of the file, a
// place, and what to do about it.
type Error struct {
	Code Code
	// File is the name of the file inside the folder, or the folder.
	File string
	// Input is the file's place among the inputs sorted by name, from 1; 0 when the error is of the folder.
	Input int
	// Line is the 1-based line of the text, 0 where that says nothing.
	Line int64
	// Offset is in bytes from 0: of the uncompressed text where Line is given, else of the file itself; -1 when it says nothing.
	Offset int64
	// Hint says what is wrong and what helps, in one clause.
	Hint string
	// Err is the cause in the operating system, where there is one.
	Err error
}

func (e *Error) Error() string { return e.text(e.File) }

// Unnamed is the text of Error with the number of the input in place of the file's name, for
// what is kept: a name may say who the records are about.
func (e *Error) Unnamed() string {
	if e.Input == 0 {
		return e.text(e.File)
	}
	return e.text(fmt.Sprintf("input %d", e.Input))
}

func (e *Error) text(file string) string {
	at := ""
	switch {
	case e.Line > 0:
		at = fmt.Sprintf(":%d: byte %d", e.Line, e.Offset)
	case e.Offset >= 0:
		at = fmt.Sprintf(": byte %d", e.Offset)
	}
	s := fmt.Sprintf("%s%s: %s: %s", file, at, e.Code, e.Hint)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause, so that errors.Is finds fs.ErrNotExist and the like.
func (e *Error) Unwrap() error { return e.Err }

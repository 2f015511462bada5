package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file. Line and Column count from 1; Column counts
// characters, not bytes. A zero Line means the file as a whole.
type Pos struct {
	File         string
	Line, Column int
}

// String gives file:line:column, or the file alone where there is no line.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Diagnostic is one mistake in a file a person wrote.
type Diagnostic struct {
	Pos
	Code    string // stable, lower-case with hyphens: a script may look for it
	Message string // one sentence without a full stop
	Hint    string // what to do or what was probably meant; may be empty
}

// Error gives the line a person reads: file:line:column: code: message (hint).
func (d Diagnostic) Error() string {
	s := fmt.Sprintf("%s: %s: %s", d.Pos, d.Code, d.Message)
	if d.Hint != "" {
		s += " (" + d.Hint + ")"
	}
	// A name quoted from the file may hold a line break; the list is one a line.
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(s)
}

// Diagnostics is every mistake found, and is an error.
type Diagnostics []Diagnostic

// Error gives one diagnostic a line, in the order of Err.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As reach a single Diagnostic.
func (ds Diagnostics) Unwrap() []error {
	errs := make([]error, len(ds))
	for i, d := range ds {
		errs[i] = d
	}
	return errs
}

// Err is nil when there are no diagnostics, and else the diagnostics by file,
// line, column, code and message, each once.
func (ds Diagnostics) Err() error {
	if len(ds) == 0 {
		return nil
	}
	out := slices.Clone(ds)
	slices.SortFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Hint, b.Hint))
	})
	return slices.Compact(out)
}

package deid

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"farr/internal/source"
)

// The fields of an element line.
const (
	fieldPath = iota
	fieldType
	fieldColumn
	fieldActions // of the profiles, in their order
)

var (
	fieldValues = fieldActions + len(Profiles)
	fieldWhy    = fieldValues + 1
	fieldCount  = fieldWhy + 1
)

// mistake is one thing that is wrong with a line of a policy file. Field is that of an element line, or the
// number of the word in another line, from 0.
type mistake struct {
	field               int
	code, message, hint string
}

func (m mistake) Error() string { return m.message }

// badf is a mistake without a hint.
func badf(field int, code, format string, args ...any) mistake {
	return mistake{field: field, code: code, message: fmt.Sprintf(format, args...)}
}

func (m mistake) maybe(hint string) mistake {
	m.hint = hint
	return m
}

// reporter gathers the mistakes in one policy file.
type reporter struct {
	file string
	all  *source.Diagnostics
}

func (r reporter) say(line, column int, code, message, hint string) {
	*r.all = append(*r.all, source.Diagnostic{Pos: source.Pos{File: r.file, Line: line, Column: column}, Code: code, Message: message, Hint: hint})
}

// file says something about the file as a whole.
func (r reporter) whole(code, message, hint string) { r.say(0, 0, code, message, hint) }

// words says what is wrong with a line that is made of words.
func (r reporter) words(number int, line string, err error) {
	m := mistake{message: err.Error()}
	errors.As(err, &m)
	r.say(number, wordColumn(line, m.field), cmp.Or(m.code, "bad-line"), m.message, m.hint)
}

// element says what is wrong with an element line.
func (r reporter) element(e element, err error) {
	m := mistake{message: err.Error()}
	errors.As(err, &m)
	r.say(e.line, e.columns[m.field], cmp.Or(m.code, "bad-line"), m.message, m.hint)
}

// wordColumn is the column, from 1, of the word with that number.
func wordColumn(line string, number int) int {
	at := 0
	for {
		for at < len(line) && strings.IndexByte(" \t\r\n", line[at]) >= 0 {
			at++
		}
		if number == 0 || at == len(line) {
			return utf8.RuneCountInString(line[:at]) + 1
		}
		for at < len(line) && strings.IndexByte(" \t\r\n", line[at]) < 0 {
			at++
		}
		number--
	}
}

// lines gives the lines of a policy file that say something, as they are, with their numbers.
func lines(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		number := 0
		for line := range strings.Lines(text) {
			number++
			if said := strings.TrimSpace(line); said != "" && said[0] != '#' && !yield(number, line) {
				return
			}
		}
	}
}

// eachLine gives take the words of every line of a list that says something, and reports what it refuses.
func eachLine(r reporter, text string, take func(words []string) error) {
	for number, line := range lines(text) {
		if err := take(strings.Fields(line)); err != nil {
			r.words(number, line, err)
		}
	}
}

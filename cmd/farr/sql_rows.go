package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"farr/measures"
)

// widest is the most characters that a value is shown with on a terminal.
const widest = 100

// writeRows writes rows as a table for a reader: columns by their widest value, numbers to the
// right, NULL where there is none.
func writeRows(w io.Writer, columns []measures.ViewColumn, rows [][]*string, more bool) error {
	lines := make([][]string, 0, len(rows)+1)
	head := make([]string, len(columns))
	width := make([]int, len(columns))
	right := make([]bool, len(columns))
	for i, c := range columns {
		head[i] = shown(c.Name)
		right[i] = isNumber(c.Type)
	}
	lines = append(lines, head)
	for _, row := range rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = "NULL"
			if v != nil {
				line[i] = shown(*v)
			}
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		for i, text := range line {
			width[i] = max(width[i], utf8.RuneCountInString(text))
		}
	}
	p := printer{w: w}
	for n, line := range lines {
		var b strings.Builder
		for i, text := range line {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(text))
			if i > 0 {
				b.WriteString("  ")
			}
			if right[i] {
				text, gap = gap, text
			}
			b.WriteString(text + gap)
		}
		p.line("%s", strings.TrimRight(b.String(), " "))
		if n == 0 {
			var rule []string
			for i := range columns {
				rule = append(rule, strings.Repeat("-", width[i]))
			}
			p.line("%s", strings.Join(rule, "  "))
		}
	}
	switch {
	case more:
		p.line("(the first %d rows: there are more, see --limit and --out)", len(rows))
	case len(rows) == 1:
		p.line("(1 row)")
	default:
		p.line("(%d rows)", len(rows))
	}
	return p.err
}

func isNumber(kind string) bool {
	return strings.HasSuffix(kind, "INT") || kind == "INTEGER" || kind == "UINTEGER" || kind == "DOUBLE" || kind == "FLOAT" || strings.HasPrefix(kind, "DECIMAL(") && strings.HasSuffix(kind, ")")
}

// shown is a value that neither breaks its line nor tells the terminal what to do.
func shown(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n == widest-1 && utf8.RuneCountInString(text) > widest {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		n++
	}
	return b.String()
}

package measures

import (
	"strings"
	"unicode/utf8"

	"farr/internal/source"
)

// listPrefix begins the name under which SQL reads a value list.
const listPrefix = "list_"

// listReference is a place in SQL that names a value list.
type listReference struct {
	name   string
	offset int // in bytes
}

// listReferences finds the names that begin with list_ outside comments and
// strings. It is for early, friendly mistakes only: what a name is, the engine's
// binder decides.
func listReferences(sql string) []listReference {
	var refs []listReference
	for i := 0; i < len(sql); {
		if end := skipOpaque(sql, i); end > i {
			i = end
			continue
		}
		word := identifier(sql, i)
		if name, ok := strings.CutPrefix(strings.ToLower(word), listPrefix); ok && name != "" {
			refs = append(refs, listReference{name, i})
		}
		i += max(1, len(word))
	}
	return refs
}

// skipOpaque steps over a comment, a string or a quoted name that begins at i.
func skipOpaque(sql string, i int) int {
	rest := sql[i:]
	switch {
	case strings.HasPrefix(rest, "--"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return i + n + 1
		}
		return len(sql)
	case strings.HasPrefix(rest, "/*"):
		if n := strings.Index(rest, "*/"); n >= 0 {
			return i + n + 2
		}
		return len(sql)
	case rest[0] == '\'' || rest[0] == '"':
		return closing(sql, i, rest[0])
	}
	return i
}

// closing is the offset after the quote that closes the one at i; a doubled quote
// is part of the text.
func closing(sql string, i int, quote byte) int {
	for i++; i < len(sql); i++ {
		if sql[i] != quote {
			continue
		}
		if i+1 < len(sql) && sql[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return len(sql)
}

func identifier(sql string, i int) string {
	end := i
	for end < len(sql) && (sql[end] == '_' || sql[end] >= 'a' && sql[end] <= 'z' || sql[end] >= 'A' && sql[end] <= 'Z' || end > i && sql[end] >= '0' && sql[end] <= '9') {
		end++
	}
	return sql[i:end]
}

// position is the line and column of a byte offset, both from 1, the column in
// characters.
func position(text string, offset int) source.Pos {
	before := text[:min(offset, len(text))]
	line := strings.Count(before, "\n")
	return source.Pos{Line: line + 1, Column: utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1}
}

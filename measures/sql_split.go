package measures

import (
	"strings"

	"farr/internal/source"
)

// SQLStatement is one statement of a text, without the semicolon that ends it.
type SQLStatement struct {
	Text  string
	Start source.Pos // of its first character
}

// SplitSQL cuts a text at the semicolons that stand outside strings, quoted names and comments. What
// is only blank or comment is no statement. rest is what follows the last semicolon, where that
// is one: the beginning of a statement, perhaps. file names the text in positions.
func SplitSQL(file, text string) (all []SQLStatement, rest SQLStatement) {
	begin, first := 0, -1
	cut := func(end int) SQLStatement {
		at := max(begin, first)
		s := SQLStatement{Text: text[at:end], Start: position(text, at)}
		s.Start.File = file
		return s
	}
	for i := 0; i < len(text); {
		end := skipText(text, i)
		comment := end > i && (text[i] == '-' || text[i] == '/')
		switch {
		case end > i:
			if !comment && first < 0 {
				first = i
			}
			i = end
		case text[i] == ';':
			if first >= 0 {
				all = append(all, cut(i))
			}
			i++
			begin, first = i, -1
		default:
			if first < 0 && !strings.ContainsRune(" \t\r\n", rune(text[i])) {
				first = i
			}
			i += max(1, len(identifier(text, i)))
		}
	}
	if first >= 0 {
		rest = cut(len(text))
	}
	return all, rest
}

// Blank tells that there is no statement.
func (s SQLStatement) Blank() bool { return s.Text == "" }

// skipText steps over what begins at i and may hold a semicolon that ends nothing: what skipOpaque
// does, E'...' with its backslashes, and $tag$...$tag$.
func skipText(sql string, i int) int {
	switch c := sql[i]; {
	case (c == 'e' || c == 'E') && strings.HasPrefix(sql[i+1:], "'"):
		for j := i + 2; j < len(sql); j++ {
			switch {
			case sql[j] == '\\':
				j++
			case sql[j] == '\'' && strings.HasPrefix(sql[j+1:], "'"):
				j++
			case sql[j] == '\'':
				return j + 1
			}
		}
		return len(sql)
	case c == '$':
		tag := identifier(sql, i+1)
		if mark := "$" + tag + "$"; strings.HasPrefix(sql[i:], mark) {
			if n := strings.Index(sql[i+len(mark):], mark); n >= 0 {
				return i + n + 2*len(mark)
			}
			return len(sql)
		}
		return i
	}
	return skipOpaque(sql, i)
}

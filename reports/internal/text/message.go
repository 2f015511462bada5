package text

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Message is a text in English, which is its key in every language.
type Message string

// message is a text that has been taken apart.
type message []part

// part is literal text, or a place with its forms where it has some.
type part struct {
	literal string
	place   string
	kind    string // "plural" or "select" of a place with forms
	forms   []form
	number  bool // the # of a plural form
}

// form is what stands in a place for a plural category or a word.
type form struct {
	name string
	text message
}

// The mistakes in a message.
var (
	errBrace  = errors.New("a brace is not closed, or not opened")
	errPlace  = errors.New("a place is a name in braces, {name}, or {name, plural, one {…} other {…}}")
	errOther  = errors.New("the forms of a place need one that is called other")
	errNumber = errors.New("# stands for the number in a plural form alone")
)

// parse takes a message apart.
func parse(s string) (message, error) {
	m, rest, err := parts(s, false)
	if err == nil && rest != "" {
		err = errBrace
	}
	return m, err
}

// parts reads up to the end, or to the brace that closes a form.
func parts(s string, inPlural bool) (m message, rest string, err error) {
	for s != "" {
		i := strings.IndexAny(s, "{}#")
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			m, s = append(m, part{literal: s[:i]}), s[i:]
			continue
		}
		switch s[0] {
		case '}':
			return m, s, nil
		case '#':
			if !inPlural {
				return nil, "", errNumber
			}
			m, s = append(m, part{number: true}), s[1:]
		default:
			var p part
			if p, s, err = place(s[1:]); err != nil {
				return nil, "", err
			}
			m = append(m, p)
		}
	}
	return m, "", nil
}

// place reads a place behind its opening brace.
func place(s string) (p part, rest string, err error) {
	i := strings.IndexAny(s, ",{}")
	if i < 0 {
		return p, "", errBrace
	}
	p.place = strings.TrimSpace(s[:i])
	if p.place == "" || strings.ContainsFunc(p.place, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
		return p, "", errPlace
	}
	switch s[i] {
	case '}':
		return p, s[i+1:], nil
	case '{':
		return p, "", errPlace
	}
	kind, s, ok := strings.Cut(s[i+1:], ",")
	if p.kind = strings.TrimSpace(kind); !ok || p.kind != "plural" && p.kind != "select" {
		return p, "", errPlace
	}
	for {
		s = strings.TrimLeft(s, " ")
		if s == "" {
			return p, "", errBrace
		}
		if s[0] == '}' {
			break
		}
		name, inside, ok := strings.Cut(s, "{")
		f := form{name: strings.TrimSpace(name)}
		if !ok || f.name == "" || strings.ContainsAny(f.name, "}#") {
			return p, "", errPlace
		}
		if f.text, s, err = parts(inside, p.kind == "plural"); err != nil {
			return p, "", err
		}
		if s == "" {
			return p, "", errBrace
		}
		s, p.forms = s[1:], append(p.forms, f)
	}
	if !slices.ContainsFunc(p.forms, func(f form) bool { return f.name == "other" }) {
		return p, "", errOther
	}
	return p, s[1:], nil
}

// places are the names of a message's places, each once, in the order in which they first stand; those with forms
// by number, as "n plural".
func (m message) places() (names, kinds []string) {
	for _, p := range m {
		if p.place != "" {
			add(&names, p.place)
			if p.kind != "" {
				add(&kinds, p.place+" "+p.kind)
			}
		}
		for _, f := range p.forms {
			inside, of := f.text.places()
			for _, n := range inside {
				add(&names, n)
			}
			for _, k := range of {
				add(&kinds, k)
			}
		}
	}
	return names, kinds
}

func add(list *[]string, s string) {
	if !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

// walk visits every place with forms.
func (m message) walk(visit func(part)) {
	for _, p := range m {
		if p.kind != "" {
			visit(p)
		}
		for _, f := range p.forms {
			f.text.walk(visit)
		}
	}
}

// write says the message with the values of its places.
func (w *Words) write(b *strings.Builder, m message, names []string, values []any, number any) {
	for _, p := range m {
		switch {
		case p.number:
			fmt.Fprint(b, number)
		case p.place == "":
			b.WriteString(p.literal)
		default:
			v := values[slices.Index(names, p.place)]
			if p.kind == "" {
				fmt.Fprint(b, v)
				continue
			}
			w.write(b, p.form(w.category(p.kind, v)), names, values, v)
		}
	}
}

// form is the one of a name, else the other one.
func (p part) form(name string) message {
	var out message
	for _, f := range p.forms {
		if f.name == name {
			return f.text
		}
		if f.name == "other" {
			out = f.text
		}
	}
	return out
}

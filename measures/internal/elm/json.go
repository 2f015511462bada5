package elm

import (
	"bytes"
	"encoding/json"
)

// value is a JSON value that was read in one pass: of ELM, which is nested deeply, each level would else be read once for each above it.
type value struct {
	kind   byte   // of '{', '[' and '"'; of what is none of them its first byte
	text   string // of a string; of what is none of the others as it is written
	fields []field
	items  []value
}

// string is the text of a string, "" of what is none.
func (v value) string() string {
	if v.kind != '"' {
		return ""
	}
	return v.text
}

type field struct {
	key string
	value
}

// narrative is what the translator says of its source, as large as all else, and no part of the logic.
const narrative = "annotation"

// parse reads JSON that encoding/json has found to be valid.
func parse(data []byte) (value, error) {
	p := parser{data: data}
	v := p.value()
	return v, p.err
}

type parser struct {
	data []byte
	at   int
	err  error // of a string
}

// next is the next byte that is no space.
func (p *parser) next() byte {
	for p.data[p.at] <= ' ' {
		p.at++
	}
	return p.data[p.at]
}

func (p *parser) value() (v value) {
	switch v.kind = p.next(); v.kind {
	case '{':
		for p.at++; p.next() != '}'; p.comma() {
			key := p.string()
			p.next()
			p.at++ // the colon
			if key == narrative {
				p.skip()
				continue
			}
			v.fields = append(v.fields, field{key, p.value()})
		}
		p.at++
	case '[':
		for p.at++; p.next() != ']'; p.comma() {
			v.items = append(v.items, p.value())
		}
		p.at++
	case '"':
		v.text = p.string()
	default:
		v.text = string(p.word())
	}
	return v
}

// comma steps over the comma before another item.
func (p *parser) comma() {
	if p.next() == ',' {
		p.at++
	}
}

// word steps over a number or a name.
func (p *parser) word() []byte {
	from := p.at
	for p.at < len(p.data) && bytes.IndexByte([]byte(",]} \t\r\n"), p.data[p.at]) < 0 {
		p.at++
	}
	return p.data[from:p.at]
}

// quoted steps over a string, and says whether a character of it is written otherwise.
func (p *parser) quoted() (text []byte, escaped bool) {
	from := p.at
	for p.at++; p.data[p.at] != '"'; p.at++ {
		if p.data[p.at] == '\\' {
			escaped = true
			p.at++
		}
	}
	p.at++
	return p.data[from:p.at], escaped
}

func (p *parser) string() (s string) {
	text, escaped := p.quoted()
	if !escaped {
		return string(text[1 : len(text)-1])
	}
	if err := json.Unmarshal(text, &s); p.err == nil {
		p.err = err
	}
	return s
}

// skip steps over a value.
func (p *parser) skip() {
	for depth := 0; ; {
		switch p.next() {
		case '"':
			p.quoted()
		case '{', '[':
			depth++
			p.at++
		case '}', ']':
			depth--
			p.at++
		case ',', ':':
			p.at++
		default:
			p.word()
		}
		if depth == 0 {
			return
		}
	}
}

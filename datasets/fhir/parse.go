package fhir

import "bytes"

const (
	// MaxDepth is how many arrays and objects may be inside each other. R4 examples stay below
	// 20; the deepest legitimate nesting is Questionnaire.item.
	MaxDepth = 64
	// MaxValues is how many names and values a line may hold. It bounds the memory of a Doc
	// at 16 bytes each, whatever a line of [DefaultMaxLine] bytes says.
	MaxValues = 4 << 20

	keptTape = 1 << 16 // entries a Doc keeps from one line to the next
	keptText = 1 << 20 // bytes a Doc keeps from one line to the next
)

// Doc is one parsed line. It is reused: after the first lines Parse allocates nothing, and
// each Parse makes all earlier Nodes and bytes invalid. The zero Doc is ready. A
// Doc is not safe for use by several goroutines at once.
type Doc struct {
	line    []byte
	tape    []entry
	text    []byte // unescaped names and strings
	frames  [MaxDepth]frame
	keys    []uint32 // scratch of sortedDuplicate
	typ     *resourceType
	before  *resourceType // of the newest line that had one: lines of one type stand together
	foreign string        // the release that has this resource type when R4 has not
	id      []byte
}

// entry is a value or a member's name, in the order of the text; a name is followed by its value.
type entry struct {
	pos, end uint32 // bytes in the line; without the quotes for a string; in Doc.text for an escaped name
	next     uint32 // tape index past the value and all it holds; for a name, that of the name before it in its object, or 0
	kind     Kind
	escaped  bool
}

// frame is an array or object that is still open.
type frame struct {
	at    uint32 // tape index
	last  uint32 // tape index of the newest name, 0 before the first
	count uint32 // names so far
	seen  uint64 // a bit for the hash of each name: unset means new
	array bool
}

// Parse reads one line, without its line end, into the Doc. The line must stay unchanged until the
// next Parse. When the Reason is not empty, the Doc holds nothing.
func (d *Doc) Parse(line []byte) Reason {
	d.reset(line)
	tape, why := d.parse(line, d.tape)
	d.tape = tape
	if why == "" {
		why = d.resource()
	}
	if why != "" {
		d.line, d.tape, d.id = nil, d.tape[:0], nil
	}
	return why
}

func (d *Doc) reset(line []byte) {
	if cap(d.tape) > keptTape {
		d.tape = nil
	}
	if cap(d.text) > keptText {
		d.text = nil
	}
	if cap(d.keys) > keptTape {
		d.keys = nil
	}
	d.line, d.tape, d.text = line, d.tape[:0], d.text[:0]
	d.typ, d.foreign, d.id = nil, "", nil
}

// Root is the line's object, or the zero Node after a rejected line.
func (d *Doc) Root() Node {
	if len(d.tape) == 0 {
		return Node{}
	}
	return Node{doc: d}
}

func (d *Doc) keyBytes(e *entry) []byte {
	if e.escaped {
		return d.text[e.pos:e.end:e.end]
	}
	return d.line[e.pos:e.end:e.end]
}

// parse builds the tape of any one JSON value, in the memory of the tape given. It is one loop over the bytes with the open
// containers on an explicit stack: label value expects a value, name a member's
// name, and after follows a complete value.
func (d *Doc) parse(b []byte, tape []entry) ([]entry, Reason) {
	if hasByteOrderMark(b) {
		return tape, ByteOrderMark
	}
	if uint64(len(b)) > 1<<31 {
		return tape, TooLong
	}
	var (
		i     int
		n     = len(b)
		depth = 0 // open containers; d.frames[depth-1] is the innermost
		top   *frame
	)

value:
	for i < n && b[i] <= ' ' && isSpace(b[i]) {
		i++
	}
	if i >= n {
		return tape, InvalidJSON
	}
	if len(tape) >= MaxValues {
		return tape, TooLong
	}
	switch c := b[i]; {
	case c == '"':
		end, escaped := plain(b, i+1), false
		if end >= n || b[end] != '"' {
			var why Reason
			if end, escaped, why = scanRest(b, i+1, end); why != "" {
				return tape, why
			}
		}
		tape = append(tape, entry{uint32(i + 1), uint32(end), uint32(len(tape) + 1), String, escaped})
		i = end + 1
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return tape, TooDeep
		}
		kind, closer := Object, byte('}')
		if c == '[' {
			kind, closer = Array, ']'
		}
		at := uint32(len(tape))
		tape = append(tape, entry{pos: uint32(i), kind: kind})
		for i++; i < n && b[i] <= ' ' && isSpace(b[i]); i++ {
		}
		if i < n && b[i] == closer {
			i++
			tape[at].end, tape[at].next = uint32(i), at+1
			goto after
		}
		top = &d.frames[depth]
		depth++
		*top = frame{at: at, array: kind == Array}
		if top.array {
			goto value
		}
		goto name
	case c == '-' || c-'0' < 10:
		end := scanNumber(b, i)
		if end < 0 {
			return tape, fault(b, i)
		}
		tape = append(tape, entry{uint32(i), uint32(end), uint32(len(tape) + 1), Number, false})
		i = end
	default:
		kind, size := literal(b[i:])
		if size == 0 {
			return tape, fault(b, i)
		}
		tape = append(tape, entry{uint32(i), uint32(i + size), uint32(len(tape) + 1), kind, false})
		i += size
	}

after:
	for i < n && b[i] <= ' ' && isSpace(b[i]) {
		i++
	}
	if depth == 0 {
		if i < n {
			return tape, trailing(b, i)
		}
		return tape, ""
	}
	if i >= n {
		return tape, InvalidJSON
	}
	switch c := b[i]; {
	case c == ',':
		i++
		if top.array {
			goto value
		}
		goto name
	case c == ']' && top.array, c == '}' && !top.array:
		i++
		if top.count > smallObject && d.sortedDuplicate(tape, top) {
			return tape, DuplicateKey
		}
		tape[top.at].end, tape[top.at].next = uint32(i), uint32(len(tape))
		depth--
		if depth > 0 {
			top = &d.frames[depth-1]
		}
		goto after
	default:
		return tape, fault(b, i)
	}

name:
	for i < n && b[i] <= ' ' && isSpace(b[i]) {
		i++
	}
	if i >= n || b[i] != '"' {
		return tape, fault(b, i)
	}
	{
		if len(tape) >= MaxValues {
			return tape, TooLong
		}
		end := plain(b, i+1)
		e := entry{uint32(i + 1), uint32(end), top.last, key, false}
		name := b[i+1 : end]
		if end >= n || b[end] != '"' {
			var why Reason
			if end, e.escaped, why = scanRest(b, i+1, end); why != "" {
				return tape, why
			}
			e.end, name = uint32(end), b[i+1:end]
			if e.escaped {
				name = d.unescape(name)
				e.pos, e.end = uint32(len(d.text)-len(name)), uint32(len(d.text))
			}
		}
		top.count++
		if bit := nameBit(name); top.seen&bit == 0 {
			top.seen |= bit
		} else if top.count <= smallObject && d.duplicate(tape, top, name) {
			return tape, DuplicateKey
		}
		top.last = uint32(len(tape))
		tape = append(tape, e)
		i = end + 1
	}
	for i < n && b[i] <= ' ' && isSpace(b[i]) {
		i++
	}
	if i >= n || b[i] != ':' {
		return tape, fault(b, i)
	}
	i++
	goto value
}

// literal recognises null, true and false at the start of b and gives their length, or 0.
func literal(b []byte) (Kind, int) {
	switch {
	case bytes.HasPrefix(b, []byte("null")):
		return Null, 4
	case bytes.HasPrefix(b, []byte("true")):
		return Bool, 4
	case bytes.HasPrefix(b, []byte("false")):
		return Bool, 5
	default:
		return Absent, 0
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func hasByteOrderMark(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) ||
		bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff"))
}

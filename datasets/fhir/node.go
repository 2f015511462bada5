package fhir

import "iter"

// Kind is what a JSON value is.
type Kind uint8

const (
	// Absent is the Kind of the zero Node: a member that is not there.
	Absent Kind = iota
	// Null is the literal null, which FHIR uses only to keep the places of two parallel arrays.
	Null
	// Bool is true or false.
	Bool
	// Number is a number, kept as its text.
	Number
	// String is a string.
	String
	// Array is an array.
	Array
	// Object is an object.
	Object
	// key is the name of a member. No Node has this Kind.
	key
)

// Node is one value of a parsed line. It is a small value to be passed as such, valid
// until its Doc parses again, and so are the bytes it gives. Asking a Node for what it
// is not (a member of a string, the text of an array) gives the zero answer, so chains such as
// root.Get("code").Get("text").Str() need no check between.
type Node struct {
	doc *Doc
	at  uint32 // index in doc.tape
}

// Kind says what the value is.
func (n Node) Kind() Kind {
	if n.doc == nil {
		return Absent
	}
	return n.doc.tape[n.at].kind
}

// Exists says whether the value is there at all; null exists.
func (n Node) Exists() bool { return n.doc != nil }

// Get is the value of the object's member of that name, or the zero Node. Its cost grows with
// the number of members before it, not with what they hold.
func (n Node) Get(name string) Node {
	if n.Kind() != Object {
		return Node{}
	}
	d := n.doc
	tape := d.tape
	for k, end := n.at+1, tape[n.at].next; k < end; k = tape[k+1].next {
		if e := &tape[k]; int(e.end-e.pos) == len(name) && string(d.keyBytes(e)) == name {
			return Node{d, k + 1}
		}
	}
	return Node{}
}

// Members gives the members of an object in the order of the text: name (unescaped) and value.
func (n Node) Members() iter.Seq2[[]byte, Node] {
	return func(yield func([]byte, Node) bool) {
		if n.Kind() != Object {
			return
		}
		d := n.doc
		for k, end := n.at+1, d.tape[n.at].next; k < end; k = d.tape[k+1].next {
			if !yield(d.keyBytes(&d.tape[k]), Node{d, k + 1}) {
				return
			}
		}
	}
}

// Items gives the elements of an array in order.
func (n Node) Items() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.Kind() != Array {
			return
		}
		d := n.doc
		for i, end := n.at+1, d.tape[n.at].next; i < end; i = d.tape[i].next {
			if !yield(Node{d, i}) {
				return
			}
		}
	}
}

// First is the first element of an array, or the zero Node.
func (n Node) First() Node {
	if n.Kind() != Array || n.doc.tape[n.at].next == n.at+1 {
		return Node{}
	}
	return Node{n.doc, n.at + 1}
}

// Str is the text of a string with its escapes resolved, valid UTF-8 without NUL; nil when the value
// is not a string. It is a view of the line, or of memory of the Doc when there were escapes.
func (n Node) Str() []byte {
	if n.Kind() != String {
		return nil
	}
	e := &n.doc.tape[n.at]
	raw := n.doc.line[e.pos:e.end:e.end]
	if e.escaped {
		return n.doc.unescape(raw)
	}
	return raw
}

// Num is the text of a number as it stood, valid by the grammar of RFC 8259 section 6; nil
// when the value is not a number.
func (n Node) Num() []byte {
	if n.Kind() != Number {
		return nil
	}
	return n.Raw()
}

// Bool is true when the value is the literal true. Ask Kind to tell false from absent.
func (n Node) Bool() bool {
	return n.Kind() == Bool && n.doc.line[n.doc.tape[n.at].pos] == 't'
}

// Raw is the value's own JSON text; nil when it is absent.
func (n Node) Raw() []byte {
	if n.doc == nil {
		return nil
	}
	e := &n.doc.tape[n.at]
	if e.kind == String {
		return n.doc.line[e.pos-1 : e.end+1 : e.end+1]
	}
	return n.doc.line[e.pos:e.end:e.end]
}

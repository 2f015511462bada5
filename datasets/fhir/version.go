package fhir

// FHIR releases, as [Foreign] names them.
const (
	DSTU2 = "DSTU2"
	STU3  = "STU3"
	R5    = "R5"
)

// Foreign is the proof that a resource is not of FHIR R4. It holds names of the
// specification only, nothing of the record.
type Foreign struct {
	// Release is the release the resource is of: DSTU2, STU3 or R5. Where several have what was
	// found, the one nearest to R4.
	Release string
	// What names the element or type that R4 has not, such as "Condition.clinicalStatus as a string".
	What string
}

// At gives the error that ends the read of the input, for the line that gave the proof.
func (f Foreign) At(in Input, l Line) *Error {
	return &Error{
		Code: NotFHIRR4, File: in.Name, Input: in.Number, Line: l.Number, Offset: l.Offset,
		Hint: "the resource is of FHIR " + f.Release + " (" + f.What + "); farr reads R4, so export again as R4",
	}
}

// NotR4 looks for what R4 and R4B cannot hold: a resource type, or an element, that only
// another release has. It says false for a resource that may be R4. It may be asked after a
// WrongResourceType too, which a foreign type gives.
//
// Reading another release as R4 would not fail: it would find fewer conditions, visits and
// results, and give wrong rates. One proof is therefore meant to end the read of the source. The markers are
// elements renamed or retyped between releases, and mandatory or common in the one they are of;
// none is an element that R4 has in any form other than the one named.
func (d *Doc) NotR4() (Foreign, bool) {
	if d.foreign != "" {
		return Foreign{d.foreign, "a resource type of that release"}, true
	}
	if d.typ == nil {
		return Foreign{}, false
	}
	root, names := d.Root(), d.frames[0].seen
	for i := range d.typ.markers {
		m := &d.typ.markers[i]
		if names&m.bit == 0 {
			continue
		}
		n := root.Get(m.element)
		if !n.Exists() {
			continue
		}
		if n.Kind() == Array && m.inItems {
			n = n.First()
		}
		if m.within != "" {
			n = n.Get(m.within)
		}
		if n.Exists() && (m.kind == Absent || n.Kind() == m.kind) {
			return Foreign{m.release, m.what(d.typ.name)}, true
		}
	}
	if d.typ.name == "CapabilityStatement" {
		if v := root.Get("fhirVersion"); v.Kind() == String {
			return foreignVersion(v.Str())
		}
	}
	return Foreign{}, false
}

// marker is an element of a resource's own that R4 has not, or not as this kind.
type marker struct {
	element string
	inItems bool   // look at the first item when the element is an array
	within  string // a member of the element, when that is what counts
	kind    Kind   // Absent: any kind counts
	release string
	bit     uint64 // of the element's name: most lines are told apart by it alone
}

func (m marker) what(typ string) string {
	s := typ + "." + m.element
	if m.within != "" {
		s += "." + m.within
	}
	switch m.kind {
	case String:
		s += " as a string"
	case Array:
		s += " as a list"
	case Object:
		s += " as an object"
	}
	return s
}

// foreignVersion judges CapabilityStatement.fhirVersion: 4.0 is R4, 4.3 is R4B, 4.1 and 4.2 led to them.
func foreignVersion(v []byte) (Foreign, bool) {
	release := ""
	switch {
	case len(v) < 2 || v[1] != '.':
	case v[0] == '5' || v[0] == '6':
		release = R5
	case v[0] == '3' || v[0] == '1' && len(v) > 2 && v[2] != '0':
		release = STU3
	case v[0] == '1' || v[0] == '0':
		release = DSTU2
	}
	return Foreign{release, "CapabilityStatement.fhirVersion"}, release != ""
}

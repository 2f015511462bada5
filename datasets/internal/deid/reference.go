package deid

import (
	"bytes"

	"farr/datasets/fhir"
)

// target is a reference after normalisation: Type/id without server or version.
type target struct {
	typ []byte
	id  []byte
}

// parseReference normalises a literal reference (R4 references, 2.3.0.1):
// "Type/id", with or without a base URL and a version, or "urn:uuid:" whose type
// is left to the element. What cannot be followed by id alone is not a target:
// contained ("#x") and conditional ("Type?...") references, other URNs.
func parseReference(ref []byte) (target, bool) {
	if uuid, ok := bytes.CutPrefix(ref, []byte("urn:uuid:")); ok {
		return target{id: uuid}, fhir.ValidID(uuid)
	}
	if bytes.IndexByte(ref, '?') >= 0 || bytes.IndexByte(ref, '#') >= 0 {
		return target{}, false
	}
	if at := bytes.Index(ref, []byte("/_history/")); at >= 0 {
		ref = ref[:at]
	}
	slash := bytes.LastIndexByte(ref, '/')
	if slash < 0 {
		return target{}, false
	}
	t := target{id: ref[slash+1:]}
	head := ref[:slash]
	if base := bytes.LastIndexByte(head, '/'); base >= 0 {
		if !bytes.HasPrefix(head, []byte("http://")) && !bytes.HasPrefix(head, []byte("https://")) {
			return target{}, false
		}
		head = head[base+1:]
	}
	if t.typ = head; string(head) == "Resource" {
		t.typ = nil // any type: the element says which
	} else if len(head) > 0 && head[0] >= 'a' {
		t.typ = append([]byte{head[0] &^ 0x20}, head[1:]...) // Condition, written condition
	}
	return t, fhir.ValidID(t.id) && (t.typ == nil || fhir.IsResourceType(t.typ))
}

package fhir

// Reason is why a line was rejected, as a stable code that reports and scripts
// may match on. The empty Reason means accepted.
//
// A line with several faults has one Reason: the first fault met while reading from left
// to right, faults of the JSON text before faults of the resource.
type Reason string

const (
	// InvalidJSON is a line that is not one JSON value by RFC 8259.
	InvalidJSON Reason = "invalid-json"
	// InvalidUTF8 is a line with bytes that are not UTF-8, or with an escape that names
	// half of a surrogate pair, which has no UTF-8 form (RFC 3629 section 3).
	InvalidUTF8 Reason = "invalid-utf8"
	// NULByte is a line with a NUL, raw or as the escape \u0000. FHIR strings may not hold
	// it, and much software ends a string there.
	NULByte Reason = "nul-byte"
	// DuplicateKey is a line in which an object has two members of one name after
	// unescaping, so that readers disagree on which of them counts.
	DuplicateKey Reason = "duplicate-key"
	// TooDeep is a line whose values nest deeper than [MaxDepth].
	TooDeep Reason = "too-deep"
	// TooLong is a line of more bytes than [Input.MaxLine], or of more JSON values than
	// [MaxValues].
	TooLong Reason = "too-long"
	// ByteOrderMark is a line that begins with a UTF-8 or UTF-16 byte order mark,
	// which RFC 8259 section 8.1 forbids.
	ByteOrderMark Reason = "byte-order-mark"
	// NotAnObject is a line that is valid JSON but an array, string, number, boolean or null.
	NotAnObject Reason = "not-an-object"
	// MissingResourceType is an object without the member resourceType.
	MissingResourceType Reason = "missing-resource-type"
	// WrongResourceType is an object whose resourceType is not the name of an R4 resource.
	WrongResourceType Reason = "wrong-resource-type"
	// MissingID is a resource without the member id. Nothing can refer to it, and no pseudonym can be made for it.
	MissingID Reason = "missing-id"
	// InvalidID is a resource whose id is not a FHIR id: 1 to 64 of A-Z a-z 0-9 - and . as
	// a string. Such an id cannot be told apart inside a reference.
	InvalidID Reason = "invalid-id"
	// MissingSubject is a resource of a patient-owned type that names no patient. This package
	// does not decide it: which types are owned, and by which element, is the policy's to say.
	MissingSubject Reason = "missing-subject"
	// TrailingGarbage is a line with more text after its JSON value, such as two resources
	// on one line.
	TrailingGarbage Reason = "trailing-garbage"
	// VagueDelete is a DELETE that does not name one resource as Type/id, such as one by search: what it deletes cannot be told.
	VagueDelete Reason = "vague-delete"
)

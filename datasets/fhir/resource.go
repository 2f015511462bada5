package fhir

// Type is the resource type, one of the R4 names; empty after a rejected line.
func (d *Doc) Type() string {
	if d.typ == nil {
		return ""
	}
	return d.typ.name
}

// ID is the resource's id, a valid FHIR id; nil after a rejected line. It identifies a record and
// must not leave the process as it is.
func (d *Doc) ID() []byte { return d.id }

// resource finds resourceType and id, which may stand anywhere in the object.
func (d *Doc) resource() Reason {
	root := d.Root()
	if root.Kind() != Object {
		return NotAnObject
	}
	var typ, id Node
	for name, value := range root.Members() {
		switch string(name) {
		case "resourceType":
			typ = value
		case "id":
			id = value
		}
	}
	if !typ.Exists() {
		return MissingResourceType
	}
	known := d.before
	if name := typ.Str(); known == nil || known.name != string(name) {
		if known = r4Types[string(name)]; known == nil {
			d.foreign = foreignTypes[string(name)]
			return WrongResourceType
		}
		d.before = known
	}
	if !id.Exists() {
		return MissingID
	}
	text := id.Str()
	if !ValidID(text) {
		return InvalidID
	}
	d.typ, d.id = known, text
	return ""
}

// ValidID says whether b is a FHIR id: 1 to 64 characters of A-Z a-z 0-9 - and . (R4 datatypes, id).
func ValidID(b []byte) bool {
	if len(b) == 0 || len(b) > 64 {
		return false
	}
	for _, c := range b {
		if !idBytes[c] {
			return false
		}
	}
	return true
}

var idBytes = func() (set [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-." {
		set[c] = true
	}
	return set
}()

// IsResourceType says whether the name is that of an R4 resource type.
func IsResourceType(name []byte) bool {
	_, ok := r4Types[string(name)]
	return ok
}

package fhir

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Deletion is a resource that a source says it deleted. ID is a resource's id, so it must not leave the process as it is.
type Deletion struct{ Type, ID string }

// DeletionOf reads the URL of a DELETE, which ends in Type/id. One by search, which may hit any number of resources, is none.
func DeletionOf(url string) (d Deletion, ok bool) {
	parts := strings.Split(url, "/")
	if len(parts) < 2 {
		return d, false
	}
	d = Deletion{parts[len(parts)-2], parts[len(parts)-1]}
	return d, IsResourceType([]byte(d.Type)) && ValidID([]byte(d.ID))
}

// request is what an entry of a transaction asks for.
type request struct {
	Method, URL string
}

// deletes says whether a request is meant to delete. FHIR's codes are in capitals: any other form is not clear.
func (r request) deletes() bool { return strings.EqualFold(r.Method, "DELETE") }

// deletion is what a request deletes; ok is false where that is not clear.
func (r request) deletion() (gone Deletion, ok bool) {
	if gone, ok = DeletionOf(r.URL); r.Method != "DELETE" {
		return Deletion{}, false
	}
	return gone, ok
}

// Deletions gives what a line deletes that is a Bundle of nothing but DELETEs, as Bulk Data exports have them in files of what was
// deleted. is says whether the line is one. Such a Bundle needs no id.
func Deletions(line []byte) (all []Deletion, is bool, why Reason) {
	if !bytes.Contains(line, []byte(`"Bundle"`)) || !bytes.Contains(bytes.ToUpper(line), []byte(`"DELETE"`)) {
		return nil, false, ""
	}
	var bundle struct {
		ResourceType string
		Entry        []struct {
			Resource json.RawMessage
			Request  request
		}
	}
	if json.Unmarshal(line, &bundle) != nil || bundle.ResourceType != "Bundle" {
		return nil, false, ""
	}
	for _, e := range bundle.Entry {
		if e.Resource != nil || !e.Request.deletes() {
			return nil, false, ""
		}
		d, ok := e.Request.deletion()
		if !ok {
			why = VagueDelete
		}
		all = append(all, d)
	}
	return all, true, why
}

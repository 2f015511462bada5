package bulktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Records are resources that change, of which a [Server] exports what they are, or what changed since.
type Records struct {
	Now time.Time // the next change, and the next export, is of then

	all map[string]record // by Type/id
}

type record struct {
	text    string // empty: deleted
	changed time.Time
}

// Put takes a resource as it is from now on.
func (r *Records) Put(text string) {
	var resource map[string]any
	if err := json.Unmarshal([]byte(text), &resource); err != nil {
		panic(err)
	}
	resource["meta"] = map[string]any{"lastUpdated": r.Now.Format("2006-01-02T15:04:05.000Z07:00")}
	line, err := json.Marshal(resource)
	if err != nil {
		panic(err)
	}
	r.set(fmt.Sprint(resource["resourceType"], "/", resource["id"]), string(line))
}

// Delete takes a resource away.
func (r *Records) Delete(name string) {
	if r.all[name].text != "" {
		r.set(name, "")
	}
}

func (r *Records) set(name, text string) {
	if r.all == nil {
		r.all = map[string]record{}
	}
	r.all[name] = record{text, r.Now}
}

// Export are the files of what changed since, by type, and of all that there is when since is zero.
func (r *Records) Export(since time.Time) (files []File) {
	var deleted strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.all)) {
		one := r.all[name]
		switch typ, _, _ := strings.Cut(name, "/"); {
		case !one.changed.After(since):
		case one.text == "" && !since.IsZero():
			deleted.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"` + name + `"}}]}` + "\n")
		case one.text == "":
		case len(files) == 0 || files[len(files)-1].Type != typ:
			files = append(files, File{Type: typ, Name: typ + ".ndjson", Text: one.text + "\n", Count: -1})
		default:
			files[len(files)-1].Text += one.text + "\n"
		}
	}
	if deleted.Len() > 0 {
		files = append(files, File{Section: "deleted", Type: "Bundle", Name: "deleted.ndjson", Text: deleted.String(), Count: -1})
	}
	return files
}

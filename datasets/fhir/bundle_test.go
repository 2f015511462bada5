package fhir

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const patientJSON = `{"resourceType": "Patient",
  "id": "p"}`

// A line that is a Bundle of DELETEs names what is deleted; one that deletes what a search finds cannot be followed.
func TestDeletions(t *testing.T) {
	for line, want := range map[string]string{
		`{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"http://x.org/fhir/Patient/a"}},{"request":{"method":"DELETE","url":"Observation/b.1"}}]}`: "[{Patient a} {Observation b.1}] true ",
		`{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"Patient?identifier=1"}}]}`:                                                                "[{ }] true vague-delete",
		`{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE","url":"Patient/a"}},{"resource":{"resourceType":"Patient","id":"b"}}]}`:                          "[] false ",
		`{"resourceType":"Bundle","entry":[{"request":{"method":"delete","url":"Patient/a"}}]}`:                                                                           "[{ }] true vague-delete",
		`{"resourceType":"Basic","code":{"text":"DELETE"},"x":"DELETE"}`:                                                                                                  "[] false ",
		`{"resourceType":"Bundle","entry":[{"request":{"method":"DELETE"`:                                                                                                 "[] false ",
	} {
		all, is, why := Deletions([]byte(line))
		if got := fmt.Sprint(all, is, " ", why); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// A folder may hold NDJSON, Bundles and single resources of any name; other JSON is passed over.
func TestMixedFolder(t *testing.T) {
	bundle := `{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:p","resource":` + patientJSON + `},
		{"request":{"method":"DELETE","url":"Patient/x"}},{"resource":{"resourceType":"Encounter","id":"e"},"fullUrl":"http://x.org/Encounter/e"},
		{"resource":{"resourceType":"Patient"}},{"resource":1,"resource":2},7]}` + "\n \n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, bundle)
	z.Close()
	src, err := Open(folder(t, map[string]string{
		"1.ndjson": `{"resourceType":"Patient","id":"a"}` + "\n", "2.json": bundle, "3.json.gz": packed.String(), "4.json": patientJSON,
		"5.json": `{"total":3,"resourceTypes":["Patient"]}`, "6.json": `[1]`, "7.json": ``, "8.json": `{"a":{"resourceType":"Patient"}}`, "9.json": `{"resourceType":7}`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	var doc Doc
	var got []string
	for _, in := range src.Inputs {
		sum, err := in.HashLines(context.Background(), func(l Line) error {
			if len(l.Deleted) > 0 {
				got = append(got, fmt.Sprintf("%s:%d gone %v", in.Name, l.Number, l.Deleted))
				return nil
			}
			why := l.Reason
			if why == "" {
				why = doc.Parse(l.Bytes)
			}
			if bytes.ContainsRune(l.Bytes, '\n') {
				t.Errorf("%s:%d has a line end inside", in.Name, l.Number)
			}
			got = append(got, fmt.Sprintf("%s:%d %s%s %s", in.Name, l.Number, doc.Type(), why, doc.ID()))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := in.Hash(context.Background()); err != nil || again != sum {
			t.Errorf("%s: read as %s, hashed as %s, %v", in.Name, sum, again, err)
		}
	}
	entries := func(name string) []string {
		return []string{name + ":1 Patient p", name + ":2 gone [{Patient x}]", name + ":3 Encounter e", name + ":4 missing-id ", name + ":5 Encounterduplicate-key e", name + ":6 Encounternot-an-object e"}
	}
	want := slices.Concat([]string{"1.ndjson:1 Patient a"}, entries("2.json"), entries("3.json.gz"), []string{"4.json:1 Patient p"})
	for i := range got { // what a reason from before the parser leaves of the line before is no matter
		for _, why := range []string{"duplicate-key", "not-an-object"} {
			if strings.Contains(got[i], why) {
				got[i] = strings.Split(got[i], " ")[0] + " " + why
			}
			if strings.Contains(want[i], why) {
				want[i] = strings.Split(want[i], " ")[0] + " " + why
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("read\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A Bundle that is cut anywhere, or can be read in two ways, ends the read, and its text is in no error.
func TestBundleFaults(t *testing.T) {
	whole := `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"p","name":[{"text":"Ann"}]}}]}`
	read := func(text string) (n int, err error) {
		src, err := Open(folder(t, map[string]string{"b.json": text}))
		if err != nil {
			return 0, err
		}
		return n, src.Inputs[0].Lines(context.Background(), func(Line) error { n++; return nil })
	}
	for cut := strings.Index(whole, ","); cut < len(whole); cut++ {
		if _, err := read(whole[:cut]); codeOf(err) != string(CorruptJSON) {
			t.Fatalf("cut behind byte %d: %v", cut, err)
		}
	}
	if n, err := read(whole); n != 1 || err != nil {
		t.Fatalf("whole: %d, %v", n, err)
	}
	for name, text := range map[string]string{
		"more behind": whole + whole, "twice": `{"resourceType":"Bundle","entry":[],"entry":[{"resource":{"resourceType":"Patient","id":"Ann"}}]}`,
		"no list": `{"resourceType":"Bundle","entry":{"resource":"Ann"}}`, "damaged": strings.Replace(whole, `"id"`, `id`, 1),
		"other id": strings.Replace(whole, `{"resource":{`, `{"fullUrl":"urn:uuid:q","resource":{`, 1),
	} {
		if _, err := read(text); codeOf(err) != string(CorruptJSON) || strings.Contains(err.Error(), "Ann") {
			t.Errorf("%s: %v", name, err)
		}
	}
	src, err := Open(folder(t, map[string]string{"b.json": whole}))
	if err != nil {
		t.Fatal(err)
	}
	src.Inputs[0].MaxLine = 40
	err = src.Inputs[0].Lines(context.Background(), func(l Line) error {
		if l.Reason != TooLong || l.Bytes != nil {
			t.Errorf("over the cap: %+v", l)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

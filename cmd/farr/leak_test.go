package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// planted is one person whose identity is written into every place an export can carry
// it. Each value is distinctive, so that finding it anywhere is a leak.
var planted = map[string]string{
	"family name": "Quackenbushsky",
	"given name":  "Zebulonius",
	"address":     "13 Markerlane",
	"city":        "Leakborough",
	"mrn":         "MRN77553311",
	"phone":       "867-5309-4471",
	"email":       "zq@leak.example",
	"patient id":  "pt-leak-000417",
	"birth date":  "1931-02-03",
	"free text":   "lives-above-the-bakery",
}

// plant writes the person and one resource of each type about them.
func plant(t *testing.T, export string) {
	t.Helper()
	m := planted
	text := fmt.Sprintf(`"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s %s %s</div>"}`, m["given name"], m["family name"], m["free text"])
	name := m["given name"] + " " + m["family name"]
	subject := fmt.Sprintf(`{"reference":"Patient/%s","display":"%s","identifier":{"system":"urn:mrn","value":"%s"}}`, m["patient id"], name, m["mrn"])
	concept := fmt.Sprintf(`{"coding":[{"system":"http://hospital.example/%s","code":"%s","display":"%s"},{"system":"http://loinc.org","code":"%s"}],"text":"%s"}`,
		m["family name"], m["mrn"], name, m["mrn"], name)
	lines := []string{
		fmt.Sprintf(`{"resourceType":"Patient","id":"%s",%s,"meta":{"source":"urn:%s","tag":[{"system":"urn:x","code":"%s"}]},"identifier":[{"system":"urn:mrn","value":"%s"}],"name":[{"family":"%s","given":["%s"],"text":"%s"}],"telecom":[{"system":"phone","value":"%s"},{"system":"email","value":"%s"}],"gender":"%s","birthDate":"%s","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"%sT04:05:06Z"}]},"address":[{"line":["%s"],"city":"%s","state":"%s","postalCode":"%s"}],"contact":[{"name":{"family":"%s"}}],"communication":[{"language":{"text":"%s"}}],"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"%s"},{"url":"ombCategory","valueString":"%s"}]},{"url":"http://unknown.example/%s","valueString":"%s"}]}`,
			m["patient id"], text, m["mrn"], m["family name"], m["mrn"], m["family name"], m["given name"], name, m["phone"], m["email"], m["given name"], m["birth date"], m["birth date"], m["address"], m["city"], m["city"], m["mrn"], m["family name"], m["free text"], m["free text"], m["family name"], m["family name"], m["free text"]),
		fmt.Sprintf(`{"resourceType":"Encounter","id":"e-%s",%s,"status":"finished","class":{"system":"urn:x","code":"%s"},"type":[%s],"subject":%s,"period":{"start":"2024-02-03T10:00:00-05:00"},"serviceProvider":{"reference":"Organization?name=%s","display":"%s"}}`,
			m["mrn"], text, m["family name"], concept, subject, m["family name"], m["address"]),
		fmt.Sprintf(`{"resourceType":"Condition","id":"c-%s",%s,"code":%s,"subject":%s,"onsetString":"%s","note":[{"text":"%s"}]}`, m["mrn"], text, concept, subject, m["free text"], m["free text"]),
		fmt.Sprintf(`{"resourceType":"Observation","id":"o-%s",%s,"status":"final","code":%s,"subject":%s,"effectiveDateTime":"2024-02-03","valueQuantity":{"value":5,"unit":"%s","code":"%s","system":"urn:x"},"component":[{"code":%s,"valueString":"%s"}],"note":[{"text":"%s"}]}`,
			m["mrn"], text, concept, subject, m["phone"], m["mrn"], concept, m["free text"], m["free text"]),
		fmt.Sprintf(`{"resourceType":"Procedure","id":"p-%s","status":"completed","code":%s,"subject":%s,"performedString":"%s"}`, m["mrn"], concept, subject, m["free text"]),
		fmt.Sprintf(`{"resourceType":"MedicationRequest","id":"m-%s","status":"active","intent":"order","medicationCodeableConcept":%s,"subject":%s,"dosageInstruction":[{"text":"%s"}]}`, m["mrn"], concept, subject, m["free text"]),
		fmt.Sprintf(`{"resourceType":"Immunization","id":"i-%s","status":"completed","vaccineCode":%s,"patient":%s,"lotNumber":"%s","occurrenceString":"%s"}`, m["mrn"], concept, subject, m["mrn"], m["free text"]),
		fmt.Sprintf(`{"resourceType":"Coverage","id":"v-%s","status":"active","type":%s,"subscriberId":"%s","beneficiary":%s,"payor":[{"display":"%s"}]}`, m["mrn"], concept, m["mrn"], subject, name),
		fmt.Sprintf(`{"resourceType":"Organization","id":"g-%s","name":"%s","telecom":[{"value":"%s"}],"address":[{"line":["%s"],"city":"%s"}]}`, m["mrn"], m["family name"], m["phone"], m["address"], m["city"]),
		fmt.Sprintf(`{"resourceType":"Practitioner","id":"r-%s","name":[{"family":"%s"}]}`, m["mrn"], m["family name"]),
		fmt.Sprintf(`{"resourceType":"Observation","name":"%s","id":`, m["family name"]), // bad JSON
	}
	if err := os.WriteFile(filepath.Join(export, "planted.ndjson"), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNoIdentifierIsWritten greps everything that a whole job wrote, Parquet values
// decoded, and everything it printed, for a planted person's identity in several
// encodings.
func TestNoIdentifierIsWritten(t *testing.T) {
	for _, profile := range []string{"shifted", "limited"} {
		t.Run(profile, func(t *testing.T) {
			p := synthetic(t, 60, 9)
			plant(t, p.export)
			job := p.job(profile)
			e := farr(t, "run", job)
			if e.code != 0 {
				t.Fatalf("exit %d\n%s", e.code, e.stderr)
			}
			said := e.stdout + e.stderr + must(t, "status", p.dir) + must(t, "verify", "--store", p.store) + must(t, "verify", "--store", p.store, "--json")
			needles := encodings(profile)
			find(t, "output", []byte(said), needles)
			files := searchTree(t, p, needles)
			if files < 20 {
				t.Errorf("only %d files were searched", files)
			}
		})
	}
	t.Run("the search finds what is there", func(t *testing.T) {
		dir := t.TempDir()
		type row struct{ Name string }
		file := filepath.Join(dir, "leaky")
		if err := parquet.WriteFile(file, []row{{"x"}, {planted["family name"]}}, parquet.Compression(&parquet.Zstd)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if hits := hitsIn(values(t, data), encodings("shifted")); len(hits) == 0 {
			t.Error("a name inside a compressed Parquet page was not found")
		}
	})
}

// encodings lists every form in which a planted value is looked for, in lower case. The
// limited profile keeps true dates and the city by design.
func encodings(profile string) map[string]string {
	forms := map[string]string{}
	for what, value := range planted {
		if profile == "limited" && (what == "birth date" || what == "city") {
			continue
		}
		reversed := []rune(value)
		for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
			reversed[i], reversed[j] = reversed[j], reversed[i]
		}
		forms[what] = value
		forms[what+", base64"] = strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "=")
		forms[what+", hex"] = hex.EncodeToString([]byte(value))
		forms[what+", URL"] = url.QueryEscape(value)
		forms[what+", reversed"] = string(reversed)
	}
	for what, form := range forms {
		forms[what] = strings.ToLower(form)
	}
	return forms
}

func hitsIn(data []byte, needles map[string]string) (hits []string) {
	lower := bytes.ToLower(data)
	for what, form := range needles {
		if bytes.Contains(lower, []byte(form)) {
			hits = append(hits, what)
		}
	}
	return hits
}

func find(t *testing.T, where string, data []byte, needles map[string]string) {
	t.Helper()
	if hits := hitsIn(data, needles); len(hits) > 0 {
		t.Errorf("%s holds the planted %s", where, strings.Join(hits, "; "))
	}
}

// searchTree searches every file below the project but its input, and returns how many.
func searchTree(t *testing.T, p project, needles map[string]string) (files int) {
	t.Helper()
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == p.export {
			return filepath.SkipDir
		}
		find(t, "a file name", []byte(d.Name()), needles)
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		find(t, path, data, needles)
		if bytes.HasPrefix(data, []byte("PAR1")) {
			find(t, path+" (decoded)", values(t, data), needles)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// values decodes every value of a Parquet file as text, a line each; whole milliseconds
// are also written as a day, so that a date can be found.
func values(t *testing.T, data []byte) []byte {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, kv := range file.Metadata().KeyValueMetadata {
		fmt.Fprintln(&out, kv.Key, kv.Value)
	}
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquet.Row, 256)
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				for _, v := range row {
					out.WriteString(v.String())
					if v.Kind() == parquet.Int64 {
						out.WriteString(time.UnixMilli(v.Int64()).UTC().Format(" 2006-01-02"))
					}
					out.WriteByte('\n')
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		rows.Close()
	}
	return out.Bytes()
}

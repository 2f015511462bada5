package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// identity is one person whose identity is written into every place an export can carry
// it. Each value is distinctive, so that finding it anywhere is a leak.
type identity map[string]string

// planted are a person over 89, whose birth date is sealed, and one of forty, whose dates
// stand open in the shifted profile, but never at their true day.
var planted = []identity{{
	"family name":   "Quackenbushsky",
	"given name":    "Zebulonius",
	"address":       "13 Markerlane",
	"city":          "Leakborough",
	"mrn":           "MRN77553311",
	"record number": "77553311",
	"phone":         "867-5309-4471",
	"email":         "zq@leak.example",
	"patient id":    "pt-leak-000417",
	"birth date":    "1931-02-03",
	"free text":     "lives-above-the-bakery",
}, {
	"family name":   "Wolfeschlegelson",
	"given name":    "Hubertinka",
	"address":       "77 Gullyfoyle",
	"city":          "Dripwater",
	"mrn":           "MRN88120934",
	"record number": "88120934",
	"phone":         "915-2240-7781",
	"email":         "hw@drip.example",
	"patient id":    "pt-leak-000983",
	"birth date":    openBirth,
	"free text":     "keeps-nine-parrots",
}}

// What tells the rows of the person of forty in the tables of a store: a language that
// nobody else speaks, and a time of day that nothing else happens at.
const (
	openBirth    = "1984-07-19"
	openLanguage = "haw"
	openTime     = "10:17:23.457"
	openDay      = "2024-02-03"
)

// plantedFile is a file name as an export tool makes it that splits by person.
const plantedFile = "Patient_Quackenbushsky.ndjson"

// plant writes the persons and resources of each type about them.
func plant(t *testing.T, export string) {
	t.Helper()
	var lines []string
	for _, m := range planted {
		lines = append(lines, plantedLines(m)...)
	}
	if err := os.WriteFile(filepath.Join(export, plantedFile), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// plantedLines are one person's resources.
func plantedLines(m identity) []string {
	text := fmt.Sprintf(`"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s %s %s</div>"}`, m["given name"], m["family name"], m["free text"])
	name := m["given name"] + " " + m["family name"]
	subject := fmt.Sprintf(`{"reference":"Patient/%s","display":"%s","identifier":{"system":"urn:mrn","value":"%s"}}`, m["patient id"], name, m["mrn"])
	concept := fmt.Sprintf(`{"coding":[{"system":"http://hospital.example/%s","code":"%s","display":"%s"},{"system":"http://loinc.org","code":"%s"}],"text":"%s"}`,
		m["family name"], m["mrn"], name, m["mrn"], name)
	hostile := func(id, members string) string {
		return fmt.Sprintf(`{"resourceType":"Observation","id":"%s-%s","status":"final","subject":%s,%s}`, id, m["mrn"], subject, members)
	}
	number, lower := m["record number"], strings.ToLower(m["family name"])
	const code, ucum = `"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]}`, `"system":"http://unitsofmeasure.org"`
	return []string{
		fmt.Sprintf(`{"resourceType":"Patient","id":"%s",%s,"meta":{"source":"urn:%s","tag":[{"system":"urn:x","code":"%s"}]},"identifier":[{"system":"urn:mrn","value":"%s"}],"name":[{"family":"%s","given":["%s"],"text":"%s"}],"telecom":[{"system":"phone","value":"%s"},{"system":"email","value":"%s"}],"gender":"%s","birthDate":"%s","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"%sT04:05:06Z"}]},"address":[{"line":["%s"],"city":"%s","state":"%s","postalCode":"%s"}],"contact":[{"name":{"family":"%s"}}],"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"%s"}],"text":"%s"}}],"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"%s"},{"url":"ombCategory","valueString":"%s"}]},{"url":"http://unknown.example/%s","valueString":"%s"}]}`,
			m["patient id"], text, m["mrn"], m["family name"], m["mrn"], m["family name"], m["given name"], name, m["phone"], m["email"], m["given name"], m["birth date"], m["birth date"], m["address"], m["city"], m["city"], m["mrn"], m["family name"], language(m), m["free text"], m["free text"], m["family name"], m["family name"], m["free text"]),
		fmt.Sprintf(`{"resourceType":"Encounter","id":"e-%s",%s,"status":"finished","class":{"system":"urn:x","code":"%s"},"type":[%s],"subject":%s,"period":{"start":"%sT%s-05:00"},"serviceProvider":{"reference":"Organization?name=%s","display":"%s"}}`,
			m["mrn"], text, m["family name"], concept, subject, openDay, openTime, m["family name"], m["address"]),
		fmt.Sprintf(`{"resourceType":"Condition","id":"c-%s",%s,"code":%s,"subject":%s,"onsetString":"%s","note":[{"text":"%s"}]}`, m["mrn"], text, concept, subject, m["free text"], m["free text"]),
		fmt.Sprintf(`{"resourceType":"Observation","id":"o-%s",%s,"status":"final","code":%s,"subject":%s,"effectiveDateTime":"2024-02-03","valueQuantity":{"value":5,"unit":"%s","code":"%s","system":"urn:x"},"component":[{"code":%s,"valueString":"%s"}],"note":[{"text":"%s"}]}`,
			m["mrn"], text, concept, subject, m["phone"], m["mrn"], concept, m["free text"], m["free text"]),
		hostile("h0", code+`,"valueQuantity":{"value":1,"code":"g`+number+`",`+ucum+`}`),
		hostile("h1", code+`,"valueQuantity":{"value":1,"unit":"m-`+number+`"}`),
		hostile("h2", code+`,"valueQuantity":{"value":1,"code":"mg.`+number+`",`+ucum+`}`),
		hostile("h3", code+`,"valueQuantity":{"value":1,"code":"{`+lower+`}",`+ucum+`}`),
		hostile("h4", code+`,"valueQuantity":{"value":-`+number+`}`),
		hostile("h5", code+`,"valueQuantity":{"value":`+number+`,"code":"{score}",`+ucum+`}`),
		hostile("h6", code+`,"valueInteger":`+number+`,"component":[{`+code+`,"valueInteger":-`+number+`}]`),
		hostile("h7", `"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/`+lower+`","code":"final"}]}],`+code),
		hostile("h8", `"category":[{"coding":[{"system":"http://hl7.org/fhir/`+lower+`","code":"final"}]}],`+code),
		hostile("h9", `"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"mrn-`+number+`"}]}],`+code),
		hostile("h10", `"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"`+lower+`"}]}],`+code),
		hostile("h11", `"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"`+number+`"}]}],`+code),
		hostile("h12", `"code":{"coding":[{"system":"http://loinc.org","code":"21112-8"}]},"valueDateTime":"`+m["birth date"]+`"`),
		hostile("h13", code+`,"issued":"`+openDay+`T`+openTime+`-05:00","effectiveDateTime":"`+openDay+`T`+openTime+`-05:00"`),
		fmt.Sprintf(`{"resourceType":"Procedure","id":"p-%s","status":"completed","code":%s,"subject":%s,"performedString":"%s"}`, m["mrn"], concept, subject, m["free text"]),
		fmt.Sprintf(`{"resourceType":"MedicationRequest","id":"m-%s","status":"active","intent":"order","medicationCodeableConcept":%s,"subject":%s,"dosageInstruction":[{"text":"%s","sequence":%s,"timing":{"repeat":{"period":%s}}}]}`, m["mrn"], concept, subject, m["free text"], number, number),
		fmt.Sprintf(`{"resourceType":"Immunization","id":"i-%s","status":"completed","vaccineCode":%s,"patient":%s,"lotNumber":"%s","occurrenceString":"%s"}`, m["mrn"], concept, subject, m["mrn"], m["free text"]),
		fmt.Sprintf(`{"resourceType":"Coverage","id":"v-%s","status":"active","order":%s,"type":%s,"subscriberId":"%s","beneficiary":%s,"payor":[{"display":"%s"}]}`, m["mrn"], number, concept, m["mrn"], subject, name),
		fmt.Sprintf(`{"resourceType":"Organization","id":"g-%s","name":"%s","telecom":[{"value":"%s"}],"address":[{"line":["%s"],"city":"%s"}]}`, m["mrn"], m["family name"], m["phone"], m["address"], m["city"]),
		fmt.Sprintf(`{"resourceType":"Practitioner","id":"r-%s","name":[{"family":"%s"}]}`, m["mrn"], m["family name"]),
		fmt.Sprintf(`{"resourceType":"Observation","name":"%s","id":`, m["family name"]), // bad JSON
	}
}

// language is the language of the person of forty, and of the other one a tag that says
// who they are.
func language(m identity) string {
	if m["birth date"] == openBirth {
		return openLanguage
	}
	return "kim-" + m["family name"]
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
			if profile == "limited" {
				job = p.job(profile, oneOfEach) // TestLeakPaths has all definitions in each profile
			}
			e := farr(t, "run", job)
			if e.code != 0 {
				t.Fatalf("exit %d\n%s", e.code, e.stderr)
			}
			said := e.stdout + e.stderr + must(t, "status", p.dir) + must(t, "verify", "--store", p.store) + must(t, "verify", "--store", p.store, "--json")
			needles := encodings(profile)
			find(t, "output", unnamed([]byte(said)), needles)
			files := searchTree(t, p, needles)
			if files < 20 {
				t.Errorf("only %d files were searched", files)
			}
			if profile == "shifted" {
				checkOpenDates(t, p)
			}
		})
	}
	t.Run("the search finds what is there", func(t *testing.T) {
		dir := t.TempDir()
		type row struct{ Name string }
		file := filepath.Join(dir, "leaky")
		if err := parquet.WriteFile(file, []row{{"x"}, {planted[0]["family name"]}}, parquet.Compression(&parquet.Zstd)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if hits := hitsIn(values(t, data), encodings("shifted")); len(hits) == 0 {
			t.Error("a name inside a compressed Parquet page was not found")
		}
		digest := md5.Sum([]byte(planted[1]["mrn"]))
		if len(hitsIn(digest[:], encodings("shifted"))) == 0 {
			t.Error("an unkeyed hash was not found")
		}
	})
}

// encodings lists every form in which a planted value is looked for: text in lower case,
// and the digest of an unkeyed hash as bytes. The limited profile keeps true dates and the
// city by design. The birth date that stands open when shifted is looked for by row.
func encodings(profile string) map[string]string {
	forms := map[string]string{}
	for i, person := range planted {
		for what, value := range person {
			if profile == "limited" && (what == "birth date" || what == "city") || value == openBirth {
				continue
			}
			what = fmt.Sprint(what, " of person ", i+1)
			reversed := []rune(value)
			slices.Reverse(reversed)
			sha256, sha1, md5 := sha256.Sum256([]byte(value)), sha1.Sum([]byte(value)), md5.Sum([]byte(value))
			for form, text := range map[string]string{
				"": value, "hex": hex.EncodeToString([]byte(value)), "URL": url.QueryEscape(value), "reversed": string(reversed),
				"base64":      base64.StdEncoding.EncodeToString([]byte(value)),
				"SHA-256 hex": hex.EncodeToString(sha256[:]), "SHA-256 base64": base64.StdEncoding.EncodeToString(sha256[:]),
				"SHA-1 hex": hex.EncodeToString(sha1[:]), "SHA-1 base64": base64.StdEncoding.EncodeToString(sha1[:]),
				"MD5 hex": hex.EncodeToString(md5[:]), "MD5 base64": base64.StdEncoding.EncodeToString(md5[:]),
			} {
				forms[what+" "+form] = strings.ToLower(strings.TrimRight(text, "="))
			}
			for form, digest := range map[string][]byte{"SHA-256": sha256[:16], "SHA-1": sha1[:16], "MD5": md5[:]} {
				forms[what+" "+form+rawBytes] = string(digest)
			}
		}
	}
	return forms
}

// rawBytes ends the name of a form that is looked for as it is, upper case or lower.
const rawBytes = ", bytes"

func hitsIn(data []byte, needles map[string]string) (hits []string) {
	lower := bytes.ToLower(data)
	for what, form := range needles {
		in := lower
		if strings.HasSuffix(what, rawBytes) {
			in = data
		}
		if bytes.Contains(in, []byte(form)) {
			hits = append(hits, what)
		}
	}
	return hits
}

// unnamed is text without the name of the planted file, which the terminal and the
// operator's own list of rejects may say.
func unnamed(text []byte) []byte { return bytes.ReplaceAll(text, []byte(plantedFile), nil) }

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
		if strings.HasSuffix(path, ".rejects.csv") {
			data = unnamed(data)
		}
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

// checkOpenDates looks at the rows of the person of forty: their dates stand open, and
// none at its true day.
func checkOpenDates(t *testing.T, p project) {
	t.Helper()
	births, events := 0, 0
	err := filepath.WalkDir(filepath.Join(p.store, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(data, []byte("PAR1")) {
			return err
		}
		eachRow(t, data, func(row []string) {
			for _, v := range row {
				if strings.HasSuffix(v, "T"+openTime) {
					events++
					if strings.HasPrefix(v, openDay) {
						t.Errorf("an event stands open at its true time: %s", v)
					}
				}
				if v == openBirth+"T00:00:00.000" && slices.Contains(row, openLanguage) {
					t.Errorf("the birth date stands open at its true day")
				}
				if slices.Contains(row, openLanguage) && (strings.HasPrefix(v, "1983-") || strings.HasPrefix(v, "1984-")) {
					births++
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if births != 1 || events < 4 {
		t.Errorf("%d birth dates and %d events of the planted persons stand open; the test looks at nothing", births, events)
	}
}

// values decodes every value of a Parquet file as text, a line each.
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
	eachRow(t, data, func(row []string) {
		for _, v := range row {
			fmt.Fprintln(&out, v)
		}
	})
	return out.Bytes()
}

// eachRow gives the rows of a Parquet file, each value as a person reads it: a time with
// its day, a decimal with its digits.
func eachRow(t *testing.T, data []byte, yield func(row []string)) {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	fields := file.Schema().Fields()
	text := func(v parquet.Value) string {
		if v.IsNull() {
			return ""
		}
		var kind format.LogicalTypeValue
		if logical := fields[v.Column()].Type().LogicalType(); logical != nil {
			kind = logical.Value
		}
		switch kind := kind.(type) {
		case *format.TimestampType:
			return time.UnixMilli(v.Int64()).UTC().Format("2006-01-02T15:04:05.000")
		case *format.DecimalType:
			n := new(big.Int).SetBytes(v.ByteArray())
			if v.ByteArray()[0]&0x80 != 0 {
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v.ByteArray()))))
			}
			scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(kind.Scale)), nil)
			return new(big.Rat).SetFrac(n, scale).FloatString(int(kind.Scale))
		default:
			return v.String()
		}
	}
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquet.Row, 256)
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				one := make([]string, len(row))
				for i, v := range row {
					one[i] = text(v)
				}
				yield(one)
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
}

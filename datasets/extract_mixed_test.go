package datasets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets/fhir"
)

// The same resources give the same counts and rows as NDJSON, as a Bundle, or some of each, under any names.
func TestExtractMixedFolder(t *testing.T) {
	lines := []string{
		`{"resourceType":"Patient","id":"p","gender":"female","birthDate":"1980-02-03"}`,
		`{"resourceType":"Encounter","id":"e","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"urn:uuid:p"},"period":{"start":"2024-01-02T10:00:00Z","end":"2024-01-02T11:00:00Z"}}`,
		`{"resourceType":"Encounter","id":"f","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/p"},"period":{"start":"2024-02-02T10:00:00Z"}}`,
	}
	bundle := func(lines ...string) string {
		var entries []string
		for _, l := range lines {
			_, id, _ := strings.Cut(l, `"id":"`)
			entries = append(entries, fmt.Sprintf("{\n \"fullUrl\": \"urn:uuid:%s\",\n \"resource\": %s}", id[:1], l))
		}
		return `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(entries, ",\n") + "]}\n"
	}
	folders := map[string]map[string]string{
		"ndjson": {"all.ndjson": strings.Join(lines, "\n")},
		"bundle": {"person.json": bundle(lines...)},
		"mixed":  {"a.json": bundle(lines[0], lines[2]), "b.json": lines[1], "notes.json": `{"made":"today"}`},
	}
	var rows []string
	for name, files := range folders {
		dir := t.TempDir()
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		report, sn := extracted(t, ExtractRequest{Source: dir})
		if report.Read != 3 || report.Stored != 3 || report.ByType["Encounter"].Stored != 2 {
			t.Errorf("%s: %+v", name, report)
		}
		rows = append(rows, fmt.Sprint(table(t, sn, "encounter"), table(t, sn, "patient")))
	}
	if rows[0] != rows[1] || rows[0] != rows[2] {
		t.Errorf("the tables differ:\n%s", strings.Join(rows, "\n"))
	}
	stu3 := `{"resourceType":"Condition","id":"c","clinicalStatus":"active","subject":{"reference":"Patient/p"}}`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "b.json"), []byte(bundle(lines[0], stu3)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Extract(context.Background(), emptyStore(t), ExtractRequest{Source: dir, Key: constantKey(t)})
	if err == nil || !strings.Contains(err.Error(), "b.json:2") || !strings.Contains(err.Error(), string(fhir.NotFHIRR4)) {
		t.Errorf("a Bundle of STU3: %v", err)
	}
}

package datasets

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/internal/duck"
)

// caseFolder writes a case: file name to its text.
func caseFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Two cases with the same ids are two persons, whatever their resources name as
// subject, and files and a Bundle of them are read alike.
func TestExtractCases(t *testing.T) {
	ctx := context.Background()
	key := constantKey(t)
	patient := "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"p\", \"birthDate\": \"1970-05-01\"\n}"
	encounter := `{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/another"},
		"period":{"start":"2024-03-01T10:00:00Z","end":"2024-03-01T11:00:00Z"}}`
	report := `{"resourceType":"MeasureReport","id":"r"}`
	cases := []Case{
		{"M/one", caseFolder(t, map[string]string{"p.json": patient, "e.json": encounter, "r.json": report, "note.txt": "no resource"})},
		{"M/two", caseFolder(t, map[string]string{"b.json": `{"resourceType":"Bundle","entry":[{"resource":` + encounter + `},{"resource":` + patient + `},{}]}`})},
	}
	s := emptyStore(t)
	report1, err := Extract(ctx, s, ExtractRequest{Cases: cases, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if report1.Read != 5 || report1.Stored != 4 || report1.NotInPolicy != 1 {
		t.Errorf("read %d stored %d not in policy %d", report1.Read, report1.Stored, report1.NotInPolicy)
	}
	again, err := Extract(ctx, s, ExtractRequest{Cases: cases, Key: key})
	if err != nil || !again.Skipped || again.Snapshot != report1.Snapshot {
		t.Errorf("asked again: %v, skipped %v", err, again.Skipped)
	}

	sn, err := s.Open(report1.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(ctx, duck.Config{AllowedDirs: []string{s.ObjectsDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := Attach(ctx, db, sn, key); err != nil {
		t.Fatal(err)
	}
	pids, err := PIDs(key, cases)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		var source, start string
		err := db.QueryRow(ctx, "visit", "SELECT p.source, CAST(e.period_start AS VARCHAR) FROM patient p JOIN encounter e USING (pid) WHERE p.pid = CAST('"+pids[i]+"' AS UUID)", &source, &start)
		if err != nil || source != c.Source || start != "2024-03-01 10:00:00" {
			t.Errorf("case %s: %v, source %s, start %s", c.Source, err, source, start)
		}
	}
}

// A case that is not one person, or is not to be read, is an error that names it
// and quotes nothing of it.
func TestExtractCaseErrors(t *testing.T) {
	person := map[string]string{"p.json": `{"resourceType":"Patient","id":"p"}`}
	good := Case{"M/one", caseFolder(t, person)}
	for want, cases := range map[string][]Case{
		"one Patient, here are 0": {{"M/none", caseFolder(t, map[string]string{"x.json": `{"resourceType":"Patient"`})}},
		"one Patient, here are 2": {{"M/two", caseFolder(t, map[string]string{"p.json": person["p.json"], "q.json": `{"resourceType":"Patient","id":"q"}`})}},
		"M/one is there twice":    {good, good},
		"a name is of":            {{"../up", good.Dir}},
		"no such file":            {{"M/gone", filepath.Join(t.TempDir(), "gone")}},
	} {
		_, err := Extract(context.Background(), emptyStore(t), ExtractRequest{Cases: cases, Key: constantKey(t)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// stays is a project with one patient: a visit of an hour, and a stay of three days with an
// operation on its second.
func stays(t *testing.T, profile string) (p project, pid string) {
	p = extractedStays(t, profile)
	must(t, "measure", "import", publishedStays, "--store", p.store)
	p.measure("--measure", "OperatedStays,LengthOfStay,OperationsPerDay", "--periods", "2024")
	rows, err := csv.NewReader(strings.NewReader(must(t, "measure", "results", "--store", p.store, "--table", "subject"))).ReadAll()
	if err != nil || len(rows) < 2 || rows[0][2] != "pid" {
		t.Fatalf("subjects %v (%v)", rows, err)
	}
	return p, rows[1][2]
}

// extractedStays is the project of stays before anything is computed.
func extractedStays(t *testing.T, profile string) project {
	p := newProject(t)
	p.zone = "America/New_York"
	if err := os.Mkdir(p.export, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"Patient": `{"resourceType":"Patient","id":"ann","gender":"female","birthDate":"1960-05-01"}`,
		"Encounter": `{"resourceType":"Encounter","id":"e1","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/ann"},"period":{"start":"2024-03-01T10:00:00-05:00","end":"2024-03-01T11:00:00-05:00"}}
{"resourceType":"Encounter","id":"e2","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/ann"},"period":{"start":"2024-05-01T10:00:00-04:00","end":"2024-05-04T11:00:00-04:00"}}`,
		"Procedure": `{"resourceType":"Procedure","id":"p1","status":"completed","code":{"coding":[{"system":"http://snomed.info/sct","code":"80146002"}]},"subject":{"reference":"Patient/ann"},"performedDateTime":"2024-05-02T09:00:00-04:00"}`,
	} {
		if err := os.WriteFile(filepath.Join(p.export, name+".ndjson"), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.extract("--profile", profile)
	return p
}

func (p project) explainArgs(pid, measure string, more ...string) []string {
	return append([]string{"measure", "explain", "--store", p.store, "--key", p.key, "--measure", measure, "--patient", pid, "--period", "2024"}, more...)
}

// TestMeasureExplain: how a patient counts, and each define beside its line, in true dates.
func TestMeasureExplain(t *testing.T) {
	for _, profile := range []string{"shifted", "limited"} {
		p, pid := stays(t, profile)
		const stay = "    Encounter {period 2024-05-01T10:00:00 to 2024-05-04T11:00:00, status finished, class IMP}\n"
		const visit = "    Encounter {period 2024-03-01T10:00:00 to 2024-03-01T11:00:00, status finished, class AMB}\n"
		text := must(t, p.explainArgs(pid, "OperatedStays", "--phi")...)
		for _, want := range []string{
			"OperatedStays, patient " + pid + ", period 2024\n",
			"group 1, proportion, counts resources of type Encounter\n  initial-population                1   Stays  Stays:20\n",
			"  denominator-exclusion             0   Comfort Stays  Stays:42\n  numerator                         1   Operated Stays  Stays:38\n",
			"group 2,", "\nStays  Stays:20  1 element\n" + stay, "\nComfort Stays  Stays:42  0 elements\n", "\nOperated Stays  Stays:38  1 element\n" + stay,
			"\nWeekend Stays  Stays:46  0 elements\n", "\nVisits  Stays:16  2 elements\n" + visit + stay, "\nWomen  Stays:26  true\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", profile, want, text)
			}
		}
		if strings.Index(text, "\nStays  Stays:20") > strings.Index(text, "\nVisits  Stays:16") {
			t.Errorf("the populations do not come first:\n%s", text)
		}
		text = must(t, p.explainArgs(pid, "LengthOfStay", "--phi")...)
		for _, want := range []string{"measure-observation               1   Days  Stays:49\n", "Days(Stays)  Stays:49  1 element\n    {episode: " + strings.TrimSpace(stay) + ", value: 3}\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", profile, want, text)
			}
		}
	}
}

// TestMeasureExplainDisclosure: true dates go to a terminal, or where --phi sends them; each
// time is written down without a value.
func TestMeasureExplainDisclosure(t *testing.T) {
	p, pid := stays(t, "shifted")
	file := filepath.Join(p.dir, "why.json")
	disclosures := func() (all []struct {
		Time  string
		Facts map[string]string
	}) {
		t.Helper()
		if err := json.Unmarshal([]byte(must(t, "audit", "show", "--store", p.store, "--kind", "disclosure", "--json")), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	for _, more := range [][]string{nil, {"--json"}, {"--out", file}} {
		if e := farr(t, p.explainArgs(pid, "OperatedStays", more...)...); e.code != jobs.ExitPrivacy || e.stdout != "" || !strings.Contains(e.stderr, "--phi") || exists(file) || len(disclosures()) > 0 {
			t.Errorf("%v without a terminal: exit %d\n%s%s", more, e.code, e.stdout, e.stderr)
		}
	}
	must(t, p.explainArgs(pid, "OperatedStays", "--phi")...)
	if out := must(t, p.explainArgs(pid, "http://example.org/Measure/LengthOfStay", "--phi", "--out", file, "--json")...); out != "" {
		t.Errorf("beside the file: %s", out)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file %v (%v)", info, err)
	}
	all := disclosures()
	if len(all) != 2 {
		t.Fatalf("log %v", all)
	}
	said := all[1].Facts
	if said["who"] == "" || all[1].Time == "" || said["to"] != "file" || said["measure"] != "http://example.org/Measure/LengthOfStay|1.0.0" || said["pid"] != pid || len(said) != 6 {
		t.Errorf("log %v", said)
	}
	if text := fmt.Sprint(said); strings.Contains(text, "2024-") || strings.Contains(text, "IMP") {
		t.Errorf("the log holds values\n%s", text)
	}
	must(t, "verify", "--store", p.store)
	// What cannot be written down is not shown.
	log := filepath.Join(p.store, "log", "entries.jsonl")
	if err := os.Rename(log, log+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(log, 0o700); err != nil {
		t.Fatal(err)
	}
	if e := farr(t, p.explainArgs(pid, "OperatedStays", "--phi")...); e.code != jobs.ExitIntegrity || e.stdout != "" || !strings.Contains(e.stderr, "damaged-log") {
		t.Errorf("without a log: exit %d\n%s%s", e.code, e.stdout, e.stderr)
	}
}

// TestMeasureExplainMistakes: each says what is wrong, and shows nothing.
func TestMeasureExplainMistakes(t *testing.T) {
	p, pid := stays(t, "shifted")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"measure", "explain"}, jobs.ExitUsage, "--store, --measure and --patient"},
		{p.explainArgs("ann", "OperatedStays", "--phi"), jobs.ExitFailed, "by pseudonym"},
		{p.explainArgs("00000000-0000-0000-0000-000000000000", "OperatedStays", "--phi"), jobs.ExitFailed, "no such patient"},
		{p.explainArgs(pid, "OperatedStay", "--phi"), jobs.ExitFailed, `did you mean "OperatedStays"`},
		{p.explainArgs(pid, "OperatedStays", "--phi", "--period", "2024,2025"), jobs.ExitUsage, "one period"},
		{p.explainArgs(pid, "OperatedStays", "--phi", "--key", ""), jobs.ExitFailed, "key-required"},
	} {
		if e := farr(t, c.args...); e.code != c.code || !strings.Contains(e.stderr, c.want) || e.stdout != "" {
			t.Errorf("farr %s: exit %d, want %d and %s\n%s%s", strings.Join(c.args, " "), e.code, c.code, c.want, e.stdout, e.stderr)
		}
	}
}

// TestMeasureExplainIssue: where the patient's data make a define fail, that is said.
func TestMeasureExplainIssue(t *testing.T) {
	p, pid := stays(t, "limited")
	const single = `{"type":"Not","operand":{"type":"IsNull","operand":{"type":"SingletonFrom","locator":"11:3-11:30","operand":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter"}}}}`
	must(t, "measure", "import", authored{"Single": {define: single}}.folder(t), "--store", p.store)
	text := must(t, p.explainArgs(pid, "Single", "--phi")...)
	for _, want := range []string{"null, since the data make it fail: Initial Population  Single:11  singleton from a list of more than one element\n", "initial-population                0 ", "Initial Population  Single:9  false\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

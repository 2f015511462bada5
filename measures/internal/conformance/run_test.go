package conformance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
)

// The library: everyone with a finished visit in the period is in the initial
// population.
const elmVisits = `{"library":{"identifier":{"id":"Visits","version":"1"},"usings":{"def":[{"localIdentifier":"FHIR","uri":"http://hl7.org/fhir","version":"4.0.1"}]},
"parameters":{"def":[{"name":"Measurement Period","parameterTypeSpecifier":{"type":"IntervalTypeSpecifier","pointType":{"name":"{urn:hl7-org:elm-types:r1}DateTime","type":"NamedTypeSpecifier"}}}]},
"statements":{"def":[
{"name":"Patient","context":"Patient","expression":{"type":"SingletonFrom","operand":{"dataType":"{http://hl7.org/fhir}Patient","type":"Retrieve"}}},
{"name":"Initial Population","context":"Patient","expression":{"type":"Exists","operand":{"dataType":"{http://hl7.org/fhir}Encounter","type":"Retrieve"}}}]}}}`

const measureVisits = `{"resourceType":"Measure","url":"http://example.org/Measure/Visits","name":"Visits","library":["http://example.org/Library/Visits"],
"scoring":{"coding":[{"code":"cohort"}]},"group":[{"population":[{"code":{"coding":[{"code":"initial-population"}]},"criteria":{"language":"text/cql-identifier","expression":"Initial Population"}}]}]}`

// visitsPackage is a package with a case for each name, which expects a count of what
// its patient's visits make.
func visitsPackage(t *testing.T, cases map[string]struct {
	visit    bool
	expected string
}) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("measure.json", measureVisits)
	write("library.json", `{"resourceType":"Library","url":"http://example.org/Library/Visits","content":[{"contentType":"application/elm+json","data":"`+
		base64.StdEncoding.EncodeToString([]byte(elmVisits))+`"}]}`)
	for name, c := range cases {
		at := "tests/Visits/" + name + "/"
		write(at+"p.json", `{"resourceType":"Patient","id":"same"}`)
		if c.visit {
			write(at+"e.json", `{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/same"},"period":{"start":"2025-03-01","end":"2025-03-01"}}`)
		}
		write(at+"r.json", `{"resourceType":"MeasureReport","measure":"http://example.org/Measure/Visits","period":{"start":"2025-01-01","end":"2025-12-31"},
			"group":[{"population":[{"code":{"coding":[{"code":"initial-population"}]},"count":`+c.expected+`}]}]}`)
	}
	return dir
}

// Cases go the whole way, from JSON through an extract to counts, from both profiles;
// a wrong one fails with what differs, a doubtful one is quarantined, and a quarantined
// one that passes fails.
func TestRun(t *testing.T) {
	type one = struct {
		visit    bool
		expected string
	}
	dir := visitsPackage(t, map[string]one{
		"case-with-visit": {true, "1"}, "case-without": {false, "0"}, "case-wrong": {true, "0"}, "case-doubtful": {false, "1"}, "case-listed": {true, "1"},
	})
	list := filepath.Join(t.TempDir(), "quarantine.txt")
	if err := os.WriteFile(list, []byte("# doubtful\nVisits/case-doubtful the report counts a visit that is not there\nVisits/case-listed was fixed since\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"shifted", "limited"} {
		r, err := Run(context.Background(), Request{Dir: dir, Profile: profile, Quarantine: list})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Measures) != 1 || len(r.Measures[0].Problems) > 0 {
			t.Fatalf("%s: %+v", profile, r.Measures)
		}
		if r.Cases != 5 || r.Passed != 2 || r.Failed != 2 || r.Quarantined != 1 {
			t.Errorf("%s: %d cases, %d passed, %d failed, %d quarantined", profile, r.Cases, r.Passed, r.Failed, r.Quarantined)
		}
		for _, c := range r.Results {
			want := map[string]string{"case-with-visit": Passed, "case-without": Passed, "case-wrong": Failed, "case-doubtful": Quarantined, "case-listed": Failed}
			if name := filepath.Base(c.ID); c.Status != want[name] {
				t.Errorf("%s: %s is %s: %s %v", profile, name, c.Status, c.Reason, c.Wrong())
			}
			if filepath.Base(c.ID) == "case-wrong" && strings.Join(c.Wrong(), "") != "group 1 initial-population: expected 0, actual 1" {
				t.Errorf("what is wrong: %v", c.Wrong())
			}
		}
		var b bytes.Buffer
		if err := r.WriteJUnit(&b); err != nil {
			t.Fatal(err)
		}
		var back struct {
			Suites []struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
				Skipped  int `xml:"skipped,attr"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(b.Bytes(), &back); err != nil || len(back.Suites) != 1 || back.Suites[0].Tests != 5 || back.Suites[0].Failures != 2 || back.Suites[0].Skipped != 1 {
			t.Errorf("JUnit %v: %+v", err, back)
		}
	}
}

// Cases under both ways to tell profiles: a visit that declares the profile counts in both, one
// that declares none where it is inferred, and one that declares it and another's.
func TestRunProfiles(t *testing.T) {
	type one = struct {
		visit    bool
		expected string
	}
	dir := visitsPackage(t, map[string]one{"case-declares": {true, "1"}, "case-silent": {true, "1"}, "case-declares-another": {true, "1"}})
	elm := strings.Replace(elmVisits, `"dataType":"{http://hl7.org/fhir}Encounter",`, `"dataType":"{http://hl7.org/fhir}Encounter","templateId":"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-encounter",`, 1)
	files := map[string]string{"library.json": `{"resourceType":"Library","url":"http://example.org/Library/Visits","content":[{"contentType":"application/elm+json","data":"` +
		base64.StdEncoding.EncodeToString([]byte(elm)) + `"}]}`}
	for name, profile := range map[string]string{"case-declares": "qicore/StructureDefinition/qicore-encounter|4.1.1", "case-declares-another": "core/StructureDefinition/us-core-encounter"} {
		file := "tests/Visits/" + name + "/e.json"
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		files[file] = strings.Replace(string(text), `{`, `{"meta":{"profile":["http://hl7.org/fhir/us/`+profile+`"]},`, 1)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(t.TempDir(), "quarantine.txt")
	if err := os.WriteFile(list, []byte("declared: Visits/case-silent declares no profile\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for profiles, want := range map[evaluate.Profiles]string{
		"":                "inferred: declares passed, declares-another passed, silent passed",
		evaluate.Declared: "declared: declares passed, declares-another failed, silent quarantined",
	} {
		r, err := Run(context.Background(), Request{Dir: dir, Profiles: profiles, Quarantine: list})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range r.Results {
			got = append(got, strings.TrimPrefix(c.ID, "Visits/case-")+" "+c.Status)
		}
		if text := string(r.Profiles) + ": " + strings.Join(got, ", "); text != want {
			t.Errorf("%s, want %s", text, want)
		}
	}
	if _, err := Run(context.Background(), Request{Dir: dir, Profiles: "both"}); err == nil || !strings.Contains(err.Error(), "inferred or declared") {
		t.Errorf("profiles that are none: %v", err)
	}
}

// What cannot be tested is an error that says why.
func TestRunErrors(t *testing.T) {
	dir := visitsPackage(t, nil)
	if _, err := Run(context.Background(), Request{Dir: dir}); err == nil || !strings.Contains(err.Error(), "no test cases") {
		t.Errorf("no cases: %v", err)
	}
	if _, err := Run(context.Background(), Request{Dir: dir, Measures: []string{"Gone"}}); err == nil || !strings.Contains(err.Error(), "no measure Gone") {
		t.Errorf("no measure: %v", err)
	}
	for text, want := range map[string]string{"Visits/a why": "8 characters", "Visits/case-one": "no reason", "Visits/case-one x\nVisits/case-one y": "twice", "nothing": "begins with", "declared: Visits/case-one": "no reason"} {
		if _, err := parseQuarantine("q.txt", []byte(text), evaluate.Inferred); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// A line may be of one way to tell profiles alone.
func TestQuarantineOfProfiles(t *testing.T) {
	text := []byte("M/case-both x\ninferred: M/case-inferred y\ndeclared: M/case-declared z\n")
	for _, profiles := range []evaluate.Profiles{evaluate.Inferred, evaluate.Declared} {
		list, err := parseQuarantine("q.txt", text, profiles)
		if err != nil || len(list) != 2 || list["M/case-both"] != "x" || list["M/case-"+string(profiles)] == "" {
			t.Errorf("%s: %v %v", profiles, list, err)
		}
	}
}

// The committed list of doubtful cases reads, and is not too long.
func TestCommittedQuarantine(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/ecqm-content-qicore-2024/quarantine.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, profiles := range []evaluate.Profiles{evaluate.Inferred, evaluate.Declared} {
		list, err := parseQuarantine("quarantine.txt", text, profiles)
		if err != nil || len(list) == 0 || len(list) > 60 {
			t.Errorf("%s: %d cases, at most 60 may be doubtful: %v", profiles, len(list), err)
		}
	}
}

// A case that cannot be run fails alone and says why; one whose resources stand beside a Bundle of them is one case, of one patient.
func TestCasesAsEditorsLeaveThem(t *testing.T) {
	dir := visitsPackage(t, map[string]struct {
		visit    bool
		expected string
	}{"good": {true, "1"}, "nobody": {true, "1"}, "known-bad": {true, "1"}})
	at := filepath.Join(dir, "tests", "Visits")
	var bundle []string
	for _, name := range []string{"p", "e", "r"} {
		text, err := os.ReadFile(filepath.Join(at, "good", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		bundle = append(bundle, `{"resource":`+string(text)+`}`)
	}
	if err := os.WriteFile(filepath.Join(at, "good", "all.json"), []byte(`{"resourceType":"Bundle","entry":[`+strings.Join(bundle, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nobody", "known-bad"} {
		if err := os.Remove(filepath.Join(at, name, "p.json")); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(t.TempDir(), "quarantine.txt")
	if err := os.WriteFile(list, []byte("Visits/known-bad its patient is lost\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), Request{Dir: dir, Quarantine: list})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cases != 3 || r.Passed != 1 || r.Failed != 1 || r.Quarantined != 1 {
		t.Errorf("%d cases, %d passed, %d failed, %d quarantined, %v", r.Cases, r.Passed, r.Failed, r.Quarantined, r.Warnings)
	}
	for _, c := range r.Results {
		if c.ID == "Visits/nobody" && !strings.Contains(c.Reason, "one Patient, here are 0") {
			t.Errorf("%s: %s", c.ID, c.Reason)
		}
	}
	if err := os.RemoveAll(filepath.Join(at, "good")); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), Request{Dir: dir}); err == nil || !strings.Contains(err.Error(), "case Visits/nobody: ") || !strings.Contains(err.Error(), "no test cases") {
		t.Errorf("without one that can be run: %v", err)
	}
}

// An observation that the report names by the id of the measure's population is compared with that one.
func TestObservationsByID(t *testing.T) {
	g := content.Group{Populations: []content.Population{{ID: "d", Code: "denominator"}, {ID: "n", Code: "numerator"},
		{ID: "o_11", Code: "measure-observation", Observes: "n"}, {ID: "o_1", Code: "measure-observation", Observes: "d"}}}
	got := compare(g, []content.ExpectedCount{{Code: "denominator", Count: 1}, {Code: "numerator", Count: 1}, {Code: "measure-observation", Count: 4, ID: "o_1_1"}, {Code: "measure-observation", Count: 7, ID: "o_11_1"}},
		[]tally{{count: 1}, {count: 1}, {observed: []float64{7}}, {observed: []float64{4}}})
	for _, p := range got.Populations {
		if p.Expected == nil || p.Actual == nil || *p.Expected != *p.Actual {
			t.Errorf("%+v", p)
		}
	}
	if len(got.Populations) != 4 {
		t.Errorf("%+v", got.Populations)
	}
}

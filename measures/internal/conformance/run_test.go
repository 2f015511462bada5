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

// What cannot be tested is an error that says why.
func TestRunErrors(t *testing.T) {
	dir := visitsPackage(t, nil)
	if _, err := Run(context.Background(), Request{Dir: dir}); err == nil || !strings.Contains(err.Error(), "no test cases") {
		t.Errorf("no cases: %v", err)
	}
	if _, err := Run(context.Background(), Request{Dir: dir, Measures: []string{"Gone"}}); err == nil || !strings.Contains(err.Error(), "no measure Gone") {
		t.Errorf("no measure: %v", err)
	}
	for text, want := range map[string]string{"Visits/a why": "8 characters", "Visits/case-one": "no reason", "Visits/case-one x\nVisits/case-one y": "twice", "nothing": "begins with"} {
		if _, err := parseQuarantine("q.txt", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// The committed list of doubtful cases reads, and is not too long.
func TestCommittedQuarantine(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/ecqm-content-qicore-2024/quarantine.txt")
	if err != nil {
		t.Fatal(err)
	}
	list, err := parseQuarantine("quarantine.txt", text)
	if err != nil || len(list) == 0 || len(list) > 60 {
		t.Errorf("%d cases, at most 60 may be doubtful: %v", len(list), err)
	}
}

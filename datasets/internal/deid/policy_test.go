package deid

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// policyFolder is a copy of the embedded tables that a test may change.
func policyFolder(t *testing.T) fstest.MapFS {
	t.Helper()
	copied := fstest.MapFS{}
	files, err := fs.Glob(policyFiles, "policy/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := policyFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		copied[strings.TrimPrefix(name, "policy/")] = &fstest.MapFile{Data: text}
	}
	return copied
}

func TestPolicyCompiles(t *testing.T) {
	p, err := LoadPolicy()
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	for _, profile := range Profiles {
		plan, err := Compile(p, profile)
		if err != nil {
			t.Fatal(err)
		}
		columns := map[string]bool{}
		for _, table := range plan.Tables() {
			for _, c := range table.Columns {
				if !name.MatchString(c.Name) || !name.MatchString(table.Name) {
					t.Errorf("%s.%s is no SQL name", table.Name, c.Name)
				}
				columns[table.Name+"."+c.Name] = true
			}
		}
		for _, want := range []string{"patient.zip3", "patient.over_89", "encounter.class", "condition.onset_start", "observation_component.value_num",
			"medication_request.do_not_perform", "medication_request.medication_rid", "coverage.period_end_prec", "organization.label"} {
			if !columns[want] {
				t.Errorf("%s: no %s", profile, want)
			}
		}
		for _, sealed := range []string{"condition.onset_start_seal", "observation.issued_seal", "coverage.period_end_seal", "encounter.updated_seal"} {
			if columns[sealed] != (profile != SafeHarbor) {
				t.Errorf("%s: %s is there: %v", profile, sealed, columns[sealed])
			}
		}
		if columns["patient.zip5"] != (profile == Limited) || columns["patient.shift_seal"] != (profile == Shifted) {
			t.Errorf("%s: zip5 %v, shift_seal %v", profile, columns["patient.zip5"], columns["patient.shift_seal"])
		}
	}
}

// Any change of any file changes the hash, even one of a comment: it is the file
// that is signed.
func TestPolicyHash(t *testing.T) {
	base, err := parsePolicy(policyFolder(t), "policy")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{base.Hash(): "unchanged"}
	for _, name := range slices.Sorted(maps.Keys(policyFolder(t))) {
		changed := policyFolder(t)
		changed[name].Data = append([]byte("# x\n"), changed[name].Data...)
		p, err := parsePolicy(changed, "policy")
		if err != nil {
			t.Fatal(err)
		}
		if seen[p.Hash()] != "" {
			t.Errorf("%s: same hash as %s", name, seen[p.Hash()])
		}
		seen[p.Hash()] = name
	}
}

// A type is added by its file alone.
func TestPolicyNewType(t *testing.T) {
	folder := policyFolder(t)
	folder["AllergyIntolerance.policy"] = &fstest.MapFile{Data: []byte(`table allergy_intolerance
owner patient
order recorded_date
element | type | column | shifted | limited | safe-harbor | values | why
code | CodeableConcept | code | code | code | code | | standard codes only
recordedDate | dateTime | recorded_date | shift | keep | year | | date
reaction[] | BackboneElement | allergy_intolerance_reaction | child | child | child | | rows
reaction[].manifestation[] | CodeableConcept | manifestation | code | code | code | | standard codes only
`)}
	p, err := parsePolicy(folder, "policy")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Compile(p, Shifted)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(plan.Tables(), func(c *Table) bool { return c.Name == "allergy_intolerance_reaction" }) {
		t.Error("its child table is not there")
	}
}

// What a table says and farr does not know is an error that names the place.
func TestPolicyErrors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"active | boolean | active | shred | keep | keep | | x", `unknown-action: no action "shred"`},
		{"active | boolean | active2 | shift | keep | keep | | x", `action-does-not-fit: no action "shift" for type boolean`},
		{"active | Boolean | active | keep | keep | keep | | x", "no action"},
		{"active | boolean | active | keep | keep | keep | | ", "says why"},
		{"active | boolean | active | keep | keep", "8 fields"},
		{"gender | code | gender2 | keep | keep | keep | no-such-list | x", `"no-such-list"`},
		{"gender | code | gender2 | keep | keep | keep | | x", "closed list"},
		{"name.text | string | name | drop | drop | drop | | x", "no action"},
		{"contact[].gender | code | g | keep | keep | keep | administrative-gender | x", "no line of its own"},
		{"contact[.gender | code | g | keep | keep | keep | administrative-gender | x", "not closed"},
		{"order no_such", "no date column"},
		{"order birth_date gender", "no date column"},
		{"negated photo true", "no line lists"},
		{"sort by", "unknown directive"},
		{"void gender unknown", "needs clinical"},
	} {
		folder := policyFolder(t)
		folder["Patient.policy"].Data = append(folder["Patient.policy"].Data, (c.line + "\n")...)
		p, err := parsePolicy(folder, "policy")
		if err == nil {
			_, err = Compile(p, Shifted)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Patient.policy") {
			t.Errorf("%s: %v, want %s", c.line, err, c.want)
		}
	}
	for _, c := range []struct{ file, line, want string }{
		{"systems.txt", "http://vendor.example/ =", "no syntax"},
		{"systems.txt", "HTTP://vendor.example/x loinc", "written http://vendor.example/x"},
		{"hl7.txt", "http://terminology.hl7.org/CodeSystem/v3-ActCode = X", "there twice"},
		{"systems.txt", "http://vendor.example/", "a URI, then"},
		{"systems.txt", "http://vendor.example/ no-such-syntax", "no syntax"},
		{"systems.txt", "http://loinc.org loinc", "there twice"},
		{"systems.txt", "syntax new builtin", "regular expression"},
		{"systems.txt", "syntax new (", "missing closing"},
		{"units.txt", "metric m", "there twice"},
		{"units.txt", "atom {Jane}", "wrong list"},
		{"zip3.txt", "restricted 12", "three digits"},
		{"states.txt", "NY NEW YORK", "new"},
		{"languages.txt", "variant 1996", "primary, script or region"},
		{"dates.txt", "before 1900", "from below before"},
	} {
		folder := policyFolder(t)
		folder[c.file].Data = append(folder[c.file].Data, (c.line + "\n")...)
		if _, err := parsePolicy(folder, "policy"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: %s: %v, want %s", c.file, c.line, err, c.want)
		}
		delete(folder, c.file)
		if _, err := parsePolicy(folder, "policy"); err == nil || !strings.Contains(err.Error(), "must be there") {
			t.Errorf("without %s: %v", c.file, err)
		}
	}
	if _, err := Compile(&Policy{}, "open"); err == nil {
		t.Error("an unknown profile compiles")
	}
}

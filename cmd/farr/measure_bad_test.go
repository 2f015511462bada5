package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/jobs"
)

// authored is a package written by hand: for each name a measure with one group over a
// library of that name.
type authored map[string]struct{ members, define string }

// folder writes the package. members are those of the ELM library beside its identifier and
// FHIR's model; define is the expression of Initial Population, true where it is empty.
func (a authored) folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, l := range a {
		if !strings.Contains(l.members, `"usings"`) {
			l.members += `,"usings":{"def":[{"localIdentifier":"FHIR","uri":"http://hl7.org/fhir","version":"4.0.1","locator":"3:1-3:26"}]}`
		}
		if l.define == "" {
			l.define = `{"type":"Literal","valueType":"{urn:hl7-org:elm-types:r1}Boolean","value":"true"}`
		}
		elm := `{"library":{"identifier":{"id":"` + name + `","version":"1"}` + l.members + `,
			"statements":{"def":[{"name":"Initial Population","context":"Patient","locator":"9:1-12:9","expression":` + l.define + `}]}}}`
		if !json.Valid([]byte(elm)) {
			t.Fatalf("%s is no JSON: %s", name, elm)
		}
		for file, text := range map[string]string{
			"library-" + name + ".json": `{"resourceType":"Library","url":"http://example.org/Library/` + name + `","version":"1","content":[{"contentType":"application/elm+json","data":"` +
				base64.StdEncoding.EncodeToString([]byte(elm)) + `"}]}`,
			"measure-" + name + ".json": `{"resourceType":"Measure","url":"http://example.org/Measure/` + name + `","version":"1","name":"` + name + `","title":"Measure ` + name + `",
				"library":["http://example.org/Library/` + name + `|1"],"scoring":{"coding":[{"code":"cohort"}]},
				"group":[{"population":[{"code":{"coding":[{"code":"initial-population"}]},"criteria":{"language":"text/cql-identifier","expression":"Initial Population"}}]}]}`,
		} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func including(name, version string) string {
	return fmt.Sprintf(`,"includes":{"def":[{"localIdentifier":"L","path":"%s","version":"%s","locator":"5:1-5:30"}]}`, name, version)
}

// Defines with a wrong type, an element that there is not, and a value set that is not there.
const (
	literal  = `{"type":"Literal","valueType":"{urn:hl7-org:elm-types:r1}%s","value":"%s"}`
	wrongAnd = `{"type":"And","locator":"10:3-11:9","operand":[{"type":"Literal","locator":"10:3-10:4","valueType":"{urn:hl7-org:elm-types:r1}Integer","value":"1"},
		{"type":"Less","locator":"11:7-11:20","operand":[` + literal + `,` + literal + `]}]}`
	wrongElement = `{"type":"Exists","locator":"10:3-10:40","operand":{"type":"Query","source":[{"alias":"E","expression":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter"}}],
		"where":{"type":"IsNull","operand":{"type":"Property","path":"colour","scope":"E","locator":"10:20-10:27"}}}}`
	wanting = `{"type":"Exists","operand":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter","codeProperty":"type","codeComparator":"in","codes":{"type":"ValueSetRef","name":"Visits"}}}`
	visited = `,"valueSets":{"def":[{"name":"Visits","id":"http://example.org/ValueSet/visits","locator":"7:1-7:50"}]}`
)

var wrongTypes = authored{
	"Types":    {define: fmt.Sprintf(wrongAnd, "Integer", "1", "String", "x")},
	"Elements": {define: wrongElement},
	"Number":   {define: fmt.Sprintf(literal, "Integer", "5")},
}

var wrongLibraries = authored{
	"Lonely":    {members: including("Gone", "2")},
	"Older":     {members: including("Lonely", "0.9")},
	"Hen":       {members: including("Egg", "1")},
	"Egg":       {members: including("Hen", "1")},
	"Erroneous": {members: `,"annotation":[{"type":"CqlToElmError","errorSeverity":"error","message":"Could not resolve identifier X.","startLine":8,"startChar":4},{"errorSeverity":"warning","message":"fine"}]`},
	"Quick":     {members: `,"usings":{"def":[{"localIdentifier":"QUICK","uri":"http://hl7.org/quick","locator":"3:1-3:9"}]}`},
	"Stu3":      {members: `,"usings":{"def":[{"localIdentifier":"FHIR","uri":"http://hl7.org/fhir","version":"3.0.0","locator":"3:1-3:26"}]}`},
}

// What is wrong with the libraries, with place, code and hint.
var wrongLibrariesSaid = []string{
	"Lonely:5:1: missing-library: it includes Gone|2, which is not in the package (add the Library resource",
	"Older:5:1: missing-library: it includes Lonely|0.9, which is not in the package (the package has version 1:",
	": include-circle: libraries include each other: ",
	"Erroneous:8:4: elm-error: the translator reported an error here: Could not resolve identifier X. (translate the library again",
	`Quick:3:1: unknown-model: unknown model "http://hl7.org/quick" (farr reads`,
	`Stu3:3:1: unknown-model: model http://hl7.org/fhir of version "3.0.0" is not known (farr reads`,
}

// What is wrong with the types.
var wrongTypesSaid = []string{
	"Types:10:3: cql: Integer is not a Boolean (farr measure compile --stage elm",
	"Types:11:7: cql: Less of Integer and String is not supported (",
	"Elements:10:20: cql: Encounter has no element colour",
	"Number:9:1: bad-population: Initial Population is initial-population of group 1 and must give true or false, and gives Integer (",
}

// lacks reports which lines a command did not say, each once.
func lacks(t *testing.T, e ended, want ...string) {
	t.Helper()
	for _, w := range want {
		if strings.Count(e.stderr, w) != 1 {
			t.Errorf("%d times %q in\n%s", strings.Count(e.stderr, w), w, e.stderr)
		}
	}
}

func with(packages ...authored) authored {
	all := authored{}
	for _, p := range packages {
		for name, l := range p {
			all[name] = l
		}
	}
	return all
}

// TestBadPackage: everything that is wrong with a package is said at once, by the verb that
// can know it, with place, code and hint.
func TestBadPackage(t *testing.T) {
	fine := authored{"Fine": {}}
	wants := authored{"Wants": {members: visited, define: wanting}}

	// Libraries that cannot be brought together keep a package out of the store.
	store := filepath.Join(t.TempDir(), "store")
	e := farr(t, "measure", "import", with(fine, wrongLibraries).folder(t), "--store", store)
	if e.code != jobs.ExitUsage || e.stdout != "" {
		t.Errorf("import: exit %d\n%s", e.code, e.stdout)
	}
	lacks(t, e, wrongLibrariesSaid...)

	// So with --partial, but for libraries that are missing: they are named, and so are the measures that cannot be run.
	if e := farr(t, "measure", "import", with(fine, wrongLibraries).folder(t), "--store", store, "--partial"); e.code != jobs.ExitUsage {
		t.Errorf("import --partial of more: exit %d\n%s", e.code, e.stdout)
	}
	lonely := with(fine, authored{"Lonely": wrongLibraries["Lonely"]}).folder(t)
	if out := must(t, "measure", "import", lonely, "--store", store, "--partial"); !strings.Contains(out, "2 measures") || !strings.Contains(out, "Lonely:5:1: missing-library: ") {
		t.Errorf("import --partial: %s", out)
	}
	if out := must(t, "measure", "list", "--store", store); strings.Count(out, "cannot run: ") != 1 || !strings.Contains(out, "  cannot run: Lonely:5:1: missing-library: ") {
		t.Errorf("list: %s", out)
	}

	// compile says these and the types of all measures whose libraries fit, and shows the others.
	e = farr(t, "measure", "compile", with(fine, wants, wrongLibraries, wrongTypes).folder(t), "--stage", "plan")
	if e.code != jobs.ExitFailed || !strings.Contains(e.stdout, "Fine.Initial Population, line 9: Boolean") || strings.Contains(e.stdout, "Types.") {
		t.Errorf("compile: exit %d\n%s", e.code, e.stdout)
	}
	lacks(t, e, append(wrongLibrariesSaid, wrongTypesSaid...)...)
	lacks(t, e, `Wants:7:1: missing-value-set: value set "Visits" http://example.org/ValueSet/visits is not in the package`, "places have to be corrected")
	if e := farr(t, "measure", "compile", wrongTypes.folder(t), "--stage", "elm"); e.code != jobs.ExitFailed || !strings.Contains(e.stdout, "And  @10:3") {
		t.Errorf("the elm of what does not compile: exit %d\n%s", e.code, e.stdout)
	}

	// run says types and value sets of all measures that are asked for, and nothing runs.
	p := newProject(t)
	if err := os.Mkdir(p.export, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"Patient":   `{"resourceType":"Patient","id":"ann"}`,
		"Encounter": `{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/ann"},"period":{"start":"2024-03-01","end":"2024-03-01"}}`,
	} {
		if err := os.WriteFile(filepath.Join(p.export, name+".ndjson"), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.extract()
	if out := must(t, "measure", "import", with(fine, wants, wrongTypes).folder(t), "--store", p.store); !strings.Contains(out, "Wants:7:1: missing-value-set") {
		t.Errorf("import: %s", out)
	}
	run := func(measures string, more ...string) ended {
		return farr(t, append([]string{"measure", "run", "--store", p.store, "--key", p.key, "--periods", "2024", "--measure", measures}, more...)...)
	}
	e = run("Fine,Wants,Types,Elements,Number")
	if e.code != jobs.ExitUsage || e.stdout != "" {
		t.Errorf("run: exit %d\n%s", e.code, e.stdout)
	}
	lacks(t, e, append(wrongTypesSaid, `Wants:7:1: missing-value-set: value set "Visits" http://example.org/ValueSet/visits is not in the package (import a package that has it, or --allow-missing-valuesets`)...)
	if e = run("Wants", "--allow-missing-valuesets"); e.code != jobs.ExitOK || !strings.Contains(e.stdout, "incomplete: Wants:7:1: missing-value-set") {
		t.Errorf("run without value sets: exit %d\n%s%s", e.code, e.stdout, e.stderr)
	}
	if e = run("Fine"); e.code != jobs.ExitOK {
		t.Errorf("run of what is fine: exit %d\n%s", e.code, e.stderr)
	}
}

// TestMeasureWithoutLibrary: a measure whose own library is not there is named.
func TestMeasureWithoutLibrary(t *testing.T) {
	dir := authored{"Fine": {}, "Lost": {}}.folder(t)
	if err := os.Remove(filepath.Join(dir, "library-Lost.json")); err != nil {
		t.Fatal(err)
	}
	e := farr(t, "measure", "compile", dir)
	if e.code != jobs.ExitFailed || !strings.Contains(e.stdout, "Fine.Initial Population") {
		t.Errorf("exit %d\n%s", e.code, e.stdout)
	}
	lacks(t, e, "Lost: missing-library: its library http://example.org/Library/Lost|1 is not in the package, or has no ELM (add the Library resource")
}

// TestOtherPolicy: a published measure on an extract that other tables of de-identification made says so, and one that reads a table
// that the extract has not is refused.
func TestOtherPolicy(t *testing.T) {
	p := newProject(t)
	if err := os.Mkdir(p.export, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.export, "Patient.ndjson"), []byte(`{"resourceType":"Patient","id":"ann"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(p.dir, "policy")
	must(t, "policy", "export", policy)
	if err := os.Remove(filepath.Join(policy, "Task.policy")); err != nil {
		t.Fatal(err)
	}
	p.extract("--policy", policy, "--as-of", "2024-12-31")
	tasks := `{"type":"Exists","operand":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Task"}}`
	must(t, "measure", "import", authored{"Fine": {}, "Tasks": {define: tasks}}.folder(t), "--store", p.store)
	if out := p.measure("--periods", "2024", "--measure", "Fine"); !strings.Contains(out, "other policy: the extract was made by tables of de-identification ") {
		t.Error(out)
	}
	e := farr(t, "measure", "run", "--store", p.store, "--key", p.key, "--periods", "2024", "--measure", "Tasks")
	if e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "the extract has no table task, which these measures read") {
		t.Errorf("exit %d: %s", e.code, e.stderr)
	}
	encounter := filepath.Join(policy, "Encounter.policy")
	text, err := os.ReadFile(encounter)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(l string) bool { return strings.HasPrefix(l, "serviceType ") })
	if err := os.WriteFile(encounter, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	p.extract("--policy", policy, "--as-of", "2024-12-31")
	kinds := `{"type":"Exists","operand":{"type":"Query","source":[{"alias":"E","expression":{"type":"Retrieve","dataType":"{http://hl7.org/fhir}Encounter"}}],
		"where":{"type":"IsNull","operand":{"type":"Property","path":"serviceType","scope":"E"}}}}`
	must(t, "measure", "import", authored{"Kinds": {define: kinds}, "Tasks": {define: tasks}}.folder(t), "--store", p.store)
	e = farr(t, "measure", "run", "--store", p.store, "--key", p.key, "--periods", "2024", "--measure", "Kinds")
	if e.code != jobs.ExitFailed || !strings.Contains(e.stderr, "the extract has no column encounter.service_type, which these measures read") {
		t.Errorf("exit %d: %s", e.code, e.stderr)
	}
	p.extract("--as-of", "2024-12-31")
	if out := p.measure("--periods", "2024", "--measure", "Tasks"); strings.Contains(out, "other policy") {
		t.Error(out)
	}
}

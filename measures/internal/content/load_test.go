package content

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"farr/datasets"
)

// folder writes files below a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const aMeasure = `{"resourceType":"Measure","url":"http://example.org/Measure/M","version":"1","name":"M","library":["http://example.org/Library/M|1"],
	"scoring":{"coding":[{"code":"proportion"}]},"group":[{"id":"g","extension":[{"url":"http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-populationBasis","valueCode":"Encounter"}],
	"population":[{"id":"p1","code":{"coding":[{"code":"initial-population"}]},"criteria":{"language":"text/cql-identifier","expression":"Initial Population"}}]}]}`

// library is a Library resource with ELM of a name and further members.
func library(name, members string) string {
	elm := `{"library":{"identifier":{"id":"` + name + `","version":"1"}` + members + `}}`
	return fmt.Sprintf(`{"resourceType":"Library","url":"http://example.org/Library/%s","version":"1","name":"%s","content":[{"contentType":"text/cql","data":""},{"contentType":"application/elm+json","data":"%s"}]}`,
		name, name, base64.StdEncoding.EncodeToString([]byte(elm)))
}

func includes(paths ...string) string {
	var list []string
	for i, p := range paths {
		list = append(list, fmt.Sprintf(`{"localIdentifier":"L%d","path":"%s","version":"1","locator":"%d:3-%d:9"}`, i, p, i+5, i+5))
	}
	return `,"includes":{"def":[` + strings.Join(list, ",") + `]}`
}

// A folder, a tree and a Bundle of the same resources are the same package, whatever
// the files are called, and come back from the store as they went in.
func TestLoadAndStore(t *testing.T) {
	set := `{"resourceType":"ValueSet","url":"http://example.org/ValueSet/v","version":"2","expansion":{"total":2,"contains":[
		{"system":"s","code":"b"},{"system":"s","code":"x","abstract":true,"contains":[{"system":"s","code":"a"},{"system":"s","code":"a"}]}]}}`
	tree := folder(t, map[string]string{
		"input/resources/measure/m.json": aMeasure, "input/resources/library/m.json": library("M", includes("ns/Common", "ns/FHIRHelpers")),
		"input/resources/library/c.json": library("Common", ""), "input/vocabulary/Z.json": set, "input/cql-options.json": `{"options":[]}`,
		"input/tests/measure/M/1/x.json": `{"resourceType":"ValueSet"`, "input/copy.json": " " + set,
	})
	bundle := folder(t, map[string]string{"b.json": `{"resourceType":"Bundle","entry":[{"resource":` + set + `},{"resource":` + library("Common", "") + `},{"resource":` +
		library("M", includes("ns/Common", "ns/FHIRHelpers")) + `},{"resource":{"resourceType":"Patient","id":"p"}},{"resource":` + aMeasure + `}]}`})
	p, err := Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	same, err := Load(filepath.Join(bundle, "b.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, same) || p.Hash() != same.Hash() {
		t.Errorf("the tree gives %v, the Bundle %v", p, same)
	}
	m := p.MeasureNamed("M")
	if m == nil || p.LibraryOf(m) == nil || p.LibraryOf(m).Name != "M" || m.Groups[0].Basis != "Encounter" || m.Groups[0].Scoring != "proportion" {
		t.Fatalf("measure %+v", m)
	}
	if v := p.ValueSet("http://example.org/ValueSet/v|2"); v == nil || !reflect.DeepEqual(v.Codes, []Code{{"s", "a"}, {"s", "b"}}) {
		t.Errorf("value set %+v", v)
	}

	s, err := datasets.CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sn, skipped, err := p.Publish(context.Background(), s)
	if err != nil || skipped {
		t.Fatal(err, skipped)
	}
	if again, skipped, err := same.Publish(context.Background(), s); err != nil || !skipped || again.ID() != sn.ID() {
		t.Errorf("the same package again: skipped %v, %v", skipped, err)
	}
	back, err := Open(context.Background(), sn)
	for i := range back.Libraries {
		l := &back.Libraries[i]
		if _, err := l.ELM(); err != nil {
			t.Fatal(err)
		}
		l.read = nil
	}
	if err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("%v: back from the store %v, want %v", err, back, p)
	}
}

// Everything that is broken is said at once, each with its place.
func TestLoadErrors(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.json": library("A", includes("ns/B", "ns/Gone")), "b.json": library("B", includes("ns/A")),
		"c.json": library("C", `,"annotation":[{"errorSeverity":"error","message":"no such thing","startLine":7,"startChar":2},{"errorSeverity":"warning","message":"w"}],
			"usings":{"def":[{"localIdentifier":"QUICK","uri":"http://hl7.org/quick","locator":"3:1-3:9"},{"localIdentifier":"FHIR","uri":"http://hl7.org/fhir","version":"3.0.0","locator":"4:1-4:9"}]}`),
		"d.json": "{", "e.json": `{"resourceType":"ValueSet"}`,
		"f.json": `{"resourceType":"ValueSet","url":"u"}`, "g.json": `{"resourceType":"ValueSet","url":"u","name":"other"}`,
		"m.json": strings.Replace(aMeasure, `"code":"proportion"`, `"code":"weighted"`, 1),
		"n.json": `{"resourceType":"Library","url":"n","version":"1","content":[{"contentType":"application/elm+json","data":"e30="}]}`,
	})
	_, err := Load(dir)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"A:6:3: missing-library: it includes Gone|1", "include-circle: libraries include each other: A|1 -> B|1 -> A|1", "C:7:2: elm-error",
		"C:3:1: unknown-model", "C:4:1: unknown-model", "d.json: invalid-json", "e.json: missing-url", "g.json: two-versions", "m.json: bad-scoring", "n.json: bad-elm",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in\n%v", want, err)
		}
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no-measure") {
		t.Errorf("an empty folder: %v", err)
	}
}

// A compose is expanded over what the package has, and what it lacks is said.
func TestCompose(t *testing.T) {
	set := func(url, compose string) string {
		return `{"resourceType":"ValueSet","url":"` + url + `","compose":` + compose + `}`
	}
	dir := folder(t, map[string]string{
		"m.json": aMeasure, "l.json": library("M", `,"valueSets":{"def":[{"id":"filter","name":"F","locator":"9:1-9:2"},{"id":"gone","name":"G","locator":"10:1-10:2"},{"id":"a","name":"A"}]}`),
		"1.json": set("a", `{"include":[{"system":"s","concept":[{"code":"1"},{"code":"2"},{"code":"3"}]}]}`),
		"2.json": set("union", `{"include":[{"valueSet":["a"]},{"system":"t","concept":[{"code":"9"}]}],"exclude":[{"system":"s","concept":[{"code":"2"}]}]}`),
		"3.json": set("both", `{"include":[{"valueSet":["a|1","union"]}]}`),
		"4.json": set("filter", `{"include":[{"system":"s","filter":[{"property":"p","op":"is-a","value":"v"}]}]}`),
		"5.json": set("of-filter", `{"include":[{"valueSet":["filter"]}]}`),
		"6.json": set("whole", `{"include":[{"system":"s"}]}`),
		"7.json": set("circle", `{"include":[{"valueSet":["circle"]}]}`),
		"8.json": `{"resourceType":"ValueSet","url":"cut","expansion":{"total":5,"contains":[{"system":"s","code":"1"}]}}`,
		"9.json": set("lost", `{"include":[{"valueSet":["nowhere"]}]}`),
	})
	p, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]struct{ codes, problem string }{
		"a": {"s1 s2 s3", ""}, "union": {"s1 s3 t9", ""}, "both": {"s1 s3", ""}, "filter": {"", "by a filter"}, "of-filter": {"", "filter"},
		"whole": {"", "the whole of s"}, "circle": {"", "includes itself"}, "cut": {"s1", "1 of 5 codes"}, "lost": {"", "nowhere, which is not in the package"},
	} {
		v := p.ValueSet(url)
		var codes []string
		for _, c := range v.Codes {
			codes = append(codes, c.System+c.Code)
		}
		if strings.Join(codes, " ") != want.codes || !strings.Contains(v.Problem, want.problem) || (v.Problem == "") != (want.problem == "") {
			t.Errorf("%s: codes %v, problem %q, want %v", url, codes, v.Problem, want)
		}
	}
	var lacking []string
	for _, d := range p.Lacking() {
		lacking = append(lacking, d.Code+" "+d.Pos.String())
	}
	if !reflect.DeepEqual(lacking, []string{"incomplete-value-set M:9:1", "missing-value-set M:10:1"}) {
		t.Errorf("lacking %v", lacking)
	}
}

// A case is a folder with a MeasureReport; loose files beside it are none, and a
// renamed measure is found by the folder.
func TestCases(t *testing.T) {
	report := `{"resourceType":"MeasureReport","measure":"http://old.example/Measure/Old|3","period":{"start":"2025-01-01","end":"2025-12-31T23:59:59Z"},
		"group":[{"population":[{"code":{"coding":[{"code":"initial-population"}]},"count":2}]}]}`
	dir := folder(t, map[string]string{
		"m.json": aMeasure, "tests/measure/M/1/r.json": report, "tests/measure/M/1/p.json": `{"resourceType":"Patient","id":"p"}`, "tests/measure/M/loose.json": report,
		"tests/measure/M/2/p.json": `{"resourceType":"Patient","id":"p"}`, "tests/measure/M/3/b.json": `{"resourceType":"Bundle","entry":[{"resource":` + report + `}]}`,
	})
	cases, err := Cases(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 2 || cases[0].Source().Source != "M/1" || cases[1].ID != "3" || cases[0].Low != "2025-01-01" || cases[0].High != "2025-12-31" ||
		!reflect.DeepEqual(cases[0].Groups, []ExpectedGroup{{Populations: []ExpectedCount{{Code: "initial-population", Count: 2}}}}) {
		t.Fatalf("cases %+v", cases)
	}
	p, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m := p.MeasureOf(cases[0]); m == nil || m.Name != "M" {
		t.Errorf("the case is of %v", m)
	}
	// What editors leave beside each other is one case where it says the same; what cannot be run says why.
	person := `{"resourceType":"Patient","id":"p"}`
	other := strings.NewReplacer("Measure/Old|3", "Measure/M", `"count":2`, `"id":"x","count":2`).Replace(report)
	cases, err = Cases(folder(t, map[string]string{
		"M/1/a.json": report, "M/1/b.json": other, "M/1/c.json": `{"resourceType":"Bundle","entry":[{"resource":` + report + `},{"resource":` + person + `}]}`, "M/1/p.json": person,
		"M/2/a.json": report, "M/2/b.json": strings.Replace(report, `"count":2`, `"count":1`, 1), "M/2/p.json": person,
		"M/3/a.json": strings.Replace(report, "2025-01-01", "2025", 1), "M/3/p.json": person,
		"M/4/a.json": report,
	}))
	if err != nil || len(cases) != 4 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	if cases[0].Mistake != "" || cases[0].Measure != "http://old.example/Measure/M" {
		t.Errorf("the case that is there twice: %+v", cases[0])
	}
	for i, want := range []string{"different counts", "no period", "one Patient, here are 0"} {
		if !strings.Contains(cases[i+1].Mistake, want) {
			t.Errorf("case %d: %q, want %q", i+2, cases[i+1].Mistake, want)
		}
	}
}

package measures_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/measures"
)

// libraryFHIR holds the library's measures in CQL.
const libraryFHIR = "library/fhir"

// twinOf is the name of a measure's twin in CQL: of blood-pressure-control it is
// BloodPressureControlCQL.
func twinOf(id string) string {
	var name strings.Builder
	for _, word := range strings.Split(id, "-") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String() + "CQL"
}

// A measure in SQL has a twin when there is CQL of its twin's name. The twin's Measure and
// ValueSets say what the measure's YAML and value lists say; UPDATE=1 writes them.
func TestTwinResources(t *testing.T) {
	found := 0
	for _, d := range measures.InSQL(t) {
		name := twinOf(d.ID)
		if _, err := os.Stat(filepath.Join(libraryFHIR, "cql", name+".cql")); err != nil {
			continue
		}
		found++
		sameFile(t, filepath.Join(libraryFHIR, "resources/measure", name+".json"), twinMeasure(name, d))
		for _, l := range d.Lists {
			sameFile(t, filepath.Join(libraryFHIR, "vocabulary/valueset", l.Name+".json"), twinValueSet(l))
		}
	}
	if found == 0 {
		t.Error("no measure has a twin")
	}
}

// The value sets of the twins of cohorts are their value lists; UPDATE=1 writes them.
func TestCohortTwinResources(t *testing.T) {
	const dir = "testdata/twins"
	for _, l := range measures.Lists(t, dir) {
		sameFile(t, filepath.Join(dir, "fhir/vocabulary/valueset", l.Name+".json"), twinValueSet(l))
	}
}

// twinMeasure is the Measure of a twin: each population is the define of its name, and the
// denominator is one, as in FHIR it must be.
func twinMeasure(name string, d measures.Definition) []byte {
	type population struct {
		Code     codeable          `json:"code"`
		Criteria map[string]string `json:"criteria"`
	}
	type group struct {
		Population []population `json:"population"`
	}
	has := map[string]bool{"denominator": true}
	for _, p := range d.Populations {
		has[p.Name] = true
	}
	var g group
	for _, code := range []string{"initial-population", "denominator", "denominator-exclusion", "numerator"} {
		if has[code] {
			var words []string
			for _, w := range strings.Split(code, "-") {
				words = append(words, strings.ToUpper(w[:1])+w[1:])
			}
			g.Population = append(g.Population, population{populationCode(code), map[string]string{"language": "text/cql-identifier", "expression": strings.Join(words, " ")}})
		}
	}
	better := map[string]string{measures.DirectionHigher: "increase", measures.DirectionLower: "decrease"}[d.Direction]
	return indented(struct {
		Type        string   `json:"resourceType"`
		ID          string   `json:"id"`
		URL         string   `json:"url"`
		Version     string   `json:"version"`
		Name        string   `json:"name"`
		Title       string   `json:"title"`
		Status      string   `json:"status"`
		Publisher   string   `json:"publisher"`
		Description string   `json:"description"`
		Library     []string `json:"library"`
		Scoring     codeable `json:"scoring"`
		Improvement codeable `json:"improvementNotation"`
		Group       []group  `json:"group"`
	}{"Measure", name, deckURL("Measure", name), "1.0.0", name, d.Title + ", in CQL", "active", "farr", d.Rationale + "\n\n" + d.Source, []string{deckURL("Library", name)},
		codeable{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/measure-scoring", d.Scoring}}},
		codeable{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/measure-improvement-notation", better}}}, []group{g}})
}

// twinValueSet is a value list as a ValueSet; what a code stands for is told in farr's words.
func twinValueSet(l measures.ValueList) []byte {
	type concept struct {
		Code    string `json:"code"`
		Display string `json:"display"`
	}
	type include struct {
		System  string    `json:"system"`
		Concept []concept `json:"concept"`
	}
	var list []*include
	bySystem := map[string]*include{}
	for _, c := range l.Codes {
		if bySystem[c.System] == nil {
			bySystem[c.System] = &include{System: c.System}
			list = append(list, bySystem[c.System])
		}
		bySystem[c.System].Concept = append(bySystem[c.System].Concept, concept{c.Code, c.Description})
	}
	return indented(struct {
		Type    string                `json:"resourceType"`
		ID      string                `json:"id"`
		URL     string                `json:"url"`
		Version string                `json:"version"`
		Name    string                `json:"name"`
		Status  string                `json:"status"`
		Compose map[string][]*include `json:"compose"`
	}{"ValueSet", strings.ReplaceAll(l.Name, "_", "-"), deckURL("ValueSet", l.Name), "1.0.0", l.Name, "active", map[string][]*include{"include": list}})
}

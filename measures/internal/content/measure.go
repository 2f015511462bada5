package content

import (
	"encoding/base64"
	"encoding/json"
	"path"
	"strings"
)

// The extensions that say what a measure's group is (CQF Measures and QM IG).
const (
	extensions     = "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-"
	extScoring     = "scoring"
	extBasis       = "populationBasis"
	extImprovement = "improvementNotation"
	extObserves    = "criteriaReference"
	extAggregate   = "aggregateMethod"
	extAggregateR5 = "http://hl7.org/fhir/StructureDefinition/cqf-aggregateMethod"
	extObservesR5  = "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"
	elmContent     = "application/elm+json"
)

// BasisBoolean is the basis of a group that counts patients.
const BasisBoolean = "boolean"

// extension is a FHIR extension with the values that are read here.
type extension struct {
	URL     string   `json:"url"`
	Code    string   `json:"valueCode"`
	Text    string   `json:"valueString"`
	Concept *concept `json:"valueCodeableConcept"`
}

// said is the value of the extension of a name, in any of its forms.
func said(list []extension, names ...string) string {
	for _, e := range list {
		for _, name := range names {
			if e.URL != name && e.URL != extensions+name {
				continue
			}
			switch {
			case e.Concept != nil:
				return e.Concept.first()
			case e.Code != "":
				return e.Code
			default:
				return e.Text
			}
		}
	}
	return ""
}

// improvement is which score a group says to be better.
func improvement(list []extension) string {
	for _, e := range list {
		if e.Concept != nil && (e.URL == extImprovement || e.URL == extensions+extImprovement) {
			return e.Concept.improvement()
		}
	}
	return said(list, extImprovement)
}

// Contradictory is an improvement whose code says the opposite of the text beside it, as in many
// published measures. Either may be the mistake, so that neither is taken.
const Contradictory = "contradictory"

func (c concept) improvement() string {
	opposite := map[string]string{"increase": "decrease", "decrease": "increase"}[c.first()]
	if opposite != "" && strings.HasPrefix(strings.ToLower(c.Coding[0].Display), opposite) {
		return Contradictory
	}
	return c.first()
}

// expression is a FHIR Expression.
type expression struct {
	Language   string `json:"language"`
	Expression string `json:"expression"`
}

// measureJSON is what is read of a Measure.
type measureJSON struct {
	URL, Version, Name, Title string
	Description, Publisher    string
	Library                   []string
	Scoring                   concept     `json:"scoring"`
	Improvement               concept     `json:"improvementNotation"`
	Extension                 []extension `json:"extension"`
	Group                     []struct {
		ID         string      `json:"id"`
		Extension  []extension `json:"extension"`
		Population []struct {
			ID        string      `json:"id"`
			Code      concept     `json:"code"`
			Criteria  expression  `json:"criteria"`
			Extension []extension `json:"extension"`
		} `json:"population"`
		Stratifier []struct {
			ID          string            `json:"id"`
			Description string            `json:"description"`
			Criteria    expression        `json:"criteria"`
			Component   []json.RawMessage `json:"component"`
		} `json:"stratifier"`
	} `json:"group"`
	SupplementalData []struct {
		ID       string     `json:"id"`
		Criteria expression `json:"criteria"`
	} `json:"supplementalData"`
}

func (l *loader) measure(file string, raw []byte) {
	var j measureJSON
	if json.Unmarshal(raw, &j) != nil {
		l.report(file, "bad-measure", "the Measure is not of FHIR R4's form", "")
		return
	}
	m := Measure{URL: j.URL, Version: j.Version, Name: either(j.Name, path.Base(j.URL)), Title: either(j.Title, j.Name), Description: j.Description, Publisher: j.Publisher, JSON: raw}
	if len(j.Library) != 1 {
		l.report(file, "bad-measure", "a measure names one library", "")
		return
	}
	m.Library = j.Library[0]
	if len(j.Group) == 0 {
		l.report(file, "bad-measure", "a measure has a group", "")
	}
	for _, g := range j.Group {
		one := Group{ID: g.ID}
		one.Scoring = either(said(g.Extension, extScoring), either(j.Scoring.first(), said(j.Extension, extScoring)))
		one.Basis = either(said(g.Extension, extBasis), either(said(j.Extension, extBasis), BasisBoolean))
		one.Improvement = either(improvement(g.Extension), j.Improvement.improvement())
		switch one.Scoring {
		case "proportion", "ratio", "continuous-variable", "cohort":
		default:
			l.report(file, "bad-scoring", "a group's scoring is proportion, ratio, continuous-variable or cohort, not "+quoted(one.Scoring), "")
		}
		for _, p := range g.Population {
			if p.Criteria.Language != "" && !strings.HasPrefix(p.Criteria.Language, "text/cql") {
				l.report(file, "bad-criteria", "a population's criteria are in "+quoted(p.Criteria.Language)+", and farr reads text/cql-identifier", "")
			}
			one.Populations = append(one.Populations, Population{
				ID: p.ID, Code: p.Code.first(), Define: p.Criteria.Expression,
				Observes: said(p.Extension, extObserves, extObservesR5), Aggregate: strings.ToLower(said(p.Extension, extAggregate, extAggregateR5)),
			})
		}
		for _, s := range g.Stratifier {
			one.Stratifiers = append(one.Stratifiers, Stratifier{s.ID, s.Criteria.Expression, s.Description, len(s.Component)})
		}
		m.Groups = append(m.Groups, one)
	}
	for _, s := range j.SupplementalData {
		m.Supplemental = append(m.Supplemental, Supplemental{s.ID, s.Criteria.Expression})
	}
	l.pkg.Measures = append(l.pkg.Measures, m)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// quoted shows a text of the file, short.
func quoted(s string) string {
	if len(s) > 40 {
		s = s[:40] + "..."
	}
	return `"` + s + `"`
}

// library reads the ELM of a Library. One without ELM carries no logic to run and
// is left out; a measure that needs it says so.
func (l *loader) library(file string, raw []byte) {
	var j struct {
		URL     string `json:"url"`
		Name    string `json:"name"`
		Version string `json:"version"`
		Content []struct {
			ContentType string `json:"contentType"`
			Data        string `json:"data"`
		} `json:"content"`
	}
	if json.Unmarshal(raw, &j) != nil {
		l.report(file, "bad-library", "the Library is not of FHIR R4's form", "")
		return
	}
	for _, c := range j.Content {
		if c.ContentType != elmContent {
			continue
		}
		elm, err := base64.StdEncoding.DecodeString(c.Data)
		if err != nil {
			l.report(file, "bad-elm", "the ELM of the Library is not in base64", "")
			return
		}
		found, err := readHead(elm)
		if err != nil {
			l.report(file, "bad-elm", "the ELM of the Library is not JSON of a library with an identifier", "")
			return
		}
		l.heads = append(l.heads, located{found, file})
		l.pkg.Libraries = append(l.pkg.Libraries, Library{Name: found.Library.Identifier.ID, Version: found.Library.Identifier.Version, URL: j.URL, elm: elm})
		return
	}
}

package reports

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/measures"
)

// reportedMeasure is what the test reads of a MeasureReport.
type reportedMeasure struct {
	ResourceType, ID, Status, Type, Measure string
	Period                                  struct{ Start, End string }
	Group                                   []reportedGroup
}

type reportedGroup struct {
	Code       struct{ Text string }
	Value      struct{ Text string }
	Population []struct {
		Code struct {
			Coding []struct{ Code string }
			Text   string
		}
		Count   *int64
		NoCount *struct {
			Extension []struct{ URL, ValueCode string }
		} `json:"_count"`
	}
	MeasureScore *struct{ Value json.Number }
	Stratifier   []struct {
		Code    []struct{ Text string }
		Stratum []reportedGroup
	}
}

// numbersOf are all numbers in the data files of a measure's figures.
func numbersOf(files map[string]string, id string) map[string]bool {
	numbers := map[string]bool{}
	for path, text := range files {
		if !strings.HasPrefix(path, "data/"+id+"-") || !strings.HasSuffix(path, ".csv") {
			continue
		}
		for _, field := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(",\r\n", c) }) {
			numbers[field] = true
		}
	}
	return numbers
}

// TestReleasedMeasureReports: the MeasureReports of a bundle are of R4's shape, every count and score in them is in the data
// of the measure's figures, and outside none is small, under any policy: a hidden count is masked.
func TestReleasedMeasureReports(t *testing.T) {
	for _, policy := range append([]string{""}, DisclosurePolicies()...) {
		audience := External
		if policy == "" {
			audience = Internal
		}
		t.Run(string(audience)+" "+policy, func(t *testing.T) {
			req := requestIn(t, audience, onePage)
			req.Disclosure = policy
			world := plantedWorld()
			for i := range world.definitions {
				if d := &world.definitions[i]; d.ID == onePage {
					d.Populations = append(d.Populations, measures.Population{Name: "denominator-exclusion", File: "denominator-exclusion.sql", SQL: "SELECT pid, period FROM patient, period"})
					if audience == Internal {
						d.Populations = append(d.Populations, measures.Population{Name: "numerator-exclusion", File: "numerator-exclusion.sql", SQL: "SELECT pid, period FROM patient, period"})
					}
				}
			}
			files := built(t, world, req)
			above := "numerator"
			if audience == Internal {
				above = "numerator less exclusions"
			}
			numbers, least := numbersOf(files, onePage), int64(10)
			if policy == "opensafely7r5" {
				least = 7
			} else if policy == "cumulus10" || policy == "wa10" {
				least = 9
			}
			counts, masked, small := 0, 0, 0
			named := map[string]int{}
			var walk func(g reportedGroup)
			walk = func(g reportedGroup) {
				if len(g.Population) == 0 {
					t.Errorf("%s has no population", g.Code.Text+g.Value.Text)
				}
				hidden := false
				var less bool
				for _, p := range g.Population {
					code := p.Code.Text
					if len(p.Code.Coding) == 1 {
						code = p.Code.Coding[0].Code
					}
					less = less || code == "denominator less exclusions and exceptions"
					named[code]++
					switch {
					case p.Count == nil && (p.NoCount == nil || p.NoCount.Extension[0].ValueCode != "masked" || !strings.HasSuffix(p.NoCount.Extension[0].URL, "/data-absent-reason")):
						t.Errorf("%s: neither a count nor why there is none", code)
					case p.Count == nil:
						masked++
						hidden = hidden || code == above
					default:
						counts++
						if !numbers[strconv.FormatInt(*p.Count, 10)] {
							t.Errorf("%s of %q: a count is in no figure's data", code, g.Code.Text+g.Value.Text)
						}
						if *p.Count > 0 && *p.Count <= least {
							small++
						}
					}
				}
				if g.MeasureScore != nil && (hidden || !numbers[g.MeasureScore.Value.String()]) {
					t.Errorf("%q: a score is in no figure's data, or stands without its numerator", g.Code.Text+g.Value.Text)
				}
				for _, p := range g.Population {
					if less && len(p.Code.Coding) == 1 && p.Code.Coding[0].Code == "denominator" {
						t.Errorf("%q has two denominators", g.Code.Text+g.Value.Text)
					}
				}
				for _, s := range g.Stratifier {
					for _, stratum := range s.Stratum {
						walk(stratum)
					}
				}
			}
			var ids []string
			for line := range strings.Lines(files["data/measure-reports.ndjson"]) {
				var r reportedMeasure
				if err := json.Unmarshal([]byte(line), &r); err != nil {
					t.Fatal(err)
				}
				if r.ResourceType != "MeasureReport" || r.Status != "complete" || r.Type != "summary" || r.Measure == "" || r.Period.Start >= r.Period.End || len(r.Group) == 0 || slices.Contains(ids, r.ID) {
					t.Errorf("not of R4's shape, or there twice: %.200s", line)
				}
				ids = append(ids, r.ID)
				for _, g := range r.Group {
					walk(g)
				}
			}
			for _, code := range []string{"initial-population", "denominator-exclusion", "denominator less exclusions and exceptions", above} {
				if named[code] == 0 {
					t.Errorf("no population %s", code)
				}
			}
			if above != "numerator" && named["numerator"] > 0 {
				t.Error("a numerator without its exclusions goes by FHIR's code, which has them in it")
			}
			if len(ids) < 4 || counts < 20 {
				t.Fatalf("%d reports with %d counts", len(ids), counts)
			}
			if audience == Internal && (small == 0 || masked > 0) || audience == External && (small > 0 || masked == 0) {
				t.Errorf("%d small counts, %d masked", small, masked)
			}
		})
	}
}

// TestAnImprovementThatContradictsItself is told in words on the page, beside the measure's FHIR.
func TestAnImprovementThatContradictsItself(t *testing.T) {
	world := plantedWorld()
	for i := range world.definitions {
		if d := &world.definitions[i]; d.ID == onePage {
			d.Published = &measures.Published{URL: "http://example.org/Measure/M", Version: "1", Groups: 1, Improvement: measures.Contradictory}
		}
	}
	page := built(t, world, requestIn(t, External, onePage))["measures/"+onePage+".html"]
	if !strings.Contains(page, "the opposite by its code of what it says by its text, so that neither is taken") || strings.Contains(page, measures.Contradictory) {
		t.Error("the page does not say that the improvement notation contradicts itself")
	}
}

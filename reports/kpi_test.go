package reports

import (
	"strings"
	"testing"

	"farr/measures"
)

func TestTargets(t *testing.T) {
	definitions := constructed(100, siteNames()).definitions
	got, err := parseKPIs("kpi.yaml", []byte(targets), definitions)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || *got["blood-pressure-control"].Target != 70 || *got["emergency-visits"].Target != 180 || got["blood-pressure-control"].Owner != "Dr Okafor" {
		t.Errorf("got %v", got)
	}
}

func TestEveryMistakeInTheTargetsAtOnce(t *testing.T) {
	definitions := constructed(100, siteNames()).definitions
	_, err := parseKPIs("kpi.yaml", []byte(`kpis:
  - {measure: blood-pressure-controll, target: 70%}
  - {measure: hba1c-poor-control, target: 135%}
  - {measure: emergency-visits, target: 20%}
  - {measure: colorectal-cancer-screening, target: 0.7, direction: lower}
  - {measure: readmission-30-day, target: often, ownr: X}
  - {measure: hba1c-poor-control, target: -1%}
  - {target: 70%}
`), definitions)
	if err == nil {
		t.Fatal("no mistake was found")
	}
	want := []string{
		`kpi.yaml:2:15: unknown-measure: no measure "blood-pressure-controll" in the results (did you mean "blood-pressure-control"?)`,
		`kpi.yaml:3:43: target-off-scale:`,
		`kpi.yaml:4:41: bad-target: emergency-visits is a rate per 1,000 person-years; its target is a plain number (20)`,
		`kpi.yaml:5:52: bad-target: colorectal-cancer-screening is a proportion; its target needs a percent sign (70%)`,
		`kpi.yaml:5:68: wrong-direction:`,
		`kpi.yaml:6:43: bad-target: a target or a benchmark is a number`,
		`kpi.yaml:6:50: unknown-key:`,
		`kpi.yaml:7:15: duplicate-measure:`,
		`kpi.yaml:7:43: target-off-scale:`,
		`kpi.yaml:8:`,
	}
	lines := strings.Split(err.Error(), "\n")
	for i, w := range want {
		if i >= len(lines) || !strings.HasPrefix(lines[i], w) {
			t.Errorf("line %d: want %s\ngot:\n%s", i+1, w, err)
			break
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d mistakes, want %d:\n%s", len(lines), len(want), err)
	}
}

// What a published measure says of its direction may be wrong, or nothing: the file of
// targets decides, and the page says so.
func TestTargetsOfPublishedMeasures(t *testing.T) {
	definitions := []measures.Definition{
		{ID: "Pressure", Kind: measures.KindMeasure, Scoring: measures.ScoringProportion, Direction: measures.DirectionLower, Published: &measures.Published{}},
		{ID: "Ratio", Kind: measures.KindMeasure, Scoring: measures.ScoringRatio, Published: &measures.Published{}},
	}
	got, err := parseKPIs("kpi.yaml", []byte("kpis:\n  - {measure: Pressure, target: 70%, direction: higher}\n  - {measure: Ratio, target: 0.5, direction: lower}\n"), definitions)
	if err != nil || got["Pressure"].Direction != measures.DirectionHigher || got["Pressure"].Declared != measures.DirectionLower || *got["Ratio"].Target != 0.5 {
		t.Errorf("%v %v", got, err)
	}
	_, err = parseKPIs("kpi.yaml", []byte("kpis:\n  - {measure: Pressure, target: 70%, direction: up}\n  - {measure: Ratio, target: 50%}\n"), definitions)
	for _, want := range []string{"kpi.yaml:2:49: wrong-direction", "kpi.yaml:3:15: missing-direction", "kpi.yaml:3:30: bad-target: Ratio is scored as ratio"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A measure may have an owner, a group or a benchmark and no target; a benchmark has a source, and is on the scale.
func TestBenchmarksAndGroups(t *testing.T) {
	definitions := constructed(100, siteNames()).definitions
	got, err := parseKPIs("kpi.yaml", []byte(`kpis:
  - {measure: blood-pressure-control, group: Heart, benchmark: {value: 66%, source: state average 2023}}
  - {measure: emergency-visits, target: 180, benchmark: {value: 210.5, source: peers}}
`), definitions)
	if err != nil {
		t.Fatal(err)
	}
	if k := got["blood-pressure-control"]; k.Target != nil || k.Group != "Heart" || k.Benchmark.Value != 66 || k.Benchmark.Source != "state average 2023" {
		t.Errorf("got %+v", k)
	}
	_, err = parseKPIs("kpi.yaml", []byte(`kpis:
  - {measure: blood-pressure-control, benchmark: {value: 170%, source: peers}}
  - {measure: emergency-visits, benchmark: {value: 66%, source: peers}}
  - {measure: hba1c-poor-control, benchmark: {value: 30%}}
  - {measure: readmission-30-day, benchmark: {source: peers}}
`), definitions)
	for _, want := range []string{
		`kpi.yaml:2:58: benchmark-off-scale: a proportion's benchmark is between 0% and 100% (a percentage`,
		`kpi.yaml:3:52: bad-benchmark: emergency-visits is a rate per 1,000 person-years; its benchmark is a plain number (66)`,
		`kpi.yaml:4:46: missing-key: the key "kpis.benchmark.source" is missing`,
		`kpi.yaml:5:46: missing-key: the key "kpis.benchmark.value" is missing`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s\ngot %v", want, err)
		}
	}
}

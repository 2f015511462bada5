package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"farr/internal/source"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// kpiFile is the file of targets:
//
//	kpis:
//	  - measure: blood-pressure-control
//	    target: 70%          # a number per person-years for a rate
//	    owner: Dr Example
//	    direction: higher    # optional; must be the measure's own, where farr ships it
//	    note: agreed in 2024 # optional
type kpiFile struct {
	KPIs []kpi `yaml:"kpis,required"`
}

type kpi struct {
	Measure   string  `yaml:"measure,required"`
	Target    *target `yaml:"target,required"`
	Owner     string  `yaml:"owner"`
	Direction string  `yaml:"direction"`
	Note      string  `yaml:"note"`
}

// target is written 70% or 180.
type target struct {
	value   float64
	percent bool
}

func (t *target) UnmarshalSource(v source.Value) error {
	text := strings.TrimSpace(v.Text())
	number := strings.TrimSpace(strings.TrimSuffix(text, "%"))
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || v.Kind() == "list" || v.Kind() == "mapping" || n != n || n > 1e9 {
		return source.Diagnostic{Code: "bad-target", Message: "a target is a number", Hint: "70% for a proportion, 180 for a rate"}
	}
	*t = target{n, number != text}
	return nil
}

// readKPIs gives the targets by measure, in the unit of the measure's rate, and
// the file's hex SHA-256. Every mistake in the file is in the error, with its
// line and column.
func readKPIs(path string, definitions []measures.Definition) (map[string]page.KPI, string, error) {
	if path == "" {
		return nil, "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("read targets: %w", err)
	}
	targets, err := parseKPIs(path, data, definitions)
	sum := sha256.Sum256(data)
	return targets, hex.EncodeToString(sum[:]), err
}

func parseKPIs(path string, data []byte, definitions []measures.Definition) (map[string]page.KPI, error) {
	var file kpiFile
	doc, _ := source.DecodeYAML(path, data, &file)
	known := map[string]measures.Definition{}
	var names []string
	for _, d := range definitions {
		if d.Kind == "measure" {
			known[d.ID] = d
			names = append(names, d.ID)
		}
	}
	slices.Sort(names)
	out := map[string]page.KPI{}
	for i, k := range file.KPIs {
		d, ok := known[k.Measure]
		switch {
		case !doc.Has("kpis", i, "measure"):
			continue
		case !ok:
			hint := source.DidYouMean(k.Measure, names)
			if hint == "" {
				hint = "the results have " + strings.Join(names, ", ")
			}
			doc.Report("unknown-measure", fmt.Sprintf("no measure %q in the results", k.Measure), hint, "kpis", i, "measure")
			continue
		}
		if _, twice := out[k.Measure]; twice {
			doc.Report("duplicate-measure", fmt.Sprintf("measure %q has a target already", k.Measure), "", "kpis", i, "measure")
		}
		override := ""
		switch known := k.Direction == measures.DirectionHigher || k.Direction == measures.DirectionLower; {
		case d.Published != nil && d.Direction == "" && k.Direction == "":
			doc.Report("missing-direction", d.ID+" does not say which direction is better", "direction: higher, or direction: lower", "kpis", i, "measure")
		case d.Published != nil && k.Direction != "" && known:
			override = k.Direction // what a published measure says is sometimes wrong
		case k.Direction != "" && k.Direction != d.Direction:
			doc.Report("wrong-direction", fmt.Sprintf("direction %q is not the measure's, which is %q", k.Direction, d.Direction),
				"leave direction out", "kpis", i, "direction")
		}
		if k.Target != nil {
			if code, message, hint := targetMistake(*k.Target, d); code != "" {
				doc.Report(code, message, hint, "kpis", i, "target")
			}
			out[k.Measure] = page.KPI{Target: k.Target.value, Owner: k.Owner, Note: k.Note, Direction: override, Declared: d.Direction}
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// percentHint guesses that 0.7 meant 70%.
func percentHint(v float64) string {
	if v > 0 && v <= 1 {
		v *= 100
	}
	return fmt.Sprintf("%g%%", v)
}

func targetMistake(t target, d measures.Definition) (code, message, hint string) {
	switch proportion := scaleOf(d) == disclose.Percent; {
	case proportion && !t.percent:
		return "bad-target", fmt.Sprintf("%s is a proportion; its target needs a percent sign", d.ID), percentHint(t.value)
	case proportion && (t.value < 0 || t.value > 100):
		return "target-off-scale", "a proportion's target is between 0% and 100%", ""
	case !proportion && t.percent && scaleOf(d).Timed():
		return "bad-target", fmt.Sprintf("%s is a rate %s; its target is a plain number", d.ID, scaleOf(d).Unit()), fmt.Sprintf("%g", t.value)
	case !proportion && t.percent:
		return "bad-target", fmt.Sprintf("%s is scored as %s; its target is a plain number", d.ID, d.Scoring), fmt.Sprintf("%g", t.value)
	case !proportion && t.value < 0 && scaleOf(d) != disclose.Observed:
		return "target-off-scale", "a rate's target is not negative", ""
	}
	return "", "", ""
}

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
	"farr/reports/internal/text"
)

// kpiFile is the file of targets:
//
//	kpis:
//	  - measure: blood-pressure-control
//	    target: 70%          # a number per person-years for a rate
//	    owner: Dr Example
//	    direction: higher    # optional; must be the measure's own, where farr ships it
//	    note: agreed in 2024 # optional
//	    group: Heart         # optional: heading of the measure on the index
//	    benchmark:           # optional: what others reach, a second line on the chart
//	      value: 66%
//	      source: state average 2023
//
// A measure may have an owner, a group or a benchmark without a target.
type kpiFile struct {
	KPIs []kpi `yaml:"kpis,required"`
}

type kpi struct {
	Measure   string     `yaml:"measure,required"`
	Target    *target    `yaml:"target"`
	Owner     string     `yaml:"owner"`
	Direction string     `yaml:"direction"`
	Note      string     `yaml:"note"`
	Group     string     `yaml:"group"`
	Benchmark *benchmark `yaml:"benchmark"`
}

// benchmark is what others reach, and who says so.
type benchmark struct {
	Value  *target `yaml:"value,required"`
	Source string  `yaml:"source,required"`
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
		return source.Diagnostic{Code: "bad-target", Message: "a target or a benchmark is a number", Hint: "70% for a proportion, 180 for a rate"}
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
		say := page.KPI{Owner: k.Owner, Note: k.Note, Group: k.Group, Direction: override, Declared: d.Direction}
		if k.Target != nil {
			if code, message, hint := levelMistake("target", *k.Target, d); code != "" {
				doc.Report(code, message, hint, "kpis", i, "target")
			}
			say.Target = &k.Target.value
		}
		if b := k.Benchmark; b != nil && b.Value != nil {
			if code, message, hint := levelMistake("benchmark", *b.Value, d); code != "" {
				doc.Report(code, message, hint, "kpis", i, "benchmark", "value")
			}
			say.Benchmark = &page.Benchmark{Value: b.Value.value, Source: b.Source}
		}
		out[k.Measure] = say
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

// levelMistake says what is wrong with a target or a benchmark of a measure.
func levelMistake(what string, t target, d measures.Definition) (code, message, hint string) {
	scale := scaleOf(d)
	switch proportion := scale == disclose.Percent; {
	case proportion && !t.percent:
		return "bad-" + what, fmt.Sprintf("%s is a proportion; its %s needs a percent sign", d.ID, what), percentHint(t.value)
	case proportion && (t.value < 0 || t.value > 100):
		return what + "-off-scale", "a proportion's " + what + " is between 0% and 100%", "a percentage of those who count, such as 70%"
	case !proportion && t.percent && scale.Timed():
		return "bad-" + what, fmt.Sprintf("%s is a rate %s; its %s is a plain number", d.ID, scale.Unit(text.English()), what), fmt.Sprintf("%g", t.value)
	case !proportion && t.percent:
		return "bad-" + what, fmt.Sprintf("%s is scored as %s; its %s is a plain number", d.ID, d.Scoring, what), fmt.Sprintf("%g", t.value)
	case !proportion && t.value < 0 && scale != disclose.Observed:
		return what + "-off-scale", "a rate's " + what + " is not negative", fmt.Sprintf("%g", -t.value)
	}
	return "", "", ""
}

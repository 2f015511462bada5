package risk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"farr/internal/source"
)

// Thresholds are how much residual risk may be. Each is of the classes of the quasi-identifiers.
type Thresholds struct {
	K       int64 `yaml:"k" json:"k"`             // class size that counts as small
	Below   Share `yaml:"below_k" json:"below_k"` // greatest share of records in classes smaller than K
	Highest Share `yaml:"highest" json:"highest"` // greatest prosecutor risk of a record
	Average Share `yaml:"average" json:"average"` // greatest prosecutor risk on average
	Uniques Share `yaml:"uniques" json:"uniques"` // greatest share of records alone in their class
}

// DefaultThresholds are those for data that go to somebody outside: no class smaller than 11, so that the
// highest risk is 1/11, which the European Medicines Agency (Policy 0070, EMA/90915/2016) and Health Canada
// (Public Release of Clinical Information, 2019) write as 0.09 and which is the cell size of CMS; and on average 0.05,
// the stricter of the values in use (El Emam, Guide to the De-Identification of Personal Health Information, 2013).
func DefaultThresholds() Thresholds {
	return Thresholds{K: 11, Below: 0, Highest: 1.0 / 11, Average: 0.05, Uniques: 0}
}

// UnmarshalSource reads a share as people write it: 5%, 0.05 or 1/20.
func (s *Share) UnmarshalSource(v source.Value) error {
	text, percent := strings.CutSuffix(strings.TrimSpace(v.Text()), "%")
	over, under, fraction := strings.Cut(text, "/")
	f, err := strconv.ParseFloat(strings.TrimSpace(over), 64)
	if fraction && err == nil {
		var by float64
		by, err = strconv.ParseFloat(strings.TrimSpace(under), 64)
		f /= by
	}
	if percent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) || percent && fraction {
		return source.Diagnostic{Code: "bad-share", Message: "expected a share from 0 to 1", Hint: "5%, 0.05 or 1/20"}
	}
	*s = Share(f)
	return nil
}

// Check reports what thresholds of a file mean wrongly; path leads to them.
func (t Thresholds) Check(doc *source.Document, path ...any) {
	at := append(slices.Clone(path), "k")
	if doc.Has(at...) && t.K < 2 {
		doc.Report("bad-value", "k is the size of a class that counts as small: 2 or more", "11", at...)
	}
}

// Breach is one figure beyond its threshold.
type Breach struct {
	Figure string `json:"figure"` // as a job file names the threshold
	Value  Share  `json:"value"`
	Limit  Share  `json:"limit"`
}

// Breaches are the figures of a report that are beyond their thresholds. The report must know the share
// below K: measure with Options.Also.
func (t Thresholds) Breaches(r *Report) ([]Breach, error) {
	below, known := r.ShareBelow(t.K)
	if !known {
		return nil, fmt.Errorf("the risk report does not tell the share of records in classes smaller than %d", t.K)
	}
	var out []Breach
	for _, b := range []Breach{
		{"below_k", below, t.Below}, {"highest", r.Highest, t.Highest}, {"average", r.Average, t.Average}, {"uniques", r.Unique, t.Uniques},
	} {
		if b.Value > b.Limit {
			out = append(out, b)
		}
	}
	return out, nil
}

// Judge is nil for a report within the thresholds, and else a *GateError.
func (t Thresholds) Judge(r *Report) error {
	breaches, err := t.Breaches(r)
	if err != nil || len(breaches) == 0 {
		return err
	}
	return &GateError{K: t.K, Breaches: breaches}
}

// GateError says that the risk is beyond the thresholds: a gate said no.
type GateError struct {
	K        int64
	Breaches []Breach
}

func (e *GateError) Error() string {
	var parts []string
	for _, b := range e.Breaches {
		name := b.Figure
		if name == "below_k" {
			name = fmt.Sprintf("below_k (k = %d)", e.K)
		}
		parts = append(parts, fmt.Sprintf("%s is %.4g and may be %.4g", name, float64(b.Value), float64(b.Limit)))
	}
	return "residual risk beyond the thresholds: " + strings.Join(parts, "; ")
}

// PrivacyGate marks the error as that of a privacy gate: exit code 5.
func (e *GateError) PrivacyGate() bool { return true }

package export

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"farr/datasets/risk"
	"farr/internal/source"
)

// Config is the file that says why rows may leave:
//
//	shifted:
//	  expert: determination of 2026-02-01 by Dr Example, file 12
//	  expires: 2027-01-31
//	limited:
//	  agreement: DUA 2026/17 with Example University
//	  expires: 2027-12-31            # may be absent
//	thresholds: {k: 11, below_k: 0, highest: 1/11, average: 5%, uniques: 0}
//	leave_out: [race, language, observation.interpretation]
//
// leave_out names quasi-identifiers (farr risk lists them) or table.column. A column is not the whole of a
// quasi-identifier of an extension: race is left out by its name, or with every column of its rows. Thresholds are those
// of [risk.DefaultThresholds] where they are not said. An expert may set looser ones, for profile shifted; for
// safe-harbor, which no expert stands behind, they are refused.
type Config struct {
	Shifted struct {
		Expert  string `yaml:"expert"`
		Expires Day    `yaml:"expires"`
	} `yaml:"shifted"`
	Limited struct {
		Agreement string `yaml:"agreement"`
		Expires   Day    `yaml:"expires"`
	} `yaml:"limited"`
	Thresholds risk.Thresholds `yaml:"thresholds"`
	LeaveOut   []string        `yaml:"leave_out"`

	text []byte // of the file; nil where there is none
	doc  *source.Document
}

// Day is a calendar day; the zero Day is none.
type Day struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Day) UnmarshalText(text []byte) (err error) {
	if d.Time, err = time.Parse(time.DateOnly, string(text)); err != nil {
		return source.Diagnostic{Code: "bad-date", Message: "not a calendar day", Hint: "2027-01-31"}
	}
	return nil
}

// LoadConfig reads the file; an empty path is a file that says nothing. The error is source.Diagnostics, every
// mistake at its place.
func LoadConfig(path string) (*Config, error) {
	c := &Config{Thresholds: risk.DefaultThresholds()}
	if path == "" {
		return c, nil
	}
	data, err := source.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the export's file: %w", err)
	}
	c.text = data
	c.doc, _ = source.DecodeYAML(path, data, c)
	c.Thresholds.Check(c.doc, "thresholds")
	for _, reference := range [][]any{{"shifted", "expert"}, {"limited", "agreement"}} {
		text := c.Shifted.Expert
		if reference[0] == "limited" {
			text = c.Limited.Agreement
		}
		if c.doc.Has(reference...) && strings.TrimSpace(text) == "" {
			c.doc.Report("empty-reference", "it names nothing", "what a reader can find the paper by", reference...)
		}
	}
	if c.doc.Has("shifted", "expert") && !c.doc.Has("shifted", "expires") && c.doc.Err() == nil {
		c.doc.Report("missing-expiry", "a determination holds up to a day", "expires: 2027-01-31", "shifted", "expert")
	}
	for i, name := range c.LeaveOut {
		if slices.Contains(c.LeaveOut[:i], name) {
			c.doc.Report("duplicate-name", fmt.Sprintf("%q is left out already", name), "", "leave_out", i)
		}
	}
	if err := c.doc.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// strict refuses thresholds looser than the defaults where no expert's determination stands behind them.
func (c *Config) strict(profile string) error {
	if profile != "safe-harbor" || c.doc == nil {
		return nil
	}
	t, most := c.Thresholds, risk.DefaultThresholds()
	var wrong source.Diagnostics
	for _, one := range []struct {
		name  string
		loose bool
		most  string
	}{
		{"k", t.K < most.K, "11 or more"}, {"below_k", t.Below > most.Below, "0"}, {"highest", t.Highest > most.Highest, "1/11 or less"},
		{"average", t.Average > most.Average, "5% or less"}, {"uniques", t.Uniques > most.Uniques, "0"},
	} {
		if one.loose {
			wrong = append(wrong, source.Diagnostic{Pos: c.doc.Pos("thresholds", one.name), Code: "loose-threshold",
				Message: "it is looser than the default, which only an expert's determination, of profile shifted, may set", Hint: one.most})
		}
	}
	return wrong.Err()
}

// Reference is what lets an export leave.
type Reference struct {
	Expert    string `json:"expert_determination,omitempty"`
	Agreement string `json:"data_use_agreement,omitempty"`
	Expires   string `json:"expires,omitempty"` // last day
}

// reference is that of a profile, or a refusal. today is the day on which the rows would leave.
func (c *Config) reference(profile string, today time.Time) (Reference, error) {
	var r Reference
	var expires Day
	switch profile {
	case "shifted":
		if r.Expert, expires = c.Shifted.Expert, c.Shifted.Expires; r.Expert == "" || expires.IsZero() {
			return r, refuse("missing-reference", "profile shifted leaves only with an expert's determination and the day on which it expires (shifted: expert, expires, in the export's file)")
		}
	case "limited":
		if r.Agreement, expires = c.Limited.Agreement, c.Limited.Expires; r.Agreement == "" {
			return r, refuse("missing-reference", "profile limited leaves only under a data use agreement (limited: agreement, in the export's file)")
		}
	}
	if !expires.IsZero() {
		r.Expires = expires.Format(time.DateOnly)
		if today.Format(time.DateOnly) > r.Expires {
			return r, refuse("expired-reference", "what lets it leave expired on "+r.Expires)
		}
	}
	return r, nil
}

// RefusalError says why nothing was exported.
type RefusalError struct {
	Code string // stable: missing-reference, expired-reference, risk, leak
	Why  string
	err  error
}

func refuse(code, why string) error { return &RefusalError{Code: code, Why: why} }

func (e *RefusalError) Error() string { return e.Code + ": " + e.Why + "; nothing was written" }

// Unwrap is what stands behind the refusal.
func (e *RefusalError) Unwrap() error { return e.err }

// PrivacyGate marks the error as that of a privacy gate: exit code 5.
func (e *RefusalError) PrivacyGate() bool { return true }

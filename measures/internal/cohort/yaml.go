package cohort

import (
	"fmt"
	"regexp"
	"strconv"

	"farr/internal/source"
)

// Rule is one condition of an entry: exactly one of its kinds is written.
type Rule struct {
	Event `yaml:",inline"`

	Age        *Range   `yaml:"age"`        // completed years on the index date
	Sex        []string `yaml:"sex"`        // FHIR's administrative gender
	Observable *Window  `yaml:"observable"` // one stretch of observable time holds all these days
	Cohort     string   `yaml:"cohort"`     // the person is in another cohort, whose index date is in days

	CQL  *CQL   `yaml:"cql"` // a define that is true of the person
	File string `yaml:"sql"` // a SELECT of the pid of those who pass

	Any []Rule `yaml:"any"`
	All []Rule `yaml:"all"`
	Not *Rule  `yaml:"not"`
}

// CQL names a define of a library in CQL.
type CQL struct {
	Library string `yaml:"library,required"`
	Define  string `yaml:"define,required"`
}

// Event is something that happens to a person on a day.
type Event struct {
	Condition    string     `yaml:"condition"`
	Procedure    string     `yaml:"procedure"`
	Observation  string     `yaml:"observation"`
	Medication   string     `yaml:"medication"`
	Immunization string     `yaml:"immunization"`
	Encounter    *Encounter `yaml:"encounter"`
	Death        bool       `yaml:"death"`
	EndOfEra     *Era       `yaml:"end_of_era"`

	Value *Range  `yaml:"value"` // of an observation
	Days  *Window `yaml:"days"`
	Count int     `yaml:"count"` // on so many days or more; 1 when absent
}

// Encounter says which encounters, all that is written at once.
type Encounter struct {
	Class     []string `yaml:"class"`     // HL7's ActCode: AMB, EMER, IMP ...
	Diagnosis string   `yaml:"diagnosis"` // a value list
	Type      string   `yaml:"type"`      // a value list
	At        string   `yaml:"at"`        // start, or end
}

// Range is a span of numbers; an end that is not written is open.
type Range struct {
	AtLeast *Decimal `yaml:"at_least"`
	Above   *Decimal `yaml:"above"`
	AtMost  *Decimal `yaml:"at_most"`
	Below   *Decimal `yaml:"below"`
	Unit    string   `yaml:"unit"`
}

// Decimal is a number as it is written, so that none of it is lost.
type Decimal string

var decimalForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,8})?$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Decimal) UnmarshalText(text []byte) error {
	if !decimalForm.Match(text) {
		return source.Diagnostic{Code: "bad-value", Message: "not a decimal number", Hint: "digits, with a dot before decimals, of which there are 8 at most"}
	}
	*d = Decimal(text)
	return nil
}

// Window is a span of days about the index date, both ends in it.
type Window struct {
	From, To *int // nil is open
}

var windowForm = regexp.MustCompile(`^(-?[0-9]{1,5})?\.\.(-?[0-9]{1,5})?$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *Window) UnmarshalText(text []byte) error {
	m := windowForm.FindSubmatch(text)
	if m == nil {
		return source.Diagnostic{Code: "bad-value", Message: "not a window of days", Hint: "write from..to, days after the index date, such as -365..-1, ..0 or 1.."}
	}
	end := func(text []byte) *int {
		if len(text) == 0 {
			return nil
		}
		n, _ := strconv.Atoi(string(text))
		return &n
	}
	w.From, w.To = end(m[1]), end(m[2])
	if w.From != nil && w.To != nil && *w.From > *w.To {
		return source.Diagnostic{Code: "empty-window", Message: fmt.Sprintf("the window ends %d days before it begins", *w.From-*w.To), Hint: "turn the ends around"}
	}
	return nil
}

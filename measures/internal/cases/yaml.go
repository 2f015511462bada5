package cases

import (
	"farr/internal/source"
	"farr/measures/internal/cohort"
)

// caseYAML is a file of cases/ as written.
type caseYAML struct {
	Title    string             `yaml:"title,required"`
	Periods  string             `yaml:"periods,required"` // whose span is the study window
	Patients map[string]patient `yaml:"patients,required"`
}

type patient struct {
	About    string   `yaml:"about"` // why the person is here, for readers
	Birth    string   `yaml:"birth"`
	Sex      string   `yaml:"sex"`
	Zip      string   `yaml:"zip"`
	State    string   `yaml:"state"`
	Death    string   `yaml:"death"`
	Observed []string `yaml:"observed"` // stretches of days, as 2020-01-01..2023-12-31
	Events   []event  `yaml:"events"`
	Expect   expected `yaml:"expect,required"`
	AtRisk   *int     `yaml:"at_risk"` // days at risk within the study window
}

// event is one thing that is recorded: exactly one of its kinds is written.
type event struct {
	Condition    string `yaml:"condition"`
	Procedure    string `yaml:"procedure"`
	Observation  string `yaml:"observation"`
	Medication   string `yaml:"medication"`
	Immunization string `yaml:"immunization"`
	Encounter    string `yaml:"encounter"` // class: AMB, EMER, IMP ...

	On     string `yaml:"on"`     // a day, or a moment as 2023-02-01T10:30; absent where the record does not say
	Until  string `yaml:"until"`  // of a condition or an encounter
	Status string `yaml:"status"` // FHIR's; of a condition its verification; one that counts when absent

	Value *cohort.Decimal `yaml:"value"` // of an observation
	Unit  string          `yaml:"unit"`

	Diagnosis string `yaml:"diagnosis"` // of an encounter: a condition found there
	Reason    string `yaml:"reason"`
	Type      string `yaml:"type"`
}

// expected is every entry of a person in the study window, in the order of index dates.
type expected []Entry

// Entry is an index date and what the rules say of it.
type Entry struct {
	Index string `yaml:"index,required"`
	// OutBy are all the rules that the entry does not pass; none when the person is in.
	OutBy    words             `yaml:"out_by"`
	Outcomes map[string]Became `yaml:"outcomes"` // by ID; others are not looked at

	At source.Pos `yaml:"-"`
}

// UnmarshalSource takes none, or a list of entries.
func (e *expected) UnmarshalSource(v source.Value) error {
	if v.Kind() == "text" && v.Text() == "none" {
		return nil
	}
	if v.Kind() != "list" {
		return source.Diagnostic{Code: "wrong-type", Message: "expected none or a list of entries", Hint: "expect: [{index: 2023-02-01}], or expect: none"}
	}
	v.Decode((*[]Entry)(e))
	return nil
}

// UnmarshalSource keeps the place.
func (e *Entry) UnmarshalSource(v source.Value) error {
	type keys Entry
	v.Decode((*keys)(e))
	e.At = v.Pos()
	return nil
}

// words is a list, or one word without brackets.
type words []string

func (w *words) UnmarshalSource(v source.Value) error {
	if v.Kind() != "list" {
		var one string
		v.Decode(&one)
		*w = words{one}
		return nil
	}
	v.Decode((*[]string)(w))
	return nil
}

// Became is what came of an outcome: WashedOut or NoTime, or else the day after the index date
// on which the event happened, or on which the follow-up ended without it.
type Became struct {
	State string // as follow-up has it: "at risk", "washed out", "no time"
	Event bool
	Day   int
}

// The states of follow-up.
const (
	AtRisk    = "at risk"
	WashedOut = "washed out"
	NoTime    = "no time"
)

// UnmarshalSource takes washed out, no time, {event: DAY} or {until: DAY}.
func (b *Became) UnmarshalSource(v source.Value) error {
	if text := v.Text(); text == WashedOut || text == NoTime {
		b.State = text
		return nil
	}
	wrong := source.Diagnostic{Code: "bad-value", Message: "what became of an outcome is not told", Hint: "{event: DAY}, {until: DAY}, washed out or no time"}
	if v.Kind() != "mapping" {
		return wrong
	}
	var day struct {
		Event *int `yaml:"event"`
		Until *int `yaml:"until"`
	}
	if !v.Decode(&day) {
		return nil
	}
	if (day.Event == nil) == (day.Until == nil) {
		return wrong
	}
	b.State, b.Event = AtRisk, day.Event != nil
	if b.Event {
		b.Day = *day.Event
	} else {
		b.Day = *day.Until
	}
	return nil
}

package cases

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"farr/internal/source"
	"farr/measures/internal/cohort"
)

// Known is what a case may name: of its cohort, and of the language of periods.
type Known struct {
	Lists    map[string][]Code
	Rules    []string // after the entry
	Outcomes []string
	AtRisk   bool // whether days at risk are counted
	// Unsound says that the cohort itself has mistakes: what it has by name is then not held against the case.
	Unsound bool
	// Window is the study window [low, high) of a list of periods.
	Window func(periods string) (low, high time.Time, err error)
}

// Code is a coding, by the URI of its system.
type Code struct{ System, Code string }

// Case is a file that was read and found sound.
type Case struct {
	File     string
	Title    string
	Periods  string
	Patients []Patient // by name
}

// Patient is one made-up person with what is expected of them.
type Patient struct {
	Name    string
	At      source.Pos // of what is expected
	Entries []Entry
	AtRisk  *int // days at risk within the study window; nil when nothing is expected
	RiskAt  source.Pos

	written patient
	codes   map[string]Code // by how they are written
}

// minGap is the least number of days between two stretches of observable time: those with 45 or
// fewer between them are one (the rule enrolment-gap45 of extraction).
const minGap = 46

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// Parse reads a file of cases. What it knows decides what may be named.
func Parse(file string, data []byte, known Known) (*Case, error) {
	var y caseYAML
	doc, _ := source.DecodeYAML(file, data, &y)
	p := &parser{doc: doc, known: known}
	if doc.Has("periods") {
		var err error
		if p.low, p.high, err = known.Window(y.Periods); err != nil {
			doc.Report("bad-periods", strings.ReplaceAll(err.Error(), "\n", "; "), "such as 2023 or 2023-01..2024-12", "periods")
		}
	}
	c := &Case{File: file, Title: y.Title, Periods: y.Periods}
	for _, name := range slices.Sorted(maps.Keys(y.Patients)) {
		if !nameForm.MatchString(name) {
			doc.Report("bad-name", fmt.Sprintf("%q is no name of a patient", name), "small letters, digits and hyphens, beginning with a letter", "patients", name)
		}
		c.Patients = append(c.Patients, p.patient(name, y.Patients[name]))
	}
	if len(y.Patients) == 0 && doc.Has("patients") {
		doc.Report("empty-case", "there is no patient", "", "patients")
	}
	return c, doc.Err()
}

type parser struct {
	doc       *source.Document
	known     Known
	low, high time.Time // study window
}

func (p *parser) patient(name string, y patient) Patient {
	at := func(more ...any) []any { return append([]any{"patients", name}, more...) }
	out := Patient{Name: name, At: p.doc.Pos(at("expect")...), Entries: y.Expect, AtRisk: y.AtRisk, RiskAt: p.doc.Pos(at("at_risk")...), written: y, codes: map[string]Code{}}
	p.day(y.Birth, false, at("birth")...)
	p.day(y.Death, true, at("death")...)
	if y.Sex != "" && !slices.Contains(cohort.Genders, y.Sex) {
		p.doc.Report("bad-value", fmt.Sprintf("unknown sex %q", y.Sex), "one of "+strings.Join(cohort.Genders, ", "), at("sex")...)
	}
	var last time.Time
	for i, text := range y.Observed {
		low, high, ok := stretch(text)
		switch {
		case !ok:
			p.doc.Report("bad-date", "not a stretch of days", "2020-01-01..2023-12-31, both days in it", at("observed", i)...)
			continue
		case !last.IsZero() && low.Before(last.AddDate(0, 0, minGap)):
			p.doc.Report("bad-value", "it begins too soon after the one before: stretches with 45 days or fewer between them are one", "write one, or leave 46 days between", at("observed", i)...)
		}
		last = high
	}
	for i, e := range y.Events {
		p.event(out.codes, e, at("events", i)...)
	}
	p.expected(y.Expect, at("expect")...)
	switch {
	case y.AtRisk == nil:
	case !p.known.AtRisk && !p.known.Unsound:
		p.doc.Report("bad-value", "the cohort counts no days at risk", "at_risk in cohort.yaml", at("at_risk")...)
	case *y.AtRisk < 0:
		p.doc.Report("bad-value", "days at risk are 0 or more", "", at("at_risk")...)
	}
	return out
}

// day checks a day or, where it may be, a moment.
func (p *parser) day(text string, moment bool, path ...any) (day time.Time) {
	if text == "" || !p.doc.Has(path...) {
		return day
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil && moment {
		day, err = time.Parse("2006-01-02T15:04", text)
	}
	if err != nil || day.Year() < 1900 || day.Year() > 2199 {
		hint := "2023-02-01"
		if moment {
			hint += ", or with a time of day 2023-02-01T10:30"
		}
		p.doc.Report("bad-date", "not a calendar day", hint, path...)
	}
	return day
}

func stretch(text string) (low, high time.Time, ok bool) {
	a, b, both := strings.Cut(text, "..")
	low, badLow := time.Parse(time.DateOnly, a)
	high, badHigh := time.Parse(time.DateOnly, b)
	return low, high, both && badLow == nil && badHigh == nil && !high.Before(low)
}

// kind is the one kind of the event and how its code is written; class of an encounter.
func (e event) kind() (kinds []string, code string) {
	for _, k := range []struct{ name, written string }{
		{"condition", e.Condition}, {"procedure", e.Procedure}, {"observation", e.Observation},
		{"medication", e.Medication}, {"immunization", e.Immunization}, {"encounter", e.Encounter},
	} {
		if k.written != "" {
			kinds, code = append(kinds, k.name), k.written
		}
	}
	return kinds, code
}

func (p *parser) event(codes map[string]Code, e event, path ...any) {
	at := func(more string) []any { return append(slices.Clone(path), more) }
	kinds, code := e.kind()
	if len(kinds) != 1 {
		if p.doc.Has(path...) {
			p.doc.Report("bad-value", fmt.Sprintf("an event is of one kind, and this is of %d", len(kinds)), "condition, procedure, observation, medication, immunization or encounter", path...)
		}
		return
	}
	kind := kinds[0]
	on, until := p.day(e.On, true, at("on")...), p.day(e.Until, true, at("until")...)
	if kind == "encounter" {
		if !cohort.IsClass(code) {
			p.doc.Report("bad-value", fmt.Sprintf("unknown encounter class %q", code), "such as AMB, EMER or IMP", at(kind)...)
		}
	} else {
		p.code(codes, code, at(kind)...)
	}
	for name, misplaced := range map[string]bool{
		"until": e.Until != "" && kind != "condition" && kind != "encounter", "value": e.Value != nil && kind != "observation", "unit": e.Unit != "" && e.Value == nil,
		"diagnosis": e.Diagnosis != "" && kind != "encounter", "reason": e.Reason != "" && kind != "encounter", "type": e.Type != "" && kind != "encounter",
	} {
		if misplaced {
			p.doc.Report("misplaced-key", "an event of kind "+kind+" has no "+name+" here", "", at(name)...)
		}
	}
	for name, written := range map[string]string{"diagnosis": e.Diagnosis, "reason": e.Reason, "type": e.Type} {
		if written != "" && kind == "encounter" {
			p.code(codes, written, at(name)...)
		}
	}
	if !until.IsZero() && until.Before(on) {
		p.doc.Report("bad-date", "it ends before it begins", "", at("until")...)
	}
}

// code finds what a code stands for.
func (p *parser) code(codes map[string]Code, written string, path ...any) {
	if system, code, ok := strings.Cut(written, "|"); ok {
		if system == "" || code == "" {
			p.doc.Report("bad-code", fmt.Sprintf("%q is no code", written), "SYSTEM|CODE, LIST or LIST/CODE", path...)
		}
		codes[written] = Code{system, code}
		return
	}
	list, code, some := strings.Cut(written, "/")
	all, ok := p.known.Lists[list]
	switch {
	case !ok:
		p.doc.Report("unknown-list", fmt.Sprintf("there is no list %q", list), source.DidYouMean(list, slices.Sorted(maps.Keys(p.known.Lists))), path...)
	case len(all) == 0:
		p.doc.Report("unknown-code", fmt.Sprintf("the codes of list %q are not in the library", list), "name the code as SYSTEM|CODE", path...)
	case !some:
		codes[written] = all[0]
	default:
		var near []string
		for _, c := range all {
			if c.Code == code {
				codes[written] = c
				return
			}
			near = append(near, c.Code)
		}
		p.doc.Report("unknown-code", fmt.Sprintf("list %q has no code %q", list, code), source.DidYouMean(code, near), path...)
	}
}

func (p *parser) expected(entries expected, path ...any) {
	var last time.Time
	for i, e := range entries {
		at := func(more ...any) []any { return append(append(slices.Clone(path), i), more...) }
		index := p.day(e.Index, false, at("index")...)
		if index.IsZero() {
			continue
		}
		if !p.low.IsZero() && (index.Before(p.low) || !index.Before(p.high)) {
			p.doc.Report("bad-date", "the index date lies outside the study window, where no entry is sought", "expect: none, or other periods", at("index")...)
		}
		if !last.IsZero() && !index.After(last) {
			p.doc.Report("bad-date", "entries go by their index date, one a day", "", at("index")...)
		}
		last = index
		for n, rule := range e.OutBy {
			if !slices.Contains(p.known.Rules, rule) && !p.known.Unsound {
				p.doc.Report("unknown-rule", fmt.Sprintf("the cohort has no rule %q", rule), source.DidYouMean(rule, p.known.Rules), p.wordPath(at("out_by"), n)...)
			}
		}
		for id, o := range e.Outcomes {
			switch {
			case !slices.Contains(p.known.Outcomes, id) && !p.known.Unsound:
				p.doc.Report("unknown-outcome", fmt.Sprintf("the cohort has no outcome %q", id), source.DidYouMean(id, p.known.Outcomes), at("outcomes", id)...)
			case len(e.OutBy) > 0:
				p.doc.Report("bad-value", "who is out of the cohort is not followed", "", at("outcomes", id)...)
			case o.Day < 0:
				p.doc.Report("bad-value", "days are counted from the index date on", "", at("outcomes", id)...)
			}
		}
	}
}

// wordPath leads to one of several words, or to the one that stands alone.
func (p *parser) wordPath(path []any, n int) []any {
	if longer := append(slices.Clone(path), n); p.doc.Has(longer...) {
		return longer
	}
	return path
}

package deid

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"farr/datasets/fhir"
)

// The rules of observable time: when a person, had something happened to them,
// would be seen in the data.
const (
	// EnrolmentGap45 joins coverage periods that are at most 45 days apart.
	EnrolmentGap45 = "enrolment-gap45"
	// Contact is from the first encounter to the last.
	Contact = "contact"
	// Auto is EnrolmentGap45 when the source has any coverage, else Contact.
	Auto = "auto"
)

// CheckObservable says whether a rule has that name.
func CheckObservable(rule string) error {
	if slices.Contains([]string{Auto, EnrolmentGap45, Contact}, rule) {
		return nil
	}
	return fmt.Errorf("observable time %q: there are %s, %s and %s", rule, Auto, EnrolmentGap45, Contact)
}

// gapDays is how many days without coverage do not end observable time.
const gapDays = 45

// ObservationPeriod is the table of observable time: days, both inclusive.
var ObservationPeriod = &Table{Name: "observation_period", Columns: []Column{
	{"pid", UUID}, {"ordinal", Int32},
	{"period_start", Timestamp}, {"period_start_prec", Int32}, {"period_start_seal", Blob},
	{"period_end", Timestamp}, {"period_end_prec", Int32}, {"period_end_seal", Blob},
}}

// observationYears is the same under safe-harbor: years, both inclusive.
var observationYears = &Table{Name: ObservationPeriod.Name, Columns: []Column{
	{"pid", UUID}, {"ordinal", Int32},
	{"period_start", Timestamp}, {"period_start_prec", Int32}, {"period_end", Timestamp}, {"period_end_prec", Int32},
}}

// Observation is the table of observable time.
func (p *Plan) Observation() *Table {
	if p.profile == SafeHarbor {
		return observationYears
	}
	return ObservationPeriod
}

// days is a span of days of one person, both inclusive.
type days struct {
	pid       ID
	low, high int64
}

// observable collects spans while types are merged. Each type comes in order of
// pid, so the spans do too, and patients, who come last, read along. It is kept in
// memory, 32 bytes a person and coverage, since it holds true days.
type observable struct {
	rule    string
	visits  []days
	covered []days
	any     bool // the source has coverage
}

func newObservable(rule string) *observable { return &observable{rule: rule} }

func (o *observable) visit(pid ID, day int64) {
	if n := len(o.visits); n > 0 && o.visits[n-1].pid == pid {
		v := &o.visits[n-1]
		v.low, v.high = min(v.low, day), max(v.high, day)
		return
	}
	o.visits = append(o.visits, days{pid, day, day})
}

// Rule is the rule that was used.
func (f *Finisher) Rule() string {
	switch {
	case f.time.rule != Auto:
		return f.time.rule
	case f.time.any:
		return EnrolmentGap45
	default:
		return Contact
	}
}

// openEnd is the end of a coverage that has none.
const openEnd = 1 << 40

// coverage takes the period of a Coverage that is or was in force.
func (f *Finisher) coverage(v *version, r *Row) error {
	f.time.any = true
	switch status := r.Cell(r.table.find("status")); string(status.Bytes) {
	case "active", "cancelled", "":
	default:
		return nil
	}
	low, ok, err := f.value(r, v.rid, "period_start")
	if !ok || err != nil {
		return err
	}
	high, closed, err := f.value(r, v.rid, "period_end")
	if err != nil {
		return err
	}
	span := days{f.pid, floorDiv(low.WallMs, DayMs), openEnd}
	if closed {
		span.high = high.upperDay()
	}
	if span.low <= span.high {
		f.time.covered = append(f.time.covered, span)
	}
	return nil
}

// take gives the spans of a patient; patients are asked in order of pid.
func take(spans *[]days, pid ID) []days {
	all := *spans
	i := 0
	for i < len(all) && bytes.Compare(all[i].pid[:], pid[:]) < 0 {
		i++ // of a person without a Patient resource
	}
	j := i
	for j < len(all) && all[j].pid == pid {
		j++
	}
	*spans = all[j:]
	return all[i:j]
}

// periods writes the observable time of the patient in hand, up to and with last.
func (f *Finisher) periods(last int64) error {
	visits, covered := take(&f.time.visits, f.pid), take(&f.time.covered, f.pid)
	spans := visits
	if f.Rule() == EnrolmentGap45 {
		spans = joined(covered)
	}
	if !f.HasAsOf {
		return nil
	}
	write := f.period
	if f.plan.profile == SafeHarbor {
		// A span without an end ends with the last day, which is the day of death of who died: of it the year, too.
		spans, write = inYears(spans), f.periodInYears
		last = daysFromCivil(yearOf(last*DayMs), 1, 1)
	}
	ordinal := int32(0)
	for _, s := range spans {
		if s.high = min(s.high, last); s.low > s.high {
			continue
		}
		if err := write(ordinal, s); err != nil {
			return err
		}
		ordinal++
	}
	return nil
}

// joined is the union of spans, with gaps of at most gapDays bridged.
func joined(spans []days) []days {
	slices.SortFunc(spans, func(a, b days) int { return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.high, b.high)) })
	var out []days
	for _, s := range spans {
		if n := len(out); n > 0 && s.low-out[n-1].high-1 <= gapDays {
			out[n-1].high = max(out[n-1].high, s.high)
			continue
		}
		out = append(out, s)
	}
	return out
}

func (f *Finisher) period(ordinal int32, s days) error {
	r := newOutRow(ObservationPeriod)
	r.put(0, Cell{Bytes: f.pid[:]})
	r.put(1, Cell{Number: int64(ordinal)})
	for i, day := range []int64{s.low, s.high} {
		at := 2 + 3*i
		v := Value{WallMs: day * DayMs, Prec: fhir.Day}
		r.put(at+1, Cell{Number: int64(v.Prec)})
		if f.plan.profile == Limited {
			r.put(at, Cell{Number: v.WallMs})
			continue
		}
		place := Place{Table: ObservationPeriod.Name, Column: ObservationPeriod.Columns[at].Name, Ordinal: ordinal, PID: f.pid}
		r.put(at+2, Cell{Bytes: f.sealer.Seal(nil, place, v)})
	}
	return f.sink.Row(r)
}

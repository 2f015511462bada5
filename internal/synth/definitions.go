package synth

// The measures' definitions once more, as plain loops over event state. They are written
// from the definitions' text and share nothing with the SQL that they check.

// measureIDs in the order of the definitions below.
var measureIDs = []string{
	"blood-pressure-control", "hba1c-poor-control", "breast-cancer-screening", "cervical-cancer-screening",
	"colorectal-cancer-screening", "readmission-30-day", "emergency-visits",
}

// measureBits holds one person's place in the populations of one measure and period.
type outcome struct{ initial, excluded, numerator bool }

// patientMeasures are the five whose basis is the patient. Each requires a birth date,
// being alive and a visit; the caller has seen to these.
var patientMeasures = []func(p *person, age int, in period) outcome{
	pressureControl, poorGlucoseControl, breastScreening, cervicalScreening, colorectalScreening,
}

// alive: no death, or the day of death is not before the period. A bare
// deceasedBoolean does not say when, so it does not count.
func (p *person) alive(in period) bool {
	return !p.death.present() || p.death.day() >= in.low
}

func (m moment) within(low, high day) bool {
	return m.present() && m.day() >= low && m.day() < high
}

func (e *encounter) isVisit() bool { return e.status == "finished" && e.class == "AMB" }

func (p *person) visited(in period) bool {
	for i := range p.encounters {
		if e := &p.encounters[i]; e.isVisit() && e.start.within(in.low, in.high) {
			return true
		}
	}
	return false
}

func (c *condition) verified() bool {
	return c.verification != "refuted" && c.verification != "entered-in-error"
}

// holds: a verified condition of the kind began before the period's end and had not
// abated before its beginning.
func (p *person) holds(in period, kinds ...kind) bool {
	for i := range p.conditions {
		c := &p.conditions[i]
		for _, k := range kinds {
			if c.code.kind == k && c.verified() && c.begins().present() && c.begins().day() < in.high &&
				(!c.abatement.present() || c.abatement.day() >= in.low) {
				return true
			}
		}
	}
	return false
}

func (o *observation) counts() bool {
	return o.status == "final" || o.status == "amended" || o.status == "corrected"
}

// observed: a counting Observation of the kind took effect in [low, high).
func (p *person) observed(k kind, low, high day) bool {
	for i := range p.observations {
		if o := &p.observations[i]; o.code.kind == k && o.counts() && o.effective.within(low, high) {
			return true
		}
	}
	return false
}

// performed: a completed Procedure of the kind was performed in [low, high).
func (p *person) performed(k kind, low, high day) bool {
	for i := range p.procedures {
		if x := &p.procedures[i]; x.code.kind == k && x.status == "completed" && x.performed.within(low, high) {
			return true
		}
	}
	return false
}

const ever = day(-1 << 30) // before every event

func pressureControl(p *person, age int, in period) outcome {
	if age < 18 || age > 85 || !p.holds(in, hypertension) {
		return outcome{}
	}
	o := outcome{initial: true, excluded: p.holds(in, endStageRenal, pregnancy)}
	newest, found := day(0), false
	var systolic, diastolic bool // is the lowest of the newest day below the limit?
	for i := range p.observations {
		r := &p.observations[i]
		if r.code.kind != pressurePanel || !r.counts() || !r.effective.within(in.low, in.high) ||
			!r.systolic.hasUnit(mmHg) || !r.diastolic.hasUnit(mmHg) {
			continue
		}
		d := r.effective.day()
		if found && d < newest {
			continue
		}
		if !found || d > newest {
			newest, found, systolic, diastolic = d, true, false, false
		}
		systolic = systolic || r.systolic.below(140)
		diastolic = diastolic || r.diastolic.below(90)
	}
	o.numerator = found && systolic && diastolic
	return o
}

func poorGlucoseControl(p *person, age int, in period) outcome {
	if age < 18 || age > 75 || !p.holds(in, type1Diabetes, type2Diabetes) {
		return outcome{}
	}
	var newest *observation
	for i := range p.observations {
		o := &p.observations[i]
		if o.code.kind == hba1c && o.counts() && o.effective.within(in.low, in.high) &&
			(newest == nil || o.effective.wall > newest.effective.wall) {
			newest = o
		}
	}
	poor := newest == nil || !newest.value.hasUnit(percent) || newest.value.above(9)
	return outcome{initial: true, numerator: poor}
}

func breastScreening(p *person, age int, in period) outcome {
	if p.gender != "female" || age < 50 || age > 74 {
		return outcome{}
	}
	low := addMonths(in.high, -27)
	return outcome{
		initial:   true,
		excluded:  p.performed(bilateralMastectomy, ever, in.high),
		numerator: p.performed(mammography, low, in.high) || p.observed(mammography, low, in.high),
	}
}

func cervicalScreening(p *person, age int, in period) outcome {
	if p.gender != "female" || age < 24 || age > 64 {
		return outcome{}
	}
	three, five := addMonths(in.high, -36), addMonths(in.high, -60)
	o := outcome{
		initial:   true,
		excluded:  p.performed(hysterectomy, ever, in.high),
		numerator: p.observed(cytology, three, in.high) || p.performed(cytology, three, in.high),
	}
	for i := range p.observations {
		t := &p.observations[i]
		if t.code.kind == hpvTest && t.counts() && t.effective.within(five, in.high) && ageOn(p.birth.day(), t.effective.day()) >= 30 {
			o.numerator = true
		}
	}
	return o
}

func colorectalScreening(p *person, age int, in period) outcome {
	if age < 45 || age > 75 {
		return outcome{}
	}
	o := outcome{
		initial:  true,
		excluded: p.performed(totalColectomy, ever, in.high),
		numerator: p.performed(colonoscopy, addMonths(in.high, -120), in.high) ||
			p.performed(sigmoidoscopy, addMonths(in.high, -60), in.high) ||
			p.observed(fitTest, addMonths(in.high, -12), in.high),
	}
	for i := range p.conditions {
		c := &p.conditions[i]
		if c.code.kind == colorectalCancer && c.verified() && c.begins().present() && c.begins().day() < in.high {
			o.excluded = true
		}
	}
	return o
}

func (e *encounter) isStay() bool { return e.status == "finished" && e.class == "IMP" }

// stay judges one encounter as an index admission.
func (p *person) stay(e *encounter, in period) outcome {
	if !e.isStay() || !e.end.within(in.low, in.high) || !e.start.present() || !p.birth.present() ||
		ageOn(p.birth.day(), e.start.day()) < 18 {
		return outcome{}
	}
	o := outcome{initial: true, excluded: e.disposition == "exp" || e.disposition == "aadvice"}
	for i := range p.encounters {
		next := &p.encounters[i]
		if next != e && next.isStay() && next.start.present() && next.start.wall > e.end.wall && next.start.day()-e.end.day() <= 30 {
			o.numerator = true
		}
	}
	return o
}

// span is a run of days, both included.
type span struct{ first, last day }

// observable is the observable time by the rule enrolment-gap45: the union of the
// coverages, up to 45 uncovered days between two of them bridged, then cut
// at the day of death (the last that it can have been) and at the end of the data.
func (p *person) observable(asOf day) []span {
	var spans []span
	for i := range p.coverages {
		c := &p.coverages[i]
		if c.status != "active" && c.status != "cancelled" && c.status != "" {
			continue
		}
		s := span{c.start.day(), asOf}
		if c.end.present() {
			s.last = c.end.day()
		}
		spans = append(spans, s)
	}
	// by first day; a person has a handful
	for i := range spans {
		for j := i; j > 0 && spans[j].first < spans[j-1].first; j-- {
			spans[j], spans[j-1] = spans[j-1], spans[j]
		}
	}
	var merged []span
	for _, s := range spans {
		if n := len(merged); n > 0 && s.first-merged[n-1].last-1 <= 45 {
			merged[n-1].last = max(merged[n-1].last, s.last)
			continue
		}
		merged = append(merged, s)
	}
	cut := asOf
	if p.death.present() {
		cut = min(cut, p.death.lastDay())
	}
	var kept []span
	for _, s := range merged {
		if s.last = min(s.last, cut); s.first <= s.last {
			kept = append(kept, s)
		}
	}
	return kept
}

// emergencies gives a person's observable days in the period and the emergency visits
// that began on one of them.
func (p *person) emergencies(spans []span, in period) (visits, days int64) {
	for _, s := range spans {
		low, high := max(s.first, in.low), min(s.last+1, in.high)
		if low >= high {
			continue
		}
		days += int64(high - low)
		for i := range p.encounters {
			if e := &p.encounters[i]; e.status == "finished" && e.class == "EMER" && e.start.within(low, high) {
				visits++
			}
		}
	}
	return visits, days
}

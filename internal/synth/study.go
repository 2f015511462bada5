package synth

// A study is a shipped cohort once more, as questions to one person's event state that
// are answered by plain loops over its events and days. They are written from the cohort's text
// and share nothing with the SQL that they check.
type study struct {
	id    string
	every bool                  // each day with an entry event is an entry, not the first of all alone
	entry func(p *person) []day // in any order, more than once or not
	rules []studyRule           // in order, after the entry event
	// exit is the last day of follow-up after an index date; that of observation and death
	// end it, too.
	exit     func(p *person, index day) day
	outcomes []studyOutcome
	traits   []studyTrait
	strata   []int // that outcomes and rates are counted by, all among them
	// atRisk says whether a person may become a case on a day, whose spans of observation and
	// entry days are given; nil where the cohort has no rates.
	atRisk func(p *person, spans []span, entries []day) func(d day) bool
}

type studyRule struct {
	id    string
	keeps func(p *person, index day, spans []span) bool
}

// studyOutcome is waited for from so many days after the index date to so many, or to no end where
// to is 0, by those without one in the washout's days before.
type studyOutcome struct {
	id                string
	event             func(p *person) []day
	from, to, washout int
	settles           int // days after an event until it is known, and none where the person is not seen till then
}

// studyTrait is a characteristic that a member has on the index date, or has not.
type studyTrait struct {
	id  string
	has func(p *person, index day) bool
}

var allStrata = []int{byAll, bySite, bySex, byAge, byRace, byEthnicity, byPayer}

// anyIn says whether one of the days lies in low..high, both included.
func anyIn(days []day, low, high day) bool {
	for _, d := range days {
		if d >= low && d <= high {
			return true
		}
	}
	return false
}

func earliest(days []day) (first day, found bool) {
	for _, d := range days {
		if !found || d < first {
			first, found = d, true
		}
	}
	return first, found
}

// diagnosed are the days on which verified conditions of the kind began.
func (p *person) diagnosed(k kind) (days []day) {
	for i := range p.conditions {
		if c := &p.conditions[i]; c.code.kind == k && c.verified() && c.begins().present() {
			days = append(days, c.begins().day())
		}
	}
	return days
}

// has says whether there is a verified condition of the kind, dated or not.
func (p *person) has(k kind) bool {
	for i := range p.conditions {
		if c := &p.conditions[i]; c.code.kind == k && c.verified() {
			return true
		}
	}
	return false
}

// ordered are the days of medications of the kind that were really asked for.
func (p *person) ordered(k kind) (days []day) {
	for i := range p.medications {
		m := &p.medications[i]
		if m.code.kind == k && !m.doNotPerform && m.status != "entered-in-error" && m.status != "cancelled" && m.status != "draft" && m.authored.present() {
			days = append(days, m.authored.day())
		}
	}
	return days
}

// resulted are the days of counting Observations of the kind.
func (p *person) resulted(k kind) (days []day) {
	for i := range p.observations {
		if o := &p.observations[i]; o.code.kind == k && o.counts() && o.effective.present() {
			days = append(days, o.effective.day())
		}
	}
	return days
}

// done are the days of completed procedures of the kind.
func (p *person) done(k kind) (days []day) {
	for i := range p.procedures {
		if x := &p.procedures[i]; x.code.kind == k && x.status == "completed" && x.performed.present() {
			days = append(days, x.performed.day())
		}
	}
	return days
}

// encountered are the first days, or the last, of finished encounters that are wanted.
func (p *person) encountered(atEnd bool, wanted func(e *encounter) bool) (days []day) {
	for i := range p.encounters {
		e := &p.encounters[i]
		m := e.start
		if atEnd {
			m = e.end
		}
		if e.status == "finished" && m.present() && wanted(e) {
			days = append(days, m.day())
		}
	}
	return days
}

// isFor says whether an encounter was for the kind: by its reason, or by a condition that it
// names and that is verified.
func (p *person) isFor(e *encounter, k kind) bool {
	if e.reason != nil && e.reason.kind == k {
		return true
	}
	for _, i := range e.diagnoses {
		if c := &p.conditions[i]; c.code.kind == k && c.verified() {
			return true
		}
	}
	return false
}

// died is the day of death, if it is known.
func (p *person) died() []day {
	if p.death.present() {
		return []day{p.death.day()}
	}
	return nil
}

// aged says whether the person is of low to high years on the day, both included.
func (p *person) aged(low, high int, on day) bool {
	if !p.birth.present() {
		return false
	}
	age := ageOn(p.birth.day(), on)
	return age >= low && age <= high
}

// watched says whether one span holds all days from low to high.
func watched(spans []span, low, high day) bool {
	for _, s := range spans {
		if s.first <= low && s.last >= high {
			return true
		}
	}
	return false
}

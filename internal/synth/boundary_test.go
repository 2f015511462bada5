package synth

import (
	"slices"
	"testing"
)

func testWorld(t testing.TB) *world {
	t.Helper()
	w, err := newWorld(options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func people(t testing.TB, w *world, n int) []*person {
	t.Helper()
	var list []*person
	for i := range n {
		p, _ := w.simulate(i, false)
		list = append(list, p)
	}
	return list
}

// The population has cases on both sides of every boundary that a definition draws.
func TestBoundariesHaveBothSides(t *testing.T) {
	w := testWorld(t)
	seen := map[string]int{}
	for _, p := range people(t, w, 5000) {
		for _, name := range boundaries(w, p) {
			seen[name]++
		}
	}
	for _, name := range []string{
		"readmitted on day 30", "readmitted on day 31", "readmitted the same day", "transferred in the same instant",
		"discharged at the first second", "discharged at the last second", "died in hospital", "left against advice",
		"gap of 44 days", "gap of 45 days", "gap of 46 days", "gap of 47 days", "error in a gap", "overlapping coverages", "open coverage", "sentinel coverage",
		"visit at the first second", "visit at the last second", "visit on another day in UTC", "visit of a day only", "visit without a start", "visit without a site",
		"emergency in the first pass", "emergency in the second pass",
		"18 at the end of a month", "17 until the day after", "45 at the end of a month", "44 until the day after", "75 at the end of a month", "76 at the end of a month", "85 at the end of a month", "86 at the end of a month",
		"born on 29 February", "born in a year", "born in a month", "birth unknown", "over 89",
		"died on a day", "died at a time", "died in a month", "died some time", "known alive", "death on the first of a month", "death on the last of a month",
		"systolic 139", "systolic 139.5", "systolic 140", "systolic 140.00", "diastolic 89", "diastolic 90", "one component", "no unit code", "kPa", "component absent", "two readings on a day",
		"HbA1c 9.0", "HbA1c 9.01", "HbA1c 9.1", "HbA1c without value", "HbA1c in mmol/mol", "HbA1c as text", "HbA1c without unit code",
		"mammogram at the first second of 27 months", "mammogram just before 27 months", "colonoscopy at the first second of 10 years", "colonoscopy just before 10 years",
		"HPV on the thirtieth birthday", "HPV the day before thirty", "procedure not done",
		"onset at the first second", "onset at the last second", "onset in a month", "onset in a year", "onset from recordedDate", "onset period", "never dated",
		"refuted", "entered in error", "verification absent", "abated on the first", "abated on the last", "abated in 9999", "refuted type 1 beside type 2",
		"365 days before the index", "364 days before the index", "18 on the index day", "17 on the index day",
		"medication on the index day", "medication before the index", "cancelled before the index", "order not to", "draft",
		"Z", "another offset", "milliseconds", "instant", "period",
	} {
		if seen[name] == 0 {
			t.Errorf("no case of: %s", name)
		}
	}
}

func boundaries(w *world, p *person) []string {
	var found []string
	see := func(name string, when bool) {
		if when {
			found = append(found, name)
		}
	}
	first := func(m moment) bool {
		return m.prec >= toSecond && m.wall-m.day().wall() < 1000 && m.day() == m.day().firstOfMonth()
	}
	last := func(m moment) bool { // of a month, within its last minute
		return m.prec >= toSecond && (m.day()+1).wall()-m.wall <= 60_000 && m.day()+1 == (m.day()+1).firstOfMonth()
	}
	for i := range p.encounters {
		e := &p.encounters[i]
		if e.isStay() && e.end.present() {
			see("discharged at the first second", first(e.end))
			see("discharged at the last second", last(e.end))
			see("died in hospital", e.disposition == "exp")
			see("left against advice", e.disposition == "aadvice")
			for j := range p.encounters {
				if n := &p.encounters[j]; n.isStay() && j != i {
					later := n.start.wall > e.end.wall
					see("readmitted on day 30", later && n.start.day()-e.end.day() == 30)
					see("readmitted on day 31", later && n.start.day()-e.end.day() == 31)
					see("readmitted the same day", later && n.start.day() == e.end.day())
					see("transferred in the same instant", n.start.wall == e.end.wall)
				}
			}
		}
		if e.isVisit() {
			see("visit at the first second", first(e.start))
			see("visit at the last second", last(e.start))
			see("visit on another day in UTC", e.start.zulu && dayOfWall(e.start.utc()) != e.start.day())
			see("visit of a day only", e.start.prec == toDay)
			see("visit without a start", !e.start.present())
			see("visit without a site", e.site < 0)
		}
		if y, m, _ := e.start.day().date(); e.class == "EMER" && m == 11 && e.start.day() == repeatedHour(y) && (e.start.wall-e.start.day().wall())/3_600_000 == 1 {
			see("emergency in the first pass", e.start.offset == -240)
			see("emergency in the second pass", e.start.offset == -300)
		}
		see("Z", e.start.zulu)
		see("another offset", e.start.prec >= toSecond && e.start.written != e.start.offset && !e.start.zulu)
		see("milliseconds", e.start.prec == toMilli && e.start.wall%1000 != 0)
	}
	for i := range p.coverages {
		c := &p.coverages[i]
		see("open coverage", !c.end.present())
		see("sentinel coverage", c.end.present() && c.end.day() == civil(9999, 12, 31))
		see("error in a gap", c.status == "entered-in-error")
		for j := range p.coverages {
			n := &p.coverages[j]
			if i == j || !c.end.present() || n.status == "entered-in-error" || c.status == "entered-in-error" {
				continue
			}
			see("overlapping coverages", n.start.day() > c.start.day() && n.start.day() <= c.end.day())
			switch n.start.day() - c.end.day() - 1 {
			case 44:
				see("gap of 44 days", true)
			case 45:
				see("gap of 45 days", true)
			case 46:
				see("gap of 46 days", true)
			case 47:
				see("gap of 47 days", true)
			}
		}
	}
	born(w, p, see)
	for i := range p.observations {
		o := &p.observations[i]
		see("instant", o.shape == asInstant)
		see("period", o.shape == asPeriod)
		switch o.code.kind {
		case pressurePanel:
			s, d := o.systolic, o.diastolic
			see("systolic 139", s == quantity{139, 0, measured, mmHg})
			see("systolic 139.5", s == quantity{1395, 1, measured, mmHg})
			see("systolic 140", s == quantity{140, 0, measured, mmHg})
			see("systolic 140.00", s == quantity{14000, 2, measured, mmHg})
			see("diastolic 89", d == quantity{89, 0, measured, mmHg})
			see("diastolic 90", d == quantity{90, 0, measured, mmHg})
			see("one component", (s.form == noValue) != (d.form == noValue))
			see("no unit code", s.form == unitText)
			see("kPa", s.unit == kPa)
			see("component absent", s.form == masked)
			for j := range p.observations[:i] {
				see("two readings on a day", p.observations[j].code.kind == pressurePanel && p.observations[j].effective.day() == o.effective.day())
			}
		case hba1c:
			see("HbA1c 9.0", o.value == quantity{90, 1, measured, percent})
			see("HbA1c 9.01", o.value == quantity{901, 2, measured, percent})
			see("HbA1c 9.1", o.value == quantity{91, 1, measured, percent})
			see("HbA1c without value", o.value.form == masked)
			see("HbA1c in mmol/mol", o.value.unit == mmolMol)
			see("HbA1c as text", o.value.form == wordy)
			see("HbA1c without unit code", o.value.form == unitText)
		case hpvTest:
			if p.birth.prec == toDay && o.effective.present() {
				y, m, d := p.birth.day().date()
				see("HPV on the thirtieth birthday", o.effective.day() == civil(y+30, m, d))
				see("HPV the day before thirty", o.effective.day() == civil(y+30, m, d)-1)
			}
		}
	}
	for i := range p.procedures {
		x := &p.procedures[i]
		see("procedure not done", x.status == "not-done")
		for _, in := range w.periods {
			switch x.code.kind {
			case mammography:
				low := addMonths(in.high, -27)
				see("mammogram at the first second of 27 months", first(x.performed) && x.performed.day() == low)
				see("mammogram just before 27 months", last(x.performed) && x.performed.day() == low-1)
			case colonoscopy:
				low := addMonths(in.high, -120)
				see("colonoscopy at the first second of 10 years", first(x.performed) && x.performed.day() == low)
				see("colonoscopy just before 10 years", last(x.performed) && x.performed.day() == low-1)
			}
		}
	}
	diagnosed(p, see)
	return found
}

// born are the cases of birth, age and death.
func born(w *world, p *person, see func(string, bool)) {
	if p.birth.prec == toDay {
		for _, in := range w.periods {
			age, next := ageOn(p.birth.day(), in.lastDay()), ageOn(p.birth.day(), in.high)
			turned := age != ageOn(p.birth.day(), in.lastDay()-1)
			see("18 at the end of a month", turned && age == 18)
			see("17 until the day after", age == 17 && next == 18)
			see("45 at the end of a month", turned && age == 45)
			see("44 until the day after", age == 44 && next == 45)
			see("75 at the end of a month", turned && age == 75)
			see("76 at the end of a month", turned && age == 76)
			see("85 at the end of a month", turned && age == 85)
			see("86 at the end of a month", turned && age == 86)
		}
		_, m, d := p.birth.day().date()
		see("born on 29 February", m == 2 && d == 29)
		see("over 89", ageOn(p.birth.day(), w.end) > 89)
	}
	see("born in a year", p.birth.prec == toYear)
	see("born in a month", p.birth.prec == toMonth)
	see("birth unknown", !p.birth.present())
	see("died on a day", p.death.prec == toDay)
	see("died at a time", p.death.prec >= toSecond)
	see("died in a month", p.death.prec == toMonth)
	see("died some time", p.deceased == 1)
	see("known alive", p.deceased == 2)
	if p.death.prec >= toDay {
		d := p.death.day()
		see("death on the first of a month", d == d.firstOfMonth())
		see("death on the last of a month", d+1 == (d+1).firstOfMonth())
	}
}

// diagnosed are the cases of conditions and what the cohort looks at.
func diagnosed(p *person, see func(string, bool)) {
	type2 := slices.ContainsFunc(p.conditions, func(c condition) bool { return c.code.kind == type2Diabetes })
	for i := range p.conditions {
		c := &p.conditions[i]
		full := c.onset.prec >= toSecond
		see("onset at the first second", full && c.onset.wall == c.onset.day().firstOfMonth().wall())
		see("onset at the last second", full && (c.onset.day()+1).wall()-c.onset.wall < 60_000 && c.onset.day()+1 == (c.onset.day()+1).firstOfMonth())
		see("onset in a month", c.onset.prec == toMonth)
		see("onset in a year", c.onset.prec == toYear)
		see("onset from recordedDate", !c.onset.present() && c.recorded.present())
		see("onset period", c.onsetPeriod)
		see("never dated", !c.begins().present())
		see("refuted", c.verification == "refuted")
		see("entered in error", c.verification == "entered-in-error")
		see("verification absent", c.verification == "")
		see("refuted type 1 beside type 2", type2 && c.code.kind == type1Diabetes && c.verification == "refuted")
		if d := c.abatement.day(); c.abatement.present() {
			see("abated on the first", d == d.firstOfMonth())
			see("abated on the last", d+1 == (d+1).firstOfMonth())
			see("abated in 9999", d == civil(9999, 12, 31))
		}
	}
	index, found := earliest(p.diagnosed(type2Diabetes))
	if !found {
		return
	}
	for i := range p.coverages {
		see("365 days before the index", p.coverages[i].start.day() == index-365)
		see("364 days before the index", p.coverages[i].start.day() == index-364)
	}
	if p.birth.present() {
		y, m, d := p.birth.day().date()
		see("18 on the index day", index == civil(y+18, m, d))
		see("17 on the index day", index == civil(y+18, m, d)-1)
	}
	for i := range p.medications {
		m := &p.medications[i]
		if m.code.kind != diabetesMedication || !m.authored.present() {
			continue
		}
		see("medication on the index day", m.authored.day() == index)
		see("medication before the index", m.authored.day() < index)
		see("cancelled before the index", m.status == "cancelled" && m.authored.day() < index)
		see("order not to", m.doNotPerform)
		see("draft", m.status == "draft")
	}
}

// What doc.go promises about ties and the end of the data.
func TestNoTiesAndNothingAfterTheEnd(t *testing.T) {
	w := testWorld(t)
	for _, p := range people(t, w, 3000) {
		starts, covers, tests := map[int64]bool{}, map[day]bool{}, map[day]bool{}
		var ends []moment
		for i := range p.encounters {
			e := &p.encounters[i]
			if e.start.present() && starts[e.start.wall] {
				t.Fatalf("patient %d: two encounters start at %s", p.index, e.start.append(nil))
			}
			starts[e.start.wall] = true
			if e.end.present() && e.end.wall < e.start.wall {
				t.Fatalf("patient %d: an encounter ends before it starts", p.index)
			}
			ends = append(ends, e.start, e.end)
		}
		for i := range p.coverages {
			c := &p.coverages[i]
			if covers[c.start.day()] || c.start.day() > w.end || c.end.present() && c.end.day() < c.start.day() {
				t.Fatalf("patient %d: coverage from %s", p.index, c.start.day())
			}
			covers[c.start.day()] = true
		}
		for i := range p.observations {
			o := &p.observations[i]
			if o.code.kind == hba1c && o.effective.present() {
				if tests[o.effective.day()] {
					t.Fatalf("patient %d: two HbA1c on %s", p.index, o.effective.day())
				}
				tests[o.effective.day()] = true
			}
			ends = append(ends, o.effective)
		}
		for _, c := range p.conditions {
			ends = append(ends, c.onset, c.recorded)
			if c.abatement.present() && c.abatement.day() != civil(9999, 12, 31) {
				ends = append(ends, c.abatement)
			}
			if c.code.kind == type1Diabetes && !c.begins().present() {
				t.Fatalf("patient %d: type 1 diabetes without a date", p.index)
			}
		}
		for _, x := range p.procedures {
			ends = append(ends, x.performed)
		}
		for _, x := range p.medications {
			ends = append(ends, x.authored)
		}
		for _, x := range p.immunizations {
			ends = append(ends, x.occurrence)
		}
		for _, x := range p.reports {
			ends = append(ends, x.when)
		}
		for _, m := range append(ends, p.death, p.birth) {
			if m.present() && m.day() > w.end {
				t.Fatalf("patient %d: %s is after the end", p.index, m.append(nil))
			}
		}
	}
	p, _ := w.simulate(0, false)
	if !slices.ContainsFunc(p.encounters, func(e encounter) bool { return e.isVisit() && e.start.day() == w.end }) {
		t.Error("the first patient has no visit on the last day")
	}
}

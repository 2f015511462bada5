package synth

var heartFailureCodes = []*concept{
	code(heartFailure, "Heart failure", icd10, "I50.9", snomed, "84114007"),
	code(heartFailure, "Chronic systolic heart failure", icd10, "I50.22"),
	code(heartFailure, "Chronic congestive heart failure", snomed, "88805009"),
}

// Invented, of the order that is seen in the United States, where one in fifty adults has
// heart failure; children have it more often here, so that small populations have some. The share of those readmitted within 30 days is near that of Medicare
// patients in 2003 to 2004, 26.9 percent: Jencks SF, Williams MV, Coleman EA. N Engl J Med
// 2009;360:1418-1428.
const (
	heartStaysPerYear = 0.55
	heartReadmitted   = 0.26
	heartUrge         = 0.16 // with an emergency visit in the weeks after a stay
	heartInChildren   = 0.02
	heartInDeaths     = 0.4 // of deaths from 55 on, beside those of people who have it anyway
)

// heartFailure comes with stays in hospital for it; after some of them the person is back
// within a month, at times on the last day that counts or the first that does not.
func (s *life) heartFailure() {
	began, ill := s.has(0.004, 0.03, 0.12, 0.3)
	if s.age < 18 && s.chance(heartInChildren) {
		began, ill = s.first, true
	}
	if !ill && s.hasDeath && s.age >= 55 && s.last >= s.first && s.chance(heartInDeaths) {
		began, ill = s.last-day(s.between(100, 900)), true
	}
	if !ill {
		return
	}
	s.diagnose(heartFailureCodes, began, true)
	failure := s.newest()
	stay := func(in day) (out day, ok bool) {
		out = in + day(s.between(2, 8))
		e := s.inpatient(in, out)
		if e < 0 {
			return 0, false
		}
		s.because(e, pick(s, heartFailureCodes), failure)
		return out, true
	}
	for d := max(began, s.first) + s.wait(heartStaysPerYear); d <= s.last; d += 40 + s.wait(heartStaysPerYear) {
		out, ok := stay(d)
		if urgent := out + day(s.between(-5, 33)); ok && s.chance(heartUrge) && urgent <= s.last {
			s.emergency(s.at(s.free(urgent.wall() + s.office())))
		}
		if !ok || !s.chance(heartReadmitted) {
			continue
		}
		gap := day([]int{s.between(2, 29), 30, 31}[s.weighted(80, 12, 8)])
		if s.chance(0.5) {
			stay(out + gap)
		} else {
			s.inpatient(out+gap, out+gap+day(s.between(1, 5)))
		}
	}
	s.diesOfIt(failure)
}

// diesOfIt ends the stay for heart failure with the life of some, on the day of death.
func (s *life) diesOfIt(failure int) {
	if !s.hasDeath || s.last < s.first {
		return
	}
	if s.diesInBed {
		for i := range s.p.encounters {
			if e := &s.p.encounters[i]; e.disposition == "exp" && e.end.day() == s.last {
				s.because(i, pick(s, heartFailureCodes), failure)
			}
		}
		return
	}
	if e := s.inpatient(s.last-day(s.between(2, 9)), s.last); e >= 0 {
		s.because(e, pick(s, heartFailureCodes), failure)
		s.p.encounters[e].disposition = "exp"
	}
}

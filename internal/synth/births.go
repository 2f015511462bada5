package synth

var (
	deliveryCodes = []*concept{
		code(delivery, "Delivery", icd10pcs, "10E0XZZ"),
		code(delivery, "Cesarean delivery", icd10pcs, "10D00Z1"),
		code(delivery, "Vacuum delivery", icd10pcs, "10D07Z6"),
		code(delivery, "Childbirth", snomed, "66348005"),
	}
	liveBirthCode    = code(other, "Single live birth", icd10, "Z37.0")
	stillbirthCodes  = []*concept{code(stillbirth, "Single stillbirth", icd10, "Z37.1")}
	pretermCodes     = []*concept{code(pretermBirth, "Preterm labor with preterm delivery", icd10, "O60.14X0"), code(pretermBirth, "35 weeks of gestation", icd10, "Z3A.35")}
	trimesterReasons = [3]*concept{
		code(prenatalVisit, "Prenatal care, first trimester", icd10, "Z34.81"),
		code(prenatalVisit, "Prenatal care, second trimester", icd10, "Z34.82"),
		code(prenatalVisit, "Prenatal care, third trimester", icd10, "Z34.83"),
	}
	prenatalTypes   = []*concept{code(prenatalVisit, "Prenatal initial visit", snomed, "424441002"), code(prenatalVisit, "Prenatal visit", snomed, "424619006")}
	postpartumCodes = []*concept{code(postpartumVisit, "Postpartum follow-up", icd10, "Z39.2"), code(postpartumVisit, "Postnatal visit", snomed, "169762003")}
)

// Of those who gave birth in the United States in 2022, 77.0 percent began prenatal care in
// the first trimester, and 10.4 percent gave birth before 37 weeks: National Vital Statistics
// Reports 73 no. 2, 2024. Births are more than twice as frequent here as there (56.0 a
// year for 1,000 women of 15 to 44), and stillbirths and double records much more, so that small
// populations have some of each; these, and the shares seen after birth, are invented. A cohort that counts 280 days back from every birth finds
// fewer early ones: of pregnancies of 37 weeks the trimester ends earlier then, and some visits were called off.
const (
	birthsPerYear  = 0.13
	prenatalEarly  = 0.77
	prenatalNone   = 0.06
	bornEarly      = 0.104
	bornDead       = 0.06
	deliveryTwice  = 0.09
	postpartumSeen = 0.62
	postpartumUrge = 0.08 // with an emergency visit
)

// births are deliveries in hospital, of which the data know the whole pregnancy, with visits before and after, at times on the last
// day of the first trimester, or on the first that is no longer of it.
func (s *life) births() {
	if s.p.gender != "female" || s.age < 15 || s.age > 52 {
		return
	}
	y, m, dom := s.birth.date()
	for _, age := range []int{15, 50} { // on the birthday at which a bound of age is reached, or a day early
		if d := civil(y+age, m, dom) - day(s.between(0, 1)); d > s.first+280 && d < s.last-3 && s.chance(0.12) {
			s.pregnancy(d)
			return
		}
	}
	for d := s.first + 280 + s.wait(birthsPerYear); d <= s.last; d += 330 + s.wait(birthsPerYear) {
		if age := ageOn(s.birth, d); age >= 17 && age <= 44 {
			s.pregnancy(d)
		}
	}
}

// pregnancy ends with a delivery on d.
func (s *life) pregnancy(d day) {
	weeks, early := s.between(37, 41), s.chance(bornEarly)
	if early {
		weeks = s.between(28, 36)
	}
	began := d - day(weeks*7+s.between(0, 6))
	s.prenatal(began, d)
	stay := s.inpatient(d-day(s.between(0, 1)), d+day(s.between(1, 3)))
	wall := d.wall() + s.anyTime()
	s.procedure(pick(s, deliveryCodes), wall, stay)
	if s.chance(deliveryTwice) { // written down by another system, or where she was moved to
		s.procedure(pick(s, deliveryCodes), (d+day(s.between(1, 3))).wall()+s.anyTime(), -1)
	}
	dead := s.chance(bornDead)
	if stay >= 0 && !dead {
		s.p.encounters[stay].reason = liveBirthCode
	}
	if dead {
		s.diagnose(stillbirthCodes, d, true)
	}
	if early && d <= s.last {
		s.diagnose(pretermCodes, d, true)
	}
	if urgent := d + day(s.between(1, 43)); s.chance(postpartumUrge) && urgent <= s.last {
		s.emergency(s.at(s.free(urgent.wall() + s.office())))
	}
	if s.chance(postpartumSeen) {
		after := day([]int{s.between(14, 70), 6, 7, 84, 85}[s.weighted(80, 5, 5, 5, 5)])
		if e := s.ambulatory(d+after, pick(s, visitCodes)); e >= 0 {
			s.p.encounters[e].reason = pick(s, postpartumCodes)
		}
	}
}

// prenatal are the visits of a pregnancy, mostly every four weeks.
func (s *life) prenatal(began, born day) {
	if s.chance(prenatalNone) {
		return
	}
	first := began + day(s.between(98, 200))
	if s.chance(prenatalEarly / (1 - prenatalNone)) {
		first = began + day(s.between(40, 90))
	}
	switch s.weighted(92, 4, 4) {
	case 1:
		first = born - 183
	case 2:
		first = born - 182
	}
	for d := first; d < born; d += day(s.between(22, 34)) {
		kind, typed := pick(s, visitCodes), s.chance(0.2)
		if typed {
			kind = pick(s, prenatalTypes)
		}
		e := s.ambulatory(d, kind)
		if e >= 0 && !typed {
			s.p.encounters[e].reason = trimesterReasons[min(2, max(0, int(d-began)/98))]
		}
	}
}

package synth

var (
	asthmaCodes = []*concept{
		code(asthma, "Asthma", icd10, "J45.909", snomed, "195967001"),
		code(asthma, "Childhood asthma", snomed, "233678006"),
	}
	attackCodes = []*concept{
		code(asthma, "Asthma with exacerbation", icd10, "J45.901"),
		code(asthma, "Moderate persistent asthma with exacerbation", icd10, "J45.41"),
	}
	copdCodes = []*concept{
		code(copd, "Chronic obstructive pulmonary disease", icd10, "J44.9", snomed, "13645005"),
		code(copd, "Chronic obstructive pulmonary disease with exacerbation", icd10, "J44.1"),
	}
	controllerDrugs = []*concept{
		code(asthmaController, "Fluticasone inhaler", rxnorm, "895994"),
		code(asthmaController, "Fluticasone and salmeterol inhaler", rxnorm, "896209"),
	}
)

// attackSeason weighs the months from January on. The peak after school has begun and the low in
// summer are as described by Sears MR, Johnston NW. J Allergy Clin Immunol 2007;120:526-529; the
// weights, and the frequency of attacks, are invented.
var attackSeason = [12]float64{1.0, 0.95, 1.0, 1.1, 1.15, 0.8, 0.55, 0.75, 1.6, 1.4, 1.1, 1.05}

const (
	attacksPerYear  = 0.40 // of people with asthma
	childrenAsthma  = 0.065
	attackReturns   = 0.12
	attackAdmitted  = 0.10
	attackTreated   = 0.45
	takesController = 0.25
	asthmaAndCOPD   = 0.10 // of those from 45 on
)

// asthma brings people to the emergency department, most of all in autumn.
func (s *life) asthma() {
	if s.age < 18 && s.chance(childrenAsthma) {
		s.diagnose(asthmaCodes, s.dayIn(s.first, max(s.first, s.last)), true)
	}
	known := -1
	for i := range s.p.conditions {
		if s.p.conditions[i].code.kind == asthma {
			known = i
		}
	}
	if known < 0 {
		return
	}
	if s.age >= 45 && s.chance(asthmaAndCOPD) {
		s.diagnose(copdCodes, min(s.w.start+day(s.between(-300, 900)), s.last), true)
	}
	if s.chance(takesController) {
		s.refill(pick(s, controllerDrugs), s.first+day(s.between(0, 300)), 75)
	}
	const most = 1.6 // candidates are drawn at the rate of the worst month, and kept by weight
	for d := s.first + s.wait(attacksPerYear*most); d <= s.last; d += s.wait(attacksPerYear * most) {
		if _, month, _ := d.date(); !s.chance(attackSeason[month-1] / most) {
			continue
		}
		s.attack(d, known)
		if s.chance(attackReturns) {
			if again := d + day([]int{s.between(1, 29), 30, 31}[s.weighted(70, 15, 15)]); again <= s.last {
				s.attack(again, known)
			}
		}
	}
}

// attack is an emergency visit, with what is ordered at it or after it.
func (s *life) attack(d day, known int) {
	start := s.at(s.free(d.wall() + int64(s.between(3*60, 23*60+59))*60_000))
	status := []string{"finished", "cancelled", "entered-in-error"}[s.weighted(965, 15, 20)]
	end := moment{}
	if status == "finished" {
		end = s.at(s.sameDay(start.wall, s.between(90, 400)))
	}
	e := s.encounter("EMER", status, emergencyCode, start, end, s.place())
	s.because(e, pick(s, attackCodes), known)
	if s.chance(attackTreated) {
		after := day([]int{0, s.between(1, 29), 30, 31}[s.weighted(50, 35, 8, 7)])
		s.prescribe(pick(s, controllerDrugs), d+after, "")
	}
	if s.chance(attackAdmitted) {
		if e := s.inpatient(d+day(s.between(0, 1)), d+day(s.between(2, 5))); e >= 0 {
			s.because(e, pick(s, attackCodes), known)
		}
	}
}

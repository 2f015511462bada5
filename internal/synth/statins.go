package synth

var (
	statinDrugs = []*concept{
		code(statin, "Atorvastatin 20 MG oral tablet", rxnorm, "617310"),
		code(statin, "Atorvastatin 40 MG oral tablet", rxnorm, "617311"),
		code(statin, "Rosuvastatin 10 MG oral tablet", rxnorm, "859747"),
		code(statin, "Pravastatin 40 MG oral tablet", rxnorm, "904475"),
		code(statin, "Simvastatin 10 MG oral tablet", rxnorm, "314231"),
	}
	liverCodes = []*concept{
		code(liverDisease, "Cirrhosis of liver", icd10, "K74.60"),
		code(liverDisease, "Chronic hepatitis C", icd10, "B18.2"),
	}
	ldlCodes = []*concept{
		code(ldlCholesterol, "LDL cholesterol, calculated", loinc, "13457-7"),
		code(ldlCholesterol, "LDL cholesterol, direct", loinc, "18262-6"),
	}
	milligrams = &unit{"mg/dL", "mg/dL"}
)

// Invented: how many stop at each order, and how many come later than their supply lasts.
// Liver disease and young users are more frequent than in life, so that small populations have
// some.
const (
	statinStops  = 0.09
	statinPauses = 0.12
	statinLiver  = 0.11
	statinYoung  = 0.05 // of people of 14 to 22
)

// statins are ordered for 90 days at a time, until the person stops; between two orders there
// may be a gap, at times of as many days as still count as none, or of one more.
func (s *life) statins() {
	began, takes := s.has(0.03, 0.22, 0.36, 0.55)
	if s.age >= 14 && s.age < 23 && s.chance(statinYoung) {
		began, takes = s.dayIn(s.first, max(s.first, s.last)), true
	}
	if !takes || s.age < 10 {
		return
	}
	if s.chance(0.55) {
		s.ldl(began - day(s.between(1, 200)))
	}
	if s.chance(0.6) {
		s.ldl(began + day([]int{s.between(29, 83), 27, 28, 84, 85}[s.weighted(80, 5, 5, 5, 5)]))
	}
	if s.chance(statinLiver) {
		s.diagnose(liverCodes, min(began+day(s.between(-300, 400)), s.last), true)
	}
	for d := began; d <= s.last; {
		s.prescribe(pick(s, statinDrugs), d, "")
		if s.chance(statinStops) {
			if s.chance(0.6) {
				return
			}
			d += day(s.between(250, 600)) // and begins again
			continue
		}
		d += day(s.between(80, 100))
		if s.chance(statinPauses) {
			d += day([]int{s.between(20, 100), 60, 61}[s.weighted(60, 20, 20)])
		}
	}
}

func (s *life) ldl(d day) {
	if d < s.w.start-day(400) || d > s.last {
		return
	}
	s.observe(observation{code: pick(s, ldlCodes), status: s.observationStatus(), effective: s.when(s.daytime(d)), encounter: -1, site: s.p.home,
		value: quantity{number: s.between(70, 210), form: measured, unit: milligrams}})
}

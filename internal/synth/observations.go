package synth

func (s *life) observationStatus() string {
	return []string{"final", "amended", "corrected", "preliminary", "registered", "cancelled", "entered-in-error"}[s.weighted(930, 20, 15, 12, 5, 8, 10)]
}

// observe delivers an Observation, unless the site's feed had stopped: then the
// event happened, but is neither written nor counted.
func (s *life) observe(o observation) {
	if o.site == s.w.stoppedSite && dayOfWall(o.effective.wall) >= s.w.stops {
		s.withheld++
		return
	}
	o.resource = s.new(o.effective.wall)
	if o.effective.prec >= toSecond {
		o.shape = []shape{asDateTime, asPeriod, asInstant}[s.weighted(95, 3, 2)]
	}
	if s.chance(0.003) || o.site == s.w.gappySite && s.chance(gappyEffective) {
		o.effective, o.shape = moment{}, asDateTime
	}
	o.note = s.chance(0.02)
	s.p.observations = append(s.p.observations, o)
}

// when writes an observation's time: in full, or as the day only.
func (s *life) when(wall int64) moment {
	if s.chance(0.03) {
		return on(dayOfWall(wall), toDay)
	}
	return s.at(wall)
}

// examine is what is measured at an encounter.
func (s *life) examine(wall int64, site, encounter int, office bool) {
	at := s.sameDay(wall, s.between(3, 12))
	if s.chance(0.9) {
		if s.age >= 16 || s.chance(0.4) {
			s.pressure(at, site, encounter)
		}
		for i := range vitals {
			if i < 6 || s.chance(0.2) {
				s.routine(&vitals[i], at, site, encounter)
			}
		}
		if s.chance(0.2) {
			s.observe(observation{code: smokingCode, status: "final", effective: s.at(at), encounter: encounter, site: site,
				value: quantity{form: coded, number: s.rng.IntN(len(smokingAnswers))}})
		}
	}
	if s.chance(0.42) {
		drawn := s.sameDay(wall, s.between(15, 25))
		for i := range labs {
			if s.chance(0.9) {
				s.routine(&labs[i], drawn, site, encounter)
			}
		}
		if s.chance(0.1) {
			s.p.reports = append(s.p.reports, report{resource: s.new(drawn), when: s.at(drawn), encounter: encounter})
		}
	}
	if office {
		s.glucose(at, site, encounter)
	}
}

func (s *life) routine(r *routine, wall int64, site, encounter int) {
	o := observation{code: r.code, status: s.observationStatus(), effective: s.at(wall), encounter: encounter, site: site,
		value: quantity{number: r.low + s.rng.IntN(r.span), digits: r.digits, form: measured, unit: r.unit}}
	if s.chance(0.004) {
		o.value.form = masked
	}
	s.observe(o)
}

// pressure takes one blood pressure, or two a few minutes apart.
func (s *life) pressure(wall int64, site, encounter int) {
	s.cuff(wall, site, encounter)
	if s.chance(0.14) {
		s.cuff(s.sameDay(wall, s.between(4, 15)), site, encounter)
	}
}

func (s *life) cuff(wall int64, site, encounter int) {
	controlled := 0.88
	if s.hypertensive() {
		controlled = controlBefore
		if dayOfWall(wall) >= s.w.improves {
			controlled = controlAfter
		}
	}
	systolic, diastolic := s.between(108, 139), s.between(62, 89)
	if !s.chance(controlled) {
		switch s.weighted(50, 30, 12, 8) {
		case 0:
			systolic = s.between(140, 178)
		case 1:
			systolic, diastolic = s.between(140, 178), s.between(90, 108)
		case 2:
			diastolic = s.between(90, 108)
		case 3: // on the limit, which is not below it
			systolic, diastolic = 140, 90
		}
	} else if s.chance(0.1) {
		systolic, diastolic = 139, 89
	}
	o := observation{
		code: pressureCodes[s.weighted(95, 5)], status: s.observationStatus(), effective: s.when(wall), encounter: encounter, site: site,
		systolic:  quantity{number: systolic, form: measured, unit: mmHg},
		diastolic: quantity{number: diastolic, form: measured, unit: mmHg},
	}
	switch n := s.rng.IntN(1000); {
	case n < 15:
		o.diastolic = quantity{}
	case n < 25:
		o.systolic = quantity{}
	case n < 40:
		o.systolic.form, o.diastolic.form = unitText, unitText
	case n < 50:
		o.systolic, o.diastolic = quantity{systolic * 13, 2, measured, kPa}, quantity{diastolic * 13, 2, measured, kPa}
	case n < 60:
		o.systolic.form = masked
	case n < 120:
		o.systolic.number, o.systolic.digits = systolic*10+5, 1 // 139.5 is below 140
	case n < 160:
		o.systolic.number, o.systolic.digits = systolic*100, 2 // 140.00 is not
	}
	s.observe(o)
}

func (s *life) hypertensive() bool { return s.hasDiagnosis(hypertension) }

func (s *life) hasDiagnosis(k kind) bool {
	for i := range s.p.conditions {
		if s.p.conditions[i].code.kind == k {
			return true
		}
	}
	return false
}

// glucose is the HbA1c of people with diabetes, every three months or so, and now and
// then of others. Never two on one day, so that the newest is never in doubt.
func (s *life) glucose(wall int64, site, encounter int) {
	diabetic := s.hasDiagnosis(type2Diabetes) || s.hasDiagnosis(type1Diabetes)
	switch {
	case diabetic && !s.chance(0.78), !diabetic && !s.chance(0.06), s.tested[dayOfWall(wall)]:
		return
	}
	s.tested[dayOfWall(wall)] = true
	tenths := s.between(52, 90)
	if diabetic && s.chance(0.2) {
		tenths = s.between(91, 134)
	} else if s.chance(0.08) {
		tenths = 90 // not above 9
	}
	o := observation{code: hba1cCode, status: s.observationStatus(), effective: s.when(wall), encounter: encounter, site: site,
		value: quantity{number: tenths, digits: 1, form: measured, unit: percent}}
	switch n := s.rng.IntN(1000); {
	case n < 15:
		o.value.form = masked
	case n < 25:
		o.value = quantity{form: wordy}
	case n < 40: // mmol/mol = 10.929 * (% - 2.15), as the IFCC reports it
		o.value = quantity{number: (10929*tenths/10 - 23497) / 1000, form: measured, unit: mmolMol}
	case n < 50:
		o.value.form = unitText
	case n < 55:
		o.value = quantity{}
	case n < 100:
		o.value.number, o.value.digits = tenths*10+1, 2 // 9.01 is above 9
	}
	s.observe(o)
}

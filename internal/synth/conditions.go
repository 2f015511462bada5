package synth

// share of people with a chronic condition at 18-44, 45-64 and 65+, and the chance
// that it began during the study.
func (s *life) has(young, middle, old, recent float64) (began day, yes bool) {
	p := young
	switch {
	case s.age < 18:
		p = young / 12
	case s.age >= 65:
		p = old
	case s.age >= 45:
		p = middle
	}
	if !s.chance(p) {
		return 0, false
	}
	if s.chance(recent) {
		if s.chance(0.15) {
			if d := dayOfWall(s.edge()); d <= s.last && d >= s.w.start {
				return d, true
			}
		}
		return min(s.dayIn(s.first, s.last), s.last), true
	}
	earliest := s.w.start - day(365*min(15, max(1, s.age-10)))
	return min(s.dayIn(earliest, s.w.start), s.last), true
}

func (s *life) conditions() {
	if d, yes := s.has(0.12, 0.42, 0.66, 0.2); yes {
		s.diagnose(hypertensionCodes, d, true)
		if s.chance(0.15) { // on the problem list and again at a visit
			s.diagnose(hypertensionCodes, min(d+day(s.between(1, 300)), s.last), true)
		}
		if s.chance(0.05) {
			s.diagnose(renalCodes, min(d+day(s.between(10, 900)), s.last), true)
		}
	}
	if d, yes := s.has(0.05, 0.17, 0.26, 0.42); yes {
		s.diagnose(type2Codes, d, true)
		if s.chance(0.2) {
			s.diagnose(type2Codes, min(d+day(s.between(1, 300)), s.last), true)
		}
		if s.chance(0.05) {
			s.diagnose(type1Codes, min(d+day(s.between(0, 400)), s.last), false)
			if s.chance(0.4) { // looked for, and ruled out
				s.p.conditions[len(s.p.conditions)-1].verification = "refuted"
			}
		}
	}
	if s.chance(0.08) && s.p.birth.prec == toDay { // on the eighteenth birthday, or a day early
		y, m, dom := s.p.birth.day().date()
		if d := civil(y+18, m, dom) - day(s.between(0, 1)); d >= s.w.start && d <= s.last {
			s.diagnose(type2Codes, d, true)
		}
	}
	if d, yes := s.has(0.008, 0.008, 0.006, 0.1); yes {
		s.diagnose(type1Codes, d, false)
	}
	if d, yes := s.has(0, 0.012, 0.03, 0.3); yes {
		s.diagnose(cancerCodes, d, true)
		if s.chance(0.5) { // abatement is not looked at
			c := &s.p.conditions[len(s.p.conditions)-1]
			c.abatement = on(min(d+day(s.between(30, 700)), s.last), toDay)
		}
	}
	if s.p.gender == "female" && s.age >= 18 && s.age < 48 && s.chance(0.24) && s.last > s.w.start {
		d := s.dayIn(s.w.start-200, s.last)
		s.diagnose(pregnancyCodes, d, true)
		s.abate(d + day(s.between(200, 280)))
	}
	for _, c := range chronicCodes {
		if d, yes := s.has(0.06, 0.16, 0.25, 0.25); yes {
			s.diagnose([]*concept{c}, d, true)
		}
	}
	for d := s.w.start + s.wait(0.8); d <= s.last; d += s.wait(0.8) {
		s.diagnose(acuteCodes, d, true)
		s.abate(d + day(s.between(3, 40)))
	}
}

// diagnose adds a condition that truly began on d, in one of the ways in which
// systems write that down. Undated says whether the date may be missing altogether.
func (s *life) diagnose(codes []*concept, d day, undated bool) {
	c := condition{
		resource: s.new(d.wall()), code: pick(s, codes), clinical: "active", encounter: -1,
		verification: []string{"confirmed", "", "provisional", "unconfirmed", "differential", "refuted", "entered-in-error"}[s.weighted(84, 6, 3, 2, 1, 2, 2)],
	}
	full := s.at(d.wall() + s.office())
	if e := s.edge(); s.chance(0.05) && s.within(e) && d >= s.w.start {
		full = s.at(e)
	}
	switch s.weighted(52, 22, 6, 4, 10, 3, 2) {
	case 0:
		c.onset, c.recorded = full, full
	case 1:
		c.onset = on(full.day(), toDay)
	case 2:
		c.onset, c.recorded = on(d, toMonth), full
	case 3:
		c.onset, c.recorded = on(d, toYear), full
	case 4:
		c.recorded = full
	case 5:
		c.onset, c.onsetPeriod = full, true
	case 6:
		if undated {
			break
		}
		c.onset = on(d, toDay)
	}
	if s.p.home == s.w.gappySite && undated && s.chance(gappyConditions) {
		c.onset, c.recorded, c.onsetPeriod = moment{}, moment{}, false
	}
	s.p.conditions = append(s.p.conditions, c)
}

// abate ends the newest condition on about d: at the edge of a period now and then,
// and with a far sentinel where nobody knew.
func (s *life) abate(d day) {
	c := &s.p.conditions[len(s.p.conditions)-1]
	if s.chance(0.02) {
		c.abatement = on(civil(9999, 12, 31), toDay)
		return
	}
	if s.chance(0.12) {
		if e := dayOfWall(s.edge()); e <= s.last && e >= d-60 {
			d = e
		}
	}
	if d > s.last {
		return
	}
	c.clinical = "resolved"
	if s.chance(0.5) {
		c.abatement = on(d, toDay)
	} else {
		c.abatement = s.at(d.wall() + int64(s.between(0, 23*60+59))*60_000)
	}
	if c.onset.present() && c.abatement.wall < c.onset.wall {
		c.abatement = c.onset
	}
}

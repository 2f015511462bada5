package synth

func (s *life) procedureStatus() string {
	return []string{"completed", "not-done", "entered-in-error", "in-progress", "stopped"}[s.weighted(91, 4, 2, 2, 1)]
}

// procedure adds one that was done, or was not, about wall.
func (s *life) procedure(code *concept, wall int64, encounter int) {
	if dayOfWall(wall) > s.last {
		return
	}
	x := procedure{resource: s.new(wall), code: code, status: s.procedureStatus(), encounter: encounter}
	switch s.weighted(76, 14, 3, 2, 1, 4) {
	case 0:
		x.performed = s.at(wall)
	case 1:
		x.performed = on(dayOfWall(wall), toDay)
	case 2:
		x.performed = on(dayOfWall(wall), toMonth)
	case 3:
		x.performed = on(dayOfWall(wall), toYear)
	case 5:
		x.performed, x.shape = s.at(wall), asPeriod
	}
	s.p.procedures = append(s.p.procedures, x)
}

// result adds a screening test that is reported as an Observation by the usual site.
func (s *life) result(code *concept, wall int64) {
	if dayOfWall(wall) > s.last {
		return
	}
	s.observe(observation{code: code, status: s.observationStatus(), effective: s.when(wall), encounter: -1, site: s.p.home,
		value: quantity{form: wordy}})
}

// windowEdge is the first instant of a look-back window of so many months, or the last
// one before it, for one of the periods.
func (s *life) windowEdge(months int) int64 {
	if len(s.w.periods) == 0 {
		return s.w.start.wall()
	}
	low := addMonths(pick(s, s.w.periods).high, -months).wall()
	if s.chance(0.5) {
		return low
	}
	return low - int64(s.between(1, 59))*1000
}

func (s *life) daytime(d day) int64 { return d.wall() + s.office() }

// yearsBack is a day up to so many years before the end.
func (s *life) yearsBack(years int) day { return s.dayIn(s.w.end-day(years*36525/100), s.w.end) }

func (s *life) screening() {
	s.bowel()
	if s.p.gender != "female" {
		return
	}
	s.breast()
	s.cervix()
}

func (s *life) bowel() {
	if s.age < 42 {
		return
	}
	if s.chance(0.012) {
		s.procedure(colectomyCodes[0], s.daytime(s.yearsBack(8)), -1)
	}
	share := colorectalUsual
	if s.p.home == s.w.lowSite {
		share = colorectalLow
	}
	if !s.chance(share) {
		if s.chance(0.15) { // long ago
			s.procedure(pick(s, colonoscopyCodes), s.daytime(s.w.end-4018+day(s.between(0, 360))-730), -1)
		}
		return
	}
	switch s.weighted(66, 24, 10) {
	case 0:
		wall := s.daytime(s.yearsBack(11))
		if s.chance(0.08) {
			wall = s.windowEdge(120)
		}
		s.procedure(pick(s, colonoscopyCodes), wall, -1)
	case 1:
		for d := s.w.start - 300 + day(s.between(0, 250)); d <= s.last; d += day(s.between(280, 400)) {
			wall := s.daytime(d)
			if s.chance(0.08) {
				wall = s.windowEdge(12)
			}
			s.result(fitCode, wall)
		}
	case 2:
		wall := s.daytime(s.yearsBack(6))
		if s.chance(0.15) {
			wall = s.windowEdge(60)
		}
		s.procedure(sigmoidoscopyCodes[0], wall, -1)
	}
}

func (s *life) breast() {
	if s.age < 44 {
		return
	}
	if s.chance(0.05) {
		s.procedure(mastectomyCodes[0], s.daytime(s.yearsBack(9)), -1)
	}
	if !s.chance(mammogramShare) {
		return
	}
	for d := s.w.start - 900 + day(s.between(0, 600)); d <= s.last; d += day(s.between(360, 840)) {
		wall := s.daytime(d)
		if s.chance(0.08) {
			wall = s.windowEdge(27)
		}
		if s.chance(0.25) {
			s.result(mammographyReport, wall)
		} else {
			s.procedure(pick(s, mammographyCodes), wall, -1)
		}
	}
}

func (s *life) cervix() {
	if s.age < 22 {
		return
	}
	if s.age >= 35 && s.chance(0.09) {
		s.procedure(hysterectomyCodes[0], s.daytime(s.yearsBack(10)), -1)
	}
	if b := s.p.birth; b.prec == toDay && s.chance(0.4) { // the test that counts only from the thirtieth birthday
		y, m, d := b.day().date()
		if on := civil(y+30, m, d); on > s.w.start-1000 && on <= s.last {
			s.result(hpvCode, s.daytime(on-day(s.between(0, 1))))
		}
	}
	share := cervicalUsual
	if s.p.ethnicity == hispanic {
		share = cervicalHispanic
	}
	if !s.chance(share) {
		return
	}
	for d := s.w.start - 1400 + day(s.between(0, 1000)); d <= s.last; d += day(s.between(650, 1250)) {
		wall := s.daytime(d)
		if s.chance(0.08) {
			wall = s.windowEdge(36)
		}
		if s.chance(0.15) {
			s.procedure(cytologyCode, wall, -1)
		} else {
			s.result(cytologyCode, wall)
		}
		if s.chance(0.4) {
			if s.chance(0.1) {
				wall = s.windowEdge(60)
			}
			s.result(hpvCode, wall)
		}
	}
}

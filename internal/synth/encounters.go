package synth

// site of an encounter: mostly the usual one; -1 = no serviceProvider written.
func (s *life) place() int {
	switch s.weighted(85, 12, 3) {
	case 0:
		return s.p.home
	case 1:
		return s.homeSite()
	}
	return -1
}

func (s *life) encounter(class, status string, kind *concept, start, end moment, site int) int {
	s.p.encounters = append(s.p.encounters, encounter{
		resource: s.new(start.wall), status: status, class: class, kind: kind, start: start, end: end, site: site,
	})
	return len(s.p.encounters) - 1
}

// diagnosed says for each stay so far what it was for: the first of the person's conditions.
func (s *life) diagnosed() {
	for i := range s.p.encounters {
		if e := &s.p.encounters[i]; e.class == "IMP" && len(s.p.conditions) > 0 {
			e.diagnoses = []int{0}
		}
	}
}

// visits are ambulatory: what makes a patient one of a measure's, and where most
// Observations arise.
func (s *life) visits() {
	perYear := 1.9
	switch {
	case s.age >= 65:
		perYear = 3.6
	case s.age >= 45:
		perYear = 2.8
	}
	if len(s.p.conditions) > 2 {
		perYear += 0.7
	}
	for d := s.first + s.wait(perYear) - 1; d <= s.last; d += s.wait(perYear) {
		s.visit(d.wall()+s.office(), false)
		if s.chance(0.02) {
			s.visit(d.wall()+s.office(), false)
		}
	}
	for range 2 {
		if e := s.edge(); s.chance(0.18) && s.within(e) {
			s.visit(e, false)
		}
	}
	if s.p.index == 0 && !s.p.orphan { // the newest day of the data is the last day asked for
		s.visit(s.w.end.wall()+dayMS-30_000, true)
	}
}

func (s *life) visit(wall int64, surely bool) {
	wall = s.free(wall)
	start := s.at(wall)
	status := []string{"finished", "cancelled", "in-progress", "arrived", "entered-in-error", "planned"}[s.weighted(905, 50, 10, 10, 15, 10)]
	class := []string{"AMB", "VR", "HH", ""}[s.weighted(935, 40, 15, 10)]
	switch s.weighted(975, 15, 10) {
	case 1: // a system that keeps days only
		if day := on(start.day(), toDay); !s.starts[day.wall] {
			s.starts[day.wall] = true
			start = day
		}
	case 2:
		start = moment{}
	}
	if surely {
		status, class, start = "finished", "AMB", s.at(wall)
	}
	end := moment{}
	if status == "finished" && start.prec >= toSecond {
		end = s.at(s.sameDay(start.wall, s.between(15, 55)))
	}
	site := s.place()
	e := s.encounter(class, status, pick(s, visitCodes), start, end, site)
	if status == "finished" || status == "in-progress" {
		s.examine(wall, site, e, true)
	}
	if s.chance(0.12) {
		s.procedure(pick(s, otherProcedures), wall, e)
	}
}

// emergencies follow a rate by age; one site's patients come much more often. Some
// fall in the hour that autumn repeats, in its first or second pass.
func (s *life) emergencies() {
	perYear := emergencyUsual * (0.75 + float64(max(s.age, 0))/180)
	if s.p.home == s.w.highSite {
		perYear *= emergencyHighBy
	}
	for d := s.first + s.wait(perYear) - 1; d <= s.last; d += s.wait(perYear) {
		wall := d.wall() + s.anyTime()
		if e := s.edge(); s.chance(0.06) && s.within(e) {
			wall = e
		}
		s.emergency(s.at(s.free(wall)))
	}
	for y, _, _ := s.first.date(); ; y++ {
		d := repeatedHour(y)
		if d > s.last {
			break
		}
		if d >= s.first && s.chance(0.012) {
			m := s.w.clock.at(s.free(d.wall() + 3_600_000 + int64(s.between(0, 59))*60_000))
			if s.chance(0.5) { // the first pass, still in daylight time
				m.offset, m.written = m.offset+60, m.written+60
			}
			s.emergency(m)
		}
	}
}

func (s *life) emergency(start moment) {
	status := []string{"finished", "cancelled", "in-progress", "entered-in-error"}[s.weighted(94, 2, 2, 2)]
	end := moment{}
	if status == "finished" {
		end = s.at(s.sameDay(start.wall, s.between(90, 600)))
	}
	site := s.place()
	e := s.encounter("EMER", status, emergencyCode, start, end, site)
	if status == "finished" && s.chance(0.6) {
		s.examine(start.wall, site, e, false)
	}
}

// admissions are a chain in time: each may be followed by a readmission, some exactly
// on day 30 or 31, some on the same day, some in the very minute of discharge.
func (s *life) admissions() {
	limit := s.last
	if s.diesInBed {
		limit = s.last - day(s.between(2, 9))
	}
	perYear := 0.05 + 0.0032*float64(max(s.age-30, 0))
	next := s.first + s.wait(perYear)
	for next <= limit {
		end, ok := s.admission(next.wall()+s.anyTime(), limit)
		if !ok {
			break
		}
		next = dayOfWall(end) + 32 + s.wait(perYear)
		if !s.chance(readmissionShare) {
			continue
		}
		gap := day(s.between(1, 29))
		switch s.weighted(72, 8, 8, 4, 4, 4) {
		case 1:
			gap = 30
		case 2:
			gap = 31
		case 3: // the same day, hours later
			if later := s.sameDay(end, 150); later > end && dayOfWall(end) < limit {
				s.admission(later, limit)
			}
			continue
		case 4: // a transfer: starts as the other ends, which is not after it
			if dayOfWall(end) < limit && !s.starts[end] {
				s.admission(end, limit)
			}
			continue
		case 5:
			gap = day(s.between(32, 40))
		}
		next = dayOfWall(end) + gap
	}
	if s.diesInBed && limit >= s.first {
		start, end := s.at(s.free(limit.wall()+s.anyTime())), s.at(s.last.wall()+22*3_600_000+int64(s.between(0, 58))*60_000)
		if end.wall > start.wall {
			e := s.encounter("IMP", "finished", admissionCode, start, end, s.place())
			s.p.encounters[e].disposition = "exp"
		}
	}
}

// admission adds one stay and returns its end; false when the patient is still in, or
// when it would overlap what comes at limit.
func (s *life) admission(wall int64, limit day) (end int64, ok bool) {
	wall = s.free(wall)
	out := dayOfWall(wall) + day(s.between(1, 9))
	if e := dayOfWall(s.edge()); s.chance(0.08) && e > dayOfWall(wall) && e < dayOfWall(wall)+45 {
		out = e
	}
	end = out.wall() + int64(s.between(9*60, 20*60))*60_000
	switch s.rng.IntN(20) {
	case 0:
		end = out.wall()
	case 1:
		end = out.wall() + dayMS - 1000
	}
	start := s.at(wall)
	if dayOfWall(end) >= limit {
		if limit == s.w.end {
			s.encounter("IMP", "in-progress", admissionCode, start, moment{}, s.place())
		}
		return 0, false
	}
	status := []string{"finished", "cancelled", "entered-in-error", "unknown"}[s.weighted(955, 15, 15, 15)]
	left := s.at(end)
	if s.chance(0.01) {
		left = moment{}
	}
	site := s.place()
	e := s.encounter("IMP", status, admissionCode, start, left, site)
	s.p.encounters[e].disposition = []string{"home", "snf", "other-hcf", "aadvice", "hosp", ""}[s.weighted(66, 14, 6, 5, 2, 7)]
	if status == "finished" {
		s.examine(wall, site, e, false)
	}
	return end, true
}

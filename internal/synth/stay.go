package synth

// Encounters for a known reason, which the chains of encounters.go are not.

// inpatient adds a finished stay from a time of day of in to one of out, unless another stay
// is within a day of it or the person is not there. -1 = not added.
func (s *life) inpatient(in, out day) int {
	if in < s.first || out > s.last || out >= s.w.end && !s.hasDeath || !s.bedFree(in-1, out+1) {
		return -1
	}
	// out of the hours that the clocks repeat or skip
	start, end := s.free(in.wall()+int64(s.between(4*60, 12*60))*60_000), out.wall()+int64(s.between(13*60, 20*60))*60_000
	status := []string{"finished", "cancelled", "entered-in-error"}[s.weighted(965, 20, 15)]
	e := s.encounter("IMP", status, admissionCode, s.at(start), s.at(end), s.place())
	s.p.encounters[e].disposition = []string{"home", "snf", "other-hcf", ""}[s.weighted(72, 16, 6, 6)]
	return e
}

// bedFree says that no stay touches the days.
func (s *life) bedFree(low, high day) bool {
	for i := range s.p.encounters {
		e := &s.p.encounters[i]
		if e.class != "IMP" || !e.start.present() {
			continue
		}
		last := e.start.day()
		if e.end.present() {
			last = e.end.day()
		} else if e.status == "in-progress" {
			last = s.w.end
		}
		if e.start.day() <= high && last >= low {
			return false
		}
	}
	return true
}

// ambulatory adds a visit, mostly finished. -1 = the person is not there.
func (s *life) ambulatory(d day, kind *concept) int {
	if d < s.first || d > s.last {
		return -1
	}
	start := s.at(s.free(d.wall() + s.office()))
	status := []string{"finished", "cancelled", "entered-in-error"}[s.weighted(95, 4, 1)]
	end := moment{}
	if status == "finished" {
		end = s.at(s.sameDay(start.wall, s.between(15, 45)))
	}
	site := s.place()
	e := s.encounter("AMB", status, kind, start, end, site)
	if status == "finished" {
		s.pressure(s.sameDay(start.wall, 5), site, e)
	}
	return e
}

// because says why an encounter was: by a reason, by a condition of the person (-1 = none), or both. The
// condition may be the second after another that the person has.
func (s *life) because(e int, reason *concept, condition int) {
	x := &s.p.encounters[e]
	how := s.weighted(55, 35, 10)
	if condition < 0 {
		how = 0
	}
	if how != 1 {
		x.reason = reason
	}
	if how != 0 {
		if condition > 0 && s.chance(0.3) {
			x.diagnoses = append(x.diagnoses, 0)
		}
		x.diagnoses = append(x.diagnoses, condition)
	}
}

// newest is the place of the condition that was added last.
func (s *life) newest() int { return len(s.p.conditions) - 1 }

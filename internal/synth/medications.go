package synth

func (s *life) medications() {
	if first, found := s.firstType2(); found {
		s.diabetesTreatment(first)
	} else if s.hasDiagnosis(type1Diabetes) {
		s.refill(diabetesDrugs[1], s.w.start-day(s.between(0, 900)), 120)
	} else if s.chance(0.012) { // metformin for something else
		s.refill(diabetesDrugs[0], s.dayIn(s.w.start-200, max(s.w.start, s.last)), 200)
	}
	if s.hypertensive() {
		s.refill(pick(s, otherDrugs[:4]), s.w.start+day(s.between(0, 400)), 220)
	}
	for d := s.w.start + s.wait(0.6); d <= s.last; d += s.wait(0.6) {
		s.prescribe(pick(s, otherDrugs), d, "")
	}
}

// diabetesTreatment mostly starts on or after the day of the diagnosis. An earlier
// prescription takes a person out of the cohort; one that was cancelled, drafted or
// said not to be done does not.
func (s *life) diabetesTreatment(first day) {
	switch s.weighted(66, 8, 8, 10, 8) {
	case 0:
		s.refill(pick(s, diabetesDrugs), first+day(s.between(1, 90)), 180)
	case 1:
		s.refill(diabetesDrugs[0], first, 180)
	case 2:
		s.refill(diabetesDrugs[0], first-day(s.between(1, 400)), 180)
	case 3:
		s.prescribe(diabetesDrugs[0], first-day(s.between(1, 300)), pick(s, []string{"cancelled", "draft", "entered-in-error", "never"}))
		s.refill(diabetesDrugs[0], first+day(s.between(0, 60)), 180)
	}
}

func (s *life) refill(drug *concept, from day, every int) {
	for d := from; d <= s.last; d += day(s.between(every-30, every+30)) {
		s.prescribe(drug, d, "")
	}
}

// prescribe adds a request of the given status; "" draws one, "never" is an order not to.
func (s *life) prescribe(drug *concept, d day, status string) {
	if d > s.last {
		return
	}
	x := medicationRequest{resource: s.new(d.wall()), code: drug, status: status, encounter: -1,
		intent: []string{"order", "plan"}[s.weighted(97, 3)]}
	switch status {
	case "":
		x.status = []string{"active", "completed", "stopped", "on-hold", "cancelled", "entered-in-error", "draft"}[s.weighted(46, 34, 10, 1, 4, 2, 3)]
		x.doNotPerform = s.chance(0.015)
	case "never":
		x.status, x.doNotPerform = "active", true
	}
	switch s.weighted(84, 12, 2, 2) {
	case 0:
		x.authored = s.at(d.wall() + s.anyTime())
	case 1:
		x.authored = on(d, toDay)
	case 2:
		x.authored = on(d, toMonth)
	}
	s.p.medications = append(s.p.medications, x)
}

func (s *life) immunizations() {
	for d := s.first + s.wait(1.1); d <= s.last; d += s.wait(1.1) {
		x := immunization{code: pick(s, vaccines), encounter: -1,
			status: []string{"completed", "not-done", "entered-in-error"}[s.weighted(93, 5, 2)]}
		x.resource, x.occurrence = s.new(d.wall()), s.when(s.daytime(d))
		s.p.immunizations = append(s.p.immunizations, x)
	}
}

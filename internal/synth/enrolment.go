package synth

// gapLengths are uncovered days between two coverages, with both sides of the 45 days
// that the rule of observable time bridges.
var gapLengths = []int{1, 10, 30, 44, 45, 45, 46, 46, 47, 60, 90, 200}

func (s *life) enrolment() {
	if s.chance(0.05) {
		return // never covered by anyone
	}
	w := s.w
	group := s.payerGroup()
	var from day
	switch s.weighted(70, 14, 16) {
	case 0:
		y, _, _ := w.start.date()
		from = civil(y-s.between(0, 6), 1, 1)
	case 1:
		from = w.start + day(s.between(-60, 60))
	case 2:
		from = s.dayIn(w.start, w.end)
	}
	if first, found := s.firstType2(); found && s.chance(0.12) {
		from = first - 365 + day(s.between(0, 1)) // exactly a year before the index day, or a day less
	}
	from = max(from, s.birth) // no one is observed before life
	taken := map[day]bool{}
	for from <= w.end && len(s.p.coverages) < 7 {
		for taken[from] {
			from++
		}
		taken[from] = true
		c := coverage{resource: s.new(from.wall()), start: s.coverageDay(from, false)}
		plan := pick(s, plans[group])
		c.code, c.payer = plan.code, plan.payer
		c.status = []string{"active", "cancelled", ""}[s.weighted(88, 7, 5)]
		var to day
		switch s.weighted(52, 6, 6, 36) {
		case 0:
			to = w.end + 1
		case 1:
			to, c.end = w.end+1, on(civil(9999, 12, 31), toDay)
		case 2:
			y, _, _ := w.end.date()
			to = civil(y+1, 12, 31)
			c.end = s.coverageDay(to, true)
		case 3:
			to = from + day(s.between(60, 900))
			c.end = s.coverageDay(to, true)
		}
		s.p.coverages = append(s.p.coverages, c)
		if s.chance(0.05) && !taken[from+33] && from+33 <= w.end { // a second insurer at the same time
			taken[from+33] = true
			second := pick(s, plans["private"])
			s.p.coverages = append(s.p.coverages, coverage{resource: s.new(from.wall()), status: "active", code: second.code, payer: second.payer,
				start: on(from+33, toDay), end: on(from+33+day(s.between(20, 400)), toDay)})
		}
		if to > w.end {
			return
		}
		gap := 0
		if s.chance(0.6) {
			gap = pick(s, gapLengths)
			if s.chance(0.15) && !taken[to+1] && to+1 <= w.end { // it would fill the gap, but it is an error
				taken[to+1] = true
				wrong := pick(s, plans["other"])
				s.p.coverages = append(s.p.coverages, coverage{resource: s.new(to.wall()), status: "entered-in-error", code: wrong.code, payer: wrong.payer,
					start: on(to+1, toDay), end: on(to+day(gap), toDay)})
			}
		}
		from = to + day(gap) + 1
		if s.chance(0.5) {
			group = s.payerGroup()
		}
	}
}

// coverageDay writes a day of a coverage as a date, or as the dateTime of its first or last second.
func (s *life) coverageDay(d day, last bool) moment {
	if !s.chance(0.1) {
		return on(d, toDay)
	}
	if last {
		return s.w.clock.at(d.wall() + dayMS - 1000)
	}
	return s.w.clock.at(d.wall())
}

func (s *life) payerGroup() string {
	if s.age >= 65 {
		return []string{"medicare", "private", "medicaid", "other"}[s.weighted(82, 9, 5, 4)]
	}
	return []string{"private", "medicaid", "medicare", "self-pay", "other"}[s.weighted(58, 26, 3, 7, 6)]
}

func (s *life) firstType2() (first day, found bool) {
	for i := range s.p.conditions {
		c := &s.p.conditions[i]
		if c.code.kind == type2Diabetes && c.begins().present() && (!found || c.begins().day() < first) {
			first, found = c.begins().day(), true
		}
	}
	return first, found
}

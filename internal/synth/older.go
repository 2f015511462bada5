package synth

// Older versions of a resource. Each differs from the newest in something that a
// definition looks at, so that counting the wrong one shows.

const aDay = int64(dayMS)

func olderPatient(p *person) {
	p.updated -= 40 * aDay
	p.birth = on(civil(1971, 3, 5), toDay)
	p.gender, p.ethnicity, p.races = "unknown", nil, nil
	p.death, p.deceased = moment{}, 0
}

func olderEncounter(e *encounter) {
	e.updated -= 9 * aDay
	if e.status == "finished" {
		e.status, e.end, e.disposition = "in-progress", moment{}, ""
	} else {
		e.status = "finished"
	}
	e.site = -1
}

func olderCondition(c *condition) {
	c.updated -= 30 * aDay
	if c.verified() {
		c.verification = "refuted"
	} else {
		c.verification = "confirmed"
	}
}

func olderObservation(o *observation) {
	o.updated -= 60_000
	if o.counts() {
		o.status = "preliminary"
	} else {
		o.status = "final"
	}
}

func olderProcedure(x *procedure) {
	x.updated -= aDay
	if x.status == "completed" {
		x.status = "in-progress"
	} else {
		x.status = "completed"
	}
}

func olderMedicationRequest(m *medicationRequest) {
	m.updated -= aDay
	if m.status == "draft" {
		m.status = "active"
	} else {
		m.status = "draft"
	}
}

func olderImmunization(x *immunization) {
	x.updated -= aDay
	x.status = "not-done"
}

func olderCoverage(c *coverage) {
	c.updated -= 100 * aDay
	if c.status == "entered-in-error" {
		c.status = "active"
	} else {
		c.status = "entered-in-error"
	}
}

func olderReport(r *report) { r.updated -= aDay }

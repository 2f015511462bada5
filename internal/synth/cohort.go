package synth

// cohortRules of incident-type-2-diabetes in order, after the entry event.
var cohortRules = []string{"entry", "adult", "observable-365", "no-type-1", "no-earlier-medication"}

const cohortID = "incident-type-2-diabetes"

// cohortTally counts the cohort and its yearly incidence.
type cohortTally struct {
	study     period // from the earliest low to the latest high of the disjoint periods
	years     []period
	remaining []int64
	members   []uid
	cases     []int64
	atRisk    []int64 // person-days
}

func newCohortTally(w *world) cohortTally {
	c := cohortTally{remaining: make([]int64, len(cohortRules))}
	for _, p := range w.periods {
		if !p.disjoint {
			continue
		}
		if c.study.high == 0 {
			c.study = p
		}
		c.study.low, c.study.high = min(c.study.low, p.low), max(c.study.high, p.high)
	}
	for y, _, _ := c.study.low.date(); civil(y+1, 1, 1) <= c.study.high; y++ {
		if civil(y, 1, 1) >= c.study.low {
			c.years = append(c.years, period{low: civil(y, 1, 1), high: civil(y+1, 1, 1)})
		}
	}
	c.cases, c.atRisk = make([]int64, len(c.years)), make([]int64, len(c.years))
	return c
}

func (c *cohortTally) add(other *cohortTally) {
	for i, n := range other.remaining {
		c.remaining[i] += n
	}
	c.members = append(c.members, other.members...)
	for i := range c.years {
		c.cases[i] += other.cases[i]
		c.atRisk[i] += other.atRisk[i]
	}
}

// firstOf is the first day of a verified condition of the kind.
func (p *person) firstOf(k kind) (first day, found bool) {
	for i := range p.conditions {
		c := &p.conditions[i]
		if c.code.kind == k && c.verified() && c.begins().present() && (!found || c.begins().day() < first) {
			first, found = c.begins().day(), true
		}
	}
	return first, found
}

func (p *person) hasType1() bool {
	for i := range p.conditions {
		if c := &p.conditions[i]; c.code.kind == type1Diabetes && c.verified() {
			return true
		}
	}
	return false
}

// firstDrug is the day of the first diabetes medication that was really asked for.
func (p *person) firstDrug() (first day, found bool) {
	for i := range p.medications {
		m := &p.medications[i]
		if m.code.kind != diabetesMedication || m.doNotPerform || m.status == "entered-in-error" || m.status == "cancelled" || m.status == "draft" || !m.authored.present() {
			continue
		}
		if !found || m.authored.day() < first {
			first, found = m.authored.day(), true
		}
	}
	return first, found
}

func (c *cohortTally) count(p *person, spans []span) {
	index, diabetic := p.firstOf(type2Diabetes)
	drug, treated := p.firstDrug()
	if diabetic && index >= c.study.low && index < c.study.high {
		c.follow(p, index, spans, treated && drug < index)
	}
	if !p.birth.present() || p.hasType1() {
		return
	}
	for y, year := range c.years {
		for _, s := range spans {
			for d := max(year.low, s.first+365); d <= s.last && d < year.high; d++ {
				if diabetic && d > index || treated && d > drug {
					break
				}
				if ageOn(p.birth.day(), d) >= 18 {
					c.atRisk[y]++
				}
			}
		}
	}
}

// follow takes one entry through the rules in order.
func (c *cohortTally) follow(p *person, index day, spans []span, treatedBefore bool) {
	observed := false
	for _, s := range spans {
		observed = observed || s.first <= index-365 && s.last >= index
	}
	kept := []bool{
		true,
		p.birth.present() && ageOn(p.birth.day(), index) >= 18,
		observed,
		!p.hasType1(),
		!treatedBefore,
	}
	for rule, keeps := range kept {
		if !keeps {
			return
		}
		c.remaining[rule]++
	}
	c.members = append(c.members, p.id)
	for y, year := range c.years {
		if index >= year.low && index < year.high {
			c.cases[y]++
		}
	}
}

package synth

// stratum is a one-way split and its values in a fixed order.
type stratum struct {
	name   string
	values []string
	from   int // place of the first value in a row of the tally
}

var ageBands = []struct {
	to   int
	name string
}{{17, "0-17"}, {44, "18-44"}, {64, "45-64"}, {74, "65-74"}, {84, "75-84"}, {1 << 20, "85+"}}

const (
	byAll = iota
	bySite
	bySex
	byAge
	byRace
	byEthnicity
	byPayer
	byState // of cohorts alone
	strataCount
)

func (w *world) strata() []stratum {
	sites := []string{"unattributed"}
	for _, s := range w.sites {
		sites = append(sites, s.label)
	}
	ages := []string{"unknown"}
	for _, b := range ageBands {
		ages = append(ages, b.name)
	}
	list := []stratum{
		byAll:       {name: "all", values: []string{"all"}},
		bySite:      {name: "site", values: sites},
		bySex:       {name: "sex", values: []string{"unknown", "female", "male", "other"}},
		byAge:       {name: "age", values: ages},
		byRace:      {name: "race", values: []string{"unknown", "multiple", white.code, black.code, asian.code, native.code, pacific.code}},
		byEthnicity: {name: "ethnicity", values: []string{"unknown", hispanic.code, nonHispanic.code}},
		byPayer:     {name: "payer", values: []string{"none", "medicare", "medicaid", "private", "self-pay", "other"}},
		byState:     {name: "state", values: []string{"unknown", "NY", "NJ", "CT", "MA"}},
	}
	from := 0
	for i := range list {
		list[i].from = from
		from += len(list[i].values)
	}
	return list
}

func (s stratum) place(value string) int {
	for i, v := range s.values {
		if v == value {
			return s.from + i
		}
	}
	return s.from // the first value is the "unknown" of its stratum
}

// cell is one count of the truth.
type cell struct{ initial, excluded, denominator, numerator int64 }

// tally adds up the measures of many people, and the cohorts. Adding two tallies is
// adding their cells, so that chunks of people can be counted apart.
type tally struct {
	w       *world
	strata  []stratum
	width   int
	cells   []cell // by measure, period, value
	studies []studyTally
}

func newTally(w *world) *tally {
	t := &tally{w: w, strata: w.strata()}
	last := t.strata[len(t.strata)-1]
	t.width = last.from + len(last.values)
	t.cells = make([]cell, len(measureIDs)*len(w.periods)*t.width)
	t.clear()
	return t
}

// clear begins again with nobody.
func (t *tally) clear() {
	clear(t.cells)
	t.studies = nil
	for i := range studies {
		t.studies = append(t.studies, newStudyTally(t.w, &studies[i], t.strata, t.width))
	}
}

func (t *tally) row(measure, period int) []cell {
	at := (measure*len(t.w.periods) + period) * t.width
	return t.cells[at : at+t.width]
}

func (t *tally) add(other *tally) {
	for i, c := range other.cells {
		t.cells[i].initial += c.initial
		t.cells[i].excluded += c.excluded
		t.cells[i].denominator += c.denominator
		t.cells[i].numerator += c.numerator
	}
	for i := range t.studies {
		t.studies[i].add(&other.studies[i])
	}
}

// places are the cells of a row that one person or stay is counted in, one a stratum.
type places [strataCount]int

func (t *tally) record(measure, period int, at places, c cell) {
	row := t.row(measure, period)
	for _, i := range at[:byState] {
		row[i].initial += c.initial
		row[i].excluded += c.excluded
		row[i].denominator += c.denominator
		row[i].numerator += c.numerator
	}
}

func (o outcome) cell() cell {
	switch {
	case !o.initial:
		return cell{}
	case o.excluded:
		return cell{initial: 1, excluded: 1}
	case o.numerator:
		return cell{initial: 1, denominator: 1, numerator: 1}
	}
	return cell{initial: 1, denominator: 1}
}

const (
	readmission = 5
	emergency   = 6
)

// count adds one person to every measure and period.
func (t *tally) count(p *person) {
	if p.orphan {
		return // no Patient, no population
	}
	at := places{byAll: 0, bySex: t.strata[bySex].place(p.gender), byRace: t.strata[byRace].place(p.race())}
	at[byState] = t.strata[byState].place(p.stateCode())
	at[byEthnicity] = t.strata[byEthnicity].place("unknown")
	if p.ethnicity != nil {
		at[byEthnicity] = t.strata[byEthnicity].place(p.ethnicity.code)
	}
	spans := p.observable(t.w.end)
	for n, in := range t.w.periods {
		at[byAge] = t.strata[byAge].place(p.ageBand(in.lastDay()))
		at[byPayer] = t.strata[byPayer].place(p.payer(in))
		at[bySite] = t.strata[bySite].from + 1 + p.attributed(in)
		if p.birth.present() && p.alive(in) && p.visited(in) {
			age := ageOn(p.birth.day(), in.lastDay())
			for m, measure := range patientMeasures {
				if o := measure(p, age, in); o.initial {
					t.record(m, n, at, o.cell())
				}
			}
		}
		if visits, days := p.emergencies(spans, in); days > 0 {
			t.record(emergency, n, at, cell{initial: 1, denominator: days, numerator: visits})
		}
		for i := range p.encounters {
			e := &p.encounters[i]
			if o := p.stay(e, in); o.initial {
				at[bySite] = t.strata[bySite].from + 1 + e.site
				t.record(readmission, n, at, o.cell())
			}
		}
	}
	for i := range t.studies {
		t.studies[i].count(p, spans, at)
	}
}

func (p *person) ageBand(on day) string {
	if !p.birth.present() {
		return "unknown"
	}
	age := ageOn(p.birth.day(), on)
	for _, b := range ageBands {
		if age <= b.to {
			return b.name
		}
	}
	return "unknown"
}

// race is the category's code, "multiple" for two or more, "unknown" for none. Detailed
// races and null flavours are no category.
func (p *person) race() string {
	code, n := "unknown", 0
	for _, r := range p.races {
		if !r.nullFlavour {
			code = r.code
			n++
		}
	}
	if n > 1 {
		return "multiple"
	}
	return code
}

// stateCode is the postal code of the state of the address; what an extract makes of the full name too.
func (p *person) stateCode() string {
	if p.state == "New York" {
		return "NY"
	}
	return p.state
}

// payer is that of the coverage, of those that overlap the period, with the latest start.
func (p *person) payer(in period) string {
	payer, latest := "none", ever
	for i := range p.coverages {
		c := &p.coverages[i]
		if c.status != "entered-in-error" && c.start.day() < in.high && (!c.end.present() || c.end.day() >= in.low) && c.start.day() > latest {
			payer, latest = c.payer, c.start.day()
		}
	}
	return payer
}

// attributed is the site with most visits in the 24 months that end with the period; of
// several, that of the latest visit among theirs. -1 = none.
func (p *person) attributed(in period) int {
	low := addMonths(in.high, -24)
	best, bestVisits, bestLatest := -1, 0, int64(0)
	for i := range p.encounters {
		site := p.encounters[i].site
		if site < 0 || site == best {
			continue
		}
		visits, latest := 0, int64(0)
		for j := range p.encounters {
			e := &p.encounters[j]
			if e.site == site && e.isVisit() && e.start.within(low, in.high) {
				if visits == 0 || e.start.wall > latest {
					latest = e.start.wall
				}
				visits++
			}
		}
		if visits > bestVisits || visits > 0 && visits == bestVisits && latest > bestLatest {
			best, bestVisits, bestLatest = site, visits, latest
		}
	}
	return best
}

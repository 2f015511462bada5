package synth

import (
	"cmp"
	"slices"
)

// studyTally counts one study: its attrition, what became of its members, and its rates.
type studyTally struct {
	*study
	w        *world
	window   period // from the earliest low to the latest high of the disjoint periods
	years    []period
	strata   []stratum
	width    int
	left     []int64 // entries after each rule, that of the entry event first
	members  []member
	follow   [][]followed // by outcome and value of a stratum
	traits   []int64
	rates    [][]cases // by period and value of a stratum
	cases    []int64   // by year
	riskDays []int64
}

// member is an entry that passes all rules.
type member struct {
	id    uid
	index day
}

// followed is what became of the members of a stratum's value.
type followed struct{ atRisk, washedOut, noTime, events, days int64 }

// cases of a period over days at risk.
type cases struct{ cases, days int64 }

func newStudyTally(w *world, s *study, strata []stratum, width int) studyTally {
	t := studyTally{study: s, w: w, strata: strata, width: width, left: make([]int64, 1+len(s.rules)), traits: make([]int64, len(s.traits))}
	for _, p := range w.periods {
		if !p.disjoint {
			continue
		}
		if t.window.high == 0 {
			t.window = p
		}
		t.window.low, t.window.high = min(t.window.low, p.low), max(t.window.high, p.high)
	}
	for y, _, _ := t.window.low.date(); civil(y+1, 1, 1) <= t.window.high; y++ {
		if civil(y, 1, 1) >= t.window.low {
			t.years = append(t.years, period{low: civil(y, 1, 1), high: civil(y+1, 1, 1)})
		}
	}
	t.cases, t.riskDays = make([]int64, len(t.years)), make([]int64, len(t.years))
	for range s.outcomes {
		t.follow = append(t.follow, make([]followed, width))
	}
	if s.atRisk != nil {
		for range w.periods {
			t.rates = append(t.rates, make([]cases, width))
		}
	}
	return t
}

func (t *studyTally) add(other *studyTally) {
	sum := func(to, from []int64) {
		for i, n := range from {
			to[i] += n
		}
	}
	sum(t.left, other.left)
	sum(t.traits, other.traits)
	sum(t.cases, other.cases)
	sum(t.riskDays, other.riskDays)
	t.members = append(t.members, other.members...)
	for i, row := range other.follow {
		for j, c := range row {
			to := &t.follow[i][j]
			to.atRisk += c.atRisk
			to.washedOut += c.washedOut
			to.noTime += c.noTime
			to.events += c.events
			to.days += c.days
		}
	}
	for i, row := range other.rates {
		for j, c := range row {
			t.rates[i][j].cases += c.cases
			t.rates[i][j].days += c.days
		}
	}
}

// count adds one person. fixed are the places by what does not change of a person.
func (t *studyTally) count(p *person, spans []span, fixed places) {
	entries := t.entry(p)
	slices.Sort(entries)
	entries = slices.Compact(entries)
	if t.atRisk != nil {
		t.exposed(p, spans, entries, fixed)
	}
	if !t.every && len(entries) > 1 {
		entries = entries[:1]
	}
	for _, index := range entries {
		if index >= t.window.low && index < t.window.high && t.passes(p, index, spans) {
			t.enter(p, index, spans, fixed)
		}
	}
}

// passes takes one entry through the rules in order.
func (t *studyTally) passes(p *person, index day, spans []span) bool {
	t.left[0]++
	for i, r := range t.rules {
		if !r.keeps(p, index, spans) {
			return false
		}
		t.left[i+1]++
	}
	return true
}

// enter counts a member.
func (t *studyTally) enter(p *person, index day, spans []span, fixed places) {
	t.members = append(t.members, member{p.id, index})
	for y, year := range t.years {
		if index >= year.low && index < year.high {
			t.cases[y]++
		}
	}
	for i, trait := range t.study.traits {
		if trait.has(p, index) {
			t.traits[i]++
		}
	}
	// strata on the index date; the site by the visits of the months before
	at := fixed
	at[byAge] = t.strata[byAge].place(p.ageBand(index))
	at[byPayer] = t.strata[byPayer].place(p.payer(period{low: index, high: index + 1}))
	at[bySite] = t.strata[bySite].from + 1 + p.attributed(period{high: index.firstOfMonth()})
	for i, o := range t.outcomes {
		c := t.wait(p, o, index, spans)
		for _, s := range t.study.strata {
			to := &t.follow[i][at[s]]
			to.atRisk += c.atRisk
			to.washedOut += c.washedOut
			to.noTime += c.noTime
			to.events += c.events
			to.days += c.days
		}
	}
	for n, in := range t.w.periods {
		if t.atRisk == nil || index < in.low || index >= in.high {
			continue
		}
		at := t.inPeriod(p, in, fixed)
		at[byAge] = t.strata[byAge].place(p.ageBand(index))
		for _, s := range t.study.strata {
			t.rates[n][at[s]].cases++
		}
	}
}

// wait goes day by day from the first day at risk to the event or the last day.
func (t *studyTally) wait(p *person, o studyOutcome, index day, spans []span) followed {
	events := settled(p, o, spans)
	d := index + day(o.from)
	if o.washout > 0 && anyIn(events, d-day(o.washout), d-1) {
		return followed{washedOut: 1}
	}
	last, seen := t.exit(p, index), false
	for _, s := range spans {
		if s.first <= index && index <= s.last {
			last, seen = min(last, s.last), true
		}
	}
	for _, death := range p.died() {
		last = min(last, death)
	}
	if o.to > 0 {
		last = min(last, index+day(o.to))
	}
	if !seen || last < d {
		return followed{noTime: 1}
	}
	c := followed{atRisk: 1}
	for ; d <= last; d++ {
		c.days++
		if anyIn(events, d, d) {
			c.events++
			break
		}
	}
	return c
}

// settled are the events of an outcome that somebody can know of: observation and life go on
// until they have settled.
func settled(p *person, o studyOutcome, spans []span) (events []day) {
	for _, d := range o.event(p) {
		until := d + day(o.settles)
		if o.settles == 0 || watched(spans, d, until) && !anyIn(p.died(), ever, until-1) {
			events = append(events, d)
		}
	}
	return events
}

// inPeriod are the places by what is told for a period.
func (t *studyTally) inPeriod(p *person, in period, fixed places) places {
	fixed[byPayer] = t.strata[byPayer].place(p.payer(in))
	fixed[bySite] = t.strata[bySite].from + 1 + p.attributed(in)
	return fixed
}

// exposed counts the days at risk of every period, each at the age of the day.
func (t *studyTally) exposed(p *person, spans []span, entries []day, fixed places) {
	low, high := t.window.low, t.window.high
	for _, in := range t.w.periods {
		low, high = min(low, in.low), max(high, in.high)
	}
	bands := t.strata[byAge]
	total := make([]int64, 1+int(high-low))                                         // days at risk before each day
	byBand := make([][]int64, len(bands.values))                                    // the same by age
	exposed, since := t.atRisk(p, spans, entries), make([]int64, len(bands.values)) // until now
	for i := range byBand {
		byBand[i] = make([]int64, len(total))
	}
	for d := low; d < high; d++ {
		n := int(d-low) + 1
		total[n] = total[n-1]
		if exposed(d) {
			total[n]++
			since[bands.place(p.ageBand(d))-bands.from]++
		}
		for i := range byBand {
			byBand[i][n] = since[i]
		}
	}
	if total[len(total)-1] == 0 {
		return
	}
	between := func(days []int64, in period) int64 { return days[in.high-low] - days[in.low-low] }
	for y, year := range t.years {
		t.riskDays[y] += between(total, year)
	}
	for n, in := range t.w.periods {
		days := between(total, in)
		if days == 0 {
			continue
		}
		at := t.inPeriod(p, in, fixed)
		for _, s := range t.study.strata {
			if s != byAge {
				t.rates[n][at[s]].days += days
			}
		}
		for i := range byBand {
			t.rates[n][bands.from+i].days += between(byBand[i], in)
		}
	}
}

// results are the tally as truth.json has it.
func (t *studyTally) results() (CohortCount, []OutcomeCount, []RateCount) {
	slices.SortFunc(t.members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.id[0], b.id[0]), cmp.Compare(a.id[1], b.id[1]), cmp.Compare(a.index, b.index))
	})
	r := CohortCount{ID: t.id, StudyLow: t.window.low.String(), StudyHigh: t.window.high.String(),
		Attrition: []Remaining{{"entry", t.left[0]}}, Members: []Member{}, Characteristics: []Holding{}, Incidence: []Incidence{}}
	for i, rule := range t.rules {
		r.Attrition = append(r.Attrition, Remaining{rule.id, t.left[i+1]})
	}
	for _, m := range t.members {
		r.Members = append(r.Members, Member{m.id.String(), m.index.String()})
	}
	for i, trait := range t.study.traits {
		r.Characteristics = append(r.Characteristics, Holding{trait.id, t.traits[i]})
	}
	if t.atRisk != nil {
		for i, year := range t.years {
			y, _, _ := year.low.date()
			r.Incidence = append(r.Incidence, Incidence{y, t.cases[i], t.riskDays[i]})
		}
	}
	var outcomes []OutcomeCount
	var rates []RateCount
	for _, s := range t.study.strata {
		for v, value := range t.strata[s].values {
			at := t.strata[s].from + v
			for i, o := range t.outcomes {
				if c := t.follow[i][at]; c.atRisk+c.washedOut+c.noTime > 0 {
					outcomes = append(outcomes, OutcomeCount{t.id, o.id, t.strata[s].name, value, c.atRisk, c.washedOut, c.noTime, c.events, c.days})
				}
			}
			for n := range t.rates {
				if c := t.rates[n][at]; c.cases+c.days > 0 {
					rates = append(rates, RateCount{t.id, t.w.periods[n].id, t.strata[s].name, value, c.cases, c.days})
				}
			}
		}
	}
	return r, outcomes, rates
}

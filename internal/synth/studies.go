package synth

import (
	"math"
	"slices"
)

const (
	forever = day(math.MaxInt32)
	anyAge  = 1000
)

// inDays is follow-up for so many days.
func inDays(n int) func(*person, day) day {
	return func(_ *person, index day) day { return index + day(n) }
}

func stays(atEnd bool) func(p *person) []day {
	return func(p *person) []day {
		return p.encountered(atEnd, func(e *encounter) bool { return e.class == "IMP" })
	}
}

func staysFor(k kind, atEnd bool) func(p *person) []day {
	return func(p *person) []day {
		return p.encountered(atEnd, func(e *encounter) bool { return e.class == "IMP" && p.isFor(e, k) })
	}
}

func emergenciesOf(p *person) []day {
	return p.encountered(false, func(e *encounter) bool { return e.class == "EMER" })
}

func emergenciesFor(k kind) func(p *person) []day {
	return func(p *person) []day {
		return p.encountered(false, func(e *encounter) bool { return e.class == "EMER" && p.isFor(e, k) })
	}
}

func ordersOf(k kind) func(p *person) []day { return func(p *person) []day { return p.ordered(k) } }

func hypertensive(p *person, index day) bool {
	return anyIn(p.diagnosed(hypertension), ever, index)
}

func diabetic(p *person, index day) bool { return anyIn(p.diagnosed(type2Diabetes), ever, index) }

// studies are the five shipped cohorts.
var studies = []study{newDiabetes, heartFailureStays, newStatinUsers, birthsAndCare, asthmaVisits}

var newDiabetes = study{
	id:    "incident-type-2-diabetes",
	entry: func(p *person) []day { return p.diagnosed(type2Diabetes) },
	rules: []studyRule{
		{"adult", func(p *person, index day, _ []span) bool { return p.aged(18, anyAge, index) }},
		{"observable-365", func(_ *person, index day, spans []span) bool { return watched(spans, index-365, index) }},
		{"no-type-1", func(p *person, _ day, _ []span) bool { return !p.has(type1Diabetes) }},
		{"no-earlier-medication", func(p *person, index day, _ []span) bool {
			return !anyIn(p.ordered(diabetesMedication), ever, index-1)
		}},
	},
	exit: inDays(365),
	outcomes: []studyOutcome{
		{id: "medication", event: ordersOf(diabetesMedication)},
		{id: "emergency-visit", event: emergenciesOf, from: 1, washout: 30},
	},
	traits: []studyTrait{{"hypertension", hypertensive}},
	strata: allStrata,
	atRisk: func(p *person, spans []span, entries []day) func(d day) bool {
		index, ill := earliest(entries)
		drug, treated := earliest(p.ordered(diabetesMedication))
		type1 := p.has(type1Diabetes)
		return func(d day) bool {
			return !type1 && !(ill && d > index) && !(treated && d > drug) && p.aged(18, anyAge, d) && watched(spans, d-365, d)
		}
	},
}

var heartFailureStays = study{
	id: "heart-failure-readmission", every: true,
	entry: staysFor(heartFailure, true),
	rules: []studyRule{
		{"adult", func(p *person, index day, _ []span) bool { return p.aged(18, anyAge, index) }},
		{"observable-365", func(_ *person, index day, spans []span) bool { return watched(spans, index-365, index) }},
		{"discharged-alive", func(p *person, index day, _ []span) bool { return !anyIn(p.died(), ever, index) }},
		{"no-stay-before", func(p *person, index day, _ []span) bool { return !anyIn(stays(true)(p), index-30, index-1) }},
	},
	exit: inDays(365),
	outcomes: []studyOutcome{
		{id: "readmission-30-day", event: stays(false), from: 1, to: 30},
		{id: "heart-failure-readmission", event: staysFor(heartFailure, false), from: 1},
		{id: "emergency-30-day", event: emergenciesOf, from: 1, to: 30, washout: 7},
		{id: "death", event: (*person).died, from: 1},
	},
	traits: []studyTrait{
		{"stay-year-before", func(p *person, index day) bool { return anyIn(stays(true)(p), index-365, index-1) }},
		{"hypertension", hypertensive},
		{"diabetes", diabetic},
	},
	strata: allStrata,
}

const (
	statinSupply, statinGap = 90, 60
)

var newStatinUsers = study{
	id:    "new-statin-users",
	entry: ordersOf(statin),
	rules: []studyRule{
		{"adult", func(p *person, index day, _ []span) bool { return p.aged(21, anyAge, index) }},
		{"observable-365", func(_ *person, index day, spans []span) bool { return watched(spans, index-365, index) }},
		{"no-liver-disease", func(p *person, index day, _ []span) bool { return !anyIn(p.diagnosed(liverDisease), ever, index-1) }},
	},
	exit: func(p *person, index day) day {
		last := index + 365
		for _, d := range p.diagnosed(liverDisease) {
			if d > index {
				last = min(last, d)
			}
		}
		return last
	},
	outcomes: []studyOutcome{
		{id: "stops", from: 1, settles: statinGap, event: func(p *person) (ends []day) {
			orders := p.ordered(statin)
			for _, d := range orders { // none follows until the gap after its supply has passed
				if !anyIn(orders, d+1, d+statinSupply+statinGap) {
					ends = append(ends, d+statinSupply)
				}
			}
			return ends
		}},
		{id: "cholesterol-checked", event: func(p *person) []day { return p.resulted(ldlCholesterol) }, from: 28, to: 84},
	},
	traits: []studyTrait{
		{"diabetes", diabetic},
		{"measured-before", func(p *person, index day) bool { return anyIn(p.resulted(ldlCholesterol), index-365, index) }},
	},
	strata: allStrata,
	atRisk: func(p *person, spans []span, entries []day) func(d day) bool {
		index, takes := earliest(entries)
		liver, ill := earliest(p.diagnosed(liverDisease))
		return func(d day) bool {
			return !(takes && d > index) && !(ill && d > liver) && p.aged(21, anyAge, d) && watched(spans, d-365, d)
		}
	},
}

// prenatal are the days of visits with prenatal care as their reason, and of those that are of its type.
func (p *person) prenatal() (reasoned, all []day) {
	reasoned = p.encountered(false, func(e *encounter) bool { return p.isFor(e, prenatalVisit) })
	typed := p.encountered(false, func(e *encounter) bool { return e.kind.kind == prenatalVisit })
	return reasoned, append(typed, reasoned...)
}

var birthsAndCare = study{
	id: "births-early-prenatal-care", every: true,
	entry: func(p *person) []day { return p.done(delivery) },
	rules: []studyRule{
		{"age", func(p *person, index day, _ []span) bool { return p.aged(15, 49, index) }},
		{"observable-280", func(_ *person, index day, spans []span) bool { return watched(spans, index-280, index) }},
		{"live-birth", func(p *person, index day, _ []span) bool { return !anyIn(p.diagnosed(stillbirth), index-3, index+3) }},
		{"term", func(p *person, index day, _ []span) bool { return !anyIn(p.diagnosed(pretermBirth), index-7, index+7) }},
		{"one-birth", func(p *person, index day, _ []span) bool { return !anyIn(p.done(delivery), index-209, index-1) }},
	},
	exit: inDays(84),
	outcomes: []studyOutcome{
		{id: "postpartum-visit", from: 7, to: 84, event: func(p *person) []day {
			return p.encountered(false, func(e *encounter) bool { return p.isFor(e, postpartumVisit) })
		}},
		{id: "emergency-42-day", event: emergenciesOf, from: 1, to: 42},
	},
	traits: []studyTrait{
		{"early-prenatal-care", func(p *person, index day) bool {
			_, visits := p.prenatal()
			return anyIn(visits, index-280, index-183)
		}},
		{"any-prenatal-care", func(p *person, index day) bool {
			_, visits := p.prenatal()
			return anyIn(visits, index-280, index-1)
		}},
		{"four-visits", func(p *person, index day) bool {
			visits, _ := p.prenatal()
			n := 0
			for d := index - 280; d < index; d++ {
				if anyIn(visits, d, d) {
					n++
				}
			}
			return n >= 4
		}},
		{"hypertension", hypertensive},
	},
	strata: []int{byAll, bySite, byAge, byRace, byEthnicity, byPayer},
}

var asthmaVisits = study{
	id: "asthma-emergency-visits", every: true,
	entry: emergenciesFor(asthma),
	rules: []studyRule{
		{"observable", func(_ *person, index day, spans []span) bool { return watched(spans, index, index) }},
		{"five-and-older", func(p *person, index day, _ []span) bool { return p.aged(5, anyAge, index) }},
		{"no-copd", func(p *person, index day, _ []span) bool { return !anyIn(p.diagnosed(copd), ever, index-1) }},
	},
	exit: inDays(365),
	outcomes: []studyOutcome{
		{id: "return-visit", event: emergenciesFor(asthma), from: 1, to: 30},
		{id: "controller", event: ordersOf(asthmaController), to: 30, washout: 90},
		{id: "admission", event: stays(false)},
	},
	traits: []studyTrait{
		{"known-asthma", func(p *person, index day) bool { return anyIn(p.diagnosed(asthma), ever, index-1) }},
		{"visit-year-before", func(p *person, index day) bool { return anyIn(emergenciesFor(asthma)(p), index-365, index-1) }},
		{"controller-before", func(p *person, index day) bool { return anyIn(p.ordered(asthmaController), index-182, index-1) }},
	},
	strata: append(slices.Clone(allStrata), byState),
	atRisk: func(p *person, spans []span, _ []day) func(d day) bool {
		lung, ill := earliest(p.diagnosed(copd))
		return func(d day) bool { return !(ill && d > lung) && p.aged(5, anyAge, d) && watched(spans, d, d) }
	},
}

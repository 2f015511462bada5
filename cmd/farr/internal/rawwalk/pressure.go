package rawwalk

import (
	"maps"
	"slices"
	"time"
)

func pressureInitial(v view) truth {
	return v.aged(18, 85).and(v.essentialHypertension()).and(v.qualifying())
}

// essentialHypertension is within the first six months of the period.
func (v view) essentialHypertension() truth {
	half := between(v.start, dateTime{v.start.at.AddDate(0, 6, 0).Add(-time.Millisecond), clock})
	return exists(v.all("Condition", "Essential Hypertension"), func(c object) truth {
		return c.prevalence(v.terms).overlaps(half, v.clock)
	})
}

func pressureExclusion(v view) truth {
	diagnosed := exists(v.all("Condition", "Pregnancy", "End Stage Renal Disease", "Kidney Transplant Recipient", "Chronic Kidney Disease, Stage 5"), func(c object) truth {
		return c.prevalence(v.terms).overlaps(v.period, v.clock)
	})
	operated := exists(completed(v.all("Procedure", "Kidney Transplant", "Dialysis Services")), func(p object) truth {
		return p.when("performed").ends().onOrBefore(v.end, v.clock)
	})
	visited := exists(performed(v.all("Encounter", "ESRD Monthly Outpatient Services")), func(e object) truth {
		return e.period("period").starts().onOrBefore(v.end, v.clock)
	})
	// Is Age 66 to 80 with Advanced Illness and Frailty or Is Age 81 or Older with Frailty
	frail := v.aged(66, 80).and(v.frailty()).and(v.advancedIllness()).or(v.aged(81, 200).and(v.frailty()))
	return v.hospice().or(diagnosed).or(operated).or(visited).or(frail).or(v.nursingHome()).or(v.palliative())
}

func pressureNumerator(v view) truth {
	readings := v.readings()
	days := map[time.Time][]object{}
	for _, o := range readings {
		d := o.when("effective").latest().at.Truncate(24 * time.Hour)
		days[d] = append(days[d], o)
	}
	if len(days) == 0 {
		return unknown
	}
	newest := days[slices.MaxFunc(slices.Collect(maps.Keys(days)), time.Time.Compare)]
	return lowest(newest, v.terms["Systolic blood pressure"]).below(140).and(lowest(newest, v.terms["Diastolic blood pressure"]).below(90))
}

// readings are blood pressures not taken in an emergency or a stay. A reading without an
// encounter counts: null is in no list of codes.
func (v view) readings() []object {
	var taken []object
	for _, o := range v.records["Observation"] {
		if (codes{pressurePanel: true}).has(o.object("code")) && (codes{vitalSigns: true}).hasAny(o.list("category")) {
			taken = append(taken, o)
		}
	}
	return filter(resulted(taken), func(o object) truth {
		visits := v.visits[o.reference("encounter")]
		if len(visits) == 1 && slices.Contains([]string{"EMER", "IMP", "ACUTE", "NONAC", "PRENC", "SS"}, visits[0].object("class").text("code")) {
			return no
		}
		latest := o.when("effective").latest()
		if latest.isNull() {
			return unknown
		}
		return point(latest).during(v.period, v.day)
	})
}

// pressure is a reading in mm[Hg]; nil is null.
type pressure struct{ value *float64 }

func (p pressure) below(limit float64) truth {
	if p.value == nil {
		return unknown
	}
	return is(*p.value < limit)
}

// lowest is the first reading of a component, sorted upwards. Null is below every number
// in CQL's order, so that one reading without the component makes the whole null.
func lowest(readings []object, component codes) pressure {
	var least *float64
	for _, o := range readings {
		value := only(o, component)
		if value == nil {
			return pressure{}
		}
		if least == nil || *value < *least {
			least = value
		}
	}
	return pressure{least}
}

// only is the value of the one component with the code: null where there are none or two.
func only(o object, component codes) *float64 {
	var parts []object
	for _, c := range o.list("component") {
		if component.has(c.object("code")) {
			parts = append(parts, c)
		}
	}
	if len(parts) != 1 {
		return nil
	}
	q := parts[0].object("valueQuantity")
	value, ok := q["value"].(float64)
	if !ok || q.text("code") != "mm[Hg]" {
		return nil
	}
	return &value
}

package rawwalk

import "time"

func colonInitial(v view) truth { return v.aged(46, 75).and(v.qualifying()) }

func colonExclusion(v view) truth {
	cancer := exists(v.all("Condition", "Malignant Neoplasm of Colon"), func(c object) truth {
		return c.prevalence(v.terms).starts().onOrBefore(v.end, v.day)
	})
	removed := exists(completed(v.all("Procedure", "Total Colectomy")), func(p object) truth {
		return p.when("performed").ends().onOrBefore(v.end, v.day)
	})
	return v.hospice().or(cancer).or(removed).or(v.frailElder()).or(v.nursingHome()).or(v.palliative())
}

func colonNumerator(v view) truth {
	endoscopy := func(set string, years int) truth {
		return exists(completed(v.all("Procedure", set)), func(p object) truth {
			return p.when("performed").ends().during(v.before(years), v.day)
		})
	}
	stool := func(set string, years int) truth {
		return exists(v.categorized(resulted(v.all("Observation", set)), "laboratory"), func(o object) truth {
			latest := o.when("effective").latest()
			if latest.isNull() {
				return unknown
			}
			return is(o.hasValue()).and(point(latest).during(v.before(years), v.day))
		})
	}
	imaged := exists(resulted(v.all("Observation", "CT Colonography")), func(o object) truth {
		return o.when("effective").ends().during(v.before(4), v.day)
	})
	return stool("Fecal Occult Blood Test (FOBT)", 0).or(stool("sDNA FIT Test", 2)).or(endoscopy("Flexible Sigmoidoscopy", 4)).or(imaged).or(endoscopy("Colonoscopy", 9))
}

// hasValue is whether the choice value[x] is there, of any type.
func (o object) hasValue() bool {
	for key := range o {
		if len(key) > len("value") && key[:len("value")] == "value" {
			return true
		}
	}
	return false
}

func breastInitial(v view) truth {
	return v.aged(52, 74).and(is(v.gender == "female")).and(v.qualifying())
}

func breastExclusion(v view) truth {
	both := v.breastLost("Right").and(v.breastLost("Left"))
	history := v.mastectomyKnown(v.all("Condition", "History of bilateral mastectomy"))
	operated := v.mastectomyDone("Bilateral Mastectomy")
	return v.hospice().or(both).or(history).or(operated).or(v.frailElder()).or(v.nursingHome()).or(v.palliative())
}

// breastLost is a side's diagnosis or procedure; a diagnosis that names no side has it as
// body site.
func (v view) breastLost(side string) truth {
	diagnoses := v.all("Condition", "Status Post "+side+" Mastectomy")
	for _, c := range v.all("Condition", "Unilateral Mastectomy, Unspecified Laterality") {
		if v.terms[side+" (qualifier value)"].hasAny(c.list("bodySite")) {
			diagnoses = append(diagnoses[:len(diagnoses):len(diagnoses)], c)
		}
	}
	return v.mastectomyKnown(diagnoses).or(v.mastectomyDone("Unilateral Mastectomy " + side))
}

func (v view) mastectomyKnown(diagnoses []object) truth {
	return exists(diagnoses, func(c object) truth { return c.prevalence(v.terms).starts().onOrBefore(v.end, v.clock) })
}

func (v view) mastectomyDone(set string) truth {
	return exists(completed(v.all("Procedure", set)), func(p object) truth {
		return p.when("performed").ends().onOrBefore(v.end, v.clock)
	})
}

// breastNumerator: a mammogram since October 1 two years before the period.
func breastNumerator(v view) truth {
	october := dateTime{time.Date(v.start.at.Year()-2, time.October, 1, 0, 0, 0, 0, time.UTC), clock}
	return exists(resulted(v.all("Observation", "Mammography")), func(o object) truth {
		return o.when("effective").ends().during(between(october, v.end), v.day)
	})
}

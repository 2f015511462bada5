package rawwalk

import "time"

// hospice is Hospice."Has Hospice Services".
func (v view) hospice() truth {
	discharged := exists(performed(v.all("Encounter", "Encounter Inpatient")), func(e object) truth {
		disposition := e.object("hospitalization").object("dischargeDisposition")
		return is(v.terms["Discharge to home for hospice care (procedure)"].has(disposition) ||
			v.terms["Discharge to healthcare facility for hospice care (procedure)"].has(disposition)).
			and(e.period("period").ends().during(v.period, v.day))
	})
	assessed := exists(v.assessments("Hospice care [Minimum Data Set]"), func(o object) truth {
		return is(v.terms["Yes (qualifier value)"].has(o.object("valueCodeableConcept"))).
			and(o.when("effective").overlaps(v.period, v.day))
	})
	ordered := exists(ordersOf(v.all("ServiceRequest", "Hospice Care Ambulatory"), "active", "completed"), v.authored)
	return discharged.or(v.visited("Hospice Encounter")).or(assessed).or(ordered).
		or(v.intervened("Hospice Care Ambulatory")).or(v.diagnosed("Hospice Diagnosis"))
}

// palliative is PalliativeCare."Has Palliative Care in the Measurement Period".
func (v view) palliative() truth {
	const questionnaire = "Functional Assessment of Chronic Illness Therapy - Palliative Care Questionnaire (FACIT-Pal)"
	assessed := exists(v.assessments(questionnaire), func(o object) truth {
		return o.when("effective").overlaps(v.period, v.day)
	})
	return assessed.or(v.diagnosed("Palliative Care Diagnosis")).or(v.visited("Palliative Care Encounter")).
		or(v.intervened("Palliative Care Intervention"))
}

func (v view) visited(set string) truth {
	return exists(performed(v.all("Encounter", set)), func(e object) truth {
		return e.period("period").overlaps(v.period, v.day)
	})
}

func (v view) intervened(set string) truth {
	return exists(completed(v.all("Procedure", set)), func(p object) truth {
		return p.when("performed").overlaps(v.period, v.day)
	})
}

func (v view) diagnosed(set string) truth {
	return exists(v.all("Condition", set), func(c object) truth {
		return c.prevalence(v.terms).overlaps(v.period, v.day)
	})
}

// assessments are observations of surveys.
func (v view) assessments(name string) []object {
	return v.categorized(resulted(v.all("Observation", name)), "survey")
}

func ordersOf(requests []object, statuses ...string) []object {
	return filter(of(requests, statuses...), func(o object) truth { return is(o.text("intent") == "order") })
}

// authored is whether a request was made in the period.
func (v view) authored(o object) truth {
	m := read(o.text("authoredOn"))
	if m.isNull() {
		return unknown
	}
	return point(m).during(v.period, v.day)
}

// frailElder is "Is Age 66 or Older with Advanced Illness and Frailty".
func (v view) frailElder() truth {
	return v.aged(66, 200).and(v.frailty()).and(v.advancedIllness())
}

// frailty is "Has Criteria Indicating Frailty".
func (v view) frailty() truth {
	const doNotPerform = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-doNotPerform"
	device := exists(ordersOf(v.all("DeviceRequest", "Frailty Device"), "active", "completed"), func(o object) truth {
		for _, e := range o.list("modifierExtension") {
			if e.text("url") == doNotPerform && e["valueBoolean"] == true {
				return no
			}
		}
		return v.authored(o)
	})
	used := exists(v.assessments("Medical equipment used"), func(o object) truth {
		return is(v.terms["Frailty Device"].has(o.object("valueCodeableConcept"))).
			and(o.when("effective").ends().during(v.period, v.day))
	})
	symptom := exists(of(v.all("Observation", "Frailty Symptom"), "preliminary", "final", "amended", "corrected"), func(o object) truth {
		return o.when("effective").overlaps(v.period, v.day)
	})
	return device.or(used).or(v.diagnosed("Frailty Diagnosis")).or(v.visited("Frailty Encounter")).or(symptom)
}

// advancedIllness is "Has Advanced Illness in Year Before or During Measurement Period",
// or "Has Dementia Medications" in it.
func (v view) advancedIllness() truth {
	illness := exists(v.all("Condition", "Advanced Illness"), func(c object) truth {
		return c.prevalence(v.terms).starts().during(v.before(1), v.day)
	})
	drug := exists(ordersOf(v.all("MedicationRequest", "Dementia Medications"), "active"), func(o object) truth {
		return o.supplied().overlaps(v.before(1), v.day)
	})
	return illness.or(drug)
}

// nursingHome is "Is Age 66 or Older Living Long Term in a Nursing Home": by the newest
// housing status up to the end of the period.
func (v view) nursingHome() truth {
	var last object
	var newest time.Time
	for _, o := range v.assessments("Housing status") {
		end := o.when("effective").ends()
		if end.onOrBefore(v.end, v.day) != yes {
			continue
		}
		if at := end.high.value().at; last == nil || !at.Before(newest) {
			last, newest = o, at
		}
	}
	home := v.terms["Lives in a nursing home (finding)"].has(last.object("valueCodeableConcept"))
	return v.aged(66, 200).and(is(home))
}

// names are the sets and codes that the walk asks for.
var names = append([]string{
	"Essential Hypertension", "Pregnancy", "End Stage Renal Disease", "Kidney Transplant Recipient", "Chronic Kidney Disease, Stage 5",
	"Kidney Transplant", "Dialysis Services", "ESRD Monthly Outpatient Services", "Systolic blood pressure", "Diastolic blood pressure",
	"Malignant Neoplasm of Colon", "Total Colectomy", "Fecal Occult Blood Test (FOBT)", "sDNA FIT Test", "Flexible Sigmoidoscopy", "CT Colonography", "Colonoscopy",
	"Status Post Right Mastectomy", "Status Post Left Mastectomy", "Unilateral Mastectomy, Unspecified Laterality", "Right (qualifier value)", "Left (qualifier value)",
	"Unilateral Mastectomy Right", "Unilateral Mastectomy Left", "History of bilateral mastectomy", "Bilateral Mastectomy", "Mammography",
	"Encounter Inpatient", "Discharge to home for hospice care (procedure)", "Discharge to healthcare facility for hospice care (procedure)",
	"Hospice Encounter", "Hospice care [Minimum Data Set]", "Yes (qualifier value)", "Hospice Care Ambulatory", "Hospice Diagnosis",
	"Functional Assessment of Chronic Illness Therapy - Palliative Care Questionnaire (FACIT-Pal)",
	"Palliative Care Diagnosis", "Palliative Care Encounter", "Palliative Care Intervention",
	"Frailty Device", "Medical equipment used", "Frailty Diagnosis", "Frailty Encounter", "Frailty Symptom", "Advanced Illness", "Dementia Medications",
	"Housing status", "Lives in a nursing home (finding)", "survey", "laboratory", "active", "recurrence", "relapse",
}, outpatient...)

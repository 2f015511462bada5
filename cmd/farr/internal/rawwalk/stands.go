package rawwalk

// stand says that a code of the export stands for a set of the terms.
type stand struct {
	kind, from string // resource type, and a code that its records come with
	to         string // the set that the record gets a code of
	every, at  int    // of every so many records, that no stand above took, only the one at this place; 0 is all of them
	value      string // a set whose code the record gets as value, body site or discharge
	as         string // the type of request that the record becomes
}

// bloodPressure is the one name that no CQL declares: the code is in the profile.
const bloodPressure = "blood pressure panel"

// stands are codes of synthea-615 that no value set of the three measures holds, chosen by
// how many people of the measures' ages have them; what they mean does not matter.
var stands = []stand{
	// Visits: check-up, problem, follow-up and others.
	{kind: "Encounter", from: "185349003", to: "Office Visit", every: 2},
	{kind: "Encounter", from: "185347001", to: "Preventive Care Services Established Office Visit, 18 and Up", every: 3},
	{kind: "Encounter", from: "371883000", to: "Preventive Care Services Initial Office Visit, 18 and Up", every: 3},
	{kind: "Encounter", from: "390906007", to: "Virtual Encounter", every: 3},
	{kind: "Encounter", from: "698314001", to: "Home Healthcare Services", every: 2},
	{kind: "Encounter", from: "308335008", to: "Annual Wellness Visit"},
	{kind: "Encounter", from: "185345009", to: "Telephone Visits", every: 4},
	{kind: "Encounter", from: "448337001", to: "Frailty Encounter"},
	{kind: "Encounter", from: "185345009", to: "Frailty Encounter", every: 4, at: 1},
	{kind: "Encounter", from: "394701000", to: "Palliative Care Encounter"},
	{kind: "Encounter", from: "316744009", to: "Hospice Encounter"},
	{kind: "Encounter", from: "270427003", to: "ESRD Monthly Outpatient Services"},
	{kind: "Encounter", from: "185349003", to: "Encounter Inpatient", every: 60, value: "Discharge to home for hospice care (procedure)"},
	{kind: "Encounter", from: "185349003", to: "Encounter Inpatient", every: 60, at: 30, value: "Discharge to healthcare facility for hospice care (procedure)"},

	{kind: "Condition", from: "38341003", to: "Essential Hypertension"}, // hypertension
	{kind: "Condition", from: "15777000", to: "Frailty Diagnosis", every: 3},
	{kind: "Condition", from: "271737000", to: "Advanced Illness", every: 2},
	{kind: "Condition", from: "64859006", to: "Advanced Illness"},
	{kind: "Condition", from: "237602007", to: "Palliative Care Diagnosis"},
	{kind: "Condition", from: "302870006", to: "Hospice Diagnosis"},
	{kind: "Condition", from: "80394007", to: "End Stage Renal Disease"},
	{kind: "Condition", from: "368581000119106", to: "Chronic Kidney Disease, Stage 5"},
	{kind: "Condition", from: "82423001", to: "Kidney Transplant Recipient"},
	{kind: "Condition", from: "713197008", to: "Malignant Neoplasm of Colon"},
	{kind: "Condition", from: "162864005", to: "Status Post Right Mastectomy", every: 2},
	{kind: "Condition", from: "162864005", to: "Unilateral Mastectomy, Unspecified Laterality", every: 4, at: 1, value: "Left (qualifier value)"},
	{kind: "Condition", from: "55822004", to: "Status Post Left Mastectomy"},
	{kind: "Condition", from: "444814009", to: "Unilateral Mastectomy, Unspecified Laterality", every: 9, value: "Right (qualifier value)"},
	{kind: "Condition", from: "444814009", to: "Unilateral Mastectomy, Unspecified Laterality", every: 9, at: 4, value: "Left (qualifier value)"},
	{kind: "Condition", from: "230690007", to: "History of bilateral mastectomy", every: 3},

	{kind: "Procedure", from: "274031008", to: "Flexible Sigmoidoscopy"},
	{kind: "Procedure", from: "73761001", to: "Colonoscopy"}, // colonoscopy itself, in other codes
	{kind: "Procedure", from: "43075005", to: "Total Colectomy"},
	{kind: "Procedure", from: "428191000124101", to: "Dialysis Services", every: 150},
	{kind: "Procedure", from: "428191000124101", to: "Kidney Transplant", every: 150, at: 75},
	{kind: "Procedure", from: "312681000", to: "Unilateral Mastectomy Left"},
	{kind: "Procedure", from: "127783003", to: "Unilateral Mastectomy Right", every: 3},
	{kind: "Procedure", from: "433236007", to: "Bilateral Mastectomy", every: 2},
	{kind: "Procedure", from: "703423002", to: "Palliative Care Intervention", every: 2},
	{kind: "Procedure", from: "399208008", to: "Hospice Care Ambulatory", every: 3},
	{kind: "Procedure", from: "415300000", to: "Hospice Care Ambulatory", as: "ServiceRequest"},
	{kind: "Procedure", from: "430193006", to: "Frailty Device", as: "DeviceRequest"},
	{kind: "Procedure", from: "428191000124101", to: "Frailty Device", every: 25, as: "DeviceRequest"},

	{kind: "Observation", from: "55284-4", to: bloodPressure},
	{kind: "Observation", from: "38265-5", to: "Mammography"},
	{kind: "Observation", from: "14959-1", to: "Mammography"},
	{kind: "Observation", from: "2571-8", to: "Mammography", every: 5},
	{kind: "Observation", from: "10230-1", to: "CT Colonography"},
	{kind: "Observation", from: "6768-6", to: "sDNA FIT Test", every: 3},
	{kind: "Observation", from: "2093-3", to: "Fecal Occult Blood Test (FOBT)", every: 9},
	{kind: "Observation", from: "33762-6", to: "Frailty Symptom"},
	{kind: "Observation", from: "72166-2", to: "Medical equipment used", every: 30, value: "Frailty Device"},
	{kind: "Observation", from: "72166-2", to: "Medical equipment used", every: 30, at: 5, value: "Yes (qualifier value)"},
	{kind: "Observation", from: "72166-2", to: "Housing status", every: 30, at: 10, value: "Lives in a nursing home (finding)"},
	{kind: "Observation", from: "72166-2", to: "Housing status", every: 30, at: 15, value: "Yes (qualifier value)"},
	{kind: "Observation", from: "72166-2", to: "Hospice care [Minimum Data Set]", every: 60, at: 20, value: "Yes (qualifier value)"},
	{kind: "Observation", from: "72166-2", to: "Hospice care [Minimum Data Set]", every: 60, at: 50, value: "Left (qualifier value)"},
	{kind: "Observation", from: "72166-2", to: "Functional Assessment of Chronic Illness Therapy - Palliative Care Questionnaire (FACIT-Pal)", every: 60, at: 25},

	{kind: "MedicationRequest", from: "316672", to: "Dementia Medications", every: 6},
	{kind: "MedicationRequest", from: "310436", to: "Dementia Medications"},
	{kind: "MedicationRequest", from: "996740", to: "Dementia Medications"},
}

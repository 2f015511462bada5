package synth

import "strings"

// kind is what the definitions look for. Truth asks a concept for its kind and never
// for its codes, so a wrong value list elsewhere shows as a difference.
type kind uint8

const (
	other kind = iota
	hypertension
	type2Diabetes
	type1Diabetes
	endStageRenal
	pregnancy
	colorectalCancer
	pressurePanel
	hba1c
	mammography
	bilateralMastectomy
	cytology
	hpvTest
	hysterectomy
	colonoscopy
	sigmoidoscopy
	fitTest
	totalColectomy
	diabetesMedication
	heartFailure
	statin
	liverDisease
	ldlCholesterol
	delivery
	stillbirth
	pretermBirth
	prenatalVisit
	postpartumVisit
	asthma
	copd
	asthmaController
)

// concept is a CodeableConcept, rendered once.
type concept struct {
	kind kind
	text string
	json string
}

const (
	snomed   = "http://snomed.info/sct"
	icd10    = "http://hl7.org/fhir/sid/icd-10-cm"
	loinc    = "http://loinc.org"
	cpt      = "http://www.ama-assn.org/go/cpt"
	rxnorm   = "http://www.nlm.nih.gov/research/umls/rxnorm"
	icd10pcs = "http://www.cms.gov/Medicare/Coding/ICD10"
	cvx      = "http://hl7.org/fhir/sid/cvx"
	sopt     = "https://nahdo.org/sopt"
	actCode  = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	local    = "urn:oid:1.3.6.1.4.1.99999.1" // a vendor's own codes
)

// code makes a concept of "system code" pairs, in the order given.
func code(k kind, text string, systemsAndCodes ...string) *concept {
	var b strings.Builder
	b.WriteString(`{"coding":[`)
	for i := 0; i < len(systemsAndCodes); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"system":"` + systemsAndCodes[i] + `","code":"` + systemsAndCodes[i+1] + `","display":"` + text + `"}`)
	}
	b.WriteString(`],"text":"` + text + `"}`)
	return &concept{k, text, b.String()}
}

// Each idea in the ways that sites code it: one system, the other, both, or with a
// local code beside it.
var (
	hypertensionCodes = []*concept{
		code(hypertension, "Hypertension", icd10, "I10", snomed, "59621000"),
		code(hypertension, "Hypertension", icd10, "I10"),
		code(hypertension, "Hypertension", snomed, "59621000"),
		code(hypertension, "Hypertension", local, "HTN-1", icd10, "I10"),
	}
	type2Codes = []*concept{
		code(type2Diabetes, "Type 2 diabetes", icd10, "E11.9", snomed, "44054006"),
		code(type2Diabetes, "Type 2 diabetes", icd10, "E11.9"),
		code(type2Diabetes, "Type 2 diabetes", snomed, "44054006"),
	}
	type1Codes = []*concept{
		code(type1Diabetes, "Type 1 diabetes", icd10, "E10.9", snomed, "46635009"),
		code(type1Diabetes, "Type 1 diabetes", icd10, "E10.9"),
	}
	renalCodes     = []*concept{code(endStageRenal, "End-stage renal disease", icd10, "N18.6")}
	pregnancyCodes = []*concept{code(pregnancy, "Pregnant", icd10, "Z33.1")}
	cancerCodes    = []*concept{
		code(colorectalCancer, "Cancer of the colon", icd10, "C18.9", snomed, "363406005"),
		code(colorectalCancer, "Cancer of the colon", snomed, "363406005"),
	}
	chronicCodes = []*concept{
		code(asthma, "Asthma", icd10, "J45.909", snomed, "195967001"),
		code(other, "Hyperlipidemia", icd10, "E78.5", snomed, "55822004"),
		code(other, "Prediabetes", icd10, "R73.03", snomed, "15777000"),
		code(other, "Depression", icd10, "F32.9"),
		code(other, "Chronic kidney disease stage 3", icd10, "N18.3"),
		code(other, "Osteoarthritis", icd10, "M19.90"),
	}
	acuteCodes = []*concept{
		code(other, "Acute upper respiratory infection", icd10, "J06.9"),
		code(other, "Low back pain", icd10, "M54.50"),
		code(other, "Acute bronchitis", snomed, "10509002"),
		code(other, "Something local", local, "X-77"),
	}

	pressureCodes = []*concept{
		code(pressurePanel, "Blood pressure panel", loinc, "85354-9"),
		code(pressurePanel, "Blood pressure systolic and diastolic", loinc, "55284-4"),
	}
	hba1cCode = code(hba1c, "Hemoglobin A1c", loinc, "4548-4")

	mammographyCodes = []*concept{
		code(mammography, "Screening mammography", cpt, "77067"),
		code(mammography, "Mammography", snomed, "24623002"),
		code(mammography, "Mammography", snomed, "24623002", cpt, "77067"),
	}
	mammographyReport = code(mammography, "Mammography of breast", loinc, "24606-6")
	mastectomyCodes   = []*concept{code(bilateralMastectomy, "Bilateral mastectomy", snomed, "27865001")}
	cytologyCode      = code(cytology, "Cervical cytology", loinc, "10524-7")
	hpvCode           = code(hpvTest, "HPV test", loinc, "21440-3")
	hysterectomyCodes = []*concept{code(hysterectomy, "Total hysterectomy", snomed, "236886002")}
	colonoscopyCodes  = []*concept{
		code(colonoscopy, "Colonoscopy", snomed, "73761001"),
		code(colonoscopy, "Colonoscopy", cpt, "45378"),
	}
	sigmoidoscopyCodes = []*concept{code(sigmoidoscopy, "Flexible sigmoidoscopy", snomed, "44441009")}
	fitCode            = code(fitTest, "Fecal immunochemical test", loinc, "57905-2")
	colectomyCodes     = []*concept{code(totalColectomy, "Total colectomy", snomed, "26390003")}
	otherProcedures    = []*concept{
		code(other, "Medication reconciliation", snomed, "430193006"),
		code(other, "Electrocardiogram", cpt, "93000"),
		code(other, "Appendectomy", snomed, "80146002"),
		code(other, "Local service", local, "SVC-9"),
	}

	diabetesDrugs = []*concept{
		code(diabetesMedication, "Metformin 500 MG oral tablet", rxnorm, "860975"),
		code(diabetesMedication, "Insulin lispro injection", rxnorm, "847232"),
		code(diabetesMedication, "Insulin human injection", rxnorm, "311034"),
	}
	otherDrugs = []*concept{
		code(other, "Lisinopril 10 MG oral tablet", rxnorm, "314076"),
		code(other, "Amlodipine 2.5 MG oral tablet", rxnorm, "308136"),
		code(other, "Omeprazole 20 MG oral capsule", rxnorm, "198051"),
		code(other, "Hydrochlorothiazide 25 MG oral tablet", rxnorm, "310798"),
		code(other, "Albuterol inhaler", rxnorm, "745679"),
		code(other, "Ibuprofen 200 MG oral tablet", rxnorm, "310965"),
	}
	vaccines = []*concept{
		code(other, "Influenza vaccine", cvx, "140"),
		code(other, "Influenza vaccine, quadrivalent", cvx, "150"),
		code(other, "Tdap vaccine", cvx, "115"),
		code(other, "Pneumococcal vaccine", cvx, "133"),
		code(other, "COVID-19 vaccine", cvx, "208"),
	}

	visitCodes     = []*concept{code(other, "Office visit", cpt, "99213"), code(other, "Check up", snomed, "185349003"), code(other, "Preventive visit", cpt, "99396")}
	emergencyCode  = code(other, "Emergency visit", cpt, "99284")
	admissionCode  = code(other, "Hospital admission", snomed, "32485007")
	smokingAnswers = []*concept{code(other, "Never smoker", snomed, "266919005"), code(other, "Former smoker", snomed, "8517006")}
	smokingCode    = code(other, "Tobacco smoking status", loinc, "72166-2")
)

// unit is a UCUM unit and the text people write for it.
type unit struct{ text, code string }

// loose is what is written where no code stands beside it: no UCUM, so that no reader can take
// the text for the code.
func (u *unit) loose() string {
	if u.text == u.code {
		return "in " + u.text
	}
	return u.text
}

var (
	mmHg    = &unit{"mmHg", "mm[Hg]"}
	kPa     = &unit{"kPa", "kPa"}
	percent = &unit{"%", "%"}
	mmolMol = &unit{"mmol/mol", "mmol/mol"}
)

// routine is a vital sign or laboratory result that no definition looks at.
type routine struct {
	code     *concept
	unit     *unit
	low      int // in units of 10^-digits
	span     int
	digits   int
	category string
}

func vital(text, loincCode string, u unit, low, span, digits int) routine {
	return routine{code(other, text, loinc, loincCode), &u, low, span, digits, "vital-signs"}
}

func lab(text, loincCode string, u unit, low, span, digits int) routine {
	return routine{code(other, text, loinc, loincCode), &u, low, span, digits, "laboratory"}
}

var (
	vitals = []routine{
		vital("Body weight", "29463-7", unit{"kg", "kg"}, 450, 700, 1),
		vital("Body height", "8302-2", unit{"cm", "cm"}, 1450, 500, 1),
		vital("Body mass index", "39156-5", unit{"kg/m2", "kg/m2"}, 1800, 2000, 2),
		vital("Heart rate", "8867-4", unit{"/min", "/min"}, 52, 60, 0),
		vital("Respiratory rate", "9279-1", unit{"/min", "/min"}, 10, 12, 0),
		vital("Body temperature", "8310-5", unit{"Cel", "Cel"}, 360, 25, 1),
		vital("Systolic blood pressure", "8480-6", *mmHg, 100, 70, 0), // alone: no panel, no reading
	}
	labs = []routine{
		lab("Glucose", "2339-0", unit{"mg/dL", "mg/dL"}, 70, 110, 0),
		lab("Creatinine", "2160-0", unit{"mg/dL", "mg/dL"}, 60, 90, 2),
		lab("Sodium", "2951-2", unit{"mmol/L", "mmol/L"}, 132, 14, 0),
		lab("Potassium", "2823-3", unit{"mmol/L", "mmol/L"}, 34, 20, 1),
		lab("Total cholesterol", "2093-3", unit{"mg/dL", "mg/dL"}, 130, 140, 0),
		lab("Triglycerides", "2571-8", unit{"mg/dL", "mg/dL"}, 60, 200, 0),
		lab("HDL cholesterol", "2085-9", unit{"mg/dL", "mg/dL"}, 30, 50, 0),
		lab("Hemoglobin", "718-7", unit{"g/dL", "g/dL"}, 105, 60, 1),
	}
)

// omb is a category of race or ethnicity. A null flavour ("asked but unknown") is a
// code in that place too, and means unknown.
type omb struct {
	code, display string
	nullFlavour   bool
}

var (
	white    = &omb{code: "2106-3", display: "White"}
	black    = &omb{code: "2054-5", display: "Black or African American"}
	asian    = &omb{code: "2028-9", display: "Asian"}
	native   = &omb{code: "1002-5", display: "American Indian or Alaska Native"}
	pacific  = &omb{code: "2076-8", display: "Native Hawaiian or Other Pacific Islander"}
	declined = &omb{code: "ASKU", display: "asked but unknown", nullFlavour: true}
	unknown  = &omb{code: "UNK", display: "unknown", nullFlavour: true}

	hispanic    = &omb{code: "2135-2", display: "Hispanic or Latino"}
	nonHispanic = &omb{code: "2186-5", display: "Not Hispanic or Latino"}
)

// plan is a coverage type and the payer group it belongs to.
type plan struct {
	code  *concept
	payer string
}

var plans = map[string][]plan{
	"medicare": {{code(other, "Medicare", sopt, "1"), "medicare"}, {code(other, "Medicare HMO", sopt, "111"), "medicare"}},
	"medicaid": {{code(other, "Medicaid", sopt, "2"), "medicaid"}, {code(other, "Medicaid HMO", sopt, "211"), "medicaid"}},
	"private":  {{code(other, "Private insurance", sopt, "5"), "private"}, {code(other, "Blue Cross", sopt, "6"), "private"}, {code(other, "PPO", sopt, "512"), "private"}},
	"self-pay": {{code(other, "Self-pay", sopt, "81"), "self-pay"}},
	"other": {{code(other, "Department of Veterans Affairs", sopt, "32"), "other"}, {code(other, "No charge", sopt, "82"), "other"},
		{code(other, "Extended healthcare", actCode, "EHCPOL"), "other"}, {nil, "other"}},
}

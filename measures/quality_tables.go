package measures

// qualityTable is a table of the extract whose completeness and volume are looked at. SQL in it reads
// the row as t, the person of it as p(birth_low, birth_high, death_high), and its names are those of the
// keyed views; a patient's are those of quality.person, see part.
type qualityTable struct {
	name     string
	resource string // of FHIR R4
	records  string // what its rows are, in words
	patient  bool   // rows are the persons themselves, of no site and no month
	link     string // column that names the encounter; empty where there is none
	provider string // column that names the organization, in place of an encounter
	date     string // column of the clinical date, that measures go by; empty without one
	second   string // what stands for it where it is absent
	end      string // column of the end of what began on date; empty without one
	code     string // column of the code that says what the record is about; empty without one
	same     string // columns that, with the person, tell one record from another; empty: not asked
	elements []qualityElement
	of       map[string]qualityScope // by an element's column: the records that should have it; all where it is not here
}

// qualityElement is something that a record should have.
type qualityElement struct {
	column  string // of the table, for which measures read it
	path    string // of FHIR R4
	lacking string // SQL that is true where a record lacks it; column IS NULL when empty
	most    float64
}

// qualityScope is a part of a table's records that a check looks at, by a name that is the same in each run. Checks of
// one scope have one denominator.
type qualityScope struct{ name, sql string }

// passing is the scope of the records that pass another check of the table.
func passing(check, sql string) qualityScope { return qualityScope{QualityPassing + check, sql} }

var (
	quantities = qualityScope{"quantities", "t.value_tag = 'Quantity'"}
	ofTheDead  = "p.death_high IS NOT NULL"
)

// The greatest shares of records that may lack an element, or fail, before a check counts as failed. They are
// farr's own: the harmonized terms of Kahn et al. (eGEMs 2016;4(1):1244) name what is checked and leave
// the thresholds to who uses the data.
const (
	mostLacking = 0.05
	mostOptions = 0.20 // of what a record may well lack
	mostAny     = 1    // told, and not judged
	mostWrong   = 0.01
)

// qualityTables are in the order of pages.
var qualityTables = []qualityTable{
	{name: "patient", resource: "Patient", records: "patients", patient: true, elements: []qualityElement{
		{"gender", "Patient.gender", "", mostLacking}, {"birth_date", "Patient.birthDate", "", mostLacking},
		{"race", "Patient.extension(us-core-race)", "NOT t.race", mostOptions}, {"ethnicity", "Patient.extension(us-core-ethnicity)", "NOT t.ethnicity", mostOptions},
		{"state", "Patient.address.state", "", mostOptions}, {"language", "Patient.communication.language", "", mostOptions},
	}},
	{name: "coverage", resource: "Coverage", records: "coverages", date: "period_start", end: "period_end", elements: []qualityElement{
		{"status", "Coverage.status", "", mostLacking}, {"type", "Coverage.type", "", mostLacking}, {"period_start", "Coverage.period.start", "", mostLacking},
	}},
	{name: "encounter", resource: "Encounter", records: "encounters", provider: "service_provider_rid", date: "period_start", end: "period_end",
		same: "class, type, period_start, period_end", elements: []qualityElement{
			{"status", "Encounter.status", "", mostLacking}, {"class", "Encounter.class", "", mostLacking}, {"type", "Encounter.type", "", mostOptions},
			{"period_start", "Encounter.period.start", "", mostLacking}, {"period_end", "Encounter.period.end, of finished ones", "", mostOptions},
			{"service_provider_rid", "Encounter.serviceProvider", "", mostLacking},
		}, of: map[string]qualityScope{"period_end": {"finished", "t.status = 'finished'"}}},
	{name: "condition", resource: "Condition", records: "conditions", link: "encounter_rid", date: "onset_start", second: "recorded_date", end: "abatement_end", code: "code",
		same: "code, onset_start, recorded_date, abatement_start", elements: []qualityElement{
			{"code", "Condition.code", "", mostLacking}, {"onset_start", "Condition.onset or recordedDate", "coalesce(t.onset_start, t.recorded_date) IS NULL", mostLacking},
			{"clinical_status", "Condition.clinicalStatus", "", mostOptions}, {"verification_status", "Condition.verificationStatus", "", mostOptions},
			{"encounter_rid", "Condition.encounter", "", mostAny},
		}},
	{name: "observation", resource: "Observation", records: "observations", link: "encounter_rid", date: "effective_start", code: "code",
		same: "code, effective_start, value_tag, value_num, value_unit, value_concept", elements: []qualityElement{
			{"status", "Observation.status", "", mostLacking}, {"code", "Observation.code", "", mostLacking}, {"effective_start", "Observation.effective", "", mostLacking},
			{"value_num", "Observation.value, of codes that have one", "t.value_tag IS NULL", mostLacking},
			{"value_unit", "Observation.valueQuantity.unit, of quantities", "", mostLacking},
			{"encounter_rid", "Observation.encounter", "", mostAny},
		}, of: map[string]qualityScope{"value_num": {"codes with values", "t.code IN (FROM quality.valued)"}, "value_unit": quantities}},
	{name: "observation_component", resource: "Observation.component", records: "components of observations", code: "code", elements: []qualityElement{
		{"code", "Observation.component.code", "", mostLacking}, {"value_num", "Observation.component.value", "t.value_tag IS NULL", mostLacking},
		{"value_unit", "Observation.component.valueQuantity.unit, of quantities", "", mostLacking},
	}, of: map[string]qualityScope{"value_unit": quantities}},
	{name: "procedure", resource: "Procedure", records: "procedures", link: "encounter_rid", date: "performed_start", end: "performed_end", code: "code",
		same: "code, performed_start, performed_end", elements: []qualityElement{
			{"status", "Procedure.status", "", mostLacking}, {"code", "Procedure.code", "", mostLacking}, {"performed_start", "Procedure.performed", "", mostLacking},
			{"encounter_rid", "Procedure.encounter", "", mostAny},
		}},
	{name: "medication_request", resource: "MedicationRequest", records: "medication requests", link: "encounter_rid", date: "authored_on", code: "medication",
		same: "medication, authored_on, intent", elements: []qualityElement{
			{"status", "MedicationRequest.status", "", mostLacking}, {"medication", "MedicationRequest.medication", "t.medication IS NULL AND t.medication_rid IS NULL", mostLacking},
			{"authored_on", "MedicationRequest.authoredOn", "", mostLacking}, {"encounter_rid", "MedicationRequest.encounter", "", mostAny},
		}},
	{name: "immunization", resource: "Immunization", records: "immunizations", link: "encounter_rid", date: "occurrence_start", code: "vaccine_code",
		same: "vaccine_code, occurrence_start", elements: []qualityElement{
			{"status", "Immunization.status", "", mostLacking}, {"vaccine_code", "Immunization.vaccineCode", "", mostLacking},
			{"occurrence_start", "Immunization.occurrence", "", mostLacking}, {"encounter_rid", "Immunization.encounter", "", mostAny},
		}},
	plainQuality("medication_administration", "MedicationAdministration", "medication administrations", "context_rid", "effective_start", "medication"),
	plainQuality("medication_dispense", "MedicationDispense", "medication dispenses", "context_rid", "when_handed_over", "medication"),
	plainQuality("service_request", "ServiceRequest", "service requests", "encounter_rid", "authored_on", "code"),
	plainQuality("device_request", "DeviceRequest", "device requests", "encounter_rid", "authored_on", "code"),
	plainQuality("allergy_intolerance", "AllergyIntolerance", "allergies and intolerances", "encounter_rid", "recorded_date", "code"),
	plainQuality("diagnostic_report", "DiagnosticReport", "diagnostic reports", "encounter_rid", "effective_start", "code"),
	{name: "claim", resource: "Claim", records: "claims", provider: "provider_rid", date: "created", elements: []qualityElement{
		{"status", "Claim.status", "", mostLacking}, {"use", "Claim.use", "", mostLacking}, {"type", "Claim.type", "", mostOptions}, {"created", "Claim.created", "", mostLacking},
		{"provider_rid", "Claim.provider", "", mostOptions},
	}},
	plainQuality("adverse_event", "AdverseEvent", "adverse events", "encounter_rid", "event_date", "event"),
	plainQuality("communication", "Communication", "communications", "encounter_rid", "sent", "topic"),
	plainQuality("task", "Task", "tasks", "encounter_rid", "authored_on", "code"),
}

// plainQuality is a table that published measures alone read, of which code and date are asked for.
func plainQuality(name, resource, records, link, date, code string) qualityTable {
	paths := map[string]string{"medication": "medication", "effective_start": "effective", "when_handed_over": "whenHandedOver", "authored_on": "authoredOn",
		"recorded_date": "recordedDate", "event_date": "date"}
	path := func(column string) string {
		if p := paths[column]; p != "" {
			return resource + "." + p
		}
		return resource + "." + column
	}
	lacking := ""
	if code == "medication" {
		lacking = "t.medication IS NULL AND t.medication_rid IS NULL"
	}
	return qualityTable{name: name, resource: resource, records: records, link: link, date: date, code: code,
		elements: []qualityElement{{code, path(code), lacking, mostOptions}, {date, path(date), "", mostLacking}}}
}

// moment is the SQL of the clinical date.
func (t qualityTable) moment() string {
	if t.second != "" {
		return "coalesce(t." + t.date + ", t." + t.second + ")"
	}
	return "t." + t.date
}

// prec is the SQL of how exactly it is known: 1 to the year, 2 to the month, 3 to the day.
func (t qualityTable) prec() string {
	if t.second != "" {
		return "CASE WHEN t." + t.date + " IS NULL THEN t." + t.second + "_prec ELSE t." + t.date + "_prec END"
	}
	return "t." + t.date + "_prec"
}

// dated is the scope of the records with a clinical date: each table with one asks for it as an element.
func (t qualityTable) dated() qualityScope { return passing(t.date, t.moment()+" IS NOT NULL") }

// coded is the scope of the records with a code; a medication may stand in a record of its own instead.
func (t qualityTable) coded() qualityScope {
	sql := "t." + t.code + " IS NOT NULL"
	for _, e := range t.elements {
		if e.column == t.code && e.lacking == "" {
			return passing(e.column, sql)
		}
	}
	return qualityScope{"coded", sql}
}

// sited is whether its records belong to sites and months, so that it has a volume.
func (t qualityTable) sited() bool { return t.date != "" && (t.link != "" || t.provider != "") }

package measures

import (
	"fmt"
	"strings"
)

// The parts of the harmonized terms by which data quality is told.
//
// Source: Kahn MG, Callahan TJ, Barnard J, et al. A harmonized data quality assessment terminology and framework
// for the secondary use of electronic health record data. eGEMs 2016;4(1):1244.
const (
	QualityConformance  = "conformance"
	QualityCompleteness = "completeness"
	QualityPlausibility = "plausibility"
	QualityCodes        = "codes" // how many records have a code that a definition of the run asks for; not judged
)

// QualityUnlisted and QualityDuplicate are the checks that depend on the codes that the definitions of a run ask for.
const (
	QualityUnlisted  = "unlisted"
	QualityDuplicate = "duplicate"
)

// QualityPassing begins the name of what a check looks at where it is the records that pass another check.
const QualityPassing = "passing "

// qualityCheck is one question that is asked of each record of a table.
type qualityCheck struct {
	dimension string
	id        string // within the table
	column    string // that is at fault; empty: the record as a whole
	title     string // what is wrong with a record that fails
	source    string
	of        qualityScope
	fails     string // SQL of those that fail
	most      float64

	// Of a value with limits, in place of SQL: their number, from 1, and the units. Two checks follow each
	// other, of the value and of the unit.
	limits int
	units  []limit
}

// limits are what a result can be in a living person, by unit: wide, so that what lies outside is an error of
// recording and not a rare patient. They are farr's own.
var limits = []struct {
	code, name string // of LOINC
	units      []limit
}{
	{"8480-6", "systolic blood pressure", []limit{{"mm[Hg]", 40, 300}, {"kPa", 5.3, 40}}},
	{"8462-4", "diastolic blood pressure", []limit{{"mm[Hg]", 20, 200}, {"kPa", 2.6, 26.7}}},
	{"4548-4", "HbA1c", []limit{{"%", 2.5, 25}, {"mmol/mol", 4, 250}}},
	{"29463-7", "body weight", []limit{{"kg", 0.2, 500}, {"g", 200, 500000}, {"[lb_av]", 0.4, 1100}}},
	{"8302-2", "body height", []limit{{"cm", 20, 260}, {"m", 0.2, 2.6}, {"[in_i]", 8, 103}}},
	{"39156-5", "body mass index", []limit{{"kg/m2", 5, 150}}},
	{"8867-4", "heart rate", []limit{{"/min", 10, 350}}},
	{"9279-1", "respiratory rate", []limit{{"/min", 2, 150}}},
	{"8310-5", "body temperature", []limit{{"Cel", 20, 46}, {"[degF]", 68, 115}}},
	{"2160-0", "creatinine", []limit{{"mg/dL", 0.05, 60}, {"umol/L", 4, 5300}}},
	{"18262-6", "LDL cholesterol, measured", []limit{{"mg/dL", 1, 1000}, {"mmol/L", 0.02, 26}}},
	{"13457-7", "LDL cholesterol, calculated", []limit{{"mg/dL", 1, 1000}, {"mmol/L", 0.02, 26}}},
}

type limit struct {
	unit      string // of UCUM
	low, high float64
}

// sexed are codes that only persons of one sex can have, by system.
//
// Source: ICD-10-CM, the chapters and categories that name organs or pregnancy; ICD-10-PCS, section 1, obstetrics;
// SNOMED CT and LOINC, single codes. A person's administrative gender may differ from the organs that the person has.
var sexed = []struct {
	gender, system string
	begin          bool // codes are the letters that codes begin with
	codes          string
}{
	{"female", "http://hl7.org/fhir/sid/icd-10-cm", true, "O Z33 Z34 Z36 Z37 Z39 Z3A C51 C52 C53 C54 C55 C56 C57 C58 N70 N71 N72 N73 N74 N75 N76 N77 N80 N81 N82 N83 N84 N85 N86 N87 N88 N89 N90 N91 N92 N93 N94 N95 N96 N97"},
	{"male", "http://hl7.org/fhir/sid/icd-10-cm", true, "C60 C61 C62 C63 N40 N41 N42 N43 N44 N45 N46 N47 N48 N49 N50 N51 N52 N53"},
	{"female", "http://www.cms.gov/Medicare/Coding/ICD10", true, "10"},
	{"female", "http://snomed.info/sct", false, "77386006 363354003 236886002"},
	{"male", "http://snomed.info/sct", false, "399068003 26294005"},
	{"female", "http://loinc.org", false, "10524-7"},
}

// qualityCodes are ids of concepts, and of lists with one of them, in this extract.
type qualityCodes struct {
	limits       []bool // of limits, whether their code is in the extract
	female, male string // that only they can have, for IN
}

// sourceTime is where questions about the order of times come from.
const sourceTime = "Kahn et al. 2016, plausibility in time; asked as OHDSI's Data Quality Dashboard asks"

// checks are those of a table, with SQL on this extract's ids.
func (t qualityTable) checks(ids qualityCodes, asOf string) []qualityCheck {
	var list []qualityCheck
	for _, e := range t.elements {
		fails := e.lacking
		if fails == "" {
			fails = "t." + e.column + " IS NULL"
		}
		list = append(list, qualityCheck{dimension: QualityCompleteness, id: e.column, column: e.column, title: e.path, of: t.of[e.column], fails: fails, most: e.most})
	}
	wrong := func(id, column, title, source string, of qualityScope, fails string) {
		list = append(list, qualityCheck{dimension: QualityPlausibility, id: id, column: column, title: title, source: source, of: of, fails: fails, most: mostWrong})
	}
	if t.date != "" {
		wrong("before-birth", t.date, "dated before the person's birth", sourceTime, t.dated(), before(t.moment(), t.prec(), "p.birth_low"))
		wrong("after-death", t.date, "dated after the day of the person's death, of persons who died", sourceTime, qualityScope{"dated, of the dead", t.dated().sql + " AND " + ofTheDead}, t.moment()+" >= p.death_high")
		wrong("after-as-of", t.date, "dated after the last day that the data know", sourceTime, t.dated(), t.moment()+" >= "+asOf+" + INTERVAL 1 DAY")
	}
	if t.end != "" {
		wrong("end-before-start", t.end, "ends before it begins, of those with an end", sourceTime, qualityScope{"begun and ended", "t." + t.date + " IS NOT NULL AND t." + t.end + " IS NOT NULL"}, before("t."+t.end, "t."+t.end+"_prec", "t."+t.date))
	}
	if t.patient {
		wrong("older-than-120", "birth_date", "older than 120 years and not known to have died", "farr's own limit; the oldest person whose age is proven died at 122", qualityScope{"born and living", "t.birth_date IS NOT NULL AND p.death_high IS NULL"},
			"p.birth_high <= "+asOf+" - INTERVAL 121 YEAR")
		wrong("born-after-as-of", "birth_date", "born after the last day that the data know", sourceTime, passing("birth_date", "t.birth_date IS NOT NULL"), "t.birth_date > "+asOf)
		wrong("death-before-birth", "deceased_start", "died before being born, of those who died", sourceTime, qualityScope{"born and dead", "t.birth_date IS NOT NULL AND " + ofTheDead}, "p.death_high <= p.birth_low")
	}
	if t.name == "condition" || t.name == "procedure" {
		women, men := "t."+t.code+" IN ("+ids.female+")", "t."+t.code+" IN ("+ids.male+")"
		wrong("other-sex", t.code, "of a kind that the recorded sex cannot have", "ICD-10-CM, ICD-10-PCS, SNOMED CT and LOINC: codes that name organs or pregnancy",
			qualityScope{"codes of one sex", women + " OR " + men}, "p.gender = 'male' AND "+women+" OR p.gender = 'female' AND "+men)
	}
	if t.name == "observation" || t.name == "observation_component" {
		list = append(list, ids.valueChecks()...)
	}
	if t.code != "" {
		list = append(list, qualityCheck{dimension: QualityCodes, id: QualityUnlisted, column: t.code, title: "with a code that no value list of these definitions has",
			of: t.coded(), fails: "k.listed IS NULL", most: mostAny})
	}
	return list
}

// valueChecks are those of values with limits whose code is in the extract.
func (ids qualityCodes) valueChecks() []qualityCheck {
	var list []qualityCheck
	for i, l := range limits {
		if !ids.limits[i] {
			continue
		}
		var units, ranges []string
		for _, u := range l.units {
			units = append(units, u.unit)
			ranges = append(ranges, fmt.Sprintf("%v to %v %s", u.low, u.high, u.unit))
		}
		column := "value_num/" + l.code
		scope := qualityScope{name: "values of " + l.code}
		list = append(list, qualityCheck{dimension: QualityPlausibility, id: "limits-" + l.code, column: column, title: l.name + " outside " + strings.Join(ranges, " or "),
			source: "farr's own limits, wide of what is measured in a living person", of: scope, most: mostWrong, limits: i + 1, units: l.units},
			qualityCheck{dimension: QualityConformance, id: "unit-" + l.code, column: column, title: l.name + " in another unit than " + strings.Join(units, " or "),
				source: "UCUM", of: scope, most: mostWrong, limits: i + 1, units: l.units})
	}
	return list
}

// before is SQL for: all of the time that moment may be, as exactly as it is known, lies before another time.
func before(moment, prec, other string) string {
	return fmt.Sprintf("%s < %s AND CASE %s WHEN 1 THEN %[1]s + INTERVAL 1 YEAR WHEN 2 THEN %[1]s + INTERVAL 1 MONTH WHEN 3 THEN %[1]s + INTERVAL 1 DAY ELSE %[1]s END <= %[2]s", moment, other, prec)
}

// duplicate is the check that is asked of a table's rows together.
func (t qualityTable) duplicate() qualityCheck {
	var of qualityScope
	if t.code != "" {
		of = passing(QualityUnlisted, "")
	}
	return qualityCheck{dimension: QualityPlausibility, id: QualityDuplicate, of: of, title: "the same as another record of the person in all that is looked at",
		source: "Kahn et al. 2016, uniqueness", most: mostLacking}
}

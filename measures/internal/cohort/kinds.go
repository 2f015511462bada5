package cohort

// kind is what sort of event a key of the YAML names: where its rows are, and how it is
// spoken of.
type kind struct {
	key  string
	list func(Event) string // the value list that it names
	from string             // a SELECT of pid and day, which is null where it is not known
	verb string             // "a recorded ... of"
}

// kinds are all but encounters, deaths and eras, which have no list of their own.
var kinds = []kind{
	{"condition", func(e Event) string { return e.Condition }, "SELECT pid, onset::DATE AS day FROM condition_course WHERE code IN (FROM list_%s)", "diagnosis of"},
	{"procedure", func(e Event) string { return e.Procedure }, "SELECT pid, moment::DATE AS day FROM performed WHERE code IN (FROM list_%s)", "completed procedure of"},
	{"observation", func(e Event) string { return e.Observation }, "SELECT pid, moment::DATE AS day FROM result WHERE code IN (FROM list_%s)", "result of"},
	{"medication", func(e Event) string { return e.Medication }, "SELECT pid, day FROM ordered WHERE code IN (FROM list_%s)", "order of"},
	{"immunization", func(e Event) string { return e.Immunization }, "SELECT pid, day FROM immunized WHERE code IN (FROM list_%s)", "immunization of"},
}

// kind is the one kind that the event is of, by its key: "" when it is none.
func (e Event) kind() (string, string) {
	for _, k := range kinds {
		if list := k.list(e); list != "" {
			return k.key, list
		}
	}
	switch {
	case e.Encounter != nil:
		return "encounter", ""
	case e.Death:
		return "death", ""
	case e.EndOfEra != nil:
		return "end_of_era", ""
	}
	return "", ""
}

// keys are the kinds of a rule that are written, by their keys.
func (r Rule) keys() []string {
	keys := r.Event.keys()
	add := func(key string, written bool) {
		if written {
			keys = append(keys, key)
		}
	}
	add("age", r.Age != nil)
	add("sex", r.Sex != nil)
	add("observable", r.Observable != nil)
	add("cohort", r.Cohort != "")
	add("cql", r.CQL != nil)
	add("sql", r.File != "")
	add("any", r.Any != nil)
	add("all", r.All != nil)
	add("not", r.Not != nil)
	return keys
}

func (e Event) keys() []string {
	var keys []string
	for _, k := range kinds {
		if k.list(e) != "" {
			keys = append(keys, k.key)
		}
	}
	if e.Encounter != nil {
		keys = append(keys, "encounter")
	}
	if e.Death {
		keys = append(keys, "death")
	}
	if e.EndOfEra != nil {
		keys = append(keys, "end_of_era")
	}
	return keys
}

// Lists are the value lists that a rule names, in their order.
func (r Rule) Lists() []string {
	lists := r.Event.Lists()
	for _, inner := range append(append([]Rule{}, r.Any...), r.All...) {
		lists = append(lists, inner.Lists()...)
	}
	if r.Not != nil {
		lists = append(lists, r.Not.Lists()...)
	}
	return lists
}

// Cohorts are the other cohorts that a rule asks for.
func (r Rule) Cohorts() []string {
	var ids []string
	if r.Cohort != "" {
		ids = append(ids, r.Cohort)
	}
	for _, inner := range append(append([]Rule{}, r.Any...), r.All...) {
		ids = append(ids, inner.Cohorts()...)
	}
	if r.Not != nil {
		ids = append(ids, r.Not.Cohorts()...)
	}
	return ids
}

// Lists are the value lists that an event names.
func (e Event) Lists() []string {
	var lists []string
	if _, list := e.kind(); list != "" {
		lists = append(lists, list)
	}
	if e.Encounter != nil {
		for _, list := range []string{e.Encounter.Diagnosis, e.Encounter.Type} {
			if list != "" {
				lists = append(lists, list)
			}
		}
	}
	if e.EndOfEra != nil {
		lists = append(lists, e.EndOfEra.Medication)
	}
	return lists
}

// classes are the encounter classes that are spoken of by name.
var classes = map[string]string{
	"AMB": "ambulatory", "EMER": "emergency", "IMP": "inpatient", "ACUTE": "acute inpatient", "NONAC": "non-acute inpatient",
	"OBSENC": "observation", "SS": "short stay", "HH": "home health", "VR": "virtual", "PRENC": "pre-admission", "FLD": "field",
}

// IsClass tells whether a code is an encounter class that rules may name.
func IsClass(code string) bool { return classes[code] != "" }

// unitsOf says what a range is spoken of with.
func (r Range) unitsOf(word string) string {
	if r.Unit != "" {
		return " " + r.Unit
	}
	if word != "" {
		return " " + word
	}
	return ""
}

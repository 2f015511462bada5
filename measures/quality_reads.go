package measures

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// viewReads says what of the extract stands behind a prepared view: which table, which of its columns every
// reader of the view depends on, and which column is which.
type viewReads struct {
	table   string
	always  []string
	columns map[string]string // of the view: of the table
}

// preparedReads are those of the views that SQL of definitions can name.
var preparedReads = map[string][]viewReads{
	"period":             nil,
	"initial_population": {{"patient", nil, map[string]string{"gender": "gender", "birth_date": "birth_date"}}},
	"seen": {{"encounter", []string{"status", "class", "period_start"}, nil},
		{"patient", []string{"deceased_start"}, map[string]string{"gender": "gender", "birth_date": "birth_date", "age": "birth_date"}}},
	"visit": {{"encounter", []string{"status", "class", "period_start"}, map[string]string{"service_provider_rid": "service_provider_rid"}}},
	"finished_encounter": {{"encounter", []string{"status"}, map[string]string{"class": "class", "start_at": "period_start", "start_day": "period_start",
		"end_at": "period_end", "end_day": "period_end", "service_provider_rid": "service_provider_rid", "discharge_disposition": "discharge_disposition"}}},
	"condition_course": {{"condition", []string{"code", "verification_status"}, map[string]string{"onset": "onset_start", "abatement": "abatement_end"}}},
	"comorbidity":      {{"condition", []string{"code", "verification_status"}, map[string]string{"day": "onset_start"}}},
	"performed":        {{"procedure", []string{"status", "code"}, map[string]string{"moment": "performed_start"}}},
	"result": {{"observation", []string{"status", "code"}, map[string]string{"moment": "effective_start", "value_tag": "value_num", "value_num": "value_num",
		"value_unit": "value_unit", "value_concept": "value_num"}}},
	"result_component": {{"observation_component", []string{"code"}, map[string]string{"value_tag": "value_num", "value_num": "value_num",
		"value_unit": "value_unit", "value_concept": "value_num"}}},
	"ordered":            {{"medication_request", []string{"status", "medication"}, map[string]string{"moment": "authored_on", "day": "authored_on"}}},
	"immunized":          {{"immunization", []string{"status", "vaccine_code"}, map[string]string{"moment": "occurrence_start", "day": "occurrence_start"}}},
	"observation_period": {{"coverage", []string{"period_start", "period_end"}, nil}, {"encounter", []string{"period_start"}, nil}},
}

// strataReads are those of groups.
var strataReads = map[string][]viewReads{
	"site": {{"encounter", []string{"status", "class", "period_start", "service_provider_rid"}, nil}},
	"sex":  {{"patient", []string{"gender"}, nil}}, "age": {{"patient", []string{"birth_date"}, nil}},
	"race": {{"patient", []string{"race"}, nil}}, "ethnicity": {{"patient", []string{"ethnicity"}, nil}},
	"language": {{"patient", []string{"language"}, nil}}, "state": {{"patient", []string{"state"}, nil}}, "zip3": nil,
	"payer": {{"coverage", []string{"status", "type", "period_start"}, nil}}, stratumTelehealth: {{"encounter", []string{"status", "class", "period_start"}, nil}},
}

var (
	sqlComment = regexp.MustCompile(`--[^\n]*`)
	sqlWord    = regexp.MustCompile(`[a-z_][a-z0-9_]*`)
)

// readsOf are the columns by table that SQL depends on: of each view and table whose name is a word of it, the columns
// whose names are. A word may mean something else, so it is rather too many than too few.
func readsOf(sql string) map[string]map[string]bool {
	words := map[string]bool{}
	for _, w := range sqlWord.FindAllString(sqlComment.ReplaceAllString(strings.ToLower(sql), ""), -1) {
		words[w] = true
	}
	out := map[string]map[string]bool{}
	for name, views := range preparedReads {
		for _, v := range views {
			if !words[name] {
				break
			}
			for _, c := range v.always {
				put(out, v.table, c)
			}
			for column, of := range v.columns {
				if words[column] {
					put(out, v.table, of)
				}
			}
		}
	}
	for _, t := range qualityTables {
		if !words[t.name] {
			continue
		}
		for _, e := range t.elements {
			if words[e.column] {
				put(out, t.name, e.column)
			}
		}
		for _, c := range []string{t.date, t.second, t.end, t.code} {
			if c != "" && words[c] {
				put(out, t.name, c)
			}
		}
		put(out, t.name, "")
	}
	return out
}

func put(m map[string]map[string]bool, table, column string) {
	if m[table] == nil {
		m[table] = map[string]bool{"": true} // the record as a whole
	}
	m[table][column] = true
}

// uses are what each definition of the run depends on, ordered.
func (p *plan) uses() []QualityUse {
	var list []QualityUse
	programs := map[string]map[string]map[string]bool{}
	for _, one := range p.published {
		for _, d := range one.definitions {
			programs[d.ID] = map[string]map[string]bool{}
			for table, columns := range one.program.Reads() {
				for _, c := range columns {
					put(programs[d.ID], table, columnAsked(table, c))
				}
			}
		}
	}
	for _, one := range p.cohortCQL() {
		for _, d := range p.cohorts {
			if !slices.ContainsFunc(d.Parts, func(x Part) bool { return x.Program == one.program.Hash() }) {
				continue
			}
			for table, columns := range one.program.Reads() {
				for _, c := range columns {
					if programs[d.ID] == nil {
						programs[d.ID] = map[string]map[string]bool{}
					}
					put(programs[d.ID], table, columnAsked(table, c))
				}
			}
		}
	}
	for _, d := range p.allDefinitions() {
		counted := programs[d.ID]
		if counted == nil {
			counted = map[string]map[string]bool{}
		}
		groups := map[string]map[string]bool{}
		merge := func(into, from map[string]map[string]bool) {
			for table, columns := range from {
				for c := range columns {
					put(into, table, c)
				}
			}
		}
		for _, s := range d.Populations {
			merge(counted, readsOf(s.SQL))
		}
		for _, s := range d.Parts {
			merge(counted, readsOf(s.SQL))
		}
		for _, r := range slices.Concat(d.Rules, d.Outcomes) {
			merge(counted, readsOf(r.SQL))
		}
		for _, c := range d.Characteristics {
			merge(groups, readsOf(c.SQL))
		}
		for _, s := range d.Strata {
			for _, v := range strataReads[s] {
				for _, c := range v.always {
					put(groups, v.table, c)
				}
			}
		}
		codedValues(d, counted)
		for _, table := range slices.Sorted(maps.Keys(counted)) {
			for _, c := range slices.Sorted(maps.Keys(counted[table])) {
				list = append(list, QualityUse{d.ID, table, c, false})
			}
		}
		for _, table := range slices.Sorted(maps.Keys(groups)) {
			for _, c := range slices.Sorted(maps.Keys(groups[table])) {
				if !counted[table][c] {
					list = append(list, QualityUse{d.ID, table, c, true})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b QualityUse) int {
		return cmp.Or(cmp.Compare(a.Definition, b.Definition), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Column, b.Column))
	})
	return list
}

// columnAsked is the column under which a check knows one that a compiled measure reads.
func columnAsked(table, column string) string {
	for _, suffix := range []string{"_prec", "_lo", "_hi"} {
		column = strings.TrimSuffix(column, suffix)
	}
	if (table == "observation" || table == "observation_component") && strings.HasPrefix(column, "value_") && column != "value_unit" {
		return "value_num"
	}
	for _, t := range qualityTables {
		if t.name == table && (column == t.second || t.date != "" && strings.TrimSuffix(t.date, "_start")+"_end" == column && t.end != column) {
			return t.date
		}
	}
	return column
}

// codedValues adds the values of single codes with limits that a definition reads.
func codedValues(d Definition, reads map[string]map[string]bool) {
	for _, table := range []string{"observation", "observation_component"} {
		if !reads[table]["value_num"] {
			continue
		}
		for _, l := range limits {
			if slices.ContainsFunc(slices.Concat(d.Lists, d.ValueSets), func(v ValueList) bool {
				return slices.ContainsFunc(v.Codes, func(c Code) bool { return c.Code == l.code && c.System == "http://loinc.org" })
			}) {
				put(reads, table, "value_num/"+l.code)
			}
		}
	}
}

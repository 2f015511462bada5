package measures

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"farr/datasets"
	"farr/measures/internal/cohort"
	"farr/measures/internal/evaluate"
)

// restingPart is a part of a definition with the tables that it rests on: main tables of types, of patients.
type restingPart struct {
	definition, part string
	cohort           bool
	followUp         int // days after a period
	tables           map[string]bool
}

// resourceTables are the main tables of the types that belong to patients, with their types, and finds the main table of a
// table: itself, or what a child table is of.
type resourceTables struct {
	types  map[string]string
	tables map[string]string // by type, also of those that belong to nobody
	order  []string          // the longest names first
}

func newResourceTables() (resourceTables, error) {
	r := resourceTables{types: map[string]string{}, tables: map[string]string{}}
	catalogue, err := datasets.Catalogue()
	if err != nil {
		return r, err
	}
	for _, c := range catalogue {
		r.tables[c.Type] = c.Table
		if c.Subject != "none" {
			r.types[c.Table] = c.Type
			r.order = append(r.order, c.Table)
		}
	}
	slices.SortFunc(r.order, func(a, b string) int { return len(b) - len(a) })
	return r, nil
}

func (r resourceTables) main(table string) (string, bool) {
	for _, name := range r.order {
		if table == name || strings.HasPrefix(table, name+"_") {
			return name, true
		}
	}
	return "", false
}

// read adds the main tables that SQL reads: those behind the views and tables whose names are words of it. Time under observation
// is made of coverages or of encounters, by the extract's rule.
func (r resourceTables) read(into map[string]bool, sql, observable string) {
	for _, w := range sqlWord.FindAllString(sqlComment.ReplaceAllString(strings.ToLower(sql), ""), -1) {
		if views, ok := preparedReads[w]; ok {
			for _, v := range views {
				if w != "observation_period" || (v.table == "coverage") == strings.HasPrefix(observable, "enrolment") {
					r.add(into, v.table)
				}
			}
			continue
		}
		if name, ok := r.main(w); ok && w != "observation_period" {
			r.add(into, name)
		}
	}
}

func (r resourceTables) add(into map[string]bool, table string) {
	if name, ok := r.main(table); ok {
		into[name] = true
	}
}

// restsOn are all parts of the run's definitions, in their order.
func (p *plan) restsOn() ([]restingPart, error) {
	all, err := newResourceTables()
	if err != nil {
		return nil, err
	}
	observable, _ := p.Extract.Manifest().Facts[factObservable].(string)
	var out []restingPart
	for _, d := range p.allDefinitions() {
		var own []restingPart
		add := func(part string, sql ...string) {
			x := restingPart{d.ID, part, d.Kind == KindCohort, d.FollowUpDays, map[string]bool{}}
			for _, s := range sql {
				all.read(x.tables, s, observable)
			}
			own = append(own, x)
		}
		for _, q := range d.Populations {
			add(q.Name, q.SQL)
		}
		for _, g := range d.CareGaps {
			add(PartGap+g.ID, g.SQL)
		}
		for _, r := range d.Rules {
			add(PartRule+r.ID, r.SQL)
		}
		for _, o := range d.Outcomes {
			add(PartOutcome+o.ID, o.SQL)
			if len(o.Adjust) > 0 {
				add(PartAdjust+o.ID, adjustedFor(d, o)...)
			}
		}
		for _, c := range d.Characteristics {
			add(PartCharacteristic+c.ID, c.SQL)
		}
		if d.Kind == KindCohort && d.Prevalence {
			add(PartPrevalence, "observation_period")
		}
		strata := slices.Clone(d.Strata)
		if d.Kind == KindCohort { // Table 1 and models have more groups than the rates
			strata = append(strata, "payer", "site")
		}
		for _, s := range slices.Compact(slices.Sorted(slices.Values(strata))) {
			x := restingPart{d.ID, PartStratum + s, d.Kind == KindCohort, d.FollowUpDays, map[string]bool{}}
			for _, v := range strataReads[s] {
				all.add(x.tables, v.table)
			}
			own = append(own, x)
		}
		if d.Kind == KindCohort {
			p.partsOfCohort(d, own, all, observable)
		}
		out = append(out, own...)
	}
	for _, one := range p.published {
		for i, d := range one.definitions {
			p.partsOfProgram(one.program, i, d, out, all)
			for _, s := range d.Published.Stratifiers {
				x := restingPart{d.ID, PartStratum + s.Name, false, d.FollowUpDays, map[string]bool{}}
				for _, table := range one.program.ReadsOfStratum(i, s.Name) {
					all.add(x.tables, table)
				}
				out = append(out, x)
			}
		}
	}
	return out, nil
}

// partsOfCohort adds what the rules of a cohort take from elsewhere: files of SQL, CQL, and the members of other cohorts. Each is
// added to the parts whose SQL names its table.
func (p *plan) partsOfCohort(d Definition, own []restingPart, all resourceTables, observable string) {
	sql := map[string]string{}
	for _, q := range d.Populations {
		sql[q.Name] = q.SQL
	}
	for _, r := range d.Rules {
		sql[PartRule+r.ID] = r.SQL
	}
	for _, o := range d.Outcomes {
		sql[PartOutcome+o.ID] = o.SQL
	}
	for _, c := range d.Characteristics {
		sql[PartCharacteristic+c.ID] = c.SQL
	}
	taken := map[string]map[string]bool{} // tables by the name that SQL has for what is taken
	for _, part := range d.Parts {
		taken[part.Table] = map[string]bool{}
		all.read(taken[part.Table], part.SQL, observable)
		for _, one := range p.cohortCQL() {
			if part.Program != "" && part.Program == one.program.Hash() {
				for table := range one.program.Reads() {
					all.add(taken[part.Table], table)
				}
			}
		}
	}
	for i := range own {
		text := sql[own[i].part]
		for table, reads := range taken {
			if strings.Contains(text, table) {
				maps.Copy(own[i].tables, reads)
			}
		}
		if own[i].part == entryPart || strings.HasPrefix(own[i].part, PartRule) {
			for _, used := range p.usedBy(d) {
				if own[i].part == entryPart || strings.Contains(text, cohort.Table(used.ID)) {
					for _, q := range used.Populations {
						if q.Name == entryPart {
							all.read(own[i].tables, q.SQL, observable)
						}
					}
					for _, r := range used.Rules {
						all.read(own[i].tables, r.SQL, observable)
					}
				}
			}
		}
	}
}

// adjustedFor is the SQL of what an outcome is adjusted for, beside age and sex.
func adjustedFor(d Definition, outcome Rule) (sql []string) {
	for _, c := range d.Characteristics {
		if slices.Contains(outcome.Adjust, c.ID) {
			sql = append(sql, c.SQL)
		}
	}
	if slices.Contains(outcome.Adjust, "charlson") {
		sql = append(sql, "comorbidity")
	}
	return sql
}

// entryPart is the population of a cohort that its entry events are.
const entryPart = "entry"

// usedBy are the cohorts whose members a cohort asks for, themselves and through others.
func (p *plan) usedBy(d Definition) (out []Definition) {
	for _, id := range d.Uses {
		for _, o := range p.cohorts {
			if o.ID == id {
				out = append(append(out, o), p.usedBy(o)...)
			}
		}
	}
	return out
}

// partsOfProgram adds the tables that each population of a compiled measure reads.
func (p *plan) partsOfProgram(program *evaluate.Program, group int, d Definition, out []restingPart, all resourceTables) {
	at := 0
	for i := range out {
		if out[i].definition != d.ID || strings.HasPrefix(out[i].part, PartStratum) || strings.HasPrefix(out[i].part, PartGap) {
			continue
		}
		for _, table := range program.ReadsOf(group, at) {
			all.add(out[i].tables, table)
		}
		at++
	}
}

// askedBy are the tables that some part rests on.
func askedBy(parts []restingPart) map[string]bool {
	asked := map[string]bool{}
	for _, x := range parts {
		maps.Copy(asked, x.tables)
	}
	return asked
}

// neverLoaded are feeds of types that the extract has no record of, and some definition rests on or all sources together were said to have.
func (p *plan) neverLoaded(asked map[string]bool) []feed {
	all, err := newResourceTables()
	if err != nil {
		return nil // it was read before
	}
	m := p.Extract.Manifest()
	var facts struct {
		ByType map[string]struct {
			Stored int64 `json:"stored"`
		} `json:"by_type"`
	}
	text, err := json.Marshal(m.Facts)
	if err == nil {
		err = json.Unmarshal(text, &facts)
	}
	expected := p.Extract.Expected()
	missed := map[string]string{} // types by table
	for table := range asked {
		missed[table] = all.types[table]
	}
	for _, resource := range expected {
		if table, ok := all.tables[resource]; ok {
			missed[table] = resource
		}
	}
	var out []feed
	for _, table := range slices.Sorted(maps.Keys(missed)) {
		resource := missed[table]
		if held, ok := p.Extract.Table(table); err == nil && facts.ByType != nil && facts.ByType[resource].Stored > 0 || facts.ByType == nil && ok && held.Rows() > 0 {
			continue
		}
		f := feed{Feed: Feed{Table: table, Resource: resource, Site: QualityAll, State: FeedNever}}
		if len(expected) > 0 && !slices.Contains(expected, resource) {
			f.State = FeedUnexpected
		}
		out = append(out, f)
	}
	return out
}

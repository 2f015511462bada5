package measures

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"farr/internal/source"
	"farr/measures/internal/cohort"
)

// maxRules is what a bitmask of 63 usable bits can hold.
const maxRules = 62

// Names of a cohort's populations.
const (
	cohortEntry  = "entry"
	cohortAtRisk = "at-risk"
)

// Occurrences: which of a person's events is the entry.
const (
	occurrenceFirst         = "first"           // the first of all data, where it lies in the study window
	occurrenceFirstInWindow = "first-in-window" // the first in the study window
	occurrenceLast          = "last"            // the last in the study window
	occurrenceEvery         = "every"           // each day with one in the study window is an entry of its own
)

var occurrences = []string{occurrenceFirst, occurrenceFirstInWindow, occurrenceLast, occurrenceEvery}

// cohortYAML is cohort.yaml as written. See the package documentation.
type cohortYAML struct {
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	Entry struct {
		Title      string        `yaml:"title,required"`
		Event      *cohort.Event `yaml:"event"`
		CQL        *cohort.CQL   `yaml:"cql"`
		File       string        `yaml:"sql"`
		Occurrence string        `yaml:"occurrence"`
	} `yaml:"entry,required"`
	Rules []struct {
		ID      string       `yaml:"id,required"`
		Title   string       `yaml:"title"`
		Require *cohort.Rule `yaml:"require"`
		Exclude *cohort.Rule `yaml:"exclude"`
		CQL     *cohort.CQL  `yaml:"cql"`
		File    string       `yaml:"sql"`
	} `yaml:"rules,required"`
	AtRisk      *cohort.AtRisk   `yaml:"at_risk"`
	Multiplier  int              `yaml:"multiplier"`
	Standard    string           `yaml:"standard"`   // population that rates are standardised to
	Prevalence  bool             `yaml:"prevalence"` // of the entry event, on the last day of each period
	Attribution *attributionYAML `yaml:"attribution"`
	Areas       []areaYAML       `yaml:"areas"`
	Exit        *cohort.Exit     `yaml:"exit"`
	Outcomes    []cohort.Outcome `yaml:"outcomes"`
	Strata      []string         `yaml:"strata"`
	// Characteristics are rows of Table 1 beside age and the strata.
	Characteristics []cohort.Characteristic `yaml:"characteristics"`
	Lists           []string                `yaml:"lists"`
	Rationale       string                  `yaml:"rationale,required"`
	Source          string                  `yaml:"source,required"`
}

// cohort reads cohort.yaml and all it names.
func (f *folder) cohort() Definition {
	var y cohortYAML
	if !f.decode(cohortFile, &y) {
		return Definition{}
	}
	d := Definition{
		ID: y.ID, Kind: KindCohort, Title: y.Title, Basis: BasisPatient, Multiplier: y.Multiplier,
		Rationale: strings.TrimSpace(y.Rationale), Source: strings.TrimSpace(y.Source),
	}
	f.checkID(y.ID)
	if d.Occurrence = y.Entry.Occurrence; d.Occurrence == "" {
		d.Occurrence = occurrenceFirst
	}
	f.oneOf(d.Occurrence, occurrences, "entry", "occurrence")
	entry := Population{Name: cohortEntry}
	f.oneForm([]form{{"event", y.Entry.Event != nil}, {"cql", y.Entry.CQL != nil}, {"sql", y.Entry.File != ""}}, "entry")
	switch {
	case y.Entry.Event != nil:
		if f.sound(func(report cohort.Report) { y.Entry.Event.Check(report, "entry", "event") }) {
			entry.SQL = f.made("SELECT pid, day AS index_date FROM ("+y.Entry.Event.Rows()+")", y.Entry.Event.Lists(), "entry", "event")
			entry.English = y.Entry.Event.Describe(f.listTitle)
		}
		if y.Entry.Event.Days != nil || y.Entry.Event.Count != 0 {
			f.doc.Report("misplaced-key", "the entry makes the index date, so there is no window about it and no count", "write a rule", "entry", "event")
		}
	case y.Entry.CQL != nil:
		part := y.Entry.CQL.Entry("entry", "cql")
		f.parts = append(f.parts, part)
		entry.SQL, entry.English = part.EntrySQL(), part.Describe()
	default:
		entry.File, entry.SQL = y.Entry.File, f.sql(y.Entry.File, "entry", "sql")
		entry.English = cohort.Part{File: y.Entry.File}.Describe()
	}
	d.Populations = append(d.Populations, entry)
	// The entry event is the first line of the attrition table and so a rule by name.
	d.Rules = append(d.Rules, Rule{ID: cohortEntry, Title: y.Entry.Title, File: y.Entry.File, English: entry.English})
	ids := map[string]bool{cohortEntry: true}
	for i, r := range y.Rules {
		if ids[r.ID] && f.doc.Has("rules", i, "id") {
			f.doc.Report("duplicate-id", fmt.Sprintf("there is a rule %q already", r.ID), "", "rules", i, "id")
		}
		ids[r.ID] = true
		f.oneForm([]form{{"require", r.Require != nil}, {"exclude", r.Exclude != nil}, {"cql", r.CQL != nil}, {"sql", r.File != ""}}, "rules", i)
		rule := Rule{ID: r.ID, Title: r.Title, File: r.File}
		written, key := r.Require, "require"
		if r.Exclude != nil {
			written, key = r.Exclude, "exclude"
		}
		if r.CQL != nil {
			f.parts = append(f.parts, cohort.Rule{CQL: r.CQL}.Parts("rules", i)...)
			rule.SQL, rule.English = cohort.Rule{CQL: r.CQL}.SQL(), cohort.Rule{CQL: r.CQL}.Describe(f.listTitle)
		} else if written == nil {
			rule.SQL, rule.English = f.sql(r.File, "rules", i, "sql"), cohort.Part{File: r.File}.Describe()
		} else if f.sound(func(report cohort.Report) { written.Check(report, "rules", i, key) }) {
			f.parts = append(f.parts, written.Parts("rules", i, key)...)
			sql := written.SQL()
			rule.English = written.Describe(f.listTitle)
			if key == "exclude" {
				sql, rule.English = written.Excluding(), written.DescribeExcluded(f.listTitle)
			}
			rule.SQL = f.made(sql, written.Lists(), "rules", i, key)
			for _, id := range written.Cohorts() {
				d.Uses = append(d.Uses, id)
				f.loader.uses = append(f.loader.uses, use{y.ID, id, f.doc.Pos("rules", i, key)})
			}
		}
		switch {
		case rule.Title != "":
		case r.CQL != nil:
			rule.Title = r.CQL.Define
		case f.doc.Has("rules", i, "sql"):
			f.doc.Report("missing-key", "a rule in SQL needs a title", "", "rules", i)
		default:
			rule.Title = sentence(rule.English)
		}
		d.Rules = append(d.Rules, rule)
	}
	if len(y.Rules) > maxRules {
		f.doc.Report("bad-value", fmt.Sprintf("%d rules, at most %d", len(y.Rules), maxRules), "", "rules")
	}
	if y.AtRisk != nil {
		d.Populations = append(d.Populations, f.atRisk(*y.AtRisk, d.Occurrence == occurrenceEvery))
		if y.Multiplier < 1 {
			f.doc.Report("missing-key", "incidence needs a multiplier of 1 or more person-years", "multiplier: 1000", "multiplier")
		}
		if y.AtRisk.Age != nil {
			d.RiskAges = &Ages{y.AtRisk.Age.AtLeast.Whole(), y.AtRisk.Age.Below.Whole()}
		}
		d.Unit = fmt.Sprintf("cases per %s person-years", thousands(y.Multiplier))
	}
	f.rates(y, &d)
	f.followUp(y, &d)
	f.characteristics(y, &d)
	f.readParts(&d)
	d.Lists = f.useLists(y.Lists)
	if err := f.doc.Err(); err != nil {
		f.loader.collect(err)
	} else {
		f.notes(y, d)
	}
	return d
}

// atRisk is the time at risk. Where every event is an entry, the entry recurs.
func (f *folder) atRisk(a cohort.AtRisk, recurs bool) Population {
	p := Population{Name: cohortAtRisk, File: a.File}
	switch ok := f.sound(func(report cohort.Report) { a.Check(report, "at_risk") }); {
	case a.File != "":
		p.SQL, p.English = f.sql(a.File, "at_risk", "sql"), cohort.Part{File: a.File}.Describe()
	case ok:
		p.SQL, p.English = f.made(a.SQL(recurs), a.Lists(), "at_risk"), a.Describe(recurs, f.listTitle)
	}
	return p
}

// followUp reads the exit and the outcomes.
func (f *folder) followUp(y cohortYAML, d *Definition) {
	if y.Exit != nil {
		if f.sound(func(report cohort.Report) { y.Exit.Check(report, "exit") }) {
			d.Exit = sentence(y.Exit.Describe(f.listTitle))
		} else {
			y.Exit = nil
		}
	}
	if y.Exit != nil {
		for i, e := range y.Exit.Events {
			f.made("", e.Lists(), "exit", "events", i)
		}
	}
	seen := map[string]bool{}
	for i, o := range y.Outcomes {
		if !idForm.MatchString(o.ID) && f.doc.Has("outcomes", i, "id") {
			f.doc.Report("bad-id", fmt.Sprintf("%q is no id", o.ID), "small letters, digits and hyphens, beginning with a letter", "outcomes", i, "id")
		}
		if seen[o.ID] {
			f.doc.Report("duplicate-id", fmt.Sprintf("there is an outcome %q already", o.ID), "", "outcomes", i, "id")
		}
		seen[o.ID] = true
		f.adjust(y, o, i)
		if f.sound(func(report cohort.Report) { o.Check(report, "outcomes", i) }) {
			f.loader.firstDays[y.ID+"/"+o.ID] = o.First()
			sql := f.made(cohort.FollowUp(o, y.Exit), o.Lists(), "outcomes", i)
			rule := Rule{ID: o.ID, Title: o.Title, SQL: sql, English: o.Describe(f.listTitle), Adjust: o.Adjust}
			d.Outcomes = append(d.Outcomes, rule)
		}
	}
}

// adjust checks what an outcome is adjusted for.
func (f *folder) adjust(y cohortYAML, o cohort.Outcome, outcome int) {
	if len(o.Adjust) > 0 && o.To != nil && y.Exit != nil && y.Exit.Days > 0 && y.Exit.Days < *o.To {
		f.doc.Report("contradiction", fmt.Sprintf("nobody is followed to day %d, since the follow-up ends on day %d", *o.To, y.Exit.Days), "let to be no later than the exit", "outcomes", outcome, "adjust")
	}
	names := o.Adjust
	known := slices.Clone(adjustable)
	for _, c := range y.Characteristics {
		known = append(known, c.ID)
	}
	for i, name := range names {
		if f.oneOf(name, known, "outcomes", outcome, "adjust", i) && slices.Contains(names[:i], name) {
			f.doc.Report("bad-value", fmt.Sprintf("%q is named twice", name), "", "outcomes", outcome, "adjust", i)
		}
	}
}

// characteristics reads the rows of Table 1.
func (f *folder) characteristics(y cohortYAML, d *Definition) {
	seen := map[string]bool{}
	for _, name := range adjustable {
		seen[name] = true
	}
	for i, c := range y.Characteristics {
		if seen[c.ID] {
			f.doc.Report("duplicate-id", fmt.Sprintf("there is a characteristic %q already", c.ID), "", "characteristics", i, "id")
		}
		seen[c.ID] = true
		if f.sound(func(report cohort.Report) { c.Check(report, "characteristics", i) }) {
			if c.Has != nil {
				f.parts = append(f.parts, c.Has.Parts("characteristics", i, "has")...)
			}
			sql := f.made(c.SQL(), c.Lists(), "characteristics", i)
			d.Characteristics = append(d.Characteristics, Characteristic{Rule{ID: c.ID, Title: c.Title, SQL: sql, English: c.Describe(f.listTitle)}, c.Number()})
		}
	}
}

// form is one of the ways in which something may be written.
type form struct {
	key     string
	written bool
}

// oneForm wants exactly one of the ways.
func (f *folder) oneForm(forms []form, path ...any) {
	var written, known []string
	for _, form := range forms {
		known = append(known, form.key)
		if form.written {
			written = append(written, form.key)
		}
	}
	switch len(written) {
	case 0:
		f.doc.Report("missing-key", "nothing says what it is", strings.Join(known, " or "), path...)
	case 1:
	default:
		f.doc.Report("two-forms", "it is written twice, as "+strings.Join(written, " and as "), "keep one", path...)
	}
}

// sound runs a check and tells whether it found nothing.
func (f *folder) sound(check func(cohort.Report)) bool {
	ok := true
	check(func(code, message, hint string, path ...any) {
		ok = false
		f.doc.Report(code, message, hint, path...)
	})
	return ok
}

// made keeps SQL that was made of YAML, whose lists need no declaration but must be there.
func (f *folder) made(sql string, lists []string, path ...any) string {
	for _, list := range lists {
		if _, ok := f.lists[list]; !ok {
			f.doc.Report("unknown-list", fmt.Sprintf("there is no list %q", list), source.DidYouMean(list, slices.Sorted(maps.Keys(f.lists))), path...)
			return ""
		}
		f.inYAML = append(f.inYAML, list)
	}
	return sql
}

// listTitle is how a list is spoken of.
func (f *folder) listTitle(name string) string { return strings.ReplaceAll(name, "_", " ") }

// sentence begins with a capital letter.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// thousands writes a positive number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

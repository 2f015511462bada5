package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
	"farr/measures/internal/content"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
	"farr/measures/internal/population"
)

// engine compiles measures and runs their SQL in one session.
type engine struct {
	db        *duck.Session
	pkg       *content.Package
	model     *plan.Model
	libraries map[string]*elm.Library
}

// newEngine reads every library once and resolves every value set to concepts.
func newEngine(ctx context.Context, db *duck.Session, pkg *content.Package) (*engine, error) {
	e := &engine{db: db, pkg: pkg, libraries: map[string]*elm.Library{}}
	for _, l := range pkg.Libraries {
		read, err := elm.Read(l.ELM)
		if err != nil {
			return nil, fmt.Errorf("library %s: %w", l.Name, err)
		}
		e.libraries[l.Name] = read
	}
	var err error
	if e.model, err = readModel(); err != nil {
		return nil, err
	}
	if err := e.loadViews(ctx); err != nil {
		return nil, err
	}
	return e, e.valueSets(ctx)
}

// readModel brings the catalogue of an extract to the compiler.
func readModel() (*plan.Model, error) {
	catalogue, err := datasets.Catalogue()
	if err != nil {
		return nil, err
	}
	var list []plan.Element
	for _, r := range catalogue {
		for _, e := range r.Elements {
			one := plan.Element{Resource: r.Type, Table: r.Table, Path: e.Path, Type: e.Type, Column: e.Name, TagOnly: e.Action == "drop"}
			if e.Type == "Reference" {
				one.Type = "Reference()"
			}
			list = append(list, one)
		}
		if r.Subject != "none" {
			list = append(list, plan.Element{Resource: r.Type, Table: r.Table, Path: "$owner", Column: "pid"})
		}
	}
	return plan.NewModel(list), nil
}

// loadViews keeps the keyed views in memory: cases are few, and each measure reads
// them again.
func (e *engine) loadViews(ctx context.Context) error {
	names, err := e.texts(ctx, "views", "SELECT view_name FROM duckdb_views() WHERE schema_name = 'fhir' ORDER BY view_name")
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := e.db.Exec(ctx, "load "+n, "CREATE TEMP TABLE "+n+" AS SELECT * FROM fhir."+n); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) texts(ctx context.Context, name, sql string) (list []string, err error) {
	rows, err := e.db.Query(ctx, name, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// valueSets makes value_set(url, concept): the concepts of the extract that have a
// code of the set.
func (e *engine) valueSets(ctx context.Context) error {
	if err := e.db.Exec(ctx, "create value_set_code", "CREATE TABLE main.value_set_code (url VARCHAR, system VARCHAR, code VARCHAR)"); err != nil {
		return err
	}
	a, err := e.db.Appender(ctx, "main", "value_set_code")
	if err != nil {
		return err
	}
	for _, v := range e.pkg.ValueSets {
		for _, c := range v.Codes {
			if err := a.AppendRow(v.URL, c.System, c.Code); err != nil {
				a.Close()
				return err
			}
		}
	}
	if err := a.Close(); err != nil {
		return err
	}
	return e.db.Exec(ctx, "resolve value sets",
		"CREATE TEMP TABLE value_set AS SELECT DISTINCT v.url, c.concept FROM value_set_code v JOIN concept c ON c.system = v.system AND c.code = v.code")
}

// answers are the members of each population, by group, population and pid.
type answers struct {
	members [][]map[string]population.Members
}

// of are a person's members of each population of a group.
func (a *answers) of(group int, pid string) []population.Members {
	var list []population.Members
	for _, m := range a.members[group] {
		list = append(list, m[pid])
	}
	return list
}

// wants are what a measure's populations need, in order.
func wants(m *content.Measure) (groups [][]plan.Want, all []plan.Want) {
	for _, g := range m.Groups {
		var list []plan.Want
		for _, p := range g.Populations {
			w := plan.Want{Define: p.Define}
			if p.Code == "measure-observation" {
				if i := slices.IndexFunc(g.Populations, func(o content.Population) bool { return o.ID == p.Observes && p.Observes != "" }); i >= 0 {
					w.Over = g.Populations[i].Define
				}
			}
			list = append(list, w)
		}
		groups = append(groups, list)
		all = append(all, list...)
	}
	return groups, all
}

// answer compiles a measure and runs it on the persons of its cases.
func (e *engine) answer(ctx context.Context, s suite) (a *answers, warnings, problems []string) {
	library := e.pkg.LibraryOf(s.measure)
	if library == nil {
		return nil, nil, []string{"its library " + s.measure.Library + " is not in the package"}
	}
	program, mistakes := elm.Link(e.libraries, library.Name)
	for _, m := range mistakes {
		problems = append(problems, m.Error())
	}
	if len(problems) > 0 {
		return nil, nil, problems
	}
	groups, all := wants(s.measure)
	c, problems := e.compile(program, library.Name, all)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	warnings = e.lacking(c.ValueSets)
	made, err := e.execute(ctx, s, c)
	defer e.drop(ctx, made)
	if err != nil {
		return nil, warnings, []string{err.Error()}
	}
	a = &answers{}
	for _, list := range groups {
		var group []map[string]population.Members
		for _, w := range list {
			key := w.Define
			if w.Over != "" {
				key += "(" + w.Over + ")"
			}
			members, err := e.members(ctx, key, c.Defines[key])
			if err != nil {
				return nil, warnings, []string{err.Error()}
			}
			group = append(group, members)
		}
		a.members = append(a.members, group)
	}
	return a, warnings, nil
}

// compile gives what cannot be compiled as problems. A panic on ELM that nobody has
// seen is one of them: the other measures' cases still count.
func (e *engine) compile(program *elm.Program, library string, all []plan.Want) (c *plan.Compiled, problems []string) {
	defer func() {
		if cause := recover(); cause != nil {
			problems = []string{fmt.Sprintf("%s: the compiler broke down: %v", library, cause)}
		}
	}()
	c = plan.CompileMeasure(program, e.model, library, all)
	for _, p := range c.Problems {
		problems = append(problems, p.Error())
	}
	return c, problems
}

// lacking names the value sets that are not there or not whole.
func (e *engine) lacking(urls []string) (list []string) {
	for _, url := range urls {
		switch v := e.pkg.ValueSet(url); {
		case v == nil:
			list = append(list, "value set "+url+" is not in the package: taken as empty")
		case v.Problem != "":
			list = append(list, "value set "+url+" may lack codes: "+v.Problem)
		}
	}
	return list
}

// execute makes the tables of a compiled measure.
func (e *engine) execute(ctx context.Context, s suite, c *plan.Compiled) (made []string, err error) {
	made = []string{"subject", "person", "subject_period", "period"}
	for _, t := range []string{"period (period VARCHAR, low TIMESTAMP, high TIMESTAMP)", "subject_period (pid UUID, period VARCHAR)"} {
		if err := e.db.Exec(ctx, "create "+t, "CREATE TEMP TABLE "+t); err != nil {
			return made, err
		}
	}
	var persons []string
	seen := map[string]bool{}
	for i, k := range s.cases {
		period := k.Low + "/" + k.High
		if !seen[period] {
			seen[period] = true
			sql := fmt.Sprintf("INSERT INTO period VALUES (%s, TIMESTAMP %s, TIMESTAMP %s)", duck.Quote(period), duck.Quote(k.Low), duck.Quote(k.High+" 23:59:59.999"))
			if err := e.db.Exec(ctx, "period", sql); err != nil {
				return made, err
			}
		}
		persons = append(persons, "("+duck.Quote(s.pids[i])+", "+duck.Quote(period)+")")
	}
	if err := e.db.Exec(ctx, "persons", "INSERT INTO subject_period VALUES "+strings.Join(persons, ", ")); err != nil {
		return made, err
	}
	for _, x := range slices.Concat(plan.Setup, c.Statements) {
		if err := e.db.Exec(ctx, x.Library+"."+x.Name, x.SQL); err != nil {
			return made, err
		}
		made = append(made, x.Table)
	}
	return made, nil
}

func (e *engine) drop(ctx context.Context, tables []string) {
	for _, t := range tables {
		e.db.Exec(ctx, "drop "+t, "DROP TABLE IF EXISTS "+t)
	}
}

// members reads the rows of a define.
func (e *engine) members(ctx context.Context, name string, d *plan.Define) (map[string]population.Members, error) {
	sql := d.Rows()
	if sql == "" {
		return nil, fmt.Errorf("%s is no population: it gives %s", name, d.Type)
	}
	episode, value := "''", "NULL"
	if strings.Contains(sql, "AS episode") {
		episode = "coalesce(CAST(episode AS VARCHAR), '')"
		if strings.Contains(sql, "AS value") {
			value = "CAST(value AS DOUBLE)"
		}
	}
	rows, err := e.db.Query(ctx, "rows of "+name, "SELECT CAST(pid AS VARCHAR), "+episode+", CAST("+value+" AS DOUBLE) FROM ("+sql+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]population.Members{}
	for rows.Next() {
		var pid, at string
		var v *float64
		if err := rows.Scan(&pid, &at, &v); err != nil {
			return nil, err
		}
		if out[pid] == nil {
			out[pid] = population.Members{}
		}
		out[pid][at] = v
	}
	return out, rows.Err()
}

package plan_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/internal/duck"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
)

// deckPasses is how many official cases had every population count right. It may
// only rise.
const deckPasses = 1872

type deckCase struct {
	Measure, Folder, UUID, PID, Low, High string
	Groups                                []struct {
		Populations []struct {
			Code  string
			Count int
		}
	}
}

type population struct{ id, code, define, criteria, aggregate string }

type group struct {
	scoring, basis string
	populations    []population
}

type measure struct {
	name, url, library string
	groups             []group
}

// TestDeck runs the official cases, where the official content and a store of its
// cases are on this machine.
func TestDeck(t *testing.T) {
	content := os.Getenv("FARR_CONTENT")
	if content == "" {
		home, _ := os.UserHomeDir()
		content = filepath.Join(home, ".cache/farr/content")
	}
	deck := os.Getenv("FARR_DECK")
	if deck == "" {
		t.Skip("official cases skipped: FARR_DECK names no store of them")
	}
	if _, err := os.Stat(filepath.Join(content, "input")); err != nil {
		t.Skip("official cases skipped: the content is not on this machine")
	}
	input := filepath.Join(content, "input")
	libraries := readLibraries(t, input)
	measures := readMeasures(t, input)
	var cases []deckCase
	text, err := os.ReadFile(filepath.Join(deck, "cases.json"))
	check(t, err)
	check(t, json.Unmarshal(text, &cases))
	byFolder := map[string][]deckCase{}
	for _, c := range cases {
		byFolder[c.Folder] = append(byFolder[c.Folder], c)
	}
	db := openDeck(t, deck)
	makeValueSets(t, db, input)
	model := readModel(t)
	passed, total, compiled := 0, 0, 0
	causes := map[string]int{}
	only := os.Getenv("FARR_ONLY")
	for i, m := range measures {
		if only != "" && !strings.Contains(m.name, only) {
			continue
		}
		if part := os.Getenv("FARR_PART"); part != "" && fmt.Sprint(i%3) != part {
			continue
		}
		list := byFolder[m.name]
		total += len(list)
		start := time.Now()
		pass, failure := runMeasure(t, db, model, libraries, m, list)
		passed += pass
		if !strings.HasPrefix(failure, "compile") {
			compiled++
		}
		if failure != "" {
			causes[failure]++
		}
		t.Logf("%-60s %3d/%3d %6.1fs %s", m.name, pass, len(list), time.Since(start).Seconds(), failure)
	}
	t.Logf("%d measures of %d compile; %d cases of %d passed", compiled, len(measures), passed, total)
	if only == "" && passed < deckPasses {
		t.Errorf("%d cases passed, before it were %d", passed, deckPasses)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readModel(t *testing.T) *plan.Model {
	catalogue, err := datasets.Catalogue()
	check(t, err)
	var list []plan.Element
	for _, r := range catalogue {
		for _, e := range r.Elements {
			x := plan.Element{Resource: r.Type, Table: r.Table, Path: e.Path, Type: e.Type, Column: e.Name, TagOnly: e.Action == "drop"}
			if e.Type == "Reference" {
				x.Type = "Reference()"
			}
			list = append(list, x)
		}
		if r.Subject != "none" {
			list = append(list, plan.Element{Resource: r.Type, Table: r.Table, Path: "$owner", Column: "pid"})
		}
	}
	return plan.NewModel(list)
}

func readLibraries(t *testing.T, input string) map[string]*elm.Library {
	files, err := filepath.Glob(filepath.Join(input, "resources/library/*.json"))
	check(t, err)
	out := map[string]*elm.Library{}
	for _, f := range files {
		var r struct {
			Content []struct {
				ContentType string
				Data        string
			}
		}
		text, err := os.ReadFile(f)
		check(t, err)
		check(t, json.Unmarshal(text, &r))
		for _, c := range r.Content {
			if c.ContentType == "application/elm+json" {
				data, err := base64.StdEncoding.DecodeString(c.Data)
				check(t, err)
				l, err := elm.Read(data)
				check(t, err)
				out[l.Name] = l
			}
		}
	}
	return out
}

func readMeasures(t *testing.T, input string) []measure {
	files, err := filepath.Glob(filepath.Join(input, "resources/measure/*.json"))
	check(t, err)
	type coded struct{ Coding []struct{ Code string } }
	type ext struct {
		URL, ValueCode, ValueString string
		ValueCodeableConcept        coded
	}
	var out []measure
	for _, f := range files {
		var r struct {
			URL       string
			Library   []string
			Scoring   coded
			Extension []ext
			Group     []struct {
				Extension  []ext
				Population []struct {
					ID        string
					Extension []ext
					Code      coded
					Criteria  struct{ Expression string }
				}
			}
		}
		text, err := os.ReadFile(f)
		check(t, err)
		check(t, json.Unmarshal(text, &r))
		m := measure{name: r.URL[strings.LastIndexByte(r.URL, '/')+1:], url: r.URL}
		if len(r.Library) > 0 {
			lib, _, _ := strings.Cut(r.Library[0], "|")
			m.library = lib[strings.LastIndexByte(lib, '/')+1:]
		}
		for _, g := range r.Group {
			x := group{basis: "boolean"}
			if len(r.Scoring.Coding) > 0 {
				x.scoring = r.Scoring.Coding[0].Code
			}
			for _, e := range append(slices.Clone(r.Extension), g.Extension...) {
				if strings.HasSuffix(e.URL, "populationBasis") {
					x.basis = e.ValueCode
				}
				if strings.HasSuffix(e.URL, "scoring") && len(e.ValueCodeableConcept.Coding) > 0 {
					x.scoring = e.ValueCodeableConcept.Coding[0].Code
				}
			}
			for _, p := range g.Population {
				y := population{id: p.ID, define: p.Criteria.Expression}
				if len(p.Code.Coding) > 0 {
					y.code = p.Code.Coding[0].Code
				}
				for _, e := range p.Extension {
					if strings.HasSuffix(e.URL, "criteriaReference") {
						y.criteria = e.ValueString
					}
					if strings.HasSuffix(e.URL, "aggregateMethod") {
						y.aggregate = e.ValueString + e.ValueCode
					}
				}
				x.populations = append(x.populations, y)
			}
			m.groups = append(m.groups, x)
		}
		out = append(out, m)
	}
	return out
}

func openDeck(t *testing.T, deck string) *duck.Session {
	ctx := context.Background()
	key, err := datasets.ReadKey(filepath.Join(deck, "key"))
	check(t, err)
	s, err := datasets.OpenStore(filepath.Join(deck, "store"))
	check(t, err)
	t.Cleanup(func() { s.Close() })
	sn, err := s.Current("extract")
	check(t, err)
	db, err := duck.Open(ctx, duck.Config{AllowedDirs: []string{s.ObjectsDir()}})
	check(t, err)
	t.Cleanup(func() { db.Close() })
	check(t, datasets.Attach(ctx, db, sn, key))
	// The deck is small and read 71 times: keep it in memory.
	rows, err := db.Query(ctx, "tables", "SELECT view_name FROM duckdb_views() WHERE schema_name = 'fhir'")
	check(t, err)
	var names []string
	for rows.Next() {
		var n string
		check(t, rows.Scan(&n))
		names = append(names, n)
	}
	rows.Close()
	for _, n := range names {
		check(t, db.Exec(ctx, "load "+n, "CREATE TEMP TABLE "+n+" AS SELECT * FROM fhir."+n))
	}
	return db
}

func makeValueSets(t *testing.T, db *duck.Session, input string) {
	ctx := context.Background()
	type filter struct{ Property, Op, Value string }
	type include struct {
		System  string
		Concept []struct{ Code string }
		Filter  []filter
	}
	check(t, db.Exec(ctx, "codes", "CREATE TEMP TABLE value_set_code (url VARCHAR, system VARCHAR, code VARCHAR)"))
	a, err := db.Appender(ctx, "", "value_set_code")
	if err != nil {
		a, err = db.Appender(ctx, "main", "value_set_code")
	}
	check(t, err)
	files, err := filepath.Glob(filepath.Join(input, "vocabulary/valueset/external/*.json"))
	check(t, err)
	for _, f := range files {
		var r struct {
			URL       string
			Expansion struct {
				Contains []struct{ System, Code string }
			}
			Compose struct{ Include []include }
		}
		text, err := os.ReadFile(f)
		check(t, err)
		check(t, json.Unmarshal(text, &r))
		for _, c := range r.Expansion.Contains {
			check(t, a.AppendRow(r.URL, c.System, c.Code))
		}
		if len(r.Expansion.Contains) == 0 {
			for _, i := range r.Compose.Include {
				for _, c := range i.Concept {
					check(t, a.AppendRow(r.URL, i.System, c.Code))
				}
			}
		}
	}
	check(t, a.Close())
	check(t, db.Exec(ctx, "value sets", "CREATE TEMP TABLE value_set AS SELECT DISTINCT v.url, c.concept FROM value_set_code v JOIN concept c ON c.system = v.system AND c.code = v.code"))
}

func wants(m measure) []plan.Want {
	var list []plan.Want
	for _, g := range m.groups {
		ids := map[string]string{}
		for _, p := range g.populations {
			ids[p.id] = p.define
		}
		for _, p := range g.populations {
			if p.code == "measure-observation" {
				list = append(list, plan.Want{Define: p.define, Over: ids[p.criteria]})
				continue
			}
			list = append(list, plan.Want{Define: p.define})
		}
	}
	return list
}

func runMeasure(t *testing.T, db *duck.Session, model *plan.Model, libraries map[string]*elm.Library, m measure, cases []deckCase) (pass int, failure string) {
	ctx := context.Background()
	verbose := os.Getenv("FARR_ONLY") != ""
	program, mistakes := elm.Link(libraries, m.library)
	if len(mistakes) > 0 {
		return 0, fmt.Sprint("link: ", mistakes)
	}
	c := plan.CompileMeasure(program, model, m.library, wants(m))
	if len(c.Problems) > 0 {
		var all []string
		for i, p := range c.Problems {
			if verbose || os.Getenv("FARR_COMPILE") != "" || i < 3 {
				all = append(all, p.Error())
			}
		}
		return 0, fmt.Sprintf("compile (%d): %s", len(c.Problems), strings.Join(all, "; "))
	}
	if os.Getenv("FARR_COMPILE") != "" {
		return 0, ""
	}
	var made []string
	defer func() {
		for _, x := range made {
			db.Exec(ctx, "drop", "DROP TABLE IF EXISTS "+x)
		}
	}()
	run := func(name, sql string) error {
		limited, cancel := context.WithTimeout(ctx, 60*time.Second)
		defer cancel()
		return db.Exec(limited, name, sql)
	}
	made = append(made, "period", "subject_period", "subject", "person")
	check(t, run("period", "CREATE TEMP TABLE period (period VARCHAR, low TIMESTAMP, high TIMESTAMP)"))
	check(t, run("subject_period", "CREATE TEMP TABLE subject_period (pid UUID, period VARCHAR)"))
	seen := map[string]bool{}
	var values []string
	for _, x := range cases {
		p := x.Low + "/" + x.High
		if !seen[p] {
			check(t, run("period row", fmt.Sprintf("INSERT INTO period VALUES ('%s', TIMESTAMP '%s', TIMESTAMP '%s 23:59:59.999')", p, x.Low, x.High)))
		}
		seen[p] = true
		values = append(values, fmt.Sprintf("('%s', '%s')", x.PID, p))
	}
	if len(values) == 0 {
		return 0, "no cases"
	}
	check(t, run("subjects", "INSERT INTO subject_period VALUES "+strings.Join(values, ", ")))
	for _, s := range append(slices.Clone(plan.Setup), c.Statements...) {
		at := time.Now()
		err := run(s.Library+"."+s.Name, s.SQL)
		if took := time.Since(at); verbose && took > time.Second {
			t.Logf("%s took %s", s.Name, took)
		}
		if err != nil {
			if verbose {
				t.Logf("%s", s.SQL)
			}
			return 0, "engine: " + err.Error()
		}
		if verbose && os.Getenv("FARR_SQL") != "" {
			t.Log(s.SQL)
		}
		made = append(made, s.Table)
	}
	// members of each define: pid -> episode -> value
	type members map[string]map[string]float64
	rowsOf := func(key string) (members, error) {
		d := c.Defines[key]
		sql := d.Rows()
		if sql == "" {
			return nil, fmt.Errorf("%s is a %s", key, d.Type)
		}
		out := members{}
		cols := "CAST(pid AS VARCHAR), '', 1.0"
		if strings.Contains(sql, "AS episode") {
			cols = "CAST(pid AS VARCHAR), coalesce(CAST(episode AS VARCHAR), ''), 1.0"
			if strings.Contains(sql, " AS value") {
				cols = "CAST(pid AS VARCHAR), coalesce(CAST(episode AS VARCHAR), ''), coalesce(CAST(value AS DOUBLE), -999.0)"
			}
		}
		rows, err := db.Query(ctx, "rows "+key, "SELECT "+cols+" FROM ("+sql+")")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			var pid, episode string
			var v float64
			if err := rows.Scan(&pid, &episode, &v); err != nil {
				return nil, err
			}
			if out[pid] == nil {
				out[pid] = map[string]float64{}
			}
			out[pid][episode] = v
		}
		return out, rows.Err()
	}
	bad := map[string]string{}
	for gi, g := range m.groups {
		sets := map[string]members{}
		ids := map[string]population{}
		for _, p := range g.populations {
			ids[p.id] = p
		}
		for _, p := range g.populations {
			key := p.define
			if p.code == "measure-observation" {
				key += "(" + ids[p.criteria].define + ")"
			}
			var err error
			if sets[p.id+p.code], err = rowsOf(key); err != nil {
				return 0, "rows: " + err.Error()
			}
		}
		for _, x := range cases {
			if gi >= len(x.Groups) {
				bad[x.UUID] += " groups"
				continue
			}
			of := func(code string) map[string]float64 {
				for _, p := range g.populations {
					if p.code == code {
						return sets[p.id+p.code][x.PID]
					}
				}
				return nil
			}
			within := map[string]map[string]float64{}
			both := func(a, b map[string]float64) map[string]float64 {
				out := map[string]float64{}
				for k, v := range a {
					if _, ok := b[k]; ok {
						out[k] = v
					}
				}
				return out
			}
			minus := func(a, b map[string]float64) map[string]float64 {
				out := map[string]float64{}
				for k, v := range a {
					if _, ok := b[k]; !ok {
						out[k] = v
					}
				}
				return out
			}
			ip := of("initial-population")
			within["initial-population"] = ip
			within["denominator"] = both(of("denominator"), ip)
			within["denominator-exclusion"] = both(of("denominator-exclusion"), within["denominator"])
			rest := minus(within["denominator"], within["denominator-exclusion"])
			within["numerator"] = both(of("numerator"), rest)
			within["numerator-exclusion"] = both(of("numerator-exclusion"), within["numerator"])
			within["denominator-exception"] = minus(both(of("denominator-exception"), rest), within["numerator"])
			within["measure-population"] = both(of("measure-population"), ip)
			within["measure-population-exclusion"] = both(of("measure-population-exclusion"), within["measure-population"])
			for pi, p := range g.populations {
				expected := 0
				if pi < len(x.Groups[gi].Populations) {
					expected = x.Groups[gi].Populations[pi].Count
				}
				got := len(within[p.code])
				if p.code == "measure-observation" {
					base := within[ids[p.criteria].code]
					switch ids[p.criteria].code {
					case "measure-population":
						base = minus(base, within["measure-population-exclusion"])
					case "denominator":
						base = rest
					case "numerator":
						base = minus(base, within["numerator-exclusion"])
					}
					obs := both(sets[p.id+p.code][x.PID], base)
					got = len(obs)
					if g.basis == "boolean" {
						for _, v := range obs {
							got = int(v)
						}
					}
				}
				if got != expected {
					bad[x.UUID] += fmt.Sprintf(" %d.%s=%d want %d", gi+1, p.code, got, expected)
				}
			}
		}
	}
	for _, x := range cases {
		if bad[x.UUID] == "" {
			pass++
		}
	}
	if verbose {
		var list []string
		for k, v := range bad {
			list = append(list, k+v)
		}
		sort.Strings(list)
		for _, s := range list {
			t.Log(s)
		}
	}
	return pass, ""
}

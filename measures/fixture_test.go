package measures

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"farr/internal/duck"
)

// fixture is a small population written by hand: one resource a line, as
//
//	patient ann birth=1960-05-01 gender=female
//	encounter ann start=2019-03-01T10:00 site=north
//
// loaded into tables with the columns of the keyed views, so that each rule can be
// tried on people made for it.
type fixture struct {
	t        *testing.T
	db       *duck.Session
	people   map[uuid.UUID]string
	rids     map[uuid.UUID]string
	concepts map[string]int64
	sites    map[string]bool
	lines    int
	rows     map[string][]string // by table, until all lines are read
}

var fixtureTables = []string{
	`patient(pid UUID, rid UUID, gender VARCHAR, birth_date DATE, deceased_tag VARCHAR, deceased_bool BOOLEAN, deceased_start TIMESTAMP, race VARCHAR, ethnicity VARCHAR, language VARCHAR, zip3 VARCHAR, state VARCHAR)`,
	`encounter(pid UUID, rid UUID, negated BOOLEAN, status VARCHAR, class VARCHAR, period_start TIMESTAMP, period_end TIMESTAMP, service_provider_rid UUID, discharge_disposition BIGINT, type BIGINT, reason_code BIGINT)`,
	`encounter_diagnosis(pid UUID, rid UUID, ordinal INTEGER, condition_rid UUID)`,
	`immunization(pid UUID, rid UUID, negated BOOLEAN, status VARCHAR, vaccine_code BIGINT, occurrence_start TIMESTAMP)`,
	`condition(pid UUID, rid UUID, negated BOOLEAN, verification_status BIGINT, code BIGINT, onset_tag VARCHAR, onset_start TIMESTAMP, onset_end TIMESTAMP, abatement_tag VARCHAR, abatement_start TIMESTAMP, abatement_end TIMESTAMP, recorded_date TIMESTAMP)`,
	`observation(pid UUID, rid UUID, negated BOOLEAN, status VARCHAR, code BIGINT, effective_start TIMESTAMP, value_tag VARCHAR, value_num DECIMAL(28,8), value_unit VARCHAR, value_concept BIGINT)`,
	`observation_component(pid UUID, rid UUID, ordinal INTEGER, code BIGINT, value_tag VARCHAR, value_num DECIMAL(28,8), value_unit VARCHAR, value_concept BIGINT)`,
	`procedure(pid UUID, rid UUID, negated BOOLEAN, status VARCHAR, code BIGINT, performed_start TIMESTAMP)`,
	`medication_request(pid UUID, rid UUID, negated BOOLEAN, status VARCHAR, medication BIGINT, authored_on TIMESTAMP)`,
	`coverage(pid UUID, rid UUID, negated BOOLEAN, status VARCHAR, type BIGINT, period_start TIMESTAMP, period_end TIMESTAMP, period_end_prec INTEGER)`,
	`organization(rid UUID, label VARCHAR)`,
	`observation_period(pid UUID, ordinal INTEGER, period_start DATE, period_end DATE)`,
	`concept(concept BIGINT, ordinal INTEGER, system VARCHAR, code VARCHAR)`,
	`concept_list(list BIGINT, ordinal INTEGER, concept BIGINT)`,
}

var fixtureSystems = map[string]string{
	"sct": "http://snomed.info/sct", "icd": "http://hl7.org/fhir/sid/icd-10-cm", "loinc": "http://loinc.org", "cpt": "http://www.ama-assn.org/go/cpt",
	"cvx": "http://hl7.org/fhir/sid/cvx", "rx": "http://www.nlm.nih.gov/research/umls/rxnorm", "sopt": "https://nahdo.org/sopt",
	"disposition": "http://terminology.hl7.org/CodeSystem/discharge-disposition", "status": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
}

func newFixture(t *testing.T, text string) *fixture {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Config{MemoryLimit: 1 << 30, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f := &fixture{t: t, db: db, people: map[uuid.UUID]string{}, rids: map[uuid.UUID]string{}, concepts: map[string]int64{}, sites: map[string]bool{}, rows: map[string][]string{}}
	f.exec("CREATE SCHEMA fhir")
	for _, table := range fixtureTables {
		f.exec("CREATE TABLE fhir." + table)
	}
	for _, line := range strings.Split(text, "\n") {
		f.lines++
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) != "" {
			f.line(strings.Fields(line))
		}
	}
	for table, rows := range f.rows {
		for chunk := range slices.Chunk(rows, 1000) {
			f.exec("INSERT INTO fhir." + table + " VALUES " + strings.Join(chunk, ", "))
		}
	}
	return f
}

// insert keeps a row; one statement a row would take most of the time of a large fixture.
func (f *fixture) insert(table string, values ...string) {
	f.rows[table] = append(f.rows[table], "("+strings.Join(values, ", ")+")")
}

func (f *fixture) exec(sql string) {
	f.t.Helper()
	if err := f.db.Exec(context.Background(), "fixture", sql); err != nil {
		f.t.Fatalf("%v\n%s", err, sql)
	}
}

// line loads one resource. Options not given take the value that makes the resource count.
func (f *fixture) line(words []string) {
	kind, who := words[0], words[1]
	options := map[string]string{}
	for _, w := range words[2:] {
		k, v, _ := strings.Cut(w, "=")
		options[k] = v
	}
	used := map[string]bool{}
	text := func(name, otherwise string) string {
		used[name] = true
		v, ok := options[name]
		if !ok {
			v = otherwise
		}
		if v == "" || v == "-" {
			return "NULL"
		}
		return duck.Quote(v)
	}
	when := func(name string) string { return text(name, "") + "::TIMESTAMP" }
	code := func(name string) string {
		used[name] = true
		return f.concept(options[name])
	}
	negated := fmt.Sprint(func() bool { used["negated"] = true; _, ok := options["negated"]; return ok }())
	pid := f.id("pid", who)
	f.people[uuid.UUID(f.raw("pid", who))] = who
	row := f.row(who, options)
	used["as"] = true
	tag := func(name string) string {
		if _, ok := options[name]; !ok {
			return "NULL"
		}
		return "'dateTime'"
	}
	switch kind {
	case "patient":
		f.insert(kind, pid, row, text("gender", "female"), text("birth", ""), tag("death"), "NULL", when("death"), text("race", ""), text("ethnicity", ""), text("language", ""), text("zip3", ""), text("state", ""))
	case "encounter":
		site := "NULL"
		if used["site"] = true; options["site"] != "" {
			site = f.site(options["site"])
		}
		f.insert(kind, pid, row, negated, text("status", "finished"), text("class", "AMB"), when("start"), when("end"), site, code("disposition"), "NULL", code("reason"))
		if used["diagnosis"] = true; options["diagnosis"] != "" {
			f.insert("encounter_diagnosis", pid, row, "0", f.id("rid", options["diagnosis"]))
		}
	case "condition":
		f.insert(kind, pid, row, negated, code("verification"), code("code"), tag("onset"), when("onset"), "NULL", tag("abatement"), when("abatement"), "NULL", when("recorded"))
	case "observation":
		f.insert(kind, pid, row, negated, text("status", "final"), code("code"), when("on"), "'Quantity'", text("value", ""), text("unit", ""), "NULL")
	case "pressure":
		options["code"] = "loinc:85354-9"
		f.insert("observation", pid, row, negated, text("status", "final"), code("code"), when("on"), "NULL", "NULL", "NULL", "NULL")
		for i, part := range []struct{ name, code string }{{"systolic", "loinc:8480-6"}, {"diastolic", "loinc:8462-4"}} {
			if _, ok := options[part.name]; ok {
				f.insert("observation_component", pid, row, fmt.Sprint(i), f.concept(part.code), "'Quantity'", text(part.name, ""), text("unit", "mm[Hg]"), "NULL")
			}
		}
	case "procedure":
		f.insert(kind, pid, row, negated, text("status", "completed"), code("code"), when("on"))
	case "immunization":
		f.insert(kind, pid, row, negated, text("status", "completed"), code("code"), when("on"))
	case "medication":
		f.insert("medication_request", pid, row, negated, text("status", "active"), code("code"), when("on"))
	case "coverage":
		end, prec := options["end"], "NULL" // a year, a month, a day or a moment
		if i := slices.Index([]int{0, len("2019"), len("2019-06"), len("2019-06-30"), len("2019-06-30T12:00")}, len(end)); i > 0 {
			prec = fmt.Sprint(i)
			options["end"] = end + "2019-01-01T00:00"[len(end):]
		}
		f.insert(kind, pid, row, negated, text("status", "active"), code("type"), when("start"), when("end"), prec)
	case "observed":
		f.insert("observation_period", pid, fmt.Sprint(f.lines), text("start", ""), text("end", ""))
	default:
		f.t.Fatalf("line %d: unknown %q", f.lines, kind)
	}
	for name := range options {
		if !used[name] {
			f.t.Fatalf("line %d: %s has no %q", f.lines, kind, name)
		}
	}
}

// row is the resource's rid, and remembers what the test calls it.
func (f *fixture) row(who string, options map[string]string) string {
	name := fmt.Sprint(who, "/", f.lines)
	if options["as"] != "" {
		name = options["as"]
	}
	raw := f.raw("rid", name)
	f.rids[uuid.UUID(raw)] = name
	return f.id("rid", name)
}

// raw makes a stable id; where it sorts has nothing to do with the name.
func (f *fixture) raw(kind, name string) [16]byte {
	sum := sha256.Sum256([]byte(kind + name))
	return [16]byte(sum[:16])
}

func (f *fixture) id(kind, name string) string {
	return "'" + uuid.UUID(f.raw(kind, name)).String() + "'::UUID"
}

func (f *fixture) site(label string) string {
	rid := f.id("site", label)
	if !f.sites[label] {
		f.sites[label] = true
		if label != "stranger" { // a provider that the export does not hold
			f.insert("organization", rid, duck.Quote(label))
		}
	}
	return rid
}

// concept gives the id of a concept written as system:code+system:code.
func (f *fixture) concept(text string) string {
	if text == "" {
		return "NULL"
	}
	id, ok := f.concepts[text]
	if !ok {
		id = int64(1000 + len(f.concepts))
		f.concepts[text] = id
		for i, coding := range strings.Split(text, "+") {
			system, code, _ := strings.Cut(coding, ":")
			uri, ok := fixtureSystems[system]
			if !ok {
				f.t.Fatalf("line %d: unknown system %q", f.lines, system)
			}
			f.insert("concept", fmt.Sprint(id), fmt.Sprint(i), duck.Quote(uri), duck.Quote(code))
		}
	}
	return fmt.Sprint(id)
}

// engine prepares the fixture for periods, with data known to the end of 2024.
func (f *fixture) engine(periods string, definitions ...Definition) *engine {
	f.t.Helper()
	list, err := ParsePeriods(periods)
	if err != nil {
		f.t.Fatal(err)
	}
	e, err := prepare(context.Background(), f.db, definitions, list, time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC))
	if err == nil && len(definitions) == 0 {
		err = e.need(context.Background(), authoredNames()...)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

func shippedDefinition(t *testing.T, id string) Definition {
	t.Helper()
	l, err := LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range l.Definitions() {
		if d.ID == id {
			return d
		}
	}
	t.Fatalf("no definition %s", id)
	return Definition{}
}

package datasets

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// The names in an extract's Recipe that its readers need.
const (
	RecipeProfile = "profile" // "shifted", "limited" or "safe-harbor"
	RecipeExpect  = "expect"  // types that the source is said to have; absent where nothing is said
	RecipeZone    = "zone"    // IANA name of the zone of local wall time
	RecipeKey     = "key"     // ID of the key that made the pseudonyms; "" under safe-harbor
)

// viewSchema holds what SQL of measures reads; it comes first in the search path.
// keyedSchema holds what the views are made of, and no outside SQL may name it.
const (
	viewSchema  = "fhir"
	keyedSchema = "keyed"
)

// ObservationIssued is an element that Attach opens only when asked: when a result was
// published, which published measures read in place of a missing effective date.
const ObservationIssued = "observation.issued"

// ObjectsDir is the folder that a session must be allowed to read before Attach.
func (s *Store) ObjectsDir() string { return filepath.Join(s.dir, objectsDir) }

// Store is the store that the snapshot was opened from.
func (sn *Snapshot) Store() *Store { return sn.store }

// Attach makes the keyed views of an extract in the session's schema fhir and
// puts it first in the search path, so that SQL says just encounter. The session
// must allow Store.ObjectsDir; the caller locks it afterwards.
//
// The views show true dates. A table's columns are those at rest except that:
//   - no *_seal column is shown, and so nothing of an element that its profile hides;
//   - an element that its profile seals in every row ([ObservationIssued] when shifted) is there
//     only where open names it, since opening takes time for each row;
//   - a date element x is the true local wall time of its lower bound, with x_prec
//     as at rest and x_lo, x_hi its bounds in UTC, both inclusive, to the millisecond
//     (a time given to the second is exact);
//   - rows of persons who are not in patient are left out;
//   - patient has race, ethnicity (OMB codes; race "multiple" for two or more) and
//     birth_sex, and its birth_date is a DATE;
//   - observation_period is (pid, ordinal, period_start DATE, period_end DATE);
//   - organization and location always have a label.
//
// All objects are hashed first, because the engine would not notice a flipped bit.
// A shifted extract without its key is an error, never a wrong answer. With it the session spills
// nothing to disk from here on, since its tables hold what the extract hides.
func Attach(ctx context.Context, db *duck.Session, sn *Snapshot, key *Key, open ...string) error {
	v, err := newViewer(ctx, db, sn, key)
	if err != nil {
		return fmt.Errorf("attach snapshot %.12s: %w", sn.id, err)
	}
	v.asked = open
	for _, stage := range []func(context.Context) error{
		v.checkObjects, v.keepOffDisk, v.attachRaw, v.findPersons, v.openSeals, v.describePersons, v.createViews,
	} {
		if err := stage(ctx); err != nil {
			return fmt.Errorf("attach snapshot %.12s: %w", sn.id, err)
		}
	}
	return nil
}

// NumberedSchema has the views of the schema fhir again, with a PersonNumber, and patient without
// what is gathered of extensions: race, ethnicity, birth_sex. It is for SQL of our own: the number
// is another in another session.
const NumberedSchema = keyedSchema

// PersonNumber is a column of what patients own in NumberedSchema: a whole number from 0 in place
// of the pid, which an engine joins by in less time.
const PersonNumber = "person_no"

// PersonTable is the table of NumberedSchema with the pid and PersonNumber of the persons whom the
// views show.
const PersonTable = "person"

// TraitTable is the table of NumberedSchema with what patient lacks there, a row for each that was recorded: pid and rid of the patient, trait (race,
// ethnicity or birthsex) and code. It has those of persons whom the views do not show, too.
const TraitTable = "trait"

// Narrow leaves in the views of an attached extract those persons alone whose PersonNumber is
// in a SELECT.
func Narrow(ctx context.Context, db *duck.Session, persons string) error {
	for _, sql := range []string{
		"CREATE TABLE keyed.few AS FROM keyed.person WHERE " + PersonNumber + " IN (" + persons + ")",
		"DROP TABLE keyed.person", "ALTER TABLE keyed.few RENAME TO person",
	} {
		if err := db.Exec(ctx, "narrow", sql); err != nil {
			return err
		}
	}
	return nil
}

// Buckets are the ranges that pids fall into by their first byte, a quarter of it each.
const Buckets = 64

// Only leaves in the views of an attached extract those persons alone whose pids are in the buckets
// from low to high, both among them, until another call. Objects that hold none of them are not read.
func Only(ctx context.Context, db *duck.Session, sn *Snapshot, low, high int) error {
	for _, sql := range []string{
		"CREATE TABLE IF NOT EXISTS keyed.everybody AS FROM keyed.person", "DROP TABLE keyed.person",
		fmt.Sprintf("CREATE TABLE keyed.person AS FROM keyed.everybody WHERE pid BETWEEN '%02x000000-0000-0000-0000-000000000000' AND '%02xffffff-ffff-ffff-ffff-ffffffffffff'", low*4, high*4+3),
	} {
		if err := db.Exec(ctx, "part of the persons", sql); err != nil {
			return err
		}
	}
	for _, t := range sn.manifest.Tables {
		if err := db.Exec(ctx, "part of "+t.Name, "CREATE OR REPLACE VIEW "+keyedSchema+".raw_"+t.Name+" AS "+sn.Scan(t.Name, low, high)); err != nil {
			return err
		}
	}
	return nil
}

// AttachTables makes a plain view of each table of any snapshot, as at rest, in a
// schema of that name, after hashing the objects.
func AttachTables(ctx context.Context, db *duck.Session, sn *Snapshot, schema string) error {
	if err := sn.Check(ctx); err != nil {
		return fmt.Errorf("attach snapshot %.12s: %w", sn.id, err)
	}
	return attachTables(ctx, db, sn, schema, "")
}

func attachTables(ctx context.Context, db *duck.Session, sn *Snapshot, schema, prefix string) error {
	if err := db.Exec(ctx, "create schema "+schema, "CREATE SCHEMA IF NOT EXISTS "+schema); err != nil {
		return err
	}
	for _, t := range sn.manifest.Tables {
		sql := "CREATE VIEW " + schema + "." + prefix + t.Name + " AS " + sn.scanSQL(t, nil)
		if err := db.Exec(ctx, "create view "+t.Name, sql); err != nil {
			return err
		}
	}
	return nil
}

// viewer makes the views of one snapshot in one session.
type viewer struct {
	db      *duck.Session
	sn      *Snapshot
	key     *Key
	zones   []*deid.Zone          // each once
	zoneOf  map[string]*deid.Zone // by source
	shifted bool
	years   bool                // of dates there are years only
	opened  map[string][]string // table -> date elements with sealed values
	asked   []string
}

// newViewer is the door to every session with what a key opens: it refuses an extract whose key was destroyed.
func newViewer(ctx context.Context, db *duck.Session, sn *Snapshot, key *Key) (*viewer, error) {
	if err := sn.mayOpen(ctx); err != nil {
		return nil, err
	}
	recipe := func(name string) string {
		text, _ := sn.manifest.Recipe[name].(string)
		return text
	}
	if sn.manifest.Kind != "extract" {
		return nil, &Error{Code: CodeBadManifest, Subject: "snapshot " + sn.id, Detail: "it is of kind " + sn.manifest.Kind + ", not an extract"}
	}
	profile := deid.Profile(recipe(RecipeProfile))
	if !slices.Contains(deid.Profiles, profile) {
		return nil, &Error{Code: CodeBadManifest, Subject: "snapshot " + sn.id, Detail: fmt.Sprintf("unknown profile %q", profile)}
	}
	if key == nil && profile == deid.Shifted {
		return nil, &Error{Code: CodeKeyRequired, Subject: "snapshot " + sn.id, Detail: "its dates are shifted, and only key " + recipe(RecipeKey) + " opens them"}
	}
	if key != nil && profile != deid.SafeHarbor && key.ID() != recipe(RecipeKey) {
		return nil, &Error{Code: CodeWrongKey, Subject: "snapshot " + sn.id, Detail: "it was made with key " + recipe(RecipeKey) + " and this is " + key.ID()}
	}
	v := &viewer{
		db: db, sn: sn, key: key, zoneOf: map[string]*deid.Zone{}, shifted: profile == deid.Shifted, years: profile == deid.SafeHarbor,
		opened: map[string][]string{},
	}
	if err := v.findZones(); err != nil {
		return nil, &Error{Code: CodeBadManifest, Subject: "snapshot " + sn.id, Err: err}
	}
	if _, ok := sn.Table("patient"); !ok {
		return nil, &Error{Code: CodeBadManifest, Subject: "snapshot " + sn.id, Detail: "it has no table patient"}
	}
	return v, nil
}

// keepOffDisk lets the session spill nothing where it is about to hold dates that the store at rest
// does not show.
func (v *viewer) keepOffDisk(ctx context.Context) error {
	if !v.shifted {
		return nil
	}
	return v.db.KeepInMemory(ctx)
}

func (v *viewer) checkObjects(ctx context.Context) error { return v.sn.Check(ctx) }

// attachRaw makes keyed.raw_<table>, the tables at rest.
func (v *viewer) attachRaw(ctx context.Context) error {
	return attachTables(ctx, v.db, v.sn, keyedSchema, "raw_")
}

// findPersons fills keyed.person(pid, days, person_no): who is in patient, how many days
// to add to each of that person's dates, and the person's number in this session.
func (v *viewer) findPersons(ctx context.Context) error {
	number := func(from string) error {
		return v.db.Exec(ctx, "find persons", "CREATE TABLE keyed.person AS SELECT *, CAST(row_number() OVER () - 1 AS INTEGER) AS "+PersonNumber+" FROM "+from)
	}
	if !v.shifted {
		return number("(SELECT pid, 0::INTEGER AS days FROM keyed.raw_patient)")
	}
	if err := v.db.Exec(ctx, "create shift", "CREATE TABLE keyed.shift (pid UUID, days INTEGER)"); err != nil {
		return err
	}
	patient, _ := v.sn.Table("patient")
	c := sealedColumns{table: "patient", into: "shift", keys: []string{"pid"}, elements: []string{"shift"}, days: true}
	if err := v.openTable(ctx, patient, c); err != nil {
		return err
	}
	if err := number("keyed.shift"); err != nil {
		return err
	}
	var persons int64
	if err := v.db.QueryRow(ctx, "count persons", "SELECT count(*) FROM keyed.person", &persons); err != nil {
		return err
	}
	if persons != patient.Rows() {
		return &Error{Code: CodeBadManifest, Subject: "table patient", Detail: "some of its rows have no shift"}
	}
	return nil
}

// openSeals opens the sealed dates of every table into keyed.opened_<table>,
// which is dropped again where nothing is sealed.
func (v *viewer) openSeals(ctx context.Context) error {
	for _, t := range v.sn.manifest.Tables {
		elements := v.sealedElements(t)
		if len(elements) == 0 || len(t.Objects) == 0 {
			continue
		}
		c := sealedColumns{table: t.Name, into: "opened_" + t.Name, keys: rowKey(t), elements: elements}
		if err := v.db.Exec(ctx, "create "+c.into, c.createSQL()); err != nil {
			return err
		}
		if err := v.openTable(ctx, t, c); err != nil {
			return err
		}
		var rows int64
		if err := v.db.QueryRow(ctx, "count "+c.into, "SELECT count(*) FROM keyed."+c.into, &rows); err != nil {
			return err
		}
		if rows > 0 {
			v.opened[t.Name] = elements
		} else if err := v.db.Exec(ctx, "drop "+c.into, "DROP TABLE keyed."+c.into); err != nil {
			return err
		}
	}
	return nil
}

// describePersons makes keyed.trait: race, ethnicity and birth sex, which R4 has as extensions, as they were recorded.
func (v *viewer) describePersons(ctx context.Context) error {
	sql := "CREATE TABLE keyed." + TraitTable + " (pid UUID, rid UUID, trait VARCHAR, code VARCHAR)"
	if t, ok := v.sn.Table("patient_extension"); ok && t.Has("value_code") {
		sql = "CREATE VIEW keyed." + TraitTable + ` AS SELECT pid, rid, url AS trait, value_code AS code
			FROM keyed.raw_patient_extension WHERE value_code IS NOT NULL`
	}
	return v.db.Exec(ctx, "describe persons", sql)
}

// traitsSQL gathers the traits of a person into one row.
const traitsSQL = `(SELECT rid,
	CASE WHEN min(code) FILTER (WHERE trait = 'race') <> max(code) FILTER (WHERE trait = 'race') THEN 'multiple' ELSE min(code) FILTER (WHERE trait = 'race') END AS race,
	min(code) FILTER (WHERE trait = 'ethnicity') AS ethnicity, min(code) FILTER (WHERE trait = 'birthsex') AS birth_sex
	FROM keyed.` + TraitTable + ` WHERE pid IN (SELECT pid FROM keyed.person) GROUP BY rid)`

func (v *viewer) createViews(ctx context.Context) error {
	if err := v.db.Exec(ctx, "create schema fhir", "CREATE SCHEMA "+viewSchema); err != nil {
		return err
	}
	for _, t := range v.sn.manifest.Tables {
		if t.Name == deid.PersonLink.Name {
			continue // of Patients of the sources, which no measure knows
		}
		numbered := NumberedSchema + "." + t.Name
		if err := v.db.Exec(ctx, "create numbered view "+t.Name, "CREATE VIEW "+numbered+" AS "+v.viewSQL(t)); err != nil {
			return err
		}
		columns, from := "t.*", numbered+" t"
		if t.Has("pid") {
			columns += " EXCLUDE (" + PersonNumber + ")"
		}
		if t.Name == "patient" {
			columns += ", r.race, r.ethnicity, r.birth_sex"
			from += " LEFT JOIN " + traitsSQL + " r ON r.rid = t.rid"
		}
		sql := "CREATE VIEW " + viewSchema + "." + t.Name + " AS SELECT " + columns + " FROM " + from
		if err := v.db.Exec(ctx, "create view "+t.Name, sql); err != nil {
			return err
		}
	}
	return v.db.Exec(ctx, "set search path", "SET search_path = '"+viewSchema+",main'")
}

package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
)

// deck is all cases in one extract. Ids, and with them pids and rids, come from the key:
// no two decks have a person in common.
type deck struct {
	key      *datasets.Key
	snapshot *datasets.Snapshot
	pids     [][]string // by suite, then case
}

// extract makes a snapshot of all cases for each deck.
func (t *trial) extract(ctx context.Context) error {
	var err error
	if t.dir, err = os.MkdirTemp("", "farr-test-"); err != nil {
		return err
	}
	if t.store, err = datasets.CreateStore(ctx, filepath.Join(t.dir, "store")); err != nil {
		return err
	}
	profile := t.Profile
	if t.Keys > 0 {
		profile = "limited"
	}
	if t.Key == nil {
		if t.Key, err = datasets.CreateKey(filepath.Join(t.dir, "key")); err != nil {
			return err
		}
	}
	if err := t.deal(ctx, profile, t.Key); err != nil {
		return err
	}
	keys := t.KeyDir
	if keys == "" {
		keys = t.dir
	}
	last := t.Key
	for n := range t.Keys {
		key, err := datasets.CreateKey(filepath.Join(keys, fmt.Sprintf("%d.key", n+1)))
		if err != nil {
			return err
		}
		if err := t.store.Rotate(ctx, last, key); err != nil {
			return err
		}
		last = key
		if err := t.deal(ctx, "shifted", key); err != nil {
			return err
		}
	}
	return nil
}

// deal extracts all cases once more, with a key.
func (t *trial) deal(ctx context.Context, profile string, key *datasets.Key) error {
	var sources []datasets.Case
	for _, s := range t.suites {
		for _, c := range s.cases {
			sources = append(sources, c.Source())
		}
	}
	report, err := datasets.Extract(ctx, t.store, datasets.ExtractRequest{
		Cases: sources, Key: key, Profile: profile, MaxReject: 1, Progress: t.Progress,
	})
	if err != nil {
		return err
	}
	for _, r := range report.Rejects {
		t.report.Warnings = append(t.report.Warnings, fmt.Sprintf("%s is left out: %s", r.File, r.Reason))
	}
	d := deck{key: key}
	if d.snapshot, err = t.store.Open(report.Snapshot); err != nil {
		return err
	}
	if err := d.snapshot.NeedDays(); err != nil {
		return err
	}
	pids, err := datasets.PIDs(key, sources)
	if err != nil {
		return err
	}
	for _, s := range t.suites {
		d.pids = append(d.pids, pids[:len(s.cases)])
		pids = pids[len(s.cases):]
	}
	t.decks = append(t.decks, d)
	return nil
}

// attachDecks makes the views of the extract. Where there are several decks, the views show
// the rows of all: since they share no person, one run of a measure answers for each, and
// planning, which is most of the time on so few rows, is done once.
func (t *trial) attachDecks(ctx context.Context) error {
	if len(t.decks) == 1 {
		return datasets.Attach(ctx, t.db, t.decks[0].snapshot, t.decks[0].key, datasets.ObservationIssued)
	}
	if err := t.db.Exec(ctx, "create schema decks", "CREATE SCHEMA decks"); err != nil {
		return err
	}
	columns := map[string][]string{} // of the views, from the first deck
	for i, d := range t.decks {
		if err := datasets.Attach(ctx, t.db, d.snapshot, d.key, datasets.ObservationIssued); err != nil {
			return err
		}
		for _, table := range d.snapshot.Manifest().Tables {
			verb := "INSERT INTO decks." + table.Name + " BY NAME"
			if columns[table.Name] == nil {
				var err error
				if columns[table.Name], err = t.columns(ctx, table.Name); err != nil {
					return err
				}
				verb = "CREATE TABLE decks." + table.Name + " AS"
			}
			if err := t.db.Exec(ctx, "gather "+table.Name, verb+" SELECT *"+t.numbered(i, columns[table.Name])+" FROM "+datasets.NumberedSchema+"."+table.Name); err != nil {
				return err
			}
		}
		if err := t.drop(ctx, "fhir", "keyed"); err != nil {
			return err
		}
		t.Progress.Report("attach", int64(i+1), int64(len(t.decks)))
	}
	if err := t.db.Exec(ctx, "create schema", "CREATE SCHEMA "+datasets.NumberedSchema); err != nil {
		return err
	}
	for table, names := range columns {
		distinct := "DISTINCT "
		for _, name := range names {
			if name == "rid" || name == "pid" {
				distinct = "" // what has no owner is a dictionary: the same in each deck
			}
		}
		if err := t.db.Exec(ctx, "show "+table, "CREATE VIEW "+datasets.NumberedSchema+"."+table+" AS SELECT "+distinct+"* FROM decks."+table); err != nil {
			return err
		}
	}
	return nil
}

// numbered gives the persons of a deck numbers that no other deck has.
func (t *trial) numbered(deck int, columns []string) string {
	if !slices.Contains(columns, datasets.PersonNumber) {
		return ""
	}
	return fmt.Sprintf(" REPLACE (%s + %d AS %[1]s)", datasets.PersonNumber, deck*t.pending)
}

func (t *trial) columns(ctx context.Context, view string) ([]string, error) {
	var text string
	err := t.db.QueryRow(ctx, "columns", "SELECT string_agg(column_name, ',') FROM duckdb_columns() WHERE schema_name = "+duck.Quote(datasets.NumberedSchema)+" AND table_name = "+duck.Quote(view), &text)
	return strings.Split(text, ","), err
}

func (t *trial) drop(ctx context.Context, schemas ...string) error {
	for _, s := range schemas {
		if err := t.db.Exec(ctx, "drop "+s, "DROP SCHEMA "+s+" CASCADE"); err != nil {
			return err
		}
	}
	return nil
}

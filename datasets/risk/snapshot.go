package risk

import (
	"context"
	"fmt"
	"strings"

	"farr/datasets"
	"farr/datasets/attack"
	"farr/internal/duck"
	"farr/internal/progress"
)

// schema is where the tables at rest are in a session.
const schema = "rest"

// DefaultSeed draws the persons whose traces are looked at.
const DefaultSeed = 1

// Options are how a snapshot is measured. The zero value will do.
type Options struct {
	Quasi    []string // names of quasi.txt; all of the profile when empty
	Also     []int64  // further k whose share of records below is wanted
	Seed     uint64   // 0: DefaultSeed
	TempDir  string   // private folder for what does not fit in memory
	Progress progress.Func

	tempLimit int64 // what may be spilled there; 0 is no bound
}

// Measure is the residual risk of an extract as it stands at rest. It needs no key.
func Measure(ctx context.Context, sn *datasets.Snapshot, o Options) (*Report, error) {
	db, err := duck.Open(ctx, duck.Config{TempDir: o.TempDir, TempLimit: o.tempLimit, AllowedDirs: []string{sn.Store().ObjectsDir()}})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	r, err := measure(ctx, db, sn, o)
	if err != nil {
		return nil, fmt.Errorf("risk of snapshot %.12s: %w", sn.ID(), err)
	}
	return r, nil
}

// attacks are the figures of package attack.
func attacks(ctx context.Context, sn *datasets.Snapshot) ([]Attack, error) {
	figures, err := attack.Measure(ctx, sn)
	if err != nil {
		return nil, err
	}
	var all []Attack
	for _, f := range figures {
		all = append(all, Attack{Name: f.Name, Patients: f.Patients, Touched: f.Touched, Least: f.Least, Median: f.Median,
			Identified: Share(f.Identified), Few: Share(f.Few), Habit: f.Habit})
	}
	return all, nil
}

func measure(ctx context.Context, db *duck.Session, sn *datasets.Snapshot, o Options) (*Report, error) {
	m := sn.Manifest()
	profile, _ := m.Recipe[datasets.RecipeProfile].(string)
	if m.Kind != "extract" {
		return nil, fmt.Errorf("it is of kind %s, not an extract", m.Kind)
	}
	chosen, err := choose(sn, profile, o.Quasi)
	if err != nil {
		return nil, err
	}
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	o.Progress.Report("risk", 0, 4)
	if err := datasets.AttachTables(ctx, db, sn, schema); err != nil {
		return nil, err
	}
	t := table{from: "person", sensitive: "condition", pairs: "afflicted"}
	columns := []string{"p.pid", "CAST(row_number() OVER (ORDER BY p.pid) - 1 AS INTEGER) AS person_no"}
	for _, q := range chosen {
		value, _ := q.sql(sn)
		columns = append(columns, value+" AS "+duck.QuoteName(q.name))
		t.quasi = append(t.quasi, q.name)
	}
	if err := db.Exec(ctx, "gather persons", "CREATE TABLE person AS SELECT "+strings.Join(columns, ", ")+" FROM "+schema+".patient p"); err != nil {
		return nil, err
	}
	if c, ok := sn.Table("condition"); !ok || !c.Has("code") {
		t.sensitive = ""
	} else if err := db.Exec(ctx, "gather conditions", `CREATE VIEW afflicted AS SELECT p.*, c.code AS condition
		FROM person p LEFT JOIN (SELECT DISTINCT pid, code FROM `+schema+`.condition WHERE code <> 0) c ON c.pid = p.pid`); err != nil {
		return nil, err
	}
	o.Progress.Report("risk", 1, 4)
	r, err := t.measure(ctx, db, o.Also...)
	if err != nil {
		return nil, err
	}
	r.Profile = profile
	o.Progress.Report("risk", 2, 4)
	if r.Records == 0 {
		return r, nil
	}
	if r.Traces, err = traces(ctx, db, sn, r.Records, o); err != nil {
		return nil, err
	}
	o.Progress.Report("risk", 4, 4)
	return r, nil
}

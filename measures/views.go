package measures

import (
	"context"
	"fmt"

	"farr/datasets"
	"farr/internal/duck"
)

// View is what a definition's SQL can read by plain name. Prepared views (see the
// package's story) come first, then the tables of the extract with true dates.
type View struct {
	Name    string       `json:"name"`
	Kind    string       `json:"kind,omitempty"` // in an SQLSession: ViewPrepared and so on
	Columns []ViewColumn `json:"columns"`
}

// ViewColumn is a column with the engine's name of its type.
type ViewColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Views describes what SQL can read on an extract. No row is read into the answer.
func Views(ctx context.Context, s *datasets.Store, extract *datasets.Snapshot, key *datasets.Key) ([]View, error) {
	library, err := LoadLibrary()
	if err != nil {
		return nil, err
	}
	asked, err := ParsePeriods("2000")
	if err != nil {
		return nil, err
	}
	p, err := newPlan(ctx, Request{Extract: extract, Key: key, Library: library, Periods: asked})
	if err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	staging, err := s.Begin(ctx, KindResults)
	if err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	defer staging.Close()
	db, err := duck.Open(ctx, duck.Config{TempDir: staging.Dir(), AllowedDirs: []string{s.ObjectsDir()}})
	if err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	defer db.Close()
	if err := datasets.Attach(ctx, db, extract, key); err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	e, err := prepare(ctx, db, p.measures, p.Periods, p.asOf)
	if err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	if err := e.need(ctx, authoredNames()...); err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	if _, err := e.show(ctx, p.measures[0]); err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	rows, err := db.Query(ctx, "views", `SELECT table_name, column_name, data_type FROM duckdb_columns()
		WHERE schema_name IN ('measure', 'fhir') AND NOT starts_with(table_name, 'list_')
		ORDER BY schema_name DESC, table_name, column_index`)
	if err != nil {
		return nil, fmt.Errorf("describe the views: %w", err)
	}
	defer rows.Close()
	var views []View
	for rows.Next() {
		var name string
		var c ViewColumn
		if err := rows.Scan(&name, &c.Name, &c.Type); err != nil {
			return nil, fmt.Errorf("describe the views: %w", err)
		}
		if len(views) == 0 || views[len(views)-1].Name != name {
			views = append(views, View{Name: name})
		}
		last := &views[len(views)-1]
		last.Columns = append(last.Columns, c)
	}
	return views, rows.Err()
}

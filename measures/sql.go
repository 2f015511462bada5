package measures

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"farr/datasets"
	"farr/internal/duck"
	"farr/internal/progress"
)

// SQLRequest is what an analyst's session is opened on.
type SQLRequest struct {
	Extract *datasets.Snapshot
	Key     *datasets.Key      // opens the extract's dates; may be nil for profiles limited and safe-harbor
	Library *Library           // whose value lists are there as list_NAME
	Package *datasets.Snapshot // whose value sets lists may refer to; may be nil
	Results *Results           // whose tables are there; may be nil
	Periods []Period           // of the views period and seen; nil for the last calendar year that the data know whole

	// Folder is where Selection.WriteFile may write; none when empty.
	Folder string

	MemoryLimit int64 // bytes for the engine's buffers; 0 is half of what the process may use
	Threads     int   // 0 is one for each processor
	Progress    progress.Func
}

// SQLSession answers an analyst's statements on the keyed views of an extract. It shows true dates
// of persons: see Store.Disclose. It writes nothing to the store and spills nothing to a disk but in
// its folder, on the way into a file; a statement that needs more memory than there is fails. Statements
// take turns.
type SQLSession struct {
	db      *duck.Session
	extract *datasets.Snapshot
	key     *datasets.Key
	views   []View
	done    progress.Func
}

// Kinds of view, in the order in which they are listed.
const (
	ViewPrepared = "prepared"   // what definitions read by plain name
	ViewList     = "value list" // ids of concepts
	ViewTable    = "table"      // of the extract, with true dates
	ViewResult   = "results"    // tables of a results snapshot
)

// Schemas of a session beside those of prepare, and the view that holds the present statement.
const (
	storedSchema    = "stored" // results at rest, which no statement can name
	resultsSchema   = "results"
	selectionSchema = "authored"
	selectionView   = "selection"
)

// OpenSQL opens a session. The caller closes it.
func OpenSQL(ctx context.Context, r SQLRequest) (*SQLSession, error) {
	if r.Results != nil && r.Results.Lineage().Extract != r.Extract.ID() {
		return nil, fmt.Errorf("open session: the results are of extract %.12s, not of %.12s", r.Results.Lineage().Extract, r.Extract.ID())
	}
	c := duck.Config{MemoryLimit: r.MemoryLimit, Threads: r.Threads, AllowedDirs: []string{r.Extract.Store().ObjectsDir()}}
	if r.Folder != "" {
		c.AllowedDirs = append(c.AllowedDirs, r.Folder)
	}
	db, err := duck.Open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	q := &SQLSession{db: db, extract: r.Extract, key: r.Key, done: r.Progress}
	stages := []func(context.Context, SQLRequest) error{q.attach, q.prepare, q.showLists, q.showResults, q.lock, q.describe}
	for i, stage := range stages {
		r.Progress.Report("open", int64(i), int64(len(stages)))
		if err := stage(ctx, r); err != nil {
			db.Close()
			return nil, fmt.Errorf("open session: %w", err)
		}
	}
	r.Progress.Report("open", int64(len(stages)), int64(len(stages)))
	return q, nil
}

// Close frees the session and what it holds of persons.
func (q *SQLSession) Close() error { return q.db.Close() }

// Views are what statements can read, by kind and name.
func (q *SQLSession) Views() []View { return q.views }

func (q *SQLSession) attach(ctx context.Context, r SQLRequest) error {
	if err := q.db.KeepInMemory(ctx); err != nil {
		return err
	}
	return datasets.Attach(ctx, q.db, r.Extract, r.Key)
}

func (q *SQLSession) exec(ctx context.Context, steps ...statement) error {
	for _, s := range steps {
		if err := q.db.Exec(ctx, "prepare "+s.name, s.sql); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the views that definitions read, as views: a session may never ask for most of
// them. Those of what is told by a code hold every code here, since an analyst looks for codes, too.
// An extract with years in place of dates has none.
func (q *SQLSession) prepare(ctx context.Context, r SQLRequest) error {
	if r.Extract.DatesInYears() {
		return q.exec(ctx, statement{"schemas", `CREATE SCHEMA measure; CREATE SCHEMA run; CREATE SCHEMA authored`})
	}
	periods := r.Periods
	if len(periods) == 0 {
		last, err := lastWholeYear(r.Extract)
		if err != nil {
			return err
		}
		periods = []Period{last}
	}
	if err := q.exec(ctx, periodStatements(periods)...); err != nil {
		return err
	}
	made := map[string]bool{}
	var add func(names []string) error
	add = func(names []string) error {
		for _, b := range blocks {
			if !slices.Contains(names, b.name) || made[b.name] {
				continue
			}
			made[b.name] = true
			if err := add(b.after); err != nil {
				return err
			}
			b.sql = strings.ReplaceAll(b.sql, "CREATE TABLE ", "CREATE VIEW ")
			if err := q.exec(ctx, b.statement); err != nil {
				return err
			}
		}
		return nil
	}
	if err := add(append(authoredNames(), "verification")); err != nil {
		return err
	}
	for _, c := range coded {
		if err := q.exec(ctx, statement{c.name, "CREATE VIEW measure." + c.name + " AS " + c.sql}); err != nil {
			return err
		}
	}
	return nil
}

// showLists makes list_NAME of each value list of the library. Where definitions have different lists
// of one name, each is list_NAME_of_DEFINITION.
func (q *SQLSession) showLists(ctx context.Context, r SQLRequest) error {
	definitions, err := ResolveLists(ctx, r.Package, r.Library.definitions)
	if err != nil {
		return err
	}
	hashes := map[string]map[string]bool{}
	for _, d := range definitions {
		for _, l := range d.Lists {
			if hashes[l.Name] == nil {
				hashes[l.Name] = map[string]bool{}
			}
			hashes[l.Name][l.Hash] = true
		}
	}
	e := &engine{db: q.db, lists: map[string]string{}}
	var lists []ValueList
	for _, d := range definitions {
		lists = append(lists, d.Lists...)
	}
	if err := e.resolve(ctx, lists...); err != nil {
		return err
	}
	shown := map[string]bool{}
	for _, d := range definitions {
		for _, l := range d.Lists {
			name := listPrefix + l.Name
			if len(hashes[l.Name]) > 1 {
				name += "_of_" + strings.ReplaceAll(d.ID, "-", "_")
			}
			if shown[name] {
				continue
			}
			shown[name] = true
			if err := q.exec(ctx, statement{name, "CREATE VIEW measure." + name + " AS SELECT id FROM " + e.lists[l.Hash]}); err != nil {
				return err
			}
		}
	}
	return nil
}

// showResults makes a view of each table of the results, with index dates opened.
func (q *SQLSession) showResults(ctx context.Context, r SQLRequest) error {
	if r.Results == nil {
		return q.exec(ctx, statement{"names", "SET search_path = 'measure,fhir'"})
	}
	if err := datasets.AttachTables(ctx, q.db, r.Results.snapshot, storedSchema); err != nil {
		return err
	}
	if err := q.exec(ctx, statement{"schema", "CREATE SCHEMA " + resultsSchema}); err != nil {
		return err
	}
	for _, t := range r.Results.snapshot.Manifest().Tables {
		var err error
		if t.Name == tableMember {
			err = q.openMembers(ctx)
		} else {
			err = q.exec(ctx, statement{t.Name, "CREATE VIEW " + resultsSchema + "." + t.Name + " AS FROM " + storedSchema + "." + t.Name})
		}
		if err != nil {
			return err
		}
	}
	return q.exec(ctx, statement{"names", "SET search_path = 'measure,fhir,results'"})
}

// openMembers makes cohort_member with the index date of each entry.
func (q *SQLSession) openMembers(ctx context.Context) error {
	err := q.exec(ctx, statement{tableMember, "CREATE TABLE " + resultsSchema + "." + tableMember + " (cohort VARCHAR, pid UUID, rules_passed BIGINT, index_date DATE)"})
	if err != nil {
		return err
	}
	rows, err := q.db.Query(ctx, "entries", "SELECT cohort, pid::UUID, rules_passed, index_date, index_seal FROM "+storedSchema+"."+tableMember)
	if err != nil {
		return err
	}
	defer rows.Close()
	type entry struct {
		cohort string
		pid    uuid.UUID
		passed int64
		index  time.Time
	}
	var entries []entry
	var sealer *datasets.DaySealer
	for rows.Next() {
		var e entry
		var pid, sealed []byte
		var open *time.Time
		if err := rows.Scan(&e.cohort, &pid, &e.passed, &open, &sealed); err != nil {
			return err
		}
		e.pid = uuid.UUID(pid)
		switch {
		case open != nil:
			e.index = *open
		case q.key == nil:
			return errors.New("the index dates of these results are sealed: give the project key")
		default:
			if sealer == nil {
				sealer = datasets.NewDaySealer(q.key, tableMember, memberColumn)
			}
			if e.index, err = sealer.Open(e.pid, sealed); err != nil {
				return err
			}
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close() // the session has one connection
	out, err := q.db.Appender(ctx, resultsSchema, tableMember)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := out.AppendRow(e.cohort, duck.UUID(e.pid), e.passed, e.index); err != nil {
			out.Close()
			return err
		}
	}
	return out.Close()
}

func (q *SQLSession) lock(ctx context.Context, _ SQLRequest) error { return q.db.Lock(ctx) }

// describe notes what there is to read. Later nothing is added, and each kind's names hide
// those of the kinds after it.
func (q *SQLSession) describe(ctx context.Context, _ SQLRequest) error {
	rows, err := q.db.Query(ctx, "views", `SELECT CASE WHEN schema_name = 'measure' AND starts_with(table_name, 'list_') THEN '`+ViewList+`'
			WHEN schema_name = 'measure' THEN '`+ViewPrepared+`' WHEN schema_name = 'fhir' THEN '`+ViewTable+`' ELSE '`+ViewResult+`' END AS kind,
			table_name, column_name, replace(data_type, 'run.', '')
		FROM duckdb_columns() WHERE schema_name IN ('measure', 'fhir', '`+resultsSchema+`')
		ORDER BY list_position(['`+ViewPrepared+`', '`+ViewList+`', '`+ViewTable+`', '`+ViewResult+`'], kind), table_name, column_index`)
	if err != nil {
		return err
	}
	defer rows.Close()
	seen := map[string]bool{}
	for rows.Next() {
		var kind, name string
		var c ViewColumn
		if err := rows.Scan(&kind, &name, &c.Name, &c.Type); err != nil {
			return err
		}
		if n := len(q.views); n == 0 || q.views[n-1].Name != name || q.views[n-1].Kind != kind {
			if seen[name] {
				continue
			}
			seen[name] = true
			q.views = append(q.views, View{Name: name, Kind: kind})
		}
		last := &q.views[len(q.views)-1]
		last.Columns = append(last.Columns, c)
	}
	return rows.Err()
}

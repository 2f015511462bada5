package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// Config says what a session may use.
type Config struct {
	// TempDir is a private folder for what does not fit in memory. Without one
	// nothing is spilled, and a query that needs more than MemoryLimit fails.
	TempDir string
	// TempLimit in bytes bounds what is spilled there; 0 is what the engine takes, nine tenths of what is free.
	TempLimit int64
	// MemoryLimit in bytes bounds the engine's buffers; 0 is half of what this
	// process may use.
	MemoryLimit int64
	// Threads is the number of threads of one query; 0 is GOMAXPROCS.
	Threads int
	// AllowedDirs are the folders that statements may read from and write to.
	// The engine cannot hold them read-only: that is why SQL from outside only
	// comes in by CheckSelect.
	AllowedDirs []string
}

// Session is one in-memory database with one connection. Calls from several
// goroutines take turns; a query uses all of the session's threads.
type Session struct {
	db    *sql.DB
	conn  *sql.Conn
	close sync.Once

	planning time.Duration // see Planning
	inMemory bool          // see KeepInMemory
}

// Open makes an empty session. The caller closes it.
func Open(ctx context.Context, c Config) (*Session, error) {
	connector, err := duckdb.NewConnector("", func(driver.ExecerContext) error { return nil })
	if err != nil {
		return nil, scrub(ctx, "open", err)
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, scrub(ctx, "open", err)
	}
	s := &Session{db: db, conn: conn}
	settings, err := c.settings()
	if err != nil {
		s.Close()
		return nil, err
	}
	for _, set := range settings {
		if err := s.Exec(ctx, "configure", set); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// settings are statements in the order in which the engine accepts them: the
// folders are named before access to all others is turned off for good.
func (c Config) settings() ([]string, error) {
	memory := c.MemoryLimit
	if memory <= 0 {
		memory = availableMemory() / 2
	}
	threads := c.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	temp := ""
	var dirs []string
	for i, dir := range append([]string{c.TempDir}, c.AllowedDirs...) {
		if dir == "" {
			continue
		}
		full, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("open session: %w", err)
		}
		if i == 0 {
			temp = full
		}
		// The engine compares prefixes: without the slash /a would open /ab.
		dirs = append(dirs, Quote(full+string(filepath.Separator)))
	}
	settings := []string{
		"SET errors_as_json = true",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET allow_persistent_secrets = false",
		"SET TimeZone = 'UTC'",
		"SET parquet_metadata_cache = true",
		"SET temp_directory = " + Quote(temp),
		fmt.Sprintf("SET memory_limit = '%dB'", memory),
		fmt.Sprintf("SET threads = %d", threads),
		"SET allowed_directories = [" + strings.Join(dirs, ", ") + "]",
		"SET enable_external_access = false",
	}
	if temp != "" && c.TempLimit > 0 {
		settings = slices.Insert(settings, len(settings)-1, fmt.Sprintf("SET max_temp_directory_size = '%dB'", c.TempLimit))
	}
	return settings, nil
}

// Lock ends configuration: after it every SET fails, and so access to files
// cannot be widened.
func (s *Session) Lock(ctx context.Context) error {
	return s.Exec(ctx, "lock", "SET lock_configuration = true")
}

// KeepInMemory lets nothing be spilled from here on: a statement that needs more than the memory
// limit fails. The engine could encrypt what it spills only with an extension that is not in it.
func (s *Session) KeepInMemory(ctx context.Context) error {
	s.inMemory = true
	return s.Exec(ctx, "keep in memory", "SET max_temp_directory_size = '0KB'")
}

// Close frees the database. It may be called more than once and when a query failed.
func (s *Session) Close() error {
	var err error
	s.close.Do(func() {
		err = s.conn.Close()
		if dbErr := s.db.Close(); err == nil {
			err = dbErr
		}
	})
	return scrub(context.Background(), "close", err)
}

// Exec runs a statement that returns no rows. name is what an error calls it.
func (s *Session) Exec(ctx context.Context, name, sql string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, sql, args...)
	return s.scrub(ctx, name, err)
}

// scrub is scrub, and says so where the session may not spill.
func (s *Session) scrub(ctx context.Context, name string, err error) error {
	err = scrub(ctx, name, err)
	if e, ok := err.(*Error); ok {
		e.InMemory = s.inMemory
	}
	return err
}

// ExecPlanned is Exec of one statement, of which it counts the time of planning apart.
func (s *Session) ExecPlanned(ctx context.Context, name, sql string) error {
	start := time.Now()
	stmt, err := s.conn.PrepareContext(ctx, sql)
	s.planning += time.Since(start)
	if err != nil {
		return scrub(ctx, name, err)
	}
	defer stmt.Close()
	_, err = stmt.ExecContext(ctx)
	return s.scrub(ctx, name, err)
}

// Planning is the time that parsing, binding and optimising took in ExecPlanned.
func (s *Session) Planning() time.Duration { return s.planning }

// Query runs a statement and returns its rows, held in memory as a whole; the
// caller closes them. name is what an error calls the statement.
func (s *Session) Query(ctx context.Context, name, sql string, args ...any) (*Rows, error) {
	rows, err := s.conn.QueryContext(ctx, sql, args...)
	if err != nil {
		return nil, s.scrub(ctx, name, err)
	}
	return &Rows{ctx: ctx, name: name, rows: rows}, nil
}

// QueryRow runs a statement that gives exactly one row and scans it into dest.
func (s *Session) QueryRow(ctx context.Context, name, sql string, dest ...any) error {
	rows, err := s.Query(ctx, name, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return &Error{Statement: name, Class: "No Row"}
	}
	return rows.Scan(dest...)
}

// Rows is a result in rows; its errors are scrubbed. UUIDs scan into []byte or a
// [16]byte type, decimals into duckdb's Decimal by any, TIMESTAMP into time.Time (UTC).
type Rows struct {
	ctx  context.Context
	name string
	rows *sql.Rows
}

// Next moves to the next row.
func (r *Rows) Next() bool { return r.rows.Next() }

// Scan copies the row's values as database/sql does.
func (r *Rows) Scan(dest ...any) error { return scrub(r.ctx, r.name, r.rows.Scan(dest...)) }

// Err is the error that ended Next early.
func (r *Rows) Err() error { return scrub(r.ctx, r.name, r.rows.Err()) }

// Close frees the result.
func (r *Rows) Close() error { return scrub(r.ctx, r.name, r.rows.Close()) }

// Quote spells s as an SQL string.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// QuoteName spells s as an SQL name.
func QuoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

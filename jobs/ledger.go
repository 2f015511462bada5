package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"modernc.org/sqlite" // the driver; its FULL synchronous mode is what keeps acknowledged rows
	sqlitecode "modernc.org/sqlite/lib"

	"farr/datasets"
	"farr/internal/disk"
)

// Where the ledger of a folder of jobs is, and the locks beside it.
const (
	ledgerDir  = ".farr"
	ledgerFile = "ledger.db"
	tickLock   = "tick.lock"
)

// ledger is the record of a folder of jobs.
type ledger struct {
	db  *sql.DB
	dir string // <folder>/.farr
}

// openLedger opens the ledger of the jobs in folder, and makes it on first use.
func openLedger(ctx context.Context, folder string) (*ledger, error) {
	return openLedgerFile(ctx, folder, ledgerFile)
}

func openLedgerFile(ctx context.Context, folder, name string) (*ledger, error) {
	dir := filepath.Join(folder, ledgerDir)
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	// SQLite would make the file readable by all.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	if err := private(dir, path); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // one writer; more would only wait for it
	l := &ledger{db, dir}
	if name == ledgerFile {
		err = l.notLost(ctx)
	}
	if err == nil {
		err = l.migrate(ctx)
	}
	if err != nil {
		db.Close()
		if full := ledgerFull(dir, err); full != nil {
			err = full
		}
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	return l, nil
}

// errLost is a ledger without anything in a folder whose jobs have run: taken for a new one it would owe nothing for the past.
var errLost = errors.New("the ledger is not there or empty, and jobs have run here, since there are their locks")

// notLost refuses a ledger that is to be made where jobs have run.
func (l *ledger) notLost(ctx context.Context) error {
	var version int
	if err := l.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version > 0 {
		return err
	}
	return jobsRan(l.dir)
}

// jobsRan is errLost where the locks of jobs lie beside the ledger: they are made once there is one.
func jobsRan(dir string) error {
	locks, err := filepath.Glob(filepath.Join(dir, "*.lock"))
	if err == nil && slices.ContainsFunc(locks, func(name string) bool { return filepath.Base(name) != tickLock }) {
		err = errLost
	}
	return err
}

// errUnsound means that the ledger's pages do not fit together.
var errUnsound = errors.New("the ledger's pages do not fit together")

// sound looks at all pages of the ledger.
func sound(ctx context.Context, tx *sql.Tx) error {
	var says string
	err := tx.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&says)
	if err == nil && says != "ok" {
		err = fmt.Errorf("%w: %s", errUnsound, says)
	}
	return err
}

// ledgerDamaged tells whether the ledger's file is not what SQLite wrote.
func ledgerDamaged(err error) bool {
	var e *sqlite.Error
	if errors.Is(err, errLost) || errors.Is(err, errUnsound) {
		return true
	}
	return errors.As(err, &e) && (e.Code()&0xff == sqlitecode.SQLITE_CORRUPT || e.Code()&0xff == sqlitecode.SQLITE_NOTADB)
}

// ledgerFull says of an error of the disk that the disk is full; nil where it is not.
func ledgerFull(dir string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != sqlitecode.SQLITE_IOERR && e.Code()&0xff != sqlitecode.SQLITE_FULL {
		return nil
	}
	free, _, at, failed := freeAt(dir)
	if failed != nil || free >= 1<<20 {
		return nil
	}
	return fmt.Errorf("the file system of %s is full: %w", at, errors.Join(syscall.ENOSPC, err))
}

// openAlone opens the ledger of a folder for what changes it as a whole, and keeps others out until close. first is asked when
// they are kept out and before a ledger is made; it may be nil.
func openAlone(ctx context.Context, folder string, first func(l *ledger) error) (l *ledger, closed func(), err error) {
	if _, err := os.Stat(folder); err != nil {
		return nil, nil, err
	}
	l = &ledger{dir: filepath.Join(folder, ledgerDir)}
	if err := disk.MkdirAll(l.dir, 0o700); err != nil {
		return nil, nil, err
	}
	held, err := l.lockFolder()
	if err != nil {
		return nil, nil, err
	}
	if first != nil {
		err = first(l)
	}
	if err == nil {
		l, err = openLedger(ctx, folder)
	}
	if err != nil {
		held.Close()
		return nil, nil, err
	}
	return l, func() { l.close(); held.Close() }, nil
}

// sqliteFiles are the ends of the names of the files that are one ledger.
var sqliteFiles = []string{"", "-wal", "-shm"}

// private refuses a ledger that others can read or write: who can write it makes jobs run again, or not, and hides failures.
func private(dir, path string) error {
	names := []string{dir}
	for _, of := range sqliteFiles {
		names = append(names, path+of)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := datasets.Private(name, info); err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) close() error { return l.db.Close() }

// tx does f in one transaction that begins as a writer.
func (l *ledger) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // err says more
		return err
	}
	if err := disk.Point("commit", "ledger"); err != nil {
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return disk.Point("committed", "ledger")
}

// affected is how many rows a statement changed.
func affected(done sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// lockJob takes the lock that a run of the job holds.
func (l *ledger) lockJob(name string) (*os.File, error) {
	return lock(l.jobLock(name), fmt.Sprintf("job %q", name))
}

// lockFolder takes the lock that a tick, a scheduler, and all that changes the ledger as a whole hold.
func (l *ledger) lockFolder() (*os.File, error) {
	return lock(filepath.Join(l.dir, tickLock), "the folder "+l.folder())
}

func (l *ledger) folder() string { return filepath.Dir(l.dir) }

func (l *ledger) jobLock(name string) string { return filepath.Join(l.dir, name+".lock") }

func planned(t time.Time) string { return t.UTC().Format(plannedForm) }
func moment(t time.Time) string  { return t.UTC().Format(momentForm) }

// parseTime reads a time of the ledger; the zero time for a NULL.
func parseTime(text sql.NullString) (time.Time, error) {
	if !text.Valid {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text.String)
}

package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// refusing is a driver whose n-th call is refused, as a disk refuses it.
type refusing struct {
	driver.Driver
	left *int
}

var errRefused = errors.New("the disk refuses it")

func (d refusing) Open(name string) (driver.Conn, error) {
	c, err := d.Driver.Open(name)
	return refusingConn{c, d.left}, err
}

type refusingConn struct {
	driver.Conn
	left *int
}

func (c refusingConn) take() error {
	*c.left--
	if *c.left == 0 {
		return errRefused
	}
	return nil
}

func (c refusingConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.take(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, q, args)
}

func (c refusingConn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.take(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, q, args)
}

func (c refusingConn) PrepareContext(ctx context.Context, q string) (driver.Stmt, error) {
	if err := c.take(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, q)
}

func (c refusingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.take(); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return refusingTx{tx, c}, err
}

type refusingTx struct {
	driver.Tx
	c refusingConn
}

func (t refusingTx) Commit() error {
	if err := t.c.take(); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}

// refusingLedger is the ledger of a folder, of which the n-th call is refused.
func refusingLedger(t *testing.T, dir string, n int) *ledger {
	t.Helper()
	probe, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	left := n + 1 // the first tries the connection
	name := fmt.Sprintf("refusing-%s-%d-%d", t.Name(), n, time.Now().UnixNano())
	sql.Register(name, refusing{probe.Driver(), &left})
	dsn := url.URL{Scheme: "file", Path: filepath.Join(dir, ledgerDir, ledgerFile), RawQuery: "_pragma=busy_timeout(1000)&_pragma=foreign_keys(ON)&_txlock=immediate"}
	db, err := sql.Open(name, dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("SELECT 1"); err != nil {
		t.Fatal(err)
	}
	return &ledger{db, filepath.Join(dir, ledgerDir)}
}

// A ledger that refuses any one statement or commit of a tick says so, has nothing by halves, and the next tick makes up for it:
// each planned time ends as it does when nothing is refused.
func TestLedgerRefusesAnyStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	dir, err := os.MkdirTemp(memory(), "farr-refuse-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w.dir = dir
	h := newHook(t)
	w.secretFile()
	w.job("first", daily+"misfire: {rule: all, cap: 3}\nretries: {failed: {attempts: 2, wait: 1m}}\n")
	w.job("second", daily+"after: [first]\nalert_after: 2d\nnotify: {webhook: {url: '"+h.URL+"', secret: hook.secret}}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.fail = errors.New("no export")
	w.failingTick()
	w.fail = nil
	known := func() *ledger {
		l, err := openLedger(context.Background(), w.dir)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	begin := func(job string) { // a process that died
		l := known()
		defer l.close()
		var id int64
		if err := l.db.QueryRow("SELECT id FROM occurrence WHERE job = ? ORDER BY planned DESC LIMIT 1", job).Scan(&id); err != nil {
			t.Fatal(err)
		}
		if _, err := l.begin(context.Background(), job, id, w.now, w.now); err != nil {
			t.Fatal(err)
		}
	}
	begin("second")
	before := t.TempDir()
	copyLedger(t, w.dir, before)
	late := at(t, "2026-01-13T06:00:00Z")
	end := func() (out []string) {
		for _, job := range []string{"first", "second"} {
			for _, s := range w.states(job) {
				out = append(out, job+" "+s)
			}
		}
		return out
	}
	w.now = late
	w.tick()
	want := end()
	refused := 0
	for n := 1; ; n++ {
		copyLedger(t, before, w.dir)
		w.now = late
		l := refusingLedger(t, w.dir, n)
		report, err := l.load(context.Background(), w.dir, w.options().withDefaults())
		l.close()
		if err == nil && (report == nil || len(report.Untold) == 0) {
			break
		}
		refused++
		if err != nil && !errors.Is(err, errRefused) {
			t.Fatalf("call %d: %v", n, err)
		}
		w.tick()
		w.now = late.Add(5 * time.Second)
		w.tick() // what was lost is run again
		if got := end(); !slices.Equal(got, want) {
			t.Errorf("after call %d was refused:\n%s\nwant\n%s", n, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if refused < 40 {
		t.Errorf("only %d calls were refused", refused)
	}
	t.Logf("%d calls refused, one in each tick", refused)
	for name, ask := range map[string]func(l *ledger) error{
		"status": func(l *ledger) error {
			jobs, _, err := LoadFolder(w.dir)
			for _, job := range jobs {
				j := newStatus(job, w.now)
				err = errors.Join(err, l.fill(context.Background(), job, &j, false, w.now))
			}
			return err
		},
		"beat": func(l *ledger) error { return l.beat(context.Background(), attempt{id: 1, token: 1}, w.now) },
	} {
		l := refusingLedger(t, w.dir, 1)
		if err := ask(l); !errors.Is(err, errRefused) {
			t.Errorf("%s: %v", name, err)
		}
		l.close()
	}
}

// The same on a clock that went back a little, with planned times ahead of it noted one by one and as a gap.
func TestLedgerRefusesWhenTheClockWentBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	dir, err := os.MkdirTemp(memory(), "farr-refuse-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w.dir = dir
	w.job("j", "schedule: {cron: '* * * * *', zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T04:09:00Z")
	w.tick()
	l, err := openLedger(context.Background(), w.dir)
	if err != nil {
		t.Fatal(err)
	}
	// Minutes 3 to 7 as if there had been too many for a row each, and one that is to be run again.
	for _, q := range []string{
		"DELETE FROM occurrence WHERE planned BETWEEN '2026-01-10T04:03:00Z' AND '2026-01-10T04:07:00Z'",
		"INSERT INTO gap VALUES ('j', '2026-01-10T04:03:00Z', '2026-01-10T04:07:00Z', 5, '2026-01-10T04:09:00.000Z')",
	} {
		if _, err := l.db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	l.close()
	before := t.TempDir()
	copyLedger(t, w.dir, before)
	back := at(t, "2026-01-10T04:05:30Z")
	w.now = back
	w.tick()
	want := w.states("j")
	refused := 0
	for n := 1; ; n++ {
		copyLedger(t, before, w.dir)
		l := refusingLedger(t, w.dir, n)
		_, err := l.load(context.Background(), w.dir, w.options().withDefaults())
		l.close()
		if err == nil {
			break
		}
		refused++
		w.tick()
		if got := w.states("j"); !slices.Equal(got, want) {
			t.Errorf("after call %d was refused:\n%s\nwant\n%s", n, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	w.now = at(t, "2026-01-10T04:09:30Z")
	w.tick()
	got := w.states("j")
	for i, s := range got {
		if minute := stamp(at(t, "2026-01-10T04:01:00Z").Add(time.Duration(i) * time.Minute)); !strings.HasPrefix(s, minute) {
			t.Errorf("row %d is %s, want %s", i, s, minute)
		}
	}
	if len(got) != 9 || refused < 15 {
		t.Errorf("%d calls refused; the ledger has\n%s", refused, strings.Join(got, "\n"))
	}
}

// A ledger that cannot be made, and a text in it that is no time, are said.
func TestLedgerCannotBeRead(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, ledgerDir), "a file")
	if _, err := openLedger(ctx, dir); err == nil {
		t.Error("a file in the place of its folder")
	}
	dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ledgerDir, ledgerFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openLedger(ctx, dir); err == nil {
		t.Error("a folder in its place")
	}
	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, ledgerDir, ledgerFile), strings.Repeat("no ledger ", 500))
	if _, err := openLedger(ctx, dir); err == nil || !strings.Contains(err.Error(), "open ledger") {
		t.Errorf("another file in its place: %v", err)
	}
	for _, q := range []string{
		"UPDATE job SET seen = 'x'", "UPDATE job SET since = 'x'", "UPDATE job SET cron = 'x'", "UPDATE job SET zone = 'x'",
		"UPDATE occurrence SET state = 'retry', planned = 'x'", "UPDATE occurrence SET state = 'retry', due = 'x'", "UPDATE ledger SET last = 'x'",
		"UPDATE attempt SET state = 'running'; UPDATE occurrence SET state = 'running', planned = 'x'",
	} {
		w := newWorld(t, "2026-01-10T04:00:00Z")
		w.job("j", daily)
		w.tick()
		w.now = at(t, "2026-01-10T05:00:00Z")
		w.tick()
		if _, err := w.open().db.Exec(q); err != nil {
			t.Fatal(err)
		}
		w.now = at(t, "2026-01-10T05:30:00Z")
		if _, err := Tick(ctx, w.dir, w.options()); err == nil {
			t.Errorf("%s: no error", q)
		}
	}
}

func copyLedger(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(to, ledgerDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if from != to {
		l, err := openLedger(context.Background(), from)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		l.close()
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(filepath.Join(to, ledgerDir, ledgerFile+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(from, ledgerDir, ledgerFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, ledgerDir, ledgerFile), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a person reads of a tick.
func TestTickText(t *testing.T) {
	when := at(t, "2026-01-10T05:00:00Z")
	r := &TickReport{Folder: "jobs", Wrong: []string{"a.yaml:1:1: missing-key: the key \"name\" is missing"}, Untold: []string{"webhook: the answer is 500"}, Next: &when, Jobs: []TickJob{
		{Job: "idle", Did: "nothing"},
		{Job: "new", Did: "first-seen"},
		{Job: "taken", Did: "busy"},
		{Job: "held", Did: "waits", Waits: `job "first", which failed for 2026-01-10T04:00:00Z`, Planned: &when},
		{Job: "done", Did: "succeeded", Planned: &when, Lost: 1, Missed: 2, Forgotten: 3},
		{Job: "again", Did: "skipped", Planned: &when, Result: &RunResult{Pruned: &Pruned{Error: "the store is locked"}}},
		{Job: "bad", Did: "failed", Planned: &when, Class: ClassFailed, Error: "no export"},
	}}
	if r.Quiet() || !(&TickReport{Jobs: r.Jobs[:1]}).Quiet() {
		t.Error("which tick is quiet is told wrongly")
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := `new: seen for the first time; nothing is owed for the past
taken: being run by another process
held: waits for job "first", which failed for 2026-01-10T04:00:00Z, planned for 2026-01-10T05:00:00Z
done: 1 earlier run(s) ended without a word (see farr runs)
done: 2 planned time(s) missed and not made up for
done: the clock went back; 3 planned time(s) will be noted again
done: succeeded, planned for 2026-01-10T05:00:00Z
again: found all made already, planned for 2026-01-10T05:00:00Z
  ` + (&Pruned{Error: "the store is locked"}).summary() + `
bad: failed, planned for 2026-01-10T05:00:00Z
  failed: no export
  to do: ` + advice[ClassFailed] + `
an alert is not taken, and is sent again later: webhook: the answer is 500
next: 2026-01-10T05:00:00Z
`
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &text, want)
	}
	text.Reset()
	if err := (&TickReport{Folder: "jobs"}).WriteText(&text); err != nil || text.String() != "no job in jobs\n" {
		t.Errorf("%q, %v", &text, err)
	}
}

// What to do about a ledger that cannot be opened depends on why.
func TestLedgerAdvice(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&os.PathError{Op: "open", Path: "jobs/.farr/ledger.db", Err: syscall.EACCES}, "jobs/.farr belongs to"},
		{&os.PathError{Op: "open", Path: "jobs/.farr/ledger.db", Err: syscall.EROFS}, "can be written"},
		{errors.New("its version is 9"), "its version belongs to"},
	} {
		if got := ledgerAdvice("jobs", c.err); !strings.Contains(got, c.want) {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}

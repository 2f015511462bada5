package datasets

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// attic is a store whose clock a test sets.
type attic struct {
	t   testing.TB
	s   *Store
	now time.Time
	ids map[string]string // by the name that a test gives
}

var epochOfAttic = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newAttic(t testing.TB) *attic {
	t.Helper()
	a := &attic{t: t, s: openTestStore(t, t.TempDir()), now: epochOfAttic, ids: map[string]string{}}
	a.s.now = func() time.Time { return a.now }
	return a
}

func (a *attic) at(day int) { a.now = epochOfAttic.AddDate(0, 0, day) }

// put publishes a snapshot with an object for each word, made of others.
func (a *attic) put(kind, source, name string, words []string, of ...string) {
	a.t.Helper()
	g, err := a.s.Begin(a.t.Context(), kind)
	if err != nil {
		a.t.Fatal(err)
	}
	defer g.Close()
	for _, word := range words {
		w, err := g.Create("tiny", 0, 63)
		if err != nil {
			a.t.Fatal(err)
		}
		if _, err := w.Write(tinyParquet(a.t, tinyRow{1, word}, tinyRow{2, "y"})); err != nil {
			a.t.Fatal(err)
		}
		if err := w.Close(2); err != nil {
			a.t.Fatal(err)
		}
	}
	m := Manifest{Kind: kind, Recipe: map[string]any{"name": name}, Facts: map[string]any{}, Tables: []Table{{Name: "tiny", Columns: tinyColumns}}}
	if source != "" {
		m.Recipe["source"] = source
	}
	for _, in := range of {
		m.Inputs = append(m.Inputs, Input{Kind: "snapshot", ID: a.ids[in]})
	}
	if m.Key, err = KeyOf(kind, m.Recipe, m.Inputs); err != nil {
		a.t.Fatal(err)
	}
	sn, err := g.Publish(a.t.Context(), m)
	if err != nil {
		a.t.Fatal(err)
	}
	a.ids[name] = sn.ID()
}

func (a *attic) point(pointer, name string) {
	a.t.Helper()
	if err := a.s.SetCurrent(a.t.Context(), pointer, a.ids[name]); err != nil {
		a.t.Fatal(err)
	}
}

// prune prunes by the rules and gives the names of what is there then.
func (a *attic) prune(req PruneRequest) (*PruneReport, []string) {
	a.t.Helper()
	req.Sources, req.Now = []string{"main"}, a.now
	report, err := a.s.Prune(a.t.Context(), req)
	if err != nil {
		a.t.Fatal(err)
	}
	return report, a.left()
}

func (a *attic) left() []string {
	a.t.Helper()
	ids, err := a.s.Snapshots()
	if err != nil {
		a.t.Fatal(err)
	}
	var names []string
	for name, id := range a.ids {
		if slices.Contains(ids, id) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// whole wants the store sound, with nothing left over, and everything that stays traceable.
func (a *attic) whole() {
	a.t.Helper()
	report, err := a.s.Verify(a.t.Context())
	if err != nil || report.Err() != nil || report.Unreferenced != 0 {
		a.t.Errorf("verify: %+v, %v", report, err)
	}
	audited(a.t, a.s)
	ids, err := a.s.Snapshots()
	if err != nil {
		a.t.Fatal(err)
	}
	for _, id := range ids {
		sn, err := a.s.Open(id)
		if err != nil {
			a.t.Fatal(err)
		}
		for _, of := range sn.made() {
			if !slices.Contains(ids, of) {
				a.t.Errorf("%s %.12s is there and what it was made of is not", sn.manifest.Kind, id)
			}
		}
	}
}

// years is a store with an extract each 30 days, of which risk and results were made.
func years(t testing.TB) *attic {
	a := newAttic(t)
	for i := range 5 {
		a.at(30 * i)
		e := fmt.Sprintf("e%d", i)
		a.put("extract", "main", e, []string{"shared", e})
		a.put("risk", "", "k"+e, nil, e)
		a.put("results", "", "r"+e, []string{"r" + e}, e)
		a.point("extract", e)
		a.point("results", "r"+e)
	}
	return a
}

func TestPrune(t *testing.T) {
	t.Parallel()
	month := 30 * 24 * time.Hour
	rules := func(newest int, within time.Duration) map[string]KeepRule {
		return map[string]KeepRule{"extract": {newest, within}, "results": {newest, within}}
	}
	last := []string{"e4", "ke4", "re4"}
	lastTwo := []string{"e3", "e4", "ke3", "ke4", "re3", "re4"}
	for _, c := range []struct {
		name string
		req  PruneRequest
		want []string
		prep func(a *attic)
	}{
		{name: "newest", req: PruneRequest{Rules: rules(2, 0)}, want: lastTwo},
		{name: "for a time", req: PruneRequest{Rules: rules(0, month+time.Hour)}, want: lastTwo},
		{name: "either", req: PruneRequest{Rules: rules(1, month+time.Hour)}, want: lastTwo},
		{name: "what is in force stays though it is old", req: PruneRequest{Rules: rules(0, time.Hour)}, want: last, prep: func(a *attic) { a.at(1000) }},
		{name: "a pointer that was put back", req: PruneRequest{Rules: rules(1, 0)}, want: []string{"e0", "e4", "ke0", "ke4", "re4"},
			prep: func(a *attic) { a.at(119); a.point("extract", "e0"); a.at(121); a.point("results", "re4") }},
		{name: "results of an extract keep it", req: PruneRequest{Rules: map[string]KeepRule{"extract": {1, 0}, "results": {2, 0}}}, want: lastTwo},
		{name: "extracts without a rule", req: PruneRequest{Rules: map[string]KeepRule{"results": {1, 0}}}, want: []string{"e0", "e1", "e2", "e3", "e4", "ke0", "ke1", "ke2", "ke3", "ke4", "re4"}},
		{name: "a run that is not done with", req: PruneRequest{Rules: rules(1, 0), Since: epochOfAttic.AddDate(0, 0, 90)}, want: lastTwo},
		{name: "a release", req: PruneRequest{Rules: rules(1, 0)}, want: append([]string{"e1", "ke1", "re1"}, last...), prep: func(a *attic) {
			a.at(40)
			facts := map[string]any{"results": a.ids["re1"], "extract": a.ids["e1"]}
			if err := a.s.LogReport(a.t.Context(), facts, []byte("{}"), 0); err != nil {
				a.t.Fatal(err)
			}
		}},
		{name: "a release that was taken back", req: PruneRequest{Rules: rules(1, 0)}, want: last, prep: func(a *attic) {
			a.at(40) // a report is a use: else e1 would be the newest
			facts := map[string]any{"results": a.ids["re1"], "extract": a.ids["e1"]}
			if err := a.s.LogReport(a.t.Context(), facts, []byte("{}"), 0); err != nil {
				a.t.Fatal(err)
			}
			a.at(130)
			all, err := a.s.Releases()
			if err != nil {
				a.t.Fatal(err)
			}
			if err := a.s.WithdrawRelease(a.t.Context(), all[0], "nobody", "no reason"); err != nil {
				a.t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := years(t)
			a.put("extract", "other", "o1", []string{"shared"})
			a.put("results", "", "ro1", []string{"ro1"}, "o1")
			a.put("package", "", "p", []string{"p"})
			if c.prep != nil {
				c.prep(a)
			}
			want := slices.Sorted(slices.Values(append([]string{"o1", "p", "ro1"}, c.want...)))
			dry := c.req
			dry.DryRun = true
			told, left := a.prune(dry)
			if len(left) != len(a.ids) {
				t.Errorf("a dry run left %v", left)
			}
			before := bytesOf(t, a.s)
			report, left := a.prune(c.req)
			if !slices.Equal(left, want) {
				t.Errorf("left %v\nwant %v", left, want)
			}
			if len(told.Goes) != len(report.Goes) || told.Bytes != report.Bytes || len(report.Goes) != len(a.ids)-len(want) {
				t.Errorf("told %d snapshots and %d bytes, did %d and %d", len(told.Goes), told.Bytes, len(report.Goes), report.Bytes)
			}
			if freed := before - bytesOf(t, a.s); freed != report.Bytes {
				t.Errorf("%d bytes were given back, and %d were told", freed, report.Bytes)
			}
			a.whole()
			if again, _ := a.prune(c.req); len(again.Goes) != 0 || again.Bytes != 0 {
				t.Errorf("again: %+v", again)
			}
			// What went can be made again.
			for _, name := range slices.Sorted(maps.Keys(a.ids)) {
				if name[0] == 'e' && !slices.Contains(left, name) {
					id := a.ids[name]
					if a.put("extract", "main", name, []string{"shared", name}); a.ids[name] != id {
						t.Errorf("%s is another now", name)
					}
				}
			}
			a.whole()
		})
	}
}

// Equal prunes tell the same, also which of many that were made of an extract it stays for.
func TestPruneTellsTheSame(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	a.put("extract", "main", "old", nil)
	for i := range 8 {
		a.put("results", "", fmt.Sprint("r", i), []string{fmt.Sprint("r", i)}, "old")
	}
	a.at(1)
	a.put("extract", "main", "new", nil)
	req := PruneRequest{DryRun: true, Rules: map[string]KeepRule{"extract": {1, 0}, "results": {8, 0}}}
	first, _ := a.prune(req)
	if i := slices.IndexFunc(first.Stays, func(sn PrunedSnapshot) bool { return sn.ID == a.ids["old"] }); i < 0 || !strings.HasSuffix(first.Stays[i].Why, "was made of it") {
		t.Fatalf("%+v", first.Stays)
	}
	for range 20 {
		if again, _ := a.prune(req); !slices.Equal(again.Stays, first.Stays) {
			t.Fatalf("first %+v\nthen %+v", first.Stays, again.Stays)
		}
	}
}

// Tombstones of an increment are as much its objects as rows are: nothing is left over where nothing is to go, the log gets no
// entry, and what goes with an increment gives all of it back.
func TestPruneKeepsTombstones(t *testing.T) {
	t.Parallel()
	a := &attic{t: t, s: emptyStore(t), now: time.Now(), ids: map[string]string{}}
	req := ExtractRequest{Key: constantKey(t), Source: export(t, map[string][]string{"a.ndjson": {patientWith("1"), patientWith("2"), visit("1", "2024-01-01")}})}
	a.ids["base"] = mustExtract(t, a.s, req).ID()
	req.Onto, req.Source = OntoCurrent, export(t, map[string][]string{"a.ndjson": {visit("1", "2024-05-01")}}) // in the place of the one before
	more := mustExtract(t, a.s, req)
	a.ids["more"] = more.ID()
	if !slices.ContainsFunc(more.manifest.Tables, func(t Table) bool { return len(t.Tombstones) > 0 }) {
		t.Fatal("the increment has no tombstones")
	}
	entries := func() int {
		all, err := a.s.LogEntries()
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	rules := map[string]KeepRule{"extract": {Newest: 2}}
	logged := entries()
	for _, dry := range []bool{true, false} {
		if report, _ := a.prune(PruneRequest{Rules: rules, DryRun: dry}); len(report.Goes) != 0 || report.Unnamed != 0 || report.Bytes != 0 {
			t.Errorf("dry run %t: %+v", dry, report)
		}
	}
	if n := entries(); n != logged {
		t.Errorf("%d new entries of the log", n-logged)
	}
	req.Onto, req.Source = "", export(t, map[string][]string{"a.ndjson": {patientWith("3")}})
	a.ids["all again"] = mustExtract(t, a.s, req).ID()
	rules["extract"] = KeepRule{Newest: 1}
	before := bytesOf(t, a.s)
	report, left := a.prune(PruneRequest{Rules: rules})
	if freed := before - bytesOf(t, a.s); freed != report.Bytes || report.Unnamed != 0 || len(report.Goes) != 2 {
		t.Errorf("%d bytes were given back of %+v; left %v", freed, report, left)
	}
	verified(t, a.s)
}

// bytesOf is what objects and manifests take.
func bytesOf(t testing.TB, s *Store) (n int64) {
	t.Helper()
	for _, dir := range []string{objectsDir, snapshotsDir} {
		for name, text := range filesBelow(t, s.Dir()+"/"+dir) {
			_ = name
			n += int64(len(text))
		}
	}
	return n
}

func filesBelow(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := dir + "/" + e.Name()
		if e.IsDir() {
			maps.Copy(all, filesBelow(t, name))
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

// Of random stores nothing goes that a pointer or a request names, nor what it was made of, and no more stays than that
// and what the rules keep.
func TestPruneRandomStores(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		a := newAttic(t)
		var names []string
		for i := range 4 + random.IntN(10) {
			a.at(i)
			name, words := fmt.Sprint("s", i), []string{fmt.Sprint("w", random.IntN(6))}
			if i == 0 || random.IntN(3) == 0 {
				a.put("extract", []string{"main", "other"}[random.IntN(2)], name, words)
			} else {
				a.put([]string{"results", "risk", "results_shard"}[random.IntN(3)], "", name, words, names[random.IntN(i)])
			}
			if names = append(names, name); random.IntN(5) == 0 {
				a.point([]string{"extract", "results"}[random.IntN(2)], names[random.IntN(i+1)])
			}
		}
		stay := names[random.IntN(len(names))]
		report, left := a.prune(PruneRequest{Stay: map[string]string{a.ids[stay]: "a run"},
			Rules: map[string]KeepRule{"extract": {1 + random.IntN(3), 0}, "results": {1 + random.IntN(3), 0}}})
		a.whole()
		if !slices.Contains(left, stay) {
			t.Errorf("seed %d: %s went", seed, stay)
		}
		for _, sn := range report.Stays {
			if sn.Why == "" {
				t.Errorf("seed %d: %s %.12s stays for no reason", seed, sn.Kind, sn.ID)
			}
		}
	}
}

// Failed at each of its points, a prune is done by the next opening or the next prune, and the store is sound all the time.
func TestPruneFailsAnywhere(t *testing.T) {
	t.Parallel()
	req := PruneRequest{Sources: []string{"main"}, Now: epochOfAttic.AddDate(1, 0, 0), Rules: map[string]KeepRule{"extract": {1, 0}, "results": {1, 0}}}
	original := years(t)
	prepare := func() *attic {
		dir := filepath.Join(t.TempDir(), "store")
		if out, err := exec.Command("cp", "-a", original.s.Dir(), dir).CombinedOutput(); err != nil { // modes too
			t.Fatalf("%v: %s", err, out)
		}
		return &attic{t: t, s: openTestStore(t, dir), now: original.now, ids: original.ids}
	}
	a := prepare()
	var points []string
	a.s.fault = func(point string) error { points = append(points, point); return nil }
	if _, err := a.s.Prune(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	want := a.left()
	if len(points) < 20 {
		t.Fatalf("only %v", points)
	}
	by := map[string]int{}
	for at, point := range points {
		if at > 0 && at%5 != 0 && point == "delete" {
			continue
		}
		a := prepare()
		n := at
		a.s.fault = func(string) error {
			if n--; n < 0 { // and whatever would come after it
				return syscall.EIO
			}
			return nil
		}
		_, err := a.s.Prune(t.Context(), req)
		if err == nil {
			t.Errorf("%s: not told", point)
		}
		a.s = openTestStore(t, a.s.Dir())
		report, verr := a.s.Verify(t.Context())
		if verr != nil || report.Err() != nil {
			t.Errorf("%s: %+v, %v", point, report, verr)
		}
		audited(t, a.s)
		left := a.left()
		switch {
		case slices.Equal(left, want):
			by["opening"]++
		case len(left) == len(a.ids):
			by["prune"]++
			if _, err := a.s.Prune(t.Context(), req); err != nil || !slices.Equal(a.left(), want) {
				t.Errorf("%s: again: %v, left %v", point, err, a.left())
			}
		default:
			t.Errorf("%s: half of it is done: %v", point, left)
		}
		a.whole()
	}
	if by["opening"] == 0 || by["prune"] == 0 {
		t.Errorf("finished by %v", by)
	}
	t.Logf("%d points; finished by %v", len(points), by)
}

// While another process prepares a snapshot nothing goes, and it says so; a rule that keeps nothing is refused.
func TestPruneWaits(t *testing.T) {
	t.Parallel()
	a := years(t)
	rules := map[string]KeepRule{"extract": {1, 0}, "results": {1, 0}}
	g, err := openTestStore(t, a.s.Dir()).Begin(t.Context(), "extract")
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.s.Prune(t.Context(), PruneRequest{Sources: []string{"main"}, Now: a.now, Rules: rules})
	wantCode(t, err, CodeLocked)
	if len(a.left()) != len(a.ids) {
		t.Errorf("left %v", a.left())
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []KeepRule{{}, {Newest: -1}, {For: -time.Hour}} {
		if _, err := a.s.Prune(t.Context(), PruneRequest{Sources: []string{"main"}, Now: a.now, Rules: map[string]KeepRule{"extract": bad}}); err == nil || !strings.Contains(err.Error(), "keeps nothing") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	// Objects that a stopped publish left go, too.
	a.s.fault = func(point string) error {
		if point == "manifest" {
			return syscall.ENOSPC
		}
		return nil
	}
	if _, err := publishTiny(t, a.s, "stopped"); err == nil {
		t.Fatal("published")
	}
	a.s.fault = nil
	if report, _ := a.prune(PruneRequest{Rules: rules}); report.Unnamed != 1 {
		t.Errorf("%+v", report)
	}
	a.whole()
}

// Who verifies while another process prunes is not alarmed.
func TestVerifyBesidePrune(t *testing.T) {
	t.Parallel()
	a := newAttic(t)
	const many = 20
	for i := range many {
		a.at(i)
		name := fmt.Sprint("e", i)
		a.put("extract", "main", name, []string{name})
		a.point("extract", name)
	}
	done := make(chan int)
	stop := make(chan struct{})
	var reads atomic.Int64
	reader := openTestStore(t, a.s.Dir())
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-stop:
				done <- n
				return
			default:
			}
			report, err := reader.Verify(t.Context())
			if err != nil || report.Err() != nil {
				t.Errorf("read %d: %v, %v", n, report.Err(), err)
			}
			reads.Add(1)
		}
	}()
	a.s.fault = func(string) error { // so that somebody reads between any two of them
		time.Sleep(5 * time.Millisecond)
		return nil
	}
	for keep := many - 1; keep > 0; keep -= 2 {
		a.prune(PruneRequest{Rules: map[string]KeepRule{"extract": {Newest: keep}}})
		for was := reads.Load(); reads.Load() == was; { // of prunes without a pause some reading may be alarmed
			time.Sleep(time.Millisecond)
		}
	}
	close(stop)
	if n := <-done; n == 0 {
		t.Error("nothing was read")
	} else {
		t.Logf("verified %d times beside %d prunes", n, many/2)
	}
}

// whileWaiting is a context that does something once, when who has it waits for the first time.
type whileWaiting struct {
	context.Context
	once func()
}

func (w whileWaiting) Done() <-chan struct{} {
	w.once()
	return w.Context.Done()
}

// beside lets a function run with the writer lock of another process, and its end be the end of that process, while what is
// given the context waits for the lock.
func (a *attic) beside(do func(other *Store)) context.Context {
	a.t.Helper()
	other := openTestStore(a.t, a.s.Dir())
	other.now = a.s.now
	unlock, err := other.lock(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	return whileWaiting{a.t.Context(), sync.OnceFunc(func() {
		do(other)
		unlock()
	})}
}

// killedRemoval writes down that a snapshot goes, and does no more.
func (a *attic) killedRemoval(s *Store, name string) {
	a.t.Helper()
	id := a.ids[name]
	err := s.changeCustody(Event{Kind: "removal", Retires: []string{id}, Facts: map[string]any{}}, func(c *custody) error {
		c.Pending = &pendingWork{Retires: []string{id}}
		return nil
	})
	if err != nil {
		a.t.Error(err)
	}
}

// What a removal has written down is done though it was killed while a prune waited for it, and is never written over.
func TestPruneFinishesAKilledRemoval(t *testing.T) {
	t.Parallel()
	a := years(t)
	a.put("extract", "other", "o1", []string{"person"})
	ctx := a.beside(func(other *Store) { a.killedRemoval(other, "o1") })
	_, err := a.s.Prune(ctx, PruneRequest{Sources: []string{"main"}, Now: a.now, Rules: map[string]KeepRule{"extract": {1, 0}, "results": {1, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	if left := a.left(); !slices.Equal(left, []string{"e4", "ke4", "re4"}) {
		t.Errorf("left %v", left)
	}
	a.whole()

	a.put("extract", "other", "o2", []string{"person"})
	a.killedRemoval(a.s, "o2")
	err = a.s.changeCustody(Event{Kind: pendingPrune}, func(c *custody) error {
		c.Pending = &pendingWork{Kind: pendingPrune, Retires: []string{a.ids["e4"]}}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "is to be finished first") {
		t.Errorf("written over: %v", err)
	}
	a.s = openTestStore(t, a.s.Dir())
	if left := a.left(); !slices.Equal(left, []string{"e4", "ke4", "re4"}) {
		t.Errorf("left %v", left)
	}
}

// A report is not logged when what it rests on was retired while it was made, nor where a prune is written down that retires it.
func TestReportBesidePrune(t *testing.T) {
	t.Parallel()
	a := years(t)
	facts := func() map[string]any { return map[string]any{"results": a.ids["re1"], "extract": a.ids["e1"]} }
	for _, data := range [][]byte{nil, []byte("{}")} {
		ctx := a.beside(func(other *Store) {
			if len(data) == 0 {
				a.killedRemoval(other, "re1")
			}
		})
		wantCode(t, a.s.LogReport(ctx, facts(), data, 0), CodeNotFound)
	}
	if all, err := a.s.Releases(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	a.whole()
}

package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a person reads, for each health, in the order of need.
func TestStatusText(t *testing.T) {
	w := newWorld(t, "2026-03-01T04:00:00Z")
	const daily = "schedule: {cron: 0 5 * * *, zone: America/New_York}\n"
	for _, name := range []string{"crashed", "failing", "fine", "interrupted"} {
		w.job(name, daily)
	}
	w.job("weekly", "schedule: {cron: 0 5 * * mon, zone: America/New_York}\n")
	w.job("late", "schedule: {cron: 30 12 * * *, zone: UTC}\n")
	w.job("removed", daily)
	o := w.options()
	inner := o.build
	o.build = func(ctx context.Context, job *Job, r *RunResult, o Options) error {
		err := inner(ctx, job, r, o)
		r.Latest = filepath.Join("out", job.Name, "latest")
		switch {
		case job.Name == "failing" && w.now.Day() == 4:
			return errors.New("extract: 214 of 9000 lines were rejected, more than 1%")
		case job.Name == "interrupted" && w.now.Day() == 4:
			return context.Canceled
		}
		return err
	}
	for _, now := range []string{"2026-03-01T04:00:00Z", "2026-03-02T11:00:00Z", "2026-03-04T11:00:00Z"} {
		w.now = at(t, now)
		if _, err := Tick(context.Background(), w.dir, o); err != nil && w.now.Day() != 4 {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(w.dir, "removed.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"failing", "fine", "late", "interrupted", "weekly"} { // one job for the child to die in
		if err := os.Rename(filepath.Join(w.dir, other+".yaml"), filepath.Join(w.dir, other+".off")); err != nil {
			t.Fatal(err)
		}
	}
	w.now = at(t, "2026-03-05T10:04:00Z")
	w.killedTick()
	for _, other := range []string{"failing", "fine", "late", "interrupted", "weekly"} {
		if err := os.Rename(filepath.Join(w.dir, other+".off"), filepath.Join(w.dir, other+".yaml")); err != nil {
			t.Fatal(err)
		}
	}
	w.job("new", daily)
	w.now = at(t, "2026-03-05T10:15:00Z")
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(text.String(), w.dir+"/", "")
	for _, j := range s.Jobs {
		if j.Health == HealthCrashed {
			got = strings.Replace(got, "process "+strconv.Itoa(j.Last.Process), "process N", 1)
		}
	}
	if *update {
		writeFile(t, "testdata/status.txt", got)
		return
	}
	want, err := os.ReadFile("testdata/status.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStatusBeforeAnything(t *testing.T) {
	w := newWorld(t, "2026-03-01T04:00:00Z")
	w.job("a", "")
	s, err := Status(context.Background(), w.dir, w.options())
	if err != nil || s.Ticked || len(s.Jobs) != 1 || s.Jobs[0].Health != HealthNew || !s.Healthy() {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, ledgerDir)); err == nil {
		t.Error("status made a ledger")
	}
}

// While a tick is at work, what it has not come to is due and not late.
func TestDueWhileATickIsAtWork(t *testing.T) {
	w := newWorld(t, "2026-03-01T04:00:00Z")
	w.job("j", daily)
	w.tick()
	w.now = at(t, "2026-03-01T07:00:00Z")
	health := func() Health {
		t.Helper()
		s, err := Status(context.Background(), w.dir, w.options())
		if err != nil {
			t.Fatal(err)
		}
		return s.Jobs[0].Health
	}
	if got := health(); got != HealthLate {
		t.Errorf("%s", got)
	}
	l := w.open()
	held, err := l.lockFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if got := health(); got != HealthLate {
		t.Errorf("while a scheduler is there that does nothing: %s", got)
	}
	other, err := l.lockJob("other")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := l.begin(context.Background(), "other", 0, time.Time{}, w.now); err != nil {
		t.Fatal(err)
	}
	if got := health(); got != HealthDue {
		t.Errorf("while a tick is at work on another job: %s", got)
	}
}

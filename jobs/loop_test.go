package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Two schedulers that are started at once: one works, the other ends with exit code 3 and says who holds the lock.
// FARR_SCHEDULERS is how often.
func TestTwoSchedulers(t *testing.T) {
	t.Parallel()
	times := 20
	if text := os.Getenv("FARR_SCHEDULERS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("FARR_SCHEDULERS is %q: write a number", text)
		}
		times = n
	}
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily)
	wrong := 0
	for range times {
		if err := w.twoSchedulers(); err != nil {
			wrong++
			t.Error(err)
		}
	}
	fmt.Printf("schedulers: two at once %d times, %d times not one at work and one refused\n", times, wrong)
}

func (w *world) twoSchedulers() error {
	type scheduler struct {
		pid  int
		said string
		err  error
		exit func() int
	}
	said := make(chan scheduler)
	for range 2 {
		child, out := w.child("FARR_TEST_SCHEDULE=yes")
		go func() {
			line, err := out.ReadString('\n')
			said <- scheduler{child.Process.Pid, line, err, func() int { _ = child.Wait(); return child.ProcessState.ExitCode() }}
		}()
	}
	a, b := <-said, <-said
	if strings.HasPrefix(b.said, "working") {
		a, b = b, a
	}
	refusedExit := b.exit()
	if err := syscall.Kill(a.pid, syscall.SIGTERM); err != nil {
		return err
	}
	exit := a.exit()
	switch holder := fmt.Sprintf("is being run by another process: %d on ", a.pid); {
	case a.err != nil || b.err != nil:
		return errors.Join(a.err, b.err)
	case a.said != "working 1 <nil>\n" || exit != ExitOK:
		return fmt.Errorf("one said %q and ended with %d", a.said, exit)
	case refusedExit != ExitLocked || !strings.Contains(b.said, holder):
		return fmt.Errorf("the other said %q and ended with %d, want %q", b.said, refusedExit, holder)
	}
	return nil
}

// A loop runs what becomes due, goes on after a failure, and ends well when asked.
func TestLoop(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:59:58Z")
	w.job("j", "schedule: {cron: '* * * * *', zone: UTC}\n")
	ctx, cancel := context.WithCancel(context.Background())
	o := w.options()
	w.fail = errors.New("the share is away")
	var did []string
	err := Loop(ctx, w.dir, o, func(r *TickReport, err error) {
		did = append(did, r.Jobs[0].Did)
		w.mu.Lock()
		defer w.mu.Unlock()
		switch len(did) {
		case 1:
			w.now = at(t, "2026-01-10T05:00:00Z") // asleep until now
		case 2:
			w.fail, w.now = nil, at(t, "2026-01-10T05:01:00Z")
		default:
			cancel()
		}
	})
	if got := strings.Join(did, " "); err != nil || got != "first-seen failed succeeded" {
		t.Errorf("did %s, %v", got, err)
	}
	if err := Loop(context.Background(), filepath.Join(w.dir, "nowhere"), o, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

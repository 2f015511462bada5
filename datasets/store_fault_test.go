//go:build unix

package datasets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// faultPoints runs one undisturbed publish and lists the points it passes.
func faultPoints(t *testing.T) []string {
	t.Helper()
	s := openTestStore(t, t.TempDir())
	mustPublish(t, s, "old") // begins the log
	var points []string
	s.fault = func(point string) error {
		points = append(points, point)
		return nil
	}
	mustPublish(t, s, "new")
	return points
}

// checkWhole holds what must be true after any stop: the earlier snapshot is
// current and whole, nothing is damaged, and the same publish then succeeds with
// the same ID and leaves no staging.
func checkWhole(t *testing.T, dir, earlier, undisturbed string) {
	t.Helper()
	s := openTestStore(t, dir)
	current, err := s.Current("extract")
	if err != nil || current.ID() != earlier {
		t.Fatalf("current: %v, %v", current, err)
	}
	if err := current.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil {
		t.Errorf("verify: %v, %v", report.Problems, err)
	}
	again := mustPublish(t, s, "new")
	if again.ID() != undisturbed {
		t.Errorf("published again as %s, undisturbed %s", again.ID(), undisturbed)
	}
	if left := staged(t, dir); len(left) > 0 {
		t.Errorf("staging holds %v", left)
	}
	if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil || report.Snapshots != 2 || report.Unreferenced != 0 {
		t.Errorf("verify after recovery: %+v, %v", report, err)
	}
}

// The process is killed at each point of publishing, by SIGKILL to itself.
func TestKilledWhilePublishing(t *testing.T) {
	if dir := os.Getenv("FARR_TEST_KILL_DIR"); dir != "" {
		at, _ := strconv.Atoi(os.Getenv("FARR_TEST_KILL_AT"))
		s := openTestStore(t, dir)
		s.fault = func(string) error {
			if at--; at < 0 {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}
		publishTiny(t, s, "new")
		return
	}
	points := faultPoints(t)
	undisturbed := mustPublish(t, openTestStore(t, t.TempDir()), "new").ID()
	for i, point := range points {
		t.Run(fmt.Sprintf("%d-%s", i, point), func(t *testing.T) {
			dir := t.TempDir()
			s := openTestStore(t, dir)
			earlier := mustPublish(t, s, "old")
			if err := s.SetCurrent(t.Context(), "extract", earlier.ID()); err != nil {
				t.Fatal(err)
			}
			child := exec.Command(os.Args[0], "-test.run=^TestKilledWhilePublishing$")
			child.Env = append(os.Environ(), "FARR_TEST_KILL_DIR="+dir, "FARR_TEST_KILL_AT="+strconv.Itoa(i))
			err := child.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the child was not killed: %v", err)
			}
			if len(staged(t, dir)) == 0 && point != "published" {
				t.Error("the child left no staging, so nothing is recovered here")
			}
			checkWhole(t, dir, earlier.ID(), undisturbed)
		})
	}
	t.Logf("%d points", len(points))
}

// The disk is full at each point of publishing.
func TestFailedWhilePublishing(t *testing.T) {
	undisturbed := mustPublish(t, openTestStore(t, t.TempDir()), "new").ID()
	for i, point := range faultPoints(t) {
		dir := t.TempDir()
		s := openTestStore(t, dir)
		earlier := mustPublish(t, s, "old")
		if err := s.SetCurrent(t.Context(), "extract", earlier.ID()); err != nil {
			t.Fatal(err)
		}
		at := i
		s.fault = func(string) error {
			if at--; at < 0 {
				return syscall.ENOSPC
			}
			return nil
		}
		if _, err := publishTiny(t, s, "new"); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: error %v", point, err)
		}
		if left := staged(t, dir); len(left) > 0 {
			t.Errorf("%s: staging holds %v", point, left)
		}
		checkWhole(t, dir, earlier.ID(), undisturbed)
	}
}

// A real full disk: a tmpfs with room for one snapshot and not for two.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=320k"); err != nil {
		t.Skipf("a small tmpfs cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	s, err := CreateStore(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	earlier := mustPublish(t, s, "old")
	if err := s.SetCurrent(t.Context(), "extract", earlier.ID()); err != nil {
		t.Fatal(err)
	}
	// Page by page, from no room at all to enough.
	const page = 4 << 10
	failures, room := 0, 0
	for ; room < 40; room++ {
		var disk syscall.Statfs_t
		if err := syscall.Statfs(dir, &disk); err != nil {
			t.Fatal(err)
		}
		ballast := filepath.Join(dir, "ballast")
		if err := os.WriteFile(ballast, make([]byte, int(disk.Bavail)*int(disk.Bsize)-room*page), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := publishTiny(t, s, "new")
		os.Remove(ballast)
		if current, err := s.Current("extract"); err != nil || current.ID() != earlier.ID() {
			t.Fatalf("room %d: current %v, %v", room, current, err)
		}
		if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil {
			t.Fatalf("room %d: %v, %v", room, report.Problems, err)
		}
		if left := staged(t, dir); len(left) > 0 {
			t.Fatalf("room %d: staging holds %v", room, left)
		}
		if err == nil {
			break
		}
		failures++
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("room %d: %v", room, err)
		}
	}
	if failures == 0 || room == 40 {
		t.Errorf("%d failures before room %d", failures, room)
	}
	t.Logf("%d publishes failed for want of room, and one with %d pages did not", failures, room)
}

// What a dead process left goes; what a living one prepares stays.
func TestSweepSparesTheLiving(t *testing.T) {
	dir := t.TempDir()
	s, other := openTestStore(t, dir), openTestStore(t, dir)
	living, err := s.Begin(t.Context(), "extract")
	if err != nil {
		t.Fatal(err)
	}
	w, err := living.Create("tiny", 0, 63)
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, stagingDir, "0123456789abcdef")
	if err := os.MkdirAll(filepath.Join(dead, "work", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lock", "work/deep/spill"} {
		if err := os.WriteFile(filepath.Join(dead, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, stagingDir, "file-0"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := other.Begin(t.Context(), "results")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(staged(t, dir)); n != 2 {
		t.Errorf("staging holds %v, want the two living", staged(t, dir))
	}
	info, err := os.Stat(living.Dir())
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("staging folder: %v, %v", info, err)
	}
	if _, err := w.Write(tinyParquet(t, tinyRow{1, "x"})); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(1); err != nil {
		t.Fatal(err)
	}
	if _, err := living.Publish(t.Context(), tinyManifest(t, "x")); err != nil {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if left := staged(t, dir); len(left) > 0 {
		t.Errorf("staging holds %v", left)
	}
}

// Writers take turns, in one process and in two.
func TestConcurrentPublish(t *testing.T) {
	dir := t.TempDir()
	const writers = 8
	errs := make(chan error, writers)
	for i := range writers {
		s := openTestStore(t, dir)
		go func() {
			_, err := publishTiny(t, s, strconv.Itoa(i%3))
			errs <- err
		}()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s := openTestStore(t, dir)
	report, err := s.Verify(t.Context())
	if err != nil || report.Err() != nil || report.Snapshots != 3 || report.Unreferenced != 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if left := staged(t, dir); len(left) > 0 {
		t.Errorf("staging holds %v", left)
	}
}

func TestLockedStore(t *testing.T) {
	dir := t.TempDir()
	s, other := openTestStore(t, dir), openTestStore(t, dir)
	g, err := s.Begin(t.Context(), "extract")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	unlock, err := other.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	m := tinyManifest(t, "x")
	_, err = g.Publish(ctx, m)
	wantCode(t, err, CodeLocked)
	unlock()
	if _, err := g.Publish(t.Context(), m); err != nil {
		t.Errorf("after the lock is free: %v", err)
	}
}

// Whoever waits for the lock of another process can be told to stop, and says what it waited for; then nothing has changed.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	a := years(t)
	a.killedRemoval(a.s, "re0")
	custody := filepath.Join(a.s.Dir(), custodyFile)
	text, err := os.ReadFile(custody)
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "store")
	for name, c := range map[string]struct {
		lock string // the store whose lock is held
		prep func() error
		wait func(ctx context.Context) error
	}{
		"begin":   {a.s.Dir(), nil, func(ctx context.Context) error { _, err := a.s.Begin(ctx, "extract"); return err }},
		"pointer": {a.s.Dir(), nil, func(ctx context.Context) error { return a.s.SetCurrent(ctx, "extract", a.ids["e0"]) }},
		"opening, where a removal is to be finished": {a.s.Dir(), nil, func(ctx context.Context) error { _, err := OpenStore(ctx, a.s.Dir()); return err }},
		"custody that seems damaged": {a.s.Dir(), func() error { return os.WriteFile(custody, append(text, ' '), 0o600) },
			func(ctx context.Context) error { _, err := a.s.Epochs(ctx); return err }},
		"making a store": {fresh, func() error { return os.Mkdir(fresh, 0o700) }, func(ctx context.Context) error { _, err := CreateStore(ctx, fresh); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			if c.prep != nil {
				if err := c.prep(); err != nil {
					t.Fatal(err)
				}
				defer os.WriteFile(custody, text, 0o600)
			}
			held, err := os.OpenFile(filepath.Join(c.lock, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- c.wait(ctx) }()
			select {
			case err := <-ended:
				t.Fatalf("it did not wait: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
			cancel()
			select {
			case err := <-ended:
				wantCode(t, err, CodeLocked)
				if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), c.lock) {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Error("it waits on")
			}
		})
	}
	a.s = openTestStore(t, a.s.Dir())
	if now, err := a.s.Current("extract"); err != nil || now.ID() != a.ids["e4"] {
		t.Errorf("in force is %v, %v", now, err)
	}
	a.whole()
}

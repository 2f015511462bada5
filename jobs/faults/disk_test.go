//go:build linux

package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"farr/jobs"
)

// fullSays is how a full disk is told.
var fullSays = regexp.MustCompile(`no space left on device|database or disk is full|disk I/O error|no room on the disk`)

// TestFullDisk runs the job where nothing but a little of the disk is free: a full disk is told as that, the report and the snapshot before
// stay in force, nothing is left in staging or for a while elsewhere, and once there is room the run is as an undisturbed one. From
// no room at all it goes on to where all fits; FARR_FULL_DISK is how many sizes are tried between the two.
func TestFullDisk(t *testing.T) {
	const size = 64 << 20
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprint("mode=700,size=", size)); err != nil {
		t.Skipf("SKIPPED: a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	world := sharedWorld(t)
	undisturbed := copied(t, world)
	if out, err := child(undisturbed).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := result(undisturbed)
	if err != nil {
		t.Fatal(err)
	}
	cases, failures := 0, map[string]int{}
	try := func(room int64) (fits bool) {
		cases++
		at, err := fullDisk(t, disk, world, want, room)
		if err != nil {
			t.Errorf("with %d bytes free: %v", room, err)
		}
		if at != "" {
			failures[at]++
		}
		return at == ""
	}
	room := int64(0)
	for !try(room) {
		if room = max(2*room, 256<<10); room > size/2 {
			t.Fatal("it never fits")
		}
	}
	for i, n := 1, number(t, "FARR_FULL_DISK", 0); i < n; i++ {
		try(room * int64(i) / int64(n))
	}
	if len(failures) < 2 {
		t.Errorf("failures %v", failures)
	}
	fmt.Printf("full disk: %d sizes from 0 to %d bytes, failed: %v\n", cases, room, failures)
}

// fullDisk tries one size. It gives where the run failed: "" where all fitted.
func fullDisk(t *testing.T, disk, world string, want map[string]string, room int64) (at string, err error) {
	dir, temp, ballast := filepath.Join(disk, "w"), filepath.Join(disk, "temp"), filepath.Join(disk, "ballast")
	defer func() {
		for _, path := range []string{dir, temp, ballast} {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}()
	if out, err := exec.Command("cp", "-a", world, dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	if err := os.Mkdir(temp, 0o700); err != nil {
		return "", err
	}
	var free syscall.Statfs_t
	if err := syscall.Statfs(disk, &free); err != nil {
		return "", err
	}
	if err := os.WriteFile(ballast, make([]byte, int64(free.Bavail)*free.Bsize-room), 0o600); err != nil {
		return "", err
	}
	process := child(dir, "TMPDIR="+temp)
	said, failure := process.CombinedOutput()
	if failure != nil {
		at = "?"
	}
	if err := errors.Join(sound(t.Context(), dir), leftovers(dir)); err != nil {
		return at, fmt.Errorf("while the disk is full: %w", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		return at, fmt.Errorf("left in the folder for temporary files: %v, %w", left, err)
	}
	if err := os.Remove(ballast); err != nil {
		return at, err
	}
	if failure != nil { // SQLite needs room to read
		if at, err = failedFor(t.Context(), dir, string(said), failure); err != nil {
			return at, err
		}
	}
	if err := finish(t.Context(), dir, second.Add(time.Minute), nil); err != nil {
		return at, fmt.Errorf("with room again: %w", err)
	}
	if err := errors.Join(sound(t.Context(), dir), leftovers(dir)); err != nil {
		return at, err
	}
	got, err := result(dir)
	if err != nil {
		return at, err
	}
	return at, equal(got, want)
}

// failedFor wants a failed run to say that the disk is full, and the ledger, where it could be written, that it is of class disk. It gives
// where that was.
func failedFor(ctx context.Context, dir, said string, failure error) (string, error) {
	var exit *exec.ExitError
	if !errors.As(failure, &exit) || exit.ExitCode() != jobs.ExitFailed || !fullSays.MatchString(said) {
		return "?", fmt.Errorf("%w: %s", failure, said)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, ".farr", "ledger.db"))
	if err != nil {
		return "?", err
	}
	defer db.Close()
	var class, text string
	err = db.QueryRowContext(ctx, `SELECT a.class, a.error FROM attempt a JOIN occurrence o ON o.id = a.occurrence WHERE o.planned = ? AND a.state = 'failed'`, planned(second)).Scan(&class, &text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "the ledger", nil
	case err != nil:
		return "?", err
	case class != string(jobs.ClassDisk):
		return "?", fmt.Errorf("the ledger says %s: %s", class, text)
	}
	step, _, _ := strings.Cut(text, ":")
	return step, nil
}

//go:build faults

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kinds are the ways to fail at a point.
var kinds = []string{"kill", "enospc", "eio", "panic"}

// sampled is how many cases a run without FARR_FAULTS takes, spread evenly.
const sampled = 16

// TestFaults lists the fault points that a job passes, fails at them in every way, runs again, and holds the invariants.
// FARR_FAULTS=all takes every case, a number so many, and a text those that have it in their names; FARR_FAULTS_SHARD=2/8 takes an eighth, by their names;
// cases that are in the file FARR_FAULTS_DONE are passed over, and those that hold are added to it.
func TestFaults(t *testing.T) {
	w := stagedWorlds(t)
	places := map[string]bool{}
	for _, p := range w.points {
		place, _, _ := strings.Cut(p.point, " #")
		places[place] = true
	}
	if len(w.points) < 60 {
		t.Fatalf("%d fault points", len(w.points))
	}
	chosen := choose(t, w.points)
	began := cpu(t)
	violations := 0
	for _, c := range chosen {
		if err := hold(t.Context(), t, w, c); err != nil {
			violations++
			t.Errorf("%s: %v", c, err)
			continue
		}
		finished(t, c)
	}
	took := cpu(t) - began
	fmt.Printf("faults: %d points in %d places, %d cases of %d, %d violations, %.1f CPU-s a case\n",
		len(w.points), len(places), len(chosen), len(w.points)*len(kinds), violations, took.Seconds()/float64(max(1, len(chosen))))
}

// cpu is the processor time of this process and of those that it waited for.
func cpu(t *testing.T) (all time.Duration) {
	t.Helper()
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			t.Fatal(err)
		}
		all += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return all
}

// trial is one case.
type trial struct {
	place
	kind string
}

// whole says whether it recovers to the end, whatever step it is of: one of eight.
func (c trial) whole() bool { return c.hash()%8 == 0 }

// of says whether it is of one of so many shards, by its name: each shard lists the points for itself.
func (c trial) of(shard, shards uint32) bool { return c.hash()/8%shards == shard-1 }

func (c trial) hash() uint32 {
	h := fnv.New32a()
	h.Write([]byte(c.String()))
	return h.Sum32()
}

func (c trial) String() string { return c.kind + " in " + c.step + " at " + c.point }

func choose(t *testing.T, points []place) []trial {
	var all []trial
	for _, p := range points {
		for _, k := range kinds {
			all = append(all, trial{p, k})
		}
	}
	shard := os.Getenv("FARR_FAULTS_SHARD")
	if shard != "" {
		var i, n uint32
		if _, err := fmt.Sscanf(shard, "%d/%d", &i, &n); err != nil || i < 1 || i > n {
			t.Fatalf("FARR_FAULTS_SHARD is %q: write 2/8", shard)
		}
		all = slices.DeleteFunc(all, func(c trial) bool { return !c.of(i, n) })
	}
	if file := os.Getenv("FARR_FAULTS_DONE"); file != "" {
		done, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for line := range strings.Lines(string(done)) {
			known[strings.TrimSuffix(line, "\n")] = true
		}
		all = slices.DeleteFunc(all, func(c trial) bool { return known[c.String()] })
	}
	if shard != "" {
		return all
	}
	n := sampled
	switch many := os.Getenv("FARR_FAULTS"); many {
	case "":
	case "all":
		return all
	default:
		if _, err := fmt.Sscan(many, &n); err != nil { // what is in their names, to hold one again
			return slices.DeleteFunc(all, func(c trial) bool { return !strings.Contains(c.String(), many) })
		}
		if n < 1 {
			t.Fatalf("FARR_FAULTS is %q: write all, a number, or a part of their names", many)
		}
	}
	// An odd step, so that every kind is among them.
	var some []trial
	for i := 0; i < len(all); i += max(1, len(all)/n) | 1 {
		some = append(some, all[i])
	}
	return some
}

func finished(t *testing.T, c trial) {
	file := os.Getenv("FARR_FAULTS_DONE")
	if file == "" {
		return
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(c.String() + "\n"); err != nil {
		t.Fatal(err)
	}
}

// hold fails at one point in one way, recovers, and tells the first invariant that does not hold. A recovery ends with the step that
// failed where another follows it and all is then, byte for byte, as where an undisturbed run begins that one: what follows from
// there stagedWorlds has seen, and so do one case of eight and all cases of later steps.
func hold(ctx context.Context, t *testing.T, w *staged, c trial) error {
	dir := copied(t, w.world[c.step])
	defer os.RemoveAll(dir)
	var said bytes.Buffer
	exit, err := c.strike(dir, &said)
	if err != nil {
		return err
	}
	rows, err := ledger(dir)
	if err != nil {
		return fmt.Errorf("I3: %w", err)
	}
	if rows[planned(first)] != "succeeded" {
		return fmt.Errorf("I4: the row of the first day is %q", rows[planned(first)])
	}
	// I7: who was not killed and failed says so by exit code and words, and who says nothing has succeeded.
	if exit != nil && exit.Exited() && said.Len() == 0 {
		return errors.New("I7: it failed without a word")
	}
	done := func(state string) bool { return state == "succeeded" || state == "skipped" } // skipped: all of it was there already
	if exit == nil && !done(rows[planned(second)]) {
		return fmt.Errorf("I7: exit code 0, and the run is %q", rows[planned(second)])
	}
	if err := sound(ctx, dir); err != nil {
		return fmt.Errorf("I1 after the fault: %w", err)
	}
	next, want := w.next[c.step], w.want
	if next == "prune" || c.whole() || exit == nil {
		next = ""
	}
	if next == "" {
		err = finish(ctx, dir, second.Add(time.Minute), nil)
	} else {
		want = w.begins[next]
		err = finishTo(dir, next)
	}
	if err != nil {
		return fmt.Errorf("I3: %w", err)
	}
	if rows, err = ledger(dir); err != nil {
		return fmt.Errorf("I3: %w", err)
	}
	if next != "" {
		done = func(state string) bool { return state == "running" || state == "failed" } // failed: it is run by hand
	}
	if len(rows) != 2 || rows[planned(first)] != "succeeded" || !done(rows[planned(second)]) && (rows[planned(second)] != "failed" || exit == nil) {
		return fmt.Errorf("I3, I4: the ledger has %v", rows)
	}
	if err := sound(ctx, dir); err != nil {
		return fmt.Errorf("I1: %w", err)
	}
	got, err := result(dir)
	if err != nil {
		return fmt.Errorf("I2: %w", err)
	}
	if err := equal(got, want); err != nil {
		return fmt.Errorf("I2: %w", err)
	}
	if err := leftovers(dir); err != nil {
		return fmt.Errorf("I5: %w", err)
	}
	return nil
}

// strike runs the job, or what the variables ask for, and fails at the point; how it ended is nil where it ended well.
func (c trial) strike(dir string, said io.Writer, env ...string) (*exec.ExitError, error) {
	passed := filepath.Join(filepath.Dir(dir), "passed")
	process := child(dir, append(env, "FARR_FAULT_AT="+c.point, "FARR_FAULT_KIND="+c.kind, "FARR_FAULT_RECORD="+passed)...)
	process.Stderr = said
	failure := process.Run()
	var exit *exec.ExitError
	if failure != nil && !errors.As(failure, &exit) {
		return nil, failure
	}
	if c.kind == "kill" && (exit == nil || exit.Exited()) {
		return nil, fmt.Errorf("it was not killed: %w", failure)
	}
	text, err := os.ReadFile(passed)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(strings.Split(string(text), "\n"), c.point) {
		return nil, errors.New("the run did not pass the point")
	}
	return exit, nil
}

// finishTo does what finish does in a process that is killed as a step begins.
func finishTo(dir, step string) error {
	var said bytes.Buffer
	process := child(dir, stopVariable+"="+step)
	process.Stderr = &said
	err := process.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && !exit.Exited() && strings.HasSuffix(said.String(), stepMark+step) {
		return nil
	}
	return fmt.Errorf("step %s did not begin: %w: %s", step, err, said.String())
}

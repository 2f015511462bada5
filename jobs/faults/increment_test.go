//go:build faults

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
	"farr/datasets/fhir"
)

// TestFaultsOfAnIncrement fails at each fault point of an increment and of the compaction after it, as TestFaults does at those of a job,
// does the same again, and wants the very files that an undisturbed increment leaves. The variables are those of TestFaults.
func TestFaultsOfAnIncrement(t *testing.T) {
	world := increasedWorld(t)
	undisturbed := copied(t, world)
	points := recorded(t, undisturbed, incrementVariable+"=1")
	want, err := filesOf(undisturbed, storeParts...)
	if err != nil {
		t.Fatal(err)
	}
	if snapshots, err := filesOf(undisturbed, "store/snapshots"); err != nil || len(snapshots) != 3 {
		t.Fatalf("an undisturbed increment leaves %d snapshots and not those before, after and compacted: %v", len(snapshots), err)
	}
	chosen, violations := choose(t, points), 0
	for _, c := range chosen {
		if err := holdIncrement(t.Context(), t, world, c, want); err != nil {
			violations++
			t.Errorf("%s: %v", c, err)
			continue
		}
		finished(t, c)
	}
	fmt.Printf("faults of an increment: %d points, %d cases of %d, %d violations\n", len(points), len(chosen), len(points)*len(kinds), violations)
}

// increasedWorld is a folder with a store that has a full load in force, and a folder of changes: of each type every third record of a
// later export, of persons who are there and of new ones.
func increasedWorld(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	later := filepath.Join(dir, "later")
	export(t, later, 6)
	changes := filepath.Join(dir, "changes")
	if err := os.Mkdir(changes, 0o700); err != nil {
		t.Fatal(err)
	}
	source, err := fhir.Open(later)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range source.Inputs {
		var some bytes.Buffer
		err := in.Lines(t.Context(), func(l fhir.Line) error {
			if l.Number%3 == 2 {
				some.Write(append(slices.Clip(l.Bytes), '\n'))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(changes, strings.TrimSuffix(in.Name, ".gz")), some.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, err := datasets.CreateKey(filepath.Join(dir, "farr.key"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := datasets.CreateStore(t.Context(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	export(t, filepath.Join(dir, "export"), 4)
	if _, err := datasets.Extract(t.Context(), store, request(key, filepath.Join(dir, "export"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// holdIncrement fails at one point in one way, does it again, and tells the first invariant that does not hold.
func holdIncrement(ctx context.Context, t *testing.T, world string, c trial, want map[string]string) error {
	dir := copied(t, world)
	defer os.RemoveAll(dir)
	var said bytes.Buffer
	exit, err := c.strike(dir, &said, incrementVariable+"=1")
	if err != nil {
		return err
	}
	if exit != nil && exit.Exited() && said.Len() == 0 {
		return errors.New("I7: it failed without a word")
	}
	if err := verified(ctx, dir); err != nil {
		return fmt.Errorf("I1 after the fault: %w", err)
	}
	same := func() error {
		got, err := filesOf(dir, storeParts...)
		if err != nil {
			return err
		}
		return equal(got, want)
	}
	if exit == nil { // it says that all is done
		if err := same(); err != nil {
			return fmt.Errorf("I7: exit code 0, and %w", err)
		}
	}
	if err := increment(ctx, dir); err != nil {
		return fmt.Errorf("I3: %w", err)
	}
	if err := verified(ctx, dir); err != nil {
		return fmt.Errorf("I1: %w", err)
	}
	if err := same(); err != nil {
		return fmt.Errorf("I2: %w", err)
	}
	if err := leftovers(dir); err != nil {
		return fmt.Errorf("I5: %w", err)
	}
	return nil
}

package datasets

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"farr/internal/duck"
)

// TestSpillHoldsNoTrueDate forces the engine to spill tables of true dates. Of a limited extract, which
// shows them at rest, they are found in its files, so the search is one; of a shifted one nothing
// reaches the disk, and what does not fit fails.
func TestSpillHoldsNoTrueDate(t *testing.T) {
	day := time.Date(2024, 5, 17, 10, 20, 30, 0, time.UTC)
	lines := []string{`{"resourceType":"Patient","id":"p1","birthDate":"1970-01-01"}`}
	for n := range 50 {
		lines = append(lines, fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/p1"},"period":{"start":"%s"}}`,
			n, day.Format(time.RFC3339)))
	}
	source := export(t, map[string][]string{"all.ndjson": lines})
	for _, profile := range []string{"limited", "shifted"} {
		t.Run(profile, func(t *testing.T) {
			_, sn := extracted(t, ExtractRequest{Source: source, Profile: profile})
			dir := t.TempDir()
			db, err := duck.Open(t.Context(), duck.Config{TempDir: dir, MemoryLimit: 48 << 20, Threads: 1, AllowedDirs: []string{sn.Store().ObjectsDir()}})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := Attach(t.Context(), db, sn, constantKey(t)); err != nil {
				t.Fatal(err)
			}
			found, size := make(chan int), int64(0)
			ctx, stop := context.WithCancel(t.Context())
			go func() { // what is there only for a time, too
				most := 0
				for ctx.Err() == nil {
					n, bytes := trueDatesIn(dir, day)
					most, size = max(most, n), max(size, bytes)
					time.Sleep(time.Millisecond)
				}
				found <- most
			}()
			err = db.Exec(t.Context(), "spill", "CREATE TABLE w AS SELECT e.period_start, hash(i) AS h, i FROM encounter e, range(80000) r(i) ORDER BY h")
			last, bytes := trueDatesIn(dir, day)
			stop()
			n := max(<-found, last)
			size = max(size, bytes)
			var e *duck.Error
			switch {
			case profile == "limited" && (err != nil || n == 0):
				t.Errorf("no spill was forced, or its dates were not found: %v, %d bytes, %d dates", err, size, n)
			case profile == "shifted" && (n > 0 || size > 0):
				t.Errorf("%d bytes with %d true dates are on the disk", size, n)
			case profile == "shifted" && (!errors.As(err, &e) || e.Class != "Out of Memory" || !e.InMemory):
				t.Errorf("what does not fit: %v", err)
			}
		})
	}
}

// TestSpillOfTablesAtRest: with the shifts beside the tables at rest nothing of a shifted extract reaches the disk,
// where a limited extract, whose dates are true at rest, spills.
func TestSpillOfTablesAtRest(t *testing.T) {
	day := time.Date(2024, 5, 17, 10, 20, 30, 0, time.UTC)
	lines := []string{`{"resourceType":"Patient","id":"p1","birthDate":"1970-01-01"}`}
	for n := range 50 {
		lines = append(lines, fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/p1"},"period":{"start":"%s"}}`,
			n, day.Format(time.RFC3339)))
	}
	source := export(t, map[string][]string{"all.ndjson": lines})
	for _, profile := range []string{"limited", "shifted"} {
		_, sn := extracted(t, ExtractRequest{Source: source, Profile: profile})
		db, err := duck.Open(t.Context(), duck.Config{TempDir: t.TempDir(), MemoryLimit: 48 << 20, Threads: 1, AllowedDirs: []string{sn.Store().ObjectsDir()}})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := AttachRest(t.Context(), db, sn, constantKey(t)); err != nil {
			t.Fatal(err)
		}
		err = db.Exec(t.Context(), "spill", "CREATE TABLE w AS SELECT e.period_start + to_days(p.days) AS d, hash(i) AS h, i FROM keyed.raw_encounter e JOIN keyed.person p USING (pid), range(80000) r(i) ORDER BY h")
		var e *duck.Error
		if profile == "limited" && err != nil {
			t.Errorf("limited: %v", err)
		}
		if profile == "shifted" && (!errors.As(err, &e) || e.Class != "Out of Memory" || !e.InMemory) {
			t.Errorf("shifted: what does not fit: %v", err)
		}
	}
}

// trueDatesIn counts a time in microseconds, as the engine holds it, in all files of a folder.
func trueDatesIn(dir string, day time.Time) (n int, size int64) {
	needle := binary.LittleEndian.AppendUint64(nil, uint64(day.UnixMicro()))
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil {
			n += bytes.Count(data, needle)
			size += int64(len(data))
		}
		return nil
	})
	return n, size
}

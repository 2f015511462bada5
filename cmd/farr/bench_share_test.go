package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strconv"
	"testing"

	"farr/datasets"
)

// mostOfExtraction is the greatest share of extraction that de-identification may take, in percent.
const mostOfExtraction = 35

// extractionsProfiled are how many extractions make one measurement: some 2,000 samples, so that the share is known
// to a hundredth. One has 60, and its share says nothing.
const extractionsProfiled = 32

// BenchmarkDeidShare extracts about 100 MB in this process, extractionsProfiled times, under the CPU profiler and reports what share of the samples is
// de-identification: those with a function of datasets/internal/deid on the stack, and none of the sorter
// (internal/spill) or the Parquet writer (internal/columnar), which that package calls. So reading an element for the
// policy counts as de-identification; splitting lines, parsing, sorting and writing do not. More than mostOfExtraction
// fails.
func BenchmarkDeidShare(b *testing.B) {
	dir := b.TempDir()
	bin := filepath.Join(dir, "farr")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	source := filepath.Join(dir, "source")
	plainExport(b, bin, source, 1100)
	keyFile := filepath.Join(dir, "key")
	key, err := datasets.CreateKey(keyFile)
	if err != nil {
		b.Fatal(err)
	}
	for _, profile := range datasets.Profiles() {
		b.Run(profile, func(b *testing.B) {
			profileFile := filepath.Join(b.TempDir(), "cpu")
			f, err := os.Create(profileFile)
			if err != nil {
				b.Fatal(err)
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				b.Fatal(err)
			}
			for i := range b.N * extractionsProfiled {
				store, err := datasets.CreateStore(b.Context(), filepath.Join(b.TempDir(), fmt.Sprint("store", i)))
				if err != nil {
					b.Fatal(err)
				}
				request := datasets.ExtractRequest{Source: source, Zone: "America/New_York", Profile: profile}
				if profile != datasets.ProfileSafeHarbor {
					request.Key = key
				}
				if _, err := datasets.Extract(b.Context(), store, request); err != nil {
					b.Fatal(err)
				}
				store.Close()
			}
			pprof.StopCPUProfile()
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
			share := shareOf(b, profileFile, `datasets/internal/deid\.`, `internal/spill\.|internal/columnar\.`)
			b.ReportMetric(share, "deid-%")
			if share > mostOfExtraction {
				b.Errorf("de-identification takes %.1f %% of extraction, at most %d are allowed", share, mostOfExtraction)
			}
			if share < 1 {
				b.Errorf("de-identification takes %.1f %% of extraction: the profile does not show it", share)
			}
		})
	}
}

var accounting = regexp.MustCompile(`Showing nodes accounting for [^,]+, ([0-9.]+)% of`)

// shareOf is the percentage of a profile's samples whose stack has focus and does not have ignore.
func shareOf(b *testing.B, profile, focus, ignore string) float64 {
	b.Helper()
	out, err := exec.Command("go", "tool", "pprof", "-top", "-nodefraction=0", "-edgefraction=0", "-nodecount=100000", "-focus="+focus, "-ignore="+ignore, profile).CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	found := accounting.FindSubmatch(out)
	if found == nil {
		b.Fatalf("no share in\n%.500s", out)
	}
	share, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return share
}

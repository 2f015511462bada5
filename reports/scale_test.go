package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/measures"
)

// manyMeasures are results of so many measures, each by 24 months and windows, all groups and so many
// sites; no two have the same numbers, so that no drawing is made once for two of them.
func manyMeasures(measuresWanted, sites int) input {
	var names []string
	for i := range sites {
		names = append(names, fmt.Sprintf("Clinic %d", i+1))
	}
	var all input
	for n := 0; len(all.definitions) < measuresWanted; n++ {
		one := constructed(20000+617*n, names)
		one.definitions = slices.DeleteFunc(one.definitions, func(d measures.Definition) bool { return d.Kind != measures.KindMeasure })
		for i := range one.definitions {
			d := &one.definitions[i]
			d.ID, d.Title = fmt.Sprintf("%s-%d", d.ID, n+1), fmt.Sprintf("%s, version %d", d.Title, n+1)
		}
		for i := range one.aggregates {
			one.aggregates[i].Measure = fmt.Sprintf("%s-%d", one.aggregates[i].Measure, n+1)
		}
		all.definitions, all.aggregates, all.lineage = append(all.definitions, one.definitions...), append(all.aggregates, one.aggregates...), one.lineage
	}
	all.definitions = all.definitions[:measuresWanted]
	return all
}

// TestScaleOfABundle holds the time for a bundle of 80 measures by 24 months by 40 sites, and the size of
// its pages, and prints both. It takes minutes: FARR_SCALE=1 asks for it (make bench-report).
func TestScaleOfABundle(t *testing.T) {
	if os.Getenv("FARR_SCALE") == "" {
		t.Skip("minutes long: FARR_SCALE=1 asks for it")
	}
	in := manyMeasures(80, 40)
	for _, a := range []Audience{External, Internal} {
		req := Request{Audience: a, Organisation: "Riverside Health", Title: "Quality of care", Out: filepath.Join(t.TempDir(), "out")}
		begun := time.Now()
		bundle, err := build(t.Context(), in, req)
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(begun)
		largestPage, largestFile, total := "", "", 0
		files := read(t, bundle.Dir)
		for path, text := range files {
			if strings.HasSuffix(path, ".html") && len(text) > len(files[largestPage]) {
				largestPage = path
			}
			if len(text) > len(files[largestFile]) {
				largestFile = path
			}
			total += len(text)
		}
		t.Logf("%s: %d measures, 24 months, 40 sites: %.1f s, peak memory %s, %d files of %.1f MB; largest page %s with %d KB, largest file %s with %d KB; hidden: %s",
			a, len(in.definitions), took.Seconds(), peakMemory(), bundle.Files, float64(total)/1e6, largestPage, len(files[largestPage])/1000, largestFile, len(files[largestFile])/1000, hiddenShares(files))
		if took > 3*time.Minute {
			t.Errorf("%s: the bundle took %s, and may take three minutes", a, took)
		}
		if len(files[largestPage]) > 600_000 {
			t.Errorf("%s: %s has %d bytes, and may have 600 KB", a, largestPage, len(files[largestPage]))
		}
	}
}

// peakMemory is the most that the process had in memory so far, as Linux counts it.
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "not known"
	}
	if m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status); m != nil {
		return string(m[1]) + " KB"
	}
	return "not known"
}

// figureKind finds the end of the name of a file of data, after the measure's or cohort's: it says what kind of figure it is.
var figureKind = regexp.MustCompile(`-(age-sex|area|attrition|control|curve|deciles|disparity|expected|funnel|gaps|groups|incidence|numbers|other-periods|outcomes|periods|populations|prevalence|rolling|sites|table1)(-[a-z0-9-]*)?\.csv$`)

// hiddenShares says, by kind of figure, how many of its rows have something hidden.
func hiddenShares(files map[string]string) string {
	rows, hidden := map[string]int{}, map[string]int{}
	for path, text := range files {
		m := figureKind.FindStringSubmatch(path)
		if m == nil {
			continue
		}
		for _, line := range strings.Split(strings.TrimSpace(text), "\r\n")[1:] {
			rows[m[1]]++
			if strings.Contains(line, "suppressed") {
				hidden[m[1]]++
			}
		}
	}
	var kinds, out []string
	for k := range rows {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		rows["all"], hidden["all"] = rows["all"]+rows[k], hidden["all"]+hidden[k]
	}
	kinds = append(kinds, "all")
	for _, k := range kinds {
		out = append(out, fmt.Sprintf("%s %d of %d rows (%.1f %%)", k, hidden[k], rows[k], 100*float64(hidden[k])/float64(rows[k])))
	}
	return strings.Join(out, ", ")
}

// TestHiddenShares prints what share of the rows of each kind of figure is hidden in the bundle that
// FARR_HIDDEN names (make bench-hidden): most are to be shown.
func TestHiddenShares(t *testing.T) {
	bundle := os.Getenv("FARR_HIDDEN")
	if bundle == "" {
		t.Skip("FARR_HIDDEN names no bundle")
	}
	files := read(t, bundle)
	t.Logf("hidden: %s", hiddenShares(files))
	shown, drawn := 0, 0
	for path, text := range files {
		if strings.HasPrefix(path, "measures/") || strings.HasPrefix(path, "cohorts/") {
			shown += strings.Count(text, "<figure")
			drawn += strings.Count(text, `<div class="wide">`) + strings.Count(text, `<div class="one">`) + strings.Count(text, `<div class="data">`)
		}
	}
	t.Logf("figures: %d of %d are drawn, or are a table", drawn, shown)
	if 2*drawn < shown {
		t.Error("most figures are hidden")
	}
}

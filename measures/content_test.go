package measures

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// edition is a release of the published content, and what is kept of it: how many cases pass, and which are doubtful.
type edition struct {
	kept     string // folder of passed.txt and quarantine.txt
	variable string // that names the folder of the content
	folder   string // of the user's cache directory, else
	doubtful int    // how many cases may be
	cannot   int    // measures that cannot be run as they are published
}

var (
	edition2024 = edition{"../testdata/ecqm-content-qicore-2024", "FARR_CONTENT", "content", 60, 0}
	edition2025 = edition{"../testdata/ecqm-content-qicore-2025", "FARR_CONTENT_2025", "content-2025", 40, 19}
)

func (e edition) passed() string     { return filepath.Join(e.kept, "passed.txt") }
func (e edition) quarantine() string { return filepath.Join(e.kept, "quarantine.txt") }

func (e edition) absent() string {
	return "SKIPPED: the published content is not here; " + strings.TrimPrefix(e.kept, "../") + "/README.md says how to get it"
}

// contentDir is the input folder of the content of 2024; "" when it is not here.
func contentDir(t *testing.T) string {
	t.Helper()
	return edition2024.dir(t)
}

// dir is the input folder of an edition: in the folder of its variable, else in the
// user's cache directory; "" when it is in neither.
func (e edition) dir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv(e.variable)
	named := dir != ""
	if !named {
		cache, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(cache, "farr", e.folder)
	}
	for _, input := range []string{filepath.Join(dir, "input"), dir} {
		if _, err := os.Stat(filepath.Join(input, "resources", "measure")); err == nil {
			return input
		}
	}
	if named {
		t.Fatalf("%s is %s, and neither it nor its input folder has resources/measure", e.variable, dir)
	}
	return ""
}

// floor reads how many cases of each measure passed, of all, and of all where profiles
// decide.
func (e edition) floor(t *testing.T) (floor map[string]int, all, declared int) {
	t.Helper()
	text, err := os.ReadFile(e.passed())
	if err != nil {
		t.Fatal(err)
	}
	floor = map[string]int{}
	sum := 0
	for line := range strings.Lines(string(text)) {
		if line[0] == '#' {
			continue
		}
		name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("%s: %q is not a measure and a number", e.passed(), line)
		}
		switch name {
		case "all":
			all = n
			continue
		case "declared":
			declared = n
			continue
		}
		floor[name] = n
		sum += n
	}
	if sum != all {
		t.Fatalf("%s: the measures have %d passed cases and all has %d", e.passed(), sum, all)
	}
	return floor, all, declared
}

// check runs the published cases of measures, of all when none is named, and holds
// them to the floor and the quarantine, and as many extracts with other keys to the same
// counts.
func (e edition) check(t *testing.T, dir string, profiles Profiles, keys int, names ...string) *TestReport {
	t.Helper()
	floor, all, declared := e.floor(t)
	if profiles == ProfilesDeclared {
		all = declared
	}
	report, err := Test(t.Context(), TestRequest{Dir: dir, Measures: names, Quarantine: e.quarantine(), Profiles: profiles, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	cannot := map[string]bool{}
	for _, m := range report.Measures {
		if len(m.Problems) > 0 && floor[m.Measure] == 0 {
			cannot[m.Measure] = true
		}
	}
	if len(names) == 0 && len(cannot) != e.cannot {
		t.Errorf("%d measures cannot be run, and %d could not", len(cannot), e.cannot)
	}
	for _, c := range report.Results {
		if c.Status == TestFailed && !cannot[c.Measure] {
			t.Errorf("%s fails: %s", c.ID, strings.Join(append(c.Wrong(), c.Reason), "; "))
		}
	}
	for _, d := range report.Differences {
		t.Errorf("%s: group %d %s is %v from shifted extract %d and %v from the limited one", d.ID, d.Group, d.Code, d.Found, d.Key, d.Judged)
	}
	for _, w := range report.Warnings {
		t.Log(w)
	}
	seen := map[string]bool{}
	for _, m := range report.Measures {
		seen[m.Measure] = true
		for _, p := range m.Problems {
			if cannot[m.Measure] {
				t.Logf("%s: %s", m.Measure, p)
			} else {
				t.Errorf("%s: %s", m.Measure, p)
			}
		}
		if err := holdFloor(e.passed(), m.Measure, m.Passed, floor[m.Measure]); err != nil && profiles != ProfilesDeclared {
			t.Error(err)
		}
	}
	if len(names) == 0 {
		for name := range floor {
			if !seen[name] {
				t.Errorf("%s has no cases here", name)
			}
		}
		if err := holdFloor(e.passed(), "all", report.Passed, all); err != nil {
			t.Error(err)
		}
		if report.Quarantined > e.doubtful {
			t.Errorf("%d cases are quarantined; %d may be", report.Quarantined, e.doubtful)
		}
	}
	return report
}

// holdFloor compares a number of passed cases with the one that is committed.
func holdFloor(file, name string, passed, floor int) error {
	switch {
	case passed < floor:
		return fmt.Errorf("%s: %d cases pass, and %d did", name, passed, floor)
	case passed > floor:
		return fmt.Errorf("%s: %d cases pass, and %s says %d: raise it", name, passed, file, floor)
	}
	return nil
}

// sampleMeasure is quick to run and has retrieves of most kinds.
const sampleMeasure = "BreastCancerScreeningFHIR"

// One published measure, where the content is here.
func TestContentSample(t *testing.T) {
	dir := contentDir(t)
	if dir == "" {
		t.Skip(edition2024.absent())
	}
	report := edition2024.check(t, dir, ProfilesInferred, 2, sampleMeasure)
	if report.Cases != 58 || report.Compared != 2*58*4 {
		t.Errorf("%d cases of %s, %d counts with other keys", report.Cases, sampleMeasure, report.Compared)
	}
}

// keysAsked is how many other keys make cases compares.
func keysAsked(t *testing.T) (keys int) {
	t.Helper()
	if text := os.Getenv("FARR_KEYS"); text != "" {
		var err error
		if keys, err = strconv.Atoi(text); err != nil {
			t.Fatalf("FARR_KEYS is %q, not a number of keys", text)
		}
	}
	return keys
}

// All published cases: make cases.
func TestContentCases(t *testing.T) {
	if os.Getenv("FARR_CASES") == "" {
		t.Skip("SKIPPED: all published cases take minutes; make cases runs them")
	}
	dir := contentDir(t)
	if dir == "" {
		t.Fatal(edition2024.absent())
	}
	keys := keysAsked(t)
	profiles := ProfilesInferred
	if text := os.Getenv("FARR_PROFILES"); text != "" {
		profiles = Profiles(text)
	}
	report := edition2024.check(t, dir, profiles, keys)
	t.Logf("profiles %s, %d cases of %d measures: %d passed, %d failed, %d quarantined", profiles, report.Cases, len(report.Measures), report.Passed, report.Failed, report.Quarantined)
	t.Logf("%d keys: %d of %d counts differ", keys, len(report.Differences), report.Compared)
	groups, reasons := 0, 0
	for _, m := range report.Measures {
		for _, g := range m.CareGaps { // that they add up is checked of every measure, and is a problem of it
			groups, reasons = groups+1, reasons+len(g.Reasons)
			t.Logf("care gaps of %s, group %d: %d subjects", m.Measure, g.Group, g.InGap)
			for _, r := range g.Reasons {
				t.Logf("\t%d %s", r.Subjects, r.Title)
			}
		}
	}
	t.Logf("%d groups have care gaps by %d reasons", groups, reasons)
	if groups == 0 {
		t.Error("no published measure has care gaps")
	}
}

// One measure of the edition of 2025, whose diagnoses are those of claims.
func TestContent2025Sample(t *testing.T) {
	dir := edition2025.dir(t)
	if dir == "" {
		t.Skip(edition2025.absent())
	}
	if report := edition2025.check(t, dir, ProfilesInferred, 1, "CMS71FHIRSTKAnticoagAFFlutter"); report.Cases != 83 {
		t.Errorf("%d cases", report.Cases)
	}
}

// All cases of the edition of 2025: make cases.
func TestContent2025Cases(t *testing.T) {
	if os.Getenv("FARR_CASES") == "" {
		t.Skip("SKIPPED: make cases runs them")
	}
	dir := edition2025.dir(t)
	if dir == "" {
		t.Skip(edition2025.absent())
	}
	report := edition2025.check(t, dir, ProfilesInferred, keysAsked(t))
	t.Logf("%d cases of %d measures: %d passed, %d failed, %d quarantined", report.Cases, len(report.Measures), report.Passed, report.Failed, report.Quarantined)
}

// The floor bites in both directions.
func TestHoldFloor(t *testing.T) {
	if err := holdFloor("f", "m", 3, 3); err != nil {
		t.Error(err)
	}
	for passed, want := range map[int]string{2: "and 3 did", 4: "raise it"} {
		if err := holdFloor("f", "m", passed, 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d of 3: %v", passed, err)
		}
	}
	floor, all, declared := edition2024.floor(t)
	if len(floor) != 71 || all < 3481 || declared < 3483 {
		t.Errorf("the floor is %d cases of %d measures; 3,481 of 71 were right once", all, len(floor))
	}
}

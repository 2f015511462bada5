package measures

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What is kept of the published content: how many cases pass, and which are doubtful.
const (
	passedFile     = "../testdata/ecqm-content-qicore-2024/passed.txt"
	quarantineFile = "../testdata/ecqm-content-qicore-2024/quarantine.txt"
)

// quarantineLimit is how many cases may be doubtful.
const quarantineLimit = 60

// contentDir is the input folder of the published content: in FARR_CONTENT, else in the
// user's cache directory; "" when it is in neither.
func contentDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FARR_CONTENT")
	named := dir != ""
	if !named {
		cache, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(cache, "farr", "content")
	}
	for _, input := range []string{filepath.Join(dir, "input"), dir} {
		if _, err := os.Stat(filepath.Join(input, "resources", "measure")); err == nil {
			return input
		}
	}
	if named {
		t.Fatalf("FARR_CONTENT is %s, and neither it nor its input folder has resources/measure", dir)
	}
	return ""
}

// passedFloor reads how many cases of each measure passed, of all, and of all where profiles
// decide.
func passedFloor(t *testing.T) (floor map[string]int, all, declared int) {
	t.Helper()
	text, err := os.ReadFile(passedFile)
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
			t.Fatalf("%s: %q is not a measure and a number", passedFile, line)
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
		t.Fatalf("%s: the measures have %d passed cases and all has %d", passedFile, sum, all)
	}
	return floor, all, declared
}

// checkContent runs the published cases of measures, of all when none is named, and holds
// them to the floor and the quarantine, and as many extracts with other keys to the same
// counts.
func checkContent(t *testing.T, dir string, profiles Profiles, keys int, names ...string) *TestReport {
	t.Helper()
	floor, all, declared := passedFloor(t)
	if profiles == ProfilesDeclared {
		all = declared
	}
	report, err := Test(t.Context(), TestRequest{Dir: dir, Measures: names, Quarantine: quarantineFile, Profiles: profiles, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Results {
		if c.Status == TestFailed {
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
			t.Errorf("%s: %s", m.Measure, p)
		}
		if err := holdFloor(m.Measure, m.Passed, floor[m.Measure]); err != nil && profiles != ProfilesDeclared {
			t.Error(err)
		}
	}
	if len(names) == 0 {
		for name := range floor {
			if !seen[name] {
				t.Errorf("%s has no cases here", name)
			}
		}
		if err := holdFloor("all", report.Passed, all); err != nil {
			t.Error(err)
		}
		if report.Quarantined > quarantineLimit {
			t.Errorf("%d cases are quarantined; %d may be", report.Quarantined, quarantineLimit)
		}
	}
	return report
}

// holdFloor compares a number of passed cases with the one that is committed.
func holdFloor(name string, passed, floor int) error {
	switch {
	case passed < floor:
		return fmt.Errorf("%s: %d cases pass, and %d did", name, passed, floor)
	case passed > floor:
		return fmt.Errorf("%s: %d cases pass, and %s says %d: raise it", name, passed, passedFile, floor)
	}
	return nil
}

// sampleMeasure is quick to run and has retrieves of most kinds.
const sampleMeasure = "BreastCancerScreeningFHIR"

const noContent = "SKIPPED: the published content is not here; testdata/ecqm-content-qicore-2024/README.md says how to get it"

// One published measure, where the content is here.
func TestContentSample(t *testing.T) {
	dir := contentDir(t)
	if dir == "" {
		t.Skip(noContent)
	}
	report := checkContent(t, dir, ProfilesInferred, 2, sampleMeasure)
	if report.Cases != 58 || report.Compared != 2*58*4 {
		t.Errorf("%d cases of %s, %d counts with other keys", report.Cases, sampleMeasure, report.Compared)
	}
}

// All published cases: make cases.
func TestContentCases(t *testing.T) {
	if os.Getenv("FARR_CASES") == "" {
		t.Skip("SKIPPED: all published cases take minutes; make cases runs them")
	}
	dir := contentDir(t)
	if dir == "" {
		t.Fatal(noContent)
	}
	keys := 0
	if text := os.Getenv("FARR_KEYS"); text != "" {
		var err error
		if keys, err = strconv.Atoi(text); err != nil {
			t.Fatalf("FARR_KEYS is %q, not a number of keys", text)
		}
	}
	profiles := ProfilesInferred
	if text := os.Getenv("FARR_PROFILES"); text != "" {
		profiles = Profiles(text)
	}
	report := checkContent(t, dir, profiles, keys)
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

// The floor bites in both directions.
func TestHoldFloor(t *testing.T) {
	if err := holdFloor("m", 3, 3); err != nil {
		t.Error(err)
	}
	for passed, want := range map[int]string{2: "and 3 did", 4: "raise it"} {
		if err := holdFloor("m", passed, 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d of 3: %v", passed, err)
		}
	}
	floor, all, declared := passedFloor(t)
	if len(floor) != 71 || all < 3481 || declared < 3483 {
		t.Errorf("the floor is %d cases of %d measures; 3,481 of 71 were right once", all, len(floor))
	}
}

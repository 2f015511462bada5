package reports

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/reports/internal/chart"
)

var update = flag.Bool("update", false, "write golden files")

// built makes a bundle of constructed results and reads it back.
func built(t testing.TB, in input, req Request) map[string]string {
	t.Helper()
	if _, err := build(t.Context(), in, req); errors.Is(err, chart.ErrAssetMissing) {
		t.Skip("chart asset missing: run make")
	} else if err != nil {
		t.Fatal(err)
	}
	return read(t, req.Out)
}

// shared are the reports of the whole constructed world, made once: the internal
// one of many patients, the external one of few.
var shared = map[Audience]map[string]string{}

func sharedBundle(t *testing.T, a Audience) map[string]string {
	t.Helper()
	if shared[a] == nil {
		shared[a] = built(t, constructed(map[Audience]int{Internal: 6000, External: 400}[a], siteNames()), requestIn(t, a))
	}
	return shared[a]
}

// onePage asks for one measure, where a test needs no more.
const onePage = "blood-pressure-control"

func read(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSameInputsSameBytes(t *testing.T) {
	first, second := built(t, constructed(6000, siteNames(), onePage), requestIn(t, Internal, onePage)), built(t, constructed(6000, siteNames(), onePage), requestIn(t, Internal, onePage))
	for path, text := range first {
		if second[path] != text {
			t.Errorf("%s differs between two runs", path)
		}
	}
	var m manifest
	if err := json.Unmarshal([]byte(first[manifestName]), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != len(first)-1 || len(first) < 15 {
		t.Errorf("the manifest lists %d of %d files", len(m.Files), len(first))
	}
	for _, f := range m.Files {
		if sum := sha256.Sum256([]byte(first[f.Path])); hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Errorf("%s: the manifest has another hash", f.Path)
		}
	}
}

// seeded has, in the headline period of every measure, one site with a small
// numerator that the test may move.
func seeded(numerator int64) input {
	in := constructed(6000, siteNames(), onePage)
	for i := range in.aggregates {
		g := &in.aggregates[i]
		if g.Stratum == "site" && g.Value == "Clinic 5" {
			g.Numerator, g.Rate = numerator, float64(numerator)/float64(g.Denominator)
			g.CILow, g.CIHigh = g.Rate/2, g.Rate*2
		}
	}
	in.attrition[len(in.attrition)-1].Remaining = numerator
	in.incidence[0].Cases = numerator
	for i := range in.described { // of unknown sex, and without the number
		switch d := &in.described[i]; {
		case d.Stratum == "sex" && d.Value == "unknown" && d.Level == "45-64":
			d.People, d.Persons = numerator, numerator
		case d.Characteristic == "sex" && d.Level == "unknown":
			d.People, d.Persons = numerator, numerator
		case d.Characteristic == "ldl":
			d.Missing = numerator
		}
	}
	for i := range in.grouped {
		// What the one group lacks is in another that is hidden beside it.
		beside := map[string]string{"sex unknown": "male", "state MA": "CT"}
		if g := &in.grouped[i]; beside[g.Stratum+" "+g.Value] != "" {
			for j := range in.grouped {
				if o := &in.grouped[j]; o.Stratum == g.Stratum && o.Value == beside[g.Stratum+" "+g.Value] {
					o.Numerator, o.Persons = o.Numerator+g.Numerator-numerator, o.Persons+g.Numerator-numerator
				}
			}
			g.Numerator, g.Persons = numerator, numerator
		}
	}
	for i := range in.adjusted {
		if g := &in.adjusted[i]; g.Value == "Clinic 2" {
			g.Observed, g.Expected = numerator, float64(numerator)
		}
	}
	return in
}

// TestHiddenNumbersChangeNoByte is the strongest form of "in no file": reports
// that differ only in hidden numbers are equal.
func TestHiddenNumbersChangeNoByte(t *testing.T) {
	four := built(t, seeded(4), requestIn(t, External, onePage))
	nine := built(t, seeded(9), requestIn(t, External, onePage))
	for path := range four {
		if four[path] != nine[path] {
			t.Errorf("%s differs although only a hidden number does", path)
		}
	}
	internal := built(t, seeded(4), requestIn(t, Internal, onePage))
	if !strings.Contains(internal["data/blood-pressure-control-sites.csv"], "Site,Clinic 5,4,") {
		t.Error("the internal report does not have the seeded number: the test proves nothing")
	}
	for path, want := range map[string]string{"numbers": "ldl cholesterol,", "age-sex": "45–64,", "groups": "Sex,Unknown,crude,4,", "area-state": ",MA,crude,4,", "expected-medication": "Site,Clinic 2,4,"} {
		if file := "data/incident-type-2-diabetes-" + path + ".csv"; !strings.Contains(strings.ToLower(internal[file]), strings.ToLower(want)) || path != "numbers" && path != "age-sex" && strings.Contains(four[file], want) {
			t.Errorf("%s: the seeded number is not there, or outside too:\n%s\n%s", file, internal[file], four[file])
		}
	}
	if !strings.Contains(four["data/blood-pressure-control-sites.csv"], "Site,Clinic 5,,") {
		t.Error("the external report does not have the seeded row")
	}
}

var exponent = regexp.MustCompile(`[0-9][eE][+-]?[0-9]`)

// quarterName is "quarter 3 of 2025", which is no pair of counts.
var quarterName = regexp.MustCompile(`[Qq]uarter [1-4] of [0-9]{4}`)

var ofPair = regexp.MustCompile(`([0-9][0-9,]*) of ([0-9][0-9,]*)`)

func TestExternalShowsNoSmallCount(t *testing.T) {
	files := sharedBundle(t, External)
	pairs, counts := 0, 0
	small := func(n int64) bool { return n >= 1 && n <= 10 }
	for path, text := range files {
		switch filepath.Ext(path) {
		case ".html":
			for _, m := range ofPair.FindAllStringSubmatch(quarterName.ReplaceAllString(body(text), ""), -1) {
				n, d := number(t, m[1]), number(t, m[2])
				if strings.Contains(m[0], "targets") || d <= 4 && path == "index.html" {
					continue // the score in the text of the index
				}
				pairs++
				if small(n) || small(d) || small(d-n) {
					t.Errorf("%s shows %s", path, m[0])
				}
			}
		case ".csv":
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for _, fields := range rows[1:] {
				for i, name := range rows[0] {
					if name != "numerator" && name != "denominator" && name != "events" && name != "count" && name != "remaining" && name != "removed" &&
						!slices.Contains([]string{"at_risk", "left_early", "known", "missing", "female", "male", "unknown"}, name) || fields[i] == "" {
						continue
					}
					if exponent.MatchString(fields[i]) {
						t.Errorf("%s: %s is written %s", path, name, fields[i])
					}
					if strings.Contains(fields[i], ".") && path == "data/index.csv" {
						continue // person-years
					}
					counts++
					if small(number(t, fields[i])) {
						t.Errorf("%s shows %s = %s", path, name, fields[i])
					}
				}
			}
		}
	}
	if head, _, _ := strings.Cut(files["data/index.csv"], "\r\n"); !strings.Contains(head, ",denominator,denominator_unit,rate,rate_unit,") ||
		!strings.Contains(files["data/index.csv"], ",person-years,") || !strings.Contains(files["data/index.csv"], ",per 1000 person-years,") {
		t.Errorf("the index's data do not name their units:\n%s", files["data/index.csv"])
	}
	if pairs < 50 || counts < 200 {
		t.Errorf("%d pairs and %d counts were looked at: too few to prove anything", pairs, counts)
	}
	if strings.Contains(files["run.html"], "Condition.code") {
		t.Error("what was lost inside records is on the external run page")
	}
	for _, want := range []string{"Rejected lines,,suppressed,0,zero,0,zero,0,zero,0,zero,,suppressed", "All,\"512345\""} {
		if text := files["data/run-records.csv"]; !strings.Contains(text, strings.ReplaceAll(want, "\"", "")) {
			t.Errorf("the account of the records is without %s:\n%s", want, text)
		}
	}
}

// TestTheRunPageAccountsForTheRecords: the internal one shows every type, and
// what was lost inside the records.
func TestTheRunPageAccountsForTheRecords(t *testing.T) {
	page := words(sharedBundle(t, Internal)["run.html"])
	for _, want := range []string{"Observation 507,277 506,900 365 0 12 0", "Rejected lines 3 0 0 0 0 3", "All 512,345 511,900 400 30 12 3",
		"Value dropped Condition.code 7", "Line rejected invalid-json 3", "Key, by its public name 8899aabbccddeeff",
		"Privacy policy, SHA-256 3d2c1b", "Privacy profile shifted: the dates of each patient are moved"} {
		if !strings.Contains(page, want) {
			t.Errorf("not on the run page: %s", want)
		}
	}
}

// TestEachQueryIsShownOnce: no definition has an empty query or one query twice.
func TestEachQueryIsShownOnce(t *testing.T) {
	files := sharedBundle(t, Internal)
	page := files["cohorts/incident-type-2-diabetes.html"]
	for want, times := range map[string]int{"SELECT pid, day FROM condition": 1, "SELECT pid FROM entry": 1, "SELECT pid FROM observation_period": 1, "<code></code>": 0,
		"<summary>Entry: First record of type 2 diabetes": 1, "<summary>Rule 1: 18 years or older": 1, "<summary>At risk": 1} {
		if n := strings.Count(page, want); n != times {
			t.Errorf("%q is there %d times, want %d", want, n, times)
		}
	}
}

// TestFiguresNameTheirInterval: each note names the method of the intervals that
// the figure shows.
func TestFiguresNameTheirInterval(t *testing.T) {
	files := sharedBundle(t, Internal)
	for path, want := range map[string]string{"measures/blood-pressure-control.html": "Wilson's score method.", "measures/emergency-visits.html": "Byar's approximation"} {
		figures := 0
		for _, f := range regexp.MustCompile(`(?s)<figure.*?</figure>`).FindAllString(files[path], -1) {
			if !strings.Contains(f, "% interval</th>") {
				continue // of statistics that say themselves how they are made
			}
			if figures++; strings.Count(words(f), "95 % intervals: "+want) != 1 {
				t.Errorf("%s: a figure does not name the method of its intervals", path)
			}
		}
		if figures < 5 {
			t.Errorf("%s: %d figures have intervals", path, figures)
		}
	}
}

func number(t testing.TB, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.ReplaceAll(s, ",", ""), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	tags    = regexp.MustCompile(`(?s)<style>.*?</style>|<svg.*?</svg>|<[^>]*>`)
	svgTags = regexp.MustCompile(`(?s)<style>.*?</style>|<desc.*?</desc>|<title.*?</title>|<[^>]*>`)
	spaces  = regexp.MustCompile(`\s+`)
)

// words is a page's text without drawings, a line a block.
func words(page string) string {
	page = regexp.MustCompile(`</(p|h1|h2|h3|tr|li|dd|caption|summary|title)>`).ReplaceAllString(page, "\x00")
	text := strings.ReplaceAll(html.UnescapeString(tags.ReplaceAllString(page, " ")), "\u00a0", " ")
	var lines []string
	for _, l := range strings.Split(text, "\x00") {
		if l = strings.TrimSpace(spaces.ReplaceAllString(l, " ")); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// body is a page's text with the text of its drawings.
func body(page string) string { return html.UnescapeString(svgTags.ReplaceAllString(page, " ")) }

// TestNothingIsDrawnOfHiddenRates: where every rate of sites or groups is hidden, words say so in place of an empty drawing.
func TestNothingIsDrawnOfHiddenRates(t *testing.T) {
	for patients, drawn := range map[int]bool{20: false, 6000: true} {
		page := built(t, constructed(patients, siteNames(), onePage), requestIn(t, External, onePage))["measures/"+onePage+".html"]
		for _, id := range []string{onePage + "-sites", onePage + "-groups"} {
			_, figure, ok := strings.Cut(page, `id="`+id+`"`)
			figure, _, _ = strings.Cut(figure, "</figure>")
			if !ok || strings.Contains(figure, "<svg") != drawn || strings.Contains(figure, "Every rate is hidden") == drawn {
				t.Errorf("%d patients: %s is there: %t; drawn: %t", patients, id, ok, strings.Contains(figure, "<svg"))
			}
			if !strings.Contains(figure, "<table") {
				t.Errorf("%d patients: %s has no table", patients, id)
			}
		}
	}
}

func TestPagesAreGolden(t *testing.T) {
	files := sharedBundle(t, External)
	for _, page := range []string{"index.html", "measures/blood-pressure-control.html", "measures/emergency-visits.html", "cohorts/incident-type-2-diabetes.html", "run.html", "privacy.html"} {
		path := filepath.Join("testdata", strings.ReplaceAll(strings.TrimSuffix(page, ".html"), "/", "-")+".txt")
		text, _, _ := strings.Cut(words(files[page]), "Notices and licences") // not ours to keep
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s differs from %s; run with -update and read the difference", page, path)
		}
	}
}

func TestEveryPageHasItsPolicy(t *testing.T) {
	for path, text := range sharedBundle(t, Internal) {
		if filepath.Ext(path) != ".html" {
			continue
		}
		if !strings.Contains(text, `content="default-src &#39;none&#39;; style-src &#39;sha256-`) || strings.Contains(text, "unsafe-") {
			t.Errorf("%s has no strict policy", path)
		}
		if strings.Contains(text, "http://") && regexp.MustCompile(`(?:src|href)="?https?:`).MatchString(text) {
			t.Errorf("%s refers to the network", path)
		}
		if !strings.Contains(text, "Contains small numbers, not for release.") {
			t.Errorf("%s has no warning", path)
		}
	}
}

func TestAnAudienceMustBeNamed(t *testing.T) {
	for _, a := range []Audience{"", "public"} {
		req := requestIn(t, a)
		if _, err := build(t.Context(), constructed(100, siteNames(), onePage), req); err == nil || !strings.Contains(err.Error(), "audience") {
			t.Errorf("audience %q: %v", a, err)
		}
		if _, err := os.Stat(req.Out); err == nil {
			t.Error("something was written")
		}
	}
}

func TestOnlyAReportIsReplaced(t *testing.T) {
	req := requestIn(t, Internal, onePage)
	in := constructed(200, siteNames(), onePage)
	built(t, in, req)
	in.lineage.Results = strings.Repeat("ab", 32)
	if second := built(t, in, req); !strings.Contains(second["run.html"], in.lineage.Results) {
		t.Error("the second report did not replace the first")
	}
	left, err := os.ReadDir(filepath.Dir(req.Out))
	if err != nil || len(left) != 2 { // the bundle and the targets
		t.Errorf("beside the report: %v %v", left, err)
	}

	foreign := filepath.Join(req.Out, "data", "thesis.txt")
	if err := os.WriteFile(foreign, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := build(t.Context(), in, req); err == nil || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("a foreign file in the report's folder: %v", err)
	}
	if b, err := os.ReadFile(foreign); err != nil || string(b) != "mine" {
		t.Error("the foreign file is gone")
	}

	req.Out = t.TempDir()
	if err := os.WriteFile(filepath.Join(req.Out, "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := build(t.Context(), in, req); err == nil || !strings.Contains(err.Error(), "not a farr report") {
		t.Errorf("a folder with something else in it: %v", err)
	}
}

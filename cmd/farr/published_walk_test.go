package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/cmd/farr/internal/rawwalk"
	"farr/datasets"
)

// TestPublishedOnRealInput: three published measures, from their official package as it
// is, give for each patient and year what a plain walk over the raw JSON gives, which was
// written from their CQL by hand and shares no code with farr: initial population,
// denominator, exclusions and numerator, with the profiles shifted and limited.
//
// The export synthea-615 has almost nobody in a denominator, whatever the year: no
// condition has a code of essential hypertension, and of all encounters only 38 telephone
// calls have a code that qualifies, 37 of a man too young to be screened. The test counts
// that. To have people in all populations there, a copy is made in which codes of the
// export stand for others (rawwalk.Alter), and read by both.
func TestPublishedOnRealInput(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: takes a minute")
	}
	content := publishedContent(t)
	synthea, qicore := shared(t, "synthea-615"), shared(t, "qicore-86")
	terms, err := rawwalk.ReadTerms(content, rawwalk.Libraries...)
	if err != nil {
		t.Fatal(err)
	}
	p := newProject(t)
	must(t, "measure", "import", content, "--store", p.store)

	altered := filepath.Join(p.dir, "altered")
	if err := os.Mkdir(altered, 0o700); err != nil {
		t.Fatal(err)
	}
	stood, err := rawwalk.Alter(synthea, altered, terms)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range slices.Sorted(maps.Keys(stood)) {
		t.Logf("altered copy: %d records stand for %s", stood[set], set)
	}

	for _, input := range []struct {
		name, dir string
		years     []int
		check     func(*testing.T, *rawwalk.Export, walked)
	}{
		{"synthea-615", synthea, append([]int{1978}, yearsOf(2010, 2021)...), proveEmpty},
		{"qicore-86", qicore, yearsOf(2010, 2025), someDenominators},
		{"altered", altered, yearsOf(2012, 2020), somebodyEverywhere},
	} {
		t.Run(input.name, func(t *testing.T) {
			p.t, p.export = t, input.dir
			export, err := rawwalk.Open(input.dir, terms)
			if err != nil {
				t.Fatal(err)
			}
			want := walked{}
			var years []string
			for _, number := range input.years {
				year := strconv.Itoa(number)
				years = append(years, year)
				want[year] = export.Year(number)
			}
			input.check(t, export, want)
			var first []map[string]string
			for _, profile := range []string{"shifted", "limited"} {
				if got := p.extract("--profile", profile, "--source-name", input.name); got.Rejected != 0 {
					t.Errorf("%d lines rejected", got.Rejected)
				}
				p.measure("--periods", strings.Join(years, ","), "--measure", strings.Join(publishedMeasures, ","))
				rows := p.table("subject")
				if first == nil {
					first = rows
					p.compareWalked(rows, input.name, want)
				} else if !reflect.DeepEqual(first, rows) {
					t.Error("per-patient results differ between the profiles shifted and limited")
				}
			}
		})
	}
}

var publishedMeasures = []string{"BreastCancerScreeningFHIR", "ColonCancerScreeningFHIR", "ControllingHighBloodPressureFHIR"}

// walked are the populations by year and measure.
type walked map[string]map[string]rawwalk.Populations

// populations names each as the column of the results does.
func populations(p rawwalk.Populations) map[string][]string {
	return map[string][]string{"initial_population": p.Initial, "denominator_exclusion": p.Exclusion, "denominator": p.Denominator, "numerator": p.Numerator}
}

// publishedContent is the input folder of the published measures, in FARR_CONTENT or else
// in the user's cache directory; without it the test is skipped.
func publishedContent(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FARR_CONTENT")
	if cache, err := os.UserCacheDir(); dir == "" && err == nil {
		dir = filepath.Join(cache, "farr", "content")
	}
	for _, input := range []string{filepath.Join(dir, "input"), dir} {
		if exists(filepath.Join(input, "resources", "measure")) {
			return input
		}
	}
	t.Skip("skipped: the published measures are neither in FARR_CONTENT nor in the user's cache directory")
	return ""
}

func yearsOf(first, last int) (years []int) {
	for year := first; year <= last; year++ {
		years = append(years, year)
	}
	return years
}

// proveEmpty counts in the raw records why the denominators of synthea-615 are empty.
func proveEmpty(t *testing.T, export *rawwalk.Export, want walked) {
	t.Helper()
	if n := export.Held("Condition", "Essential Hypertension"); n != 0 {
		t.Errorf("%d conditions of essential hypertension, want none", n)
	}
	for set, n := range map[string]int{"Office Visit": 0, "Annual Wellness Visit": 0, "Preventive Care Services Established Office Visit, 18 and Up": 0,
		"Preventive Care Services Initial Office Visit, 18 and Up": 0, "Home Healthcare Services": 0, "Virtual Encounter": 0, "Telephone Visits": 38} {
		if got := export.Held("Encounter", set); got != n {
			t.Errorf("%d encounters of %s, want %d", got, set, n)
		}
	}
	for year, measures := range want {
		for name, found := range measures {
			n := 0
			if year == "1978" && name == "ColonCancerScreeningFHIR" {
				n = 1 // the other man, whom one call reached
			}
			if len(found.Initial) != n {
				t.Errorf("%s in %s: the walk finds %d in the initial population, want %d", name, year, len(found.Initial), n)
			}
		}
	}
	t.Log("synthea-615: nobody is in a denominator but one man in 1978, because no condition and, since then, no encounter of anybody of age has a code that counts")
}

// someDenominators: each measure has a denominator in some year.
func someDenominators(t *testing.T, _ *rawwalk.Export, want walked) {
	t.Helper()
	somebody(t, want, "denominator")
}

// somebodyEverywhere: so has each measure each population.
func somebodyEverywhere(t *testing.T, _ *rawwalk.Export, want walked) {
	t.Helper()
	somebody(t, want, "denominator", "denominator_exclusion", "numerator")
}

func somebody(t *testing.T, want walked, names ...string) {
	t.Helper()
	for _, measure := range publishedMeasures {
		for _, name := range names {
			n := 0
			for _, measures := range want {
				n += len(populations(measures[measure])[name])
			}
			if n == 0 {
				t.Errorf("%s: the walk finds nobody's %s in any year, which proves nothing", measure, name)
			}
		}
	}
}

// compareWalked compares each population of each measure and year by patient.
func (p project) compareWalked(rows []map[string]string, source string, want walked) {
	p.t.Helper()
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	pids := func(ids []string) map[string]bool {
		set := map[string]bool{}
		for _, id := range ids {
			set[datasets.PseudonymOf(key, source, "Patient", id).String()] = true
		}
		return set
	}
	got := map[string]map[string]bool{} // measure, year and population; pid
	for _, r := range rows {
		for name := range populations(rawwalk.Populations{}) {
			at := r["measure"] + " in " + r["period"] + ": " + name
			if r[name] != "true" {
				continue
			}
			if got[at] == nil {
				got[at] = map[string]bool{}
			}
			got[at][r["pid"]] = true
		}
	}
	for _, year := range slices.Sorted(maps.Keys(want)) {
		for _, measure := range publishedMeasures {
			found := want[year][measure]
			for name, ids := range populations(found) {
				at := measure + " in " + year + ": " + name
				right := pids(ids)
				everybody := maps.Clone(right)
				maps.Copy(everybody, got[at])
				missing, extra := 0, 0
				for pid := range everybody {
					switch in := got[at][pid]; {
					case in == right[pid]:
					case in:
						extra++
					default:
						missing++
					}
				}
				if missing+extra > 0 {
					p.t.Errorf("%s: the walk finds %d patients; %d of them are missing, %d others are there", at, len(ids), missing, extra)
				}
			}
			p.t.Logf("%s in %s: initial population %d, excluded %d, denominator %d, numerator %d",
				measure, year, len(found.Initial), len(found.Exclusion), len(found.Denominator), len(found.Numerator))
		}
	}
}

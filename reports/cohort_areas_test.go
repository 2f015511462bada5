package reports

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/internal/stats"
	"farr/measures"
)

// bySite replaces the groups by sites: of the cohort's cases and time of the newest year, in parts of 100.
func bySite(in *input, cases, days map[string]int64, order ...string) {
	var whole measures.Rate
	for _, r := range in.spans {
		if r.Period == "P12M/2025-12" {
			whole = r
		}
	}
	in.grouped = nil
	n, d := whole.Numerator, whole.Denominator
	for i, site := range order {
		r := whole
		r.Stratum, r.Value = "site", site
		r.Numerator, r.Denominator = whole.Numerator*cases[site]/100, whole.Denominator*days[site]/100
		if i == len(order)-1 {
			r.Numerator, r.Denominator = n, d
		}
		n, d, r.Persons, r.CaseAges = n-r.Numerator, d-r.Denominator, r.Numerator, 4
		e, method := stats.Rate(r.Numerator, float64(r.Denominator)/365.25)
		e = e.Scale(1000)
		r.Rate, r.CILow, r.CIHigh, r.Method = e.Value, e.Low, e.High, method
		r.Adjusted, r.AdjustedLow, r.AdjustedHigh = math.NaN(), math.NaN(), math.NaN()
		if r.Numerator >= 10 {
			r.Adjusted, r.AdjustedLow, r.AdjustedHigh = e.Value*1.1, e.Low*1.1, e.High*1.1
		}
		in.grouped = append(in.grouped, r)
	}
}

var fourSites = []string{"Clinic 1", "Clinic 2", "Clinic 10", "unattributed"}

// sited is a cohort of three sites of which Clinic 2 has many cases for its time; a tenth belongs to no site.
func sited(cases, days []int64) input {
	in := constructed(6000, siteNames(), onePage)
	n, d := map[string]int64{}, map[string]int64{}
	for i, s := range fourSites {
		n[s], d[s] = cases[i], days[i]
	}
	bySite(&in, n, d, fourSites...)
	for i := range in.definitions {
		if in.definitions[i].Kind == measures.KindCohort {
			in.definitions[i].Standard = "us-2000"
		}
	}
	return in
}

func even() input { return sited([]int64{28, 32, 30, 10}, []int64{30, 20, 40, 10}) }

// TestSiteBoundaries: sites are drawn where their boundaries are brought; those of no site need none.
func TestSiteBoundaries(t *testing.T) {
	in := even()
	path := filepath.Join(t.TempDir(), "sites.geojson")
	if err := os.WriteFile(path, []byte(collection(square("Clinic 1", -73), square("Clinic 2", -72), square("Clinic 10", -71))), 0o600); err != nil {
		t.Fatal(err)
	}
	own := []Boundaries{{"site", path, "ZCTA3"}}
	regions, err := readBoundaries(own, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []Audience{Internal, External} {
		req := requestIn(t, a, onePage)
		req.Boundaries = own
		page := built(t, in, req)[cohortPage]
		for _, site := range []string{"Clinic 1", "Clinic 2", "Clinic 10"} {
			if !strings.Contains(page, regions["site"][site].Path) {
				t.Errorf("%s: %s is not on the map", a, site)
			}
		}
		if !strings.Contains(words(page), "Standardised rates per 1,000 person-years: from ") || strings.Contains(page, "Not on the map") {
			t.Errorf("%s: the map says otherwise:\n%s", a, words(page))
		}
	}
	if text := words(built(t, in, requestIn(t, Internal, onePage))[cohortPage]); strings.Contains(text, "There is no map") {
		t.Error("without boundaries of sites the page speaks of a map")
	}
	if _, err := readBoundaries([]Boundaries{{"sex", path, "ZCTA3"}}, in); err == nil || !strings.Contains(err.Error(), "what can be drawn of these results: site") {
		t.Errorf("by sex: %v", err)
	}
}

// TestMapOfFewCases: a place with too few cases for a standardised rate has people to count, and the map's key says so.
func TestMapOfFewCases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sites.geojson")
	if err := os.WriteFile(path, []byte(collection(square("Clinic 1", -73), square("Clinic 2", -72), square("Clinic 10", -71))), 0o600); err != nil {
		t.Fatal(err)
	}
	req := requestIn(t, Internal, onePage)
	req.Boundaries = []Boundaries{{"site", path, "ZCTA3"}}
	text := words(built(t, sited([]int64{1, 49, 40, 10}, []int64{30, 20, 40, 10}), req)[cohortPage])
	key := strings.Index(text, "no standardised rate")
	if key < 0 || !strings.Contains(text, "Standardised rates per 1,000 person-years: from ") {
		t.Fatalf("the key does not name places with few cases:\n%s", text)
	}
	if strings.Contains(text[max(0, key-200):key+200], "no one to count") {
		t.Error("a place with few cases has no one to count")
	}
}

// TestPlacesThatDiffer: the table says its order; only what differs beyond chance with all comparisons taken together is
// marked, and the ratios are of the numbers that it shows.
func TestPlacesThatDiffer(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		for _, standard := range []string{"us-2000", ""} {
			in := even()
			for i := range in.definitions {
				in.definitions[i].Standard = standard
			}
			if standard == "" {
				for i := range in.grouped {
					in.grouped[i].Adjusted = math.NaN()
				}
			}
			files := built(t, in, requestIn(t, a, onePage))
			text := words(files[cohortPage])
			if !strings.Contains(text, "Sites are in order of name, not of rate: this is not a ranking.") || strings.Contains(text, "Rank Site") {
				t.Errorf("%s: sites are ranked:\n%s", a, text)
			}
			kind, unmarked := "standardised", 0
			if standard == "" {
				kind = "crude"
			}
			var names []string
			rows := rowsOf(t, files, "area-site")
			for _, r := range rows {
				if r["rate_is"] != kind {
					if r["ratio_to_the_others"] != "" {
						t.Errorf("%s: a %s rate is compared beside the %s one", a, r["rate_is"], kind)
					}
					continue
				}
				names = append(names, r["site"])
				if !strings.HasPrefix(r["site"], "Clinic") {
					if r["ratio_to_the_others"] != "" {
						t.Errorf("%s: those of no site are compared", a)
					}
					continue
				}
				total, weight := 0.0, 0.0
				for _, o := range rows {
					if o["rate_is"] == kind && o["site"] != r["site"] && strings.HasPrefix(o["site"], "Clinic") {
						total += decimal(t, o["per_1000_person_years"]) * decimal(t, o["person_days"])
						weight += decimal(t, o["person_days"])
					}
				}
				if want := decimal(t, r["per_1000_person_years"]) / (total / weight); math.Abs(decimal(t, r["ratio_to_the_others"])/want-1) > 0.001 {
					t.Errorf("%s: %s %s times the others, of the table %v", a, r["site"], r["ratio_to_the_others"], want)
				}
				if r["differs_as_one_of_all"] == "no" {
					unmarked++
				}
				if r["site"] == "Clinic 2" && r["differs_as_one_of_all"] != "yes" {
					t.Errorf("%s: Clinic 2 is not marked: %v", a, r)
				}
			}
			if want := []string{"Clinic 1", "Clinic 2", "Clinic 10"}; !slices.Equal(names[:3], want) {
				t.Errorf("%s: order %v", a, names)
			}
			if !strings.Contains(text, "▲ higher") || unmarked == 0 || !strings.Contains(text, "comparisons, 3, taken together (Bonferroni)") {
				t.Errorf("%s, %s: marks, %d unmarked:\n%s", a, kind, unmarked, text)
			}
		}
	}
}

// TestOrderOfAreas: a ranked table says which rate it is ordered by.
func TestOrderOfAreas(t *testing.T) {
	in := constructed(6000, siteNames(), onePage)
	for i := range in.definitions {
		in.definitions[i].Standard = "us-2000"
	}
	if text := words(built(t, in, requestIn(t, Internal, onePage))[cohortPage]); !strings.Contains(text, "In order of the standardised rate, the greatest first") {
		t.Error("the order by standardised rates is not told")
	}
	for i := range in.grouped {
		in.grouped[i].Adjusted = math.NaN()
	}
	if text := words(built(t, in, requestIn(t, Internal, onePage))[cohortPage]); !strings.Contains(text, "In order of the crude rate, the greatest first, since no standardised rate can be shown") {
		t.Error("the order by crude rates is not told")
	}
}

// TestWhyNotStandardised: a group with people and cases has its reason, and one with nobody another.
func TestWhyNotStandardised(t *testing.T) {
	in := constructed(400, siteNames(), onePage)
	for i := range in.definitions {
		in.definitions[i].Standard = "us-2000"
	}
	empty := 0
	for i := range in.grouped {
		if r := &in.grouped[i]; r.Stratum == "sex" && r.Value == "female" {
			if r.Adjusted = math.NaN(); r.Numerator < 10 {
				t.Fatalf("%d cases", r.Numerator)
			}
			empty++
		}
	}
	text := words(built(t, in, requestIn(t, Internal, onePage))[cohortPage])
	for _, want := range []string{"not applicable: an age of the standard has nobody at risk", "not applicable: fewer than 10 cases"} {
		if empty != 1 || !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	// Rounded numbers do not tell which of the two it is.
	req := requestIn(t, External, onePage)
	req.Disclosure = "opensafely7r5"
	text = words(built(t, in, req)[cohortPage])
	if strings.Contains(text, "not applicable: an age") || strings.Contains(text, "not applicable: fewer than 10 cases\n") ||
		!strings.Contains(text, "not applicable: fewer than 10 cases, or an age of the standard has nobody at risk") {
		t.Errorf("rounded:\n%s", text)
	}
}

// TestWhatIsCounted: outcomes have their unit on the page, and a cohort with several entries a person says what it counts.
func TestWhatIsCounted(t *testing.T) {
	in := constructed(6000, siteNames(), onePage)
	for i := range in.definitions {
		if d := &in.definitions[i]; d.Kind == measures.KindCohort {
			d.Occurrence, d.Multiplier, d.Basis = "every", 100, measures.BasisPatient
		}
	}
	text := words(built(t, in, requestIn(t, Internal, onePage))[cohortPage])
	for _, want := range []string{"Outcome At risk Events Time observed Rate per 100 person-years 95 % interval", "What is counted entries: a person has one for each day with the entry event"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
}

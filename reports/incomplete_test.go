package reports

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/datasets"
	"farr/measures"
)

// ended is a feed that a test stops: of a type, at a site or at all, from a day on; without a day the type was never loaded.
type ended struct {
	resource, site, from string
	sites                []string // of a source, in place of one
}

// at tells whether the figures of a site rest on the feed.
func (e ended) at(site string) bool {
	return e.site == "" && e.sites == nil || site == e.site || slices.Contains(e.sites, site)
}

// rest says which types of FHIR each part of the shipped definitions rests on, by what their files say in words: not
// by what farr finds in their SQL. Coverage stands for time under observation.
var rest = map[string]map[string]string{
	"blood-pressure-control":      {"Initial population": "Encounter Condition", "Excluded": "Condition", "Numerator": "Observation"},
	"breast-cancer-screening":     {"Initial population": "Encounter", "Excluded": "Procedure", "Numerator": "Observation Procedure"},
	"cervical-cancer-screening":   {"Initial population": "Encounter", "Excluded": "Procedure", "Numerator": "Observation Procedure"},
	"colorectal-cancer-screening": {"Initial population": "Encounter", "Excluded": "Condition Procedure", "Numerator": "Observation Procedure"},
	"emergency-visits":            {"Initial population": "Coverage", "Denominator": "Coverage", "Numerator": "Encounter Coverage"},
	"hba1c-poor-control":          {"Initial population": "Encounter Condition", "Numerator": "Observation"},
	"readmission-30-day":          {"Initial population": "Encounter", "Excluded": "Encounter", "Numerator": "Encounter"},

	"asthma-emergency-visits": {"entry": "Encounter Condition", "rules": ",Coverage,,Condition", "at risk": "Coverage Condition",
		"return-visit": "Encounter Condition Coverage", "controller": "MedicationRequest Coverage", "admission": "Encounter Coverage",
		"Asthma on record before the day of the visit": "Condition", "Another emergency visit for asthma in the year before": "Encounter Condition",
		"A controller medicine ordered in the half year before": "MedicationRequest"},
	"births-early-prenatal-care": {"entry": "Procedure", "rules": ",,Coverage,Condition,Condition,Procedure",
		"postpartum-visit": "Encounter Condition Coverage", "emergency-42-day": "Encounter Coverage",
		"First prenatal visit in the first trimester, 280 to 183 days before delivery": "Encounter Condition", "A prenatal visit at any time, 280 to 1 days before delivery": "Encounter Condition",
		"Prenatal visits on four days or more": "Encounter Condition", "Hypertension": "Condition"},
	"heart-failure-readmission": {"entry": "Encounter Condition", "rules": ",,Coverage,,Encounter",
		"readmission-30-day": "Encounter Coverage", "heart-failure-readmission": "Encounter Condition Coverage", "emergency-30-day": "Encounter Coverage", "death": "Coverage",
		"An inpatient stay that ended in the year before": "Encounter", "Hypertension": "Condition", "Type 2 diabetes": "Condition", "Charlson's index of the two years before": "Condition",
		"Newest creatinine in the year before, mg/dL": "Observation", "adjusted readmission-30-day": "Condition"},
	"incident-type-2-diabetes": {"entry": "Condition", "rules": ",,Coverage,Condition,MedicationRequest", "at risk": "Coverage MedicationRequest Condition",
		"medication": "MedicationRequest Coverage", "emergency-visit": "Encounter Coverage", "Hypertension": "Condition"},
	"new-statin-users": {"entry": "MedicationRequest", "rules": ",,Coverage,Condition", "at risk": "Coverage Condition",
		"stops": "MedicationRequest Coverage Condition", "cholesterol-checked": "Observation Coverage Condition", "Type 2 diabetes": "Condition",
		"LDL cholesterol measured in the year before": "Observation", "Newest LDL cholesterol in the year before, mg/dL": "Observation"},
}

// groupsRest are the types that groups are made of.
var groupsRest = map[string]string{"Payer": "Coverage", "Site": "Encounter"}

// TestEveryFigureThatLacksRecordsIsMarkedAndNoOther stops feeds of a synthetic population and walks all rows of all data files
// of the report, and its MeasureReports: a mark is there exactly where the words of the definitions, the stopped feeds and the
// period say so. The generator stops the observations of one site by itself.
func TestEveryFigureThatLacksRecordsIsMarkedAndNoOther(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	population := synthetic(t, 900, 3, 3)
	planted, _, from := plantedFaults(t, population)
	for name, stops := range map[string][]ended{
		"a type that never came, and one that ended everywhere": {{resource: "Procedure"}, {resource: "Condition", from: "2025-10-17"}},
		"a site's visits, whose other records go on":            {{resource: "Encounter", site: "Clinic 01", from: "2025-08-15"}, {resource: "MedicationRequest", from: "2025-03-10"}},
		"a site's procedures, and who is insured":               {{resource: "Procedure", site: "Clinic 02", from: "2025-02-10"}, {resource: "Coverage", from: "2025-05-06"}},
	} {
		t.Run(name, func(t *testing.T) {
			export := t.TempDir()
			if err := os.CopyFS(export, os.DirFS(population)); err != nil {
				t.Fatal(err)
			}
			for _, s := range stops {
				s.apply(t, export)
			}
			all := append(slices.Clone(stops), ended{resource: "Observation", site: planted, from: from + "-01"})
			results := measured(t, export, "2024-07..2025-12,2025,P12M/2025-11..2025-12", measures.Request{})
			out := filepath.Join(t.TempDir(), "out")
			if _, err := build(t.Context(), inputOf(results), Request{Audience: Internal, Results: results, Out: out}); err != nil {
				t.Fatal(err)
			}
			w := &markWalk{T: t, ends: all, files: read(t, out), marks: map[string]int{}}
			w.walk(results)
			if w.marked < 500 || w.unmarked < 100 {
				t.Errorf("%d marked and %d other figures are too few to tell", w.marked, w.unmarked)
			}
			t.Logf("%d figures are marked and %d are not", w.marked, w.unmarked)
		})
	}
}

// TestEveryFigureThatLacksRecordsOfASourceIsMarkedAndNoOther: of two sources one sends no more observations, and no procedures, and the
// other goes on. Its observations name no encounters, so that its sites do not show it. Procedures lack where the source was said to have them,
// and not otherwise.
func TestEveryFigureThatLacksRecordsOfASourceIsMarkedAndNoOther(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	var all []ended
	var sources []datasets.ExportSource
	for i, name := range []string{"north", "south"} {
		export := synthetic(t, 300, 5+i, 2)
		planted, _, from := plantedFaults(t, export)
		label := func(site string) string { return strings.Replace(site, "Clinic", name+" clinic", 1) }
		all = append(all, ended{resource: "Observation", site: label(planted), from: from + "-01"})
		sites := filepath.Join(export, "sites.csv")
		text, err := os.ReadFile(sites)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(sites, []byte(strings.ReplaceAll(string(text), "Clinic", label("Clinic"))), 0o600); err != nil {
			t.Fatal(err)
		}
		sources = append(sources, datasets.ExportSource{Name: name, Dir: export, Zone: "America/New_York", SitesFile: sites})
	}
	north := []string{"north clinic 01", "north clinic 02", "No site (unattributed)"}
	const stop = "2025-04-10" // before those of one site end, which the generator stops
	ended{resource: "Observation", from: stop}.apply(t, sources[0].Dir)
	ended{resource: "Procedure"}.apply(t, sources[0].Dir)
	encounter := regexp.MustCompile(`"encounter":\{"reference":"[^"]*"\},?`)
	change(t, filepath.Join(sources[0].Dir, "Observation.ndjson.gz"), func(line []byte) []byte { return encounter.ReplaceAll(line, nil) })
	all = append(all, ended{resource: "Observation", sites: north, from: stop})
	for name, expect := range map[string][]string{"without a word": nil, "said to have procedures": {"Patient", "Coverage", "Encounter", "Condition", "Observation", "Procedure", "MedicationRequest"}} {
		t.Run(name, func(t *testing.T) {
			all := slices.Clone(all)
			if sources[0].Expect = expect; expect != nil {
				all = append(all, ended{resource: "Procedure", sites: north})
			}
			results := measuredOf(t, datasets.ExtractRequest{Sources: sources}, "2025-03..2025-12,P12M/2025-11..2025-12", measures.Request{
				Measures: []string{"breast-cancer-screening", "emergency-visits", "hba1c-poor-control"}, Cohorts: []string{"births-early-prenatal-care"},
			})
			out := filepath.Join(t.TempDir(), "out")
			if _, err := build(t.Context(), inputOf(results), Request{Audience: Internal, Results: results, Out: out}); err != nil {
				t.Fatal(err)
			}
			w := &markWalk{T: t, ends: all, files: read(t, out), marks: map[string]int{}}
			w.walk(results)
			if w.marked < 50 || w.unmarked < 50 {
				t.Errorf("%d marked and %d other figures are too few to tell", w.marked, w.unmarked)
			}
			t.Logf("%d figures are marked and %d are not", w.marked, w.unmarked)
			if !slices.ContainsFunc(results.Incomplete(), func(x measures.Incomplete) bool {
				return x.Site == measures.Unattributed && x.Resource == "Observation" && x.Period == "2025-04" && x.State == measures.FeedPartly
			}) {
				t.Error("who has no site may be of north, and lacks nothing")
			}
			page := w.files["data-quality.html"]
			if !strings.Contains(page, "Observation</th><td>north</td><td>stopped") || strings.Contains(page, "<td>north clinic") || strings.Contains(page, "<td>south</td>") {
				t.Error("the page of data quality does not say of north, and of no other source, that its observations stopped")
			}
			if got := strings.Contains(page, "Procedure</th><td>north</td><td>never loaded"); got != (expect != nil) {
				t.Errorf("the page of data quality says that procedures of north were never loaded: %v", got)
			}
			said := "Procedure: north was said to have it and sent none."
			if got := strings.Contains(w.files["measures/breast-cancer-screening.html"], said); got != (expect != nil) {
				t.Errorf("the page of a measure says so: %v", got)
			}
		})
	}
}

// TestClosedSites: what comes no more since a site was closed is not missed, and its months are no faults of its feeds. Where records of
// other types go on the site is not closed, whatever was said, and a name that is no site's is told.
func TestClosedSites(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	population := synthetic(t, 900, 3, 3)
	planted, _, from := plantedFaults(t, population)
	first, err := time.Parse(time.DateOnly, from+"-01")
	if err != nil {
		t.Fatal(err)
	}
	stopped := ended{resource: "Observation", site: planted, from: from + "-01"}
	wholly := t.TempDir()
	if err := os.CopyFS(wholly, os.DirFS(population)); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"Procedure", "Encounter"} { // others name the encounters, which go last
		ended{resource: resource, site: planted, from: from + "-01"}.apply(t, wholly)
	}
	goesOn := planted + " is said to be closed, and records of it are of later days: it is taken to be open."
	for name, c := range map[string]struct {
		export string
		last   time.Time
		ends   []ended
		says   string
	}{
		"closed":                           {wholly, first.AddDate(0, 0, -1), nil, "closed, as was said"},
		"closed long after its last day":   {wholly, first.AddDate(0, 3, 0), []ended{stopped, {resource: "Encounter", site: planted, from: from + "-01"}, {resource: "Procedure", site: planted, from: from + "-01"}}, "stopped"},
		"its visits go on":                 {population, first.AddDate(0, 0, -1), []ended{stopped}, "stopped"},
		"its visits go on after that, too": {population, first.AddDate(0, 3, 0), []ended{stopped}, "stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			results := measured(t, c.export, "2024-07..2025-12,2025,P12M/2025-11..2025-12", measures.Request{
				Measures: []string{"blood-pressure-control", "hba1c-poor-control"}, Cohorts: []string{},
				Closed: map[string]time.Time{planted: c.last, "Nobody": first, "Clinic 01": time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)},
			})
			pages := map[Audience]string{}
			for _, audience := range []Audience{Internal, External} {
				out := filepath.Join(t.TempDir(), "out")
				if _, err := build(t.Context(), inputOf(results), Request{Audience: audience, Results: results, Out: out}); err != nil {
					t.Fatal(err)
				}
				files := read(t, out)
				if pages[audience] = files["data-quality.html"]; audience == External {
					continue
				}
				w := &markWalk{T: t, ends: c.ends, files: files, marks: map[string]int{}}
				w.walk(results)
				if w.unmarked < 20 || (w.marked > 50) != (c.ends != nil) {
					t.Errorf("%d figures are marked and %d are not", w.marked, w.unmarked)
				}
			}
			page := pages[Internal]
			if !strings.Contains(page, "Observation</th><td>"+planted+"</td><td>"+c.says) {
				t.Errorf("the page of data quality does not say of %s: %s", planted, c.says)
			}
			gap := "<tr><th scope=\"row\">" + planted + "</th><td>observations</td>"
			if closed := c.says != "stopped"; strings.Contains(page, gap) == closed {
				t.Errorf("months without observations are faults of the site's feed: %v", !closed)
			}
			for text, want := range map[string]bool{
				goesOn: c.export == population, "Nobody is said to be closed, and is no site of the data": true,
				"Clinic 01 is said to be closed, and its last day is after the last day of the data.": true,
			} {
				if strings.Contains(page, text) != want || strings.Contains(pages[External], text) {
					t.Errorf("%q is told: %v, and to outsiders: %v", text, !want, strings.Contains(pages[External], text))
				}
			}
		})
	}
}

// apply takes the records out of an export. Of a record with two dates each may be of the time after the end.
func (s ended) apply(t *testing.T, export string) {
	t.Helper()
	path := filepath.Join(export, s.resource+".ndjson.gz")
	if s.from == "" {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	organization, of := "", map[string]bool{}
	if s.site != "" {
		sites, err := os.ReadFile(filepath.Join(export, "sites.csv"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(sites), "\n") {
			if id, label, _ := strings.Cut(line, ","); label == s.site && organization == "" {
				organization = id
			}
		}
		rewrite(t, filepath.Join(export, "Encounter.ndjson.gz"), func(line []byte) bool {
			var e struct {
				ID              string
				ServiceProvider struct{ Reference string }
			}
			if json.Unmarshal(line, &e) == nil && strings.HasSuffix(e.ServiceProvider.Reference, "/"+organization) {
				of["Encounter/"+e.ID] = true
			}
			return true
		})
	}
	taken := 0
	rewrite(t, path, func(line []byte) bool {
		var r struct {
			ResourceType, ID, AuthoredOn, PerformedDateTime, OnsetDateTime, RecordedDate, EffectiveDateTime, EffectiveInstant string
			Period, PerformedPeriod, OnsetPeriod, EffectivePeriod                                                             struct{ Start string }
			Encounter                                                                                                         struct{ Reference string }
		}
		if json.Unmarshal(line, &r) != nil {
			return true
		}
		if r.ResourceType == "Encounter" {
			r.Encounter.Reference = "Encounter/" + r.ID
		}
		later := slices.ContainsFunc([]string{r.AuthoredOn, r.PerformedDateTime, r.OnsetDateTime, r.RecordedDate, r.EffectiveDateTime, r.EffectiveInstant, r.EffectivePeriod.Start, r.Period.Start, r.PerformedPeriod.Start, r.OnsetPeriod.Start}, func(day string) bool { return day >= s.from })
		if !later || s.site != "" && !of[r.Encounter.Reference] {
			return true
		}
		taken++
		return false
	})
	if taken < 20 {
		t.Fatalf("%d records of %s were taken out", taken, s.resource)
	}
}

// markWalk walks the data files of a report.
type markWalk struct {
	*testing.T
	ends             []ended
	files            map[string]string
	marked, unmarked int
	marks            map[string]int // by definition
	of               string         // the definition whose figures are walked
}

// lacks tells whether a figure on some types, of a period that ends with a day, lacks records. Of a site it is that site's.
func (w *markWalk) lacks(types, high, site string) bool {
	return slices.ContainsFunc(w.ends, func(e ended) bool {
		seen := site == "" || e.at(site) || site == "No site (unattributed)" && e.resource == "Encounter"
		return slices.Contains(strings.Fields(types), e.resource) && high > e.from && seen
	})
}

// check holds a state against what is to be expected.
func (w *markWalk) check(file string, row []string, state string, want bool) {
	w.Helper()
	if state == "not-applicable" {
		return
	}
	got := strings.Contains(state, "a feed had stopped") || strings.Contains(state, "never loaded")
	if want {
		w.marked++
		w.marks[w.of]++
	} else {
		w.unmarked++
	}
	switch {
	case got != want:
		w.Errorf("%s: %q is marked: %v, and is to be: %v", file, row, got, want)
	case want && (strings.HasPrefix(state, "zero") || strings.HasPrefix(state, "measured") && strings.HasSuffix(file, "-periods.csv")):
		w.Errorf("%s: %q has the state %s although records lack", file, row, state)
	}
}

func (w *markWalk) walk(results *measures.Results) {
	walked := map[string]bool{}
	sheetsOf := func(id string, visit func(suffix string, s sheet)) {
		for path := range w.files {
			if suffix, ok := strings.CutPrefix(path, "data/"+id+"-"); ok && strings.HasSuffix(suffix, ".csv") {
				visit(strings.TrimSuffix(suffix, ".csv"), sheetOf(w.T, w.files, path))
				walked[path] = true
			}
		}
	}
	index := sheetOf(w.T, w.files, "data/index.csv")
	walked["data/index.csv"] = true
	for _, d := range results.Definitions() {
		if rest[d.ID] == nil {
			w.Errorf("this test does not know %s", d.ID)
			continue
		}
		w.of = d.ID
		defer func() {
			page := w.files[d.Kind+"s/"+d.ID+".html"]
			if marked := w.marks[d.ID] > 0; marked != strings.Contains(page, "Incomplete records") {
				w.Errorf("the page of %s says that records lack: %v, and %d of its figures do", d.ID, !marked, w.marks[d.ID])
			}
		}()
		if d.Kind == measures.KindCohort {
			sheetsOf(d.ID, func(suffix string, s sheet) { w.cohort(d, suffix, s) })
			continue
		}
		high, found := "", slices.IndexFunc(index.rows, func(r []string) bool { return strings.ReplaceAll(index.get(r, "measure"), "\u00a0", " ") == d.Title })
		for _, p := range []struct{ words, high string }{{"12 months to December 2025", "2026-01-01"}, {"12 months to November 2025", "2025-12-01"}} {
			if index.get(index.rows[found], "period") == p.words {
				high = p.high
			}
		}
		w.check("data/index.csv", index.rows[found], index.get(index.rows[found], "state"), w.lacks(w.everything(d), w.needed(d, high), ""))
		sheetsOf(d.ID, func(suffix string, s sheet) { w.measure(d, suffix, s, high) })
	}
	w.reports(results)
	for path, text := range w.files {
		if strings.HasPrefix(path, "data/") && strings.HasSuffix(path, ".csv") && !walked[path] && (strings.Contains(text, "a feed had stopped") || strings.Contains(text, "was never loaded")) {
			w.Errorf("%s is marked, and rests on no definition", path)
		}
	}
}

// everything are the types that a measure's rate rests on.
func (w *markWalk) everything(d measures.Definition) string {
	all := ""
	for _, types := range rest[d.ID] {
		all += " " + types
	}
	return all
}

// needed is the day until which a measure needs to know, for a period that ends with a day.
func (w *markWalk) needed(d measures.Definition, high string) string {
	if d.FollowUpDays == 0 {
		return high
	}
	day, err := time.Parse(time.DateOnly, high)
	if err != nil {
		w.Fatal(err)
	}
	return day.AddDate(0, 0, d.FollowUpDays).Format(time.DateOnly)
}

func after(day string) string {
	t, _ := time.Parse(time.DateOnly, day)
	return t.AddDate(0, 0, 1).Format(time.DateOnly)
}

func (w *markWalk) measure(d measures.Definition, suffix string, s sheet, headline string) {
	file, all := d.ID+"-"+suffix+".csv", w.everything(d)
	for _, r := range s.rows {
		switch {
		case strings.HasPrefix(suffix, "periods"), strings.HasPrefix(suffix, "rolling"), suffix == "other-periods":
			lacks := w.lacks(all, w.needed(d, after(s.get(r, "to"))), "")
			w.check(file, r, s.get(r, "state"), lacks)
			if lacks && slices.Contains(s.head, "cause") && s.get(r, "cause") != "" {
				w.Errorf("%s: a rule was asked of %q", file, r)
			}
		case suffix == "sites", suffix == "groups":
			types, site := all+" "+groupsRest[s.get(r, "group")], ""
			if s.get(r, "group") == "Site" {
				site = s.get(r, "value")
			}
			w.check(file, r, s.get(r, "state"), w.lacks(types, w.needed(d, headline), site))
		case suffix == "populations":
			of := rest[d.ID]
			types := map[string]string{"Initial population": of["Initial population"], "Excluded": of["Initial population"] + " " + of["Excluded"],
				"Denominator": of["Initial population"] + " " + of["Excluded"] + " " + of["Denominator"]}[s.get(r, "population")]
			switch s.get(r, "population") {
			case "Numerator", "Not in the numerator":
				types = all
			case "Excluded":
				if of["Excluded"] == "" {
					types = "" // nobody can be
				}
			}
			w.check(file, r, s.get(r, "count_state"), w.lacks(types, w.needed(d, headline), ""))
		case suffix == "care-gaps":
			w.check(file, r, s.get(r, "count_state"), w.lacks(all, w.needed(d, headline), ""))
		case suffix == "gaps", suffix == "disparity", suffix == "funnel", suffix == "deciles":
			group, lacks := s.get(r, s.head[0]), w.lacks(all, w.needed(d, headline), "")
			if lacks || w.lacks(groupsRest[group], w.needed(d, headline), "") {
				if number := s.number(r, "difference"); number == number {
					w.Errorf("%s: %q is compared although records lack", file, r)
				}
			}
		default:
			w.Errorf("this test does not know %s", file)
		}
	}
}

func reversed(list []string) []string {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

func (w *markWalk) cohort(d measures.Definition, suffix string, s sheet) {
	const studyEnd, followedUntil = "2026-01-01", "2026-01-01"
	file, of := d.ID+"-"+suffix+".csv", rest[d.ID]
	rules := strings.Split(of["rules"], ",")
	member := of["entry"] + " " + strings.Join(rules, " ")
	outcome := func(id string) bool {
		types, ok := of[id]
		if !ok {
			w.Fatalf("this test does not know the outcome %s of %s", id, d.ID)
		}
		return w.lacks(member, studyEnd, "") || w.lacks(types, followedUntil, "")
	}
	byTitle := map[string]string{}
	for _, o := range d.Outcomes {
		byTitle[o.Title] = o.ID
	}
	for i, r := range s.rows {
		state := func(column string) string { return s.get(r, column) }
		if strings.HasPrefix(suffix, "area-") { // of which one is by State
			state = func(column string) string { return r[len(s.head)-1-slices.Index(reversed(s.head), column)] }
		}
		switch id, curve := strings.CutPrefix(suffix, "curve-"); {
		case suffix == "attrition":
			want := w.lacks(of["entry"]+" "+strings.Join(rules[:min(i+1, len(rules))], " "), studyEnd, "")
			w.check(file, r, state("remaining_state"), want)
			w.check(file, r, state("removed_state"), want)
		case suffix == "incidence":
			w.check(file, r, state("state"), w.lacks(member+" "+of["at risk"], s.get(r, "year")+"-12-32", ""))
		case suffix == "periods":
			w.check(file, r, state("state"), w.lacks(member+" "+of["at risk"], after(s.get(r, "to")), ""))
		case suffix == "groups", strings.HasPrefix(suffix, "area-"):
			group, site := s.get(r, s.head[0]), ""
			types := member + " " + of["at risk"]
			if suffix == "area-site" {
				site, group = s.get(r, "site"), "Site"
			}
			want := w.lacks(types+" "+groupsRest[group], studyEnd, site)
			w.check(file, r, state("state"), want)
			if want && strings.HasPrefix(suffix, "area-") && s.get(r, "differs_as_one_of_all") != "" {
				w.Errorf("%s: %q is compared although records lack", file, r)
			}
		case suffix == "outcomes":
			want := outcome(byTitle[s.get(r, "outcome")])
			w.check(file, r, state("at_risk_state"), want)
			w.check(file, r, state("state"), want)
		case curve:
			for _, c := range []string{"at_risk_state", "events_state", "left_early_state"} {
				w.check(file, r, state(c), outcome(id))
			}
		case strings.HasPrefix(suffix, "expected-"):
			id := strings.TrimPrefix(suffix, "expected-")
			site := ""
			if s.get(r, "group") == "Site" {
				site = s.get(r, "value")
			}
			w.check(file, r, state("state"), outcome(id) || w.lacks(of["adjusted "+id], studyEnd, "") || w.lacks(groupsRest[s.get(r, "group")], studyEnd, site))
		case suffix == "table1", suffix == "numbers", suffix == "women-men":
			name := s.get(r, "characteristic")
			want := w.lacks(member+" "+of[name]+" "+groupsRest[name], studyEnd, "")
			columns := map[string][]string{"table1": {"state"}, "numbers": {"known_state", "missing_state"}, "women-men": {"women_state", "men_state"}}[suffix]
			for _, c := range columns {
				w.check(file, r, state(c), want)
			}
			if suffix == "women-men" && want && s.get(r, "standardised_difference") != "" {
				w.Errorf("%s: %q is compared although records lack", file, r)
			}
		case suffix == "age-sex":
			for _, c := range s.head {
				if strings.HasSuffix(c, "_state") {
					w.check(file, r, state(c), w.lacks(member, studyEnd, ""))
				}
			}
		case suffix == "gaps":
			if w.lacks(member+" "+of["at risk"]+" "+groupsRest[s.get(r, "group")], studyEnd, "") {
				w.Errorf("%s: %q is compared although records lack", file, r)
			}
		default:
			w.Errorf("this test does not know %s", file)
		}
	}
}

// reports walks the MeasureReports.
func (w *markWalk) reports(results *measures.Results) {
	lines := json.NewDecoder(strings.NewReader(w.files["data/measure-reports.ndjson"]))
	for {
		var r struct {
			Measure string
			Period  struct{ Start, End string }
			Meta    struct{ Tag []struct{ Code string } }
		}
		if err := lines.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			w.Fatal(err)
		}
		for _, d := range results.Definitions() {
			if d.Kind != measures.KindMeasure || d.Canonical() != r.Measure {
				continue
			}
			needed := w.needed(d, after(r.Period.End))
			want := w.lacks(w.everything(d), needed, "") || needed > "2026-01-01"
			if got := len(r.Meta.Tag) > 0 && r.Meta.Tag[0].Code == "incomplete"; got != want {
				w.Errorf("the MeasureReport of %s to %s is incomplete: %v, and is to be: %v", d.ID, r.Period.End, got, want)
			}
		}
	}
}

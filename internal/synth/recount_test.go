package synth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The recount walks the written FHIR with encoding/json and knows nothing of the
// generator: codes, not kinds; time.Time, not days. It holds the text to the
// event state that truth was counted from.

type object = map[string]any

// newest reads a file and keeps of each id the resource with the newest lastUpdated.
// Lines without any of the words, if words are given, are not looked at.
func newest(t *testing.T, dir, typ string, words ...string) []object {
	t.Helper()
	byID := map[string]object{}
	var order []string
	for line := range bytes.Lines(plain(t, dir, typ)) {
		if len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(line, []byte(w)) }) {
			continue
		}
		var r object
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r["implicitRules"] != nil || r["modifierExtension"] != nil {
			continue // says that it cannot be read without more
		}
		id := r["id"].(string)
		old := byID[id]
		if old == nil {
			order = append(order, id)
		}
		if old == nil || str(old, "meta", "lastUpdated") < str(r, "meta", "lastUpdated") {
			byID[id] = r
		}
	}
	var list []object
	for _, id := range order {
		list = append(list, byID[id])
	}
	return list
}

// at follows member names and list positions; nil where there is nothing.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := v.(object)
			v = o[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func str(v any, path ...any) string {
	s, _ := at(v, path...).(string)
	return s
}

// owner is the id of the patient in a reference of any form.
func owner(r object) string {
	for _, element := range []string{"subject", "patient", "beneficiary"} {
		if ref := str(r, element, "reference"); ref != "" {
			_, id, _ := strings.Cut(ref, "Patient/")
			return id[:36]
		}
	}
	return ""
}

func hasCode(concept any, codes ...string) bool {
	list, _ := at(concept, "coding").([]any)
	for _, c := range list {
		for _, code := range codes {
			if str(c, "system")+"|"+str(c, "code") == code {
				return true
			}
		}
	}
	return false
}

type recount struct {
	t   *testing.T
	loc *time.Location
	// by patient id
	patients map[string]object
	of       map[string]map[string][]object // type, patient
	label    map[string]string              // Organization id

	observable  map[string]daySet
	emergencies map[string]map[time.Time]int
}

// daySet marks days one by one, by the Unix time of their midnight.
type daySet map[int64]bool

func (s daySet) in(low, high time.Time) (days []time.Time) {
	for d := low; d.Before(high); d = d.AddDate(0, 0, 1) {
		if s[d.Unix()] {
			days = append(days, d)
		}
	}
	return days
}

// observe marks each patient's observable days, and counts emergency visits by day.
func (r *recount) observe(asOf string) {
	end, _ := r.wall(asOf)
	r.observable, r.emergencies = map[string]daySet{}, map[string]map[time.Time]int{}
	for id, p := range r.patients {
		covered := daySet{}
		for _, c := range r.of["Coverage"][id] {
			from, _ := r.wall(str(c, "period", "start"))
			to, closed := r.wall(str(c, "period", "end"))
			if !closed || to.After(end.AddDate(1, 0, 0)) {
				to = end.AddDate(1, 0, 0)
			}
			for d := day0(from); str(c, "status") != "entered-in-error" && !d.After(to); d = d.AddDate(0, 0, 1) {
				covered[d.Unix()] = true
			}
		}
		died, dead := r.wall(str(p, "deceasedDateTime"))
		if len(str(p, "deceasedDateTime")) == len("2006-01") {
			died = died.AddDate(0, 1, -1)
		}
		marked, gap := daySet{}, []time.Time(nil)
		for d := end.AddDate(-15, 0, 0); !d.After(end.AddDate(1, 0, 0)); d = d.AddDate(0, 0, 1) {
			if !covered[d.Unix()] {
				gap = append(gap, d)
				continue
			}
			if len(marked) > 0 && len(gap) <= 45 {
				for _, g := range gap {
					marked[g.Unix()] = true
				}
			}
			marked[d.Unix()], gap = true, nil
		}
		for d := range marked {
			if d > end.Unix() || dead && d > day0(died).Unix() {
				delete(marked, d)
			}
		}
		r.observable[id] = marked
		visits := map[time.Time]int{}
		for _, e := range r.of["Encounter"][id] {
			if start, ok := r.wall(str(e, "period", "start")); ok && str(e, "status") == "finished" && str(e, "class", "code") == "EMER" {
				visits[day0(start)]++
			}
		}
		r.emergencies[id] = visits
	}
}

// wall is the local wall time of the lower bound, as a time in UTC.
func (r *recount) wall(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, false
	}
	for _, layout := range []string{"2006", "2006-01", "2006-01-02"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, true
		}
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		r.t.Fatal(err)
	}
	l := at.In(r.loc)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), time.UTC), true
}

// begin is the start of a choice of dateTime, Period and instant.
func (r *recount) begin(o object, name string) (time.Time, bool) {
	for _, path := range [][]any{{name + "DateTime"}, {name + "Instant"}, {name + "Period", "start"}} {
		if s := str(o, path...); s != "" {
			return r.wall(s)
		}
	}
	return time.Time{}, false
}

func within(at time.Time, ok bool, low, high time.Time) bool {
	return ok && !at.Before(low) && at.Before(high)
}

func day0(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

func (r *recount) age(p object, on time.Time) (int, bool) {
	b, ok := r.wall(str(p, "birthDate"))
	if !ok {
		return 0, false
	}
	age := on.Year() - b.Year()
	if on.Month() < b.Month() || on.Month() == b.Month() && on.Day() < b.Day() {
		age--
	}
	return age, true
}

func (r *recount) bounds(id string) (low, high time.Time) {
	switch {
	case strings.HasPrefix(id, "P12M/"):
		low, _ = time.Parse("2006-01", id[5:])
		return low.AddDate(0, -11, 0), low.AddDate(0, 1, 0)
	case len(id) == 7:
		low, _ = time.Parse("2006-01", id)
		return low, low.AddDate(0, 1, 0)
	}
	low, _ = time.Parse("2006", id)
	return low, low.AddDate(1, 0, 0)
}

func (r *recount) holds(id string, low, high time.Time, codes ...string) bool {
	for _, c := range r.of["Condition"][id] {
		v := str(c, "verificationStatus", "coding", 0, "code")
		begins, ok := r.begin(c, "onset")
		if !ok {
			begins, ok = r.wall(str(c, "recordedDate"))
		}
		ends, ended := r.begin(c, "abatement")
		if hasCode(c["code"], codes...) && v != "refuted" && v != "entered-in-error" && ok && begins.Before(high) && (!ended || !ends.Before(low)) {
			return true
		}
	}
	return false
}

func final(o object) bool {
	s := str(o, "status")
	return s == "final" || s == "amended" || s == "corrected"
}

// number of a Quantity in the UCUM unit.
func number(v any, unit string) (float64, bool) {
	n, ok := at(v, "valueQuantity", "value").(json.Number)
	f, err := n.Float64()
	return f, ok && err == nil && str(v, "valueQuantity", "code") == unit && str(v, "valueQuantity", "system") == "http://unitsofmeasure.org"
}

func (r *recount) pressureControlled(id string, low, high time.Time) bool {
	var newest time.Time
	lowest := [2]float64{}
	for _, o := range r.of["Observation"][id] {
		when, ok := r.begin(o, "effective")
		if !hasCode(o["code"], loinc+"|85354-9", loinc+"|55284-4") || !final(o) || !within(when, ok, low, high) {
			continue
		}
		var v [2]float64
		found := 0
		list, _ := o["component"].([]any)
		for _, c := range list {
			for i, code := range []string{"8480-6", "8462-4"} {
				if n, ok := number(c, "mm[Hg]"); ok && hasCode(at(c, "code"), loinc+"|"+code) {
					v[i] = n
					found++
				}
			}
		}
		switch d := day0(when); {
		case found != 2:
		case d.After(newest):
			newest, lowest = d, v
		case d.Equal(newest):
			lowest = [2]float64{min(lowest[0], v[0]), min(lowest[1], v[1])}
		}
	}
	return !newest.IsZero() && lowest[0] < 140 && lowest[1] < 90
}

func (r *recount) poorGlucose(id string, low, high time.Time) bool {
	var newest time.Time
	poor := true
	for _, o := range r.of["Observation"][id] {
		when, ok := r.begin(o, "effective")
		if hasCode(o["code"], loinc+"|4548-4") && final(o) && within(when, ok, low, high) && when.After(newest) {
			n, ok := number(o, "%")
			newest, poor = when, !ok || n > 9
		}
	}
	return poor
}

func (r *recount) visit(e object, low, high time.Time) (time.Time, bool) {
	if str(e, "status") != "finished" || str(e, "class", "code") != "AMB" {
		return time.Time{}, false
	}
	start, ok := r.wall(str(e, "period", "start"))
	return start, within(start, ok, low, high)
}

// site by plurality of visits.
func (r *recount) site(id string, high time.Time) string {
	visits, latest := map[string]int{}, map[string]time.Time{}
	for _, e := range r.of["Encounter"][id] {
		start, ok := r.visit(e, high.AddDate(0, -24, 0), high)
		site := r.label[strings.TrimPrefix(str(e, "serviceProvider", "reference"), "Organization/")]
		if ok && site != "" {
			visits[site]++
			if start.After(latest[site]) {
				latest[site] = start
			}
		}
	}
	best := "unattributed"
	for site, n := range visits {
		if n > visits[best] || n == visits[best] && latest[site].After(latest[best]) {
			best = site
		}
	}
	return best
}

func (r *recount) race(p object) string {
	race := "unknown"
	extensions, _ := p["extension"].([]any)
	for _, e := range extensions {
		inner, _ := at(e, "extension").([]any)
		for _, x := range inner {
			if strings.HasSuffix(str(e, "url"), "us-core-race") && str(x, "url") == "ombCategory" && str(x, "valueCoding", "system") == "urn:oid:2.16.840.1.113883.6.238" {
				if race != "unknown" {
					return "multiple"
				}
				race = str(x, "valueCoding", "code")
			}
		}
	}
	return race
}

func (r *recount) payer(id string, low, high time.Time) string {
	payer, latest := "none", time.Time{}
	for _, c := range r.of["Coverage"][id] {
		start, _ := r.wall(str(c, "period", "start"))
		end, ends := r.wall(str(c, "period", "end"))
		if str(c, "status") == "entered-in-error" || !start.Before(high) || ends && end.Before(low) || !start.After(latest) {
			continue
		}
		latest, payer = start, "other"
		code := str(c, "type", "coding", 0, "code")
		switch {
		case str(c, "type", "coding", 0, "system") != sopt:
		case code[0] == '1':
			payer = "medicare"
		case code[0] == '2':
			payer = "medicaid"
		case code[0] == '5', code[0] == '6':
			payer = "private"
		case code == "81":
			payer = "self-pay"
		}
	}
	return payer
}

func (r *recount) patientStrata(p object, id string, low, high time.Time) []string {
	band := "unknown"
	if age, ok := r.age(p, high.AddDate(0, 0, -1)); ok {
		band = "85+"
		for _, b := range []struct {
			to   int
			name string
		}{{84, "75-84"}, {74, "65-74"}, {64, "45-64"}, {44, "18-44"}, {17, "0-17"}} {
			if age <= b.to {
				band = b.name
			}
		}
	}
	return []string{"all all", "age " + band, "race " + r.race(p), "payer " + r.payer(id, low, high)}
}

func TestRecountFromTheWrittenText(t *testing.T) {
	o := options(t, 200)
	_, truth := generate(t, o)
	r := &recount{t: t, loc: newYork(t).loc, patients: map[string]object{}, of: map[string]map[string][]object{}, label: map[string]string{}}
	for _, p := range newest(t, o.Out, "Patient") {
		r.patients[p["id"].(string)] = p
	}
	for typ, words := range map[string][]string{"Encounter": nil, "Condition": nil, "Coverage": nil, "Observation": {"85354-9", "55284-4", "4548-4"}} {
		r.of[typ] = map[string][]object{}
		for _, x := range newest(t, o.Out, typ, words...) {
			r.of[typ][owner(x)] = append(r.of[typ][owner(x)], x)
		}
	}
	for _, s := range truth.Sites {
		r.label[s.ID] = s.Label
	}

	got := map[string][2]int{} // measure, period, stratum and value
	count := func(measure, period string, strata []string, denominator, numerator int) {
		for _, s := range strata {
			k := fmt.Sprintf("%s %s %s", measure, period, s)
			got[k] = [2]int{got[k][0] + denominator, got[k][1] + numerator}
		}
	}
	one := map[bool]int{true: 1}
	r.observe(truth.AsOf)
	for _, period := range truth.Periods {
		low, high := r.bounds(period)
		for id, p := range r.patients {
			strata := r.patientStrata(p, id, low, high)
			r.stays(id, p, low, high, func(site string, readmitted bool) {
				count("readmission-30-day", period, append(strata[:4:4], "site "+site), 1, one[readmitted])
			})
			if days := r.observable[id].in(low, high); len(days) > 0 {
				visits := 0
				for _, d := range days {
					visits += r.emergencies[id][d]
				}
				count("emergency-visits", period, append(strata[:4:4], "site "+r.site(id, high)), len(days), visits)
			}
			visited := false
			for _, e := range r.of["Encounter"][id] {
				_, ok := r.visit(e, low, high)
				visited = visited || ok
			}
			died, dead := r.wall(str(p, "deceasedDateTime"))
			age, born := r.age(p, high.AddDate(0, 0, -1))
			if !visited || !born || dead && died.Before(low) || age < 18 {
				continue
			}
			strata = append(strata, "site "+r.site(id, high))
			if age <= 85 && r.holds(id, low, high, icd10+"|I10", snomed+"|59621000") && !r.holds(id, low, high, icd10+"|N18.6", icd10+"|Z33.1") {
				count("blood-pressure-control", period, strata, 1, one[r.pressureControlled(id, low, high)])
			}
			if age <= 75 && r.holds(id, low, high, icd10+"|E11.9", snomed+"|44054006", icd10+"|E10.9", snomed+"|46635009") {
				count("hba1c-poor-control", period, strata, 1, one[r.poorGlucose(id, low, high)])
			}
		}
	}
	compared := 0
	for _, c := range truth.Measures {
		k := fmt.Sprintf("%s %s %s %s", c.Measure, c.Period, c.Stratum, c.Value)
		switch c.Measure {
		case "blood-pressure-control", "hba1c-poor-control", "readmission-30-day", "emergency-visits":
		default:
			continue
		}
		if c.Stratum == "sex" || c.Stratum == "ethnicity" {
			continue
		}
		if want := [2]int{int(c.Denominator), int(c.Numerator)}; got[k] != want {
			t.Errorf("%s: recounted %v, truth %v", k, got[k], want)
		}
		delete(got, k)
		compared++
	}
	for k, c := range got {
		t.Errorf("%s: recounted %v, not in truth", k, c)
	}
	if compared < 1800 {
		t.Errorf("only %d counts compared", compared)
	}
}

// stays calls f for each index admission of the period that is not excluded.
func (r *recount) stays(id string, p object, low, high time.Time, f func(site string, readmitted bool)) {
	stay := func(e object) bool { return str(e, "status") == "finished" && str(e, "class", "code") == "IMP" }
	for _, e := range r.of["Encounter"][id] {
		end, ok := r.wall(str(e, "period", "end"))
		start, _ := r.wall(str(e, "period", "start"))
		age, born := r.age(p, start)
		disposition := str(e, "hospitalization", "dischargeDisposition", "coding", 0, "code")
		if !stay(e) || !within(end, ok, low, high) || !born || age < 18 || disposition == "exp" || disposition == "aadvice" {
			continue
		}
		readmitted := false
		for _, n := range r.of["Encounter"][id] {
			next, ok := r.wall(str(n, "period", "start"))
			if ok && stay(n) && n["id"] != e["id"] && next.After(end) && day0(next).Sub(day0(end)) <= 30*24*time.Hour {
				readmitted = true
			}
		}
		site := r.label[strings.TrimPrefix(str(e, "serviceProvider", "reference"), "Organization/")]
		if site == "" {
			site = "unattributed"
		}
		f(site, readmitted)
	}
}

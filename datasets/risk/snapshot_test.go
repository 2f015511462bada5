package risk_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets"
	"farr/datasets/risk"
)

// person is what the export of a test says of a patient.
type person struct {
	birth, sex, state string
	events            map[[2]string]bool // code, year
}

var codes = []string{"44054006", "38341003", "195967001", "73211009", "13645005", "53741008"}

// people draws patients of few kinds, with what happened to them.
func people(seed uint64, n int) []person {
	random := rand.New(rand.NewPCG(seed, 7))
	all := make([]person, n)
	for i := range all {
		p := person{birth: fmt.Sprint(1950 + random.IntN(4)), sex: []string{"male", "female", ""}[random.IntN(3)], state: []string{"MA", "NY"}[random.IntN(2)], events: map[[2]string]bool{}}
		for range random.IntN(7) {
			p.events[[2]string{codes[random.IntN(len(codes))], fmt.Sprint(2020 + random.IntN(3))}] = true
		}
		all[i] = p
	}
	return all
}

// store extracts the patients.
func store(t *testing.T, profile string, all []person) (*datasets.Store, *datasets.Snapshot) {
	t.Helper()
	dir := t.TempDir()
	var patients, conditions strings.Builder
	for i, p := range all {
		resource := map[string]any{"resourceType": "Patient", "id": fmt.Sprint("p", i), "birthDate": p.birth + "-06-15", "address": []any{map[string]any{"state": p.state}}}
		if p.sex != "" {
			resource["gender"] = p.sex
		}
		text, _ := json.Marshal(resource)
		patients.Write(append(text, '\n'))
		n := 0
		for e := range p.events {
			n++
			fmt.Fprintf(&conditions, `{"resourceType":"Condition","id":"c%d-%d","subject":{"reference":"Patient/p%d"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"%s"}]},"onsetDateTime":"%s-06-15"}`+"\n", i, n, i, e[0], e[1])
		}
	}
	for name, text := range map[string]string{"Patient.ndjson": patients.String(), "Condition.ndjson": conditions.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := datasets.CreateStore(t.Context(), filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, err := datasets.CreateKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	report, err := datasets.Extract(t.Context(), s, datasets.ExtractRequest{Source: dir, Profile: profile, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	sn, err := s.Open(report.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return s, sn
}

// TestSnapshot holds classes and longitudinal uniqueness of an extract against a plain count over the
// patients it was made from.
func TestSnapshot(t *testing.T) {
	for seed := range uint64(4) {
		all := people(seed, 40+int(seed)*20)
		_, sn := store(t, "limited", all)
		got, err := risk.Measure(t.Context(), sn, risk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		classes := map[string]int{}
		for _, p := range all {
			classes[p.birth+p.sex+p.state]++
		}
		uniques := int64(0)
		for _, n := range classes {
			if n == 1 {
				uniques++
			}
		}
		if got.Records != int64(len(all)) || got.Classes != int64(len(classes)) || got.Uniques != uniques || got.Profile != "limited" {
			t.Errorf("seed %d: %d records, %d classes, %d uniques; counted %d, %d, %d", seed, got.Records, got.Classes, got.Uniques, len(all), len(classes), uniques)
		}
		traces := got.Traces
		if traces.Sampled != int64(len(all)) {
			t.Fatalf("%d of %d persons were looked at", traces.Sampled, len(all))
		}
		for i, p := range []int{2, 3} {
			any, drawn := uniqueOn(all, p)
			if math.Abs(float64(traces.Points[i].Any)-any) > 1e-9 {
				t.Errorf("seed %d: unique on some %d pairs: %g, counted %g", seed, p, float64(traces.Points[i].Any), any)
			}
			// One draw a person: near the mean over all draws, by six standard errors.
			if d := math.Abs(float64(traces.Points[i].Drawn) - drawn); d > 6*math.Sqrt(0.25/float64(len(all))) {
				t.Errorf("seed %d: unique on %d drawn pairs: %g, expected %g", seed, p, float64(traces.Points[i].Drawn), drawn)
			}
			if traces.Points[i].Drawn > traces.Points[i].Any {
				t.Errorf("seed %d: more are unique on drawn pairs than on some", seed)
			}
		}
	}
}

// uniqueOn counts who is unique on some p of the pairs, and on p drawn at random.
func uniqueOn(all []person, p int) (some, drawn float64) {
	for i, one := range all {
		var trace [][2]string
		for e := range one.events {
			trace = append(trace, e)
		}
		subsets, unique := 0, 0
		for mask := range 1 << len(trace) {
			var points [][2]string
			for j, e := range trace {
				if mask>>j&1 == 1 {
					points = append(points, e)
				}
			}
			if len(points) != p {
				continue
			}
			subsets++
			alone := true
			for k, other := range all {
				has := k != i
				for _, e := range points {
					has = has && other.events[e]
				}
				alone = alone && !has
			}
			if alone {
				unique++
			}
		}
		if unique > 0 {
			some++
			drawn += float64(unique) / float64(subsets)
		}
	}
	return some / float64(len(all)), drawn / float64(len(all))
}

// TestRecord: the report is a snapshot whose input is the extract, comes back as it was made, and is made once.
func TestRecord(t *testing.T) {
	for _, profile := range []string{"shifted", "limited"} {
		s, sn := store(t, profile, people(9, 30))
		first, made, skipped, err := risk.Record(t.Context(), s, sn, risk.Options{Also: []int64{7}})
		if err != nil || skipped {
			t.Fatal(err, skipped)
		}
		if m := first.Manifest(); m.Kind != risk.Kind || len(m.Inputs) != 1 || m.Inputs[0].ID != sn.ID() {
			t.Errorf("manifest %+v", m)
		}
		again, read, skipped, err := risk.Record(t.Context(), s, sn, risk.Options{Also: []int64{7}})
		if err != nil || !skipped || again.ID() != first.ID() {
			t.Error("the second time", err, skipped)
		}
		a, _ := json.Marshal(made)
		b, _ := json.Marshal(read)
		if string(a) != string(b) {
			t.Errorf("made\n%s\nread\n%s", a, b)
		}
		if found, r, err := risk.Of(s, sn.ID()); err != nil || found == nil || r.Records != 30 {
			t.Error("not found by its extract", err)
		}
		if report, err := s.Verify(t.Context()); err != nil || report.Err() != nil {
			t.Error(err, report.Err())
		}
		if _, err := risk.Measure(t.Context(), sn, risk.Options{Quasi: []string{"sexx"}}); err == nil || !strings.Contains(err.Error(), `did you mean "sex"?`) {
			t.Errorf("an unknown name: %v", err)
		}
	}
}

package risk_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/datasets/risk"
	"farr/internal/source"
)

// TestClasses holds every figure of a file against a plain count, on random tables with missing values,
// values that need quotes, and each delimiter.
func TestClasses(t *testing.T) {
	dir := t.TempDir()
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 0))
		values := []string{"", "a", "b, or c", "d;e", `f "g"`, "=h\n2"}
		n := 1 + random.IntN(400)
		var rows [][]string
		for range n {
			rows = append(rows, []string{values[random.IntN(6)], fmt.Sprint(random.IntN(4)), values[random.IntN(2)], values[random.IntN(3)]})
		}
		path := filepath.Join(dir, fmt.Sprint(seed, ".csv"))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := csv.NewWriter(f)
		w.Comma = rune(",;\t|"[seed%4])
		w.Write([]string{"one", "two", "three", "secret"})
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		f.Close()
		got, err := risk.MeasureFile(t.Context(), path, risk.FileOptions{Quasi: []string{"one", "two", "three"}, Sensitive: "secret", Also: []int64{7}})
		if err != nil {
			t.Fatal(err)
		}
		check(t, got, rows)
	}
}

// check counts classes the plain way. The last column is the sensitive one.
func check(t *testing.T, got *risk.Report, rows [][]string) {
	t.Helper()
	classes := map[string]map[string]int{}
	for _, r := range rows {
		last := len(r) - 1
		key := strings.Join(r[:last], "\x00")
		if classes[key] == nil {
			classes[key] = map[string]int{}
		}
		classes[key][r[last]]++
	}
	least, most, uniques, below, alike, fewest, entropy := len(rows), 0, 0, 0, 0, len(rows), math.Inf(1)
	for _, secrets := range classes {
		n := 0
		for _, c := range secrets {
			n += c
		}
		h := 0.0
		for _, c := range secrets {
			p := float64(c) / float64(n)
			h -= p * math.Log(p)
		}
		least, most, fewest, entropy = min(least, n), max(most, n), min(fewest, len(secrets)), min(entropy, h)
		if n == 1 {
			uniques++
		}
		if n < 7 {
			below += n
		}
		if n > 1 && len(secrets) == 1 {
			alike++
		}
	}
	share, _ := got.ShareBelow(7)
	for what, pair := range map[string][2]float64{
		"records": {float64(got.Records), float64(len(rows))}, "classes": {float64(got.Classes), float64(len(classes))},
		"smallest": {float64(got.Smallest), float64(least)}, "largest": {float64(got.Largest), float64(most)}, "uniques": {float64(got.Uniques), float64(uniques)},
		"share below 7": {float64(share), float64(below) / float64(len(rows))}, "highest": {float64(got.Highest), 1 / float64(least)},
		"average": {float64(got.Average), float64(len(classes)) / float64(len(rows))}, "distinct l": {float64(got.Diversity.Distinct), float64(fewest)},
		"entropy l": {float64(got.Diversity.Entropy), math.Exp(entropy)}, "alike": {float64(got.Diversity.Alike), float64(alike)},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: %g, counted %g", what, pair[0], pair[1])
		}
	}
	var inBands, classesInBands int64
	for _, b := range got.Sizes {
		inBands, classesInBands = inBands+b.Records, classesInBands+b.Classes
	}
	if inBands != got.Records || classesInBands != got.Classes {
		t.Errorf("bands hold %d records and %d classes", inBands, classesInBands)
	}
}

// TestBadFile: a file that is no table is refused with its places, and no value of it is told.
func TestBadFile(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, quasi, want string }{
		"empty":          {"", "a", ":1:1: no-header"},
		"no column":      {"sex,age\nmale,Jane-Doe\n", "sex,agee", `unknown-column: --quasi: no column "agee" (the first line has the names of the columns, of which there are 2)`},
		"twice":          {"sex,age\nmale,1\n", "sex,sex", "duplicate-column"},
		"double name":    {"sex,sex\nmale,1\n", "sex", "bad-header"},
		"ragged":         {"sex,age\nmale,1\nJane-Doe\nmale,2,Jane-Doe\n", "sex", ":3:1: bad-line"},
		"bad quotes":     {"sex,age\nmale,\"Jane\"Doe\n", "sex", ":2:"},
		"only names":     {"sex,age\n", "sex", "no rows"},
		"no quasi at al": {"sex,age\nmale,1\n", "", "no quasi-identifiers"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "f.csv")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var quasi []string
			if c.quasi != "" {
				quasi = strings.Split(c.quasi, ",")
			}
			_, err := risk.MeasureFile(t.Context(), path, risk.FileOptions{Quasi: quasi})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %s", err, c.want)
			}
			if strings.Contains(err.Error(), "Jane") {
				t.Errorf("a value is told: %v", err)
			}
		})
	}
	if err := os.WriteFile(filepath.Join(dir, "f.parquet"), []byte("no parquet"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := risk.MeasureFile(t.Context(), filepath.Join(dir, "f.parquet"), risk.FileOptions{Quasi: []string{"a"}})
	if d, ok := err.(source.Diagnostic); !ok || d.Code != "bad-parquet" {
		t.Errorf("error %v", err)
	}
}

// TestThresholds: each figure beyond its own threshold is named, and one at it is not.
func TestThresholds(t *testing.T) {
	r := &risk.Report{Highest: 0.5, Average: 0.2, Unique: 0.01, Below: []risk.Below{{K: 11, Share: 0.3}}}
	at := risk.Thresholds{K: 11, Below: 0.3, Highest: 0.5, Average: 0.2, Uniques: 0.01}
	if err := at.Judge(r); err != nil {
		t.Errorf("at the thresholds: %v", err)
	}
	for figure, lower := range map[string]func(*risk.Thresholds){
		"below_k (k = 11)": func(t *risk.Thresholds) { t.Below = 0.29 }, "highest": func(t *risk.Thresholds) { t.Highest = 0.49 },
		"average": func(t *risk.Thresholds) { t.Average = 0.19 }, "uniques": func(t *risk.Thresholds) { t.Uniques = 0 },
	} {
		limits := at
		lower(&limits)
		err := limits.Judge(r)
		gate, ok := err.(*risk.GateError)
		if !ok || !gate.PrivacyGate() || len(gate.Breaches) != 1 || !strings.Contains(err.Error(), figure+" is ") {
			t.Errorf("%s: %v", figure, err)
		}
	}
	if err := (risk.Thresholds{K: 13}).Judge(r); err == nil || strings.Contains(err.Error(), "beyond") {
		t.Errorf("a k that was not measured: %v", err)
	}
}

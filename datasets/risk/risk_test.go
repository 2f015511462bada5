package risk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"farr/datasets/risk"
)

// adult is the UCI extract that ARX is tested on; see doc.go for where to get it.
func adult(t testing.TB) string {
	path := os.Getenv("FARR_ADULT")
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip("skipped: no cache directory to look for adult.csv in")
		}
		path = filepath.Join(cache, "farr", "adult.csv")
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("skipped: the UCI adult extract is not at %s; doc.go says how to get it", path)
	}
	return path
}

var adultColumns = []string{"sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation", "salary-class"}

// TestAdult: the figures are those that ARX gives for all nine columns (TestRiskMetrics.testAverageRisk2 of ARX).
func TestAdult(t *testing.T) {
	r, err := risk.MeasureFile(t.Context(), adult(t), risk.FileOptions{Quasi: adultColumns})
	if err != nil {
		t.Fatal(err)
	}
	if r.Records != 30162 || r.Classes != 19502 || r.Uniques != 15512 || float64(r.Average) != 0.6465751607983555 || r.Highest != 1 || r.Smallest != 1 {
		t.Errorf("%+v", *r)
	}
}

func BenchmarkFile(b *testing.B) {
	const n = 10_000_000
	path := filepath.Join(b.TempDir(), "rows.csv")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 1<<20)
	buf = append(buf, "age,sex,zip,race,language,job\n"...)
	x := uint64(1)
	next := func(m uint64) uint64 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return x % m
	}
	for range n {
		buf = fmt.Appendf(buf, "%d,%c,%03d,%d,l%d,job%d\n", 18+next(80), "mf"[next(2)], next(900), next(6), next(12), next(40))
		if len(buf) > 1<<19 {
			if _, err := f.Write(buf); err != nil {
				b.Fatal(err)
			}
			buf = buf[:0]
		}
	}
	if _, err := f.Write(buf); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		r, err := risk.MeasureFile(b.Context(), path, risk.FileOptions{Quasi: []string{"age", "sex", "zip", "race", "language", "job"}, TempDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		if r.Records != n {
			b.Fatalf("%d records", r.Records)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

package synth

import (
	"context"
	"testing"
	"time"
)

func options(t testing.TB, patients int) Options {
	return Options{
		Patients: patients, Seed: 1, Sites: 12, Out: t.TempDir(),
		Start: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		s, err := Generate(context.Background(), options(b, 5000))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(s.Lines), "resources")
		b.ReportMetric(float64(s.PlainBytes)/1e6, "MB")
	}
}

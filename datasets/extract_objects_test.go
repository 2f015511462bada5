package datasets

import (
	"fmt"
	"os"
	"testing"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/columnar"
)

// A table is cut at the first bucket boundary past the limit: objects hold whole
// buckets, side by side from 0 to 63, and row groups stay small.
func TestExtractCutsObjects(t *testing.T) {
	const patients = columnar.ObjectRows + 40_000
	lines := make([]string, patients)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i)
	}
	report, sn := extracted(t, ExtractRequest{Source: export(t, map[string][]string{"x.ndjson": lines})})
	if report.Stored != patients {
		t.Fatalf("stored %d", report.Stored)
	}
	tab, _ := sn.Table("patient")
	if len(tab.Objects) != 2 || tab.Rows() != patients {
		t.Fatalf("%d objects with %d rows", len(tab.Objects), tab.Rows())
	}
	next := 0
	for i, o := range tab.Objects {
		if o.LowBucket != next || o.HighBucket < o.LowBucket {
			t.Errorf("object %d holds buckets %d to %d, want from %d", i, o.LowBucket, o.HighBucket, next)
		}
		next = o.HighBucket + 1
		f, err := os.Open(sn.Paths("patient")[i])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		file, err := parquet.OpenFile(f, o.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if policy, _ := file.Lookup("farr.policy"); policy != sn.Manifest().Recipe["policy"] {
			t.Errorf("the footer names policy %q", policy)
		}
		for _, g := range file.RowGroups() {
			if g.NumRows() > columnar.GroupRows {
				t.Errorf("a row group of %d rows", g.NumRows())
			}
			values := make([]parquet.Value, g.NumRows())
			pages := g.ColumnChunks()[0].Pages()
			for n := 0; n < len(values); {
				page, err := pages.ReadPage()
				if err != nil {
					t.Fatal(err)
				}
				m, _ := page.Values().ReadValues(values[n:])
				for _, v := range values[n : n+m] {
					if bucket := int(v.ByteArray()[0]) >> 2; bucket < o.LowBucket || bucket > o.HighBucket {
						t.Fatalf("bucket %d in an object of %d to %d", bucket, o.LowBucket, o.HighBucket)
					}
				}
				n += m
			}
			pages.Close()
		}
	}
	if next != 64 {
		t.Errorf("the last object ends with bucket %d", next-1)
	}
}

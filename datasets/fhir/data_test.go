package fhir

import (
	"context"
	"testing"
)

// The exports that others wrote are read without a reject, and without a suspicion that they are not R4.
func TestRealExports(t *testing.T) {
	for folder, want := range map[string]struct{ lines, types, ignored int }{
		"synthea-615":    {147_871, 13, 0},
		"qicore-86":      {24_285, 20, 0},
		"bulk-export-13": {7_160, 13, 1},
	} {
		t.Run(folder, func(t *testing.T) {
			src := sharedSource(t, folder)
			var d Doc
			lines := 0
			types := map[string]bool{}
			for _, in := range src.Inputs {
				err := in.Lines(context.Background(), func(l Line) error {
					lines++
					if why := d.Parse(l.Bytes); why != "" {
						t.Fatalf("%s:%d: %s", in.Name, l.Number, why)
					}
					if f, ok := d.NotR4(); ok {
						t.Fatalf("%s:%d: taken for %s by %s", in.Name, l.Number, f.Release, f.What)
					}
					types[d.Type()] = true
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if lines != want.lines || len(types) != want.types || len(src.Ignored) != want.ignored {
				t.Errorf("%d lines, %d types, %d ignored; want %+v", lines, len(types), len(src.Ignored), want)
			}
		})
	}
}

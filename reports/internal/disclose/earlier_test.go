package disclose

import (
	"errors"
	"strings"
	"testing"

	"farr/reports/internal/disclose/attack"
)

// twoSexes is a measure of which one sex has five in the numerator.
func twoSexes() ExactMeasure {
	return ExactMeasure{Name: "m", Headline: "2024", Rows: []Exact{row("2024", "all", "all", 100, 240), row("2024", "sex", "female", 5, 120), row("2024", "sex", "male", 95, 120)}}
}

func border(t *testing.T) *Border {
	t.Helper()
	b, err := NewBorder("external", "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEarlierReleases: what an earlier release of the same snapshot shows is known for good. Where it leaves a hidden
// number open, the report is not made; the same release again, and one of other data, change nothing.
func TestEarlierReleases(t *testing.T) {
	first := border(t)
	alone, err := first.Measure(t.Context(), twoSexes())
	if err != nil {
		t.Fatal(err)
	}
	if alone.Hidden != 2 {
		t.Fatalf("%d rows hidden, want both sexes", alone.Hidden)
	}
	careless := Released{Name: "measure m", System: first.Released()[0].System}
	careless.System.Cells = append([]attack.Cell(nil), careless.System.Cells...)
	for i, c := range careless.System.Cells {
		if strings.HasSuffix(c.Key, "|sex|male|numerator") {
			careless.System.Cells[i].State = attack.Shown
		}
	}
	recounted := Released{Name: "measure m", System: careless.System}
	recounted.System.Cells = append([]attack.Cell(nil), careless.System.Cells...)
	for i, c := range recounted.System.Cells {
		if strings.HasSuffix(c.Key, "|all|all|numerator") {
			recounted.System.Cells[i].Value++
		}
	}
	for _, c := range []struct {
		name    string
		earlier Earlier
		unsafe  bool
		counted int
		shown   int
	}{
		{"the same release", Earlier{ID: "1", Same: true, Systems: first.Released()}, false, 0, 0},
		{"one that shows too much", Earlier{ID: "1", Same: true, Systems: []Released{careless}}, true, 0, 0},
		{"one of other data", Earlier{ID: "1", Systems: []Released{careless}}, false, 0, 1},
		{"one that counts otherwise", Earlier{ID: "1", Same: true, Systems: []Released{recounted}}, false, 0, 1},
		{"another measure", Earlier{ID: "1", Same: true, Systems: []Released{{Name: "measure other", System: careless.System}}}, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := border(t)
			b.Against([]Earlier{c.earlier})
			_, err := b.Measure(t.Context(), twoSexes())
			var unsafe *UnsafeError
			if errors.As(err, &unsafe) != c.unsafe || err != nil && !c.unsafe {
				t.Fatal(err)
			}
			if cert := b.Certificate(); !c.unsafe && (cert.Earlier != c.counted || cert.Elsewhere != c.shown || cert.Recoverable != 0) {
				t.Errorf("%+v", cert)
			}
		})
	}
}

// TestAlike: releases of one name are attacked together where their numbers are the same, not only where the first's are.
func TestAlike(t *testing.T) {
	of := func(cells ...attack.Cell) Released { return Released{Name: "m", System: attack.System{Cells: cells}} }
	a, b, c := of(attack.Cell{Key: "x", Value: 1}), of(attack.Cell{Key: "x", Value: 2}), of(attack.Cell{Key: "x", Value: 1}, attack.Cell{Key: "y", Value: 3})
	other := of(attack.Cell{Key: "y", Value: 4})
	groups := Alike([]Released{a, b, c, other})
	if len(groups) != 2 || len(groups[0]) != 2 || len(groups[1]) != 2 {
		t.Errorf("%d groups: %v", len(groups), groups)
	}
	for _, g := range groups {
		if _, err := Together(g); err != nil {
			t.Error(err)
		}
	}
}

// TestEarlierReleaseHidesMore: a total that an earlier release shows makes the new one hide more.
func TestEarlierReleaseHidesMore(t *testing.T) {
	x := ExactMeasure{Name: "m", Rows: []Exact{row("2024", "sex", "female", 50, 120), row("2024", "sex", "male", 95, 140), row("2024", "sex", "other", 4, 130)}}
	whole := x
	whole.Rows = append([]Exact{row("2024", "all", "all", 149, 390)}, x.Rows...)
	hidden := func(known ...Earlier) int {
		b := border(t)
		b.Against(known)
		m, err := b.Measure(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		return m.Hidden
	}
	first := border(t)
	if _, err := first.Measure(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	if alone, with := hidden(), hidden(Earlier{ID: "1", Same: true, Systems: first.Released()}); with < alone || with < 2 {
		t.Errorf("%d hidden alone, %d beside the total", alone, with)
	}
}

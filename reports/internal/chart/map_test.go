package chart

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// squares are regions of a made map, in a row.
func squares(names ...string) Regions {
	r := Regions{}
	for i, n := range names {
		x := float64(100 * i)
		r[n] = Region{Name: n, Path: fmt.Sprintf("M%g 0l90 0 0 90-90 0z", x), Box: [4]float64{x, 0, x + 90, 90}, At: [2]float64{x + 45, 45}}
	}
	return r
}

func mapAreas() []MapArea {
	var areas []MapArea
	for i, p := range ratesOf(disclose.External, [][2]int64{{100, 1000}, {4, 500}, {0, 400}, {320, 900}, {240, 800}}, 0) {
		name := string(rune('A' + i))
		areas = append(areas, MapArea{Regions: []string{name}, Label: name + "&", Rate: p.Rate})
	}
	return append(areas, MapArea{Regions: []string{"F"}, Label: "F"})
}

func TestMapIsGolden(t *testing.T) {
	areas := mapAreas()
	var rates []disclose.Rate
	for _, a := range areas {
		rates = append(rates, a.Rate)
	}
	regions := squares("A", "B", "C", "D", "E", "G")
	svg, missing, err := Map(Label{ID: "map", Title: "A title", Description: "What it shows", Words: text.English()}, regions, regions, ClassesOf(disclose.Percent, rates), areas)
	if err != nil || !slices.Equal(missing, []string{"F"}) {
		t.Fatalf("missing %v, %v", missing, err)
	}
	drawn := string(svg.HTML())
	golden(t, "map.svg", []byte(strings.ReplaceAll(drawn, "><", ">\n<")+"\n"))
	if n := strings.Count(drawn, `fill="url(#map-hidden)"`); n != 1 {
		t.Errorf("%d hatched areas, want 1", n)
	}
	if n := strings.Count(drawn, `fill="`+zeroShade+`"`); n != 1 {
		t.Errorf("%d areas of zero, want 1", n)
	}
	if strings.Contains(drawn, "A&<") || !strings.Contains(drawn, "A&amp;") {
		t.Error("a name is not text")
	}
	if _, _, err := Map(Label{ID: "map", Words: text.English()}, regions, regions, Classes{}, areas[5:]); err == nil {
		t.Error("a map without a boundary was drawn")
	}
}

// TestAtlas: every state has a boundary, every county lies in the box of its state's map, and a map of all states is small.
func TestAtlas(t *testing.T) {
	states, err := States()
	if err == ErrAssetMissing {
		t.Skip("chart asset missing: run make")
	}
	if err != nil || len(states) != 51 {
		t.Fatalf("%d states, %v", len(states), err)
	}
	counties, err := Counties()
	if err != nil || len(counties) < 3100 {
		t.Fatalf("%d counties, %v", len(counties), err)
	}
	if r := counties["36061"]; r.Name != "New York" || r.Box[0] < states["NY"].Box[0]-10 || r.Box[2] > states["NY"].Box[2]+10 {
		t.Errorf("county 36061 is %s at %v, and its state is at %v", r.Name, r.Box, states["NY"].Box)
	}
	var areas []MapArea
	rates := ratesOf(disclose.Internal, [][2]int64{{100, 1000}}, 0)
	for name := range states {
		areas = append(areas, MapArea{Regions: []string{name}, Label: name, Rate: rates[0].Rate})
	}
	slices.SortFunc(areas, func(a, b MapArea) int { return strings.Compare(a.Label, b.Label) })
	svg, _, err := Map(Label{ID: "m", Words: text.English()}, states, states, Classes{}, areas)
	if n := len(svg.HTML()); err != nil || n > 80_000 || n < 30_000 {
		t.Errorf("a map of all states has %d bytes, %v", n, err)
	}
}

package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/reports/internal/chart"
)

// square is a feature of one degree by one, its south-west corner at a longitude and 40 north.
func square(name string, west int) string {
	return fmt.Sprintf(`{"type": "Feature", "properties": {"ZCTA3": %q, "land": 1}, "geometry": {"type": "Polygon", "coordinates": [[[%[2]d,40],[%[3]d,40],[%[3]d,41],[%[2]d,41],[%[2]d,40]]]}}`, name, west, west+1)
}

func collection(features ...string) string {
	return "{\"type\": \"FeatureCollection\",\n \"features\": [\n  " + strings.Join(features, ",\n  ") + "\n ]}\n"
}

// TestBoundaryMistakes: each mistake in a file of boundaries is told at once with file, line, column, code and hint.
func TestBoundaryMistakes(t *testing.T) {
	in := constructed(6000, siteNames(), onePage)
	for _, c := range []struct{ name, text, property, area, want string }{
		{"broken.geojson", "{\n \"features\": [\n  {x", "ZCTA3", "state", "broken.geojson:3:3: bad-json: the file is not JSON from here on"},
		{"topo.json", `{"type": "Topology"}`, "ZCTA3", "state", `topo.json:1:1: not-geojson: there is no list of features (a GeoJSON FeatureCollection (RFC 7946))`},
		{"other.geojson", collection(square("CT", -73), square("MA", -72)), "ZCTA3", "state",
			`other.geojson:1:1: missing-region: there is no boundary of state NJ, NY (a feature's property ZCTA3 names its place; here are CT, MA)`},
		{"property.geojson", collection(square("CT", -73)), "name", "state", `property.geojson:3:3: missing-property: a feature has no property "name" (it has ZCTA3, land)`},
		{"area.geojson", collection(square("CT", -73)), "ZCTA3", "zip3", `area.geojson: unknown-area: no cohort in the results has new cases by place "zip3" (what can be drawn of these results: state)`},
		{"sex.geojson", collection(square("female", -73), square("male", -72)), "ZCTA3", "sex", `sex.geojson: unknown-area: no cohort in the results has new cases by place "sex" (what can be drawn of these results: state)`},
		{"line.geojson", collection(square("CT", -73), strings.Replace(square("MA", -72), "Polygon", "LineString", 1), strings.Replace(square("NJ", -74), "[-74,40]]]", "[-74,39]]]", 1), square("NY", 1900)), "ZCTA3", "state",
			"line.geojson:4:3: bad-boundary: a feature is no area (a Polygon or MultiPolygon in degrees, longitude first, WGS 84)\n" +
				"line.geojson:5:3: bad-boundary: a feature has an edge that does not close (a Polygon or MultiPolygon in degrees, longitude first, WGS 84)\n" +
				"line.geojson:6:3: bad-boundary: a feature has coordinates that are not in degrees (a Polygon or MultiPolygon in degrees, longitude first, WGS 84)"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readBoundaries([]Boundaries{{c.area, path, c.property}}, in)
		if err == nil {
			t.Errorf("%s is taken", c.name)
			continue
		}
		got := strings.ReplaceAll(err.Error(), dir+"/", "")
		if c.name == "line.geojson" { // and what these leave without a boundary
			var lines []string
			for _, l := range strings.Split(got, "\n") {
				if strings.Contains(l, "bad-boundary") {
					lines = append(lines, l)
				}
			}
			got = strings.Join(lines, "\n")
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
	for _, bad := range []string{"", "zip3=file", "zip3:=file", ":x=file", "zip3:x="} {
		if _, err := ParseBoundaries(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestOwnBoundaries: a file of one's own is drawn in place of the built-in map; equal areas stay equal, a feature
// of several is one region, and north is up.
func TestOwnBoundaries(t *testing.T) {
	in := constructed(6000, siteNames(), onePage)
	path := filepath.Join(t.TempDir(), "own.geojson")
	if err := os.WriteFile(path, []byte(collection(square("CT", -73), square("MA", -72), square("NJ", -75), square("NY", -74), square("NY", -76))), 0o600); err != nil {
		t.Fatal(err)
	}
	regions, err := readBoundaries([]Boundaries{{"state", path, "ZCTA3"}}, in)
	if err != nil {
		t.Fatal(err)
	}
	states := regions["state"]
	if len(states) != 4 || strings.Count(states["NY"].Path, "M") != 2 || strings.Count(states["CT"].Path, "M") != 1 {
		t.Fatalf("regions %v", states)
	}
	width := func(r chart.Region) float64 { return r.Box[2] - r.Box[0] }
	if a, b := width(states["CT"]), width(states["NJ"]); a/b > 1.02 || b/a > 1.02 || states["NJ"].Box[0] > states["CT"].Box[0] {
		t.Errorf("widths %v and %v", a, b)
	}
	req := requestIn(t, External, onePage)
	req.Boundaries = []Boundaries{{"state", path, "ZCTA3"}}
	page := built(t, in, req)["cohorts/incident-type-2-diabetes.html"]
	if !strings.Contains(page, states["CT"].Path) {
		t.Error("the boundary is not on the page")
	}
	if strings.Contains(page, "There is no map") {
		t.Error("the page says that there is no map")
	}
}

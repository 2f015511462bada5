package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"farr/internal/source"
	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/page"
)

// Boundaries is a file of boundaries for the places of a cohort's stratum: GeoJSON (RFC 7946), whose features are areas that
// name their place in a property.
type Boundaries struct {
	Area     string // zip3, state, site, or the id of an area of a cohort
	File     string
	Property string
}

// ParseBoundaries reads what a command line says: AREA:PROPERTY=FILE.
func ParseBoundaries(text string) (Boundaries, error) {
	name, file, ok := strings.Cut(text, "=")
	area, property, named := strings.Cut(name, ":")
	if !ok || !named || area == "" || property == "" || file == "" {
		return Boundaries{}, errors.New("boundaries are AREA:PROPERTY=FILE, such as zip3:ZCTA3=zip3.geojson")
	}
	return Boundaries{area, file, property}, nil
}

// readBoundaries gives the regions of each area. Every mistake is in the error, with its place in the file; so
// is each place of the results that the file has no boundary of.
func readBoundaries(list []Boundaries, in input) (map[string]chart.Regions, error) {
	out := map[string]chart.Regions{}
	var mistakes source.Diagnostics
	for _, b := range list {
		report := func(pos source.Pos, code, message, hint string) {
			pos.File = b.File
			mistakes = append(mistakes, source.Diagnostic{Pos: pos, Code: code, Message: message, Hint: hint})
		}
		places := placesOf(in, b.Area)
		if places == nil {
			hint := "no cohort of these results has new cases by place, so that nothing can be drawn"
			if drawn := strataByPlace(in); len(drawn) > 0 {
				hint = "what can be drawn of these results: " + strings.Join(drawn, ", ")
			}
			report(source.Pos{}, "unknown-area", fmt.Sprintf("no cohort in the results has new cases by place %q", b.Area), hint)
			continue
		}
		data, err := os.ReadFile(b.File)
		if err != nil {
			return nil, fmt.Errorf("read boundaries: %w", err)
		}
		found := features(data, b.Property, report)
		if len(found) == 0 {
			continue
		}
		var lacks []string
		for _, p := range places {
			if found[p] == nil {
				lacks = append(lacks, p)
			}
		}
		if len(lacks) > 0 {
			report(source.Pos{Line: 1, Column: 1}, "missing-region", fmt.Sprintf("there is no boundary of %s %s", b.Area, some(lacks)),
				fmt.Sprintf("a feature's property %s names its place; here are %s", b.Property, some(slices.Sorted(maps.Keys(found)))))
			continue
		}
		out[b.Area] = chart.Project(found)
	}
	return out, mistakes.Err()
}

// some are a few of many names.
func some(names []string) string {
	if len(names) <= 5 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:5], ", "), len(names)-5)
}

// byPlace goes through the new cases of cohorts by place, which are what a map is drawn of.
func byPlace(in input, each func(stratum, value string)) {
	cohorts := map[string]page.Cohort{}
	for _, d := range in.definitions {
		cohorts[d.ID] = page.Cohort{Definition: d}
	}
	for _, r := range in.grouped {
		if r.Kind == measures.RateIncidence && cohorts[r.Cohort].ByPlace(r.Stratum) {
			each(r.Stratum, r.Value)
		}
	}
}

// strataByPlace are the strata that a map can be drawn of.
func strataByPlace(in input) []string {
	var out []string
	byPlace(in, func(stratum, _ string) {
		if !slices.Contains(out, stratum) {
			out = append(out, stratum)
		}
	})
	slices.Sort(out)
	return out
}

// placesOf are the places of a stratum, without those who live in none that is known; nil where no cohort has it.
func placesOf(in input, stratum string) []string {
	var out []string
	byPlace(in, func(of, value string) {
		if of != stratum {
			return
		}
		if out == nil {
			out = []string{}
		}
		if !page.NoPlace(value) && !slices.Contains(out, value) {
			out = append(out, value)
		}
	})
	slices.Sort(out)
	return out
}

// geoFeature is a feature of a collection.
type geoFeature struct {
	Properties map[string]any `json:"properties"`
	Geometry   struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"geometry"`
}

// features gives the rings of each place. Features of one place are one region.
func features(data []byte, property string, report func(pos source.Pos, code, message, hint string)) map[string][]chart.Ring {
	d := json.NewDecoder(bytes.NewReader(data))
	bad := func(pos source.Pos) { report(pos, "bad-json", "the file is not JSON from here on", "") }
	if found, err := toFeatures(d); err != nil {
		bad(posOf(data, d.InputOffset()))
		return nil
	} else if !found {
		report(source.Pos{Line: 1, Column: 1}, "not-geojson", "there is no list of features", "a GeoJSON FeatureCollection (RFC 7946)")
		return nil
	}
	out := map[string][]chart.Ring{}
	for d.More() {
		begin := d.InputOffset()
		for begin < int64(len(data)) && strings.ContainsRune(" \t\r\n,", rune(data[begin])) {
			begin++
		}
		pos := posOf(data, begin)
		var f geoFeature
		if err := d.Decode(&f); err != nil {
			if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
				report(pos, "not-geojson", "this is no feature of GeoJSON", "")
				continue
			}
			bad(pos)
			return nil
		}
		name, ok := f.Properties[property].(string)
		if n, number := f.Properties[property].(float64); number {
			name, ok = fmt.Sprintf("%.0f", n), true
		}
		if !ok {
			report(pos, "missing-property", fmt.Sprintf("a feature has no property %q", property), "it has "+some(slices.Sorted(maps.Keys(f.Properties))))
			continue
		}
		rings, why := ringsOf(f.Geometry.Type, f.Geometry.Coordinates)
		if why != "" {
			report(pos, "bad-boundary", "a feature "+why, "a Polygon or MultiPolygon in degrees, longitude first, WGS 84")
			continue
		}
		out[name] = append(out[name], rings...)
	}
	return out
}

// toFeatures goes to the first feature of the collection.
func toFeatures(d *json.Decoder) (bool, error) {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false, err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return false, err
		}
		if key == "features" {
			t, err := d.Token()
			return t == json.Delim('['), err
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return false, err
		}
	}
	return false, nil
}

// ringsOf are the rings of an area, or why it is none.
func ringsOf(kind string, coordinates json.RawMessage) ([]chart.Ring, string) {
	var areas [][][][]float64
	switch kind {
	case "Polygon":
		areas = make([][][][]float64, 1)
		if json.Unmarshal(coordinates, &areas[0]) != nil {
			return nil, "has coordinates that are not those of a Polygon"
		}
	case "MultiPolygon":
		if json.Unmarshal(coordinates, &areas) != nil {
			return nil, "has coordinates that are not those of a MultiPolygon"
		}
	default:
		return nil, "is no area"
	}
	var out []chart.Ring
	for _, area := range areas {
		for _, line := range area {
			var ring chart.Ring
			for _, at := range line {
				if len(at) < 2 || !(at[0] >= -180 && at[0] <= 180 && at[1] >= -90 && at[1] <= 90) {
					return nil, "has coordinates that are not in degrees"
				}
				ring = append(ring, [2]float64{at[0], at[1]})
			}
			if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
				return nil, "has an edge that does not close"
			}
			out = append(out, ring)
		}
	}
	if len(out) == 0 {
		return nil, "has no edge"
	}
	return out, ""
}

// posOf is the line and column of an offset.
func posOf(data []byte, offset int64) source.Pos {
	before := data[:min(max(0, offset), int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	start := bytes.LastIndexByte(before, '\n') + 1
	return source.Pos{Line: line, Column: len([]rune(string(before[start:]))) + 1}
}

package chart

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"

	"farr/reports/internal/disclose"
)

// Region is the boundary of a place: a path, the box around it, and where its name may stand, in the unit of its map.
type Region struct {
	Name string     `json:"name"`
	Path string     `json:"path"`
	Box  [4]float64 `json:"box"` // least x and y, greatest x and y
	At   [2]float64 `json:"at"`
}

// Regions are the places of one map, by the name that data have for them: US-style two letters of a state, five digits of
// a county, or whatever a file of one's own says.
type Regions map[string]Region

// States are the states of the United States by their two letters, projected (Albers).
func States() (Regions, error) { return atlas("states.json") }

// Counties are the counties of the United States by their five digits (FIPS), on the map of [States].
func Counties() (Regions, error) { return atlas("counties.json") }

func atlas(name string) (Regions, error) {
	b, err := fs.ReadFile(assets, "asset/"+name)
	if err != nil {
		return nil, ErrAssetMissing
	}
	var r Regions
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("boundaries %s: %w", name, err)
	}
	return r, nil
}

// MapArea is an area of one or several regions, with its rate.
type MapArea struct {
	Regions []string
	Label   string // short, to stand in it
	Rate    disclose.Rate
}

// Lengths of a map in CSS pixels.
const (
	mapWidth   = 860.0
	mapHighest = 560.0
	mapWords   = 13.0
)

// Map draws areas in the shades of their classes: zero in a colour of its own, hidden ones hatched, those with nobody to count
// white. Regions of no area, which are around them, are white with a grey line. It gives the regions that have no
// boundary. There is one drawing for all widths.
func Map(l Label, around, regions Regions, classes Classes, areas []MapArea) (SVG, []string, error) {
	var missing []string
	box := [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, a := range areas {
		for _, name := range a.Regions {
			r, ok := regions[name]
			if !ok {
				missing = append(missing, name)
				continue
			}
			box = [4]float64{math.Min(box[0], r.Box[0]), math.Min(box[1], r.Box[1]), math.Max(box[2], r.Box[2]), math.Max(box[3], r.Box[3])}
		}
	}
	if math.IsInf(box[0], 1) {
		return SVG{}, missing, fmt.Errorf("chart %s: no area has a boundary", l.ID)
	}
	pad := 0.03 * math.Max(box[2]-box[0], box[3]-box[1])
	box = [4]float64{box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad}
	scale := math.Min(mapWidth/(box[2]-box[0]), mapHighest/(box[3]-box[1]))
	width, height := mapWidth, math.Ceil((box[3]-box[1])*scale)
	left := (width/scale - (box[2] - box[0])) / 2

	p := newPlain(l)
	p.grain = 1 / scale
	fmt.Fprintf(p, `<g transform="scale(%.5f) translate(%s %s)" stroke-width="%.3f" stroke-linejoin="round">`, scale, px(left-box[0]), px(-box[1]), 1/scale)
	drawn := map[string]bool{}
	for _, a := range areas {
		for _, name := range a.Regions {
			drawn[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(around)) {
		r := around[name]
		if drawn[name] || r.Box[2] < box[0]-left || r.Box[0] > box[2]+left || r.Box[3] < box[1] || r.Box[1] > box[3] {
			continue
		}
		fmt.Fprintf(p, `<path d="%s" fill="#ffffff" stroke="#c9d1d8"></path>`, escape(r.Path))
	}
	for _, a := range areas {
		fill := p.fill(classes, a.Rate)
		for _, name := range a.Regions {
			if r, ok := regions[name]; ok {
				fmt.Fprintf(p, `<path d="%s" fill="%s" stroke="#5b6b7b"></path>`, escape(r.Path), fill)
			}
		}
	}
	p.WriteString("</g>")
	for _, a := range areas {
		if len(a.Regions) != 1 {
			continue
		}
		r, ok := regions[a.Regions[0]]
		if !ok || breadth(a.Label, mapWords) > 0.8*(r.Box[2]-r.Box[0])*scale || mapWords+3 > (r.Box[3]-r.Box[1])*scale {
			continue
		}
		halo, colour := classes.colours(a.Rate)
		if halo == "" {
			halo = "#eef1f4"
		}
		p.words((r.At[0]-box[0]+left)*scale, (r.At[1]-box[1])*scale, mapWords, "middle", colour, a.Label, ` font-weight="bold" stroke="`+halo+`" stroke-width="3" paint-order="stroke"`)
	}
	return p.done(l, width, height), missing, nil
}

// fill is the colour of an area.
func (p *plain) fill(classes Classes, r disclose.Rate) string {
	if r.State() == disclose.Suppressed {
		return p.hidden()
	}
	fill, _ := classes.colours(r)
	return fill
}

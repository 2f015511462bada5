package page

import (
	"regexp"
	"slices"

	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

var (
	stateForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	countyForm = regexp.MustCompile(`^[0-9]{5}$`)
)

// ground is the map that a stratum's areas are drawn on: of each value its regions.
type ground struct {
	around, regions chart.Regions
	of              func(value string) []string
	names           bool // regions have names that values have not
}

// groundOf finds the boundaries of a stratum: those brought for it, else states or counties; nil where there are none.
func groundOf(c Cohort, stratum string, values []string) (*ground, error) {
	itself := func(value string) []string { return []string{value} }
	if r, ok := c.Boundaries[stratum]; ok {
		return &ground{r, r, itself, false}, nil
	}
	at := c.area(stratum)
	switch {
	case stratum == "state":
		states, err := chart.States()
		return &ground{states, states, itself, false}, err
	case at >= 0 && c.Definition.Areas[at].By == "state":
		states, err := chart.States()
		return &ground{states, states, statesOf(c.Definition.Areas[at]), false}, err
	case at >= 0 && len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !countyForm.MatchString(v) }):
		states, err := chart.States()
		if err != nil {
			return nil, err
		}
		counties, err := chart.Counties()
		return &ground{states, counties, itself, true}, err
	}
	return nil, nil
}

// statesOf gives the states of an area that is made of states.
func statesOf(a measures.Area) func(value string) []string {
	of := map[string][]string{}
	for _, m := range a.Members {
		if !slices.Contains(of[m.Value], m.Place) && stateForm.MatchString(m.Place) {
			of[m.Value] = append(of[m.Value], m.Place)
		}
	}
	return func(value string) []string { return of[value] }
}

// chartMap draws the areas of a stratum on a map, where there are boundaries and something to compare, or says why
// there is no map.
func (a *artist) chartMap(v *areaView, c Cohort, stratum string) error {
	if _, own := c.Boundaries[stratum]; stratum == "site" && !own {
		return nil
	}
	var known []areaRow
	var values []string
	for _, r := range v.Rows {
		if residual(r.Value) != 2 {
			known, values = append(known, r), append(values, r.Value)
		}
	}
	if len(v.Rows) > 0 && !slices.ContainsFunc(v.Rows, func(r areaRow) bool { return r.Crude.State() != disclose.Suppressed }) {
		v.NoMap = a.Say("Every rate of these places is hidden: the counts are small, or other numbers on this page would give a small one away.")
		return nil
	}
	g, err := groundOf(c, stratum, values)
	switch {
	case err != nil:
		return err
	case g == nil:
		v.NoMap = a.Say("There is no map of these places: farr has boundaries of states and counties alone. A file of others can be named in the job, as boundaries.")
		return nil
	case len(known) < 2:
		v.NoMap = a.Say("There is no map: all known persons live in one place.")
		return nil
	}
	standard := slices.ContainsFunc(known, func(r areaRow) bool { return r.Adjusted.Shown() })
	f := Figure{ID: c.Definition.ID + "-map-" + stratum, Tall: true, DataPath: "../data/" + c.Definition.ID + "-area-" + stratum}
	var areas []chart.MapArea
	var rates []disclose.Rate
	shown := 0
	for i := range known {
		r := known[i]
		rate := r.Crude
		if standard {
			rate = r.Adjusted
		}
		if rate.Shown() {
			shown++
		}
		rates = append(rates, rate)
		areas = append(areas, chart.MapArea{Regions: g.of(r.Value), Label: r.Label, Rate: rate})
		if region, ok := g.regions[r.Value]; ok && g.names && region.Name != "" {
			areas[i].Label, known[i].Label = region.Name, region.Name+" ("+r.Value+")"
			for j := range v.Rows {
				if v.Rows[j].Value == r.Value {
					v.Rows[j].Label = region.Name + " (" + r.Value + ")"
				}
			}
		}
	}
	if shown < 2 {
		v.NoMap = a.Say("There is no map: fewer than two places have a rate that can be shown.")
		return nil
	}
	classes := chart.ClassesOf(v.Scale, rates)
	for _, k := range classes.Legend(a.Words, rates) {
		if standard && k.Kind == "nobody" { // there are people, and too few cases
			k.Words = a.Say("no standardised rate")
		}
		f.Keys = append(f.Keys, Key{k.Kind, k.Words})
	}
	what := a.Say("Crude rates")
	if standard {
		what = a.Say("Standardised rates")
	}
	f.Heading = what + " " + a.unitText(v.Scale) + ": " + a.spread(known, standard)
	f.About = a.Say("New cases, {when}. White, with a thin line: not in the data.", a.inPeriod(c.Released.Groups.Period))
	svg, missing, err := chart.Map(chart.Label{ID: f.ID, Title: a.Say("{title}: {what} by {place}", c.Definition.Title, a.lowerFirst(what), a.lowerFirst(v.Title)), Description: a.Say("{heading}. The table below the map has every number.", f.Heading), Words: a.Words}, g.around, g.regions, classes, areas)
	if err != nil {
		v.NoMap = a.Say("There is no map: none of these places has a boundary.")
		return nil
	}
	f.One = svg.HTML()
	f.Note = a.Say("Classes hold nearly the same number of places each. A large place is not a populous one: read the table.")
	if len(missing) > 0 {
		f.Note += a.Say(" Not on the map, since it has no boundary of them: {missing}.", a.join(missing))
	}
	v.Map = &f
	return nil
}

// spread names the places with the least and the greatest rate.
func (w words) spread(rows []areaRow, standard bool) string {
	of := func(r areaRow) disclose.Rate {
		if standard {
			return r.Adjusted
		}
		return r.Crude
	}
	var least, greatest *areaRow
	for i := range rows {
		if !of(rows[i]).Shown() {
			continue
		}
		v, _, _ := of(rows[i]).Plot()
		if least == nil || v < first(of(*least)) {
			least = &rows[i]
		}
		if greatest == nil || v > first(of(*greatest)) {
			greatest = &rows[i]
		}
	}
	return w.Say("from {rate} in {label} to {rate2} in {label2}", w.rateText(of(*least)), least.Label, w.rateText(of(*greatest)), greatest.Label)
}

func first(r disclose.Rate) float64 { v, _, _ := r.Plot(); return v }

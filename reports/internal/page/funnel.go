package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

const (
	funnelFrom  = 10 // sites in use from which limits of a funnel mean something
	decilesFrom = 20
)

// plainBoth draws in the two widths with a function that cannot fail.
func (a *artist) plainBoth(id, title, description string, draw func(chart.Label, chart.Size) chart.SVG) (wide, narrow template.HTML) {
	if a.charts == nil {
		return "", ""
	}
	label := func(suffix string) chart.Label {
		return chart.Label{ID: id + suffix, Title: title, Description: description, Words: a.Words}
	}
	return draw(label("-w"), chart.Wide).HTML(), draw(label("-n"), chart.Narrow).HTML()
}

// sitesOf are the sites of the headline period whose rates may be used, and how many are left out because they are
// hidden or had nobody.
func (w words) sitesOf(m Measure) (used []disclose.Row, hidden, none, lacking int) {
	for _, r := range w.rowsOf(m, "site") {
		switch {
		case residual(r.Value) == 2: // those of no site are no unit
		case r.Rate.Lacks() != disclose.NothingLacks:
			lacking++
		case r.Rate.State() == disclose.Suppressed:
			hidden++
		case !r.Rate.Shown():
			none++
		default:
			used = append(used, r)
		}
	}
	return used, hidden, none, lacking
}

// funnelled is a funnel in the rate's unit, whatever is counted.
type funnelled struct {
	mean, phi float64
	tau       float64   // standard deviation between sites beyond chance, on the transformed scale; 0 where nothing is added
	scores    []float64 // with over-dispersion allowed for
	limits    chart.FunnelLimits
}

// addedWords say what the limits allow for beyond chance.
func (w words) addedWords(f funnelled, scale string) string {
	switch {
	case f.tau > 0:
		return w.Say("sites vary beyond chance, and τ² is added to each site's variance, where τ is {tau} on the {scale} scale", w.decimals(f.tau, 4), scale)
	case f.phi < 1:
		return w.Say("sites vary less than chance alone makes them, so that nothing is added to a site's variance")
	}
	return w.Say("sites vary hardly more than chance makes them, so that nothing is added to a site's variance")
}

// funnelOf makes the funnel of sites' released numbers; only proportions and rates over time have one.
func funnelOf(scale disclose.Scale, sites []disclose.Row) (funnelled, error) {
	if scale.Timed() {
		var units []stats.UnitEvents
		for _, s := range sites {
			events, _ := s.Rate.Numerator().Value()
			years, _ := chart.FunnelSize(s.Rate)
			units = append(units, stats.UnitEvents{Events: events, Time: years})
		}
		f, err := stats.RateFunnelOf(units)
		unit := float64(scale)
		return funnelled{f.Rate0 * unit, f.Phi, math.Sqrt(f.Tau2), f.Adjusted, func(n float64) (a, b, c, d float64) {
			a, b = f.Limits(n, stats.Funnel95)
			c, d = f.Limits(n, stats.Funnel998)
			return a * unit, b * unit, c * unit, d * unit
		}}, err
	}
	var units []stats.Proportion
	for _, s := range sites {
		n, _ := s.Rate.Numerator().Value()
		d, _ := s.Rate.Denominator().Value()
		units = append(units, stats.Proportion{Numerator: n, Denominator: d})
	}
	f, err := stats.FunnelOf(units)
	return funnelled{100 * f.P0, f.Phi, math.Sqrt(f.Tau2), f.Adjusted, func(n float64) (a, b, c, d float64) {
		a, b = f.Limits(max(1, int64(n)), stats.Funnel95)
		c, d = f.Limits(max(1, int64(n)), stats.Funnel998)
		return 100 * a, 100 * b, 100 * c, 100 * d
	}}, err
}

// judged is the cause of being above or below, by which is better.
func judged(m Measure, high bool) chart.Cause {
	switch {
	case m.Definition.Direction == "":
		return chart.Unjudged
	case high != lowerIsBetter(m):
		return chart.Improving
	}
	return chart.Concerning
}

// funnel draws sites against limits of chance, or says why there are none.
func (a *artist) funnel(m Measure, overall disclose.Row) (Figure, string, error) {
	sites, hidden, none, lacking := a.sitesOf(m)
	if len(sites)+hidden+none+lacking == 0 {
		return Figure{}, "", nil
	}
	switch scale := m.Released.Scale; {
	case scale != disclose.Percent && !scale.Timed():
		return Figure{}, a.Say("There is no funnel plot of the sites: limits of chance are known for proportions and for rates over time, and this score is neither."), nil
	case len(sites) < funnelFrom:
		s := a.Say("There is no funnel plot of the sites: its limits need 10 sites with a rate, and there are {sites}", len(sites))
		if hidden > 0 {
			s += a.Say(", with {hidden} hidden", hidden)
		}
		if lacking > 0 {
			s += a.Say("; {lacking, plural, one {# site is} other {# sites are}} left out since records lack", lacking)
		}
		return Figure{}, s + ".", nil
	}
	f, err := funnelOf(m.Released.Scale, sites)
	if err != nil {
		return Figure{}, "", err
	}
	id := m.Definition.ID + "-funnel"
	out := Figure{ID: id, DataPath: "../data/" + id, Hidden: hidden > 0}
	t := Table{Caption: a.Say("sites against limits of chance, {period}", a.periodWords(m.Headline)), Labels: []string{a.Say("Site")}, Rated: true, Scale: m.Released.Scale,
		Derived: []string{a.Say("Lower 99.8 % limit"), a.Say("Lower 95 % limit"), a.Say("Upper 95 % limit"), a.Say("Upper 99.8 % limit"), a.Say("Score"), a.Say("Place")}}
	var points []chart.FunnelPoint
	var outside []string
	near, onFeed, hollow := 0, 0, false
	seen := map[chart.Cause]bool{}
	for i, s := range sites {
		size, _ := chart.FunnelSize(s.Rate)
		v, _, _ := s.Rate.Plot()
		l95, h95, l998, h998 := f.limits(size)
		place, cause := a.Say("within"), chart.CommonCause
		switch {
		case v < l998 || v > h998:
			place, cause = side(v > h998, a.Say("above 99.8 %"), a.Say("below 99.8 %")), judged(m, v > h998)
			words := a.valueLabel("site", s.Value) + ", " + a.rateWords(s.Rate)
			if s.Rate.FeedIncomplete() {
				words += a.Say(", which rests on an incomplete feed")
				onFeed++
			}
			outside = append(outside, words)
		case v < l95 || v > h95:
			place = side(v > h95, a.Say("above 95 %"), a.Say("below 95 %"))
			near++
		}
		seen[cause] = true
		hollow = hollow || s.Rate.Hollow()
		points = append(points, chart.FunnelPoint{Label: a.valueLabel("site", s.Value), Rate: s.Rate, Cause: cause})
		row := TableRow{Labels: []string{a.valueLabel("site", s.Value)}, Rate: s.Rate}
		for _, v := range []float64{l998, l95, h95, h998} {
			row.Derived = append(row.Derived, a.statistic(t.Scale, v))
		}
		row.Derived = append(row.Derived, Derived{Text: a.twoDecimals(f.scores[i]), Field: fmt.Sprintf("%.4f", f.scores[i]), IsNumber: true}, word(place))
		t.Rows = append(t.Rows, row)
	}
	out.Table = t
	a.keep(id, t)
	switch n := len(outside); {
	case n == 0:
		out.Heading = a.Say("No site of {sites} is beyond the 99.8\u00a0% limits", len(sites))
	case n <= 3:
		out.Heading = a.Say("Beyond the 99.8\u00a0% limits, {n} of {sites} sites: {outside}", n, len(sites), a.joinParts(outside))
	default:
		out.Heading = a.Say("{n} of {sites} sites are beyond the 99.8\u00a0% limits", n, len(sites))
		if onFeed > 0 {
			out.Heading += a.Say("; {onFeed} of them with an incomplete feed", onFeed)
		}
	}
	across := a.Say("{subjects} in the denominator", capital(a.subjects(m.Definition)))
	if m.Released.Scale.Timed() {
		across = a.Say("Person-years observed")
	}
	out.Wide, out.Narrow = a.plainBoth(id, m.Definition.Title+": "+t.Caption, a.Say("{heading}. The table below the drawing has every number.", out.Heading), func(l chart.Label, s chart.Size) chart.SVG {
		return chart.Funnel(l, s, points, f.mean, f.limits, across)
	})
	out.Keys = []Key{{string(chart.CommonCause), a.Say("site within the outer limits")}}
	for _, k := range []struct {
		c     chart.Cause
		words string
	}{{chart.Improving, a.Say("beyond, on the better side")}, {chart.Concerning, a.Say("beyond, on the worse side")}, {chart.Unjudged, a.Say("beyond; which is better is not said")}} {
		if seen[k.c] {
			out.Keys = append(out.Keys, Key{string(k.c), k.words})
		}
	}
	if hollow {
		out.Keys = append(out.Keys, Key{"hollow", a.Say("hollow, in whatever shape: {why}", a.hollowWords(sites))})
	}
	out.Keys = append(out.Keys, Key{"average", a.Say("mean of these sites")}, Key{"limit", a.Say("95\u00a0% limits")}, Key{"mean", a.Say("99.8\u00a0% limits")})
	out.About = a.Say("{title} {when}, {unit}, by site and by how many it counts. {attribution}", m.Definition.Title, a.inPeriod(m.Headline), a.unitWords(m), a.attributionWords(m.Definition))
	root := a.Say("arcsine")
	if m.Released.Scale.Timed() {
		root = a.Say("square root")
	}
	out.Note = a.Say("Limits by Spiegelhalter on the {root} scale. φ is {phi} (1 is chance alone; 10\u00a0% of the scores at each end are pulled in before it is taken): {added}. By chance 1 site in 20 is beyond the 95\u00a0% limits and 1 in 500 beyond the 99.8\u00a0% limits; here {near} and {outside}. Sites see different patients; a site beyond the limits asks for a reason, it is not a verdict.", root, a.twoDecimals(f.phi), a.addedWords(f, root), near+len(outside), len(outside))
	if hidden > 0 {
		out.Note += a.Say(" {hidden, plural, one {# site is} other {# sites are}} left out: hidden.", hidden)
	}
	if lacking > 0 {
		out.Note += a.Say(" {lacking, plural, one {# site is} other {# sites are}} left out: records lack.", lacking)
	}
	return out, "", nil
}

// deciles draw how far sites are apart, from 20 sites on, without their names.
func (a *artist) deciles(m Measure) (Figure, error) {
	sites, hidden, _, lacking := a.sitesOf(m)
	if len(sites) < decilesFrom {
		return Figure{}, nil
	}
	id := m.Definition.ID + "-deciles"
	var rates []disclose.Rate
	var values []float64
	for _, s := range sites {
		v, _, _ := s.Rate.Plot()
		rates, values = append(rates, s.Rate), append(values, v)
	}
	slices.Sort(values)
	t := Table{Caption: a.Say("deciles of the sites, {period}", a.periodWords(m.Headline)), Labels: []string{a.Say("Decile")}, Derived: []string{a.Say("Rate")}}
	var cuts []float64
	for i := 1; i <= 9; i++ {
		q, err := stats.Quantile(values, float64(i)/10)
		if err != nil {
			return Figure{}, err
		}
		cuts = append(cuts, q)
		t.Rows = append(t.Rows, TableRow{Labels: []string{a.Say("{number} %", fmt.Sprint(10*i))}, Derived: []Derived{a.statistic(m.Released.Scale, q)}})
	}
	f := Figure{ID: id, DataPath: "../data/" + id, Table: t, Hidden: hidden > 0}
	a.keep(id, t)
	format := func(v float64) string { return a.scaled(m.Released.Scale, v) }
	f.Heading = a.Say("Half of {sites} sites are below {median}; one in ten is below {low} and one in ten above {high}", len(sites), format(cuts[4]), format(cuts[0]), format(cuts[8]))
	f.Wide, f.Narrow = a.plainBoth(id, m.Definition.Title+": "+t.Caption, a.Say("{heading}. The table below the drawing has the deciles.", f.Heading), func(l chart.Label, s chart.Size) chart.SVG {
		return chart.Strip(l, s, rates, cuts)
	})
	f.Keys = []Key{{"dot", a.Say("a site")}, {"average", a.Say("median")}, {"limit", a.Say("other deciles")}}
	f.About = a.Say("{title} {when}, {unit}, each site a dot. Their numerators, denominators and intervals are in the figure of the sites.", m.Definition.Title, a.inPeriod(m.Headline), a.unitWords(m))
	f.Note = a.Say("Deciles of the sites' rates, each site alike whatever its size, by linear interpolation. A small site's rate moves widely by chance.")
	if hidden > 0 {
		f.Note += a.Say(" {hidden} hidden sites are left out.", hidden)
	}
	if lacking > 0 {
		f.Note += a.Say(" {lacking, plural, one {# site is} other {# sites are}} left out: records lack.", lacking)
	}
	return f, nil
}

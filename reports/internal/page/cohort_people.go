package page

import (
	"math"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

// traitView is a characteristic in Table 1: levels with their shares, or a number with its middle and spread.
type traitView struct {
	Title  string
	Rows   []levelView
	Number bool
}

// levelView is a row of Table 1; Words take the place of a share.
type levelView struct {
	Label string
	Rate  disclose.Rate
	Words string
}

// describe makes Table 1: who the members are on the index date.
func (a *artist) describe(v *cohortView, c Cohort) {
	t := Table{Caption: a.entered(c, a.Say("{title}: who they are on the index date", c.Definition.Title)), Labels: []string{a.Say("Characteristic"), a.Say("Level")}, Rated: true, Scale: disclose.Percent}
	v.Described = t.Caption
	numbers := map[string]disclose.Number{}
	for _, n := range c.Released.Numbers {
		numbers[n.Characteristic] = n
	}
	add := func(id string) {
		if n, ok := numbers[id]; ok {
			v.Traits = append(v.Traits, a.numberView(n))
			delete(numbers, id)
		}
	}
	add("age")
	for _, l := range c.Released.Levels {
		if l.Level == "no" && declared(c, l.Characteristic) {
			continue // the rest of those with it
		}
		label := a.valueLabel(l.Characteristic, l.Level)
		t.Rows = append(t.Rows, TableRow{Labels: []string{a.inWords(l.Title), label}, Rate: l.Rate})
		if l.Level == "yes" {
			label = a.Say("Yes")
		}
		if n := len(v.Traits); n == 0 || v.Traits[n-1].Title != a.inWords(l.Title) || v.Traits[n-1].Number {
			v.Traits = append(v.Traits, traitView{Title: a.inWords(l.Title)})
		}
		last := &v.Traits[len(v.Traits)-1]
		last.Rows = append(last.Rows, levelView{Label: label, Rate: l.Rate})
	}
	for _, n := range c.Released.Numbers {
		add(n.Characteristic)
	}
	if len(t.Rows) > 0 {
		a.keep(c.Definition.ID+"-table1", t)
	}
	if len(c.Released.Numbers) == 0 {
		return
	}
	v.Numbered = true
	t = Table{Caption: a.entered(c, a.Say("{title}: numbers on the index date", c.Definition.Title)), Labels: []string{a.Say("Characteristic")}, Counts: []string{a.Say("Known"), a.Say("Missing")},
		Derived: []string{a.Say("Lower quartile"), a.Say("Median"), a.Say("Upper quartile"), a.Say("Mean"), a.Say("Standard deviation")}}
	for _, n := range c.Released.Numbers {
		row := TableRow{Labels: []string{a.inWords(n.Title)}, Counts: []disclose.Count{n.Known, n.Missing}}
		for _, f := range []disclose.Figure{n.Q1, n.Median, n.Q3, n.Mean, n.SD} {
			row.Derived = append(row.Derived, a.figureField(f))
		}
		t.Rows = append(t.Rows, row)
	}
	a.keep(c.Definition.ID+"-numbers", t)
}

func (w words) numberView(n disclose.Number) traitView {
	v := traitView{Title: w.inWords(n.Title), Number: true}
	say := func(label, words string) { v.Rows = append(v.Rows, levelView{Label: label, Words: words}) }
	if n.Known.Lacks() != disclose.NothingLacks {
		say(w.Say("Records"), n.Known.Lacks().Words(w.Words))
	}
	switch {
	case n.Known.State() == disclose.NotKnown:
		say(w.Say("Known"), w.Say("not known"))
		return v
	case n.Known.State() == disclose.Zero:
		say(w.Say("Known"), w.Say("of nobody"))
		return v
	case n.Median.State() == disclose.Suppressed:
		say(w.Say("Median, quartiles, mean"), w.Say("hidden: few have it"))
	default:
		say(w.Say("Median (quartiles)"), w.Say("{median} ({q1} to {q3})", w.figureText(n.Median), w.figureText(n.Q1), w.figureText(n.Q3)))
		say(w.Say("Mean (standard deviation)"), w.Say("{value} ({deviation})", w.figureText(n.Mean), w.figureText(n.SD)))
	}
	if n.Missing.State() == disclose.Zero {
		say(w.Say("Known"), w.Say("of all {known}", w.countText(n.Known)))
	} else {
		say(w.Say("Known; missing"), w.joinParts([]string{w.countText(n.Known), w.countText(n.Missing)}))
	}
	return v
}

// compare sets women and men beside each other, with their standardised difference by characteristic.
func (a *artist) compare(v *cohortView, c Cohort) {
	rows := c.Released.Compared
	if len(rows) == 0 {
		return
	}
	t := Table{Caption: a.entered(c, a.Say("{title}: women and men on the index date", c.Definition.Title)), Labels: []string{a.Say("Characteristic"), a.Say("Level")}, Counts: []string{a.Say("Women"), a.Say("Men")},
		Derived: []string{a.Say("Share or mean of women"), a.Say("Share or mean of men"), a.Say("SD of women"), a.Say("SD of men"), a.Say("Standardised difference")}}
	for i, r := range rows {
		if r.Level == "no" && declared(c, r.Characteristic) {
			continue
		}
		label := a.valueLabel(r.Characteristic, r.Level)
		row := TableRow{Counts: []disclose.Count{numerator(r.Shares[0]), numerator(r.Shares[1])}, Derived: make([]Derived, 5)}
		for s := range r.Shares {
			if r.Level == "" {
				label = a.Say("known")
				row.Derived[s], row.Derived[2+s] = a.figureField(r.Mean[s]), a.figureField(r.SD[s])
			} else if share, _, _ := r.Shares[s].Plot(); r.Shares[s].Shown() {
				row.Derived[s] = a.statistic(disclose.Percent, share)
			}
		}
		row.Labels = []string{a.inWords(r.Title), label}
		if d, ok := difference(rows, i); ok {
			row.Derived[4] = a.ratioField(d)
		}
		t.Rows = append(t.Rows, row)
	}
	a.keep(c.Definition.ID+"-women-men", t)
	v.Compared = &t
}

// numerator is that of a rate, with what the rate lacks.
func numerator(r disclose.Rate) disclose.Count { return r.Numerator().Lacking(r.Lacks()) }

// difference is the standardised difference of a characteristic, on its last row.
func difference(rows []disclose.Compared, at int) (float64, bool) {
	r := rows[at]
	if r.Shares[0].Lacks() != disclose.NothingLacks || r.Shares[1].Lacks() != disclose.NothingLacks {
		return 0, false
	}
	if r.Level == "" {
		var mean, sd [2]float64
		for i := range mean {
			var ok, known bool
			if mean[i], ok = r.Mean[i].Value(); !ok {
				return 0, false
			}
			if sd[i], known = r.SD[i].Value(); !known {
				return 0, false
			}
		}
		d, err := stats.SMD(mean[0], sd[0], mean[1], sd[1])
		return math.Abs(d), err == nil
	}
	if at+1 < len(rows) && rows[at+1].Characteristic == r.Characteristic && rows[at+1].Level != "" {
		return 0, false
	}
	var counts [2][]int64
	for _, o := range rows {
		if o.Characteristic != r.Characteristic || o.Level == "" {
			continue
		}
		for i := range counts {
			n, ok := o.Shares[i].Numerator().Value()
			if !ok {
				return 0, false
			}
			counts[i] = append(counts[i], n)
		}
	}
	d, err := stats.SMDShares(counts[0], counts[1])
	return math.Abs(d), err == nil
}

// figureField is a released figure in a table.
func (w words) figureField(f disclose.Figure) Derived {
	v, ok := f.Value()
	if !ok {
		return Derived{Text: w.figureText(f), IsNumber: true}
	}
	return Derived{Text: w.figureText(f), Field: plainNumber(v), IsNumber: true}
}

// pyramid draws members by age and sex. Other sexes than the two are in the table alone.
func (a *artist) pyramid(v *cohortView, c Cohort) error {
	x := c.Released.Cross
	id := c.Definition.ID + "-age-sex"
	t := Table{Caption: a.entered(c, a.Say("{title}: members by age and sex", c.Definition.Title)), Labels: []string{a.Say("Age group")}}
	column := map[string]int{}
	for j, sex := range x.ColumnLevels {
		column[sex] = j
		t.Counts = append(t.Counts, a.valueLabel("sex", sex))
	}
	var rows []chart.PyramidRow
	f := Figure{ID: id, DataPath: "../data/" + id, Tall: true,
		About: a.Say("{members} by age and sex on the index date. Both sides have one scale.", capital(a.members(c)))}
	shown, others, people := 0, false, false
	for i, age := range x.RowLevels {
		row := TableRow{Labels: []string{a.valueLabel("age", age)}, Counts: x.Members[i]}
		t.Rows = append(t.Rows, row)
		for j, n := range x.Members[i] {
			people = people || n.State() != disclose.Zero
			f.Hidden = f.Hidden || n.State() == disclose.Suppressed
			if sex := x.ColumnLevels[j]; sex != "male" && sex != "female" {
				others = others || n.State() != disclose.Zero
			} else if n.State() == disclose.Measured {
				shown++
			}
		}
		of := func(sex string) disclose.Count {
			if j, ok := column[sex]; ok {
				return x.Members[i][j]
			}
			return disclose.Count{}
		}
		rows = append(rows, chart.PyramidRow{Label: a.valueLabel("age", age), Left: of("male"), Right: of("female")})
	}
	if !people {
		return nil
	}
	f.Table = t
	a.keep(id, t)
	v.Pyramid = &f
	if f.Note = a.Say("Bars start at zero."); others {
		f.Note += a.Say(" Persons of another or an unknown sex are in the data table.")
	}
	if shown == 0 {
		f.Heading, f.Note = a.Say("Every number by age and sex is hidden: the counts are small, or would give a small one away"), ""
		return nil
	}
	f.Heading = a.largest(x, a.members(c))
	if f.Hidden {
		f.Keys = append(f.Keys, Key{"hatch", a.Say("hidden")})
	}
	var err error
	f.Wide, f.Narrow, err = a.both(id, t.Caption, a.Say("{heading}. The table below the drawing has every number.", f.Heading), func(l chart.Label, s chart.Size) (chart.SVG, error) {
		return chart.Pyramid(l, s, a.Say("Male"), a.Say("Female"), rows)
	})
	return err
}

// largest names the largest group that is shown, or the first of several.
func (w words) largest(x disclose.Cross, what string) string {
	most, words := int64(0), ""
	for i, age := range x.RowLevels {
		for j, sex := range x.ColumnLevels {
			if n, ok := x.Members[i][j].Value(); ok && n > most {
				most = n
				words = w.Say("Of the groups that are shown, the largest is {value}, age {value2}: {members} {what}", w.valueLabel("sex", sex), w.valueLabel("age", age), w.countText(x.Members[i][j]), what)
			}
		}
	}
	return words
}

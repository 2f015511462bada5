package page

import (
	"cmp"
	"farr/reports/internal/text"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/control"
	"farr/reports/internal/disclose"
)

type measureView struct {
	Measure     Measure
	Finding     string
	Row         disclose.Row
	Period      string
	Target      string
	Direction   string
	Verdict     Verdict
	Variation   sign
	Assurance   sign
	Benchmark   string
	Populations []populationRow
	Gaps        *careGapsView
	NoGaps      string // why there are none
	Figures     []section
	NoFunnel    string // why sites have none
	Other       *Table // periods that are in no figure
	Attribution string
	Unit        string   // of the score
	CountWords  string   // what the score is made of
	Behind      string   // what is known of the data, in a sentence
	Lacks       []string // records that numbers of the page rest on and that are not there
	Pending     string   // why the newest period is not the headline's
	Definition  definitionView
	Results     string
}

type populationRow struct {
	Name, Words string
	Count       disclose.Count
	Bar         template.HTML

	fall   chart.Fall
	before []disclose.Count // what the bar begins after
}

// section is a part of a page with one figure.
type section struct {
	ID, Title string
	Figure    Figure
}

func (w words) directionWords(m Measure) string {
	words := map[string]string{measures.DirectionLower: w.Say("lower is better"), measures.DirectionHigher: w.Say("higher is better"), "": w.Say("which is better is not said")}
	said := words[m.Definition.Direction]
	if k := m.KPI; k != nil && k.Direction != "" && k.Direction != k.Declared {
		said += w.Say(", by the file of targets; the measure says: {words}", words[k.Declared])
	}
	return said
}

// headlineRow is everyone's row of the headline period.
func headlineRow(m Measure) disclose.Row {
	for _, r := range m.Released.Rows {
		if r.Stratum == "all" && r.Period.ID == m.Headline.ID {
			return r
		}
	}
	return disclose.Row{Period: m.Headline}
}

func (a *artist) measure(r *Report, m Measure) (measureView, error) {
	row := headlineRow(m)
	d := m.Definition
	k, gaps := a.askedOf(m), a.gapsOf(m, row, strataOf(d))
	v := measureView{Measure: m, Finding: strings.TrimSpace(a.finding(m, row.Rate) + " " + a.changeWords(m, k) + " " + a.gapWords(m, gaps)), Variation: a.variationSign(m, k), Assurance: a.assuranceSign(m, k), Benchmark: a.benchmarkWords(m), Row: row, Period: a.periodWords(m.Headline), Target: a.targetWords(m),
		Direction: a.directionWords(m), Verdict: a.verdict(m, row.Rate), Results: r.Results, Behind: a.behindWords(r.Quality, d.ID), Lacks: a.lacksOf(r.Quality, d.ID), Pending: a.pending(m),
		Attribution: a.attributionWords(d), Definition: a.definitionOf(d), Unit: a.unitWords(m), CountWords: a.Say("Numerator, of the denominator")}
	switch {
	case m.Released.Scale.Timed():
		v.CountWords = a.Say("Events and time observed")
	case m.Released.Scale == disclose.Ratio:
		v.CountWords = a.Say("Counted above and below the line")
	case m.Released.Scale == disclose.Observed, m.Released.Scale == disclose.Headcount:
		v.CountWords = capital(a.subjects(d))
	}
	v.Populations = a.populations(m)
	v.Gaps, v.NoGaps = a.gaps(m), a.noGaps(m)

	lines, alone := seriesOf(m, "disjoint")
	for i, rows := range lines {
		id, caption, title := "periods", a.Say("separate periods"), a.Say("Period by period")
		if len(lines) > 1 {
			title += ": " + a.lengthWords(rows[0].Period)
		}
		if i > 0 {
			id, caption = "periods-"+fmt.Sprint(monthsOf(rows[0].Period)), a.lengthWords(rows[0].Period)
		}
		var f Figure
		var err error
		if i == k.At {
			f, err = a.controlFigure(m, k, d.ID+"-"+id, caption)
		} else {
			f, err = a.apart(m, rows, d.ID+"-"+id, caption, k)
			if _, happened := a.eventsOf(m, nil); i == 0 && k.At < 0 && len(happened) > 0 {
				f.Lists = append(f.Lists, saying{a.Say("What happened"), happened})
			}
		}
		if err != nil {
			return v, err
		}
		if i > 0 && m.Released.Withheld && f.Hidden {
			f.Note += " " + a.say(withheldWords)
		}
		v.Figures = append(v.Figures, section{id, title, f})
	}
	lines, more := seriesOf(m, "rolling")
	alone = append(alone, more...)
	for i := range lines {
		rows := lines[len(lines)-1-i] // the longest first
		id := "rolling"
		if i > 0 {
			id += "-" + fmt.Sprint(monthsOf(rows[0].Period))
		}
		f, err := a.overTime(m, rows, chart.Ribbon, d.ID+"-"+id, a.Say("{length} windows", a.monthsWords(rows[0].Period)))
		if err != nil {
			return v, err
		}
		f.About = a.Say("{title}, {length} windows that end with the month shown, {unit}.", d.Title, a.monthsWords(rows[0].Period), a.unitWords(m))
		f.Note = a.Say("Neighbouring windows share most of their days, so the line is smooth by construction: it shows the level, not month-to-month change.")
		if compares(m) && !sameKind(m, rows) && f.Wide != "" {
			f.Note += a.Say(" No target line: {why}.", a.apartWords(m, rows))
		}
		if m.Released.Withheld && f.Hidden {
			f.Note += " " + a.say(withheldWords)
		}
		v.Figures = append(v.Figures, section{id, a.Say("{length} level", capital(a.monthsWords(rows[0].Period))), f})
	}
	if len(alone) > 0 {
		v.Other = a.otherPeriods(m, alone)
	}
	f, err := a.byGroup(m, row, []string{"site"}, chart.Circles, d.ID+"-sites", a.Say("sites, {period}", v.Period))
	if err != nil {
		return v, err
	}
	if f.ID != "" {
		f.Heading = cmp.Or(f.Heading, a.Say("Each site against {everyone}: {rate}", a.everyone(m), a.rateWords(row.Rate)))
		f.About = a.Say("{title} {when}, {unit}, by site. {attribution}", d.Title, a.inPeriod(m.Headline), a.unitWords(m), v.Attribution)
		f.Note = a.Say("Sites are in order of name, not of rate: this is not a ranking. Sites see different patients, and a small site's rate moves widely by chance.")
		v.Figures = append(v.Figures, section{"sites", a.Say("Sites"), f})
	}
	funnel, why, err := a.funnel(m, row)
	if err != nil {
		return v, err
	}
	if v.NoFunnel = why; funnel.ID != "" {
		v.Figures = append(v.Figures, section{"funnel", a.Say("Sites against chance"), funnel})
	}
	spread, err := a.deciles(m)
	if err != nil {
		return v, err
	}
	if spread.ID != "" {
		v.Figures = append(v.Figures, section{"deciles", a.Say("How far sites are apart"), spread})
	}
	f, err = a.byGroup(m, row, strataOf(d), chart.Squares, d.ID+"-groups", a.Say("groups, {period}", v.Period))
	if err != nil {
		return v, err
	}
	if f.ID != "" {
		f.Heading = cmp.Or(f.Heading, a.Say("Each group against {everyone}: {rate}", a.everyone(m), a.rateWords(row.Rate)))
		f.About = a.Say("{title} {when}, {unit}, by group.", d.Title, a.inPeriod(m.Headline), a.unitWords(m))
		f.Note = a.Say("Groups that overlap in their intervals may still differ, and groups that do not may differ for reasons other than care: the figure of gaps tells.")
		v.Figures = append(v.Figures, section{"groups", a.Say("Groups"), f})
	}
	if len(gaps) > 0 {
		v.Figures = append(v.Figures, section{"gaps", a.Say("Gaps between groups"), a.gapFigure(m, gaps)})
		if f := a.disparities(m, strataOf(d)); f.ID != "" {
			v.Figures = append(v.Figures, section{"disparity", a.Say("How unequal groups are"), f})
		}
	}
	return v, nil
}

// strataOf are the groups of a measure, without its sites.
func strataOf(d measures.Definition) []string {
	var groups []string
	for _, s := range d.Strata {
		if s != "site" {
			groups = append(groups, s)
		}
	}
	if d.Published != nil {
		for _, s := range d.Published.Stratifiers {
			groups = append(groups, s.Name)
		}
	}
	return groups
}

// apart draws separate periods that no rule is asked of.
func (a *artist) apart(m Measure, rows []disclose.Row, id, caption string, k *asked) (Figure, error) {
	line := chart.Joined
	if !neighbours(rows) {
		line = chart.Apart
	}
	f, err := a.overTime(m, rows, line, id, caption)
	if err != nil {
		return f, err
	}
	f.About = a.Say("{title}, each period counted by itself, {unit}.", m.Definition.Title, a.unitWords(m))
	f.Note = a.Say("Too few points to tell a change from chance: limits need 6 complete periods whose numbers may be shown.")
	switch {
	case k.Why == control.ManyHidden:
		f.Note = a.Say("No limits and no rules: more than one in five periods is hidden. Numbers are hidden because they are small, so that the mean of the others would lie too high.")
	case k.At >= 0:
		f.Note = a.Say("The rules for special causes are asked of one length of period alone, since several lengths of the same data would signal together.")
	}
	if line == chart.Joined && f.Wide != "" {
		f.Note = a.Say("A thin line joins neighbouring periods. {note}", f.Note)
	}
	if compares(m) && !sameKind(m, rows) && f.Wide != "" {
		f.Note += a.Say(" No target line: {why}.", a.apartWords(m, rows))
	}
	return f, nil
}

// withheldWords say why the longer periods of a measure are hidden.
const withheldWords text.Message = "Two windows that overlap differ by a month that came and a month that went. With the separate periods that would give " +
	"numbers that are hidden or not published, so windows and longer periods are hidden unless they add nothing to what is shown; the headline's stays."

// otherPeriods is a table of the periods that are in no figure.
func (a *artist) otherPeriods(m Measure, rows []disclose.Row) *Table {
	t := Table{Caption: a.Say("Other periods"), Labels: []string{a.Say("Period"), a.Say("From"), a.Say("To")}, Rated: true, Scale: m.Released.Scale}
	for _, r := range rows {
		t.Rows = append(t.Rows, TableRow{Labels: []string{a.periodWords(r.Period), r.Period.Low.Format("2006-01-02"),
			r.Period.High.AddDate(0, 0, -1).Format("2006-01-02")}, Rate: r.Rate})
	}
	a.keep(m.Definition.ID+"-other-periods", t)
	return &t
}

func (w words) unitWords(m Measure) string {
	switch m.Released.Scale {
	case disclose.Percent:
		return w.Say("percent of the denominator")
	case disclose.Ratio:
		return w.Say("ratio of {numerator} to {denominator}", w.observedWords(m.Definition, "numerator"), w.observedWords(m.Definition, "denominator"))
	case disclose.Observed:
		return w.observedWords(m.Definition, "measure-population")
	case disclose.Headcount:
		return w.Say("number of {subjects}", w.subjects(m.Definition))
	}
	return w.unitText(m.Released.Scale)
}

// observedWords say what stands for a population in a score: what was observed of it, or
// how many it has.
func (w words) observedWords(d measures.Definition, code string) string {
	for _, p := range d.Populations {
		if p.Observes == code {
			return w.Say("{aggregate} of {define}", p.Aggregate, p.Define)
		}
	}
	return w.Say("the {code}'s {subjects}", code, w.subjects(d))
}

func (a *artist) populations(m Measure) []populationRow {
	p, d := m.Released.Populations, m.Definition
	proportion := m.Released.Scale == disclose.Percent
	who := a.subjects(d)
	that := map[bool]string{true: "things", false: "persons"}[d.Episodic()]
	rows := []populationRow{{Name: a.Say("Initial population"), Words: a.Say("all {who} considered", who), Count: p.Initial}}
	if m.Released.Scale != disclose.Headcount {
		rows = append(rows, populationRow{Name: a.Say("Excluded"), Words: a.Say("left out by the definition"), Count: p.Excluded, fall: chart.Falls, before: []disclose.Count{p.Denominator, p.Excepted}})
	}
	if slices.ContainsFunc(d.Populations, func(p measures.Population) bool { return p.Name == "denominator-exception" }) {
		rows = append(rows, populationRow{Name: a.Say("Excepted"), Words: a.Say("left out for a reason that the definition accepts"), Count: p.Excepted, fall: chart.Falls, before: []disclose.Count{p.Denominator}})
	}
	switch m.Released.Scale {
	case disclose.Percent:
		rows = append(rows,
			populationRow{Name: a.Say("Denominator"), Words: a.Say("{subjects} {that, select, persons {who} other {that}} count", who, that), Count: p.Denominator},
			populationRow{Name: a.Say("Numerator"), Words: a.Say("of these, {subjects} {that, select, persons {who} other {that}} meet the criterion", who, that), Count: p.Numerator, fall: chart.Counted},
			populationRow{Name: a.Say("Not in the numerator"), Words: a.Say("of these, {subjects} {that, select, persons {who} other {that}} do not", who, that), Count: p.Rest, fall: chart.Falls, before: []disclose.Count{p.Numerator}})
	case disclose.Ratio:
		rows = append(rows,
			populationRow{Name: a.Say("Denominator"), Words: a.Say("{who} below the line", who), Count: p.Denominator},
			populationRow{Name: a.Say("Numerator"), Words: a.Say("{who} above the line", who), Count: p.Numerator})
	case disclose.Observed:
		rows = append(rows,
			populationRow{Name: a.Say("Measure population"), Words: a.Say("{subjects} {that, select, persons {who} other {that}} count", who, that), Count: p.Denominator},
			populationRow{Name: a.Say("Observed"), Words: a.Say("of these, {who} with a value", who), Count: p.Numerator},
			populationRow{Name: a.Say("Not observed"), Words: a.Say("of these, {who} without", who), Count: p.Rest})
	case disclose.Headcount:
	default:
		rows = append(rows,
			populationRow{Name: a.Say("Denominator"), Words: a.Say("days observed, all persons together"), Count: p.Denominator},
			populationRow{Name: a.Say("Numerator"), Words: a.Say("events on those days"), Count: p.Numerator})
	}
	t := Table{Caption: a.Say("{title}: from the initial population to the numerator, {period}", m.Definition.Title, a.periodWords(m.Headline)),
		Labels: []string{a.Say("Population")}, Counts: []string{a.Say("Count")}}
	for i := range rows {
		if proportion {
			id := m.Definition.ID + "-population-" + fmt.Sprint(i)
			rows[i].Bar = chart.Waterfall(id, rows[i].fall, rows[i].before, rows[i].Count, p.Initial).HTML()
		}
		t.Rows = append(t.Rows, TableRow{Labels: []string{rows[i].Name}, Counts: []disclose.Count{rows[i].Count}})
	}
	a.keep(m.Definition.ID+"-populations", t)
	return rows
}

func (w words) attributionWords(d measures.Definition) string {
	switch d.Attribution {
	case "plurality-of-visits":
		return w.Say("A patient counts at the site with most of the patient's visits in the {attributionMonths} months to the period's end; on a tie, at the site of the latest visit.", d.AttributionMonths)
	case "service-provider":
		return w.Say("Each of the {subjects} counts at the site that provided it.", w.subjects(d))
	default:
		return ""
	}
}

package page

import (
	"cmp"
	"slices"
	"strings"

	"farr/reports/internal/disclose"
)

type qualityView struct {
	Quality  *Quality
	Finding  string
	NoFault  string // where nothing failed
	NoGap    string // where no feed was incomplete
	Faults   []fault
	Loaded   []loadedRow
	Gaps     []feedRow
	Heats    []Figure
	Volumes  []Figure
	Withheld []string // tables of which no month of a site is shown
	Newest   *Table
	Checks   *Table
	Codes    *Table
	Rejected *Table
	Values   *Table
}

type feedRow struct {
	Records, Site, Month string
	Counts               []disclose.Count // of each month
	Usual                string
	first                string
	next                 int // the month after the last
	Touched              []Named
}

func (a *artist) quality(q *Quality) (qualityView, error) {
	v := qualityView{Quality: q}
	var judged judgement
	v.Faults, judged = q.faults(a.words, anything)
	touched := map[string]bool{}
	for _, f := range v.Faults {
		for _, d := range f.Counts {
			touched[d.ID] = true
		}
	}
	for _, t := range q.Tables {
		for _, g := range t.Gaps {
			if n := len(v.Gaps); n > 0 && v.Gaps[n-1].next == g.Month && v.Gaps[n-1].Site == g.Site && v.Gaps[n-1].Records == a.inWords(t.Records) {
				last := &v.Gaps[n-1]
				last.next, last.Month = g.Month+1, a.fromTo(last.first, a.shortMonth(g.Low))
				last.Counts = append(last.Counts, g.Count)
				continue
			}
			first := a.shortMonth(g.Low)
			row := feedRow{Records: a.inWords(t.Records), Site: g.Site, Month: first, first: first, next: g.Month + 1, Counts: []disclose.Count{g.Count}, Usual: a.decimals(g.Mean, 1)}
			for _, d := range q.Definitions {
				if slices.ContainsFunc(q.Uses[d.ID], func(u Use) bool { return u.Table == t.Name && !u.Groups }) {
					row.Touched = append(row.Touched, d)
					touched[d.ID] = true
				}
			}
			v.Gaps = append(v.Gaps, row)
		}
	}
	v.Finding = strings.Join(slices.DeleteFunc([]string{a.qualityFinding(judged, len(touched)), a.loadedFinding(q), a.serverFinding(q), a.doubtFinding(q)},
		func(sentence string) bool { return sentence == "" }), " ")
	a.loaded(&v, q)
	v.NoFault, v.NoGap = a.Say("No check failed."), a.Say("No month of a site that is shown lies below what its other months allow for.")
	if judged.checks == 0 {
		v.NoFault = a.Say("No check could be judged.")
	}
	if judged.feeds == 0 {
		v.NoGap = a.Say("No feed could be judged.")
	}
	if err := a.completeness(&v, q); err != nil {
		return v, err
	}
	if err := a.volumes(&v, q); err != nil {
		return v, err
	}
	a.newest(&v, q)
	a.checkTables(&v, q)
	if len(q.Rejected) > 0 {
		t := Table{Caption: a.Say("Lines that were rejected, and records that were dropped, by reason"), Labels: []string{a.Say("Reason"), a.Say("What")}, Counts: []string{a.Say("Count")}}
		for _, r := range q.Rejected {
			what := a.Say("line rejected")
			if r.Dropped {
				what = a.Say("record dropped")
			}
			t.Rows = append(t.Rows, TableRow{Labels: []string{cmp.Or(a.say(r.Words), r.Name), what}, Counts: []disclose.Count{r.Count}})
		}
		a.keep("quality-rejected", t)
		v.Rejected = &t
	}
	if len(q.Values) > 0 {
		t := Table{Caption: a.Say("Values that were dropped: codes of no standard system, quantities that are none, and the like, by element"), Labels: []string{a.Say("Element")}, Counts: []string{a.Say("Count")}}
		for _, r := range q.Values {
			t.Rows = append(t.Rows, TableRow{Labels: []string{r.Name}, Counts: []disclose.Count{r.Count}})
		}
		a.keep("quality-values", t)
		v.Values = &t
	}
	return v, nil
}

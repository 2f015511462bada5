package page

import (
	"farr/reports/internal/disclose"
)

// checkTables lists the checks of conformance and plausibility, and how many codes are in no value list.
func (a *artist) checkTables(v *qualityView, q *Quality) {
	checks := Table{Caption: a.Say("Checks of conformance and plausibility: failing, of those that were looked at{knownTo}", a.knownTo()), Labels: []string{a.Say("What is wrong"), a.Say("Kind"), a.Say("Verdict"), a.Say("Touches"), a.Say("By")}, Rated: true, Scale: disclose.Percent}
	codes := Table{Caption: a.Say("Records with a code that no value list of these measures and cohorts has, of those with a code{knownTo}", a.knownTo()), Labels: []string{a.Say("Records")}, Rated: true, Scale: disclose.Percent}
	for _, t := range q.Tables {
		for i, c := range t.Checks {
			r := t.Released.Checks[i]
			if c.Dimension == "codes" {
				codes.Rows = append(codes.Rows, TableRow{Labels: []string{capital(a.inWords(t.Records))}, Rate: r})
				continue
			}
			verdict := a.Say("passed")
			switch {
			case !r.Shown():
				verdict = a.Say("not judged")
			case c.failed(r):
				verdict = a.Say("failed")
			}
			counts, groups := q.Touches(t.Name, c.Column)
			checks.Rows = append(checks.Rows, TableRow{Labels: []string{a.Say("{records} {wrong}", capital(a.inWords(t.Records)), a.checkWords(c.Title)), a.inWords(c.Dimension), verdict, a.touchWords(counts, groups), a.inWords(c.Source)}, Rate: r})
		}
	}
	a.keep("quality-checks", checks)
	v.Checks = &checks
	if len(codes.Rows) > 0 {
		a.keep("quality-codes", codes)
		v.Codes = &codes
	}
}

func (w words) touchWords(counts, groups []Named) string {
	var names []string
	for _, d := range counts {
		names = append(names, d.Title)
	}
	for _, d := range groups {
		names = append(names, w.Say("groups of {title}", d.Title))
	}
	if len(names) == 0 {
		return w.Say("none")
	}
	return w.joinParts(names)
}

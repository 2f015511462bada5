package disclose

import (
	"slices"

	"farr/reports/internal/disclose/attack"
)

// quality is what is published of a table of the extract. Sites, months, elements by site and checks hang together:
// the months of a site are its records, and what lacks an element is a part of them.
func (s *sheet) quality(x ExactRecords, t ExactQuality, out *Quality) {
	bySite, byMonth := "records by site: "+t.Name, "records by site and month: "+t.Name
	var totals []int
	all := s.of(x, t.Type, t.Name+"|records", t.whole(), "records: "+t.Name, &out.Total)
	passing := make([][]int, len(t.Elements)) // by element and site
	looked := make([][]int, len(t.Elements))
	sums := make([]ExactShare, len(t.Elements))
	for i, f := range t.Feeds {
		r := &out.Feeds[i]
		site := t.Name + "|site " + f.Site + "|"
		total := s.count(site+"records", f.total().Records, costPeriod, bySite, &r.Total)
		var months []int
		for j, m := range f.Months {
			at := s.count(site+t.Months[j], m.Records, costGroup, byMonth, &r.Months[j])
			if f.Ended > 0 && j >= f.Ended && m.Records == 0 {
				s.put(site+t.Months[j], 0, attack.Shown, costGroup, byMonth, nil)
			}
			months = append(months, at)
		}
		s.sum(site+"months", total, months...)
		for j, e := range f.Elements {
			n, d := s.check(site, t.Elements[j], e, total, true, costGroup, bySite, &r.Elements[j])
			passing[j], looked[j] = append(passing[j], n), append(looked[j], d)
			sums[j].Records, sums[j].Failing = sums[j].Records+e.Records, sums[j].Failing+e.Failing
		}
		totals = append(totals, total)
	}
	s.sum(t.Name+"|sites", all, totals...)
	for j, e := range t.Elements {
		n, d := s.check(t.Name+"|", e, sums[j], all, true, costPeriod, "elements: "+t.Name, &out.Elements[j])
		s.sum(t.Name+"|"+e.ID+"|sites", n, passing[j]...)
		first := !slices.ContainsFunc(t.Elements[:j], func(o ExactCheck) bool { return o.Of == e.Of })
		if e.Of != "" && first {
			s.sum(t.Name+"|"+e.Of+"|sites", d, looked[j]...)
		}
	}
	for j, c := range t.Checks {
		s.check(t.Name+"|", c, t.Checked[j], all, false, costPeriod, "checks: "+t.Name, &out.Checks[j])
	}
}

// check adds the records that a check looks at, among all, and of them those that pass and those that fail; n are those
// that r prints. Checks that look at the same records have them in one cell.
func (s *sheet) check(of string, c ExactCheck, x ExactShare, all int, passes bool, cost int64, table string, r *Rate) (n, looked int) {
	name := s.sys.Cells[all].Key
	if c.Of != "" {
		name = s.key(of+c.Of, x.Records)
	} else if s.sys.Cells[all].Value != x.Records {
		name = of + "looked at by " + c.ID
	}
	_, again := s.at[name]
	looked = s.put(name, x.Records, printed(r.den), 2*cost, table, r.hide)
	if !again {
		s.less(name+"|others", all, looked)
	}
	pass, fail := s.key(of+Passing+c.ID, x.Records-x.Failing), s.key(of+"failing "+c.ID, x.Failing)
	if passes {
		n = s.put(pass, x.Records-x.Failing, printed(r.num), cost, table, r.hideNumerator)
		s.relate(looked, n, s.implied(fail, x.Failing))
		return n, looked
	}
	n = s.put(fail, x.Failing, printed(r.num), cost, table, r.hideNumerator)
	s.relate(looked, n, s.implied(pass, x.Records-x.Failing))
	return n, looked
}

// key is a name for a number. Where another number has it already they are not the same after all.
func (s *sheet) key(name string, value int64) string {
	if i, ok := s.at[name]; ok && s.sys.Cells[i].Value != value {
		return name + " here"
	}
	return name
}

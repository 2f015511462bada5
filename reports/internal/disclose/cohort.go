package disclose

import "time"

// hideCases hides what the cases of a cohort by year and by shorter spans, its size and each other
// would give away together. The spans within a year add up to it, and the years and the other spans to
// the size; what is in no published part can be had by subtraction, and so is a part that
// nobody publishes. sizeHidden says that the size itself is hidden. Groups of one of the periods add up to it;
// all is their period's cell, and levels says which of Table 1 are hidden.
func (p Policy) hideCases(x ExactCohort, sizeHidden bool, levels []bool) (years, spans, groups []cell, all cell) {
	var cells []cell
	put := func(c cell) int {
		p.primary(&c)
		cells = append(cells, c)
		return len(cells) - 1
	}
	var sums []sum
	// rest adds the part of a total that no part shows.
	rest := func(parts []int, total cell) []int {
		for _, i := range parts {
			total.den, total.num, total.who = total.den-cells[i].den, total.num-cells[i].num, total.who-cells[i].behind()
		}
		if total.num <= 0 && total.den <= 0 {
			return parts
		}
		left := cell{den: total.den, num: total.num, persons: -1, who: atLeast(total.num, total.who, x.most())}
		return append(parts, put(left))
	}
	var atYear, atSpan, top []int
	for _, y := range x.Years {
		atYear = append(atYear, put(y.cell()))
	}
	for _, s := range x.Spans {
		atSpan = append(atSpan, put(s.cell()))
	}
	within := make([]bool, len(x.Spans))
	for i, y := range x.Years {
		low := time.Date(y.Year, 1, 1, 0, 0, 0, 0, time.UTC)
		var parts []int
		for j, s := range x.Spans {
			if !s.Period.Low.Before(low) && !s.Period.High.After(low.AddDate(1, 0, 0)) {
				within[j] = true
				parts = append(parts, atSpan[j])
			}
		}
		if len(parts) > 0 {
			sums = append(sums, sum{rest(parts, y.cell()), atYear[i], x.most()})
		}
		top = append(top, atYear[i])
	}
	for j := range x.Spans {
		if !within[j] {
			top = append(top, atSpan[j])
		}
	}
	var atGroup, filled []int
	whole := -1
	if len(x.Groups.Rows) > 0 {
		whole, filled, atGroup = p.groupCells(x, put, atYear, atSpan)
		for k := 0; whole >= 0 && k < len(atGroup); {
			var parts []int
			stratum := x.Groups.Rows[k].Stratum
			for ; k < len(atGroup) && x.Groups.Rows[k].Stratum == stratum; k++ {
				parts = append(parts, atGroup[k])
			}
			sums = append(sums, sum{rest(parts, cells[whole]), whole, x.most()})
		}
	}
	if len(top) > 0 {
		total := cell{num: x.size(), who: x.persons(), persons: -1}
		for _, i := range top {
			total.den += cells[i].den // nobody publishes the whole time: it is the parts'
		}
		parts := rest(top, total)
		all := put(total)
		cells[all].hideN = sizeHidden
		sums = append(sums, sum{parts, all, x.most()})
	}
	p.hideKnown(x, cells, whole, atGroup, levels)
	p.complementary(cells, sums)
	if len(top) > 0 && !sizeHidden && cells[sums[len(sums)-1].total].hideN {
		for i := range cells { // the size is on the page: then nothing else can be
			cells[i].hideDen, cells[i].hideN = true, true
		}
	}
	pick := func(at []int) (out []cell) {
		for _, i := range at {
			out = append(out, cells[i])
		}
		return out
	}
	x.hidePlaces(cells, atGroup)
	if p.overlapped(cells, whole, filled) {
		for _, i := range atGroup {
			cells[i].hideDen, cells[i].hideN = true, true
		}
		all = cell{hideDen: true, hideN: true}
	} else if whole >= 0 {
		all = cells[whole]
	}
	return pick(atYear), pick(atSpan), pick(atGroup), all
}

func (y ExactYear) cell() cell {
	return cell{den: y.PersonDays, num: y.Cases, who: personsOf(y.Persons, y.Cases), persons: (y.PersonDays + 364) / 365}
}

func (s ExactSpan) cell() cell {
	days := int64(s.Period.High.Sub(s.Period.Low).Hours() / 24)
	return cell{den: s.PersonDays, num: s.Cases, who: personsOf(s.Persons, s.Cases), persons: (s.PersonDays + days - 1) / max(1, days)}
}

// hiddenOutcome says what of an outcome is hidden: those at risk, and the events with their time.
type hiddenOutcome struct{ atRisk, events bool }

// hideOutcome hides what is small by itself: those at risk, the members who are not, the events, and
// those at risk without one. Who is followed for thirty days and has no event gives thirty days: those
// at risk and their days would bound the events. So days go with the events.
func (p Policy) hideOutcome(o ExactOutcome, x ExactCohort, sizeHidden bool) (h hiddenOutcome) {
	h.atRisk = sizeHidden || p.small(personsOf(o.Persons, o.AtRisk)) || p.small(personsOf(o.OutsidePersons, x.size()-o.AtRisk))
	h.events = h.atRisk || p.small(personsOf(o.EventPersons, o.Events)) || p.small(personsOf(o.FreePersons, o.AtRisk-o.Events))
	return h
}

// levelSums are the levels of the characteristics as cells, and the size that those of each add up to.
func (p Policy) levelSums(x ExactCohort) (cells []cell, sums []sum) {
	whole := func(n, who int64) cell { return cell{den: n, num: n, who: who, persons: who, counted: true} }
	for i, l := range x.Levels {
		c := whole(l.Members, personsOf(l.Persons, l.Members))
		p.primary(&c)
		cells = append(cells, c)
		if i == 0 || l.Characteristic != x.Levels[i-1].Characteristic {
			sums = append(sums, sum{total: len(x.Levels), most: x.most()})
		}
		last := &sums[len(sums)-1]
		last.parts = append(last.parts, i)
	}
	return append(cells, whole(x.size(), x.persons())), sums
}

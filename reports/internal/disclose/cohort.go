package disclose

import "time"

// hideCases hides what the cases of a cohort by year and by shorter spans, its size and each other
// would give away together. The spans within a year add up to it, and the years and the other spans to
// the size; what is in no published part can be had by subtraction, and so is a part that
// nobody publishes. sizeHidden says that the size itself is hidden.
func hideCases(x ExactCohort, sizeHidden bool) (years, spans []cell) {
	var cells []cell
	put := func(c cell) int {
		c.primary()
		cells = append(cells, c)
		return len(cells) - 1
	}
	var sums []sum
	// rest adds the part of a total that no part shows.
	rest := func(parts []int, total cell) []int {
		for _, i := range parts {
			total.den, total.num = total.den-cells[i].den, total.num-cells[i].num
		}
		if total.num <= 0 && total.den <= 0 {
			return parts
		}
		left := cell{den: total.den, num: total.num, persons: -1}
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
			sums = append(sums, sum{rest(parts, y.cell()), atYear[i]})
		}
		top = append(top, atYear[i])
	}
	for j := range x.Spans {
		if !within[j] {
			top = append(top, atSpan[j])
		}
	}
	if len(top) > 0 {
		total := cell{num: x.size(), persons: -1}
		for _, i := range top {
			total.den += cells[i].den // nobody publishes the whole time: it is the parts'
		}
		parts := rest(top, total)
		all := put(total)
		cells[all].hideN = sizeHidden
		sums = append(sums, sum{parts, all})
	}
	complementary(cells, sums)
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
	return pick(atYear), pick(atSpan)
}

func (y ExactYear) cell() cell {
	return cell{den: y.PersonDays, num: y.Cases, persons: (y.PersonDays + 364) / 365}
}

func (s ExactSpan) cell() cell {
	days := int64(s.Period.High.Sub(s.Period.Low).Hours() / 24)
	return cell{den: s.PersonDays, num: s.Cases, persons: (s.PersonDays + days - 1) / max(1, days)}
}

// hideOutcome says what of an outcome is hidden: members at risk, and events with their time.
// The size of the cohort is beside it, and so are those who are not at risk. Of few events time is
// nearly a multiple of those at risk, and events and a rate give the time: all are hidden together.
func hideOutcome(o ExactOutcome, size int64, sizeHidden bool) (c cell, hideAtRisk bool) {
	c = cell{den: o.PersonDays, num: o.Events, persons: o.AtRisk}
	c.primary()
	c.hideN = c.hideN || small(o.AtRisk-o.Events)
	if hideAtRisk = sizeHidden || small(o.AtRisk) || small(size-o.AtRisk); hideAtRisk {
		c.hideDen, c.hideN = true, true
	}
	return c, hideAtRisk
}

// hideLevels hides levels of characteristics until none can be had from the others and the size.
func hideLevels(levels []ExactLevel, size int64, sizeHidden bool) []bool {
	whole := func(n int64) cell { return cell{den: n, num: n, persons: n, counted: true} }
	var cells []cell
	var sums []sum
	for _, l := range levels {
		c := whole(l.Members)
		c.primary()
		cells = append(cells, c)
	}
	total := len(cells)
	cells = append(cells, whole(size))
	for i := range levels {
		if i == 0 || levels[i].Characteristic != levels[i-1].Characteristic {
			sums = append(sums, sum{total: total})
		}
		last := &sums[len(sums)-1]
		last.parts = append(last.parts, i)
	}
	complementary(cells, sums)
	hide := make([]bool, total)
	for i := range hide {
		hide[i] = cells[i].hideN || cells[i].hideDen || sizeHidden
	}
	return hide
}

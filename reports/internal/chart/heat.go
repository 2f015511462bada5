package chart

import (
	"fmt"
	"math"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// HeatRow is a row of a heat map: a rate for each column.
type HeatRow struct {
	Label string
	Rates []disclose.Rate
}

// Lengths of a heat map in CSS pixels.
const (
	heatRowHeight = 24.0
	heatWords     = 11.0 // size of the numbers
	heatNames     = 12.0 // size of the names of rows and columns
	heatPad       = 6.0
	heatLongest   = 110.0 // of a name that stands upright
)

// Heat draws rows by columns of rates: the value in each cell, on a shade of its class. Zero has a
// colour of its own, a hidden rate a hatch, what has nobody to count a white cell with a dash, and an
// incomplete rate a dashed frame. Columns that do not fit beside each other go into further blocks
// below the first, each with the names of the rows, so that no value is cut.
func Heat(l Label, size Size, classes Classes, columns []string, rows []HeatRow) (SVG, error) {
	for _, r := range rows {
		if len(r.Rates) != len(columns) {
			return SVG{}, fmt.Errorf("chart %s: a row has %d rates for %d columns", l.ID, len(r.Rates), len(columns))
		}
	}
	if len(rows) == 0 || len(columns) == 0 {
		return SVG{}, fmt.Errorf("chart %s: there is nothing to draw", l.ID)
	}
	left, least := heatSides(l.Words, size, rows)
	width := float64(size.Width)
	fits := max(1, int((width-left-1)/least))
	blocks := (len(columns) + fits - 1) / fits
	fits = (len(columns) + blocks - 1) / blocks // as many in each
	cell := math.Min((width-left-1)/float64(fits), 96)

	p := newPlain(l)
	y := 0.0
	for from := 0; from < len(columns); from += fits {
		to := min(from+fits, len(columns))
		if from > 0 {
			y += 18
		}
		y += p.heatHead(columns[from:to], left, y, cell)
		for _, r := range rows {
			middle := y + heatRowHeight/2
			p.words(left-heatPad, middle, heatNames, "end", ink, fit(r.Label, heatNames, left-heatPad-2), "")
			for i, rate := range r.Rates[from:to] {
				p.heatCell(left+float64(i)*cell, y, cell, classes, rate)
			}
			y += heatRowHeight
		}
	}
	return p.done(l, width, math.Ceil(y+1)), nil
}

// heatSides are the room that the names of the rows need, and the least width of a cell.
func heatSides(w *text.Words, size Size, rows []HeatRow) (left, least float64) {
	for _, r := range rows {
		left = math.Max(left, breadth(r.Label, heatNames)+heatPad+4)
		for _, rate := range r.Rates {
			least = math.Max(least, breadth(bare(w, rate), heatWords)+8)
		}
	}
	most := 220.0
	if size.Width < 500 {
		most = 112
	}
	return math.Min(left, most), math.Max(least, 34)
}

// bare is a rate without the unit, which the legend names.
func bare(w *text.Words, r disclose.Rate) string {
	if !r.Shown() {
		return "–"
	}
	if v, _, _ := r.Plot(); r.Scale() == disclose.Percent {
		return w.Number(disclose.Tenths(v))
	}
	return r.Text(w)
}

// heatHead writes the names of columns and gives the height that they take: beside each other
// where they fit, on two lines where that helps, else upright.
func (p *plain) heatHead(columns []string, left, y, cell float64) float64 {
	one, two := true, true
	longest := 0.0
	var lines [][2]string
	for _, c := range columns {
		l := twoLines(c, heatNames)
		lines = append(lines, l)
		longest = math.Max(longest, breadth(c, heatNames))
		one = one && breadth(c, heatNames) <= cell-4
		two = two && breadth(l[0], heatNames) <= cell-4 && breadth(l[1], heatNames) <= cell-4
	}
	height := 20.0
	switch {
	case one:
	case two:
		height = 34
	default:
		height = math.Min(longest, heatLongest) + 10
	}
	for i, c := range columns {
		x := left + (float64(i)+0.5)*cell
		switch {
		case one:
			p.words(x, y+10, heatNames, "middle", muted, c, "")
		case two && lines[i][1] == "":
			p.words(x, y+24, heatNames, "middle", muted, c, "")
		case two:
			p.words(x, y+10, heatNames, "middle", muted, lines[i][0], "")
			p.words(x, y+24, heatNames, "middle", muted, lines[i][1], "")
		default:
			at := fmt.Sprintf(` transform="rotate(-90 %s %s)"`, px(x), px(y+height-6))
			p.words(x, y+height-6, heatNames, "start", muted, fit(c, heatNames, heatLongest), at)
		}
	}
	return height
}

// twoLines parts words at the space that leaves the shorter lines.
func twoLines(words string, size float64) [2]string {
	best := [2]string{words, ""}
	least := breadth(words, size)
	for i, r := range words {
		if r != ' ' {
			continue
		}
		a, b := words[:i], words[i+1:]
		if w := math.Max(breadth(a, size), breadth(b, size)); w < least {
			best, least = [2]string{a, b}, w
		}
	}
	return best
}

// heatCell draws one rate.
func (p *plain) heatCell(x, y, width float64, classes Classes, r disclose.Rate) {
	const gap = 1.0
	x, y, width = x+gap/2, y+gap/2, width-gap
	height := heatRowHeight - gap
	fill, words := classes.colours(r)
	switch {
	case r.State() == disclose.Suppressed:
		p.rect(x, y, width, height, p.hidden(), "")
		return
	case !r.Shown():
		p.rect(x+0.5, y+0.5, width-1, height-1, fill, ` stroke="`+grid+`"`)
	case r.State() == disclose.Incomplete:
		p.rect(x, y, width, height, fill, "")
		p.rect(x+1.5, y+1.5, width-3, height-3, "none", ` stroke="`+words+`" stroke-dasharray="3 2"`)
	default:
		p.rect(x, y, width, height, fill, "")
	}
	p.words(x+width/2, y+height/2, heatWords, "middle", words, bare(p.say, r), "")
}

// colours are those of a rate and of the words on it.
func (c Classes) colours(r disclose.Rate) (fill, words string) {
	if r.Lacks() != disclose.NothingLacks && r.State() != disclose.Suppressed {
		return "#ffffff", muted
	}
	switch r.State() {
	case disclose.NotApplicable:
		return "#ffffff", muted
	case disclose.Suppressed:
		return "", ink // a hatch has no one colour
	case disclose.Zero:
		return zeroShade, ink
	}
	v, _, _ := r.Plot()
	s := shades[c.shade(c.of(v))]
	return s.fill, s.words
}

package chart

import (
	"fmt"
	"math"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// RatioRow is a group with what was observed of it over what was expected, or the heading of several.
type RatioRow struct {
	Label   string
	Heading bool
	Group   disclose.ExpectedGroup
	Ratio   stats.Estimate // of released numbers
	Shown   bool           // there is a ratio
}

// Ratios draws observed over expected with intervals, group by group in the order given, on an axis on which twice
// and half are equally far from 1; a ratio off the axis is an arrow at its end.
func Ratios(l Label, size Size, rows []RatioRow) (SVG, error) {
	if len(rows) == 0 {
		return SVG{}, fmt.Errorf("chart %s: there is nothing to draw", l.ID)
	}
	const rowHeight, top, least, most = 24.0, 6.0, 1.0 / 8, 8.0
	width, left, right := float64(size.Width), 232.0, 236.0
	narrow := size.Width < 500
	if narrow {
		left, right = 132, 52
	}
	low, high := 0.5, 2.0
	for _, r := range rows {
		if r.Shown {
			for low > least && r.Ratio.Low < low {
				low /= 2
			}
			for high < most && r.Ratio.High > high {
				high *= 2
			}
		}
	}
	at := func(v float64) float64 {
		v = math.Min(math.Max(v, low), high)
		return left + math.Log(v/low)/math.Log(high/low)*(width-left-right)
	}
	bottom := top + rowHeight*float64(len(rows))
	p := newPlain(l)
	ticks := 0
	for v := low; v <= high*1.001; v *= 2 {
		p.line(at(v), top, at(v), bottom, grid, "")
		if ticks++; !narrow || ticks%2 == 1 || v == 1 {
			p.words(at(v), bottom+14, 12, "middle", muted, p.say.Number(fmt.Sprint(v)), "")
		}
	}
	p.line(at(1), top, at(1), bottom, muted, ` stroke-dasharray="4 3"`)
	for i, r := range rows {
		y := top + rowHeight*(float64(i)+0.5)
		if r.Heading {
			p.words(4, y, 12, "start", ink, fit(r.Label, 12, width-8), ` font-weight="bold"`)
			p.line(4, y+11, width, y+11, grid, "")
			continue
		}
		p.words(16, y, 12, "start", ink, fit(r.Label, 12, left-26), "")
		if !r.Shown {
			p.notShown(left+4, y, r.Group.Share.State() == disclose.Suppressed)
			continue
		}
		p.line(at(r.Ratio.Low), y, at(r.Ratio.High), y, main, ` stroke-width="1.5"`)
		for _, end := range []float64{r.Ratio.Low, r.Ratio.High} {
			if end >= low && end <= high { // no cap where the axis ends before
				p.line(at(end), y-4, at(end), y+4, main, ` stroke-width="1.5"`)
			}
		}
		switch x := at(r.Ratio.Value); {
		case r.Ratio.Value < low: // off the axis
			fmt.Fprintf(p, `<path d="M%s %sl9 -5v10Z" fill="%s"></path>`, px(x-2), px(y), main)
		case r.Ratio.Value > high:
			fmt.Fprintf(p, `<path d="M%s %sl-9 -5v10Z" fill="%s"></path>`, px(x+2), px(y), main)
		default:
			p.rect(x-4.5, y-4.5, 9, 9, main, "")
		}
		if !narrow {
			p.words(width-56, y, 12, "end", muted, p.say.Say("{observed}, {expected} expected", r.Group.Share.NOfN(p.say), r.Group.Expected.Text(p.say)), "")
		}
		p.words(width-6, y, 12, "end", ink, p.say.Number(fmt.Sprintf("%.2f", r.Ratio.Value)), ` font-weight="bold"`)
	}
	return p.done(l, width, bottom+28), nil
}

// notShown says in a row why there is no number.
func (p *plain) notShown(x, y float64, hidden bool) {
	if !hidden {
		p.words(x, y, 12, "start", muted, p.say.Say("nothing expected"), "")
		return
	}
	p.rect(x, y-6, 28, 12, p.hidden(), "")
	p.words(x+36, y, 12, "start", muted, p.say.Say("hidden"), "")
}

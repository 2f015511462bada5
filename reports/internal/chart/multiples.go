package chart

import (
	"fmt"
	"math"
	"strings"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// Months is the records of one site by month. Low marks the months that are told as incomplete.
type Months struct {
	Label  string
	Counts []disclose.Count
	Low    []bool
}

// Multiples draws small control charts beside and below each other, one a site: counts by month from zero, the mean
// and the lower limit of an XmR chart of those that are shown, a gap where one is hidden, a diamond where a
// month is low. Each has its own scale.
func Multiples(l Label, size Size, panels []Months) SVG {
	const height, head, gap, pad = 74.0, 18.0, 18.0, 5.0
	columns := 3.0
	if size.Width < 500 {
		columns = 1
	}
	width := (float64(size.Width) - gap*(columns-1)) / columns
	p := newPlain(l)
	for i, m := range panels {
		left := math.Mod(float64(i), columns) * (width + gap)
		top := math.Floor(float64(i)/columns) * (height + head + 8)
		p.months(m, left, top+head, width, height, pad)
	}
	return p.done(l, float64(size.Width), math.Ceil(float64(len(panels))/columns)*(height+head+8))
}

func (p *plain) months(m Months, left, top, width, height, pad float64) {
	most, values := 1.0, []float64{}
	for _, c := range m.Counts {
		if n, ok := c.Value(); ok {
			values = append(values, float64(n))
			most = math.Max(most, float64(n))
		}
	}
	p.words(left, top-8, 12, "start", ink, fit(m.Label, 12, width-70), "")
	p.words(left+width, top-8, 11, "end", muted, p.say.Say("most {number}", p.say.Number(disclose.Thousands(int64(most)))), "")
	p.rect(left, top, width, height, "#ffffff", ` stroke="`+grid+`"`)
	x := func(i int) float64 {
		return left + pad + (width-2*pad)*float64(i)/math.Max(1, float64(len(m.Counts)-1))
	}
	y := func(v float64) float64 { return top + height - pad - (height-2*pad)*math.Max(0, v)/most }
	if c, err := stats.XmRChart(values, true); err == nil && len(values) >= 6 {
		for _, v := range []float64{c.Points[0].Mean, c.Points[0].Low} {
			if v > 0 {
				p.line(left, y(v), left+width, y(v), muted, ` stroke-dasharray="4 3"`)
			}
		}
	}
	var path strings.Builder
	pen := "M"
	for i, c := range m.Counts {
		n, ok := c.Value()
		if !ok {
			pen = "M"
			if c.State() == disclose.Suppressed {
				p.rect(x(i)-2, top+height-9, 4, 8, p.hidden(), "")
			}
			continue
		}
		fmt.Fprintf(&path, "%s%s %s", pen, px(x(i)), px(y(float64(n))))
		pen = "L"
	}
	fmt.Fprintf(p, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5" stroke-linejoin="round"></path>`, path.String(), main)
	for i, c := range m.Counts {
		if n, ok := c.Value(); ok && m.Low[i] {
			a, b := x(i), y(float64(n))
			fmt.Fprintf(p, `<path d="M%s %sL%s %sL%s %sL%s %sZ" fill="%s"></path>`, px(a-5), px(b), px(a), px(b-5), px(a+5), px(b), px(a), px(b+5), concernColour)
		}
	}
}

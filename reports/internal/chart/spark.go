package chart

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"farr/reports/internal/disclose"
)

// Spark is a small line of rates for a table row: no axis, a gap where a rate
// is not shown, the newest shown rate as a dot (hollow when incomplete). The
// same scale is used for nothing else, so it says shape, not size.
func Spark(l Label, rates []disclose.Rate) SVG {
	const width, height, pad = 132.0, 30.0, 4.0
	low, high := math.Inf(1), math.Inf(-1)
	last := -1
	for i, r := range rates {
		if r.Comparable() {
			v, _, _ := r.Plot()
			low, high, last = math.Min(low, v), math.Max(high, v), i
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g" role="img" aria-labelledby="%s-t"><title id="%s-t">%s. %s</title>`,
		width, height, width, height, l.ID, l.ID, escape(l.Title), escape(l.Description))
	if last >= 0 {
		x := func(i int) float64 { return pad + (width-2*pad)*float64(i)/math.Max(1, float64(len(rates)-1)) }
		y := func(v float64) float64 {
			if high == low {
				return height / 2
			}
			return height - pad - (height-2*pad)*(v-low)/(high-low)
		}
		var path strings.Builder
		pen := "M"
		for i, r := range rates {
			if !r.Comparable() {
				pen = "M"
				continue
			}
			v, _, _ := r.Plot()
			fmt.Fprintf(&path, "%s%.1f %.1f", pen, x(i), y(v))
			pen = "L"
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5" stroke-linejoin="round"></path>`, path.String(), muted)
		v, _, _ := rates[last].Plot()
		fill := main
		if rates[last].Hollow() {
			fill = "#ffffff"
		}
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s" stroke="%s" stroke-width="1.5"></circle>`, x(last), y(v), fill, main)
	}
	b.WriteString("</svg>")
	return SVG{template.HTML(b.String())}
}

// Bar is the share of a count in a whole, as a horizontal bar that begins at
// zero; empty where either may not be shown.
func Bar(part, whole disclose.Count) SVG {
	const width, height = 260.0, 14.0
	n, ok := part.Value()
	of, known := whole.Value()
	if !ok || !known || of == 0 {
		return SVG{}
	}
	return SVG{template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g" aria-hidden="true" focusable="false">`+
		`<rect width="%g" height="%g" fill="#eef1f4"></rect><rect width="%.1f" height="%g" fill="%s"></rect></svg>`,
		width, height, width, height, width, height, width*float64(n)/float64(of), height, main))}
}

package chart

import (
	"fmt"
	"html/template"

	"farr/reports/internal/disclose"
)

// Fall is a step of a waterfall.
type Fall uint8

// The steps: what is there, what falls away from it, and what is counted in the end.
const (
	Stands Fall = iota
	Falls
	Counted
)

// Waterfall is one step as a horizontal bar on a scale from zero to the whole: it begins after the numbers in
// before, so that what falls away hangs where it is missing. Where a number may not be shown the bar is hatched
// over the whole width, which says nothing of its length.
func Waterfall(id string, kind Fall, before []disclose.Count, count, whole disclose.Count) SVG {
	const width, height = 260.0, 16.0
	of, ok := whole.Value()
	n, shown := count.Value()
	start, hidden := int64(0), count.State() == disclose.Suppressed || whole.State() == disclose.Suppressed
	for _, b := range before {
		v, _ := b.Value() // none is excepted where nobody may be
		start, hidden = start+v, hidden || b.State() == disclose.Suppressed
	}
	p := &plain{id: id}
	p.rect(0, 0, width, height, "#eef1f4", "")
	switch {
	case hidden:
		return hatched(id, width, height)
	case !ok || !shown:
		return SVG{}
	case of == 0:
		return SVG{}
	}
	colour := map[Fall]string{Stands: main, Falls: neutralColour, Counted: benchmarkColour}[kind]
	p.rect(width*float64(start)/float64(of), 0, width*float64(n)/float64(of), height, colour, "")
	if kind == Falls { // where it hangs from
		p.line(width*float64(start)/float64(of), 0, width*float64(start)/float64(of), height, ink, "")
	}
	return SVG{template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" aria-hidden="true" focusable="false">%[3]s</svg>`,
		px(width), px(height), p.String()))}
}

func hatched(id string, width, height float64) SVG {
	p := &plain{id: id}
	fill := p.hidden()
	return SVG{template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" aria-hidden="true" focusable="false">`+
		`<defs><pattern id="%[3]s-hidden" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#eef1f4"></rect>`+
		`<rect width="1.4" height="6" fill="#b4bec8"></rect></pattern></defs><rect width="%[1]s" height="%[2]s" fill="%[4]s"></rect></svg>`, px(width), px(height), id, fill))}
}

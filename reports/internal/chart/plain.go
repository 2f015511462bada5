package chart

import (
	"farr/reports/internal/text"
	"fmt"
	"html/template"
	"strings"
)

// plain is a drawing that is written without echarts: rectangles, lines and words, in CSS pixels.
type plain struct {
	strings.Builder
	id    string
	say   *text.Words
	hatch bool    // the pattern of what is hidden is used
	grain float64 // of the pattern, in pixels; 1 where it is 0
}

// newPlain begins a drawing's elements; done puts the frame around them.
func newPlain(l Label) *plain { return &plain{id: l.ID, say: l.Words} }

// done is the drawing with its title, description and size.
func (p *plain) done(l Label, width, height float64) SVG {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="%[3]s-t %[3]s-d">`+
		`<title id="%[3]s-t">%[4]s</title><desc id="%[3]s-d">%[5]s</desc>`,
		px(width), px(height), escape(l.ID), escape(l.Title), escape(l.Description))
	if p.hatch {
		fmt.Fprintf(&b, `<defs><pattern id="%s-hidden" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)%s">`+
			`<rect width="6" height="6" fill="#eef1f4"></rect><rect width="1.4" height="6" fill="#b4bec8"></rect></pattern></defs>`, escape(p.id), grained(p.grain))
	}
	b.WriteString(p.String())
	b.WriteString("</svg>")
	return SVG{template.HTML(b.String())}
}

// grained scales the pattern where the drawing's unit is not a pixel.
func grained(grain float64) string {
	if grain == 0 || grain == 1 {
		return ""
	}
	return fmt.Sprintf(" scale(%.3f)", grain)
}

// hidden is the fill of what exists and may not be shown.
func (p *plain) hidden() string {
	p.hatch = true
	return "url(#" + escape(p.id) + "-hidden)"
}

func (p *plain) rect(x, y, width, height float64, fill, more string) {
	fmt.Fprintf(p, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"%s></rect>`, px(x), px(y), px(width), px(height), fill, more)
}

func (p *plain) line(x1, y1, x2, y2 float64, colour, more string) {
	fmt.Fprintf(p, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s"%s></line>`, px(x1), px(y1), px(x2), px(y2), colour, more)
}

// words stand with their middle at y; anchor is start, middle or end.
func (p *plain) words(x, y, size float64, anchor, colour, words, more string) {
	fmt.Fprintf(p, `<text x="%s" y="%s" font-family="%s" font-size="%s" text-anchor="%s" fill="%s"%s>%s</text>`,
		px(x), px(y+size*0.36), font, px(size), anchor, colour, more, escape(words))
}

// px is a length with no more digits than a screen shows.
func px(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

// breadth is how wide words are at most, nearly, in the house font.
func breadth(words string, size float64) float64 {
	em := 0.0
	for _, r := range words {
		switch {
		case strings.ContainsRune("iljtfI.,:;'|! \u00a0", r):
			em += 0.3
		case strings.ContainsRune("mwMW%@…", r):
			em += 0.9
		case r >= 'A' && r <= 'Z':
			em += 0.7
		default:
			em += 0.56
		}
	}
	return em * size
}

// fit shortens words that are wider than there is room; the table beside the figure has them whole.
func fit(words string, size, room float64) string {
	if breadth(words, size) <= room {
		return words
	}
	r := []rune(words)
	for len(r) > 1 && breadth(string(r)+"…", size) > room {
		r = r[:len(r)-1]
	}
	return strings.TrimRight(string(r), " ") + "…"
}

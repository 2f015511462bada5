package chart

import (
	"fmt"
	"html/template"
)

// Icon is a small sign for a table: a ring with a mark in it, in the house's own drawing. It is for the eye
// alone; the words beside it say the same.
type Icon string

// The icons: of variation, and of assurance.
const (
	IconImproving  Icon = "improving"
	IconConcerning Icon = "concerning"
	IconUnjudged   Icon = "unjudged"
	IconCommon     Icon = "common"
	IconNone       Icon = "none"
	IconPass       Icon = "P"
	IconFail       Icon = "F"
	IconEither     Icon = "?"
)

// SVG draws the icon.
func (i Icon) SVG() SVG {
	colour := neutralColour
	mark := ""
	letter := func(s string) string {
		return fmt.Sprintf(`<text x="14" y="19" text-anchor="middle" font-family="%s" font-size="14" font-weight="bold" fill="%s">%s</text>`, font, colour, s)
	}
	switch i {
	case IconImproving:
		colour = main
		mark = `<path d="M14 7.5 21 19.5H7Z" fill="` + colour + `"></path>`
	case IconConcerning:
		colour = concernColour
		mark = `<path d="M14 6.5 21.5 14 14 21.5 6.5 14Z" fill="` + colour + `"></path>`
	case IconUnjudged:
		colour = ink
		mark = `<rect x="9" y="9" width="10" height="10" fill="` + colour + `"></rect>`
	case IconCommon:
		mark = `<path d="M6 15.5 10 12 14 15.5 18 12 22 15.5" fill="none" stroke="` + colour + `" stroke-width="2"></path>`
	case IconPass:
		colour = main
		mark = letter("P")
	case IconFail:
		colour = concernColour
		mark = letter("F")
	case IconEither:
		mark = letter("?")
	default:
		mark = `<path d="M9 14H19" stroke="` + colour + `" stroke-width="2"></path>`
	}
	return SVG{template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28" viewBox="0 0 28 28" aria-hidden="true" focusable="false">`+
		`<circle cx="14" cy="14" r="12.5" fill="#ffffff" stroke="%s" stroke-width="2"></circle>%s</svg>`, colour, mark))}
}

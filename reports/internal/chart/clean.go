package chart

import (
	"encoding/xml"
	"farr/reports/internal/text"
	"fmt"
	"html"
	"html/template"
	"io"
	"regexp"
	"strings"
)

// Label names a figure: ID for ids and files, Title and Description for those
// who do not see the drawing. Words say what is written in it.
type Label struct {
	ID, Title, Description string
	Words                  *text.Words
}

var elements = set("svg g path rect circle line polyline polygon ellipse text tspan defs clipPath")

var attributes = set("d x y x1 y1 x2 y2 cx cy r rx ry dx dy width height points transform viewBox " +
	"fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin " +
	"stroke-miterlimit opacity font-size font-family font-weight font-style text-anchor dominant-baseline clip-path id paint-order")

// reference is the only form of url() that stays: to an id in the same drawing.
var reference = regexp.MustCompile(`^url\(#([A-Za-z0-9-]+)\)$`)

var engineID = regexp.MustCompile(`^zr\d+-`)

// escape makes text of what may hold anything: markup is escaped, and what no XML may hold (XML 1.0,
// section 2.2), such as a NUL, becomes the sign for an unknown character.
func escape(s string) string { return html.EscapeString(strings.Map(drawable, s)) }

func drawable(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
		return '\uFFFD'
	}
	return r
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// clean rebuilds echarts' output from what a drawing may contain: style
// attributes become presentation attributes (the page's policy allows no inline
// style), ids carry the figure's name, and an unknown element is an error.
func clean(raw string, l Label) (SVG, error) {
	d := xml.NewDecoder(strings.NewReader(strings.Map(drawable, raw)))
	var out strings.Builder
	depth := 0
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return SVG{}, fmt.Errorf("chart %s: the drawing is not well formed", l.ID)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local == "style" { // hover rules; a drawing has none
				if err := d.Skip(); err != nil {
					return SVG{}, fmt.Errorf("chart %s: the drawing is not well formed", l.ID)
				}
				continue
			}
			if !elements[t.Name.Local] {
				return SVG{}, fmt.Errorf("chart %s: the drawing has an element %q", l.ID, t.Name.Local)
			}
			out.WriteString("<" + t.Name.Local)
			if depth == 0 {
				fmt.Fprintf(&out, ` xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="%s-t %s-d"`, l.ID, l.ID)
			}
			for _, a := range flatten(t.Attr) {
				if depth == 0 && a[0] == "width" || depth == 0 && a[0] == "height" {
					out.WriteString(" " + a[0] + `="` + escape(a[1]) + `"`)
					continue
				}
				v, ok := attribute(a[0], a[1], l.ID)
				if ok {
					out.WriteString(" " + a[0] + `="` + escape(v) + `"`)
				}
			}
			out.WriteString(">")
			if depth == 0 {
				fmt.Fprintf(&out, `<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, l.ID, escape(l.Title), l.ID, escape(l.Description))
			}
			depth++
		case xml.EndElement:
			depth--
			out.WriteString("</" + t.Name.Local + ">")
		case xml.CharData:
			if depth > 0 {
				out.WriteString(escape(string(t)))
			}
		}
	}
	return SVG{template.HTML(out.String())}, nil
}

// flatten gives attributes with the style attribute's declarations among them.
func flatten(attrs []xml.Attr) [][2]string {
	var out [][2]string
	for _, a := range attrs {
		if a.Name.Space != "" {
			continue
		}
		if a.Name.Local != "style" {
			out = append(out, [2]string{a.Name.Local, a.Value})
			continue
		}
		for _, decl := range strings.Split(a.Value, ";") {
			if name, value, ok := strings.Cut(decl, ":"); ok {
				out = append(out, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
			}
		}
	}
	return out
}

func attribute(name, value, figure string) (string, bool) {
	if !attributes[name] {
		return "", false
	}
	if name == "id" {
		return figure + "-" + engineID.ReplaceAllString(value, ""), true
	}
	if strings.Contains(value, "(") && name != "transform" {
		if m := reference.FindStringSubmatch(value); m != nil {
			return "url(#" + figure + "-" + engineID.ReplaceAllString(m[1], "") + ")", true
		}
		if !strings.HasPrefix(value, "rgb") {
			return "", false
		}
	}
	return value, true
}

package text

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Template puts a page's template into the language. What stands between two tags is one text, with marks of its own
// (<b>, <a>, <code>) and with what is printed in it as places, named by the last name of the action; an action that
// decides or repeats parts two texts. Texts of attributes that are read out are texts, too. In English the template is
// what it was.
func (w *Words) Template(source string) string {
	out, _ := w.template(source)
	return out
}

// TemplateTexts are the texts in a template.
func TemplateTexts(source string) []Message {
	_, found := English().template(source)
	return found
}

// token is an action, a tag, or text.
var tokens = regexp.MustCompile(`(?s)\{\{.*?\}\}|<[a-zA-Z/!](?:\{\{.*?\}\}|[^>])*>|[^<{]+|.`)

// deciding are the actions that print nothing.
var deciding = regexp.MustCompile(`^\{\{-?\s*(?:if|else|end|range|with|define|template|block|break|continue|/\*|\$[a-z]+\s*:?=|\$[a-z]+,)`)

var (
	inline = regexp.MustCompile(`^</?(a|b|strong|em|code)[ >]`)
	spoken = regexp.MustCompile(`\b(aria-label|title|alt|placeholder)="([^"]*)"`)
	name   = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*`)
	marks  = regexp.MustCompile(`</?[a-z]+[0-9]*>`)
)

func (w *Words) template(source string) (string, []Message) {
	var out strings.Builder
	var found []Message
	var run []string
	flush := func() {
		said, m := w.run(run)
		out.WriteString(said)
		if m != "" {
			found = append(found, m)
		}
		run = nil
	}
	for _, t := range tokens.FindAllString(source, -1) {
		switch {
		case strings.HasPrefix(t, "{{") && deciding.MatchString(t), strings.HasPrefix(t, "<") && len(t) > 1 && !inline.MatchString(t):
			flush()
			out.WriteString(spoken.ReplaceAllStringFunc(t, func(a string) string {
				at := spoken.FindStringSubmatch(a)
				said, m := w.run(tokens.FindAllString(at[2], -1))
				if m != "" {
					found = append(found, m)
				}
				return at[1] + `="` + said + `"`
			}))
		default:
			run = append(run, t)
		}
	}
	flush()
	return out.String(), found
}

// run says a run of text, printing actions and marks; the message is empty where nothing in it is a text.
func (w *Words) run(run []string) (string, Message) {
	source := strings.Join(run, "")
	before, body, after := unwrapped(source)
	values := map[string]string{} // of places and marks
	var english strings.Builder
	letters := false
	var open []string
	for _, t := range tokens.FindAllString(body, -1) {
		switch {
		case strings.HasPrefix(t, "{{"):
			english.WriteString("{" + placeOf(t, values) + "}")
		case inline.MatchString(t):
			tag := inline.FindStringSubmatch(t)[1]
			if strings.HasPrefix(t, "</") {
				if n := len(open) - 1; n >= 0 {
					tag, open = open[n], open[:n]
				}
				tag = "</" + tag + ">"
			} else {
				for i := 2; values["<"+tag+">"] != ""; i++ {
					tag = fmt.Sprint(inline.FindStringSubmatch(t)[1], i)
				}
				open = append(open, tag)
				tag = "<" + tag + ">"
			}
			values[tag] = t
			english.WriteString(tag)
		default:
			letters = letters || strings.ContainsFunc(html.UnescapeString(t), unicode.IsLetter)
			english.WriteString(html.UnescapeString(t))
		}
	}
	if !letters {
		return source, ""
	}
	m := Message(english.String())
	to, ok := w.said[m]
	if !ok {
		return source, m
	}
	var said strings.Builder
	for _, p := range to {
		if p.place != "" {
			said.WriteString(values["{"+p.place+"}"])
			continue
		}
		last := 0
		for _, at := range marks.FindAllStringIndex(p.literal, -1) {
			if tag, ok := values[p.literal[at[0]:at[1]]]; ok {
				said.WriteString(html.EscapeString(p.literal[last:at[0]]) + tag)
				last = at[1]
			}
		}
		said.WriteString(html.EscapeString(p.literal[last:]))
	}
	return before + said.String() + after, m
}

// unwrapped takes from a run the space around it, and marks that hold the whole of it.
func unwrapped(source string) (before, body, after string) {
	body = strings.TrimFunc(source, unicode.IsSpace)
	from := strings.Index(source, body)
	before, after = source[:from], source[from+len(body):]
	list := tokens.FindAllString(body, -1)
	depth := 0
	for i, t := range list {
		switch {
		case !inline.MatchString(t):
		case strings.HasPrefix(t, "</"):
			depth--
		default:
			depth++
		}
		if depth == 0 && i < len(list)-1 || i == len(list)-1 && (i == 0 || depth != 0 || !inline.MatchString(t)) {
			return before, body, after
		}
	}
	if len(list) == 0 {
		return before, body, after
	}
	first, last := list[0], list[len(list)-1]
	inBefore, body, inAfter := unwrapped(body[len(first) : len(body)-len(last)])
	return before + first + inBefore, body, inAfter + last + after
}

// placeOf names the place of an action by the last name in it; the same action is the same place.
func placeOf(action string, values map[string]string) string {
	names := name.FindAllString(action, -1)
	base := "it"
	if n := len(names); n > 0 {
		base = strings.ToLower(names[n-1][:1]) + names[n-1][1:]
		if last := names[n-1]; last == strings.ToUpper(last) {
			base = strings.ToLower(last)
		}
	}
	place := base
	for i := 2; values["{"+place+"}"] != "" && values["{"+place+"}"] != action; i++ {
		place = fmt.Sprint(base, i)
	}
	values["{"+place+"}"] = action
	return place
}

// marksIn are the marks of a text, sorted.
func marksIn(s string) []string {
	found := marks.FindAllString(s, -1)
	slices.Sort(found)
	return found
}

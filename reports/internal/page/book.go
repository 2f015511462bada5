package page

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Book is one page made of all pages of a bundle in the order in which a committee reads them: the
// overview, measures, cohorts, then how good the data are and where they come from. It is for paper:
// each page begins on a new sheet, sheets are counted through, links lead from part to part, and what
// has no place on paper (data files, licences, scripts) is left out.
func Book(r *Report, files map[string][]byte) ([]byte, error) {
	order := []string{"index.html"}
	for _, m := range r.Measures {
		order = append(order, "measures/"+m.Definition.ID+".html")
	}
	for _, c := range r.Cohorts {
		order = append(order, "cohorts/"+c.Definition.ID+".html")
	}
	for _, p := range []string{"data-quality.html", "privacy.html", "run.html"} {
		if files[p] != nil {
			order = append(order, p)
		}
	}
	parts := map[string]string{} // prefix of the ids, by page
	for i, p := range order {
		parts[p] = fmt.Sprintf("part-%d-", i+1)
	}
	var b strings.Builder
	for i, p := range order {
		text, ok := files[p]
		if !ok {
			return nil, fmt.Errorf("book: the bundle has no page %s", p)
		}
		head, body, ok := strings.Cut(string(text), "<body>")
		body, _, closed := strings.Cut(body, "</body>")
		if !ok || !closed {
			return nil, fmt.Errorf("book: page %s has no body", p)
		}
		if i == 0 {
			b.WriteString(head + "<body>\n")
		}
		body = scripts.ReplaceAllString(body, "")
		fmt.Fprintf(&b, "<div class=\"page\" id=\"%s\">%s</div>\n", strings.TrimSuffix(parts[p], "-"), bound(body, p, parts))
	}
	b.WriteString("</body>\n</html>\n")
	return []byte(b.String()), nil
}

// The markup is this package's own: attributes stand in double quotes, and neither a quote nor a
// greater-than sign is in a value or, unescaped, in text.
var (
	scripts   = regexp.MustCompile(`(?s)<script>.*?</script>`)
	markup    = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	ids       = regexp.MustCompile(` (id|for|aria-labelledby|aria-describedby)="([^"]*)"`)
	fragments = regexp.MustCompile(`url\(#([^)"]*)\)`)
	leads     = regexp.MustCompile(` href="([^"]*)"`)
)

// bound gives a page's body ids of its own part, and links that stay in the book.
func bound(body, from string, parts map[string]string) string {
	prefix := parts[from]
	return markup.ReplaceAllStringFunc(body, func(tag string) string {
		tag = ids.ReplaceAllStringFunc(tag, func(a string) string {
			m := ids.FindStringSubmatch(a)
			names := strings.Fields(m[2])
			for i := range names {
				names[i] = prefix + names[i]
			}
			return " " + m[1] + `="` + strings.Join(names, " ") + `"`
		})
		tag = fragments.ReplaceAllString(tag, "url(#"+prefix+"$1)")
		return leads.ReplaceAllStringFunc(tag, func(a string) string {
			file, fragment, _ := strings.Cut(leads.FindStringSubmatch(a)[1], "#")
			to := from
			if file != "" {
				to = path.Join(path.Dir(from), file)
			}
			part, ok := parts[to]
			switch {
			case !ok:
				return ""
			case fragment == "":
				return ` href="#` + strings.TrimSuffix(part, "-") + `"`
			}
			return ` href="#` + part + fragment + `"`
		})
	})
}

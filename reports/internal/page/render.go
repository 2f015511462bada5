package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"strings"

	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
)

//go:embed templates
var files embed.FS

//go:embed style.css
var styleSheet string

// searchScript finds measures on an index of many; the page is whole without it.
//
//go:embed search.js
var searchScript string

// frame is what every page has around its content.
type frame struct {
	Report  *Report
	Root    string // "" or "../"
	Tab     string
	Heading string
	Policy  template.HTML
	Style   template.CSS
	Badge   string
	Draft   bool // internal: the warning is on every page
	Script  template.JS
	Body    any
}

// Render gives the report's files by their path in the bundle.
func Render(ctx context.Context, r *Report, progress func(done, total int)) (map[string][]byte, error) {
	charts, err := chart.NewRenderer()
	if err != nil {
		return nil, err
	}
	defer charts.Close()
	a := &artist{charts: charts, tables: map[string]Table{}, asked: map[string]*asked{}, report: r, of: map[string]about{}}
	out := map[string][]byte{}
	style := template.CSS(styleSheet + footer(r))
	templates, err := template.New("").Funcs(template.FuncMap{
		"day": day, "short": short, "periodWords": periodWords, "targetWords": targetWords, "rateWords": rateWords, "counted": counted, "removed": removed, "attribution": attributionWords, "subjects": subjects,
		"certificateWords": certificateWords, "thousands": func(n int) string { return disclose.Thousands(int64(n)) },
		"join": func(list []string) string { return strings.Join(list, ", ") }, "add": func(a, b int) int { return a + b }, "from": a.from, "lineagePath": lineagePath,
	}).ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	write := func(path, name, tab, heading string, body any) error {
		f := frame{Report: r, Root: strings.Repeat("../", strings.Count(path, "/")), Tab: tab, Heading: heading, Style: style,
			Policy: policy(string(style), ""), Draft: r.Policy.Audience == "internal", Body: body}
		if v, ok := body.(indexView); ok && v.Searched {
			f.Script, f.Policy = template.JS(searchScript), policy(string(style), searchScript)
		}
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, name, f); err != nil {
			return fmt.Errorf("page %s: %w", path, err)
		}
		out[path] = b.Bytes()
		return nil
	}

	total := len(r.Measures) + len(r.Cohorts) + 2
	done := 0
	step := func() error {
		if done++; progress != nil {
			progress(done, total)
		}
		return ctx.Err()
	}
	index, err := a.index(r)
	if err != nil {
		return nil, err
	}
	if err := write("index.html", "index", "index", r.Title, index); err != nil {
		return nil, err
	}
	for _, m := range r.Measures {
		if err := step(); err != nil {
			return nil, err
		}
		a.about = about{&m.Definition, spanDays(m.Headline.Low, m.Headline.High)}
		v, err := a.measure(r, m)
		if err != nil {
			return nil, err
		}
		if err := write("measures/"+m.Definition.ID+".html", "measure", "measures", m.Definition.Title, v); err != nil {
			return nil, err
		}
	}
	for _, c := range r.Cohorts {
		if err := step(); err != nil {
			return nil, err
		}
		a.about = about{&c.Definition, ""}
		if c.StudyLow != "" && c.StudyHigh != "" {
			a.about.period = c.StudyLow + " to " + c.StudyHigh
		}
		v, err := a.cohort(r, c)
		if err != nil {
			return nil, err
		}
		if err := write("cohorts/"+c.Definition.ID+".html", "cohort", "cohorts", c.Definition.Title, v); err != nil {
			return nil, err
		}
	}
	a.about = about{}
	run := runView{Run: r.Run, Path: "data/run-records", Notices: r.Notices}
	if r.Run.Accounting != nil {
		a.keep("run-records", *r.Run.Accounting)
	}
	if err := write("run.html", "run", "run", "How this report was made", run); err != nil {
		return nil, err
	}
	if r.Quality != nil {
		v, err := a.quality(r.Quality)
		if err != nil {
			return nil, err
		}
		if err := write("data-quality.html", "quality", "quality", "How good the data are", v); err != nil {
			return nil, err
		}
	}
	privacy := privacyView{r.Privacy, privacyFinding(r.Privacy), "data/privacy-classes"}
	if r.Privacy.Risk != nil {
		a.keep("privacy-classes", r.Privacy.Risk.Sizes)
	}
	if err := write("privacy.html", "privacy", "privacy", "What is known of persons", privacy); err != nil {
		return nil, err
	}
	if out[StateFile], err = a.state(r); err != nil {
		return nil, err
	}
	if c := r.Privacy.Certificate; c != nil {
		text, err := json.MarshalIndent(c, "", " ")
		if err != nil {
			return nil, err
		}
		out["data/certificate.json"] = append(text, '\n')
	}
	for _, id := range a.order {
		t := a.tables[id]
		if out["data/"+id+".csv"], err = t.csv(); err != nil {
			return nil, err
		}
		if out["data/"+id+".json"], err = stamped(t, a.provenanceOf(id)); err != nil {
			return nil, err
		}
	}
	return out, step()
}

type runView struct {
	Run     Run
	Path    string // of the account's data, without extension
	Notices string
}

// policy is the page's security policy: nothing but this one style sheet, and this one script where there is one. It is
// an attribute's value, made of nothing that came from outside.
func policy(style, script string) template.HTML {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	content := "default-src 'none'; style-src " + hash(style) + "; "
	if script != "" {
		content += "script-src " + hash(script) + "; "
	}
	content += "base-uri 'none'; form-action 'none'"
	return template.HTML(`<meta http-equiv="Content-Security-Policy" content="` + html.EscapeString(content) + `">`)
}

// footer is the printed page's foot.
func footer(r *Report) string {
	left := r.Organisation + " · data as of " + day(r.AsOf) + " · run " + short(r.Results)
	if r.Policy.Audience == "internal" {
		left = "Contains small numbers, not for release · " + left
	}
	return "@page{size:A4;margin:14mm 14mm 18mm;@bottom-left{content:" + cssString(left) + ";font:8pt Arial,sans-serif;color:#5b6b7b;white-space:nowrap}" +
		`@bottom-right{content:"page " counter(page) " of " counter(pages);font:8pt Arial,sans-serif;color:#5b6b7b}}`
}

// cssString writes every character that is not plain as an escape, so that no
// name can end the string or the style element.
func cssString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r == ' ' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\%06x `, r) // the space ends the escape and is no part of the text
		}
	}
	b.WriteByte('"')
	return b.String()
}

// short is enough of a hash for people.
func short(id string) string {
	if len(id) > 12 {
		return id[:12]
	}
	return id
}

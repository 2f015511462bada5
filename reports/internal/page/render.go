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
	"io/fs"
	"strings"

	"farr/reports/internal/chart"
	"farr/reports/internal/text"
)

//go:embed templates policy.html
var files embed.FS

//go:embed style.css
var styleSheet string

// searchScript finds measures on an index of many; the page is whole without it.
//
//go:embed search.js
var searchScript string

// frame is what every page has around its content.
type frame struct {
	Report   *Report
	Root     string // "" or "../"
	Tab      string
	Heading  string
	Language string // BCP 47
	ToLeft   bool   // it is written from right to left
	Policy   template.HTML
	Style    template.CSS
	Badge    string
	Draft    bool // internal: the warning is on every page
	Script   template.JS
	Body     any
}

// sheet is a page before it is written.
type sheet struct {
	path, template, tab, heading string
	body                         any
}

// Render gives the report's files by their path in the bundle. Pages are in the language; data files are in English in
// every language, so that they are the same files.
func Render(ctx context.Context, r *Report, w *text.Words, progress func(done, total int)) (map[string][]byte, error) {
	charts, err := chart.NewRenderer()
	if err != nil {
		return nil, err
	}
	defer charts.Close()
	a := newArtist(r, w, charts)
	total := len(r.Measures) + len(r.Cohorts) + 2
	done := 0
	step := func() error {
		if done++; progress != nil {
			progress(done, total)
		}
		return ctx.Err()
	}
	sheets, err := a.sheets(r, step)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	if err := a.write(r, sheets, out); err != nil {
		return nil, err
	}
	data := a
	if !w.English {
		data = newArtist(r, text.English(), nil)
		data.asked = a.asked
		if _, err := data.sheets(r, ctx.Err); err != nil {
			return nil, err
		}
	}
	if err := data.files(r, out); err != nil {
		return nil, err
	}
	return out, step()
}

// newArtist begins a report in a language; without charts nothing is drawn.
func newArtist(r *Report, w *text.Words, charts *chart.Renderer) *artist {
	return &artist{words: words{w}, charts: charts, tables: map[string]Table{}, asked: map[string]*asked{}, report: r, of: map[string]about{}, run: r.Run(w), privacy: r.Privacy(w)}
}

// sheets makes all pages, and keeps the tables of their figures.
func (a *artist) sheets(r *Report, step func() error) ([]sheet, error) {
	index, err := a.index(r)
	if err != nil {
		return nil, err
	}
	sheets := []sheet{{"index.html", "index", "index", r.Title, index}}
	for _, m := range r.Measures {
		if err := step(); err != nil {
			return nil, err
		}
		a.about = about{&m.Definition, a.spanDays(m.Headline.Low, m.Headline.High)}
		v, err := a.measure(r, m)
		if err != nil {
			return nil, err
		}
		sheets = append(sheets, sheet{"measures/" + m.Definition.ID + ".html", "measure", "measures", m.Definition.Title, v})
	}
	for _, c := range r.Cohorts {
		if err := step(); err != nil {
			return nil, err
		}
		a.about = about{&c.Definition, ""}
		if c.StudyLow != "" && c.StudyHigh != "" {
			a.about.period = a.fromTo(c.StudyLow, c.StudyHigh)
		}
		v, err := a.cohort(r, c)
		if err != nil {
			return nil, err
		}
		sheets = append(sheets, sheet{"cohorts/" + c.Definition.ID + ".html", "cohort", "cohorts", c.Definition.Title, v})
	}
	a.about = about{}
	if a.run.Accounting != nil {
		a.keep("run-records", *a.run.Accounting)
	}
	sheets = append(sheets, sheet{"run.html", "run", "run", a.Say("How this report was made"), runView{Run: a.run, Path: "data/run-records", Notices: r.Notices}})
	if r.Quality != nil {
		v, err := a.quality(r.Quality)
		if err != nil {
			return nil, err
		}
		sheets = append(sheets, sheet{"data-quality.html", "quality", "quality", a.Say("How good the data are"), v})
	}
	if a.privacy.Risk != nil {
		a.keep("privacy-classes", a.privacy.Risk.Sizes)
	}
	return append(sheets, sheet{"privacy.html", "privacy", "privacy", a.Say("What is known of persons"), privacyView{a.privacy, a.privacyFinding(a.privacy), "data/privacy-classes"}}), nil
}

// write writes the pages.
func (a *artist) write(r *Report, sheets []sheet, out map[string][]byte) error {
	style := template.CSS(strings.Replace(styleSheet, "made from", cssEscaped(a.Say("made from")), 1) + a.footer(r))
	templates, err := a.templates()
	if err != nil {
		return err
	}
	for _, s := range sheets {
		f := frame{Report: r, Root: strings.Repeat("../", strings.Count(s.path, "/")), Tab: s.tab, Heading: s.heading, Language: a.Language(), ToLeft: a.Direction() == "rtl",
			Style: style, Policy: policy(string(style), ""), Draft: r.Policy.Audience == "internal", Body: s.body}
		if v, ok := s.body.(indexView); ok && v.Searched {
			f.Script, f.Policy = template.JS(searchScript), policy(string(style), searchScript)
		}
		var b bytes.Buffer
		if err := templates.ExecuteTemplate(&b, s.template, f); err != nil {
			return fmt.Errorf("page %s: %w", s.path, err)
		}
		out[s.path] = b.Bytes()
	}
	return nil
}

// templates are the pages' templates in the language.
func (a *artist) templates() (*template.Template, error) {
	t := template.New("").Funcs(a.functions())
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		source, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if t, err = t.Parse(a.Template(string(source))); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
	}
	return t, nil
}

// functions are what templates may ask for.
func (a *artist) functions() template.FuncMap {
	return template.FuncMap{
		"day": a.day, "short": short, "periodWords": a.periodWords, "targetWords": a.targetWords, "rateWords": a.rateWords, "removed": a.removed, "attribution": a.attributionWords, "subjects": a.subjects,
		"count": a.countCell, "lack": a.lackWords, "rate": a.rateText, "nOfN": a.nOfN, "denominator": a.denominatorText, "interval": a.intervalText, "unit": a.unitText, "note": a.noteText, "rowNote": a.rowNote, "figure": a.figureText,
		"numeratorHead": a.numeratorHead, "denominatorHead": a.denominatorHead, "rateHead": a.rateHead, "intervalMethod": a.intervalMethod,
		"againstMark": a.againstMark, "againstWords": a.againstWords, "profileWords": a.profileWords, "custody": a.custodyWords, "rule": a.rule, "caveat": a.caveat, "policySource": a.policySource,
		"covers": a.covers, "notCovered": a.notCovered, "audience": a.audience, "kind": a.kind,
		"certificateWords": a.certificateWords, "thousands": func(n int) string { return a.thousands(int64(n)) }, "found": func() string { return a.Say("{shown} of {all}", "{shown}", "{all}") },
		"join": a.join, "improvement": a.improvement, "counts": a.counts, "add": func(a, b int) int { return a + b }, "from": a.from, "lineagePath": lineagePath, "codes": a.codes,
	}
}

// files are the data files of the figures, and what the report says of itself for programs.
func (a *artist) files(r *Report, out map[string][]byte) (err error) {
	if out[StateFile], err = a.state(r); err != nil {
		return err
	}
	if c := a.privacy.Certificate; c != nil {
		text, err := json.MarshalIndent(c, "", " ")
		if err != nil {
			return err
		}
		out["data/certificate.json"] = append(text, '\n')
	}
	if out["data/measure-reports.ndjson"], err = a.measureReports(r); err != nil {
		return err
	}
	for _, id := range a.order {
		t := a.tables[id]
		if out["data/"+id+".csv"], err = t.csv(); err != nil {
			return err
		}
		if out["data/"+id+".json"], err = stamped(t, a.provenanceOf(id)); err != nil {
			return err
		}
	}
	return nil
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
func (w words) footer(r *Report) string {
	left := w.Say("{organisation} · data as of {day} · run {run}", r.Organisation, w.day(r.AsOf), short(r.Results))
	if r.Policy.Audience == "internal" {
		left = w.Say("Contains small numbers, not for release · {foot}", left)
	}
	right := strings.NewReplacer("\x01", `" counter(page) "`, "\x02", `" counter(pages) "`).Replace(`"` + cssEscaped(w.Say("page {page} of {pages}", "\x01", "\x02")) + `"`)
	right = strings.TrimSuffix(strings.TrimPrefix(right, `"" `), ` ""`)
	return "@page{size:A4;margin:14mm 14mm 18mm;@bottom-left{content:" + cssString(left) + ";font:8pt Arial,sans-serif;color:#5b6b7b;white-space:nowrap}" +
		`@bottom-right{content:` + right + `;font:8pt Arial,sans-serif;color:#5b6b7b}}`
}

// cssString writes every character that is not plain as an escape, so that no
// name can end the string or the style element.
func cssString(s string) string { return `"` + cssEscaped(s) + `"` }

func cssEscaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == ' ' || r == '\x01' || r == '\x02' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\%06x `, r) // the space ends the escape and is no part of the text
		}
	}
	return b.String()
}

// short is enough of a hash for people.
func short(id string) string {
	if len(id) > 12 {
		return id[:12]
	}
	return id
}

package reports

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/measures"
)

// hostile are names that a page, a drawing, a style sheet, a chart engine or a spreadsheet might take
// for more than a name.
var hostile = []string{
	"</script><script>alert(1)</script>", "__f__alert(2)__f__", "fn:percent", "<img src=x onerror=alert(3)>", "=cmd()|' /C calc", "+1+2", "-1+2", "@SUM(1)",
	"\t=tab()", "\r=return()", "|pipe", "＝wide()", "\u202eright to left", "null\x00byte", `"><style>*{display:none}</style>`, "javascript:alert(4)",
	`CSS \"}body{display:none}/*`, "]]><svg onload=alert(5)>", "{{.Report}}${alert(6)}", "&lt;b&gt;&#x3c;b>", "' onmouseover='alert(7)", "http://example.org/x", "a,b;c\"d\ne",
	"long " + strings.Repeat("unbroken", 1250),
}

// keyFields are what the program itself reads: everything else that is text is a label.
var keyFields = []string{"ID", "Kind", "Scoring", "Basis", "Direction", "Attribution", "Strata", "Occurrence", "Uses", "Standard", "Observes", "Aggregate", "Name", "File"}

// nameEverything puts hostile names into each text of a value, in turn, but for keys.
func nameEverything(v reflect.Value, turn *int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile[*turn%len(hostile)])
		*turn++
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !slices.Contains(keyFields, f.Name) {
				nameEverything(v.Field(i), turn)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			nameEverything(v.Index(i), turn)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			nameEverything(v.Elem(), turn)
		}
	}
}

// hostileWorld has hostile names in every place from which a label can come.
func hostileWorld(t *testing.T, a Audience) (input, Request) {
	in := constructed(20000, hostile, onePage)
	turn := 0
	for i := range in.definitions {
		d := &in.definitions[i]
		d.Lists = append(d.Lists, measures.ValueList{Name: hostile[0], Codes: []measures.Code{{}, {}, {}, {}}})
		for range 4 {
			d.Rules = append(d.Rules, measures.Rule{ID: fmt.Sprint("rule-", turn)})
			turn++
		}
		nameEverything(reflect.ValueOf(d).Elem(), &turn)
		d.Title = hostile[(3+i)%len(hostile)]
	}
	for i := range in.aggregates {
		if g := &in.aggregates[i]; g.Stratum != "all" && g.Stratum != "site" {
			// One name for one value of a stratum, in every period.
			g.Value = hostile[slices.Index([]string{"female", "male", "18-44", "45-64", "65-74", "75-84", "2106-3", "2054-5", "2186-5", "medicare", "private"}, g.Value)+1] + " of " + g.Value
		}
	}
	for _, table := range []any{&in.attrition, &in.outcomes, &in.described} {
		rows := reflect.ValueOf(table).Elem()
		for i := range rows.Len() {
			rows.Index(i).FieldByName("Title").SetString(hostile[(i*5)%len(hostile)])
		}
	}
	for _, k := range []string{"zone", "source", "order", "observable", "policy", "key"} {
		in.lineage.ExtractRecipe[k] = hostile[turn%len(hostile)]
		turn++
	}
	in.lineage.Engine, in.lineage.Checkpoint = hostile[1], hostile[3]
	for _, facts := range []string{"drop_reasons", "reject_reasons", "values_dropped", "elements_not_in_policy"} {
		for i, h := range hostile {
			in.lineage.ExtractFacts[facts].(map[string]any)[h] = i + 20
		}
	}
	in.lineage.ExtractFacts["by_type"].(map[string]any)[hostile[3]] = map[string]any{"read": 40, "stored": 40}

	req := requestIn(t, a, onePage)
	req.Organisation, req.Title, req.Command = strings.Join(hostile[:20], " "), hostile[3], strings.Join(hostile, " ")
	quoted := func(s string) string {
		b, err := json.Marshal(strings.ReplaceAll(s, "\x00", ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	text := fmt.Sprintf("kpis:\n  - {measure: %s, target: 70%%, owner: %s, note: %s, group: %s, benchmark: {value: 66%%, source: %s}}\n",
		onePage, quoted(hostile[3]), quoted(strings.Join(hostile, " ")), quoted(hostile[4]), quoted(hostile[14]))
	if err := os.WriteFile(req.KPIFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, h := range hostile {
		req.Annotations = append(req.Annotations, Annotation{Measure: onePage, Date: day(2024, 2, 1+i), Text: h})
	}
	req.Rebases = []Rebase{{Measure: onePage, Date: day(2025, 1, 1), Reason: strings.Join(hostile, " ")}}
	return in, req
}

// TestNamesAreOnlyText: wherever a hostile name stands, it is text: pages have no element or attribute
// that is not farr's, drawings are well formed, no field of a spreadsheet is a formula, JSON is JSON,
// no file is named by it, and in a browser nothing runs, loads or scrolls.
func TestNamesAreOnlyText(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		t.Run(string(a), func(t *testing.T) {
			in, req := hostileWorld(t, a)
			files := built(t, in, req)
			shown := ""
			for path, text := range files {
				if !regexp.MustCompile(`^[a-z0-9/.-]+$`).MatchString(path) {
					t.Errorf("a file is named %q", path)
				}
				switch filepath.Ext(path) {
				case ".html":
					onlyOurMarkup(t, path, text)
					shown += html.UnescapeString(text)
				case ".csv":
					noFormulas(t, path, text)
				case ".json":
					if !json.Valid([]byte(text)) {
						t.Errorf("%s is no JSON", path)
					}
				}
			}
			for _, h := range hostile {
				if !strings.Contains(spaces.ReplaceAllString(shown, " "), spaces.ReplaceAllString(strings.ReplaceAll(h, "\x00", "\uFFFD"), " ")) {
					t.Errorf("%.40q is shown nowhere", h)
				}
			}
			if testing.Short() {
				return
			}
			for _, f := range browserCheck(t, req.Out) {
				if kind, _, _ := strings.Cut(f, ":"); kind == "clipped" || kind == "overlap" || kind == "gap" || kind == "cut" || kind == "broken" {
					continue // nobody has such names but who attacks; that they are ugly is no harm
				}
				t.Error(f[:min(len(f), 300)])
			}
		})
	}
}

var (
	anElement   = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>`)
	anAttribute = regexp.MustCompile(`\s+([a-zA-Z][a-zA-Z0-9-]*)(?:="([^"<>]*)")?`)
	ourElements = regexp.MustCompile(`^(html|head|meta|title|style|script|body|a|aside|article|p|strong|header|div|h[1-5]|ul|ol|li|b|nav|main|footer|figure|span|table|caption|thead|tbody|tr|th|td|details|summary|dl|dt|dd|pre|code|section|br|label|input|form|output|` +
		`svg|g|path|rect|circle|line|polyline|polygon|ellipse|text|tspan|desc|defs|clipPath|pattern|data|small|em|abbr)$`)
)

// onlyOurMarkup: every less-than sign begins an element of farr's pages, whose attributes are quoted and of
// farr's making, and each script and style sheet is one that the page's own policy names by its hash.
func onlyOurMarkup(t *testing.T, path, text string) {
	t.Helper()
	rest := regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>`).ReplaceAllString(strings.TrimPrefix(text, "<!DOCTYPE html>"), "")
	if strings.Count(text, "<style") != 1 || strings.Count(text, "<script") > 1 {
		t.Errorf("%s has more than its style sheet and its script", path)
	}
	if n, m := strings.Count(rest, "<"), len(anElement.FindAllString(rest, -1)); n != m {
		t.Errorf("%s: %d less-than signs, %d elements", path, n, m)
	}
	for _, m := range anElement.FindAllStringSubmatch(rest, -1) {
		if !ourElements.MatchString(m[2]) {
			t.Errorf("%s has an element %.80s", path, m[0])
		}
		if left := strings.TrimSpace(anAttribute.ReplaceAllString(m[3], "")); left != "" {
			t.Errorf("%s: attributes that are not: %.80q in %.200s", path, left, m[0])
		}
		for _, attr := range anAttribute.FindAllStringSubmatch(m[3], -1) {
			name, value := strings.ToLower(attr[1]), strings.ToLower(strings.TrimSpace(html.UnescapeString(attr[2])))
			if strings.HasPrefix(name, "on") || name == "style" || name == "src" || name == "srcdoc" || name == "action" ||
				name == "href" && !regexp.MustCompile(`^(#|\.\./|[a-z-]+/|[a-z-]+\.(html|txt|json))`).MatchString(value) {
				t.Errorf("%s has %.120s", path, attr[0])
			}
		}
	}
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(text, -1) {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: a drawing is not well formed: %v", path, err)
				break
			}
		}
	}
}

// noFormulas: a field that begins as a formula does is a number.
func noFormulas(t *testing.T, path, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	for _, fields := range rows {
		for _, f := range fields {
			if f == "" || !strings.ContainsRune("=+-@\t\r\n|＝＋－＠", []rune(f)[0]) {
				continue
			}
			if _, err := strconv.ParseFloat(f, 64); err != nil {
				t.Errorf("%s has a formula: %.60q", path, f)
			}
		}
	}
}

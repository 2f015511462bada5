package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/internal/stats"
	"farr/measures"
)

// wide is a text with each letter in its wide form, as no data have them; places and marks stay.
func wide(s string) string {
	var b strings.Builder
	var text func(s string) string
	text = func(s string) string {
		for s != "" {
			switch s[0] {
			case '}':
				return s
			case '<':
				i := strings.IndexByte(s, '>') + 1
				b.WriteString(s[:i])
				s = s[i:]
			case '{':
				i := strings.IndexAny(s, ",}")
				b.WriteString(s[:i])
				if s = s[i:]; s[0] == ',' { // forms
					i = strings.IndexByte(s[1:], ',') + 2
					b.WriteString(s[:i])
					s = s[i:]
					for s[0] != '}' {
						i = strings.IndexAny(s, "{}")
						b.WriteString(s[:i])
						if s = s[i:]; s[0] == '{' {
							b.WriteByte('{')
							s = text(s[1:])
							b.WriteByte('}')
							s = s[1:]
						}
					}
				}
				b.WriteByte('}')
				s = s[1:]
			default:
				r := []rune(s)[0]
				s = s[len(string(r)):]
				if (r == '.' || r == ',') && s != "" && s[0] >= '0' && s[0] <= '9' {
					r = '·'
				}
				b.WriteString(other(string(r), 'Ａ', 'ａ'))
			}
		}
		return s
	}
	text(s)
	return b.String()
}

// other puts another alphabet in the place of the Latin one.
func other(s string, upper, lower rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return upper + r - 'A'
		case r >= 'a' && r <= 'z':
			return lower + r - 'a'
		}
		return r
	}, s)
}

// pseudo is a language file with every text in wide letters, with signs of numbers and names of months of its own.
func pseudo(t testing.TB) string {
	t.Helper()
	lines := strings.Split(string(LanguageTemplate()), "\n")
	for i, line := range lines {
		if to, ok := strings.CutPrefix(line, "  to: "); ok {
			s, err := strconv.Unquote(strings.ReplaceAll(to, `\_`, `\u00a0`))
			if err != nil {
				t.Fatal(err)
			}
			lines[i] = "  to: " + strconv.Quote(wide(s))
		}
	}
	text := strings.Join(lines, "\n")
	for from, to := range map[string]string{"language: en": "language: en-GB", "direction: ltr": "direction: rtl", `decimal: "."`: "decimal: \"\u00b7\"", `group: ","`: "group: \"\u2019\""} {
		text = strings.Replace(text, from, to, 1)
	}
	text = regexp.MustCompile(`(?m)^(short_)?months: .*$`).ReplaceAllStringFunc(text, func(line string) string {
		key, list, _ := strings.Cut(line, ": ")
		return key + ": " + other(list, 'Ａ', 'ａ')
	})
	path := filepath.Join(t.TempDir(), "pseudo.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// signed is a decimal sign or one between thousands, in English.
var signed = regexp.MustCompile(`([0-9])[.,]([0-9])`)

// titled are the fields of definitions and results that hold words which a file of the user's says, or a definition says
// of itself; inOtherLetters writes them in mathematical letters, so that a page shows whose words are whose.
var titled = []string{"Title", "Rationale", "Source", "English", "Description", "Exit"}

func inOtherLetters(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Kind() == reflect.Pointer {
			inOtherLetters(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			inOtherLetters(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if f.Kind() == reflect.String && slices.Contains(titled, v.Type().Field(i).Name) {
				f.SetString(signed.ReplaceAllString(other(f.String(), '𝐀', '𝐚'), "${1}·${2}"))
			} else if f.CanSet() {
				inOtherLetters(f)
			}
		}
	}
}

// namesIn are what data name besides titles: sites, ids, values.
func namesIn(in input) []string {
	names := []string{"mm[Hg]", "kPa", "mmol/mol", "kg/m2", "[lb_av]", "[in_i]", "[degF]", "mg/dL", "umol/L", "mmol/L", "/min", " Cel", " kg", " cm", "UCUM", "HbA1c", "DiagnosticReport", "Location", "Organization"}
	for _, c := range in.quality.Checks { // elements of FHIR
		if path, _, _ := strings.Cut(c.Title, ","); c.Dimension == measures.QualityCompleteness {
			names = append(names, strings.Split(path, " or ")...)
		}
	}
	names = append(append(names, siteNames()...), "Riverside Health", "CSV", "JSON", "HTML", "SHA-256", "farr 0.1", "riverside", "America/New_York", "index.html", "manifest.json", "none", "shifted", "cms11", "opensafely7r5", "Dr Okafor", "Dr Lindqvist", "Nursing office", "agreed for 2025", "hypertension", "invalid-json", "NY", "MA", "CT", "NJ")
	for _, d := range in.definitions {
		names = append(names, d.ID)
		for _, l := range append(slices.Clone(d.Lists), d.ValueSets...) {
			names = append(names, l.Name)
		}
		for _, c := range d.Characteristics {
			names = append(names, c.Title)
		}
		names = append(names, stats.Standards[d.Standard].Name)
	}
	return names
}

// TestEveryTextIsInTheLanguage: with a language whose letters are no data's, nothing on any page is in another.
func TestEveryTextIsInTheLanguage(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		in := constructed(map[Audience]int{Internal: 6000, External: 400}[a], siteNames())
		english := sharedBundle(t, a)
		req := requestIn(t, a)
		req.LanguageFile = pseudo(t)
		plain := built(t, in, req)
		for path, text := range english {
			if strings.HasPrefix(path, "data/") || path == "signals.json" {
				if plain[path] != text {
					t.Errorf("%s: %s differs between languages", a, path)
				}
			}
		}
		if page := plain["index.html"]; !strings.Contains(page, `<html lang="en-GB" dir="rtl">`) {
			t.Errorf("%s: the page does not say its language", a)
		}
		for _, of := range []any{&in.definitions, &in.careGaps, &in.attrition, &in.outcomes, &in.described} {
			inOtherLetters(reflect.ValueOf(of))
		}
		said := requestIn(t, a)
		said.LanguageFile, said.Title = req.LanguageFile, ""
		checkAllIsSaid(t, built(t, in, said), namesIn(in)...)
	}
}

// TestAnotherLanguageIsAFile: a file of some texts, with what it lacks in English; numbers, months and the order of words are
// those of the language, and the manifest names the file by its hash.
func TestAnotherLanguageIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "de.yaml")
	german := `language: de
partial: true
decimal: ","
group: "."
months: [Januar, Februar, März, April, Mai, Juni, Juli, August, September, Oktober, November, Dezember]
short_months: [Jan, Feb, Mär, Apr, Mai, Jun, Jul, Aug, Sep, Okt, Nov, Dez]
messages:
  - {from: "Data as of <b>{asOf}</b>", to: "Datenstand: <b>{asOf}</b>"}
  - {from: "{day} {month} {year}", to: "{day}. {month} {year}"}
  - {from: "Measures", to: "Kennzahlen"}
  - {from: "{numerator} of {denominator}", to: "{numerator} von {denominator}"}
  - {from: "{low} to {high}", to: "{low} bis {high}"}
  - {from: "at least {value}", to: "mindestens {value}"}
  - {from: "Met", to: "Erreicht"}
  - {from: "{months, plural, one {# month} other {# months}} to {month}", to: "{months, plural, one {# Monat} other {# Monate}} bis {month}"}
  - {from: "{met, plural, one {# of {judged} targets is met} other {# of {judged} targets are met}}", to: "{met, plural, one {# von {judged} Zielen ist erreicht} other {# von {judged} Zielen sind erreicht}}"}
  - {from: "Female", to: "Frauen"}
  - {from: "Skip to the content", to: "Zum Inhalt"}
  - {from: "page {page} of {pages}", to: "Seite {page} von {pages}"}
`
	if err := os.WriteFile(file, []byte(german), 0o600); err != nil {
		t.Fatal(err)
	}
	req := requestIn(t, Internal, onePage)
	req.LanguageFile = file
	files := built(t, constructed(6000, siteNames(), onePage), req)
	index := files["index.html"]
	for _, want := range []string{`<html lang="de">`, "Datenstand: <b>31. Dezember 2025</b>", ">Kennzahlen</a>", "mindestens 70\u00a0%", "Zum Inhalt", "12 Monate bis Dezember 2025",
		`content:"Seite " counter(page) " von " counter(pages)`, "What changed since the last report"} {
		if !strings.Contains(index, want) {
			t.Errorf("the index does not say %q", want)
		}
	}
	if page := files["measures/"+onePage+".html"]; !strings.Contains(page, "Frauen") || !regexp.MustCompile(`[0-9]\.[0-9]{3} von [0-9]\.[0-9]{3}`).MatchString(page) || !regexp.MustCompile(`[0-9],[0-9] bis [0-9]+,[0-9]`).MatchString(page) {
		t.Error("the measure's page does not have the numbers of the language")
	}
	english := built(t, constructed(6000, siteNames(), onePage), requestIn(t, Internal, onePage))
	for path, text := range english {
		if strings.HasPrefix(path, "data/") && files[path] != text {
			t.Errorf("%s differs between languages", path)
		}
	}
	sum := sha256.Sum256([]byte(german))
	if m := files[manifestName]; !strings.Contains(m, `"language": "de"`) || !strings.Contains(m, hex.EncodeToString(sum[:])) {
		t.Error("the manifest does not name the language file")
	}
	if !strings.Contains(files["run.html"], hex.EncodeToString(sum[:])) {
		t.Error("the page of the run does not name the language file")
	}
	if strings.Contains(english[manifestName], "language") {
		t.Error("an English report names a language file")
	}
	bad := strings.Replace(german, "mindestens {value}", "mindestens", 1)
	if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckLanguage(file); err == nil || !strings.Contains(err.Error(), "de.yaml:13:") || !strings.Contains(err.Error(), "missing-place") {
		t.Errorf("a number was left out: %v", err)
	}
}

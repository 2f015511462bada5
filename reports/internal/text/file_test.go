package text

import (
	"errors"
	"strings"
	"testing"

	"farr/internal/source"
)

const heading = "language: de\npartial: true\ndecimal: \",\"\ngroup: \".\"\nmonths: [Januar, Februar, März, April, Mai, Juni, Juli, August, September, Oktober, November, Dezember]\n" +
	"short_months: [Jan, Feb, Mär, Apr, Mai, Jun, Jul, Aug, Sep, Okt, Nov, Dez]\nmessages:\n"

// TestEveryMistakeInALanguageFile: all at once, each with its line, column and code.
func TestEveryMistakeInALanguageFile(t *testing.T) {
	file := strings.Replace(heading, "partial: true\n", "partial: true\ndirection: up\n", 1) + strings.Join([]string{
		`- {from: "{months, plural, one {# month} other {# months}} to {month}", to: "{months, plural, one {# Monat} few {# Monate} other {# Monate}} bis {month}"}`,
		`- {from: "at least {value}", to: "mindestens"}`,
		`- {from: "at most {value}", to: "höchstens {wert} {value}"}`,
		`- {from: "at mots {value}", to: "höchstens {value}"}`,
		`- {from: "hidden", to: "verborgen"}`,
		`- {from: "hidden", to: "versteckt"}`,
		`- {from: "{n} or more", to: "{n oder mehr"}`,
		`- {from: "Data as of <b>{asOf}</b>", to: "Datenstand {asOf}"}`,
		`- {from: "{n, plural, one {# code} other {# codes}}", to: "{n, plural, other {# Codes}}"}`,
		`- {from: " It rests on an incomplete feed.", to: "Beruht auf unvollständigen Daten."}`,
		`- {from: "{low} to {high}", to: "{low, select, one {x} other {y}} bis {high}"}`,
	}, "\n") + "\n"
	_, err := Read("de.yaml", []byte(file))
	var found source.Diagnostics
	if !errors.As(err, &found) {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, d := range found {
		got = append(got, d.Pos.String()+" "+d.Code)
	}
	want := []string{"de.yaml:3:12 bad-direction", "de.yaml:9:77 wrong-plural", "de.yaml:10:34 missing-place", "de.yaml:11:33 unknown-place", "de.yaml:12:10 unknown-text",
		"de.yaml:14:10 duplicate-text", "de.yaml:15:29 bad-message", "de.yaml:16:42 wrong-marks", "de.yaml:17:59 missing-plural", "de.yaml:18:50 wrong-space", "de.yaml:19:33 wrong-forms"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !strings.Contains(err.Error(), `did you mean "at most {value}"?`) {
		t.Errorf("no hint: %v", err)
	}
}

// TestOneMistakeIsToldOnce: what follows from a wrong tag is not told of each text, one sign cannot stand for the
// decimal and for thousands, and a text is not empty.
func TestOneMistakeIsToldOnce(t *testing.T) {
	file := strings.NewReplacer("language: de", "language: no tag!", `group: "."`, `group: ","`).Replace(heading) +
		`- {from: "{n, plural, one {# code} other {# codes}}", to: "{n, plural, one {# Code} other {# Codes}}"}` + "\n" +
		`- {from: "Overview", to: " "}` + "\n" +
		`- {from: "hidden", to: "<b>verborgen</b>"}` + "\n"
	_, err := Read("de.yaml", []byte(file))
	if err == nil {
		t.Fatal("no mistake")
	}
	want := `de.yaml:1:11: bad-language: "no tag!" is no tag of a language (a BCP 47 tag such as de or pt-BR)
de.yaml:4:8: same-sign: "," is the decimal sign, too, so that 1,5 would say two things (a space, or the other sign)
de.yaml:9:26: empty-text: the text is empty (leave the entry out, with partial: true, for the English)
de.yaml:10:24: wrong-marks: the marks are not those of the English (it has none)`
	if err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestAMissingTextIsAMistakeUnlessTheFileIsPartial.
func TestAMissingTextIsAMistakeUnlessTheFileIsPartial(t *testing.T) {
	entry := `- {from: "hidden", to: "verborgen"}` + "\n"
	w, err := Read("de.yaml", []byte(heading+entry))
	if err != nil {
		t.Fatal(err)
	}
	if w.Missing != len(english())-1 || w.Say("hidden") != "verborgen" || w.Say("zero") != "zero" {
		t.Errorf("%d missing, %q, %q", w.Missing, w.Say("hidden"), w.Say("zero"))
	}
	_, err = Read("de.yaml", []byte(strings.Replace(heading, "partial: true\n", "", 1)+entry))
	var found source.Diagnostics
	if !errors.As(err, &found) || len(found) != len(english())-1 || found[0].Code != "missing-text" || found[0].Pos.Line != 7 {
		t.Fatalf("got %.300v", err)
	}
}

// TestTheCatalogueIsALanguageFile: what --language-template prints can be used as it is.
func TestTheCatalogueIsALanguageFile(t *testing.T) {
	w, err := Read("en.yaml", Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	if w.Missing != 0 {
		t.Errorf("%d texts are missing", w.Missing)
	}
}

// TestFormsByNumber: a language has the plural forms that Unicode's CLDR gives it, and words may change their order.
func TestFormsByNumber(t *testing.T) {
	file := strings.NewReplacer("language: de", "language: pl").Replace(heading) +
		`- {from: "{n, plural, one {# code} other {# codes}}", to: "{n, plural, one {# kod} few {# kody} many {# kodów} other {# kodu}}"}` + "\n" +
		`- {from: "{day} {month} {year}", to: "{year}, {month} {day}"}` + "\n"
	w, err := Read("pl.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{1: "1 kod", 3: "3 kody", 5: "5 kodów", 22: "22 kody", 112: "112 kodów"} {
		if got := w.Say("{n, plural, one {# code} other {# codes}}", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := w.Say("{day} {month} {year}", 3, "marca", 2025); got != "2025, marca 3" {
		t.Errorf("got %q", got)
	}
	if got := w.Number("-1,234,567.8"); got != "-1.234.567,8" {
		t.Errorf("got %q", got)
	}
}

// TestATextIsNoMarkup: what a language file says is text in a template, too, whatever it holds.
func TestATextIsNoMarkup(t *testing.T) {
	w, err := Read("de.yaml", []byte(heading+`- {from: "Data as of <b>{asOf}</b>", to: "<script>alert(1)</script> & \"<b>{asOf}</b>\""}`+"\n"+`- {from: "Restriction", to: "\" onclick=\"x"}`+"\n"))
	var found source.Diagnostics
	if !errors.As(err, &found) || found[0].Code != "wrong-marks" {
		t.Fatalf("a mark of its own: %v", err)
	}
	w, err = Read("de.yaml", []byte(heading+`- {from: "Data as of <b>{asOf}</b>", to: "Stand & \"<b>{asOf}</b>\" < 1"}`+"\n"+`- {from: "Restriction", to: "\" onclick=\"x"}`+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := w.Template(`<p>Data as of <b class="x">{{day .AsOf}}</b></p><aside aria-label="Restriction">`)
	if want := `<p>Stand &amp; &#34;<b class="x">{{day .AsOf}}</b>&#34; &lt; 1</p><aside aria-label="&#34; onclick=&#34;x">`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := Read("de.yaml", []byte(heading+`- {from: "Restriction", to: "{{.Secret}}"}`+"\n")); err == nil {
		t.Error("an action of a template was taken as text")
	}
}

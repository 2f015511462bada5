package text

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"farr/internal/source"
)

// file is a language file.
type file struct {
	Language    string   `yaml:"language,required"`
	Direction   string   `yaml:"direction"`
	Partial     bool     `yaml:"partial"`
	Decimal     string   `yaml:"decimal,required"`
	Group       string   `yaml:"group,required"`
	Months      []string `yaml:"months,required"`
	ShortMonths []string `yaml:"short_months,required"`
	Messages    []entry  `yaml:"messages,required"`
}

type entry struct {
	From string `yaml:"from,required"`
	To   string `yaml:"to,required"`
}

// Read reads a language file. Every mistake in it is in the error, with its line and column: a text that reports do
// not have or that is said twice, one that is missing, places and marks that differ from the English, and plural
// forms that the language has not.
func Read(name string, data []byte) (*Words, error) {
	var f file
	doc, _ := source.DecodeYAML(name, data, &f)
	sum := sha256.Sum256(data)
	w := &Words{decimal: f.Decimal, group: f.Group, months: f.Months, shortMonth: f.ShortMonths, said: map[Message]message{}, File: name, Hash: hex.EncodeToString(sum[:])}
	var err error
	if w.tag, err = language.Parse(f.Language); err != nil && doc.Has("language") {
		w.tag = language.Und // of which no plural forms are known
		doc.Report("bad-language", fmt.Sprintf("%q is no tag of a language", f.Language), "a BCP 47 tag such as de or pt-BR", "language")
	}
	if f.Decimal == f.Group && doc.Has("decimal") && doc.Has("group") {
		doc.Report("same-sign", fmt.Sprintf("%q is the decimal sign, too, so that 1%s5 would say two things", f.Group, f.Group), "a space, or the other sign", "group")
	}
	switch f.Direction {
	case "", "ltr":
	case "rtl":
		w.rightToLeft = true
	default:
		doc.Report("bad-direction", fmt.Sprintf("direction %q is none", f.Direction), "ltr, or rtl", "direction")
	}
	for key, list := range map[string][]string{"months": f.Months, "short_months": f.ShortMonths} {
		if len(list) != 12 && doc.Has(key) {
			doc.Report("wrong-months", fmt.Sprintf("%d names of months, not 12", len(list)), "January first", key)
		}
	}
	known := english()
	for i, e := range f.Messages {
		if !doc.Has("messages", i, "from") {
			continue
		}
		from, ok := known[Message(e.From)]
		_, twice := w.said[Message(e.From)]
		switch {
		case !ok:
			doc.Report("unknown-text", "reports have no such text", source.DidYouMean(e.From, slices.Sorted(maps.Keys(texts(known)))), "messages", i, "from")
			continue
		case twice:
			doc.Report("duplicate-text", "the text is said above", "", "messages", i, "from")
			continue
		}
		w.said[Message(e.From)] = nil // known, whatever is wrong with it
		if !doc.Has("messages", i, "to") {
			continue
		}
		if e.From != "" && strings.TrimSpace(e.To) == "" {
			doc.Report("empty-text", "the text is empty", "leave the entry out, with partial: true, for the English", "messages", i, "to")
			continue
		}
		to, err := parse(e.To)
		if err != nil {
			doc.Report("bad-message", err.Error(), "", "messages", i, "to")
			continue
		}
		for _, m := range w.mistakes(e.From, e.To, from, to) {
			doc.Report(m.code, m.words, m.hint, "messages", i, "to")
		}
		w.said[Message(e.From)] = to
	}
	for _, m := range slices.Sorted(maps.Keys(known)) {
		if _, ok := w.said[m]; ok {
			continue
		}
		if w.Missing++; !f.Partial && doc.Has("messages") {
			doc.Add(source.Diagnostic{Pos: doc.Pos("messages"), Code: "missing-text", Message: fmt.Sprintf("no entry from %q", m), Hint: "partial: true says what is missing in English"})
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return w, nil
}

func texts(known map[Message]message) map[string]bool {
	out := map[string]bool{}
	for m := range known {
		out[string(m)] = true
	}
	return out
}

// english are the texts of the catalogue.
func english() map[Message]message {
	var f file
	if _, err := source.DecodeYAML("en.yaml", Catalogue, &f); err != nil {
		panic(err) // the catalogue's test reads it
	}
	out := map[Message]message{}
	for _, e := range f.Messages {
		m, err := parse(e.From)
		if err != nil {
			panic(err)
		}
		out[Message(e.From)] = m
	}
	return out
}

type mistake struct{ code, words, hint string }

// mistakes are those of a translation that is well formed by itself.
func (w *Words) mistakes(fromText, toText string, from, to message) []mistake {
	var out []mistake
	want, wantKinds := from.places()
	have, haveKinds := to.places()
	for _, p := range have {
		if !slices.Contains(want, p) {
			out = append(out, mistake{"unknown-place", fmt.Sprintf("the English has no place {%s}", p), "it has " + braced(want)})
		}
	}
	for _, p := range want {
		if !slices.Contains(have, p) {
			out = append(out, mistake{"missing-place", fmt.Sprintf("the place {%s} is missing", p), "a number that is left out changes what is said"})
		}
	}
	for _, k := range haveKinds {
		name, kind, _ := strings.Cut(k, " ")
		if !slices.Contains(wantKinds, k) && slices.Contains(want, name) {
			out = append(out, mistake{"wrong-forms", fmt.Sprintf("the place {%s} has no forms by %s in English", name, kind), ""})
		}
	}
	ours := classes(w.tag)
	to.walk(func(p part) {
		var names []string
		for _, f := range p.forms {
			names = append(names, f.name)
			if p.kind == "plural" && !w.tag.IsRoot() && !slices.Contains(ours, f.name) {
				out = append(out, mistake{"wrong-plural", fmt.Sprintf("%s has no plural form %q", w.tag, f.name), "it has " + strings.Join(ours, ", ")})
			}
		}
		for _, c := range ours {
			if p.kind == "plural" && !w.tag.IsRoot() && !slices.Contains(names, c) {
				out = append(out, mistake{"missing-plural", fmt.Sprintf("the plural form %q of {%s} is missing", c, p.place), w.tag.String() + " has " + strings.Join(ours, ", ")})
			}
		}
		if p.kind == "select" {
			from.walk(func(q part) {
				for _, f := range q.forms {
					if q.place == p.place && !slices.Contains(names, f.name) {
						out = append(out, mistake{"missing-form", fmt.Sprintf("the form %q of {%s} is missing", f.name, p.place), ""})
					}
				}
			})
		}
	})
	if a, b := ends(fromText), ends(toText); a != b {
		out = append(out, mistake{"wrong-space", "space at the beginning or the end is not that of the English", "the text is put behind or before another"})
	}
	if a, b := marksIn(fromText), marksIn(toText); !slices.Equal(a, b) {
		out = append(out, mistake{"wrong-marks", "the marks are not those of the English", "it has " + cmp.Or(strings.Join(a, " "), "none")})
	}
	return out
}

// ends tells whether a text begins and ends with a space.
func ends(s string) [2]bool {
	return [2]bool{strings.HasPrefix(s, " "), strings.HasSuffix(s, " ")}
}

func braced(names []string) string {
	if len(names) == 0 {
		return "no places"
	}
	return "{" + strings.Join(names, "}, {") + "}"
}

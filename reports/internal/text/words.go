package text

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Catalogue is the file of all texts in English, which a translation begins with.
//
//go:embed en.yaml
var Catalogue []byte

// Words says texts in one language. It does not change, and may be used by several at once.
type Words struct {
	tag                language.Tag
	rightToLeft        bool
	decimal, group     string
	months, shortMonth []string
	said               map[Message]message // by the English; nil in English, where each text says itself
	// English tells whether the words are those of the code.
	English bool
	// Missing is how many texts a partial language file lacks: they are said in English.
	Missing int
	// File and Hash, hex SHA-256, name the language file; empty in English.
	File, Hash string
}

// English is the language of the code.
func English() *Words {
	w := &Words{tag: language.English, decimal: ".", group: ",", English: true}
	for m := time.January; m <= time.December; m++ {
		w.months, w.shortMonth = append(w.months, m.String()), append(w.shortMonth, m.String()[:3])
	}
	return w
}

// Language is the BCP 47 tag, for a page.
func (w *Words) Language() string { return w.tag.String() }

// Direction is "ltr" or "rtl", for a page.
func (w *Words) Direction() string {
	if w.rightToLeft {
		return "rtl"
	}
	return "ltr"
}

// Say says a text with the values of its places, in the order in which these first stand in the English. A value is
// text, or a whole number, which decides a plural form.
func (w *Words) Say(english Message, values ...any) string {
	from, err := parse(string(english))
	if err != nil {
		panic(fmt.Sprintf("text %q: %v", english, err)) // the catalogue's test parses every text
	}
	names, _ := from.places()
	if len(names) != len(values) {
		panic(fmt.Sprintf("text %q: %d places, %d values", english, len(names), len(values)))
	}
	to, ok := w.said[english]
	if !ok {
		to = from
	}
	var b strings.Builder
	w.write(&b, to, names, values, nil)
	return b.String()
}

// category is the form that a value takes: the plural category of a whole number, or the word itself.
func (w *Words) category(kind string, value any) string {
	if kind == "select" {
		return fmt.Sprint(value)
	}
	var n int64
	switch v := value.(type) {
	case int:
		n = int64(v)
	case int64:
		n = v
	default:
		panic(fmt.Sprintf("a plural form of %T", value))
	}
	return categories[plural.Cardinal.MatchPlural(w.tag, int(n%1_000_000_000), 0, 0, 0, 0)]
}

// categories are the names of CLDR's plural categories.
var categories = map[plural.Form]string{plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}

// classes are the categories that whole numbers of the language have.
func classes(tag language.Tag) []string {
	var out []string
	for n := range 2001 {
		add(&out, categories[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)])
	}
	add(&out, "other")
	if f := categories[plural.Cardinal.MatchPlural(tag, 1_000_000, 0, 0, 0, 0)]; f != "" {
		add(&out, f)
	}
	slices.Sort(out)
	return out
}

// Number puts the language's own signs into a number in the English form, 1,234.5.
func (w *Words) Number(english string) string {
	if w.English {
		return english
	}
	var b strings.Builder
	for _, r := range english {
		switch r {
		case ',':
			b.WriteString(w.group)
		case '.':
			b.WriteString(w.decimal)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Day is "31 December 2025".
func (w *Words) Day(t time.Time) string {
	return w.Say("{day} {month} {year}", t.Day(), w.months[t.Month()-1], t.Year())
}

// Month is "December 2025".
func (w *Words) Month(t time.Time) string {
	return w.Say("{month} {year}", w.months[t.Month()-1], t.Year())
}

// ShortMonth is "Dec 2025".
func (w *Words) ShortMonth(t time.Time) string {
	return w.Say("{shortMonth} {year}", w.shortMonth[t.Month()-1], t.Year())
}

// TickMonth is "Dec 25", on an axis.
func (w *Words) TickMonth(t time.Time) string {
	return w.Say("{shortMonth} {yearOfCentury}", w.shortMonth[t.Month()-1], t.Format("06"))
}

// Join puts words into a list, "a, b, c".
func (w *Words) Join(list []string) string {
	return w.join(list, func(a, b string) string { return w.Say("{some}, {more}", a, b) })
}

// JoinParts puts parts of a sentence, which may have commas, behind each other: "a; b, c; d".
func (w *Words) JoinParts(list []string) string {
	return w.join(list, func(a, b string) string { return w.Say("{some}; {more}", a, b) })
}

func (w *Words) join(list []string, both func(a, b string) string) string {
	out := ""
	for i, s := range list {
		if i == 0 {
			out = s
		} else {
			out = both(out, s)
		}
	}
	return out
}

// Signs are the decimal sign and that between thousands.
func (w *Words) Signs() (decimal, group string) { return w.decimal, w.group }

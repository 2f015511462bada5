// Package text holds every text that a reader of a report sees, and says it in a language.
//
// The English text is the key: code says w.Say("{met} of {all} targets are met", met, all), a page's template says it
// as it stands, and a language file gives each such text in another language. A place, {met}, takes the value of that
// rank, in the order in which the places first stand in the English; another language may put them in another order.
// Forms by number and by case are those of ICU's messages:
//
//	{n, plural, one {# chart} other {# charts}}
//	{side, select, above {above the mean} other {below the mean}}
//
// with the plural categories of Unicode's CLDR; # is the number. What stands in a place is data, a number in the
// language's own signs, or another text.
//
// A language file is YAML in the form of en.yaml, the catalogue of all texts, which a test keeps whole: it finds the
// texts in the code and in the templates (-update writes them).
//
//	language: de         # BCP 47: the page says it, and it decides the plural forms
//	direction: ltr       # or rtl
//	partial: true        # optional: what is missing is said in English, and counted; without it that is a mistake
//	decimal: ","
//	group: "."           # between thousands
//	months: [Januar, ...]
//	short_months: [Jan, ...]
//	messages:
//	  - from: "Data as of <b>{day}</b>"
//	    to: "Datenstand: <b>{day}</b>"
//
// A template's text may hold marks of its own, as <b> here: they may move, and none may be lost or added. Neither a
// message nor a value can become markup.
package text

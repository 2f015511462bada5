package page

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// Table is a figure's data: what the page shows beside the drawing and what its
// CSV and JSON files hold. Numbers can only be released ones.
type Table struct {
	Caption string
	Labels  []string // names of the label columns
	Counts  []string // names of the count columns
	Rated   bool     // whether rows have a rate
	Scale   disclose.Scale
	Mixed   bool     // rows have scales of their own, named in columns
	Derived []string // names of statistics of the released numbers, and of words about them
	Rows    []TableRow
}

// TableRow has a label and a count for each name, and a rate where Rated.
type TableRow struct {
	Labels []string
	Counts []disclose.Count
	Rate   disclose.Rate
	Few    bool // the rate rests on fewer events than a reliable one does
	Total  bool // the sum of the rows above

	Derived []Derived
}

// Note is what a reader is told of the rate, beside it.
func (w words) rowNote(r TableRow) string {
	note := w.noteText(r.Rate)
	switch {
	case !r.Few:
		return note
	case note == "":
		return w.say(fewWords)
	}
	return w.joinParts([]string{note, w.say(fewWords)})
}

const fewWords text.Message = "fewer than 20 events: not reliable (NCHS)"

// reliable is how many events a rate needs to be reliable by the rule of the National Center for Health Statistics.
const reliable = 20

// few tells whether a rate over time that is shown rests on fewer events than that. The rule is of events of a Poisson process: for
// proportions the Center has another one.
func few(r disclose.Rate) bool {
	n, ok := r.Numerator().Value()
	return ok && n < reliable && r.Shown() && r.Scale().Timed()
}

// Derived is a statistic made of released numbers, or a word; the zero value is an empty field.
type Derived struct {
	Text  string // on the page
	Field string // in data files
	// IsNumber: the field is a number.
	IsNumber bool
}

// statistic is a number with a decimal on the page and four in data files.
func (w words) statistic(scale disclose.Scale, v float64) Derived {
	return Derived{Text: w.scaled(scale, v), Field: strconv.FormatFloat(v, 'f', 4, 64), IsNumber: true}
}

// word is text in a column of statistics.
func word(s string) Derived { return Derived{Text: s, Field: s} }

// NumeratorHead and DenominatorHead name the counts of a rate.
func (w words) numeratorHead(t Table) string {
	switch {
	case t.Scale.Timed():
		return w.Say("Events")
	case t.Scale == disclose.Observed:
		return w.Say("Observed")
	case t.Scale == disclose.Headcount:
		return w.Say("Counted")
	}
	return w.Say("Numerator")
}

func (w words) denominatorHead(t Table) string {
	switch {
	case t.Scale.Timed():
		return w.Say("Time observed")
	case t.Scale == disclose.Observed:
		return w.Say("Measure population")
	}
	return w.Say("Denominator")
}

// RateHead names the rate with its unit, where numbers of the table do not carry it.
func (w words) rateHead(t Table) string {
	if t.Scale.Timed() && !t.Mixed {
		return w.Say("Rate {scale}", w.unitText(t.Scale))
	}
	return w.Say("Rate")
}

// csv has one row a table row; a number that may not be shown is an empty field
// with its state beside it.
func (t Table) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	head := t.columns()
	if err := w.Write(head); err != nil {
		return nil, err
	}
	for _, r := range t.Rows {
		var fields []string
		for _, l := range r.Labels {
			fields = append(fields, inert(l))
		}
		for _, c := range r.Counts {
			fields = append(fields, countField(c), c.StateText())
		}
		if t.Rated {
			for _, c := range t.rateCells(r.Rate) {
				fields = append(fields, c.text)
			}
		}
		for _, d := range r.Derived {
			if d.IsNumber {
				fields = append(fields, d.Field)
			} else {
				fields = append(fields, inert(d.Field))
			}
		}
		if err := w.Write(fields); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func (t Table) columns() []string {
	var head []string
	for _, l := range t.Labels {
		head = append(head, column(l))
	}
	for _, c := range t.Counts {
		head = append(head, column(c), column(c)+"_state")
	}
	if t.Rated {
		head = append(head, t.rateColumns()...)
	}
	for _, d := range t.Derived {
		head = append(head, column(d))
	}
	return head
}

func (t Table) rateColumns() []string {
	if t.Mixed {
		return []string{"numerator", "denominator", "denominator_unit", "rate", "rate_unit", "interval_low", "interval_high", "interval_method", "state"}
	}
	numerator, denominator, value := "numerator", "denominator", scoreWords[t.Scale]
	if t.Scale.Timed() {
		numerator, denominator, value = "events", "person_days", "per_"+strconv.FormatInt(int64(t.Scale), 10)+"_person_years"
	}
	return []string{numerator, denominator, value, "interval_low", "interval_high", "interval_method", "state"}
}

// scoreWords name a score that is not over time.
var scoreWords = map[disclose.Scale]string{disclose.Percent: "percent", disclose.Ratio: "ratio", disclose.Observed: "observed_value", disclose.Headcount: "count"}

// rateCell is a field of a rate: a number, empty where there is none to show, or
// a word.
type rateCell struct {
	text   string
	number bool
}

// rateCells are a rate's fields under the columns of the table. In a mixed table
// time is in person-years, as on the page.
func (t Table) rateCells(r disclose.Rate) []rateCell {
	v := rateFields(r)
	cells := []rateCell{{countField(r.Numerator()), true}}
	if !t.Mixed {
		cells = append(cells, rateCell{countField(r.Denominator()), true}, rateCell{v[0], true})
	} else {
		denominator, unit, rateUnit := countField(r.Denominator()), "count", scoreWords[r.Scale()]
		if r.Scale().Timed() {
			unit, rateUnit = "person-years", strings.ReplaceAll(r.Scale().Unit(text.English()), ",", "")
			if days, ok := r.Denominator().Value(); ok {
				denominator = strconv.FormatFloat(float64(days)/disclose.DaysPerYear, 'f', 1, 64)
			}
		}
		cells = append(cells, rateCell{denominator, true}, rateCell{unit, false}, rateCell{v[0], true}, rateCell{rateUnit, false})
	}
	return append(cells, rateCell{v[1], true}, rateCell{v[2], true}, rateCell{r.Method(), false}, rateCell{r.StateText(), false})
}

// rowsJSON is a list of objects with the columns of the CSV; what may not be shown
// is null.
func (t Table) rowsJSON() ([]json.RawMessage, error) {
	head := t.columns()
	rows := make([]json.RawMessage, 0, len(t.Rows))
	for _, r := range t.Rows {
		var values []any
		for _, l := range r.Labels {
			values = append(values, l)
		}
		for _, c := range r.Counts {
			values = append(values, number(countField(c)), c.StateText())
		}
		if t.Rated {
			for _, c := range t.rateCells(r.Rate) {
				if c.number {
					values = append(values, number(c.text))
				} else {
					values = append(values, c.text)
				}
			}
		}
		for _, d := range r.Derived {
			if d.IsNumber {
				values = append(values, number(d.Field))
			} else {
				values = append(values, d.Field)
			}
		}
		var b strings.Builder // objects by hand keep the order of the columns
		b.WriteString("{")
		for i, v := range values {
			if i > 0 {
				b.WriteString(",")
			}
			name, err := json.Marshal(head[i])
			if err != nil {
				return nil, err
			}
			value, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			b.Write(name)
			b.WriteString(":")
			b.Write(value)
		}
		b.WriteString("}")
		rows = append(rows, json.RawMessage(b.String()))
	}
	return rows, nil
}

func number(field string) any {
	if field == "" {
		return nil
	}
	return json.Number(field)
}

func countField(c disclose.Count) string {
	n, ok := c.Value()
	if !ok {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// rateFields are value, low and high to four decimals of the shown unit.
func rateFields(r disclose.Rate) [3]string {
	if !r.Shown() {
		return [3]string{}
	}
	v, low, high := r.Plot()
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
	if r.Method() == "" {
		return [3]string{f(v), "", ""}
	}
	return [3]string{f(v), f(low), f(high)}
}

// inert keeps a spreadsheet from reading text as a formula, also where it takes the wide forms of the signs for them.
func inert(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	if s != "" && strings.ContainsRune("=+-@\t\r\n|＝＋－＠", first) {
		return "'" + s
	}
	return s
}

func column(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "_") }

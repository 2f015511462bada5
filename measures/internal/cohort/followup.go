package cohort

import (
	"fmt"
	"slices"
	"strings"
)

// Era is time on a medication: each order lasts Supply days, and eras that are at most Gap
// days apart are one. As an event it is the first day without: the end of the era. Until Gap
// days later nobody knows that it ended, so it did only where the person, alive, is under
// observation until then; else time goes on to the usual end of follow-up.
type Era struct {
	Medication string `yaml:"medication,required"` // a value list
	Supply     int    `yaml:"supply,required"`
	Gap        int    `yaml:"gap"`
}

func (e *Era) check(report Report, at ...any) {
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	if e.Supply < 1 || e.Supply > 3650 {
		report("bad-value", fmt.Sprintf("a supply of %d days", e.Supply), "1 to 3650", path("supply")...)
	}
	if e.Gap < 0 || e.Gap > 3650 {
		report("bad-value", fmt.Sprintf("a gap of %d days", e.Gap), "0 to 3650", path("gap")...)
	}
}

// rows collapses orders into eras.
//
// Source: Gardarsdottir H, Souverein PC, Egberts TCG, Heerdink ER. Construction of drug
// treatment episodes from drug-dispensing histories is influenced by the gap length. J
// Clin Epidemiol 2010;63:422-427.
func (e *Era) rows() string {
	return fmt.Sprintf(`SELECT e.pid, e.day FROM (SELECT pid, max(stop) AS day FROM (
	SELECT pid, stop, sum(fresh) OVER (PARTITION BY pid ORDER BY day, stop ROWS UNBOUNDED PRECEDING) AS era FROM (
		SELECT pid, day, stop, CASE WHEN day <= max(stop) OVER (PARTITION BY pid ORDER BY day, stop ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + %[1]d THEN 0 ELSE 1 END AS fresh
		FROM (SELECT pid, day, day + %[2]d AS stop FROM ordered WHERE day IS NOT NULL AND code IN (FROM list_%[3]s))))
GROUP BY pid, era) e JOIN patient p ON p.pid = e.pid SEMI JOIN observation_period o ON o.pid = e.pid AND e.day >= o.period_start AND e.day + %[1]d <= o.period_end
WHERE p.deceased_start IS NULL OR p.deceased_start::DATE >= e.day + %[1]d`, e.Gap, e.Supply, e.Medication)
}

// Exit ends a person's follow-up at the first of what it names. The end of observable time
// and death always end it.
type Exit struct {
	Days   int     `yaml:"days"` // after the index date
	Events []Event `yaml:"events"`
}

// Check reports what is wrong with its meaning.
func (x Exit) Check(report Report, at ...any) {
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	if x.Days < 0 || x.Days > maxHistory {
		report("bad-value", fmt.Sprintf("an exit after %d days", x.Days), fmt.Sprintf("1 to %d", maxHistory), path("days")...)
	}
	if x.Days == 0 && len(x.Events) == 0 {
		report("empty-rule", "nothing ends the follow-up", "days or events", at...)
	}
	for i, e := range x.Events {
		e.Check(report, path("events", i)...)
		if e.Days != nil || e.Count != 0 {
			report("misplaced-key", "an exit is the first event after the index date, without window or count", "", path("events", i)...)
		}
	}
}

// Outcome is an event that is waited for, or the first of several.
type Outcome struct {
	ID     string  `yaml:"id,required"`
	Title  string  `yaml:"title,required"`
	Event  *Event  `yaml:"event"`
	Events []Event `yaml:"events"`
	// From is the first day at risk after the index date, and To the last; 1 and no end when absent.
	From *int `yaml:"from"`
	To   *int `yaml:"to"`
	// Washout leaves those out who had the event in so many days up to the first at risk.
	Washout int `yaml:"washout"`
	// Adjust are what the outcome's expected number in each group is adjusted for: age, strata,
	// characteristics.
	Adjust []string `yaml:"adjust"`
}

// all are the events that are waited for.
func (o Outcome) all() []Event {
	if o.Event != nil {
		return []Event{*o.Event}
	}
	return o.Events
}

// Lists are the value lists that it names.
func (o Outcome) Lists() []string {
	var lists []string
	for _, e := range o.all() {
		lists = append(lists, e.Lists()...)
	}
	return lists
}

// First is the first day at risk.
func (o Outcome) First() int {
	if o.From == nil {
		return 1
	}
	return *o.From
}

// WashesOut tells whether the entry event itself is one of those in the washout.
func (o Outcome) WashesOut(entry Event) bool {
	if o.First() < 1 || o.First() > o.Washout {
		return false
	}
	return slices.ContainsFunc(o.all(), func(e Event) bool { return e.Rows() == entry.Rows() })
}

// Check reports what is wrong with its meaning.
func (o Outcome) Check(report Report, at ...any) {
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	switch {
	case o.Event != nil && len(o.Events) > 0:
		report("two-forms", "it is written twice, as event and as events", "keep one", at...)
	case len(o.all()) == 0:
		report("missing-key", "nothing says what it is", "event or events", at...)
	}
	for i, e := range o.all() {
		place := path("event")
		if o.Event == nil {
			place = path("events", i)
		}
		e.Check(report, place...)
		if e.Days != nil || e.Count != 0 {
			report("misplaced-key", "the outcome's own from and to say when", "", place...)
		}
	}
	if o.First() < 0 {
		report("before-index", "an outcome cannot be waited for before the index date", "from: 0 or more", path("from")...)
	}
	if o.To != nil && *o.To < o.First() {
		report("empty-window", fmt.Sprintf("time at risk ends on day %d, before it begins on day %d", *o.To, o.First()), "", path("to")...)
	}
	if len(o.Adjust) > 0 && o.To == nil {
		report("missing-key", "an outcome is adjusted within a time that everybody has", "to: 30", path("adjust")...)
	}
	if o.Washout < 0 || o.Washout > maxHistory {
		report("bad-value", fmt.Sprintf("a washout of %d days", o.Washout), fmt.Sprintf("0 to %d", maxHistory), path("washout")...)
	}
}

// FollowUp is one SELECT of (pid, index_date, state, days, happened, whole) of the members of a
// cohort: state is "at risk", "washed out" or "no time"; days are those at risk, of which
// the last is that of the event where it happened; whole says that nothing but death would have
// ended the follow-up before the time at risk did, whether or not the event happened. It reads final(pid, index_date).
func FollowUp(o Outcome, exit *Exit) string {
	var b strings.Builder
	var happened []string
	for _, e := range o.all() {
		happened = append(happened, e.Rows())
	}
	ends := []string{"o.period_end"}
	from := "final m JOIN patient p ON p.pid = m.pid LEFT JOIN observation_period o ON o.pid = m.pid AND m.index_date BETWEEN o.period_start AND o.period_end"
	if exit != nil {
		if exit.Days > 0 {
			ends = append(ends, fmt.Sprintf("m.index_date + %d", exit.Days))
		}
		for i, e := range exit.Events {
			fmt.Fprintf(&b, "exit_%d AS (SELECT m.pid, m.index_date, min(x.day) AS day FROM final m JOIN (%s) x ON x.pid = m.pid AND x.day > m.index_date GROUP BY ALL),\n", i, e.Rows())
			from += fmt.Sprintf(" LEFT JOIN exit_%d ON exit_%[1]d.pid = m.pid AND exit_%[1]d.index_date = m.index_date", i)
			ends = append(ends, fmt.Sprintf("exit_%d.day", i))
		}
	}
	// What ends a follow-up beside death and the time at risk says who was followed to the end.
	other := "least(" + strings.Join(ends, ", ") + ")"
	whole := "true"
	ends = append(ends, "p.deceased_start::DATE")
	if o.To != nil {
		whole = fmt.Sprintf("coalesce(%[1]s >= m.index_date + %[2]d OR p.deceased_start::DATE <= %[1]s, false)", other, *o.To)
		ends = append(ends, fmt.Sprintf("m.index_date + %d", *o.To))
	}
	return fmt.Sprintf(`WITH happened AS (SELECT DISTINCT pid, day FROM (%s) WHERE day IS NOT NULL),
%swaiting AS (
	SELECT m.pid, m.index_date, m.index_date + %d AS first_day, o.pid IS NULL AS unseen, least(%s) AS last_day, %s AS whole FROM %s
), followed AS (
	SELECT w.*, min(h.day) FILTER (WHERE h.day >= w.first_day AND h.day <= w.last_day) AS event_day,
		count(*) FILTER (WHERE h.day < w.first_day AND h.day >= w.first_day - %d) > 0 AS washed_out
	FROM waiting w LEFT JOIN happened h ON h.pid = w.pid GROUP BY ALL
)
SELECT pid, index_date, CASE WHEN washed_out THEN 'washed out' WHEN unseen OR last_day < first_day THEN 'no time' ELSE 'at risk' END AS state,
	coalesce(event_day, last_day) - first_day + 1 AS days, event_day IS NOT NULL AS happened, whole
FROM followed`, strings.Join(happened, "\nUNION ALL\n"), b.String(), o.First(), strings.Join(ends, ", "), whole, from, o.Washout)
}

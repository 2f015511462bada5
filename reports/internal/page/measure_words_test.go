package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"farr/internal/stats"
	"farr/measures"
	"farr/reports/internal/control"
	"farr/reports/internal/disclose"
)

// monthly is a measure with a 12-month headline and so many months of x of n, with a target.
func monthly(basis string, x, n int64, months int) Measure {
	target := 70.0
	m := Measure{Definition: measures.Definition{ID: "m", Title: "T", Direction: "higher", Scoring: "proportion", Basis: basis}, KPI: &KPI{Target: &target}}
	day := func(month int) time.Time { return time.Date(2024, time.Month(month), 1, 0, 0, 0, 0, time.UTC) }
	add := func(low, high time.Time, family, stratum, value string, x, n int64) disclose.Exact {
		e := stats.Wilson(x, n)
		return disclose.Exact{Period: disclose.Period{ID: family + low.Format("2006-01"), Family: family, Low: low, High: high}, Stratum: stratum, Value: value,
			Initial: n, Denominator: n, Numerator: x, Rate: e.Value, Low: e.Low, High: e.High, Method: "wilson", Complete: true}
	}
	var rows []disclose.Exact
	for i := range months {
		rows = append(rows, add(day(1+i), day(2+i), "disjoint", "all", "all", x+int64(i%3), n))
	}
	head := add(day(months-11), day(months+1), "rolling", "all", "all", 9*x, 12*n)
	rows = append(rows, head, add(day(months-11), day(months+1), "rolling", "sex", "female", 9*x-4-20, 12*n-4-30),
		add(day(months-11), day(months+1), "rolling", "sex", "male", 20, 30), add(day(months-11), day(months+1), "rolling", "sex", "other", 4, 4))
	m.Headline = head.Period
	m.Released = released(disclose.Internal, disclose.ExactMeasure{Headline: head.Period.ID, Scale: disclose.Percent, Rows: rows, Additive: basis != measures.BasisPatient})
	return m
}

func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func chartOf(m Measure) *asked {
	lines, _ := seriesOf(m, "disjoint")
	k := &asked{}
	k.At, k.Why = control.Choose(lines)
	k.Chart = control.Of(lines[k.At], m.Rebases)
	return k
}

// TestATargetIsForItsPeriods: months that count only who was seen in them have no target; episodes have.
func TestATargetIsForItsPeriods(t *testing.T) {
	m := monthly(measures.BasisPatient, 60, 100, 24)
	lines, _ := seriesOf(m, "disjoint")
	if s := english.assuranceSign(m, chartOf(m)); s.Code != "not-assessed" || s.More != "the target is for 12 months; months count only who was seen in them" {
		t.Errorf("assurance of patients' months is %+v", s)
	}
	if len(english.references(m, lines[0])) != 0 {
		t.Error("patients' months have a target line")
	}
	windows := []disclose.Row{headlineRow(m)}
	if len(english.references(m, windows)) != 1 {
		t.Error("windows of the headline's length have no target line")
	}
	e := monthly("Encounter", 60, 100, 24)
	if s := english.assuranceSign(e, chartOf(e)); s.Code == "not-assessed" || len(english.references(e, lines[0])) != 1 {
		t.Errorf("assurance of episodes is %+v", s)
	}
}

// TestSmallGroupsAreNoExtremes: 4 of 4 is not the highest rate.
func TestSmallGroupsAreNoExtremes(t *testing.T) {
	m := monthly(measures.BasisPatient, 60, 100, 24)
	u := english.unequalOf(m, "sex")
	if u == nil || u.Groups != 2 || u.Small != 1 || u.Highest == "Other" || u.Lowest == "Other" {
		t.Fatalf("%+v", u)
	}
	a := &artist{words: english, tables: map[string]Table{}, of: map[string]about{}}
	if f := a.disparities(m, []string{"sex"}); strings.Contains(f.Heading, "4 of 4") || !strings.Contains(f.Note, "fewer than 20 in the denominator") {
		t.Errorf("%s\n%s", f.Heading, f.Note)
	}
	var rows []disclose.Row
	for _, r := range m.Released.Rows {
		if r.Value != "male" {
			rows = append(rows, r)
		}
	}
	m.Released.Rows = rows
	if f := a.disparities(m, []string{"sex"}); f.Heading != "No two groups of a kind are large enough to say how far apart they are" {
		t.Errorf("with one group that is large enough: %q", f.Heading)
	}
}

// TestBeforeAndAfter: counts of episodes are put together, those of patients are not; each stretch ends where something
// else happened, and new limits that were decided within a month say when they begin.
func TestBeforeAndAfter(t *testing.T) {
	date := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	e := monthly("Encounter", 60, 100, 24)
	e.Annotations = []Annotation{{date, "A new clinic"}}
	lines, _ := seriesOf(e, "disjoint")
	d := stats.Difference(732, 1200, 732, 1200).Scale(100)
	got := english.beforeAfter(e, lines[0])
	want := fmt.Sprintf("1 January 2025: 732 of 1,200 (61.0 %%, 95 %% interval 58.2 to 63.7) in 12 months before it, 732 of 1,200 (61.0 %%, 95 %% interval 58.2 to 63.7) in 12 months after it; the difference is 0.0 percentage points (95 %% interval %s to %s).",
		english.plusMinus(d.Low), english.plusMinus(d.High))
	if len(got) != 1 || plain(got[0].Words) != plain(want) || got[0].Number != "1" {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	p := monthly(measures.BasisPatient, 60, 100, 24)
	p.Rebases = []control.Rebase{{Date: date, Reason: "a new clinic"}, {Date: date.AddDate(0, 6, 14), Reason: "another."}}
	got = english.beforeAfter(p, lines[0])
	if len(got) != 1 || plain(got[0].Words) != "1 January 2025: mean of 12 months before it 61.0 %, mean of 6 months after it 61.0 %. There is no interval: the same patient may be counted in several of them." {
		t.Errorf("got %v", got)
	}
	_, happened := english.eventsOf(p, lines[0])
	if len(happened) != 2 || !strings.HasSuffix(happened[1].Words, "another. The new limits count from August 2025 on.") || strings.Contains(happened[0].Words, "count from") {
		t.Errorf("what happened: %v", happened)
	}
}

// TestAnIncompleteFeedIsSaid: by the icon, the signal, the newest point and the limits.
func TestAnIncompleteFeedIsSaid(t *testing.T) {
	m := monthly("Encounter", 60, 100, 24)
	lines, _ := seriesOf(m, "disjoint")
	id := lines[0][23].Period.ID
	for i, r := range m.Released.Rows {
		if r.Period.ID == id || r.Period.ID == lines[0][2].Period.ID {
			m.Released.Rows[i].Rate = r.Rate.OnIncompleteFeed()
		}
	}
	k := chartOf(m)
	if s := english.variationSign(m, k); s.More != "December 2025; rests on an incomplete feed" {
		t.Errorf("variation: %+v", s)
	}
	if s := english.feedWords(k.Chart, control.Signal{From: 23, To: 23}); s != "; it rests on an incomplete feed" {
		t.Errorf("one point: %q", s)
	}
	if s := english.feedWords(k.Chart, control.Signal{From: 17, To: 23}); s != "; 1 of its 7 points rest on an incomplete feed" {
		t.Errorf("seven points: %q", s)
	}
	if s := english.feedWords(k.Chart, control.Signal{From: 5, To: 9}); s != "" {
		t.Errorf("points on whole feeds: %q", s)
	}
	if s := english.baseFeedWords(k.Chart, 0); s != "Of the 12 periods that these limits are made from 1 rest on an incomplete feed. " {
		t.Errorf("limits: %q", s)
	}
}

// TestBeforeAndAfterOfRates: events and person-time are put together.
func TestBeforeAndAfterOfRates(t *testing.T) {
	m := Measure{Definition: measures.Definition{Scoring: measures.ScoringRate, Basis: measures.BasisPatient}, Released: disclose.Measure{Scale: 1000}}
	years := func(n float64) int64 { return int64(n * disclose.DaysPerYear) }
	got, ok := english.pooledWords(m, "months", stretch{periods: 12, counts: counts{20, years(100)}}, stretch{periods: 6, counts: counts{15, years(100)}})
	d, _ := stats.RateDifference(15, 100, 20, 100)
	d = d.Scale(1000)
	want := fmt.Sprintf("the difference is −50.0 per 1,000 person-years (95 %% interval %s to %s)", english.plusMinus(d.Low), english.plusMinus(d.High))
	if !ok || !strings.Contains(plain(got), want) || !strings.HasPrefix(plain(got), "20 in 100 person-years (200.0 per 1,000 person-years, 95 % interval 122.1 to 308.9) in 12 months before it, 15 in 100 person-years (150.0") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTheFunnelSaysWhatItAdds: nothing where sites vary less than chance, else tau; and that a site has an incomplete feed.
func TestTheFunnelSaysWhatItAdds(t *testing.T) {
	for _, c := range []struct {
		far  int64
		want string
	}{{600, "nothing is added to a site's variance"}, {900, "τ² is added to each site's variance, where τ is 0."}} {
		x := disclose.ExactMeasure{Headline: "2025", Scale: disclose.Percent, Additive: true}
		p := disclose.Period{ID: "2025", Family: "disjoint", Low: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), High: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		add := func(stratum, value string, num, den int64) {
			e := stats.Wilson(num, den)
			x.Rows = append(x.Rows, disclose.Exact{Period: p, Stratum: stratum, Value: value, Initial: den, Denominator: den, Numerator: num, Rate: e.Value, Low: e.Low, High: e.High, Method: "wilson", Complete: true})
		}
		add("all", "all", 600*11+c.far, 12000)
		for i := range 12 {
			n := int64(600)
			if i < 1 {
				n = c.far
			}
			add("site", fmt.Sprintf("Site %d", i+1), n, 1000)
		}
		m := Measure{Definition: measures.Definition{ID: "m", Title: "T", Direction: "higher", Scoring: "proportion", Basis: "Encounter"}, Headline: p, Released: released(disclose.Internal, x)}
		for i, r := range m.Released.Rows {
			if r.Value == "Site 1" {
				m.Released.Rows[i].Rate = r.Rate.OnIncompleteFeed()
			}
		}
		a := &artist{words: english, tables: map[string]Table{}, of: map[string]about{}}
		f, why, err := a.funnel(m, headlineRow(m))
		if err != nil || why != "" {
			t.Fatal(err, why)
		}
		if !strings.Contains(f.Note, c.want) {
			t.Errorf("%d: %s", c.far, f.Note)
		}
		hollow := false
		for _, k := range f.Keys {
			hollow = hollow || k.Kind == "hollow" && strings.Contains(k.Words, "a feed that was incomplete")
		}
		if !hollow {
			t.Errorf("the legend has no hollow mark: %v", f.Keys)
		}
		if c.far > 600 && !strings.HasSuffix(f.Heading, "1 of 12 sites: Site 1, 900 of 1,000 (90.0\u00a0%, 95\u00a0% interval 88.0 to 91.7), which rests on an incomplete feed") {
			t.Errorf("heading: %s", f.Heading)
		}
		for i, r := range m.Released.Rows { // of a site whose feed stopped nothing is said, and it moves no limit
			if r.Value == "Site 1" {
				m.Released.Rows[i].Rate = r.Rate.Lacking(disclose.FeedStopped)
			}
		}
		f, _, err = a.funnel(m, headlineRow(m))
		if err != nil || len(f.Table.Rows) != 11 || strings.Contains(f.Heading, "Site 1,") || !strings.Contains(f.Note, "nothing is added") || !strings.Contains(f.Note, "1 site is left out: records lack.") {
			t.Errorf("with a feed that stopped: %d sites, %s, %s, %v", len(f.Table.Rows), f.Heading, f.Note, err)
		}
	}
}

// TestNumbersThatLackRecords: a number stays and is incomplete; a zero, and a rate of nobody, are not known; what is hidden stays so.
func TestNumbersThatLackRecords(t *testing.T) {
	p := disclose.Period{ID: "2025", Family: "disjoint", Low: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), High: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, c := range []struct {
		num, den int64
		audience disclose.Audience
		lack     disclose.Lack
		state    string
		words    string
	}{
		{251, 373, disclose.Internal, disclose.FeedStopped, "incomplete, a feed had stopped", "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9); incomplete: a feed had stopped"},
		{0, 373, disclose.Internal, disclose.NeverLoaded, "not-known, a type was never loaded", "the number is not known; incomplete: records of a type were never loaded"},
		{0, 0, disclose.Internal, disclose.NeverLoaded, "not-known, a type was never loaded", "the number is not known; incomplete: records of a type were never loaded"},
		{3, 373, disclose.External, disclose.FeedStopped, "suppressed, a feed had stopped", "the number is hidden"},
		{0, 373, disclose.Internal, disclose.NothingLacks, "zero", "0 of 373 (0.0 %, 95 % interval 0.0 to 1.0)"},
	} {
		e := stats.Wilson(c.num, max(1, c.den))
		r := released(c.audience, disclose.ExactMeasure{Headline: "2025", Scale: disclose.Percent, Rows: []disclose.Exact{{Period: p, Stratum: "all", Value: "all", Initial: c.den, Denominator: c.den,
			Numerator: c.num, Rate: e.Value, Low: e.Low, High: e.High, Method: "wilson", Complete: true}}}).Rows[0].Rate.Lacking(c.lack)
		if got := r.StateText(); got != c.state {
			t.Errorf("%d of %d: the state is %q, not %q", c.num, c.den, got, c.state)
		}
		if got := english.rateWords(r); got != c.words {
			t.Errorf("%d of %d: %q, not %q", c.num, c.den, got, c.words)
		}
		if n, shown := r.Numerator().Value(); c.lack != disclose.NothingLacks && shown && n == 0 {
			t.Errorf("%d of %d shows a zero", c.num, c.den)
		}
		target := 50.0
		v := english.verdict(Measure{Definition: measures.Definition{Direction: "higher"}, KPI: &KPI{Target: &target}}, r)
		if judged := v.Kind != "none"; judged != (c.lack == disclose.NothingLacks) {
			t.Errorf("%d of %d is judged: %+v", c.num, c.den, v)
		}
	}
}

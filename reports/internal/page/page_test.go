package page

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

var english = words{text.English()}

func measureOf(direction string, target float64, x disclose.Exact) Measure {
	x.Period = disclose.Period{ID: "P12M/2025-12", Family: "rolling", Low: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), High: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	x.Stratum, x.Value = "all", "all"
	return Measure{Definition: measures.Definition{Direction: direction, Title: "T"}, Headline: x.Period, KPI: &KPI{Target: &target},
		Released: released(disclose.External, disclose.ExactMeasure{Headline: x.Period.ID, Rows: []disclose.Exact{x}})}
}

func TestFinding(t *testing.T) {
	x := disclose.Exact{Initial: 373, Denominator: 373, Numerator: 251, Rate: 251.0 / 373, Low: 0.624, High: 0.719, Method: "wilson", Complete: true}
	part, small, none := x, x, x
	part.Complete = false
	small.Numerator = 4
	none.Denominator, none.Numerator = 0, 0
	near := x
	near.Rate, near.Low, near.High = 0.6996, 0.65, 0.74
	for _, test := range []struct {
		direction string
		target    float64
		x         disclose.Exact
		want      string
	}{
		{"higher", 70, x, "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9) in the 12 months to December 2025; target at least 70 % not met, could be chance: the interval includes the target."},
		{"higher", 75, x, "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9) in the 12 months to December 2025; target at least 75 % not met: the whole interval is below the target."},
		{"higher", 60, x, "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9) in the 12 months to December 2025; target at least 60 % met: the whole interval is above the target."},
		{"higher", 65, x, "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9) in the 12 months to December 2025; target at least 65 % met: the interval includes the target."},
		{"lower", 60, x, "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9) in the 12 months to December 2025; target at most 60 % not met: the whole interval is above the target."},
		{"lower", 72.5, x, "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9) in the 12 months to December 2025; target at most 72.5 % met: the whole interval is below the target."},
		{"higher", 70, near, "251 of 373 (70.0 %, 95 % interval 65.0 to 74.0) in the 12 months to December 2025; target at least 70 % not met, could be chance: the interval includes the target; equal only after rounding."},
		{"higher", 70, part, "251 of 373 (67.3 %, 95 % interval 62.4 to 71.9) in the 12 months to December 2025; the period is incomplete."},
		{"higher", 70, small, "The number is hidden in the 12 months to December 2025."},
		{"higher", 70, none, "No one to count in the 12 months to December 2025."},
	} {
		m := measureOf(test.direction, test.target, test.x)
		got := strings.ReplaceAll(english.finding(m, headlineRow(m).Rate), "\u00a0", " ")
		if got != test.want {
			t.Errorf("%s %v\ngot  %s\nwant %s", test.direction, test.target, got, test.want)
		}
	}
}

// TestFindingSaysWhyItIsNotTheNewest: a window without its follow-up is named.
func TestFindingSaysWhyItIsNotTheNewest(t *testing.T) {
	x := disclose.Exact{Initial: 549, Denominator: 549, Numerator: 79, Rate: 79.0 / 549, Low: 0.117, High: 0.176, Method: "wilson", Complete: true, Stratum: "all", Value: "all"}
	window := func(low time.Time) disclose.Period {
		high := low.AddDate(1, 0, 0)
		return disclose.Period{ID: "P12M/" + high.AddDate(0, 0, -1).Format("2006-01"), Family: "rolling", Low: low, High: high}
	}
	x.Period = window(time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC))
	later := x
	later.Period, later.Complete = window(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)), false
	for _, test := range []struct {
		days int
		rows []disclose.Exact
		want string
	}{
		{30, []disclose.Exact{x, later}, " Newest complete period: the 12 months to December 2025 still need 30 days of follow-up after 31 December 2025."},
		{30, []disclose.Exact{x}, ""},
		{0, []disclose.Exact{x, later}, ""},
	} {
		m := Measure{Definition: measures.Definition{Direction: "lower", FollowUpDays: test.days}, Headline: x.Period,
			Released: released(disclose.Internal, disclose.ExactMeasure{Headline: x.Period.ID, Rows: test.rows})}
		want := "79 of 549 (14.4 %, 95 % interval 11.7 to 17.6) in the 12 months to November 2025." + test.want
		if got := strings.ReplaceAll(english.finding(m, headlineRow(m).Rate), "\u00a0", " "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestScoreboard(t *testing.T) {
	v := []Verdict{{Kind: "met"}, {Kind: "met", Includes: true}, {Kind: "missed"}, {Kind: "unclear", Includes: true}, {Kind: "none"}}
	if got := english.scoreboard(v); got != "2 of 4 targets are met; for 2 of 4 the interval includes the target." {
		t.Error(got)
	}
}

func TestSpreadsheetsFindNoFormula(t *testing.T) {
	for _, s := range []string{"=cmd()", "+1", "-1", "@x", "\tx", "\r=x", "|x"} {
		t1 := Table{Labels: []string{"Site"}, Rows: []TableRow{{Labels: []string{s}}}}
		b, err := t1.csv()
		if err != nil {
			t.Fatal(err)
		}
		field := strings.TrimPrefix(strings.TrimPrefix(string(b), "site\r\n"), `"`)
		if !strings.HasPrefix(field, "'") {
			t.Errorf("%q begins a field as %q", s, field)
		}
	}
}

func TestNaturalOrder(t *testing.T) {
	order := []string{"Clinic 1", "Clinic 2", "Clinic 10", "Clinic 10b", "Hospital"}
	for i := range order {
		for j := range order {
			if natural(order[i], order[j]) != (i < j) {
				t.Errorf("natural(%q, %q) is %v", order[i], order[j], i >= j)
			}
		}
	}
}

func TestNoNameEndsTheStyleSheet(t *testing.T) {
	got := cssString("A\"}</style><script>x()</script>\n·")
	if regexp.MustCompile(`[<>"}\n]`).MatchString(got[1 : len(got)-1]) {
		t.Errorf("unsafe in a style sheet: %s", got)
	}
}

// TestPagesSeeNoExactCount holds the wall from this side: no file here names a
// type that carries counts as they were counted.
func TestPagesSeeNoExactCount(t *testing.T) {
	exact := regexp.MustCompile(`measures\.(Aggregate|Attrition|Incidence|Results|Lineage)|disclose\.(Exact|Release)`)
	for _, dir := range []string{".", "../chart", "../control"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) < 3 {
			t.Fatalf("no source to read in %s: %v", dir, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if found := exact.Find(b); found != nil {
				t.Errorf("%s uses %s", name, found)
			}
		}
	}
}

// released passes the border of an audience under its default policy.
func released(a disclose.Audience, x disclose.ExactMeasure) disclose.Measure {
	b, err := disclose.NewBorder(string(a), "")
	if err != nil {
		panic(err)
	}
	m, err := b.Measure(context.Background(), x)
	if err != nil {
		panic(err)
	}
	return m
}

// TestFewEventsAreNotReliable: a rate over time of fewer than 20 events says so beside its state; a hidden one says no more than that.
func TestFewEventsAreNotReliable(t *testing.T) {
	for _, c := range []struct {
		numerator int64
		scale     disclose.Scale
		want      string
	}{
		{19, 1000, "fewer than 20 events: not reliable (NCHS)"},
		{20, 1000, ""},
		{0, 1000, "zero; fewer than 20 events: not reliable (NCHS)"},
		{4, 1000, "hidden"},
		{19, disclose.Percent, ""},
		{19, disclose.Ratio, ""},
	} {
		x := disclose.Exact{Period: disclose.Period{ID: "a"}, Stratum: "all", Value: "all", Initial: 37300, Denominator: 37300, Numerator: c.numerator,
			Rate: float64(c.numerator) / 37300, Complete: true}
		r := released(disclose.External, disclose.ExactMeasure{Scale: c.scale, Headline: "a", Rows: []disclose.Exact{x}}).Rows[0].Rate
		if got := english.rowNote(TableRow{Rate: r, Few: few(r)}); got != c.want {
			t.Errorf("%d at scale %v: %q, want %q", c.numerator, c.scale, got, c.want)
		}
	}
}

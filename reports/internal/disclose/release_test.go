package disclose

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"farr/reports/internal/text"
)

func row(period, stratum, value string, num, den int64) Exact {
	return Exact{Period: Period{ID: period, Family: "disjoint", Low: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), High: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)},
		Stratum: stratum, Value: value, Initial: den, Denominator: den, Numerator: num, Rate: float64(num) / float64(max(den, 1)), Method: "wilson", Complete: true}
}

func states(m Measure) string {
	var s []string
	for _, r := range m.Rows {
		s = append(s, r.Value+"="+r.Rate.NOfN(text.English())+"/"+r.Rate.State().String())
	}
	return strings.Join(s, " ")
}

func TestRelease(t *testing.T) {
	tests := []struct {
		name     string
		audience Audience
		rows     []Exact
		want     string
	}{
		{"internal hides nothing", Internal, []Exact{row("a", "all", "all", 3, 7)}, "all=3 of 7/measured"},
		{"small numerator", External, []Exact{row("a", "all", "all", 10, 400)}, "all=hidden of 400/suppressed"},
		{"eleven is shown", External, []Exact{row("a", "all", "all", 11, 400)}, "all=11 of 400/measured"},
		{"zero is shown and is zero", External, []Exact{row("a", "all", "all", 0, 400)}, "all=0 of 400/zero"},
		{"small complement", External, []Exact{row("a", "all", "all", 391, 400)}, "all=hidden of 400/suppressed"},
		{"empty complement is shown", External, []Exact{row("a", "all", "all", 400, 400)}, "all=400 of 400/measured"},
		{"small denominator", External, []Exact{row("a", "all", "all", 0, 9)}, "all=hidden of hidden/suppressed"},
		{"nobody is not applicable", External, []Exact{row("a", "all", "all", 0, 0)}, "all=0 of 0/not-applicable"},
		{"one hidden takes the smallest other with it", External, []Exact{
			row("a", "all", "all", 300, 700), row("a", "sex", "f", 200, 400), row("a", "sex", "m", 95, 260), row("a", "sex", "x", 5, 40)},
			"all=300 of 700/measured f=200 of 400/measured m=hidden of 260/suppressed x=hidden of 40/suppressed"},
		{"two hidden that are small together take a third", External, []Exact{
			row("a", "all", "all", 300, 700), row("a", "sex", "f", 200, 400), row("a", "sex", "m", 95, 220), row("a", "sex", "x", 3, 40), row("a", "sex", "y", 2, 40)},
			"all=300 of 700/measured f=200 of 400/measured m=hidden of 220/suppressed x=hidden of 40/suppressed y=hidden of 40/suppressed"},
		{"a hidden whole hides a part", External, []Exact{
			row("a", "all", "all", 10, 700), row("a", "sex", "f", 10, 400), row("a", "sex", "m", 0, 300)},
			"all=hidden of 700/suppressed f=hidden of 400/suppressed m=0 of 300/zero"},
		{"hidden denominators too", External, []Exact{
			row("a", "all", "all", 300, 700), row("a", "sex", "f", 200, 440), row("a", "sex", "m", 96, 252), row("a", "sex", "x", 4, 8)},
			"all=300 of 700/measured f=200 of 440/measured m=hidden of hidden/suppressed x=hidden of hidden/suppressed"},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			if got := states(ReleaseMeasure(policyOf(x.audience), ExactMeasure{Rows: x.rows})); got != x.want {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
		})
	}
}

func TestMonthsOfAnAdditiveMeasureAreASum(t *testing.T) {
	month := func(i int, num int64) Exact {
		x := row("", "all", "all", num, 100)
		x.Period.Low = time.Date(2024, time.Month(i), 1, 0, 0, 0, 0, time.UTC)
		x.Period.High = x.Period.Low.AddDate(0, 1, 0)
		x.Period.ID = x.Period.Low.Format("2006-01")
		return x
	}
	quarter := row("2024-Q1", "all", "all", 60, 300)
	quarter.Period.High = time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)
	m := ExactMeasure{Additive: true, Rows: []Exact{month(1, 30), month(2, 5), month(3, 25), quarter}}
	hidden := 0
	for _, r := range ReleaseMeasure(policyOf(External), m).Rows {
		if r.Rate.State() == Suppressed {
			hidden++
		}
	}
	if hidden != 2 {
		t.Errorf("%d numbers are hidden, want 2: one hidden month is the quarter less the others", hidden)
	}
	m.Additive = false
	if got := ReleaseMeasure(policyOf(External), m).Hidden; got != 1 {
		t.Errorf("%d hidden where months do not add up, want 1", got)
	}
}

// TestNoSumGivesAHiddenNumber attacks random one-way margins with every sum that
// the release publishes.
func TestNoSumGivesAHiddenNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []Exact
		var num, den int64
		n := rapid.IntRange(1, 6).Draw(t, "values")
		for i := range n {
			d := int64(rapid.OneOf(rapid.IntRange(0, 30), rapid.IntRange(0, 500)).Draw(t, "den"))
			k := int64(rapid.IntRange(0, int(d)).Draw(t, "num"))
			rows = append(rows, row("a", "sex", string(rune('a'+i)), k, d))
			num, den = num+k, den+d
		}
		rows = append([]Exact{row("a", "all", "all", num, den)}, rows...)
		out := ReleaseMeasure(policyOf(External), ExactMeasure{Rows: rows}).Rows

		hiddenNum, hiddenDen := 0, 0
		var sumNum, sumDen, sumRest int64
		for i, r := range out {
			k, ok := r.Rate.Numerator().Value()
			d, okDen := r.Rate.Denominator().Value()
			if ok && policyOf(External).small(k) || okDen && policyOf(External).small(d) || ok && okDen && policyOf(External).small(d-k) {
				t.Fatalf("%s shows a small number: %s", r.Value, r.Rate.NOfN(text.English()))
			}
			if !ok && (r.Rate.Shown() || r.Rate.Text(text.English()) != "hidden") {
				t.Fatalf("a rate is shown beside a hidden numerator")
			}
			if v, low, high := r.Rate.Plot(); !r.Rate.Shown() && (v != 0 || low != 0 || high != 0) {
				t.Fatalf("a hidden rate can be plotted")
			}
			if i == 0 {
				continue
			}
			if !ok {
				hiddenNum, sumNum, sumRest = hiddenNum+1, sumNum+rows[i].Numerator, sumRest+rows[i].Denominator-rows[i].Numerator
			}
			if !okDen {
				hiddenDen, sumDen = hiddenDen+1, sumDen+rows[i].Denominator
			}
		}
		totalShown := out[0].Rate.Numerator().State() != Suppressed
		denShown := out[0].Rate.Denominator().State() != Suppressed
		if totalShown && (hiddenNum == 1 || hiddenNum > 0 && (policyOf(External).small(sumNum) || policyOf(External).small(sumRest))) {
			t.Fatalf("subtraction gives %d hidden numerators, together %d (rest %d)", hiddenNum, sumNum, sumRest)
		}
		if denShown && (hiddenDen == 1 || hiddenDen > 0 && policyOf(External).small(sumDen)) {
			t.Fatalf("subtraction gives %d hidden denominators, together %d", hiddenDen, sumDen)
		}
		if !totalShown && hiddenNum == 0 {
			t.Fatalf("the hidden total is the sum of the shown values")
		}
	})
}

func TestAttritionShowsNoSmallStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := int64(rapid.IntRange(0, 400).Draw(t, "entry"))
		var x ExactCohort
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			x.Steps = append(x.Steps, ExactStep{Remaining: n})
			n -= int64(rapid.OneOf(rapid.IntRange(0, min(int(n), 12)), rapid.IntRange(0, int(n))).Draw(t, "removed"))
		}
		last := int64(-1)
		for i, s := range ReleaseCohort(policyOf(External), x).Steps {
			v, ok := s.Remaining.Value()
			if !ok {
				continue
			}
			if policyOf(External).small(v) || last >= 0 && policyOf(External).small(last-v) {
				t.Fatalf("step %d of %v shows %d after %d", i, x.Steps, v, last)
			}
			if d, shown := s.Removed.Value(); shown && i > 0 && policyOf(External).small(d) {
				t.Fatalf("step %d removed %d", i, d)
			}
			last = v
		}
	})
}

func TestAccountsHideASmallPart(t *testing.T) {
	a := ReleaseAccounts(policyOf(External), ExactAccounts{{900, 97, 3, 0}})
	var got []string
	for _, p := range a.Rows[0].Parts {
		got = append(got, p.Text(text.English()))
	}
	if s := strings.Join(got, " "); s != "900 hidden hidden 0" || a.Total.Total.Text(text.English()) != "1,000" {
		t.Errorf("got %s of %s", s, a.Total.Total)
	}
}

// TestNoLineOfATableGivesAHiddenNumber: in no row and no column does one hidden
// number stand alone among shown ones, and no small number is shown.
func TestNoLineOfATableGivesAHiddenNumber(t *testing.T) {
	hidden := 0
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 5).Draw(t, "columns")
		number := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 12), rapid.Int64Range(11, 5000))
		x := ExactAccounts(rapid.SliceOfN(rapid.SliceOfN(number, width, width), 1, 6).Draw(t, "table"))
		a := ReleaseAccounts(policyOf(External), x)
		lines := append([]Account{}, a.Rows...)
		if len(x) > 1 {
			lines = append(lines, a.Total)
			for j := range width {
				var column Account
				for _, r := range a.Rows {
					column.Parts = append(column.Parts, r.Parts[j])
				}
				column.Total = a.Total.Parts[j]
				lines = append(lines, column)
			}
		}
		for _, line := range lines {
			alone := 0
			for _, c := range append([]Count{line.Total}, line.Parts...) {
				v, ok := c.Value()
				if !ok {
					alone++
				} else if policyOf(External).small(v) {
					t.Fatalf("%d is shown of %v", v, x)
				}
			}
			if hidden += alone; alone == 1 {
				t.Fatalf("one number of a line of %v is hidden: %v", x, line)
			}
		}
	})
	if hidden == 0 {
		t.Error("nothing was hidden: the test proves nothing")
	}
}

// TestPeriodsTogetherGiveNoMonth attacks months, quarters, years and windows of
// seeded random series by linear algebra: no hidden period, and no month with a
// small count, published or not, may be a combination of the shown ones.
func TestPeriodsTogetherGiveNoMonth(t *testing.T) {
	const months = 36
	hidden, windows := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		var nums, dens, rests [months]int64
		level := 4 + r.Int64N(60)
		for i := range months {
			nums[i] = r.Int64N(level + 1)
			rests[i] = r.Int64N(3 * level)
			dens[i] = nums[i] + rests[i]
		}
		x := ExactMeasure{Additive: true, Headline: fmt.Sprintf("P12M/%d", months-1-r.IntN(2))}
		if seed%5 == 0 {
			x.Headline = "Y2"
		}
		month := func(i int) time.Time { return time.Date(2023, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC) }
		spans := map[string][2]int{}
		of := func(id, family string, low, high int) {
			g := row(id, "all", "all", 0, 0)
			g.Period = Period{ID: id, Family: family, Low: month(low), High: month(high)}
			for i := low; i < high; i++ {
				g.Numerator, g.Denominator = g.Numerator+nums[i], g.Denominator+dens[i]
			}
			g.Initial = g.Denominator
			spans[id] = [2]int{low, high}
			x.Rows = append(x.Rows, g)
		}
		first := r.IntN(25)
		for i := 12; i < months; i++ {
			if i >= first && (seed%3 != 0 || r.IntN(8) > 0) {
				of(fmt.Sprint(i), "disjoint", i, i+1)
			}
			of(fmt.Sprintf("P12M/%d", i), "rolling", i-11, i+1)
		}
		for q := range months / 3 {
			if seed%2 == 0 {
				of(fmt.Sprintf("Q%d", q), "disjoint", 3*q, 3*q+3)
			}
		}
		for y := range months / 12 {
			of(fmt.Sprintf("Y%d", y), "disjoint", 12*y, 12*y+12)
		}
		rows := ReleaseMeasure(policyOf(External), x).Rows
		for _, what := range []struct {
			name string
			get  func(Rate) (int64, bool)
			true [months]int64
		}{{"numerator", func(r Rate) (int64, bool) { return r.Numerator().Value() }, nums},
			{"denominator", func(r Rate) (int64, bool) { return r.Denominator().Value() }, dens}} {
			var known span
			for _, p := range rows {
				if v, ok := what.get(p.Rate); ok {
					known.add(vector(spans[p.Period.ID], months))
					if policyOf(External).small(v) {
						t.Fatalf("seed %d: %s of %s is shown: %d", seed, what.name, p.Period.ID, v)
					}
					if p.Period.Family == "rolling" && p.Period.ID != x.Headline {
						windows++
					}
				}
			}
			for _, p := range rows {
				if _, ok := what.get(p.Rate); !ok {
					hidden++
					if known.has(vector(spans[p.Period.ID], months)) && !derivedIsHarmless(what.true, spans[p.Period.ID]) ||
						what.name == "numerator" && known.has(vector(spans[p.Period.ID], months)) && !derivedIsHarmless(rests, spans[p.Period.ID]) && p.Rate.Denominator().State() == Measured {
						t.Fatalf("seed %d: the hidden %s of %s follows from the shown ones", seed, what.name, p.Period.ID)
					}
				}
			}
			// Any run of months, published as a period or not.
			for low := range months {
				for high := low + 1; high <= months; high++ {
					if !derivedIsHarmless(what.true, [2]int{low, high}) && known.has(vector([2]int{low, high}, months)) {
						t.Fatalf("seed %d: the %s of months %d to %d, which is small, follows from the shown ones", seed, what.name, low, high-1)
					}
				}
			}
		}
	}
	if hidden == 0 || windows == 0 {
		t.Errorf("%d numbers hidden, %d windows shown: the test proves nothing", hidden, windows)
	}
}

// derivedIsHarmless: a number that might be shown by itself.
func derivedIsHarmless(of [36]int64, p [2]int) bool {
	var n int64
	for i := p[0]; i < p[1]; i++ {
		n += of[i]
	}
	return !policyOf(External).small(n)
}

func vector(p [2]int, n int) []int64 {
	v := make([]int64, n)
	for i := p[0]; i < p[1]; i++ {
		v[i] = 1
	}
	return v
}

// span is a row space in echelon form, modulo a large prime.
type span struct{ rows [][]int64 }

const prime = 1_000_000_007

func (s *span) reduce(v []int64) []int64 {
	for _, r := range s.rows {
		p := slices.IndexFunc(r, func(x int64) bool { return x != 0 })
		if f := v[p]; f != 0 {
			for i := range v {
				v[i] = ((v[i]-f*r[i])%prime + prime) % prime
			}
		}
	}
	return v
}

func (s *span) add(v []int64) {
	v = s.reduce(v)
	p := slices.IndexFunc(v, func(x int64) bool { return x != 0 })
	if p < 0 {
		return
	}
	inverse, base := int64(1), v[p]
	for e := prime - 2; e > 0; e >>= 1 {
		if e&1 == 1 {
			inverse = inverse * base % prime
		}
		base = base * base % prime
	}
	for i := range v {
		v[i] = v[i] * inverse % prime
	}
	s.rows = append(s.rows, v)
}

func (s *span) has(v []int64) bool {
	return !slices.ContainsFunc(s.reduce(v), func(x int64) bool { return x != 0 })
}

// TestOnlyReleaseMakesNumbers reads the source: a Count or Rate that holds
// anything is written only in release.go, and a Figure in figure.go.
func TestOnlyReleaseMakesNumbers(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("no source to read: %v", err)
	}
	made := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			id, ok := lit.Type.(*ast.Ident)
			if !ok || len(lit.Elts) == 0 {
				return true
			}
			if from := map[string]string{"Count": "release.go", "Rate": "release.go", "Figure": "figure.go"}[id.Name]; from != "" {
				made++
				if name != from {
					t.Errorf("%s makes a %s", name, id.Name)
				}
			}
			return true
		})
	}
	if made == 0 {
		t.Error("release.go makes no number: the test reads the wrong thing")
	}
}

func TestText(t *testing.T) {
	m := ReleaseMeasure(policyOf(Internal), ExactMeasure{Rows: []Exact{row("a", "all", "all", 12510, 37300)}})
	r := m.Rows[0].Rate
	if got := r.NOfN(text.English()) + "; " + r.Text(text.English()) + "; " + r.Interval(text.English()); got != "12,510 of 37,300; 33.5\u00a0%; 0.0 to 0.0" {
		t.Error(got)
	}
	x := row("a", "all", "all", 812, 1826250)
	x.Rate, x.Low, x.High = 162.4, 151.4, 174
	m = ReleaseMeasure(policyOf(External), ExactMeasure{Scale: 1000, Rows: []Exact{x}})
	r = m.Rows[0].Rate
	if got := r.NOfN(text.English()) + "; " + r.Text(text.English()) + " " + r.Scale().Unit(text.English()); got != "812 in 5,000.0 person-years; 162.4 per 1,000 person-years" {
		t.Error(got)
	}
	if _, err := ParseAudience(""); err == nil {
		t.Error("no audience was accepted")
	}
	if (Count{}).Text(text.English()) != "–" || (Rate{}).State() != NotApplicable {
		t.Error("a number that nobody released prints as something")
	}
}

// Scores that are no division of two counts have no interval; they hide as their counts do.
func TestScoresWithoutInterval(t *testing.T) {
	released := func(a Audience, scale Scale, single bool, num, den, initial int64, value float64) Rate {
		x := row("a", "all", "all", num, den)
		x.Initial, x.Rate, x.Low, x.High, x.Method = initial, value, math.NaN(), math.NaN(), ""
		return ReleaseMeasure(policyOf(a), ExactMeasure{Scale: scale, Single: single, Rows: []Exact{x}}).Rows[0].Rate
	}
	for _, c := range []struct {
		name string
		rate Rate
		want string
	}{
		{"ratio", released(External, Ratio, false, 12, 340, 340, 0.034706), "12 above, 340 below the line: 0.0347 measured"},
		{"ratio of which nothing is below the line", released(Internal, Ratio, false, 2, 1, 3, math.NaN()), "2 above, 1 below the line: – not-applicable"},
		{"ratio with a small denominator and a large initial population", released(External, Ratio, false, 40, 4, 90, 10), "hidden above, hidden below the line: hidden suppressed"},
		{"observed", released(External, Observed, false, 340, 340, 400, 1480.4), "340 observed of 340: 1,480 measured"},
		{"observed below zero", released(Internal, Observed, false, 3, 4, 4, -2.504), "3 observed of 4: -2.5 measured"},
		{"few not observed", released(External, Observed, false, 337, 340, 340, 1.5), "hidden observed of 340: hidden suppressed"},
		{"the greatest is one subject's value", released(External, Observed, true, 340, 340, 340, 12), "hidden observed of 340: hidden suppressed"},
		{"inside it may be seen", released(Internal, Observed, true, 340, 340, 340, 12), "340 observed of 340: 12 measured"},
		{"headcount", released(External, Headcount, false, 75, 75, 75, 75), "75 counted: 75 measured"},
		{"small headcount", released(External, Headcount, false, 7, 7, 7, 7), "hidden counted: hidden suppressed"},
	} {
		if got := c.rate.NOfN(text.English()) + ": " + c.rate.Text(text.English()) + " " + c.rate.State().String(); got != c.want || c.rate.Interval(text.English()) != "" {
			t.Errorf("%s: %s %q, want %s", c.name, got, c.rate.Interval(text.English()), c.want)
		}
		if v, low, high := c.rate.Plot(); low != v || high != v {
			t.Errorf("%s: drawn from %g to %g around %g", c.name, low, high, v)
		}
	}
}

// policyOf is the default policy of an audience.
func policyOf(a Audience) Policy {
	p, err := PolicyFor(a, "")
	if err != nil {
		panic(err)
	}
	return p
}

// ReleaseMeasure, ReleaseCohort and ReleaseAccounts pass the border of a policy.
func ReleaseMeasure(p Policy, x ExactMeasure) Measure {
	m, err := (&Border{Policy: p}).Measure(context.Background(), x)
	if err != nil {
		panic(err)
	}
	return m
}

func ReleaseCohort(p Policy, x ExactCohort) Cohort {
	c, err := (&Border{Policy: p}).Cohort(context.Background(), x)
	if err != nil {
		panic(err)
	}
	return c
}

func ReleaseAccounts(p Policy, x ExactAccounts) Accounts {
	records := ExactRecords{Accounts: x}
	for i := range x {
		records.Types = append(records.Types, fmt.Sprint("type ", i))
	}
	for i := range x[0] {
		records.Columns = append(records.Columns, fmt.Sprint("column ", i))
	}
	a, err := (&Border{Policy: p}).Records(context.Background(), records)
	if err != nil {
		panic(err)
	}
	return a.Accounts
}

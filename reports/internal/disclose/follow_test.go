package disclose

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"farr/internal/stats"
	"farr/reports/internal/text"
)

// patient is a member of a made cohort, of 24 months, of whom everything is known.
type patient struct {
	month, sex, age, site int
	trait                 bool // only of sex 0
	value                 bool // has the number of Table 1
	follow                int  // days
	any, part             int  // day of the event, and of one that is a kind of it; -1 for none
}

func patients(r *rand.Rand) []patient {
	var out []patient
	rare := []float64{0.003, 0.02, 0.1}[r.IntN(3)]
	n := 60 + r.IntN(700)
	for range n {
		p := patient{month: r.IntN(24), sex: min(1, r.IntN(2)), age: r.IntN(4), site: r.IntN(3), follow: 1 + r.IntN(60), any: -1, part: -1}
		if r.Float64() < rare {
			p.sex = 2
		}
		if r.Float64() < rare {
			p.site = 3
		}
		p.trait = p.sex == 0 && p.age == 1 && r.IntN(4) > 0
		p.value = r.Float64() > rare
		if r.IntN(3) > 0 {
			p.follow = 60
		}
		if r.IntN(3) == 0 {
			p.any = r.IntN(p.follow)
			if r.Float64() > rare*3 {
				p.part = p.any
			}
		}
		out = append(out, p)
	}
	return out
}

func having(all []patient, where func(patient) bool) int64 {
	n := int64(0)
	for _, p := range all {
		if where(p) {
			n++
		}
	}
	return n
}

// table counts a crowd as a run does. The groups are of the second year, or of both years where whole.
func tableOf(all []patient, whole bool) ExactCohort {
	size := int64(len(all))
	x := ExactCohort{Scale: 1000, Steps: []ExactStep{{Remaining: size + 100}, {Remaining: size}}}
	first := map[bool]int{false: 0, true: 12}[whole]
	in := func(p patient, year int) bool { return p.month/12 == year }
	if whole {
		for i := range all {
			all[i].month = 12 + all[i].month%12
		}
	}
	for year := range 2 {
		cases := having(all, func(p patient) bool { return in(p, year) })
		x.Years = append(x.Years, ExactYear{Year: 2023 + year, Cases: cases, PersonDays: 200_000, Rate: 1, Low: 1, High: 1, Complete: true})
	}
	for month := first; month < 24; month++ {
		low := time.Date(2023, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
		x.Spans = append(x.Spans, ExactSpan{Period: Period{ID: low.Format("2006-01"), Family: "disjoint", Low: low, High: low.AddDate(0, 1, 0)}, PersonDays: 16_000,
			Cases: having(all, func(p patient) bool { return p.month == month }), Rate: 1, Low: 1, High: 1, Complete: true})
	}
	low := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	x.Groups.Period = Period{ID: "2024", Family: "rolling", Low: low, High: low.AddDate(1, 0, 0)}
	group := func(stratum, value string, where func(patient) bool) ExactGroup {
		n := having(all, func(p patient) bool { return in(p, 1) && where(p) })
		return ExactGroup{Stratum: stratum, Value: value, Cases: n, Persons: n, PersonDays: 50_000 + n, Rate: 1, Low: 1, High: 1, Adjusted: 7.123456, AdjustedLow: 6, AdjustedHigh: 8, CaseAges: min(2, int(n)), Complete: true}
	}
	x.Groups.All = group("all", "all", func(patient) bool { return true })
	x.Groups.All.PersonDays = 0
	level := func(characteristic, value string, kin Kin, where func(patient) bool) {
		n := having(all, where)
		x.Levels = append(x.Levels, ExactLevel{Characteristic: characteristic, Level: value, Members: n, Persons: n, Kin: kin})
	}
	for i := range 3 {
		level("sex", strconv.Itoa(i), Sex, func(p patient) bool { return p.sex == i })
		x.Groups.Rows = append(x.Groups.Rows, group("sex", strconv.Itoa(i), func(p patient) bool { return p.sex == i }))
	}
	for i := range 4 {
		level("age", strconv.Itoa(i), Unrelated, func(p patient) bool { return p.age == i })
	}
	for i := range 4 {
		level("site", strconv.Itoa(i), Unrelated, func(p patient) bool { return p.site == i })
		x.Groups.Rows = append(x.Groups.Rows, group("site", strconv.Itoa(i), func(p patient) bool { return p.site == i }))
	}
	for _, g := range x.Groups.Rows[:3] {
		x.Groups.All.PersonDays += g.PersonDays
	}
	x.Years[1].PersonDays = x.Groups.All.PersonDays
	level("trait", "no", Declared, func(p patient) bool { return !p.trait })
	level("trait", "yes", Declared, func(p patient) bool { return p.trait })
	x.Numbers = []ExactNumber{{Characteristic: "ldl", Members: size, Missing: having(all, func(p patient) bool { return !p.value }), Mean: 101.23456, SD: 20.5, Q1: 80, Median: 100, Q3: 120}}
	x.Cross = ExactCross{Rows: "age", Columns: "sex", RowLevels: []string{"0", "1", "2", "3"}, ColumnLevels: []string{"0", "1", "2"}}
	for age := range 4 {
		var row, who []int64
		for sex := range 3 {
			row, who = append(row, having(all, func(p patient) bool { return p.age == age && p.sex == sex })), append(who, 0)
		}
		x.Cross.Members, x.Cross.Persons = append(x.Cross.Members, row), append(x.Cross.Persons, who)
	}
	for id, of := range map[string]func(patient) int{"any": anyOf, "part": partOf} {
		o, c := ExactOutcome{ID: id, AtRisk: size, Rate: 1, Low: 1, High: 1}, ExactCurve{Outcome: id, Points: []ExactPoint{{AtRisk: size}}}
		for d := range 61 {
			events := having(all, func(p patient) bool { return of(p) == d })
			if o.Events += events; events > 0 {
				c.Points = append(c.Points, ExactPoint{int64(d), having(all, func(p patient) bool { return ends(p, of) >= d }), events})
			}
		}
		o.PersonDays = 30 * size
		x.Outcomes, x.Curves = append(x.Outcomes, o), append(x.Curves, c)
	}
	slices.SortFunc(x.Outcomes, func(a, b ExactOutcome) int { return len(a.ID) - len(b.ID) })
	slices.SortFunc(x.Curves, func(a, b ExactCurve) int { return len(a.Outcome) - len(b.Outcome) })
	e := ExactExpected{Outcome: "any"}
	observed := func(stratum, value string, where func(patient) bool) ExactObserved {
		followed := func(p patient) bool { return (p.follow == 60 || whole) && where(p) }
		return ExactObserved{Stratum: stratum, Value: value, People: having(all, followed), Observed: having(all, func(p patient) bool { return followed(p) && p.any >= 0 }), Expected: 12.3456}
	}
	e.All = observed("all", "all", func(patient) bool { return true })
	for i := range 4 {
		e.Rows = append(e.Rows, observed("site", strconv.Itoa(i), func(p patient) bool { return p.site == i }))
	}
	x.Expected = []ExactExpected{e}
	return x
}

func anyOf(p patient) int  { return p.any }
func partOf(p patient) int { return p.part }

// ends is the day on which a person is no longer followed for an event.
func ends(p patient, of func(patient) int) int {
	if d := of(p); d >= 0 {
		return d
	}
	return p.follow
}

// TestFollowedCohortHoldsNoSmallNumber: of random patients, no set of people whom an external release counts, nor
// the people by whom one of these sets exceeds another that lies in it, nor those whom a table's shown numbers leave
// of its total, are 1 to 10.
func TestFollowedCohortHoldsNoSmallNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 4))
	numbers, hidden, compared, steps, curves := 0, 0, 0, 0, 0
	for n := range 250 {
		all := patients(r)
		whole := r.IntN(4) == 0
		x := tableOf(all, whole)
		got := ReleaseCohort(policies[0], x)
		type set struct {
			what string
			in   func(patient) bool
		}
		var list []set
		see := func(what string, c Count, in func(patient) bool) {
			numbers++
			if _, ok := c.Value(); !ok {
				hidden++
				return
			}
			list = append(list, set{what, in})
		}
		for i, c := range got.Curves {
			of := map[string]func(patient) int{"any": anyOf, "part": partOf}[c.Outcome]
			if c.Hidden {
				continue
			}
			curves++
			after := -1
			for _, s := range c.Steps {
				steps++
				from, to := after, int(s.Day)
				see(fmt.Sprint(c.Outcome, " events of a step to ", to), s.Events, func(p patient) bool { return of(p) > from && of(p) <= to })
				see(fmt.Sprint(c.Outcome, " events until ", to), s.Events, func(p patient) bool { return of(p) >= 0 && of(p) <= to })
				after = to
			}
			last := int(c.Steps[len(c.Steps)-1].Day)
			see(c.Outcome+" later", Count{state: Measured}, func(p patient) bool { return of(p) > last })
			checkSteps(t, n, x.Curves[i], x.Outcomes[i], c)
		}
		for i := range 4 {
			for j := range 3 {
				see(fmt.Sprint("age ", i, " sex ", j), got.Cross.Members[i][j], func(p patient) bool { return p.age == i && p.sex == j })
			}
		}
		for i, l := range got.Levels {
			switch x.Levels[i].Characteristic {
			case "trait":
				see("trait "+l.Level, l.Rate.Numerator(), func(p patient) bool { return p.trait == (l.Level == "yes") })
			case "sex":
				see("sex "+l.Level, l.Rate.Numerator(), func(p patient) bool { return strconv.Itoa(p.sex) == l.Level })
			case "site":
				see("site "+l.Level, l.Rate.Numerator(), func(p patient) bool { return strconv.Itoa(p.site) == l.Level })
			case "age":
				see("age "+l.Level, l.Rate.Numerator(), func(p patient) bool { return strconv.Itoa(p.age) == l.Level })
			}
		}
		rest := func(what string, parts []Count, total Count, ins []func(patient) bool) {
			if total.State() == Suppressed {
				return
			}
			list = append(list, set{what, func(p patient) bool {
				for i, in := range ins {
					if in(p) && parts[i].State() == Suppressed {
						return true
					}
				}
				return false
			}})
		}
		var parts []Count
		var ins []func(patient) bool
		for i := range 4 {
			for j := range 3 {
				parts, ins = append(parts, got.Cross.Members[i][j]), append(ins, func(p patient) bool { return p.age == i && p.sex == j })
			}
			rest(fmt.Sprint("the rest of age ", i), parts[3*i:], got.Levels[3+i].Rate.Numerator(), ins[3*i:])
		}
		for j := range 3 {
			var down []Count
			var downIn []func(patient) bool
			for i := range 4 {
				down, downIn = append(down, parts[3*i+j]), append(downIn, ins[3*i+j])
			}
			rest(fmt.Sprint("the rest of sex ", j), down, got.Levels[j].Rate.Numerator(), downIn)
		}
		for at, stratum := range map[int]string{0: "sex", 3: "site"} {
			var shown []Count
			var in []func(patient) bool
			of := func(p patient) int { return map[string]int{"sex": p.sex, "site": p.site}[stratum] }
			for k := at; k < len(got.Groups.Rows) && got.Groups.Rows[k].Stratum == stratum; k++ {
				g := got.Groups.Rows[k]
				inYear := func(p patient) bool { return p.month >= 12 && strconv.Itoa(of(p)) == g.Value }
				see("cases of "+stratum+" "+g.Value, g.Crude.Numerator(), inYear)
				shown, in = append(shown, g.Crude.Numerator()), append(in, inYear)
				if (g.Crude.State() == Suppressed) && g.Adjusted.Shown() {
					t.Errorf("cohort %d: a standardised rate is shown where the crude one is not", n)
				}
				if v, _, _ := g.Adjusted.Plot(); g.Adjusted.Shown() && v != 7.1 {
					t.Errorf("a standardised rate is not rounded: %v", v)
				}
			}
			rest("the other cases by "+stratum, shown, got.Groups.All.Crude.Numerator(), in)
		}
		for _, g := range got.Expected[0].Rows {
			followed := func(p patient) bool { return (p.follow == 60 || whole) && strconv.Itoa(p.site) == g.Value }
			see("followed of site "+g.Value, g.Share.Denominator(), followed)
			see("observed of site "+g.Value, g.Share.Numerator(), func(p patient) bool { return followed(p) && p.any >= 0 })
		}
		see("with the number", got.Numbers[0].Known, func(p patient) bool { return p.value })
		see("without the number", got.Numbers[0].Missing, func(p patient) bool { return !p.value })
		for i, a := range list {
			if m := having(all, a.in); m >= 1 && m <= 10 {
				t.Errorf("cohort %d: %s is known: %d", n, a.what, m)
			}
			for j, b := range list {
				if i == j || slices.ContainsFunc(all, func(p patient) bool { return b.in(p) && !a.in(p) }) {
					continue
				}
				compared++
				if m := having(all, func(p patient) bool { return a.in(p) && !b.in(p) }); m >= 1 && m <= 10 && having(all, b.in) > 0 {
					t.Errorf("cohort %d of %d (whole %v): %s less %s are %d", n, len(all), whole, a.what, b.what, m)
				}
			}
		}
	}
	t.Logf("%d numbers, %d hidden, %d compared, %d curves of %d steps", numbers, hidden, compared, curves, steps)
	if numbers < 10_000 || compared < 20_000 || curves < 200 || float64(steps) < 2*float64(curves) || hidden > numbers/2 {
		t.Errorf("the test proves little")
	}
}

// checkSteps: no step is of few events or few who left, few are left at the end, and the totals less all steps are
// not few. What is at risk adds up.
func checkSteps(t *testing.T, n int, x ExactCurve, o ExactOutcome, c Curve) {
	t.Helper()
	events, left := int64(0), int64(0)
	for i, s := range c.Steps {
		risk, _ := s.AtRisk.Value()
		e, _ := s.Events.Value()
		l, _ := s.Left.Value()
		if e < 11 || l > 0 && l < 11 {
			t.Errorf("cohort %d: a step of %d events and %d who left", n, e, l)
		}
		next := c.After
		if i+1 < len(c.Steps) {
			next = c.Steps[i+1].AtRisk
		}
		if after, _ := next.Value(); risk-e-l != after || after < 11 {
			t.Errorf("cohort %d: %d less %d and %d is %d", n, risk, e, l, after)
		}
		if i == 0 && risk != o.AtRisk {
			t.Errorf("cohort %d: the curve begins with %d of %d", n, risk, o.AtRisk)
		}
		events, left = events+e, left+l
	}
	for _, rest := range []int64{o.Events - events, o.AtRisk - o.Events - left} {
		if rest < 0 || rest > 0 && rest < 11 {
			t.Errorf("cohort %d: %d are left of the totals", n, rest)
		}
	}
	if last := x.Points[len(x.Points)-1].Day; c.Stopped != (c.Steps[len(c.Steps)-1].Day < last) {
		t.Errorf("cohort %d: stopped is %v", n, c.Stopped)
	}
}

// TestInternalCurveIsWhole: from an internal release the curve follows that of every single person.
func TestInternalCurveIsWhole(t *testing.T) {
	all := patients(rand.New(rand.NewPCG(2, 2)))
	var exact, released []stats.Follow
	for _, p := range all {
		exact = append(exact, stats.Follow{Time: float64(ends(p, anyOf)), Event: p.any >= 0, People: 1})
	}
	got := ReleaseCohort(Policy{Audience: Internal}, tableOf(slices.Clone(all), false))
	for _, s := range got.Curves[0].Steps {
		e, _ := s.Events.Value()
		l, _ := s.Left.Value()
		released = append(released, stats.Follow{Time: float64(s.Day), Event: true, People: e}, stats.Follow{Time: float64(s.Day), People: l})
	}
	after, _ := got.Curves[0].After.Value()
	released = append(released, stats.Follow{Time: float64(got.Curves[0].Steps[len(got.Curves[0].Steps)-1].Day), People: after})
	a, err := stats.KaplanMeier(exact)
	if err != nil {
		t.Fatal(err)
	}
	b, err := stats.KaplanMeier(released)
	if err != nil || len(a.Steps) != len(b.Steps) || len(a.Steps) < 20 {
		t.Fatalf("%d steps of %d, %v", len(b.Steps), len(a.Steps), err)
	}
	for i, s := range a.Steps {
		if b.Steps[i].Time != s.Time || math.Abs(b.Steps[i].S.Value-s.S.Value) > 1e-12 || math.Abs(b.Steps[i].S.Low-s.S.Low) > 1e-12 {
			t.Errorf("step %d is %+v, want %+v", i, b.Steps[i], s)
		}
	}
}

// TestFewWithANumber: of a number that few have nothing is told, whatever their number, and what is told has three digits.
func TestFewWithANumber(t *testing.T) {
	of := func(known int64) Number {
		x := ExactCohort{Steps: []ExactStep{{Remaining: 200}}, Numbers: []ExactNumber{{Characteristic: "ldl", Members: 200, Missing: 200 - known, Mean: 101.23456, SD: 20.5, Q1: 80, Median: 100, Q3: 120}}}
		return ReleaseCohort(policies[0], x).Numbers[0]
	}
	if n := of(150); n.Mean.Text(text.English()) != "101" || n.Known.Text(text.English()) != "150" {
		t.Errorf("150 with it: %+v", n)
	}
	if a, b := of(4), of(9); a != b || a.Mean.Text(text.English()) != "hidden" || a.Known.State() != Suppressed {
		t.Errorf("4 with it: %+v; 9: %+v", a, b)
	}
	if n := of(195); n.Missing.State() != Suppressed || n.Known.State() != Suppressed || n.Median.Text(text.English()) != "100" {
		t.Errorf("5 without it: %+v", n)
	}
}

// TestPlacesAreNotAddedUp: where a state is hidden, its counties are not shown, from which it could be had; where nothing of
// either is hidden, both are.
func TestPlacesAreNotAddedUp(t *testing.T) {
	of := func(small int64) Groups {
		low := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		x := ExactCohort{Scale: 1000, Steps: []ExactStep{{Remaining: 900}}, Years: []ExactYear{{Year: 2024, Cases: 300 + small, PersonDays: 90_000, Rate: 1, Complete: true}}}
		x.Groups.Period = Period{ID: "2024", Low: low, High: low.AddDate(1, 0, 0)}
		x.Groups.All = ExactGroup{Cases: 300 + small, PersonDays: 90_000, Rate: 1, Complete: true}
		for _, g := range []ExactGroup{{Stratum: "state", Value: "CT", Cases: 100, PersonDays: 20_000}, {Stratum: "state", Value: "MA", Cases: small, PersonDays: 10_000}, {Stratum: "state", Value: "NY", Cases: 200, PersonDays: 60_000},
			{Stratum: "county", Value: "a", Cases: 100, PersonDays: 20_000}, {Stratum: "county", Value: "b", Cases: small, PersonDays: 10_000}, {Stratum: "county", Value: "c", Cases: 40, PersonDays: 15_000}, {Stratum: "county", Value: "d", Cases: 160, PersonDays: 45_000}} {
			g.Rate, g.Adjusted, g.Complete = 1, math.NaN(), true
			x.Groups.Rows = append(x.Groups.Rows, g)
			x.Levels = append(x.Levels, ExactLevel{Characteristic: g.Stratum, Level: g.Value, Members: 5 * g.Cases, Persons: 5 * g.Cases, Kin: Place})
		}
		return ReleaseCohort(policies[0], x).Groups
	}
	shown := func(g Groups) (out []string) {
		for _, r := range g.Rows {
			if r.Crude.Shown() {
				out = append(out, r.Stratum+" "+r.Value)
			}
		}
		return out
	}
	if got := shown(of(40)); len(got) != 7 {
		t.Errorf("of places that are not small are shown %v", got)
	}
	got := shown(of(4))
	if len(got) == 0 || slices.ContainsFunc(got, func(s string) bool { return s[:5] != got[0][:5] }) {
		t.Errorf("with a small place are shown %v", got)
	}
}

package reports

import (
	"math"
	"strings"
	"testing"

	"farr/internal/stats"
	"farr/reports/internal/disclose"
)

// TestStatisticsAreThoseOfTheReleasedTable reads the figures' data back and computes every limit, signal, score, difference and
// ratio again with the statistics package from the numerators and denominators that stand beside them.
func TestStatisticsAreThoseOfTheReleasedTable(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		n := checkStatistics(t, sharedBundle(t, a))
		t.Logf("%s: %d statistics", a, n)
		if n < map[Audience]int{Internal: 800, External: 300}[a] {
			t.Errorf("%s: only %d statistics were looked at", a, n)
		}
	}
}

func checkStatistics(t *testing.T, files map[string]string) int {
	t.Helper()
	n := 0
	for path := range files {
		id, isPeriods := strings.CutSuffix(strings.TrimPrefix(path, "data/"), "-periods.csv")
		if !strings.HasPrefix(path, "data/") {
			continue
		}
		if _, measure := files["measures/"+id+".html"]; isPeriods && measure {
			n += checkControl(t, path, sheetOf(t, files, path))
		}
		if strings.HasSuffix(path, "-funnel.csv") {
			n += checkFunnel(t, path, sheetOf(t, files, path))
		}
		if id, ok := strings.CutSuffix(strings.TrimPrefix(path, "data/"), "-gaps.csv"); ok && files["measures/"+id+".html"] != "" {
			n += checkGaps(t, path, sheetOf(t, files, path), sheetOf(t, files, "data/"+id+"-groups.csv"))
		}
	}
	return n
}

// row of released numbers; shown where there is a rate.
type released struct {
	stats.Proportion
	rate  float64
	scale float64 // person-years that a rate is per; 0 for a proportion
	shown bool
}

func releasedOf(s sheet, row []string) released {
	state := s.get(row, "state")
	r := released{shown: strings.HasPrefix(state, "measured") || state == "zero"}
	for _, h := range s.head {
		switch {
		case h == "percent":
			r.rate = s.number(row, h)
		case strings.HasPrefix(h, "per_"):
			r.rate = s.number(row, h)
			r.scale = plainNumber(strings.TrimSuffix(strings.TrimPrefix(h, "per_"), "_person_years"))
		case h == "numerator", h == "events":
			r.Numerator = int64(s.number(row, h))
		case h == "denominator", h == "person_days":
			r.Denominator = int64(s.number(row, h))
		}
	}
	return r
}

func (r released) years() float64 { return float64(r.Denominator) / disclose.DaysPerYear }

func checkControl(t *testing.T, path string, s sheet) int {
	t.Helper()
	if !strings.Contains(strings.Join(s.head, ","), "upper_limit") {
		return 0 // no limits
	}
	var used []released
	var rows [][]string
	var gaps []bool // a period that is not used lies before
	gap := false
	for _, row := range s.rows {
		r := releasedOf(s, row)
		if !r.shown {
			gap = true
			continue
		}
		used, rows, gaps, gap = append(used, r), append(rows, row), append(gaps, gap), false
	}
	if len(used) < 6 {
		return 0
	}
	base := used[:min(12, len(used))]
	points := make([]stats.ControlPoint, len(used))
	if used[0].scale > 0 {
		var all []float64
		for _, r := range used {
			all = append(all, float64(r.Numerator)/r.years()*r.scale)
		}
		c, err := stats.XmRChartFrom(all[:len(base)], all, true)
		if err != nil {
			return 0
		}
		points = c.Points
		for i := range points { // a rate cannot be below 0: there is no such limit
			if points[i].Low < 0 {
				points[i].Low = math.Inf(-1)
			}
		}
	} else {
		var all []stats.Proportion
		mean := 0.0
		for i, r := range used {
			if all = append(all, r.Proportion); i < len(base) {
				mean += float64(r.Denominator) / float64(len(base))
			}
		}
		c, err := stats.PChartFrom(all[:len(base)], all)
		if err == nil && (mean >= 2000 || c.Sigma > 1.2) {
			c, err = stats.LaneyChartFrom(all[:len(base)], all)
		}
		if err != nil {
			return 0
		}
		for i, p := range c.Points {
			points[i] = stats.ControlPoint{Value: 100 * p.Value, Mean: 100 * p.Mean, Low: 100 * p.Low, High: 100 * p.High}
		}
	}
	most := func(limit float64) float64 {
		if used[0].scale > 0 {
			return limit
		}
		return math.Min(100, limit)
	}
	var signals []stats.Signals
	for from := 0; from < len(points); {
		to := from + 1
		for to < len(points) && !gaps[to] {
			to++
		}
		signals = append(signals, stats.SpecialCauses(points[from:to])...)
		from = to
	}
	for i, row := range rows {
		for column, want := range map[string]float64{"mean": points[i].Mean, "lower_limit": math.Max(0, points[i].Low), "upper_limit": most(points[i].High)} {
			if got := s.number(row, column); !(math.Abs(got-want) < 1e-3) {
				t.Errorf("%s, %s: %s is %v, want %v", path, row[0], column, got, want)
			}
		}
		var rules []string
		for _, r := range []struct {
			name string
			has  bool
		}{{"outside", signals[i].Outside}, {"trend", signals[i].Trend}, {"zone", signals[i].Zone}, {"run", signals[i].Run}} {
			if r.has {
				rules = append(rules, r.name)
			}
		}
		if got := s.get(row, "rules"); got != strings.Join(rules, " ") {
			t.Errorf("%s, %s: rules %q, want %q", path, row[0], got, rules)
		}
	}
	return 4 * len(rows)
}

func checkFunnel(t *testing.T, path string, s sheet) int {
	t.Helper()
	var units []stats.Proportion
	var timed []stats.UnitEvents
	scale := 0.0
	for _, row := range s.rows {
		r := releasedOf(s, row)
		scale = r.scale
		units = append(units, r.Proportion)
		timed = append(timed, stats.UnitEvents{Events: r.Numerator, Time: r.years()})
	}
	var limits func(i int, q float64) (float64, float64)
	var scores []float64
	if scale > 0 {
		f, err := stats.RateFunnelOf(timed)
		if err != nil {
			t.Fatal(err)
		}
		scores = f.Adjusted
		limits = func(i int, q float64) (float64, float64) {
			a, b := f.Limits(timed[i].Time, q)
			return a * scale, b * scale
		}
	} else {
		f, err := stats.FunnelOf(units)
		if err != nil {
			t.Fatal(err)
		}
		scores = f.Adjusted
		limits = func(i int, q float64) (float64, float64) {
			a, b := f.Limits(units[i].Denominator, q)
			return 100 * a, 100 * b
		}
	}
	for i, row := range s.rows {
		low, high := limits(i, stats.Funnel95)
		lower, higher := limits(i, stats.Funnel998)
		for column, want := range map[string]float64{"lower_99.8_%_limit": lower, "lower_95_%_limit": low, "upper_95_%_limit": high, "upper_99.8_%_limit": higher, "score": scores[i]} {
			if got := s.number(row, column); !(math.Abs(got-want) < 1e-3) {
				t.Errorf("%s, %s: %s is %v, want %v", path, row[0], column, got, want)
			}
		}
	}
	return 5 * len(s.rows)
}

func checkGaps(t *testing.T, path string, s, groups sheet) int {
	t.Helper()
	at := map[string]released{}
	for _, row := range groups.rows {
		at[groups.get(row, "group")+"|"+groups.get(row, "value")] = releasedOf(groups, row)
	}
	var all released
	for _, row := range groups.rows {
		if groups.get(row, "group") == "All" {
			all = releasedOf(groups, row)
		}
	}
	n := 0
	for _, row := range s.rows {
		if s.get(row, "remark") != "" {
			continue
		}
		g := at[s.get(row, "group")+"|"+s.get(row, "value")]
		rest := released{Proportion: stats.Proportion{Numerator: all.Numerator - g.Numerator, Denominator: all.Denominator - g.Denominator}}
		difference, ratio := stats.Difference(g.Numerator, g.Denominator, rest.Numerator, rest.Denominator).Scale(100), stats.RatioScore(g.Numerator, g.Denominator, rest.Numerator, rest.Denominator)
		if g.scale > 0 {
			d, err := stats.RateDifference(g.Numerator, g.years(), rest.Numerator, rest.years())
			if err != nil {
				t.Fatal(err)
			}
			difference = d.Scale(g.scale)
			if ratio, err = stats.RateRatio(g.Numerator, g.years(), rest.Numerator, rest.years()); err != nil {
				ratio = stats.Estimate{Value: math.NaN()}
			}
		}
		want := map[string]float64{"difference": difference.Value, "difference_low": difference.Low, "difference_high": difference.High}
		if ratio.Defined() {
			want["ratio"], want["ratio_low"], want["ratio_high"] = ratio.Value, ratio.Low, ratio.High
		}
		for column, want := range want {
			if got := s.number(row, column); !(math.Abs(got-want) < 1e-3) {
				t.Errorf("%s, %s %s: %s is %v, want %v", path, row[0], row[1], column, got, want)
			}
			n++
		}
		if differs := difference.Low > 0 || difference.High < 0; (s.get(row, "differs") == "yes") != differs {
			t.Errorf("%s, %s %s: differs is %q", path, row[0], row[1], s.get(row, "differs"))
		}
	}
	return n
}

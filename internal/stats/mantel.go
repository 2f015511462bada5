package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Table is a stratum's two by two table: events and all of group 1, and of group 0.
type Table struct {
	Events1, All1 int64
	Events0, All0 int64
}

func (t Table) cells() (a, b, c, d, n float64) {
	mustBePart(t.Events1, t.All1)
	mustBePart(t.Events0, t.All0)
	a, c = float64(t.Events1), float64(t.Events0)
	b, d = float64(t.All1-t.Events1), float64(t.All0-t.Events0)
	return a, b, c, d, a + b + c + d
}

// informative are the strata with people in both groups.
func informative(tables []Table) []Table {
	var kept []Table
	for _, t := range tables {
		t.cells()
		if t.All1 > 0 && t.All0 > 0 {
			kept = append(kept, t)
		}
	}
	return kept
}

// MantelHaenszelOdds is the odds ratio of group 1 to group 0, strata combined, with
// limits by Robins, Breslow and Greenland.
//
// Sources: Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748. Robins J, Breslow N,
// Greenland S. Biometrics 1986;42:311-323.
// Reference: admissions to Berkeley by department (Bickel 1975) give 0.9046968.
func MantelHaenszelOdds(tables []Table) (Estimate, error) {
	var r, s, pr, psqr, qs float64
	for _, t := range informative(tables) {
		a, b, c, d, n := t.cells()
		ri, si, p, q := a*d/n, b*c/n, (a+d)/n, (b+c)/n
		r, s = r+ri, s+si
		pr, psqr, qs = pr+p*ri, psqr+p*si+q*ri, qs+q*si
	}
	switch {
	case s == 0 && r == 0:
		return Estimate{}, NotInformative
	case s == 0:
		return Estimate{}, NoReference
	case r == 0:
		return Estimate{}, NoEvents
	}
	return logScale(r/s, math.Sqrt(pr/(2*r*r)+psqr/(2*r*s)+qs/(2*s*s))), nil
}

// MantelHaenszelRisk is the ratio of risks of group 1 to group 0, strata combined.
//
// Source: Greenland S, Robins JM. Estimation of a common effect parameter from sparse
// follow-up data. Biometrics 1985;41:55-68, equations 4 and 13.
func MantelHaenszelRisk(tables []Table) (Estimate, error) {
	var r, s, v float64
	for _, t := range informative(tables) {
		a, b, c, d, n := t.cells()
		n1, n0, m := a+b, c+d, a+c
		r, s = r+a*n0/n, s+c*n1/n
		v += (m*n1*n0 - a*c*n) / (n * n)
	}
	return combined(r, s, v)
}

// TimeTable is a stratum's events and person-time of two groups.
type TimeTable struct {
	Events1 int64
	Time1   float64
	Events0 int64
	Time0   float64
}

// MantelHaenszelRate is the ratio of rates of group 1 to group 0, strata combined.
//
// Source: Greenland and Robins 1985, equations 11 and 14.
// Reference: coronary deaths of British doctors by smoking (Doll and Hill 1966; Rothman
// and Greenland 1998, page 259) give 1.424682 (1.154703 to 1.757784).
func MantelHaenszelRate(tables []TimeTable) (Estimate, error) {
	var r, s, v float64
	for _, t := range tables {
		mustBeCount(t.Events1)
		mustBeCount(t.Events0)
		if t.Time1 < 0 || t.Time0 < 0 {
			return Estimate{}, NegativeTime
		}
		if t.Time1 == 0 || t.Time0 == 0 {
			continue
		}
		a, c, n := float64(t.Events1), float64(t.Events0), t.Time1+t.Time0
		r, s = r+a*t.Time0/n, s+c*t.Time1/n
		v += (a + c) * t.Time1 * t.Time0 / (n * n)
	}
	return combined(r, s, v)
}

func combined(r, s, v float64) (Estimate, error) {
	switch {
	case r == 0 && s == 0:
		return Estimate{}, NotInformative
	case s == 0:
		return Estimate{}, NoReference
	case r == 0:
		return Estimate{}, NoEvents
	}
	return logScale(r/s, math.Sqrt(v/(r*s))), nil
}

// Test is a test statistic that is chi-squared where there is no effect.
type Test struct {
	Chi2 float64
	DF   int
	P    float64
}

func newTest(chi2 float64, df int) Test {
	return Test{chi2, df, distuv.ChiSquared{K: float64(df)}.Survival(chi2)}
}

// CochranMantelHaenszel tests whether the groups' odds are equal in all strata, without
// continuity correction or with it.
//
// Source: Mantel and Haenszel 1959; Agresti A. Categorical data analysis, section 6.3.2.
// Reference: Berkeley's admissions give 1.5246 without correction, 1.4269 with it.
func CochranMantelHaenszel(tables []Table, corrected bool) (Test, error) {
	var sum, v float64
	for _, t := range informative(tables) {
		a, b, c, d, n := t.cells()
		if n < 2 {
			continue
		}
		n1, n0, m1, m0 := a+b, c+d, a+c, b+d
		sum += a - n1*m1/n
		v += n1 * n0 * m1 * m0 / (n * n * (n - 1))
	}
	if v == 0 {
		return Test{}, NotInformative
	}
	gap := math.Abs(sum)
	if corrected {
		gap = math.Max(0, gap-0.5)
	}
	return newTest(gap*gap/v, 1), nil
}

// BreslowDay tests whether the odds ratio is the same in all strata, with Tarone's
// correction.
//
// Sources: Breslow NE, Day NE. Statistical methods in cancer research, volume I. IARC
// 1980, section 4.4. Tarone RE. Biometrika 1985;72:91-95.
func BreslowDay(tables []Table) (Test, error) {
	common, err := MantelHaenszelOdds(tables)
	if err != nil {
		return Test{}, err
	}
	var chi2, gaps, variances float64
	strata := 0
	for _, t := range informative(tables) {
		a, b, c, d, _ := t.cells()
		n1, n0, m1 := a+b, c+d, a+c
		if m1 == 0 || b+d == 0 {
			continue
		}
		e := expectedCell(common.Value, n1, n0, m1)
		v := 1 / (1/e + 1/(n1-e) + 1/(m1-e) + 1/(n0-m1+e))
		chi2 += (a - e) * (a - e) / v
		gaps, variances = gaps+a-e, variances+v
		strata++
	}
	if strata < 2 {
		return Test{}, OneGroup
	}
	return newTest(chi2-gaps*gaps/variances, strata-1), nil
}

// expectedCell is the first cell of a table with these margins and that odds ratio.
func expectedCell(odds, n1, n0, m1 float64) float64 {
	if math.Abs(odds-1) < 1e-12 {
		return n1 * m1 / (n1 + n0)
	}
	qa, qb, qc := 1-odds, n0-m1+odds*(n1+m1), -odds*n1*m1
	root := math.Sqrt(qb*qb - 4*qa*qc)
	for _, e := range []float64{(-qb + root) / (2 * qa), (-qb - root) / (2 * qa)} {
		if e > math.Max(0, m1-n0) && e < math.Min(n1, m1) {
			return e
		}
	}
	return math.NaN()
}

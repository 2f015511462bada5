package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Logit is a fitted logistic regression.
type Logit struct {
	Coefficients []float64 // log odds: the intercept, then one for each factor
	Errors       []float64 // standard errors, by observed (= expected) information
	Deviance     float64
	Null         float64 // deviance of the intercept alone
	Iterations   int
}

// Logistic fits the odds of an outcome to factors, rows[i] being person i's and weights
// nil or how many people a row stands for, by iteratively reweighted least squares.
// An intercept is added.
//
// Source: McCullagh P, Nelder JA. Generalized linear models, 2nd edition, section 4.4.
// Reference: spontaneous and induced abortions as factors of infertility (Trichopoulos
// 1976) give -1.7079, 1.1972 and 0.4181.
func Logistic(rows [][]float64, outcome []bool, weights []float64) (Logit, error) {
	n := len(rows)
	if n == 0 {
		return Logit{}, NoPeople
	}
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	var people, events float64
	for i, y := range outcome {
		people += weight(i)
		if y {
			events += weight(i)
		}
	}
	if events == 0 {
		return Logit{}, NoEvents
	}
	if events == people {
		return Logit{}, NoVariation
	}
	k := len(rows[0]) + 1
	beta := make([]float64, k)
	beta[0] = math.Log(events / (people - events))
	fit := Logit{Null: -2 * (events*math.Log(events/people) + (people-events)*math.Log(1-events/people))}
	before := math.Inf(1)
	x := make([]float64, k)
	x[0] = 1
	for fit.Iterations = 1; fit.Iterations <= 50; fit.Iterations++ {
		information, score := square(k), make([]float64, k)
		fit.Deviance = 0
		for i, row := range rows {
			copy(x[1:], row)
			eta := 0.0
			for j := range x {
				eta += beta[j] * x[j]
			}
			p, w := expit(eta), weight(i)
			y := 0.0
			if outcome[i] {
				y = 1
				fit.Deviance += 2 * w * softplus(-eta)
			} else {
				fit.Deviance += 2 * w * softplus(eta)
			}
			for a := range x {
				score[a] += w * (y - p) * x[a]
				for b := a; b < k; b++ {
					information[a][b] += w * p * (1 - p) * x[a] * x[b]
				}
			}
		}
		inverse, ok := invert(information)
		if !ok {
			if fit.Iterations == 1 {
				return Logit{}, Collinear
			}
			return Logit{}, Separated
		}
		fit.Coefficients, fit.Errors = append([]float64(nil), beta...), make([]float64, k)
		for a := range k {
			fit.Errors[a] = math.Sqrt(inverse[a][a])
		}
		if math.Abs(before-fit.Deviance) < 1e-10*(math.Abs(fit.Deviance)+0.1) {
			if fit.Deviance < 1e-6*people || slices.ContainsFunc(fit.Errors, func(e float64) bool { return e > maxError }) {
				return Logit{}, Separated
			}
			return fit, nil
		}
		before = fit.Deviance
		for a := range k {
			for b := range k {
				beta[a] += inverse[a][b] * score[b]
			}
		}
		for _, b := range beta {
			if math.IsNaN(b) || math.Abs(b) > 1e6 {
				return Logit{}, Separated
			}
		}
	}
	return Logit{}, NotConverged
}

// maxError is a standard error of log odds that no data give but such as leave a coefficient without
// bound: a factor that only people with the outcome have, or only those without.
const maxError = 100

// Probability is the fitted probability of the outcome for a person's factors.
func (l Logit) Probability(row []float64) float64 {
	eta := l.Coefficients[0]
	for j, v := range row {
		eta += l.Coefficients[j+1] * v
	}
	return expit(eta)
}

// Odds is the odds ratio of factor i, from 0, with Wald's limits.
func (l Logit) Odds(i int) Estimate {
	return logScale(math.Exp(l.Coefficients[i+1]), l.Errors[i+1])
}

func expit(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is log(1 + exp x) without overflow.
func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func square(k int) [][]float64 {
	m := make([][]float64, k)
	for i := range m {
		m[i] = make([]float64, k)
	}
	return m
}

// Calibration says how well fitted probabilities agree with what happened.
type Calibration struct {
	Observed, Expected float64
	Slope, Intercept   float64 // of the outcome's log odds on the fitted log odds: 1 and 0 are perfect
	C                  float64 // share of pairs of one with and one without the outcome that the fit orders right
	Hosmer             Test    // Hosmer and Lemeshow's, over tenths
	Brier              float64
}

// Calibrate compares probabilities with outcomes.
//
// Sources: Cox DR. Two further applications of a model for binary regression. Biometrika
// 1958;45:562-565. Hosmer DW, Lemeshow S. Commun Stat 1980;A9:1043-1069. Hanley JA,
// McNeil BJ. Radiology 1982;143:29-36.
func Calibrate(probability []float64, outcome []bool) (Calibration, error) {
	var c Calibration
	n := len(probability)
	if n == 0 {
		return c, NoPeople
	}
	logits := make([][]float64, n)
	for i, p := range probability {
		if !(p > 0 && p < 1) {
			return c, Separated
		}
		logits[i] = []float64{math.Log(p / (1 - p))}
		y := 0.0
		if outcome[i] {
			y = 1
			c.Observed++
		}
		c.Expected += p
		c.Brier += (p - y) * (p - y) / float64(n)
	}
	fit, err := Logistic(logits, outcome, nil)
	switch err {
	case nil:
		c.Intercept, c.Slope = fit.Coefficients[0], fit.Coefficients[1]
	case Collinear: // everybody has the same probability: there is no slope
		c.Slope = math.NaN()
		return c, NoVariation
	default:
		return c, err
	}
	c.C = concordance(probability, outcome)
	c.Hosmer = hosmer(probability, outcome)
	return c, nil
}

// concordance is the area under the curve, by ranks with ties in the middle.
func concordance(probability []float64, outcome []bool) float64 {
	order := sortedBy(probability)
	var ranks, with float64
	n := len(order)
	for i := 0; i < n; {
		j := i
		for j < n && probability[order[j]] == probability[order[i]] {
			j++
		}
		for _, at := range order[i:j] {
			if outcome[at] {
				with++
				ranks += float64(i+j+1) / 2
			}
		}
		i = j
	}
	return (ranks - with*(with+1)/2) / (with * (float64(n) - with))
}

// hosmer groups people into tenths by quantiles of type 7 of their probability.
func hosmer(probability []float64, outcome []bool) Test {
	const groups = 10
	order := sortedBy(probability)
	sorted := make([]float64, len(order))
	for i, at := range order {
		sorted[i] = probability[at]
	}
	var n, o, e [groups]float64
	g := 0
	for i, at := range order {
		for g < groups-1 {
			cut, _ := Quantile(sorted, float64(g+1)/groups)
			if sorted[i] <= cut {
				break
			}
			g++
		}
		n[g]++
		e[g] += sorted[i]
		if outcome[at] {
			o[g]++
		}
	}
	chi2, used := 0.0, 0
	for g := range groups {
		if n[g] > 0 {
			chi2 += (o[g] - e[g]) * (o[g] - e[g]) / (e[g] * (1 - e[g]/n[g]))
			used++
		}
	}
	if used < 3 {
		return Test{Chi2: chi2, P: math.NaN()}
	}
	return Test{chi2, used - 2, distuv.ChiSquared{K: float64(used - 2)}.Survival(chi2)}
}

package measures

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"farr/internal/stats"
	"farr/measures/internal/cohort"
)

// adjustable are what an outcome can be adjusted for beside a cohort's characteristics. A site
// is what is compared, and a place stands for it.
var adjustable = []string{"age", "sex", "race", "ethnicity", "payer", "language"}

// folds are the parts of the persons that the others foretell, for calibration.
const folds = 5

// fewPeople is how many a word of a category needs for a factor of its own.
const fewPeople = 20

// adjust fits one model to all people of an outcome and compares each group with it: how many
// had the event, and how many would have if people like these fared as they do on the whole.
//
// Source: indirect standardisation by a logistic model. DeLong ER, Peterson ED, DeLong DM, et
// al. Comparing risk-adjustment methods for provider profiling. Stat Med 1997;16:2645-2664.
func (e *engine) adjust(ctx context.Context, d Definition, o Rule, r *cohortResult) error {
	people, err := e.atRisk(ctx, d, o)
	if err != nil {
		return err
	}
	c := Calibration{Cohort: d.ID, Outcome: o.ID, People: int64(len(people.happened)), LeftOut: people.leftOut,
		Expected: notANumber, Slope: notANumber, Intercept: notANumber, C: notANumber, Brier: notANumber, HosmerChi2: notANumber, HosmerP: notANumber}
	for _, yes := range people.happened {
		if yes {
			c.Observed++
		}
	}
	model := people.model()
	rows := model.rows(people)
	fit, err := stats.Logistic(rows, people.happened, nil)
	if err != nil {
		c.Reason = err.Error()
		r.calibrations = append(r.calibrations, c)
		r.adjusted = append(r.adjusted, people.groups(d, o, nil, c.Reason)...)
		return nil
	}
	expected := make([]float64, len(rows))
	for i, row := range rows {
		expected[i] = fit.Probability(row)
	}
	r.adjusted = append(r.adjusted, people.groups(d, o, expected, "")...)
	for i, f := range model.factors {
		odds := fit.Odds(i)
		r.factors = append(r.factors, Factor{Cohort: d.ID, Outcome: o.ID, Factor: f.name, Level: f.level, Reference: f.reference, Odds: odds.Value, CILow: odds.Low, CIHigh: odds.High})
	}
	c.calibrate(people, rows)
	r.calibrations = append(r.calibrations, c)
	return nil
}

// calibrate foretells each fold by the others.
func (c *Calibration) calibrate(people *atRisk, rows [][]float64) {
	foretold := make([]float64, len(rows))
	for fold := range folds {
		var others [][]float64
		var happened []bool
		for i, row := range rows {
			if people.fold[i] != fold {
				others, happened = append(others, row), append(happened, people.happened[i])
			}
		}
		fit, err := stats.Logistic(others, happened, nil)
		if err != nil {
			c.Reason = err.Error()
			return
		}
		for i, row := range rows {
			if people.fold[i] == fold {
				foretold[i] = fit.Probability(row)
			}
		}
	}
	measured, err := stats.Calibrate(foretold, people.happened)
	if err != nil {
		c.Reason = err.Error()
		return
	}
	c.Expected, c.Slope, c.Intercept, c.C, c.Brier = measured.Expected, measured.Slope, measured.Intercept, measured.C, measured.Brier
	c.HosmerChi2, c.HosmerDF, c.HosmerP = measured.Hosmer.Chi2, measured.Hosmer.DF, measured.Hosmer.P
}

// atRisk are the entries of an outcome whose follow-up nothing but death would have ended early,
// whether or not they had the event: who left early would count with an event alone. They are in the
// order of persons and index dates, a slice a column.
type atRisk struct {
	leftOut  int64
	happened []bool
	fold     []int      // the same for all entries of a person
	strata   [][]string // by stratum of the cohort, then entry
	words    map[string][]string
	numbers  map[string][]*float64 // nil where there is none
	order    []string              // of what is adjusted for
}

// atRisk reads them.
func (e *engine) atRisk(ctx context.Context, d Definition, o Rule) (*atRisk, error) {
	p := &atRisk{words: map[string][]string{}, numbers: map[string][]*float64{}, order: o.Adjust, strata: make([][]string, len(d.Strata))}
	columns, from := "", ""
	number := map[string]bool{"age": true}
	for _, name := range o.Adjust {
		at := slices.IndexFunc(d.Characteristics, func(c Characteristic) bool { return c.ID == name })
		switch {
		case name == "age":
			columns += ", s.years::DOUBLE"
		case at < 0:
			columns += ", s." + name + "::VARCHAR"
		default:
			from += fmt.Sprintf(" LEFT JOIN %s c%d ON c%[2]d.pid = s.pid AND c%[2]d.index_date = s.index_date", characteristicTable(at), at)
			if number[name] = d.Characteristics[at].Number; number[name] {
				columns += fmt.Sprintf(", c%d.value", at)
			} else {
				columns += fmt.Sprintf(", CASE WHEN c%d.pid IS NULL THEN 'no' ELSE 'yes' END", at)
			}
		}
	}
	for _, s := range d.Strata {
		columns += ", s." + cohort.Column(s) + "::VARCHAR"
	}
	rows, err := e.db.Query(ctx, d.ID+" "+o.ID+" at risk", fmt.Sprintf(`SELECT f.happened, f.whole, (dense_rank() OVER (ORDER BY s.pid) %% %d)::INTEGER%s
		FROM run.followed f JOIN run.cohort_subject s ON s.pid = f.pid AND s.index_date = f.index_date%s
		WHERE f.state = 'at risk' ORDER BY s.pid, s.index_date`, folds, columns, from))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var happened, whole bool
		var fold int
		into := []any{&happened, &whole, &fold}
		texts, values := make([]string, len(o.Adjust)), make([]*float64, len(o.Adjust))
		for i, name := range o.Adjust {
			if number[name] {
				into = append(into, &values[i])
			} else {
				into = append(into, &texts[i])
			}
		}
		strata := make([]string, len(d.Strata))
		for i := range strata {
			into = append(into, &strata[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		if !whole {
			p.leftOut++
			continue
		}
		p.happened, p.fold = append(p.happened, happened), append(p.fold, fold)
		for i, name := range o.Adjust {
			if number[name] {
				p.numbers[name] = append(p.numbers[name], values[i])
			} else {
				p.words[name] = append(p.words[name], texts[i])
			}
		}
		for i, value := range strata {
			p.strata[i] = append(p.strata[i], value)
		}
	}
	return p, rows.Err()
}

// groups compares what happened in all and in each group with what was expected; expected is
// nil where there is no model.
func (p *atRisk) groups(d Definition, o Rule, expected []float64, reason string) []Adjusted {
	var out []Adjusted
	count := func(stratum string, value func(i int) string) {
		groups := map[string]*Adjusted{}
		for i, happened := range p.happened {
			v := value(i)
			g := groups[v]
			if g == nil {
				g = &Adjusted{Cohort: d.ID, Outcome: o.ID, Stratum: stratum, Value: v, Reason: reason}
				groups[v] = g
			}
			g.People++
			if happened {
				g.Observed++
			}
			if expected != nil {
				g.Expected += expected[i]
			}
		}
		for _, v := range slices.Sorted(maps.Keys(groups)) {
			g := groups[v]
			g.Ratio, g.RatioLow, g.RatioHigh = notANumber, notANumber, notANumber
			if expected == nil {
				g.Expected = notANumber
			} else {
				ratio := stats.IndirectRatio(g.Observed, g.Expected)
				g.Ratio, g.RatioLow, g.RatioHigh = ratio.Value, ratio.Low, ratio.High
			}
			out = append(out, *g)
		}
	}
	count(stratumAll, func(int) string { return stratumAll })
	for s, name := range d.Strata {
		count(name, func(i int) string { return p.strata[s][i] })
	}
	return out
}

// factor is one column of a model.
type factor struct {
	name, level, reference string
	value                  func(i int) float64
}

type riskModel struct{ factors []factor }

// model says what a person's factors are. A number is one, in its own unit, age in tens of
// years, with the mean where it is missing, which is a factor itself; of a category each word
// is one but the most common, those of fewer than fewPeople being one together.
func (p *atRisk) model() riskModel {
	var m riskModel
	for _, name := range p.order {
		if values, ok := p.numbers[name]; ok {
			unit, level := 1.0, "1 more"
			if name == "age" {
				unit, level = 10, "10 years more"
			}
			var sum float64
			var known int
			for _, v := range values {
				if v != nil {
					sum, known = sum+*v, known+1
				}
			}
			mean := sum / float64(max(1, known))
			m.factors = append(m.factors, factor{name, level, "", func(i int) float64 {
				if values[i] == nil {
					return 0
				}
				return (*values[i] - mean) / unit
			}})
			if known < len(values) {
				m.factors = append(m.factors, factor{name, "missing", "known", func(i int) float64 { return indicator(values[i] == nil) }})
			}
			continue
		}
		counts := map[string]int{}
		for _, w := range p.words[name] {
			counts[w]++
		}
		words := make([]string, len(p.words[name]))
		for i, w := range p.words[name] {
			if words[i] = w; counts[w] < fewPeople {
				words[i] = "few"
			}
		}
		clear(counts)
		for _, w := range words {
			counts[w]++
		}
		levels := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
		for at, level := range levels {
			if at > 0 {
				m.factors = append(m.factors, factor{name, level, levels[0], func(i int) float64 { return indicator(words[i] == level) }})
			}
		}
	}
	return m
}

// rows are the factors of each entry.
func (m riskModel) rows(p *atRisk) [][]float64 {
	rows := make([][]float64, len(p.happened))
	for i := range rows {
		rows[i] = make([]float64, len(m.factors))
		for j, f := range m.factors {
			rows[i][j] = f.value(i)
		}
	}
	return rows
}

func indicator(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

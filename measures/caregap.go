package measures

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"farr/measures/internal/evaluate"
)

// otherGap is the last reason of a measure with care gaps: none of the others holds.
const otherGap = "other"

// CareGap is how many of a measure's subjects of a period are in a gap for a reason: in the denominator and not in
// the numerator or, where lower is better, in the numerator. Each is in one gap, by the first reason that holds.
type CareGap struct {
	Measure, Period string
	Ordinal         int // in the order of the definition
	Gap, Title      string
	Subjects        int64
}

type careGapYAML struct {
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	SQL   string `yaml:"sql,required"`
}

// careGaps reads the reasons of measure.yaml, in order.
func (f *folder) careGaps(list []careGapYAML, d *Definition) {
	if len(list) > 0 && d.Scoring == ScoringRate {
		f.doc.Report("bad-value", "only a proportion has care gaps", "remove them", "care_gaps")
	}
	for i, y := range list {
		if !idForm.MatchString(y.ID) || y.ID == otherGap || slices.ContainsFunc(d.CareGaps, func(r Rule) bool { return r.ID == y.ID }) {
			f.doc.Report("bad-id", fmt.Sprintf("%q is no id of a care gap, or is there twice", y.ID), "small letters, digits and hyphens; other is farr's own", "care_gaps", i, "id")
		}
		d.CareGaps = append(d.CareGaps, Rule{ID: y.ID, Title: y.Title, File: y.SQL, SQL: f.sql(y.SQL, "care_gaps", i, "sql")})
	}
}

// careGaps counts the gaps of run.subject. It needs the measure's initial population.
func (e *engine) careGaps(ctx context.Context, d Definition) error {
	e.gaps = nil
	if len(d.CareGaps) == 0 {
		return nil
	}
	which, joins := "CASE", ""
	for i, g := range d.CareGaps {
		table := fmt.Sprintf("run.care_gap_%d", i)
		p := Population{Name: g.ID, File: g.File, SQL: g.SQL}
		if err := e.population(ctx, d, p, table); err != nil {
			return err
		}
		which += fmt.Sprintf(" WHEN g%d.pid IS NOT NULL THEN %[1]d", i)
		joins += fmt.Sprintf("\nLEFT JOIN %s g%d ON g%[2]d.pid = s.pid AND g%[2]d.period = s.period", table, i)
		if d.Basis == BasisEncounter {
			joins += fmt.Sprintf(" AND g%d.episode = s.episode", i)
		}
	}
	if err := e.countGaps(ctx, d, fmt.Sprintf("%s ELSE %d END", which, len(d.CareGaps)), joins); err != nil {
		return err
	}
	for i := range d.CareGaps {
		if err := e.db.Exec(ctx, "drop care gap", fmt.Sprintf("DROP TABLE run.care_gap_%d", i)); err != nil {
			return err
		}
	}
	return nil
}

// publishedGaps counts those of a published measure, whose reasons are columns of run.subject.
func (e *engine) publishedGaps(ctx context.Context, d Definition) error {
	e.gaps = nil
	if len(d.CareGaps) == 0 {
		return nil
	}
	return e.countGaps(ctx, d, "s."+evaluate.GapColumn, "")
}

// countGaps counts the subjects in a gap by the place of their reason.
func (e *engine) countGaps(ctx context.Context, d Definition, which, joins string) error {
	in := "s.denominator AND NOT s.numerator"
	if d.GapsIn() {
		in = "s.numerator"
	}
	return e.scanGaps(ctx, d, "care gaps", fmt.Sprintf(`SELECT s.period::VARCHAR, %s AS gap, count(*) FROM run.subject s%s
		WHERE %s GROUP BY ALL`, which, joins, in))
}

// scanGaps takes the care gaps of a measure from rows of period, ordinal and number of subjects.
func (e *engine) scanGaps(ctx context.Context, d Definition, what, query string) error {
	rows, err := e.db.Query(ctx, d.ID+" "+what, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		g := CareGap{Measure: d.ID}
		if err := rows.Scan(&g.Period, &g.Ordinal, &g.Subjects); err != nil {
			return err
		}
		e.gaps = append(e.gaps, g)
	}
	return rows.Err()
}

// reasonsOf are the reasons of a group of a published measure, each with an id made of its title.
func reasonsOf(list []evaluate.Reason) (rules []Rule) {
	for i, r := range list {
		id := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(r.Title), "-"), "-")
		if len(id) > longestSlug {
			id = id[:longestSlug]
			if whole := strings.LastIndexByte(id, '-'); whole > 0 {
				id = id[:whole]
			}
		}
		if !idForm.MatchString(id) || id == otherGap {
			id = fmt.Sprintf("rule-%d", i+1)
		}
		first := id
		for n := 2; slices.ContainsFunc(rules, func(o Rule) bool { return o.ID == id }); n++ {
			id = fmt.Sprintf("%s-%d", first, n)
		}
		rules = append(rules, Rule{ID: id, Title: r.Title, File: r.Library})
	}
	return rules
}

// longestSlug is how many letters of a title are in the id that is made of it.
const longestSlug = 60

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// finishGaps puts the gaps of all parts of the persons together: for every period a row for every reason, and
// for none of them.
func (e *engine) finishGaps(d Definition, counted []CareGap) []CareGap {
	if len(d.CareGaps) == 0 {
		return nil
	}
	sum := map[string]int64{}
	key := func(period string, ordinal int) string { return fmt.Sprint(period, " ", ordinal) }
	for _, g := range counted {
		sum[key(g.Period, g.Ordinal)] += g.Subjects
	}
	var out []CareGap
	for _, p := range e.periods {
		for i, r := range append(slices.Clone(d.CareGaps), Rule{ID: otherGap, Title: "None of these"}) {
			out = append(out, CareGap{d.ID, p.ID, i, r.ID, r.Title, sum[key(p.ID, i)]})
		}
	}
	slices.SortFunc(out, func(a, b CareGap) int { return cmp.Or(strings.Compare(a.Period, b.Period), a.Ordinal-b.Ordinal) })
	return out
}

func (g CareGap) row() []any {
	return []any{g.Measure, g.Period, g.Ordinal, g.Gap, g.Title, g.Subjects}
}

func (v rowReader) careGap() CareGap {
	return CareGap{v.text("measure"), v.text("period"), v.small("ordinal"), v.text("gap"), v.text("title"), v.count("subjects")}
}

// CareGaps are ordered by measure, period and reason.
func (r *Results) CareGaps() []CareGap { return slices.Clone(r.careGaps) }

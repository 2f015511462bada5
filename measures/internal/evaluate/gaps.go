package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"farr/measures/internal/content"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
	"farr/measures/internal/population"
)

// Reason is one of the reasons for which a subject of a proportion is in a care gap, in the order of the CQL.
type Reason struct {
	Title   string
	Library string // of its define
	define  *plan.Define
}

// decreases is what a measure says of a score that is better when it is lower.
const decreases = "decrease"

// GapsIn is whether those in a gap are those in the numerator, since a lower score is better.
func GapsIn(g content.Group) bool { return g.Improvement == decreases }

// takeApart makes defines of the parts of each proportion's numerator, so that it is known of each
// subject which of them hold: of all that must, which does not; where lower is better, of those of
// which any does, which does. What is computed stays the same, and is computed once. A numerator in one
// part has no reasons: everybody in the gap would have the same.
func takeApart(program *elm.Program, main string, groups []content.Group) (*elm.Program, map[int][]elm.Part) {
	found := map[int][]elm.Part{}
	for i, g := range groups {
		k := slices.IndexFunc(g.Populations, func(p content.Population) bool { return p.Code == population.Numerator })
		if g.Scoring != "proportion" || k < 0 {
			continue
		}
		how := elm.All
		if GapsIn(g) {
			how = elm.Any
		}
		if apart, parts := program.Parts(main, g.Populations[k].Define, how); len(parts) > 1 {
			program, found[i] = apart, parts
		}
	}
	return program, found
}

// wantsOfParts are the defines of parts, which the numerators need before.
func wantsOfParts(groups int, found map[int][]elm.Part) (wants []plan.Want) {
	for i := range groups {
		for _, p := range found[i] {
			wants = append(wants, plan.Want{Define: p.Define, Library: p.Library})
		}
	}
	return wants
}

// reasonsOf are the parts of a group's numerator as reasons; none where one of them is not of what the
// group counts.
func (p *Program) reasonsOf(g content.Group, parts []elm.Part) (list []Reason) {
	for _, part := range parts {
		d := p.compiled.Defines[plan.Want{Define: part.Define, Library: part.Library}.Key()]
		fits := d.List && d.Type == g.Basis
		if g.Basis == content.BasisBoolean {
			fits = !d.List && d.Type == "Boolean"
		}
		if !fits || d.Rows() == "" {
			return nil
		}
		list = append(list, Reason{part.Title, part.Library, d})
	}
	return list
}

// Reasons are those of a group; none where its numerator is not put together of parts.
func (p *Program) Reasons(i int) []Reason { return p.groups[i].reasons }

// GapColumn is the column of a group's table with the place of the first reason that holds for a subject
// in a gap: from 0, and the number of reasons where none does, which is so of those alone who are excluded
// from the numerator. It is null of others, and is there where the group has reasons.
const GapColumn = "gap"

// gapSQL is SQL of GapColumn of the rows g, and what is to be joined for it.
func (g group) gapSQL() (column, joins string) {
	if len(g.reasons) == 0 {
		return "", ""
	}
	holds := "IS NULL" // a part that is not met is a reason
	if GapsIn(g.Group) {
		holds = "IS NOT NULL"
	}
	key, on := "subject_no", "r%d.subject_no = g.subject_no"
	if g.Basis != content.BasisBoolean {
		key, on = "subject_no, episode", on+" AND r%[1]d.episode = g.episode"
	}
	var cases []string
	for i, r := range g.reasons {
		cases = append(cases, fmt.Sprintf("WHEN r%d.subject_no %s THEN %[1]d", i, holds))
		joins += fmt.Sprintf("\nLEFT JOIN (SELECT DISTINCT %s FROM (%s)) r%d ON %s", key, r.define.Rows(), i, fmt.Sprintf(on, i))
	}
	return fmt.Sprintf(", CASE WHEN NOT (%s) THEN NULL %s ELSE %d END AS %s", g.inGap(), strings.Join(cases, " "), len(g.reasons), GapColumn), joins
}

// inGap is SQL of whether a row g is in a gap: in the numerator, or in the denominator and not in it.
func (g group) inGap() string {
	is := map[string]string{}
	for i, p := range g.Populations {
		is[p.Code] = "g." + population.Column(i)
	}
	without := func(code string, others ...string) string {
		said := is[code]
		for _, o := range others {
			if is[o] != "" {
				said += " AND NOT " + is[o]
			}
		}
		return said
	}
	met := without(population.Numerator, population.NumeratorExclusion)
	if GapsIn(g.Group) {
		return met
	}
	return without(population.Denominator, population.DenominatorExclusion, population.DenominatorException) + " AND NOT (" + met + ")"
}

// CountGaps counts the subjects in a gap of a group that Run has left, by the place of their reason, those
// with none last.
func (s *Session) CountGaps(ctx context.Context, p *Program, i int) ([]int64, error) {
	counts := make([]int64, len(p.groups[i].reasons)+1)
	rows, err := s.db.Query(ctx, fmt.Sprintf("gaps of group %d", i+1), "SELECT "+GapColumn+", count(*) FROM "+Group(i)+" WHERE "+GapColumn+" IS NOT NULL GROUP BY ALL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var place int
		var n int64
		if err := rows.Scan(&place, &n); err != nil {
			return nil, err
		}
		counts[place] = n
	}
	return counts, rows.Err()
}

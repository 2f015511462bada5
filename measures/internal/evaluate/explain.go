package evaluate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"farr/measures/internal/plan"
	"farr/measures/internal/population"
)

// Explained is what a program found of one person in one period.
type Explained struct {
	Groups  []ExplainedGroup  `json:"groups"`
	Defines []ExplainedDefine `json:"defines"` // those of populations first, the others in the order of evaluation
	Issues  []ExplainedIssue  `json:"issues,omitempty"`
}

// ExplainedIssue is a place where the person's data made a define fail: there it is null.
type ExplainedIssue struct {
	Library string `json:"library"`
	Line    int    `json:"line"`
	Define  string `json:"define"`
	Reason  string `json:"reason"`
}

// ExplainedGroup is how often the person, or the person's episodes, count in a group's
// populations, each within those before it.
type ExplainedGroup struct {
	ID          string                `json:"id,omitempty"`
	Scoring     string                `json:"scoring"`
	Basis       string                `json:"basis"`
	Populations []ExplainedPopulation `json:"populations"`
}

// ExplainedPopulation is one population of a group.
type ExplainedPopulation struct {
	Code    string `json:"code"`
	Define  string `json:"define"`
	Library string `json:"library"`
	Line    int    `json:"line"`
	Count   int64  `json:"count"`
}

// ExplainedDefine is a define with the value that it has.
type ExplainedDefine struct {
	Library string   `json:"library"`
	Name    string   `json:"name"`
	Line    int      `json:"line"`
	Type    string   `json:"type"`
	List    bool     `json:"list"`
	Value   string   `json:"value,omitempty"` // where it is no list
	Values  []string `json:"values,omitempty"`
}

// Explain computes a program on the one person and period that Ask named, and tells the
// value of every define.
func (s *Session) Explain(ctx context.Context, p *Program) (e *Explained, err error) {
	defer func() {
		if dropping := s.clear(ctx, p); err == nil {
			err = dropping
		}
	}()
	if err := s.make(ctx, p, everything); err != nil { // also what does not count
		return nil, err
	}
	if err := errors.Join(s.issuesOf(ctx, p), s.groups(ctx, p)); err != nil {
		return nil, err
	}
	e = &Explained{}
	for i := range p.groups {
		g, err := s.explainGroup(ctx, p, i)
		if err != nil {
			return nil, err
		}
		e.Groups = append(e.Groups, g)
	}
	told, err := s.explainDefines(ctx, p.explainOrder())
	if err != nil {
		return nil, err
	}
	for _, d := range told {
		e.Defines = append(e.Defines, d.of(""))
	}
	e.Issues, err = s.explainIssues(ctx)
	return e, err
}

func (s *Session) explainIssues(ctx context.Context) (list []ExplainedIssue, err error) {
	rows, err := s.db.Query(ctx, "explain issues", "SELECT DISTINCT library, line, define, reason FROM "+Issues+" ORDER BY ALL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var x ExplainedIssue
		if err := rows.Scan(&x.Library, &x.Line, &x.Define, &x.Reason); err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, rows.Err()
}

func (s *Session) explainGroup(ctx context.Context, p *Program, i int) (ExplainedGroup, error) {
	g := p.groups[i]
	out := ExplainedGroup{ID: g.ID, Scoring: g.Scoring, Basis: g.Basis}
	for k, one := range g.Populations {
		count := fmt.Sprintf("SELECT count(*) FILTER (WHERE %s) FROM %s", population.Column(k), Group(i))
		if one.Code == population.Observation {
			count = fmt.Sprintf("SELECT count(%s) FROM %s", population.Column(k), Group(i))
		}
		at := p.place(g.populations[k])
		found := ExplainedPopulation{Code: one.Code, Define: one.Define, Library: at.File, Line: at.Line}
		if err := s.db.QueryRow(ctx, "count "+one.Code, count, &found.Count); err != nil {
			return out, err
		}
		out.Populations = append(out.Populations, found)
	}
	return out, nil
}

// explainOrder are the statements with those of populations first, as the groups name them.
func (p *Program) explainOrder() (list []plan.Statement) {
	var first []*plan.Define
	for _, g := range p.groups {
		first = append(first, g.populations...)
	}
	for _, d := range first {
		i := slices.IndexFunc(p.compiled.Statements, func(x plan.Statement) bool { return x.Define == d })
		if i >= 0 && !slices.ContainsFunc(list, func(x plan.Statement) bool { return x.Define == d }) {
			list = append(list, p.compiled.Statements[i])
		}
	}
	for _, x := range p.compiled.Statements {
		if !slices.Contains(first, x.Define) {
			list = append(list, x)
		}
	}
	return list
}

// ToldDefine is a define with its value for each person that Ask named, by pid.
type ToldDefine struct {
	ExplainedDefine
	ByPID map[string][]string // of a list its elements; of another define its value, if it has one
	Rest  string              // what it is of those who have none, where it is no list
}

// of is the define of one person, or of everybody where pid is empty.
func (d ToldDefine) of(pid string) ExplainedDefine {
	one := d.ExplainedDefine
	var values []string
	for _, p := range slices.Sorted(maps.Keys(d.ByPID)) {
		if pid == "" || p == pid {
			values = append(values, d.ByPID[p]...)
		}
	}
	switch {
	case d.List:
		one.Values = values
	case len(values) == 0:
		one.Value = d.Rest
	default:
		one.Value = strings.Join(values, "; ")
	}
	return one
}

// Tell computes a program on those that Ask named, in one period, and tells every define of each.
func (s *Session) Tell(ctx context.Context, p *Program) (list []ToldDefine, err error) {
	defer func() {
		if dropping := s.clear(ctx, p); err == nil {
			err = dropping
		}
	}()
	if err := s.make(ctx, p, everything); err != nil {
		return nil, err
	}
	return s.explainDefines(ctx, p.explainOrder())
}

// explainDefines reads the tables of statements. All cells are read before any is told, so
// that the resources that they name are read once.
func (s *Session) explainDefines(ctx context.Context, list []plan.Statement) ([]ToldDefine, error) {
	cells := make([][][]*string, len(list))
	named := resourceNames{}
	for i, x := range list {
		shape := x.Define.Shape()
		var err error
		if cells[i], err = s.cells(ctx, x, shape); err != nil {
			return nil, err
		}
		for _, row := range cells[i] {
			row := row[1:]
			named.find(shape, &row)
		}
	}
	resources, err := s.describe(ctx, named)
	if err != nil {
		return nil, err
	}
	var out []ToldDefine
	for i, x := range list {
		d := ToldDefine{ExplainedDefine{Library: x.Library, Name: x.Name, Line: x.Line, Type: typeOf(x.Define), List: x.Define.List}, map[string][]string{}, null}
		if x.Define.Sparse {
			d.Rest = "false"
		}
		for _, row := range cells[i] {
			pid, row := or(row[0], ""), row[1:]
			d.ByPID[pid] = append(d.ByPID[pid], tell(x.Define.Shape(), &row, resources))
		}
		if d.List && !x.Define.Ordered() {
			for _, values := range d.ByPID {
				slices.Sort(values)
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// cells reads a define's table: the pid, and a row for the person or for each element of a list.
func (s *Session) cells(ctx context.Context, x plan.Statement, shape plan.Shape) (list [][]*string, err error) {
	key := "subject_no"
	if !x.Define.Periodic {
		key = "person_no"
	}
	columns := append([]string{"(SELECT CAST(any_value(p.pid) AS VARCHAR) FROM subject s JOIN people p ON p.person_no = s.person_no WHERE s." + key + " = d." + key + ")"}, cellsOf(shape)...)
	order := "ALL"
	if x.Define.Ordered() {
		order = key + ", ord"
	}
	rows, err := s.db.Query(ctx, "explain "+where(x), "SELECT "+strings.Join(columns, ", ")+" FROM "+x.Table+" d ORDER BY "+order)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]*string, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

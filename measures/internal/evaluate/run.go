package evaluate

import (
	"context"
	"fmt"
	"strings"

	"farr/measures/internal/plan"
	"farr/measures/internal/population"
)

// SQL is every statement of the program, in order.
func (p *Program) SQL() (list []string) {
	for _, x := range p.compiled.Statements {
		list = append(list, x.SQL)
	}
	return append(list, p.groupSQL()...)
}

// groupSQL makes the table of each group.
func (p *Program) groupSQL() (list []string) {
	for i, g := range p.groups {
		var members []string
		for _, d := range g.populations {
			members = append(members, d.Rows())
		}
		list = append(list, "CREATE OR REPLACE TEMP TABLE "+Group(i)+" AS\n"+population.SQL(g.Group, members))
	}
	return list
}

// Run computes a program on those that Ask named, and leaves the table of each group;
// what the defines made on the way is dropped.
func (s *Session) Run(ctx context.Context, p *Program) (err error) {
	var made []string
	defer func() {
		// Also after a failure, so that another program finds the names free. Of two errors
		// the first tells more.
		if dropping := s.drop(ctx, made...); err == nil {
			err = dropping
		}
	}()
	var own []string
	for _, x := range p.compiled.Statements {
		selected, err := s.check(ctx, x, own)
		if err != nil {
			return err
		}
		made, own = append(made, x.Table), append(own, unquoted(x.Table))
		if err := s.db.Exec(ctx, where(x), "CREATE TEMP TABLE "+x.Table+" AS\n"+selected); err != nil {
			return err
		}
	}
	for i, sql := range p.groupSQL() {
		if err := s.db.Exec(ctx, fmt.Sprintf("%s group %d", p.Measure.Name, i+1), sql); err != nil {
			return err
		}
	}
	return nil
}

// check holds a statement to what SQL of authors is held to, a table made of one SELECT,
// and gives the SELECT: it was printed from a file of others, and a text of theirs must
// never become a command.
func (s *Session) check(ctx context.Context, x plan.Statement, own []string) (selected string, err error) {
	_, selected, ok := strings.Cut(x.SQL, "\nCREATE TEMP TABLE "+x.Table+" AS\n")
	if !ok {
		return "", fmt.Errorf("%s: the statement does not make its table", where(x))
	}
	if err := s.db.CheckSelect(ctx, selected, own...); err != nil {
		return "", fmt.Errorf("%s: its SQL is refused: %w", where(x), err)
	}
	return selected, nil
}

// unquoted is the name that a quoted name stands for.
func unquoted(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, `"`), `"`), `""`, `"`)
}

// where names a statement in an error: the define that it computes.
func where(x plan.Statement) string { return fmt.Sprintf("%s:%d %s", x.Library, x.Line, x.Name) }

package evaluate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
	"farr/measures/internal/plan"
	"farr/measures/internal/population"
)

// SQL is every statement of the program, in order.
func (p *Program) SQL() (list []string) {
	for _, x := range p.compiled.Statements {
		list = append(list, x.SQL)
	}
	for i := range p.groups {
		list = append(list, p.groupSQL(i), p.strataSQL(i))
	}
	return list
}

// Opens are the elements that datasets.Attach must open for the program.
func (p *Program) Opens() []string {
	for _, x := range p.compiled.Statements {
		if strings.Contains(x.SQL, "issued") {
			return []string{datasets.ObservationIssued}
		}
	}
	return nil
}

// Hash is the hex SHA-256 of all that decides what the program computes on an extract.
func (p *Program) Hash() string {
	sum := sha256.New()
	for _, sql := range p.SQL() {
		fmt.Fprintln(sum, sql)
	}
	for _, v := range p.ValueSets {
		fmt.Fprintln(sum, v.URL, v.Version)
		for _, c := range v.Codes {
			fmt.Fprintln(sum, c.System, c.Code)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// groupSQL makes the table of a group.
func (p *Program) groupSQL(i int) string {
	var members []string
	for _, d := range p.groups[i].populations {
		members = append(members, d.Rows())
	}
	return "CREATE OR REPLACE TEMP TABLE " + Group(i) + " AS\n" + population.SQL(p.groups[i].Group, members)
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
	if made, err = s.make(ctx, p); err != nil {
		return err
	}
	return s.groups(ctx, p)
}

// make makes the tables of a program's defines and names those that it made.
func (s *Session) make(ctx context.Context, p *Program) (made []string, err error) {
	err = s.db.Exec(ctx, "issues", "CREATE OR REPLACE TEMP TABLE issue (define VARCHAR, library VARCHAR, line INTEGER, reason VARCHAR, period VARCHAR, pid UUID)")
	if err != nil {
		return nil, err
	}
	var own []string
	for _, x := range p.compiled.Statements {
		made = append(made, x.Table)
		err := s.create(ctx, x, own)
		if failed := (*duck.Error)(nil); errors.As(err, &failed) && failed.Class == "Invalid Input" && x.Tolerant() != x.SQL {
			err = s.tolerate(ctx, x, own)
		}
		if err != nil {
			return made, err
		}
		own = append(own, unquoted(x.Table))
	}
	return made, nil
}

// create makes the table of a statement, which may read those of its own program.
func (s *Session) create(ctx context.Context, x plan.Statement, own []string) error {
	selected, err := s.check(ctx, x, own)
	if err != nil {
		return err
	}
	return s.db.Exec(ctx, where(x), "CREATE TEMP TABLE "+x.Table+" AS\n"+selected)
}

// groups makes the tables of a program's groups.
func (s *Session) groups(ctx context.Context, p *Program) error {
	for i := range p.groups {
		if err := s.db.Exec(ctx, fmt.Sprintf("%s group %d", p.Measure.Name, i+1), p.groupSQL(i)); err != nil {
			return err
		}
		if err := s.db.Exec(ctx, fmt.Sprintf("%s strata of group %d", p.Measure.Name, i+1), p.strataSQL(i)); err != nil {
			return err
		}
	}
	return nil
}

// Issues is the table that Run leaves with a row for each subject whose data made a define
// fail: define, library, line, reason, period (null where the define has none), pid.
const Issues = "temp.main.issue"

// tolerate makes the table of a define that somebody's data made fail, with null for those,
// and says whose they were.
func (s *Session) tolerate(ctx context.Context, x plan.Statement, own []string) (err error) {
	defer func() { // issues are printed here and not before: what breaks is this measure's
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s: its issues cannot be told: %v", where(x), cause)
		}
	}()
	x.SQL = x.Tolerant()
	if err := s.create(ctx, x, own); err != nil {
		return err
	}
	own = append(own, unquoted(x.Table))
	for _, i := range x.Issues {
		if err := s.db.CheckSelect(ctx, i.SQL(), own...); err != nil {
			return fmt.Errorf("%s: the SQL of its issues is refused: %w", where(x), err)
		}
		sql := fmt.Sprintf("INSERT INTO issue SELECT %s, %s, %d, %s, period, pid FROM (%s)", duck.Quote(x.Name), duck.Quote(i.Library), i.Line, duck.Quote(i.Reason), i.SQL())
		if err := s.db.Exec(ctx, where(x)+" issues", sql); err != nil {
			return err
		}
	}
	return nil
}

// check holds a statement to what SQL of authors is held to, a table made of one SELECT,
// and gives the SELECT: it was printed from a file of others, and a text of theirs must
// never become a command. What ends the evaluation is ours, and is no part of that.
func (s *Session) check(ctx context.Context, x plan.Statement, own []string) (selected string, err error) {
	head := "\nCREATE TEMP TABLE " + x.Table + " AS\n"
	_, selected, ok := strings.Cut(x.SQL, head)
	_, tolerant, _ := strings.Cut(x.Tolerant(), head)
	if !ok {
		return "", fmt.Errorf("%s: the statement does not make its table", where(x))
	}
	if err := s.db.CheckSelect(ctx, tolerant, own...); err != nil {
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

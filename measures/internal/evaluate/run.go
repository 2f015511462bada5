package evaluate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
	"farr/measures/internal/plan"
	"farr/measures/internal/population"
)

// Opens are the elements that datasets.Attach must open for the program.
func (p *Program) Opens() []string {
	table, element, _ := strings.Cut(datasets.ObservationIssued, ".")
	e := plan.ReadsOf(p.compiled.Derived, p.compiled.Statements, nil)[table]
	if e != nil && slices.ContainsFunc(e.Own, func(c string) bool { return strings.HasPrefix(c, element) }) {
		return []string{datasets.ObservationIssued}
	}
	return nil
}

// Hash is the hex SHA-256 of all that decides what the program computes on an extract.
func (p *Program) Hash() string {
	sum := sha256.New()
	fmt.Fprintln(sum, p.SQLText())
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
	gap, reasons := p.groups[i].gapSQL()
	return "CREATE OR REPLACE TEMP TABLE " + Group(i) + " AS SELECT p.pid, s.period, s.person_no, g.*" + gap + " FROM (\n" + population.SQL(p.groups[i].Group, members) +
		") g JOIN subject s ON s.subject_no = g.subject_no JOIN people p ON p.person_no = s.person_no" + reasons
}

// Begin computes the initial populations of all programs of the session, for those that Ask
// named, and leaves in the extract's views and in the tables of its elements only persons who
// are in one of them: who is in none counts for nothing, and often that is nearly everybody.
func (s *Session) Begin(ctx context.Context) error {
	s.uses = map[string]int{}
	var first, rest []plan.Statement
	for _, p := range s.programs {
		n := p.initial()
		first, rest = append(first, p.compiled.Statements[:n]...), append(rest, p.compiled.Statements[n:]...)
		for _, id := range p.ids() {
			s.uses[id]++
		}
	}
	if s.clashing() {
		return s.Hold(ctx)
	}
	if err := s.elements(ctx, first, nil); err != nil {
		return err
	}
	for _, p := range s.programs {
		if err := s.make(ctx, p, func(i int, _ string) bool { return i < p.initial() }); err != nil {
			return err
		}
	}
	if err := s.narrow(ctx, "initial populations", s.programs...); err != nil {
		return err
	}
	s.narrowed, s.begun = false, true // for good
	if err := datasets.Narrow(ctx, s.db, "SELECT person_no FROM person"); err != nil {
		return err
	}
	if err := errors.Join(s.release(ctx), s.drop(ctx, "subject_asked", "person_asked")); err != nil {
		return err
	}
	return s.elements(ctx, rest, first)
}

// clashing is whether two programs have defines of one name that compute different things: each
// is then made again when its turn comes, for which it needs the elements of everybody.
func (s *Session) clashing() bool {
	held := map[string]string{}
	for _, p := range s.programs {
		for i, id := range p.ids() {
			table := p.compiled.Statements[i].Table
			if held[table] != "" && held[table] != id {
				return true
			}
			held[table] = id
		}
	}
	return false
}

// Run computes a program on those that Ask named, and leaves the table of each group. What
// other programs of the session do not need is dropped.
func (s *Session) Run(ctx context.Context, p *Program) (err error) {
	defer func() {
		// Also after a failure, so that another program finds the names free. Of two errors
		// the first tells more.
		if dropping := s.clear(ctx, p); err == nil {
			err = dropping
		}
	}()
	// What several programs need is made for the subjects of all of them.
	if err := s.make(ctx, p, func(i int, id string) bool { return i < p.initial() || s.uses[id] > 1 }); err != nil {
		return err
	}
	if err := s.narrow(ctx, p.Measure.Name+" subjects", p); err != nil {
		return err
	}
	if err := s.make(ctx, p, everything); err != nil {
		return err
	}
	if err := s.issuesOf(ctx, p); err != nil {
		return err
	}
	return s.groups(ctx, p)
}

func everything(int, string) bool { return true }

// clear drops what a program made and no other needs, and asks again for those whom it was
// narrowed from.
func (s *Session) clear(ctx context.Context, p *Program) error {
	var drop []string
	for i, id := range p.ids() {
		if s.uses[id]--; s.uses[id] <= 0 && s.made[id] {
			drop = append(drop, p.compiled.Statements[i].Table)
			delete(s.made, id)
		}
	}
	return errors.Join(s.drop(ctx, drop...), s.widen(ctx))
}

// narrow asks from here on only for those who are in an initial population of the programs.
func (s *Session) narrow(ctx context.Context, name string, programs ...*Program) error {
	var members []string
	for _, p := range programs {
		for _, g := range p.groups {
			for i, one := range g.Populations {
				if one.Code == population.Initial {
					members = append(members, "SELECT subject_no FROM ("+g.populations[i].Rows()+")")
				}
			}
		}
	}
	if err := s.widen(ctx); err != nil {
		return err
	}
	if err := s.exec(ctx, name,
		"CREATE OR REPLACE TEMP TABLE subject_few AS FROM subject WHERE subject_no IN ("+strings.Join(members, " UNION ALL ")+") ORDER BY subject_no",
		"CREATE OR REPLACE TEMP TABLE person_few AS SELECT DISTINCT person_no FROM subject_few"); err != nil {
		return err
	}
	s.narrowed = true
	return s.exec(ctx, name, "ALTER TABLE subject RENAME TO subject_asked", "ALTER TABLE subject_few RENAME TO subject",
		"ALTER TABLE person RENAME TO person_asked", "ALTER TABLE person_few RENAME TO person")
}

// widen takes the last narrow back.
func (s *Session) widen(ctx context.Context) error {
	if !s.narrowed {
		return nil
	}
	s.narrowed = false
	return s.exec(ctx, "widen", "DROP TABLE subject", "DROP TABLE person",
		"ALTER TABLE subject_asked RENAME TO subject", "ALTER TABLE person_asked RENAME TO person")
}

func (s *Session) exec(ctx context.Context, name string, statements ...string) error {
	for _, sql := range statements {
		if err := s.db.Exec(ctx, name, sql); err != nil {
			return err
		}
	}
	return nil
}

// Steps is how many tables Begin and Run make of the programs.
func (s *Session) Steps() int {
	all := map[string]bool{}
	for _, p := range s.programs {
		for _, id := range p.ids() {
			all[id] = true
		}
	}
	return len(all)
}

// ids name a program's statements by what they compute: their text, and the ids of those that
// they read. Programs share what has one id.
func (p *Program) ids() []string {
	if p.statementIDs == nil {
		of := map[string]string{}
		for _, x := range p.compiled.Statements {
			text := x.SQL
			for _, table := range x.Uses() {
				text += "\x00" + of[table]
			}
			sum := sha256.Sum256([]byte(text))
			of[x.Table] = hex.EncodeToString(sum[:])
			p.statementIDs = append(p.statementIDs, of[x.Table])
		}
	}
	return p.statementIDs
}

// make makes the tables of those of a program's defines that are wanted and not there.
func (s *Session) make(ctx context.Context, p *Program, wanted func(i int, id string) bool) error {
	if !slices.Contains(s.programs, p) { // what it reads may not be held, nor all rows of it
		return fmt.Errorf("the session was not opened for %s", p.Measure.Name)
	}
	var own []string
	for i, x := range p.compiled.Statements {
		id := p.ids()[i]
		if !s.made[id] && wanted(i, id) {
			if err := s.define(ctx, x, id, own); err != nil {
				return err
			}
		}
		own = append(own, unquoted(x.Table))
	}
	return nil
}

// define makes the table of a statement, also where data make it fail.
func (s *Session) define(ctx context.Context, x plan.Statement, id string, own []string) error {
	// Another program's define of the same name and another meaning stands in its place.
	if other := s.names[x.Table]; other != "" && s.made[other] {
		delete(s.made, other)
		if err := s.drop(ctx, x.Table); err != nil {
			return err
		}
	}
	err := s.create(ctx, x, own)
	if err == nil {
		s.made[id], s.names[x.Table] = true, id
	}
	if failed := (*duck.Error)(nil); errors.As(err, &failed) && failed.Class == "Invalid Input" && x.Tolerant() != x.SQL {
		err = s.tolerate(ctx, x, id, own)
	}
	if err == nil {
		s.Step()
	}
	return err
}

// initial is how many of the program's statements make its initial populations: they come first.
func (p *Program) initial() (n int) {
	for _, g := range p.groups {
		for i, one := range g.Populations {
			if one.Code == population.Initial {
				n = max(n, 1+slices.IndexFunc(p.compiled.Statements, func(x plan.Statement) bool { return x.Define == g.populations[i] }))
			}
		}
	}
	return n
}

// create makes the table of a statement, which may read those of its own program.
func (s *Session) create(ctx context.Context, x plan.Statement, own []string) error {
	selected, err := s.check(ctx, x, own)
	if err != nil {
		return err
	}
	return s.db.ExecPlanned(ctx, where(x), "CREATE TEMP TABLE "+x.Table+" AS\n"+selected)
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

// issuesOf makes the table of a program's issues. Of what is computed for those in an initial
// population alone, theirs are told.
func (s *Session) issuesOf(ctx context.Context, p *Program) error {
	first, rest := []string{"''"}, []string{"''"}
	for i, id := range p.ids() {
		if i < p.initial() {
			first = append(first, duck.Quote(id))
		} else {
			rest = append(rest, duck.Quote(id))
		}
	}
	return s.db.Exec(ctx, "issues", fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE issue AS SELECT DISTINCT define, library, line, reason, period, pid FROM issue_of
		WHERE id IN (%s) OR id IN (%s) AND EXISTS (SELECT 1 FROM subject s JOIN people p ON p.person_no = s.person_no WHERE p.pid = issue_of.pid AND s.period = coalesce(issue_of.period, s.period))`,
		strings.Join(first, ", "), strings.Join(rest, ", ")))
}

// tolerate makes the table of a define that somebody's data made fail, with null for those,
// and says whose they were.
func (s *Session) tolerate(ctx context.Context, x plan.Statement, id string, own []string) (err error) {
	defer func() { // issues are printed here and not before: what breaks is this measure's
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s: its issues cannot be told: %v", where(x), cause)
		}
	}()
	x.SQL = x.Tolerant()
	if err := s.create(ctx, x, own); err != nil {
		return err
	}
	s.made[id], s.names[x.Table] = true, id
	own = append(own, unquoted(x.Table))
	for _, i := range x.Issues {
		if err := s.db.CheckSelect(ctx, i.SQL(), own...); err != nil {
			return fmt.Errorf("%s: the SQL of its issues is refused: %w", where(x), err)
		}
		sql := fmt.Sprintf("INSERT INTO issue_of SELECT %s, %s, %s, %d, %s, period, pid FROM (%s)", duck.Quote(id), duck.Quote(x.Name), duck.Quote(i.Library), i.Line, duck.Quote(i.Reason), i.SQL())
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
	_, selected, ok := strings.Cut("\n"+x.SQL, head)
	_, tolerant, _ := strings.Cut("\n"+x.Tolerant(), head)
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

// Reads are the columns that the program reads of each table of the extract, as the extract has them.
func (p *Program) Reads() map[string][]string {
	out := map[string][]string{}
	for table, e := range plan.ReadsOf(p.compiled.Derived, p.compiled.Statements, nil) {
		out[table] = slices.Clone(e.Own)
	}
	return out
}

// ReadsOf are the tables of the extract that a population of a group rests on, by the place of both: those that its define
// reads, and those that the defines read which it asks for.
func (p *Program) ReadsOf(group, population int) []string {
	if group >= len(p.groups) || population >= len(p.groups[group].populations) {
		return nil
	}
	return p.readsFor(p.groups[group].populations[population])
}

// ReadsOfStratum are those that a stratifier of a group rests on.
func (p *Program) ReadsOfStratum(group int, name string) []string {
	for _, s := range p.groups[group].strata {
		if s.Name == name {
			return p.readsFor(s.define)
		}
	}
	return nil
}

func (p *Program) readsFor(d *plan.Define) []string {
	if d == nil {
		return nil
	}
	wanted := map[string]bool{d.Table: true}
	var reached []plan.Statement
	for i := len(p.compiled.Statements) - 1; i >= 0; i-- { // each reads those before it
		s := &p.compiled.Statements[i]
		if !wanted[s.Table] {
			continue
		}
		reached = append(reached, *s)
		for _, table := range s.Uses() {
			wanted[table] = true
		}
	}
	return plan.ReadsOf(p.compiled.Derived, reached, nil).Tables()
}

package evaluate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"farr/internal/duck"
	"farr/measures/internal/plan"
)

// Session computes programs on the extract in one engine session.
type Session struct {
	Step func() // is called when a table has been made, of which there are Steps

	db       *duck.Session
	programs []*Program
	derived  plan.Derived        // of all programs
	columns  map[string][]string // of the extract's views
	held     []string            // the extract's elements: TABLE or VIEW, and a name

	asked    []string          // tables of who is asked for, and when
	narrowed bool              // whether fewer are asked for at the moment
	begun    bool              // whether only members of initial populations are left
	uses     map[string]int    // statements that programs still to be run need, by ID
	made     map[string]bool   // those that have their table
	names    map[string]string // table -> the ID of what it holds
}

// Period is a measurement period by its days, both of which belong to it.
type Period struct {
	ID          string
	First, Last time.Time
}

// Subject is a person, by pid, in a period, by ID.
type Subject struct{ PID, Period string }

// Open makes what the programs of one package read beside the extract's elements: its
// dictionary, and the value sets that they ask for as concepts.
func Open(ctx context.Context, db *duck.Session, programs []*Program) (*Session, error) {
	s := &Session{Step: func() {}, db: db, programs: programs, derived: plan.Derived{}, uses: map[string]int{}, made: map[string]bool{}, names: map[string]string{}}
	for _, p := range programs {
		s.derived.Merge(p.compiled.Derived)
	}
	var err error
	if s.columns, err = s.extractColumns(ctx); err != nil {
		return nil, err
	}
	if err := s.dictionary(ctx); err != nil {
		return nil, err
	}
	return s, s.valueSets(ctx, programs)
}

// Hold keeps the elements that any statement of any program reads, of everybody. It is for
// programs that are asked about different persons; [Session.Begin] is for those who are asked
// about the same.
func (s *Session) Hold(ctx context.Context) error {
	var all []plan.Statement
	for _, p := range s.programs {
		all = append(all, p.compiled.Statements...)
	}
	return s.elements(ctx, all, nil)
}

// valueSets makes value_set(url, concept): the concepts of the extract that have a code
// of a set that is asked for.
func (s *Session) valueSets(ctx context.Context, programs []*Program) error {
	if err := s.db.Exec(ctx, "create value_set_code", "CREATE TABLE main.value_set_code (url VARCHAR, system VARCHAR, code VARCHAR)"); err != nil {
		return err
	}
	a, err := s.db.Appender(ctx, "main", "value_set_code")
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, p := range programs {
		for _, v := range p.ValueSets {
			if done[v.URL] {
				continue
			}
			done[v.URL] = true
			for _, c := range v.Codes {
				if err := a.AppendRow(v.URL, c.System, c.Code); err != nil {
					a.Close()
					return err
				}
			}
		}
	}
	if err := a.Close(); err != nil {
		return err
	}
	return s.db.Exec(ctx, "resolve value sets",
		"CREATE TEMP TABLE value_set AS SELECT DISTINCT v.url, c.concept FROM main.value_set_code v JOIN concept c ON c.system = v.system AND c.code = v.code")
}

// Ask says for whom and when programs are run from here on: for these subjects, or for
// every person in every period where subjects is nil.
func (s *Session) Ask(ctx context.Context, periods []Period, subjects []Subject) error {
	if s.begun {
		return errors.New("a session that has begun asks for nobody else")
	}
	if err := errors.Join(s.widen(ctx), s.drop(ctx, s.asked...), s.exec(ctx, "issues", "DELETE FROM issue_of")); err != nil {
		return err
	}
	s.asked = []string{"person", "subject", "subject_period", "period"}
	var rows []string
	for _, p := range periods {
		// A period is closed at both ends; its last moment is the last millisecond of its last day.
		rows = append(rows, fmt.Sprintf("(%s, TIMESTAMP '%s 00:00:00', TIMESTAMP '%s 23:59:59.999')", duck.Quote(p.ID), p.First.Format(time.DateOnly), p.Last.Format(time.DateOnly)))
	}
	steps := []plan.Statement{{Name: "period", SQL: "CREATE TEMP TABLE period AS FROM (VALUES " + strings.Join(rows, ", ") + ") t(period, low, high)"}}
	if subjects != nil {
		var rows []string
		for _, one := range subjects {
			rows = append(rows, "("+duck.Quote(one.PID)+"::UUID, "+duck.Quote(one.Period)+")")
		}
		steps = append(steps, plan.Statement{Name: "subjects",
			SQL: "CREATE TEMP TABLE subject_period AS SELECT person_no, period FROM (VALUES " + strings.Join(rows, ", ") + ") t(pid, period) JOIN people USING (pid)"})
	}
	for _, x := range append(steps, plan.Setup(subjects == nil)...) {
		if err := s.db.Exec(ctx, x.Name, x.SQL); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) drop(ctx context.Context, tables ...string) error {
	for _, t := range tables {
		if err := s.db.Exec(ctx, "drop "+t, "DROP TABLE IF EXISTS temp.main."+t); err != nil {
			return err
		}
	}
	return nil
}

// Group is the name of the table that Run leaves for a group: pid, period, subject_no, person_no,
// episode, population.Column of each population and GapColumn, a row for each subject of the initial population.
func Group(i int) string { return fmt.Sprintf("temp.main.group_%d", i) }

package measures

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"farr/measures/internal/cases"
)

// judged is what came out of each person of a study window, by cohort.
type judged struct {
	entries   map[string]map[uuid.UUID][]cases.Entry
	days      map[string]map[uuid.UUID]int // at risk
	firstDays map[string]int               // see Library
}

// entry is a person's on an index date.
func (j *judged) entry(cohort string, pid uuid.UUID, index time.Time) *cases.Entry {
	list := j.entries[cohort][pid]
	for i := range list {
		if list[i].Index == day(index) {
			return &list[i]
		}
	}
	return nil
}

// compute runs the cohorts as a run does and listens to what the results keep of nobody: what
// became of each person, and their days at risk.
func (t *assurance) compute(ctx context.Context, text string, cohorts []string) (*judged, error) {
	periods, err := ParsePeriods(text)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(ctx, Request{Extract: t.sn, Key: t.key, Library: t.library, Package: t.Package, Measures: []string{}, Cohorts: cohorts, Periods: periods})
	if err != nil {
		return nil, err
	}
	j := &judged{map[string]map[uuid.UUID][]cases.Entry{}, map[string]map[uuid.UUID]int{}, t.library.firstDays}
	p.listen = &listener{j, p.study}
	if _, _, err := p.compute(ctx, t.store); err != nil {
		return nil, err
	}
	return j, nil
}

// listener is told of tables that hold something of each person while they are there. A run for
// results has none.
type listener struct {
	judged *judged
	window window
}

// What a listener hears of.
const (
	heardMembers = iota // run.member
	heardAtRisk         // run.at_risk
	heardOutcome        // run.followed, of an outcome
)

func (l *listener) hear(ctx context.Context, e *engine, d Definition, table int, outcome string) error {
	if l == nil {
		return nil
	}
	switch table {
	case heardMembers:
		return l.judged.members(ctx, e, d)
	case heardAtRisk:
		return l.judged.atRisk(ctx, e, d, l.window)
	default:
		return l.judged.outcome(ctx, e, d, outcome)
	}
}

func (j *judged) members(ctx context.Context, e *engine, d Definition) error {
	rows, err := e.db.Query(ctx, "members", "SELECT pid, index_date, rules_passed FROM run.member ORDER BY pid, index_date")
	if err != nil {
		return err
	}
	defer rows.Close()
	j.entries[d.ID] = map[uuid.UUID][]cases.Entry{}
	for rows.Next() {
		var pid []byte
		var index time.Time
		var passed int64
		if err := rows.Scan(&pid, &index, &passed); err != nil {
			return err
		}
		entry := cases.Entry{Index: day(index), Outcomes: map[string]cases.Became{}}
		for i, r := range d.Rules {
			if passed>>i&1 == 0 {
				entry.OutBy = append(entry.OutBy, r.ID)
			}
		}
		j.entries[d.ID][uuid.UUID(pid)] = append(j.entries[d.ID][uuid.UUID(pid)], entry)
	}
	return rows.Err()
}

func (j *judged) atRisk(ctx context.Context, e *engine, d Definition, w window) error {
	rows, err := e.db.Query(ctx, "days at risk", fmt.Sprintf(`SELECT pid, sum(least(high, DATE '%[2]s') - greatest(low, DATE '%[1]s'))::BIGINT
		FROM run.at_risk WHERE low < DATE '%[2]s' AND high > DATE '%[1]s' GROUP BY pid`, day(w.low), day(w.high)))
	if err != nil {
		return err
	}
	defer rows.Close()
	j.days[d.ID] = map[uuid.UUID]int{}
	for rows.Next() {
		var pid []byte
		var days int64
		if err := rows.Scan(&pid, &days); err != nil {
			return err
		}
		j.days[d.ID][uuid.UUID(pid)] = int(days)
	}
	return rows.Err()
}

// outcome takes what became of members. Days at risk are counted from the first on, days in cases
// from the index date.
func (j *judged) outcome(ctx context.Context, e *engine, d Definition, id string) error {
	rows, err := e.db.Query(ctx, "outcome", "SELECT pid, index_date, state, coalesce(days, 0)::BIGINT, happened FROM run.followed")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var pid []byte
		var index time.Time
		var state string
		var days int64
		var happened bool
		if err := rows.Scan(&pid, &index, &state, &days, &happened); err != nil {
			return err
		}
		entry := j.entry(d.ID, uuid.UUID(pid), index)
		if entry == nil {
			continue
		}
		b := cases.Became{State: state}
		if state == cases.AtRisk {
			b.Event, b.Day = happened, int(days)-1+j.firstDays[d.ID+"/"+id]
		}
		entry.Outcomes[id] = b
	}
	return rows.Err()
}

// compare holds a person's entries against what is expected of them.
func (j *judged) compare(d Definition, p casePerson) (found []CaseDifference) {
	differ := func(expected, got string, at cases.Entry) {
		pos := at.At
		if pos.Line == 0 {
			pos = p.At
		}
		found = append(found, CaseDifference{At: pos, Patient: p.Name, Expected: expected, Got: got})
	}
	got := j.entries[d.ID][p.pid]
	if len(p.Entries) == 0 && len(got) > 0 {
		differ("no entry", rulings(got), cases.Entry{})
	}
	for _, want := range p.Entries {
		i := slices.IndexFunc(got, func(e cases.Entry) bool { return e.Index == want.Index })
		if i < 0 {
			differ(ruling(want), rulings(got), want)
			continue
		}
		have := got[i]
		if !slices.Equal(slices.Sorted(slices.Values(want.OutBy)), slices.Sorted(slices.Values(have.OutBy))) {
			differ(ruling(want), ruling(have), want)
			continue
		}
		for _, o := range d.Outcomes {
			expected, asked := want.Outcomes[o.ID]
			if became, followed := have.Outcomes[o.ID]; asked && (!followed || became != expected) {
				differ(o.ID+" "+ending(expected), ending(became), want)
			}
		}
	}
	for _, have := range got {
		if len(p.Entries) > 0 && !slices.ContainsFunc(p.Entries, func(e cases.Entry) bool { return e.Index == have.Index }) {
			differ("no other entry", ruling(have), cases.Entry{})
		}
	}
	if days := j.days[d.ID][p.pid]; p.AtRisk != nil && days != *p.AtRisk {
		found = append(found, CaseDifference{At: p.RiskAt, Patient: p.Name, Expected: fmt.Sprintf("%d days at risk", *p.AtRisk), Got: fmt.Sprint(days)})
	}
	return found
}

func rulings(entries []cases.Entry) string {
	if len(entries) == 0 {
		return "no entry"
	}
	var all []string
	for _, e := range entries {
		all = append(all, ruling(e))
	}
	return strings.Join(all, "; ")
}

// ruling says an entry in words.
func ruling(e cases.Entry) string {
	if len(e.OutBy) == 0 {
		return "in on " + e.Index
	}
	return "out on " + e.Index + " by " + strings.Join(e.OutBy, " and ")
}

func ending(b cases.Became) string {
	switch {
	case b.State == "":
		return "not followed"
	case b.State != cases.AtRisk:
		return b.State
	case b.Event:
		return fmt.Sprintf("on day %d", b.Day)
	}
	return fmt.Sprintf("not until day %d", b.Day)
}

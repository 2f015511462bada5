package measures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"farr/datasets"
)

// CohortExplained says how one person came into a cohort or why not. It holds true dates of
// the person: see Store.Disclose.
type CohortExplained struct {
	Cohort  string          `json:"cohort"`
	PID     string          `json:"pid"`
	Results string          `json:"results"`
	Entries []CohortEntered `json:"entries"` // none where the person has no entry event in the study window
}

// CohortEntered is one entry of a person, rule by rule.
type CohortEntered struct {
	IndexDate string          `json:"index_date"`
	In        bool            `json:"in"`
	Rules     []CohortJudging `json:"rules"`
}

// CohortJudging is what one rule says of an entry.
type CohortJudging struct {
	Rule   string `json:"rule"`
	Title  string `json:"title"`
	Means  string `json:"means,omitempty"`
	Passes bool   `json:"passes"`
}

// ExplainCohort tells for a person of the results which rules each entry passes. The key
// opens index dates where they are sealed.
func (r *Results) ExplainCohort(ctx context.Context, key *datasets.Key, cohort, patient string) (*CohortExplained, error) {
	pid, err := uuid.Parse(patient)
	if err != nil {
		return nil, errors.New("cohort explain: a patient is named by pseudonym, as in the results' column pid")
	}
	at := -1
	for i, d := range r.definitions {
		if d.Kind == KindCohort && d.ID == cohort {
			at = i
		}
	}
	if at < 0 {
		return nil, fmt.Errorf("cohort explain: results %.12s have no cohort %q", r.snapshot.ID(), cohort)
	}
	db, err := r.session(ctx)
	if err != nil {
		return nil, fmt.Errorf("cohort explain: %w", err)
	}
	defer db.Close()
	rows, err := db.Query(ctx, "entries", "SELECT index_date, index_seal, rules_passed FROM results.cohort_member WHERE cohort = ? AND pid = ?::UUID", cohort, pid.String())
	if err != nil {
		return nil, fmt.Errorf("cohort explain: %w", err)
	}
	defer rows.Close()
	out := &CohortExplained{Cohort: cohort, PID: pid.String(), Results: r.snapshot.ID()}
	for rows.Next() {
		var open *time.Time
		var sealed []byte
		var passed int64
		if err := rows.Scan(&open, &sealed, &passed); err != nil {
			return nil, fmt.Errorf("cohort explain: %w", err)
		}
		if open == nil {
			if key == nil {
				return nil, errors.New("cohort explain: the index dates of these results are sealed: give the project key")
			}
			day, err := datasets.NewDaySealer(key, tableMember, memberColumn).Open(pid, sealed)
			if err != nil {
				return nil, fmt.Errorf("cohort explain: %w", err)
			}
			open = &day
		}
		e := CohortEntered{IndexDate: day(*open), In: true}
		for i, rule := range r.definitions[at].Rules {
			j := CohortJudging{rule.ID, rule.Title, rule.English, passed>>i&1 == 1}
			e.In = e.In && j.Passes
			e.Rules = append(e.Rules, j)
		}
		out.Entries = append(out.Entries, e)
	}
	return out, rows.Err()
}

// Disclosure is what showing it to somebody is written down as.
func (c *CohortExplained) Disclosure(who, to, extract string) datasets.Disclosure {
	return datasets.Disclosure{Who: who, What: "cohort explain", To: to, Measure: c.Cohort, PID: c.PID, Extract: extract}
}

// WriteText prints it for a person.
func (c *CohortExplained) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "patient %s in cohort %s, results %.12s\n", c.PID, c.Cohort, c.Results)
	if len(c.Entries) == 0 {
		b.WriteString("no entry event in the study window\n")
	}
	for _, e := range c.Entries {
		word := "out"
		if e.In {
			word = "in"
		}
		fmt.Fprintf(&b, "\nindex date %s: %s\n", e.IndexDate, word)
		for _, j := range e.Rules {
			word := "fails "
			if j.Passes {
				word = "passes"
			}
			fmt.Fprintf(&b, "  %s  %s: %s\n", word, j.Rule, j.Title)
			if j.Means != "" {
				fmt.Fprintf(&b, "          %s\n", j.Means)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

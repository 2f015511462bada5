package disclose

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"farr/reports/internal/disclose/attack"
)

// Border is where exact counts become released ones, for one report under one policy. Everything that
// a report prints passes it: first the rules, then the attack, which hides more until it finds nothing.
type Border struct {
	Policy   Policy
	released []Released
	earlier  []Earlier
}

// Released is one measure, cohort or table of records as the attack sees it, and what it found.
type Released struct {
	Name        string             `json:"name"`
	System      attack.System      `json:"system"`
	Certificate attack.Certificate `json:"certificate"`
	Additive    bool               `json:"additive,omitempty"` // counts of periods add up
	Family      string             `json:"family,omitempty"`   // all of one are attacked together
	earlier     []string           // releases that it was attacked together with
	elsewhere   int                // hidden numbers that releases of other data show
	before      int                // hidden numbers that earlier releases of the same data show
	loose       int                // sums that do not hold in the data
}

// NewBorder is the border of a report for an audience, under a policy by its name; see PolicyFor.
func NewBorder(audience, policy string) (*Border, error) {
	a, err := ParseAudience(audience)
	if err != nil {
		return nil, err
	}
	p, err := PolicyFor(a, policy)
	if err != nil {
		return nil, err
	}
	return &Border{Policy: p}, nil
}

// Internal tells whether nothing is hidden.
func (b *Border) Internal() bool { return !b.Policy.hides() }

// Released is everything that passed, in the order in which it did; nothing of an internal report.
func (b *Border) Released() []Released { return b.released }

// Measure releases a measure. The order of the rows is kept; it must not depend on counts.
func (b *Border) Measure(ctx context.Context, x ExactMeasure) (Measure, error) {
	m := b.Policy.measure(x)
	err := b.attacked(ctx, title{"measure " + x.Name, x.Family}, func() *sheet { return measureSheet(b.Policy, x, &m) })
	m.Hidden = 0
	for _, r := range m.Rows {
		if r.Rate.num.state == Suppressed {
			m.Hidden++
		}
	}
	return m, err
}

// Cohort releases a cohort.
func (b *Border) Cohort(ctx context.Context, x ExactCohort) (Cohort, error) {
	out := b.Policy.cohort(x)
	err := b.attacked(ctx, title{name: "cohort " + x.Name}, func() *sheet {
		out.hidePlaces(x)
		s := cohortSheet(b.Policy, x, &out)
		s.taken = &out.Hidden
		return s
	})
	return out, err
}

// Records releases what a run publishes of the records behind it: how many were read, what was seen of each table, and
// persons by the risk of being found. They are attacked together, since pages apart print the same numbers.
func (b *Border) Records(ctx context.Context, x ExactRecords) (Records, error) {
	out := b.Policy.records(x)
	err := b.attacked(ctx, title{name: "records"}, func() *sheet { return recordsSheet(b.Policy, x, &out) })
	if len(x.Accounts) == 1 {
		out.Accounts.Total = out.Accounts.Rows[0]
	}
	return out, err
}

// title names what passes the border.
type title struct{ name, family string }

// with tells whether another is attacked together with it.
func (t title) with(r *Released) bool {
	return r.Name == t.name || t.family != "" && r.Family == t.family
}

// attacked plays the attack on a release until nothing more has to be hidden. What it takes from a place may
// take another number with it, a rate's numerator with its denominator, and then it is played again.
func (b *Border) attacked(ctx context.Context, t title, of func() *sheet) error {
	if b.Internal() {
		return nil
	}
	for {
		s := of()
		cert, ids, took, err := s.protect(ctx, func(sys *attack.System) ([]*attack.System, []string) { return b.known(t, sys) })
		var open *attack.Unprotectable
		if errors.As(err, &open) {
			return &UnsafeError{t.name, err}
		}
		if err != nil {
			return fmt.Errorf("disclosure control of %s: %w", t.name, err)
		}
		if !took {
			b.released = slices.DeleteFunc(b.released, func(r Released) bool { return r.Name == t.name }) // a try before
			b.released = append(b.released, Released{Name: t.name, Family: t.family, System: s.sys, Certificate: cert, Additive: s.additive, earlier: ids,
				elsewhere: b.shownBy(t, &s.sys, false), before: b.shownBy(t, &s.sys, true), loose: s.loose})
			return nil
		}
	}
}

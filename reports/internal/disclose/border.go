package disclose

// Border is where exact counts become released ones, for one report under one policy. Everything that
// a report prints passes it.
type Border struct {
	Policy Policy
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

// Measure releases a measure.
func (b *Border) Measure(x ExactMeasure) Measure { return ReleaseMeasure(b.Policy, x) }

// Cohort releases a cohort.
func (b *Border) Cohort(x ExactCohort) Cohort { return ReleaseCohort(b.Policy, x) }

// Accounts releases a table of records.
func (b *Border) Accounts(x ExactAccounts) Accounts { return ReleaseAccounts(b.Policy, x) }

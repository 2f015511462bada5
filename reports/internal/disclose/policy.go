package disclose

import (
	"fmt"
	"slices"
	"strings"

	"farr/reports/internal/text"
)

// Policy is what a release is made under: which counts may not be seen, and nor be worked out.
type Policy struct {
	Audience Audience
	Name     string       // as a job names it; "none" for an internal audience
	most     int64        // counts from 1 to this are hidden; 0: none is
	round    int64        // counts that are shown are rounded to a multiple of this; 0: they are not
	source   text.Message // whose rule it is, for the page
}

// policies are those for an external audience, the default first.
var policies = []Policy{
	{External, "cms11", 10, 0, text.Message("the cell size suppression policy of the Centers for Medicare & Medicaid Services: no cell of 1 to 10, none that can be derived, zero may be shown")},
	{External, "opensafely7r5", 7, 5, text.Message("the rule of OpenSAFELY for aggregated results: counts up to 7 are hidden, all others rounded to the nearest 5")},
	{External, "cumulus10", 9, 0, text.Message("the smallest cell of a Cumulus data cube: no count below 10")},
	{External, "wa10", 9, 0, text.Message("the guidelines of the Washington State Department of Health for small numbers: no count of 1 to 9")},
}

// PolicyNames are the policies that an external audience may be given.
func PolicyNames() []string {
	var names []string
	for _, p := range policies {
		names = append(names, p.Name)
	}
	return names
}

// PolicyFor is the policy of an audience by its name; without a name, cms11 for an external
// audience. An internal one has none.
func PolicyFor(a Audience, name string) (Policy, error) {
	if a == Internal {
		if name != "" && name != "none" {
			return Policy{}, fmt.Errorf("disclosure policy %q: nothing is hidden from an internal audience, so it takes no policy", name)
		}
		return Policy{Audience: Internal, Name: "none"}, nil
	}
	if name == "" {
		return policies[0], nil
	}
	i := slices.IndexFunc(policies, func(p Policy) bool { return p.Name == name })
	if i < 0 {
		return Policy{}, fmt.Errorf("disclosure policy %q is not known: say %s", name, strings.Join(PolicyNames(), ", "))
	}
	return policies[i], nil
}

// Inside is a count for an audience from whom nothing is hidden; for any other it is hidden.
func (p Policy) Inside(n int64) Count { return p.count(n, p.hides()) }

// hides tells whether anything may be hidden at all.
func (p Policy) hides() bool { return p.most > 0 }

// small is the primary rule.
func (p Policy) small(n int64) bool { return n >= 1 && n <= p.most }

// Most is the largest count that is hidden; 0 where none is.
func (p Policy) Most() int64 { return p.most }

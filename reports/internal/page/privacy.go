package page

import (
	"farr/reports/internal/disclose"
)

// Privacy says what kind of data a report rests on, and how well a person could still be found in them.
type Privacy struct {
	Profile    string // shifted, limited or safe-harbor
	Policy     string // SHA-256 of the de-identification policy
	Key        string // public name of the project's key; empty under safe-harbor
	Checkpoint string // of the store's log; empty before there was one
	Internal   bool   // the audience
	Gone       bool   // the extract is no longer in the store
	Kept       []KeptType
	Risk       *Risk // nil when it was not measured
	// Certificate of what this report hides; nil where it hides nothing.
	Certificate *disclose.Certificate
}

// Treatment is what happens to an element that a policy lists.
type Treatment int

// The treatments.
const (
	Changed Treatment = iota // replaced by a pseudonym, or moved, or made coarser
	Kept                     // as it is, where its value is of a list or a number
	Sealed                   // encrypted: opened with the key, in memory
	Noted                    // only that it was there, or how often
)

// KeptType is the elements of a resource type by what happens to them. What is in no list is not in the store.
type KeptType struct {
	Type                         string
	Kept, Changed, Sealed, Noted []string
}

// Risk is the residual risk of an extract, as the audience may see it.
type Risk struct {
	Snapshot string
	Quasi    []string
	Persons  string
	Facts    []Fact
	Sizes    Table
	Attacks  []Attack
}

// Attack is what one attack on the date shift leaves: candidates of 365, of the patient with the fewest and of
// the one in the middle. Told is the share of patients whose shift it tells, for those inside.
type Attack struct {
	Name          string
	Least, Median int
	Told          string
}

// privacyView is the page of privacy.
type privacyView struct {
	Privacy
	Finding string
	Path    string
}

// ProfileWords say what the profile keeps of dates and places.
func (w words) profileWords(p Privacy) string {
	switch p.Profile {
	case "shifted":
		return w.Say("All dates of a patient are moved back by the same secret number of days, 1 to 365. Dates that would show it are sealed. Of places the state and the first three digits of the ZIP code are kept, where enough people live.")
	case "limited":
		return w.Say("True dates, five-digit ZIP code, city and state are kept: a limited data set (45 CFR 164.514(e)). It may leave only under a data use agreement.")
	case "safe-harbor":
		return w.Say("Of dates the year is kept, of places the state and the first three digits of the ZIP code, where enough people live (45 CFR 164.514(b)(2)). The key of the pseudonyms was in memory alone, and is gone.")
	default:
		return ""
	}
}

// Custody says who could undo the coding.
func (w words) custodyWords(p Privacy) string {
	if p.Profile == "safe-harbor" {
		return w.Say("Nobody has a key to the pseudonyms: they cannot be made again from the records. Whether the data are de-identified is for the organisation to determine.")
	}
	return w.Say("With the key in the same custody the store is coded, protected data: whoever has both can link records to persons again, and open what is sealed. Keep the key apart from the store and its backups. Whether the data are de-identified is for the organisation to determine.")
}

// privacyFinding is the headline of the page.
func (w words) privacyFinding(p Privacy) string {
	switch {
	case p.Gone:
		return w.Say("The extract behind this report is no longer in the store, so its privacy cannot be described here.")
	case p.Risk == nil:
		return w.Say("This report rests on coded records of profile {profile}. Their residual risk was not measured.", p.Profile)
	default:
		return w.Say("This report rests on coded records of {persons} patients, of profile {profile}.", p.Risk.Persons, p.Profile)
	}
}

// certificateWords say what the attack found, which is nothing: a report of which it recovers anything is not made.
func (w words) certificateWords(c disclose.Certificate) string {
	if c.Hidden == 0 {
		return w.Say("Nothing of this report had to be hidden, and no small number can be worked out from it.")
	}
	return w.Say("{hidden} of {cells} counts are hidden. For each of them two whole sets of numbers were found that agree with everything in this report and in which it differs by {width} or more, so that a reader cannot tell which is true.", w.thousands(int64(c.Hidden)), w.thousands(int64(c.Cells)), c.Width)
}

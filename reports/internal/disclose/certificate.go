package disclose

import (
	"slices"

	"farr/reports/internal/disclose/attack"
	"farr/reports/internal/text"
)

// Certificate says what of a release is hidden, and that the attack recovers none of it. It holds no
// hidden number, nor a hash of one, by which guesses could be tried.
type Certificate struct {
	Policy string `json:"policy"`
	// Small: 1 to this is what may not be known. Width: a hidden number is recoverable when what is published
	// leaves it less than this between least and greatest.
	Small int64 `json:"small"`
	Width int64 `json:"width"`
	// Systems are the measures, cohorts and tables of records, each attacked with all of its numbers together.
	Systems int `json:"systems"`
	Cells   int `json:"cells"` // counts that have a place in the report
	Hidden  int `json:"hidden"`
	// Primary are hidden since they are small, Complementary for the sake of others: in total only, and 0 both where
	// either is few.
	Primary       int `json:"primary,omitempty"`
	Complementary int `json:"complementary,omitempty"`
	// Implied are small numbers without a place, such as what a total leaves, that were attacked as well.
	Implied     int      `json:"implied"`
	Recoverable int      `json:"recoverable"` // hidden numbers that the witnesses do not prove safe; a report that has any is not made
	Narrowest   int64    `json:"narrowest"`   // of all hidden numbers: how far apart least and greatest are, at least
	TakenOut    []string `json:"taken_out,omitempty"`
	// Earlier releases of the same extract snapshot that this one was attacked together with, and hidden numbers that a
	// release of another snapshot shows: late records have changed them since, or they were not small then.
	Earlier   int `json:"earlier_releases"`
	Elsewhere int `json:"shown_by_releases_of_other_snapshots"`
	// Before are hidden numbers that an earlier release of the same snapshot shows, under a policy that may: who has it has them.
	Before int `json:"shown_by_earlier_releases"`
	// Loose are sums that do not hold in the data, and so were not attacked.
	Loose int `json:"sums_that_do_not_hold"`
	// NotCounted are earlier releases that were withdrawn, or accepted as they are.
	NotCounted int      `json:"earlier_releases_not_counted"`
	Scope      []string `json:"scope"`
	Outside    []string `json:"outside"`
}

// scope of the attack, in sentences.
var scope = []text.Message{
	"All numbers of one measure, of one cohort or of one table of records together, on one extract snapshot.",
	"Within a period the groups of a stratum add up to everybody; numerator and rest are the denominator; exclusions, exceptions and the denominator lie in the initial population.",
	"Where a measure counts stays, events or days, its months add up to longer periods and windows.",
	"A cohort's steps with what each rule removed; its cases by month, quarter, year and group; those at risk of an outcome, with and without it, and along its curve; the levels of each characteristic, and two of them at once.",
	"A reader is taken to know that a hidden number is not zero.",
}

var outside = []text.Message{
	"Windows that overlap, of measures that count patients: who came and who went between two of them is not bounded by these numbers.",
	"Numbers of different measures or cohorts against each other, but for the outcomes and characteristics of one cohort that may be of people of whom the ones are among the others: of two that are close, one is hidden.",
	"Reports of other extract snapshots, of a cohort over another study window or of a definition in another version, in which late records have changed the counts; whatever a reader knows from elsewhere, and what could be read from the choice of the numbers that are hidden for the sake of others.",
}

// Certificate is that of everything that has passed the border so far.
func (b *Border) Certificate() Certificate {
	c := Certificate{Policy: b.Policy.Name, Small: b.Policy.most, Width: b.Policy.most, Systems: len(b.released), Scope: said(text.English(), scope), Outside: said(text.English(), outside)}
	first, earlier := true, map[string]bool{}
	for _, r := range b.released {
		c.Elsewhere, c.Before, c.Loose = c.Elsewhere+r.elsewhere, c.Before+r.before, c.Loose+r.loose
		for _, id := range r.earlier {
			earlier[id] = true
		}
		for _, table := range r.Certificate.TakenOut {
			c.TakenOut = append(c.TakenOut, r.Name+": "+table)
		}
		c.Recoverable += len(attack.Recoverable(r.Certificate.Findings))
		for _, f := range r.Certificate.Findings {
			if apart := f.Greatest - f.Least; first || apart < c.Narrowest {
				c.Narrowest, first = apart, false
			}
		}
		for _, cell := range r.System.Cells {
			switch {
			case cell.State == attack.Unprinted:
				if b.Policy.small(cell.Value) {
					c.Implied++
				}
				continue
			case cell.State == attack.Shown:
			case b.Policy.small(cell.Value):
				c.Primary++
			default:
				c.Complementary++
			}
			c.Cells++
		}
	}
	c.Hidden, c.Earlier = c.Primary+c.Complementary, len(earlier)
	if few := int(b.Policy.most); c.Primary <= few || c.Complementary <= few {
		c.Primary, c.Complementary = 0, 0
	}
	slices.Sort(c.TakenOut)
	return c
}

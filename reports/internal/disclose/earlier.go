package disclose

import (
	"slices"

	"farr/reports/internal/disclose/attack"
)

// Earlier is a release that readers may have already.
type Earlier struct {
	ID      string
	Systems []Released
	Same    bool // of the same extract snapshot: its numbers are the same where their names are
}

// Against holds everything that passes from now on against earlier releases: with those of the same extract
// snapshot it is attacked together; of others it is counted which hidden numbers they show.
func (b *Border) Against(all []Earlier) { b.earlier = all }

// known are the systems of earlier releases that have the name and differ from s, and their releases.
func (b *Border) known(name string, s *attack.System) (systems []*attack.System, ids []string) {
	for _, e := range b.earlier {
		for i := range e.Systems {
			if r := &e.Systems[i]; e.Same && r.Name == name && !same(&r.System, s) {
				systems, ids = append(systems, &r.System), append(ids, e.ID)
			}
		}
	}
	return systems, ids
}

// shownBy counts the hidden numbers of s that an earlier release shows: of the same extract snapshot, or of others.
func (b *Border) shownBy(name string, s *attack.System, sameData bool) int {
	shown := map[string]bool{}
	for _, e := range b.earlier {
		for _, r := range e.Systems {
			if e.Same != sameData || r.Name != name {
				continue
			}
			for _, c := range r.System.Cells {
				shown[c.Key] = shown[c.Key] || c.State == attack.Shown
			}
		}
	}
	n := 0
	for _, c := range s.Cells {
		if c.State == attack.Hidden && shown[c.Key] {
			n++
		}
	}
	return n
}

// Together is what readers of several releases of one snapshot have of a measure, cohort or table of records.
func Together(all []Released) (*attack.System, error) {
	var systems []*attack.System
	additive := false
	for i := range all {
		systems = append(systems, &all[i].System)
		additive = additive || all[i].Additive
	}
	joined, err := attack.JoinReleased(systems...)
	if err == nil {
		relateSpans(joined, additive)
	}
	return joined, err
}

// same tells whether two systems tell a reader the same.
func same(a, b *attack.System) bool {
	return slices.EqualFunc(a.Cells, b.Cells, func(x, y attack.Cell) bool {
		return x.Key == y.Key && x.Value == y.Value && x.State == y.State
	})
}

// UnsafeError says that hidden numbers can be worked out whatever else is hidden: from what earlier releases show.
type UnsafeError struct {
	Name string
	Err  error
}

// Error names no value.
func (e *UnsafeError) Error() string {
	return "disclosure control of " + e.Name + ": " + e.Err.Error() + " (an earlier release of the same data shows too much beside it: farr release list; then farr release withdraw, or accept, with the reason)"
}

// Unwrap is what was found.
func (e *UnsafeError) Unwrap() error { return e.Err }

// PrivacyGate makes it exit code 5.
func (e *UnsafeError) PrivacyGate() bool { return true }

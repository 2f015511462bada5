package disclose

import (
	"slices"

	"farr/reports/internal/disclose/attack"
)

// Earlier is a release that readers may have already.
type Earlier struct {
	ID      string
	Systems []Released
	Same    bool // of the same extract snapshot: its numbers are the same where nothing was counted anew
}

// Against holds everything that passes from now on against earlier releases: with those of the same extract
// snapshot it is attacked together; of others, and of those that count by another definition or engine, it is
// counted which hidden numbers they show.
func (b *Border) Against(all []Earlier) { b.earlier = all }

// known are the systems that are attacked with s and differ from it: of this release the other rates of the measure, and of
// earlier ones it and those. The IDs are of earlier releases.
func (b *Border) known(t title, s *attack.System) (systems []*attack.System, ids []string) {
	for _, e := range b.matching(t, s) {
		if same(e.system, s) {
			continue
		}
		systems = append(systems, e.system)
		if e.id != "" && !slices.Contains(ids, e.id) {
			ids = append(ids, e.id)
		}
	}
	return systems, ids
}

type matched struct {
	id     string // of the earlier release; none of this one
	system *attack.System
}

// matching are the systems that have the numbers of s. A definition may have changed between two releases, or
// the engine: whether that changed what is counted, the numbers tell, and those of one count are attacked together.
func (b *Border) matching(t title, s *attack.System) (out []matched) {
	count := numbers{}
	count.add(s)
	add := func(id string, r *Released) {
		if t.with(r) && count.agree(&r.System) {
			count.add(&r.System)
			out = append(out, matched{id, &r.System})
		}
	}
	for i := range b.released {
		if b.released[i].Name != t.name { // a try before
			add("", &b.released[i])
		}
	}
	for _, e := range b.earlier {
		for i := range e.Systems {
			if e.Same {
				add(e.ID, &e.Systems[i])
			}
		}
	}
	return out
}

// numbers are those of systems by their keys.
type numbers map[string]int64

func (n numbers) add(s *attack.System) {
	for _, c := range s.Cells {
		n[c.Key] = c.Value
	}
}

func (n numbers) agree(s *attack.System) bool {
	return !slices.ContainsFunc(s.Cells, func(c attack.Cell) bool { v, ok := n[c.Key]; return ok && v != c.Value })
}

// shownBy counts the hidden numbers of s that an earlier release shows: one of the same count of the same extract
// snapshot, or another.
func (b *Border) shownBy(t title, s *attack.System, sameCount bool) int {
	matching := b.matching(t, s)
	shown := map[string]bool{}
	for _, e := range b.earlier {
		for i := range e.Systems {
			r := &e.Systems[i]
			if !t.with(r) || sameCount != slices.ContainsFunc(matching, func(m matched) bool { return m.system == &r.System }) {
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

// Alike parts releases of one name into those that have the same numbers, in order.
func Alike(all []Released) (groups [][]Released) {
	var counts []numbers
	for _, r := range all {
		at := slices.IndexFunc(counts, func(n numbers) bool { return n.agree(&r.System) })
		if at < 0 {
			at = len(groups)
			groups, counts = append(groups, nil), append(counts, numbers{})
		}
		groups[at] = append(groups[at], r)
		counts[at].add(&r.System)
	}
	return groups
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

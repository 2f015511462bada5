package measures

import (
	"fmt"
	"slices"

	"farr/internal/source"
)

// use is a place where a cohort asks for the members of another.
type use struct {
	by, of string
	at     source.Pos
}

// checkUses wants every cohort that is asked for to be there, and none to rest on itself.
func (l *loader) checkUses() {
	cohorts := map[string]bool{}
	var ids []string
	for _, d := range l.definitions {
		if d.Kind == KindCohort {
			cohorts[d.ID] = true
			ids = append(ids, d.ID)
		}
	}
	for _, u := range l.uses {
		switch {
		case !cohorts[u.of]:
			l.report(u.at, "unknown-cohort", fmt.Sprintf("there is no cohort %q", u.of), source.DidYouMean(u.of, ids))
		case l.reaches(u.of, u.by, map[string]bool{}):
			l.report(u.at, "circular-cohort", fmt.Sprintf("cohort %q rests on %q, and so on itself", u.by, u.of), "let one of them not ask for the other")
		}
	}
}

// reaches tells whether a cohort asks for another, itself or through others.
func (l *loader) reaches(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(l.uses, func(u use) bool { return u.by == from && l.reaches(u.of, to, seen) })
}

// withUsed adds the cohorts that those chosen ask for, each before those that ask.
func (l *Library) withUsed(chosen []Definition) []Definition {
	var out []Definition
	var add func(d Definition)
	add = func(d Definition) {
		if slices.ContainsFunc(out, func(o Definition) bool { return o.Kind == d.Kind && o.ID == d.ID }) {
			return
		}
		for _, id := range d.Uses {
			at := slices.IndexFunc(l.definitions, func(o Definition) bool { return o.Kind == KindCohort && o.ID == id })
			add(l.definitions[at])
		}
		out = append(out, d)
	}
	for _, d := range chosen {
		add(d)
	}
	return out
}

package measures

import (
	"fmt"
	"path"
	"slices"

	"farr/internal/source"
	"farr/measures/internal/cohort"
)

// Notes are what is no mistake and yet is hardly meant: rules that contradict each other,
// value lists that overlap or that nobody uses, windows that nobody can have time in.
func (l *Library) Notes() source.Diagnostics { return slices.Clone(l.notes) }

func (f *folder) note(code, message, hint string, path ...any) {
	f.loader.notes = append(f.loader.notes, source.Diagnostic{Pos: f.doc.Pos(path...), Code: code, Message: message, Hint: hint})
}

// notes looks at a cohort that is sound.
func (f *folder) notes(y cohortYAML, d Definition) {
	f.noteRules(y)
	if y.AtRisk != nil && y.AtRisk.File == "" && (d.Occurrence == occurrenceFirstInWindow || d.Occurrence == occurrenceLast) {
		f.note("not-at-risk", fmt.Sprintf("of occurrence %s a case may be no longer at risk: time at risk ends with the first entry event of all data", d.Occurrence), "occurrence: first", "at_risk")
	}
	for i, o := range y.Outcomes {
		if y.Entry.Event != nil && o.WashesOut(*y.Entry.Event) {
			f.note("washed-out", fmt.Sprintf("nobody is followed: the entry event lies in the washout of %d days", o.Washout),
				"remove the washout, or let it begin after the index date by a later from", "outcomes", i, "washout")
		}
		if y.Exit != nil && y.Exit.Days > 0 && y.Exit.Days < o.First() {
			f.note("no-time", fmt.Sprintf("nobody has time at risk: follow-up ends on day %d, and the outcome is waited for from day %d", y.Exit.Days, o.First()), "", "outcomes", i)
		} else if y.Exit != nil && y.Exit.Days > 0 && o.To != nil && *o.To > y.Exit.Days {
			f.note("cut-window", fmt.Sprintf("follow-up ends on day %d, before the outcome's last day %d", y.Exit.Days, *o.To), "", "outcomes", i, "to")
		}
	}
	if len(y.Outcomes) == 0 && y.Exit != nil {
		f.note("unused-key", "there is an exit, and no outcome is waited for", "write outcomes, or remove it", "exit")
	}
	for i, a := range d.Lists {
		for _, b := range d.Lists[i+1:] {
			if n := shared(a, b); n > 0 {
				f.note("overlapping-lists", fmt.Sprintf("lists %s and %s have %d codes in common", a.Name, b.Name, n), "")
			}
		}
	}
}

// noteRules finds rules that are the same, contradict each other, or leave nobody.
func (f *folder) noteRules(y cohortYAML) {
	type place struct {
		required bool
		i        int
	}
	seen := map[string]place{}
	for i, r := range y.Rules {
		rule, required, key := r.Require, true, "require"
		if r.Exclude != nil {
			rule, required, key = r.Exclude, false, "exclude"
		}
		if r.CQL != nil {
			rule, key = &cohort.Rule{CQL: r.CQL}, "cql"
		}
		if rule == nil {
			continue
		}
		sql := rule.SQL()
		if first, ok := seen[sql]; ok {
			if first.required == required {
				f.note("same-rule", fmt.Sprintf("the rule says what %q says", y.Rules[first.i].ID), "remove one", "rules", i)
			} else {
				f.note("contradiction", fmt.Sprintf("the rule and %q leave nobody: one requires what the other excludes", y.Rules[first.i].ID), "", "rules", i)
			}
			continue
		}
		seen[sql] = place{required, i}
		if entry := y.Entry.Event; !required && entry != nil && happensOnDay0(*rule, *entry) {
			f.note("contradiction", "the rule leaves nobody: it excludes the entry event itself", "let its window end before day 0", "rules", i, key)
		}
	}
}

// happensOnDay0 tells whether a rule is met by the entry event itself.
func happensOnDay0(r cohort.Rule, entry cohort.Event) bool {
	if len(r.Event.Lists()) == 0 || r.Count > 1 || r.Event.Rows() != entry.Rows() {
		return false
	}
	return r.Days == nil || (r.Days.From == nil || *r.Days.From <= 0) && (r.Days.To == nil || *r.Days.To >= 0)
}

// shared counts the codes that two lists have in common.
func shared(a, b ValueList) int {
	n, in := 0, map[string]bool{}
	for _, c := range a.Codes {
		in[c.System+"\x00"+c.Code] = true
	}
	for _, c := range b.Codes {
		if in[c.System+"\x00"+c.Code] {
			n++
		}
	}
	return n
}

// unusedLists finds the value lists of a root that no definition uses.
func (l *loader) unusedLists(r root, lists map[string]ValueList, dir string) {
	for name, list := range lists {
		ending := ".csv"
		if list.Reference != nil {
			ending = ".yaml"
		}
		if !slices.ContainsFunc(l.definitions, func(d Definition) bool {
			return slices.ContainsFunc(d.Lists, func(u ValueList) bool { return u.Name == name && u.Hash == list.Hash })
		}) {
			l.notes = append(l.notes, source.Diagnostic{Pos: source.Pos{File: path.Join(r.dir, dir, name+ending), Line: 1, Column: 1},
				Code: "unused-list", Message: fmt.Sprintf("no definition uses list %q", name)})
		}
	}
}

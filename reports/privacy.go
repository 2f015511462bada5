package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"farr/datasets"
	"farr/datasets/risk"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
	"farr/reports/internal/text"
)

// privacyPage says what kind of data the report rests on, what was kept of them, and how well a person could
// still be found. Counts of persons pass the wall like any other.
func privacyPage(l measures.Lineage, b *disclose.Border, seen records, certificate *disclose.Certificate) (func(w *text.Words) page.Privacy, error) {
	recipe, err := into[extractRecipe](l.ExtractRecipe)
	if err != nil {
		return nil, err
	}
	p := page.Privacy{Profile: recipe.Profile, Policy: recipe.Policy, Key: recipe.Key, Checkpoint: l.Checkpoint, Internal: b.Internal(), Certificate: certificate}
	if l.ExtractRecipe == nil {
		p.Gone = true
		return func(*text.Words) page.Privacy { return p }, nil
	}
	if p.Kept, err = keptByType(recipe); err != nil {
		return nil, err
	}
	return func(w *text.Words) page.Privacy {
		said := p
		if l.Risk != nil {
			said.Risk = riskOf(w, l.Risk, l.RiskSnapshot, b, seen.released)
		}
		return said
	}, nil
}

// keptByType lists the elements of each resource type by what is done with them; nil when the policy of the extract
// is not that of this farr, whose tables then say nothing of it.
func keptByType(recipe extractRecipe) ([]page.KeptType, error) {
	types, hash, err := datasets.CatalogueOf(recipe.Profile)
	if err != nil || hash != recipe.Policy {
		return nil, err
	}
	var all []page.KeptType
	for _, t := range types {
		k := page.KeptType{Type: t.Type}
		into := map[page.Treatment]*[]string{page.Kept: &k.Kept, page.Changed: &k.Changed, page.Sealed: &k.Sealed, page.Noted: &k.Noted}
		for _, e := range t.Elements {
			list, known := into[treatments[e.Action]]
			if !known {
				list = &k.Changed
			}
			if e.Action == "child" {
				continue // its own elements are listed
			}
			if name := elementName(e.Path); !slices.Contains(*list, name) {
				*list = append(*list, name)
			}
		}
		all = append(all, k)
	}
	return all, nil
}

// treatments groups the actions of a policy table for a reader. What is not here is a change.
var treatments = map[string]page.Treatment{
	"keep": page.Kept, "code": page.Kept, "profile": page.Kept, "value-set": page.Kept, "negate": page.Kept, "state": page.Kept, "language": page.Kept,
	"zip5": page.Kept, "city": page.Kept, "label": page.Kept, "count": page.Noted, "drop": page.Noted, "own-shift": page.Sealed, "seal": page.Sealed, "hide": page.Sealed,
}

// elementName is a path for a reader: the last part of an extension's URL stands for it.
func elementName(path string) string {
	open := strings.Index(path, "(")
	end := strings.LastIndex(path, ")")
	if open >= 0 && end > open {
		url := path[open+1 : end]
		path = path[:open] + " " + url[strings.LastIndexAny(url, "/:")+1:] + path[end+1:]
	}
	return strings.NewReplacer("[current]", "", "[preferred]", "", "[first]", "", "[]", "").Replace(path)
}

// riskOf is the residual risk as an audience may see it: what is told of persons comes from the counts that were released.
func riskOf(w *text.Words, r *risk.Report, snapshot string, b *disclose.Border, all disclose.Records) *page.Risk {
	released := all.Classes
	var quasi []string
	for _, name := range r.Quasi {
		quasi = append(quasi, orSaid(w, quasiWords, name))
	}
	out := &page.Risk{Snapshot: snapshot, Quasi: quasi, Persons: released.Total.Text(w),
		Sizes: page.Table{Caption: w.Say("Patients by the size of their class"), Labels: []string{w.Say("Patients in the class")}, Counts: []string{w.Say("Patients")}}}
	open := true
	below := int64(0)
	for i, b := range r.Sizes {
		out.Sizes.Rows = append(out.Sizes.Rows, page.TableRow{Labels: []string{bandWords(w, b)}, Counts: []disclose.Count{released.Parts[i]}})
		n, shown := released.Parts[i].Value()
		open = open && shown
		if b.High > 0 && b.High < risk.Small {
			below += n
		}
	}
	out.Sizes.Rows = append(out.Sizes.Rows, page.TableRow{Labels: []string{w.Say("All")}, Counts: []disclose.Count{released.Total}, Total: true})
	fact := func(name, value string) { out.Facts = append(out.Facts, page.Fact{Name: name, Value: value}) }
	hidden := w.Say("hidden, with the small numbers that it would tell")
	total, totalShown := released.Total.Value()
	say := func(name string, value func() string) {
		if open && totalShown {
			fact(name, value())
		} else {
			fact(name, hidden)
		}
	}
	say(w.Say("Smallest class (k)"), func() string { return thousands(w, r.Smallest) })
	say(w.Say("In classes smaller than {small}", risk.Small), func() string {
		return w.Say("{below} of {total} patients, {share}", thousands(w, below), thousands(w, total), percent(w, float64(below)/math.Max(1, float64(total))))
	})
	say(w.Say("Prosecutor risk, highest"), func() string { return oneIn(w, float64(r.Highest)) })
	say(w.Say("Prosecutor risk, on average"), func() string { return oneIn(w, float64(r.Average)) })
	if d := r.Diversity; d != nil && b.Internal() {
		fact(w.Say("Conditions in a class (l-diversity)"), w.Say("{distinct} different at least, “none” included; {share} of patients are in classes of two or more that are all alike", d.Distinct, percent(w, float64(d.Share))))
	}
	if t := r.Traces; t != nil {
		for i, p := range t.Points {
			account := all.Unique[i]
			value := hidden
			n, shown := account.Parts[0].Value()
			if of, whole := account.Total.Value(); shown && whole {
				value = w.Say("{n} of {all} patients looked at, {share}", thousands(w, n), account.Total.Text(w), percent(w, float64(n)/math.Max(1, float64(of))))
			}
			fact(w.Say("Unique on some {pairs} of their (code, year) pairs", p.Pairs), value)
		}
	}
	for _, one := range r.Attacks {
		row := page.Attack{Name: orSaid(w, attackWords, one.Name), Least: one.Least, Median: one.Median}
		if b.Internal() {
			row.Told = percent(w, float64(one.Identified))
		}
		out.Attacks = append(out.Attacks, row)
	}
	return out
}

// quasiWords name what a stranger may know, as the extract's columns are called.
var quasiWords = map[string]text.Message{"birth_date": "birth date", "birth_year": "birth year", "over_89": "over 89", "sex": "sex", "zip5": "zip5", "city": "city", "zip3": "zip3", "state": "state", "race": "race", "ethnicity": "ethnicity", "language": "language"}

// bandWords are the sizes of a class.
func bandWords(w *text.Words, b risk.Band) string {
	switch {
	case b.High == 0:
		return w.Say("{n} or more", b.Low)
	case b.High == b.Low:
		return fmt.Sprint(b.Low)
	}
	return w.Say("{low} to {high}", fmt.Sprint(b.Low), fmt.Sprint(b.High))
}

// attackWords say what an attack on the date shift goes by.
var attackWords = map[string]text.Message{
	"offset": "No time can lie in an hour that a change of clocks skips or repeats", "newest": "No event is later than the newest date of the load",
	"vaccine": "No vaccine was given before its launch", "weekday": "Visits keep to some days of the week", "month": "Dates heap on the first of a month or year",
	"season": "Doses against influenza have a season", "clock": "What a machine writes in UTC jumps with daylight saving", "all together": "All of these by one attacker",
}

// oneIn is a probability in words: 1 in 11.
func oneIn(w *text.Words, p float64) string {
	switch {
	case p <= 0:
		return w.Say("none")
	case p >= 1:
		return w.Say("certain (1 in 1)")
	default:
		return w.Say("{risk} (1 in {n})", threeOf(w, p), threeOf(w, 1/p))
	}
}

func percent(w *text.Words, share float64) string { return disclose.Percent.Format(w, 100*share) }

func thousands(w *text.Words, n int64) string { return w.Number(disclose.Thousands(n)) }

// threeOf is a number with three digits.
func threeOf(w *text.Words, v float64) string { return w.Number(fmt.Sprintf("%.3g", v)) }

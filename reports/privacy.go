package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"farr/datasets"
	"farr/datasets/risk"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// privacyPage says what kind of data the report rests on, what was kept of them, and how well a person could
// still be found. Counts of persons pass the wall like any other.
func privacyPage(l measures.Lineage, b *disclose.Border, seen records) (page.Privacy, error) {
	recipe, err := into[extractRecipe](l.ExtractRecipe)
	if err != nil {
		return page.Privacy{}, err
	}
	p := page.Privacy{Profile: recipe.Profile, Policy: recipe.Policy, Key: recipe.Key, Checkpoint: l.Checkpoint, Internal: b.Internal()}
	if l.ExtractRecipe == nil {
		p.Gone = true
		return p, nil
	}
	if p.Kept, err = keptByType(recipe); err != nil {
		return page.Privacy{}, err
	}
	if l.Risk != nil {
		p.Risk = riskOf(l.Risk, l.RiskSnapshot, b, seen.released)
	}
	return p, nil
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
func riskOf(r *risk.Report, snapshot string, b *disclose.Border, all disclose.Records) *page.Risk {
	released := all.Classes
	var quasi []string
	for _, name := range r.Quasi {
		quasi = append(quasi, strings.ReplaceAll(name, "_", " "))
	}
	out := &page.Risk{Snapshot: snapshot, Quasi: quasi, Persons: released.Total.String(),
		Sizes: page.Table{Caption: "Patients by the size of their class", Labels: []string{"Patients in the class"}, Counts: []string{"Patients"}}}
	open := true
	below := int64(0)
	for i, b := range r.Sizes {
		out.Sizes.Rows = append(out.Sizes.Rows, page.TableRow{Labels: []string{b.Name()}, Counts: []disclose.Count{released.Parts[i]}})
		n, shown := released.Parts[i].Value()
		open = open && shown
		if b.High > 0 && b.High < risk.Small {
			below += n
		}
	}
	out.Sizes.Rows = append(out.Sizes.Rows, page.TableRow{Labels: []string{"All"}, Counts: []disclose.Count{released.Total}, Total: true})
	fact := func(name, value string) { out.Facts = append(out.Facts, page.Fact{Name: name, Value: value}) }
	hidden := "hidden, with the small numbers that it would tell"
	total, totalShown := released.Total.Value()
	say := func(name string, value func() string) {
		if open && totalShown {
			fact(name, value())
		} else {
			fact(name, hidden)
		}
	}
	say("Smallest class (k)", func() string { return disclose.Thousands(r.Smallest) })
	say(fmt.Sprintf("In classes smaller than %d", risk.Small), func() string {
		return fmt.Sprintf("%s of %s patients, %s", disclose.Thousands(below), disclose.Thousands(total), percent(float64(below)/math.Max(1, float64(total))))
	})
	say("Prosecutor risk, highest", func() string { return oneIn(float64(r.Highest)) })
	say("Prosecutor risk, on average", func() string { return oneIn(float64(r.Average)) })
	if d := r.Diversity; d != nil && b.Internal() {
		fact("Conditions in a class (l-diversity)", fmt.Sprintf("%d different at least, “none” included; %s of patients are in classes of two or more that are all alike", d.Distinct, percent(float64(d.Share))))
	}
	if t := r.Traces; t != nil {
		for i, p := range t.Points {
			account := all.Unique[i]
			value := hidden
			n, shown := account.Parts[0].Value()
			if of, whole := account.Total.Value(); shown && whole {
				value = fmt.Sprintf("%s of %s patients looked at, %s", disclose.Thousands(n), account.Total, percent(float64(n)/math.Max(1, float64(of))))
			}
			fact(fmt.Sprintf("Unique on some %d of their (code, year) pairs", p.Pairs), value)
		}
	}
	for _, one := range r.Attacks {
		row := page.Attack{Name: cmp.Or(attackWords[one.Name], one.Name), Least: one.Least, Median: one.Median}
		if b.Internal() {
			row.Told = percent(float64(one.Identified))
		}
		out.Attacks = append(out.Attacks, row)
	}
	return out
}

// attackWords say what an attack on the date shift goes by.
var attackWords = map[string]string{
	"offset": "No time can lie in an hour that a change of clocks skips or repeats", "newest": "No event is later than the newest date of the load",
	"vaccine": "No vaccine was given before its launch", "weekday": "Visits keep to some days of the week", "month": "Dates heap on the first of a month or year",
	"season": "Doses against influenza have a season", "clock": "What a machine writes in UTC jumps with daylight saving", "all together": "All of these by one attacker",
}

// oneIn is a probability in words: 1 in 11.
func oneIn(p float64) string {
	switch {
	case p <= 0:
		return "none"
	case p >= 1:
		return "certain (1 in 1)"
	default:
		return fmt.Sprintf("%.3g (1 in %.3g)", p, 1/p)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f\u00a0%%", 100*share) }

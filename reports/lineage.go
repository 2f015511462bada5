package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"farr/datasets"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// extractRecipe is what an extract was asked, and extractFacts what it found: the
// report of the extract with the two counts that only the manifest has.
type (
	extractRecipe struct {
		Source, Zone, Profile, Key, Policy, Observable string
		AsOf                                           string `json:"as_of"`
		Order                                          string // hash over the hashes of the inputs, in order
		Step                                           json.Number
	}
	extractFacts struct {
		datasets.ExtractReport
		ValuesDropped map[string]int64 `json:"values_dropped"`
		Unread        map[string]int64 `json:"elements_not_in_policy"`
	}
	resultsFacts struct {
		Low  string `json:"study_low"`
		High string `json:"study_high"` // exclusive
	}
)

// lastDay of the study window; empty when it is not known.
func (f resultsFacts) lastDay() string {
	high, err := time.Parse(time.DateOnly, f.High)
	if err != nil {
		return ""
	}
	return high.AddDate(0, 0, -1).Format(time.DateOnly)
}

// into gives the named fields of a recipe or of facts their types. By way of
// JSON, results just made and results read again give the same page.
func into[T any](m map[string]any) (T, error) {
	var out T
	b, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fmt.Errorf("lineage: %w", err)
	}
	return out, nil
}

// runPage says where the numbers came from. Settings and hashes are for everyone;
// the account of the records passes the wall, and what was lost inside them is
// told only inside the organisation.
func runPage(in input, req Request, border *disclose.Border, targetsHash string, seen records) (page.Run, error) {
	l := in.lineage
	results, err := into[resultsFacts](l.Facts)
	if err != nil {
		return page.Run{}, err
	}
	recipe, err := into[extractRecipe](l.ExtractRecipe)
	if err != nil {
		return page.Run{}, err
	}
	facts, err := into[extractFacts](l.ExtractFacts)
	if err != nil {
		return page.Run{}, err
	}
	run := page.Run{Command: req.Command, Chain: []page.Stage{
		reportStage(req, border.Policy, targetsHash), resultsStage(l, results, in.definitions), extractStage(l, recipe, facts), inputStage(recipe),
	}}
	if l.ExtractFacts != nil {
		run.Accounting = accounting(seen)
		if border.Internal() {
			run.Losses = losses(facts, border.Policy)
		}
	}
	for _, d := range in.definitions {
		run.Definitions = append(run.Definitions, page.Version{Kind: d.Kind, Title: d.Title, ID: d.ID, Hash: d.Hash})
	}
	return run, nil
}

// known drops the facts without a value.
func known(facts ...page.Fact) []page.Fact {
	return slices.DeleteFunc(facts, func(f page.Fact) bool { return f.Value == "" })
}

func reportStage(req Request, p disclose.Policy, targetsHash string) page.Stage {
	policy := p.Rule()
	if source := p.Source(); source != "" {
		policy = p.Name + ": " + source
	}
	return page.Stage{Name: "This report", Facts: append(known(
		page.Fact{Name: "Audience", Value: string(req.Audience)},
		page.Fact{Name: "Disclosure rule", Value: policy},
		page.Fact{Name: "File of targets, SHA-256", Value: targetsHash, Code: true},
		page.Fact{Name: "Its files", Value: "manifest.json, beside index.html, has the SHA-256 of each"},
	), eventFacts(req)...)}
}

func resultsStage(l measures.Lineage, f resultsFacts, definitions []measures.Definition) page.Stage {
	count := func(kind string) int {
		n := 0
		for _, d := range definitions {
			if d.Kind == kind {
				n++
			}
		}
		return n
	}
	study := ""
	if last := f.lastDay(); last != "" {
		study = f.Low + " to " + last
	}
	return page.Stage{Name: "Results snapshot", ID: l.Results, Facts: known(
		page.Fact{Name: "Data as of", Value: l.AsOf.Format(time.DateOnly)},
		page.Fact{Name: "Periods", Value: periodList(l.Periods)},
		page.Fact{Name: "Study window of cohorts", Value: study},
		page.Fact{Name: "Definitions", Value: plural(count("measure"), "measure") + ", " + plural(count("cohort"), "cohort") + "; versions below"},
		page.Fact{Name: "Measure engine, version", Value: l.Engine},
		page.Fact{Name: "Checkpoint of the store's log", Value: l.Checkpoint, Code: true},
	)}
}

func extractStage(l measures.Lineage, r extractRecipe, f extractFacts) page.Stage {
	s := page.Stage{Name: "Extract snapshot", ID: l.Extract}
	if l.ExtractRecipe == nil {
		s.Note = "This extract is no longer in the store, so what it was made from cannot be listed here."
		return s
	}
	asOf := f.AsOf
	if asOf != "" && r.AsOf == "" {
		asOf += ", the newest clinical event in the data"
	} else if asOf != "" {
		asOf += ", as asked"
	}
	observable := cmp.Or(observableWords[f.Observable], f.Observable)
	if r.Observable == "auto" && observable != "" {
		observable += " (chosen automatically)"
	}
	s.Facts = known(
		page.Fact{Name: "Data as of", Value: asOf},
		page.Fact{Name: "Privacy profile", Value: cmp.Or(profileWords[r.Profile], r.Profile)},
		page.Fact{Name: "Privacy policy, SHA-256", Value: r.Policy, Code: true},
		page.Fact{Name: "Key, by its public name", Value: r.Key, Code: true},
		page.Fact{Name: "Time zone", Value: r.Zone},
		page.Fact{Name: "Time under observation", Value: observable},
		page.Fact{Name: "Extraction, version", Value: string(r.Step)},
	)
	return s
}

func inputStage(r extractRecipe) page.Stage {
	return page.Stage{Name: "Input files", ID: r.Order, Note: "One SHA-256 over those of all files, in order. The extract's manifest in the store lists each file's SHA-256 and bytes.",
		Facts: known(page.Fact{Name: "Source", Value: r.Source})}
}

var profileWords = map[string]string{
	"shifted":     "shifted: the dates of each patient are moved by a secret number of days",
	"limited":     "limited: true dates and areas, no direct identifiers",
	"safe-harbor": "safe-harbor: of each date the year alone, ages up to 89, codes under a key that nobody keeps",
}

var observableWords = map[string]string{
	"enrolment-gap45": "insurance coverage, gaps of up to 45 days bridged",
	"contact":         "from the first encounter to the last",
}

// accounting is what became of the records of each type.
func accounting(r records) *page.Table {
	t := &page.Table{Caption: "Records by resource type, as the extract found them", Labels: []string{"Resource type"},
		Counts: []string{"Read", "Stored", "Superseded", "Type not in policy", "Dropped", "Rejected"}}
	row := func(name string, a disclose.Account) page.TableRow {
		return page.TableRow{Labels: []string{name}, Counts: append([]disclose.Count{a.Total}, a.Parts...)}
	}
	for i, name := range r.types {
		t.Rows = append(t.Rows, row(name, r.released.Accounts.Rows[i]))
	}
	sum := row("All", r.released.Accounts.Total)
	sum.Total = true
	t.Rows = append(t.Rows, sum)
	return t
}

// losses is what was left out, by reason and by place, for those inside; nil when nothing was.
func losses(f extractFacts, p disclose.Policy) *page.Table {
	t := &page.Table{Caption: "What was left out, by reason and by place", Labels: []string{"Left out", "Reason or place"}, Counts: []string{"Count"}}
	for _, part := range []struct {
		name   string
		counts map[string]int64
	}{
		{"Record dropped", f.DropReasons}, {"Line rejected", f.RejectReasons}, {"Value dropped", f.ValuesDropped}, {"Element not in the policy", f.Unread},
	} {
		for _, k := range slices.Sorted(maps.Keys(part.counts)) {
			t.Rows = append(t.Rows, page.TableRow{Labels: []string{part.name, cmp.Or(reasonWords[k], k)}, Counts: []disclose.Count{p.Inside(part.counts[k])}})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// reasonWords explain codes that say too little; others are shown as they are.
var reasonWords = map[string]string{
	"implicit-rules":             "the record depends on implicit rules",
	"unknown-modifier-extension": "a modifier extension that is not known may change the record's meaning",
	"missing-subject":            "the record names no patient",
}

func plural(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return strconv.Itoa(n) + " " + word
}

// periodList is "24 months 2024-01 to 2025-12; 24 windows of 12 months to ...".
func periodList(ids []string) string {
	type span struct {
		noun string
		ends []string
	}
	var spans []*span
	for _, id := range ids {
		window, end, rolling := strings.Cut(id, "/")
		noun := "month"
		switch {
		case rolling:
			noun = "window of " + strings.ToLower(strings.TrimPrefix(window, "P"))
		case strings.Contains(id, "Q"):
			noun = "quarter"
		case len(id) == len("2025"):
			noun = "year"
		}
		if !rolling {
			end = id
		}
		i := slices.IndexFunc(spans, func(s *span) bool { return s.noun == noun })
		if i < 0 {
			i, spans = len(spans), append(spans, &span{noun: noun})
		}
		spans[i].ends = append(spans[i].ends, end)
	}
	var parts []string
	for _, s := range spans {
		slices.Sort(s.ends)
		noun, length, rolling := strings.Cut(s.noun, " of ")
		words := plural(len(s.ends), noun)
		if rolling {
			words += " of " + strings.TrimSuffix(length, "m") + " months that end with"
		}
		if words += " " + s.ends[0]; len(s.ends) > 1 {
			words += " to " + s.ends[len(s.ends)-1]
		}
		parts = append(parts, words)
	}
	return strings.Join(parts, "; ")
}

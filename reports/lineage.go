package reports

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/datasets"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
	"farr/reports/internal/text"
)

// extractRecipe is what an extract was asked, and extractFacts what it found: the
// report of the extract with the two counts that only the manifest has.
type (
	extractRecipe struct {
		Source, Zone, Profile, Key, Policy, Observable string
		AsOf                                           string `json:"as_of"`
		Order                                          string // hash over the hashes of the inputs, in order
		Step                                           json.Number
		Sources                                        []struct{ Source, Zone, Order string } // of several
	}
	extractFacts struct {
		datasets.ExtractReport
		ValuesDropped map[string]int64 `json:"values_dropped"`
		Unread        map[string]int64 `json:"elements_not_in_policy"`
		ServerIssues  map[string]int64 `json:"server_issues"`
	}
	resultsFacts struct {
		Low  string `json:"study_low"`
		High string `json:"study_high"` // exclusive

		Doubts []measures.ClosedDoubt `json:"closed_doubts"`
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

// runPage says where the numbers came from, in a language. Settings and hashes are for everyone;
// the account of the records passes the wall, and what was lost inside them is
// told only inside the organisation.
func runPage(in input, req Request, border *disclose.Border, targetsHash string, seen records) (func(w *text.Words) page.Run, error) {
	l := in.lineage
	results, err := into[resultsFacts](l.Facts)
	if err != nil {
		return nil, err
	}
	recipe, err := into[extractRecipe](l.ExtractRecipe)
	if err != nil {
		return nil, err
	}
	facts, err := into[extractFacts](l.ExtractFacts)
	if err != nil {
		return nil, err
	}
	return func(w *text.Words) page.Run {
		run := page.Run{Command: req.Command, Chain: []page.Stage{
			reportStage(w, req, border.Policy, targetsHash), resultsStage(w, l, results, in.definitions), extractStage(w, l, recipe, facts), inputStage(w, recipe),
		}}
		if l.ExtractFacts != nil {
			run.Accounting = accounting(w, seen)
			if border.Internal() {
				run.Losses = losses(w, facts, border.Policy)
				run.Linkage = linkage(w, facts.Linkage, border.Policy)
			}
		}
		for _, d := range in.definitions {
			run.Definitions = append(run.Definitions, page.Version{Kind: d.Kind, Title: d.Title, ID: d.ID, Hash: d.Hash})
		}
		return run
	}, nil
}

// known drops the facts without a value.
func known(facts ...page.Fact) []page.Fact {
	return slices.DeleteFunc(facts, func(f page.Fact) bool { return f.Value == "" })
}

func reportStage(w *text.Words, req Request, p disclose.Policy, targetsHash string) page.Stage {
	policy := p.Rule(w)
	if source := p.Source(w); source != "" {
		policy = w.Say("{policy}: {source}", p.Name, source)
	}
	return page.Stage{Name: w.Say("This report"), Facts: append(known(
		page.Fact{Name: w.Say("Audience"), Value: audienceWords(w, req.Audience)},
		page.Fact{Name: w.Say("Disclosure rule"), Value: policy},
		page.Fact{Name: w.Say("File of targets, SHA-256"), Value: targetsHash, Code: true},
		page.Fact{Name: w.Say("Language file, SHA-256"), Value: w.Hash, Code: true},
		page.Fact{Name: w.Say("Its files"), Value: w.Say("manifest.json, beside index.html, has the SHA-256 of each")},
	), eventFacts(w, req)...)}
}

func resultsStage(w *text.Words, l measures.Lineage, f resultsFacts, definitions []measures.Definition) page.Stage {
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
		study = w.Say("{from} to {to}", f.Low, last)
	}
	return page.Stage{Name: w.Say("Results snapshot"), ID: l.Results, Facts: known(
		page.Fact{Name: w.Say("Data as of"), Value: l.AsOf.Format(time.DateOnly)},
		page.Fact{Name: w.Say("Periods"), Value: periodList(w, l.Periods)},
		page.Fact{Name: w.Say("Study window of cohorts"), Value: study},
		page.Fact{Name: w.Say("Definitions"), Value: w.Say("{measures, plural, one {# measure} other {# measures}}, {cohorts, plural, one {# cohort} other {# cohorts}}; versions below", count("measure"), count("cohort"))},
		page.Fact{Name: w.Say("Measure engine, version"), Value: l.Engine},
		page.Fact{Name: w.Say("Checkpoint of the store's log"), Value: l.Checkpoint, Code: true},
	)}
}

func extractStage(w *text.Words, l measures.Lineage, r extractRecipe, f extractFacts) page.Stage {
	s := page.Stage{Name: w.Say("Extract snapshot"), ID: l.Extract}
	if l.ExtractRecipe == nil {
		s.Note = w.Say("This extract is no longer in the store, so what it was made from cannot be listed here.")
		return s
	}
	asOf := f.AsOf
	if asOf != "" && r.AsOf == "" {
		asOf = w.Say("{day}, the newest clinical event in the data", asOf)
	} else if asOf != "" {
		asOf = w.Say("{day}, as asked", asOf)
	}
	observable := orSaid(w, observableWords, f.Observable)
	if r.Observable == "auto" && observable != "" {
		observable = w.Say("{observed} (chosen automatically)", observable)
	}
	zone := r.Zone
	if len(r.Sources) > 0 {
		var each []string
		for _, one := range r.Sources {
			each = append(each, one.Source+" "+one.Zone)
		}
		zone = strings.Join(each, ", ")
	}
	s.Facts = known(
		page.Fact{Name: w.Say("Data as of"), Value: asOf},
		page.Fact{Name: w.Say("Privacy profile"), Value: orSaid(w, profileWords, r.Profile)},
		page.Fact{Name: w.Say("Privacy policy, SHA-256"), Value: r.Policy, Code: true},
		page.Fact{Name: w.Say("Key, by its public name"), Value: r.Key, Code: true},
		page.Fact{Name: w.Say("Time zone"), Value: zone},
		page.Fact{Name: w.Say("Time under observation"), Value: observable},
		page.Fact{Name: w.Say("Extraction, version"), Value: string(r.Step)},
	)
	return s
}

func inputStage(w *text.Words, r extractRecipe) page.Stage {
	s := page.Stage{Name: w.Say("Input files"), ID: r.Order, Note: w.Say("One SHA-256 over those of all files, in order. The extract's manifest in the store lists each file's SHA-256 and bytes."),
		Facts: known(page.Fact{Name: w.Say("Source"), Value: r.Source})}
	for _, one := range r.Sources {
		s.Facts = append(s.Facts, page.Fact{Name: w.Say("Source {name}", one.Source), Value: one.Order, Code: true})
	}
	return s
}

var profileWords = map[string]text.Message{
	"shifted":     "shifted: the dates of each patient are moved by a secret number of days",
	"limited":     "limited: true dates and areas, no direct identifiers",
	"safe-harbor": "safe-harbor: of each date the year alone, ages up to 89, codes under a key that nobody keeps",
}

var observableWords = map[string]text.Message{
	"enrolment-gap45": "insurance coverage, gaps of up to 45 days bridged",
	"contact":         "from the first encounter to the last",
}

// accounting is what became of the records of each type.
func accounting(w *text.Words, r records) *page.Table {
	t := &page.Table{Caption: w.Say("Records by resource type, as the extract found them"), Labels: []string{w.Say("Resource type")},
		Counts: []string{w.Say("Read"), w.Say("Stored"), w.Say("Superseded"), w.Say("Type not in policy"), w.Say("Dropped"), w.Say("Rejected")}}
	row := func(name string, a disclose.Account) page.TableRow {
		return page.TableRow{Labels: []string{name}, Counts: append([]disclose.Count{a.Total}, a.Parts...)}
	}
	for i, name := range r.types {
		if name == rejectedLines {
			name = w.Say("Rejected lines")
		}
		t.Rows = append(t.Rows, row(name, r.released.Accounts.Rows[i]))
	}
	sum := row(w.Say("All"), r.released.Accounts.Total)
	sum.Total = true
	t.Rows = append(t.Rows, sum)
	return t
}

// losses is what was left out, by reason and by place, for those inside; nil when nothing was.
func losses(w *text.Words, f extractFacts, p disclose.Policy) *page.Table {
	t := &page.Table{Caption: w.Say("What was left out, by reason and by place"), Labels: []string{w.Say("Left out"), w.Say("Reason or place")}, Counts: []string{w.Say("Count")}}
	for _, part := range []struct {
		name   string
		counts map[string]int64
	}{
		{w.Say("Record dropped"), f.DropReasons}, {w.Say("Line rejected"), f.RejectReasons}, {w.Say("Value dropped"), f.ValuesDropped}, {w.Say("Element not in the policy"), f.Unread},
	} {
		for _, k := range slices.Sorted(maps.Keys(part.counts)) {
			t.Rows = append(t.Rows, page.TableRow{Labels: []string{part.name, orSaid(w, reasonWords, k)}, Counts: []disclose.Count{p.Inside(part.counts[k])}})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// linkage is who was found in several sources, for those inside; nil where nobody was looked for.
func linkage(w *text.Words, l *datasets.Linkage, p disclose.Policy) *page.Table {
	if l == nil {
		return nil
	}
	t := &page.Table{Caption: w.Say("The same person in several sources"), Labels: []string{w.Say("Linkage"), w.Say("Of which")}, Counts: []string{w.Say("Count")}}
	row := func(name, which string, n int64) {
		t.Rows = append(t.Rows, page.TableRow{Labels: []string{name, which}, Counts: []disclose.Count{p.Inside(n)}})
	}
	row(w.Say("Patient records"), w.Say("in all sources"), l.Patients)
	row(w.Say("Persons"), w.Say("each counted once"), l.Persons)
	row(w.Say("Linked pairs"), w.Say("of two sources"), l.Linked)
	for _, part := range []struct {
		name   string
		counts map[string]int64
	}{
		{w.Say("Linked by rule"), l.ByRule}, {w.Say("Linked by sources"), l.BySources}, {w.Say("Persons by number of records"), l.BySize}, {w.Say("Not linked"), l.NotLinked},
	} {
		for _, k := range slices.Sorted(maps.Keys(part.counts)) {
			row(part.name, orSaid(w, linkWords, k), part.counts[k])
		}
	}
	if l.Unusable > 0 {
		row(w.Say("Not linked"), w.Say("the record says too little of who it is"), l.Unusable)
	}
	if l.OptedOut > 0 {
		row(w.Say("Left out"), w.Say("the person opted out, or was removed, in another source"), l.OptedOut)
	}
	return t
}

// linkWords are the rules of linkage, and why a pair is not linked.
var linkWords = map[string]text.Message{
	"names, birth date, place":                   "names, birth date, place",
	"names, birth date, sex":                     "names, birth date, sex",
	"a name one letter off":                      "a name one letter off",
	"another family name":                        "another family name",
	"birth date one slip off":                    "birth date one slip off",
	"different days of death":                    "different days of death",
	"sex and birth date both differ":             "sex and birth date both differ",
	"several of one source fit as well":          "several of one source fit as well",
	"persons that pairs put together do not fit": "persons that pairs put together do not fit",
}

// reasonWords explain codes that say too little; others are shown as they are.
var reasonWords = map[string]text.Message{
	"implicit-rules":             "the record depends on implicit rules",
	"unknown-modifier-extension": "a modifier extension that is not known may change the record's meaning",
	"missing-subject":            "the record names no patient",
}

// orSaid says a code in words where there are some for it.
func orSaid(w *text.Words, list map[string]text.Message, code string) string {
	if m, ok := list[code]; ok {
		return w.Say(m)
	}
	return code
}

// audienceWords name whom the report is for.
func audienceWords(w *text.Words, a Audience) string {
	if a == Internal {
		return w.Say("internal")
	}
	return w.Say("external")
}

// periodList is "24 months 2024-01 to 2025-12; 24 windows of 12 months that end with ...".
func periodList(w *text.Words, ids []string) string {
	type span struct {
		noun   string
		months string // of a window
		ends   []string
	}
	var spans []*span
	for _, id := range ids {
		window, end, rolling := strings.Cut(id, "/")
		one := span{noun: "month"}
		switch {
		case rolling:
			one = span{noun: "window", months: strings.TrimSuffix(strings.TrimPrefix(window, "P"), "M")}
		case strings.Contains(id, "Q"):
			one.noun = "quarter"
		case len(id) == len("2025"):
			one.noun = "year"
		}
		if !rolling {
			end = id
		}
		i := slices.IndexFunc(spans, func(s *span) bool { return s.noun == one.noun && s.months == one.months })
		if i < 0 {
			i, spans = len(spans), append(spans, &one)
		}
		spans[i].ends = append(spans[i].ends, end)
	}
	var parts []string
	for _, s := range spans {
		slices.Sort(s.ends)
		ends, n := s.ends[0], len(s.ends)
		if n > 1 {
			ends = w.Say("{from} to {to}", ends, s.ends[n-1])
		}
		switch s.noun {
		case "month":
			parts = append(parts, w.Say("{n, plural, one {# month} other {# months}} {ends}", n, ends))
		case "quarter":
			parts = append(parts, w.Say("{n, plural, one {# quarter} other {# quarters}} {ends}", n, ends))
		case "year":
			parts = append(parts, w.Say("{n, plural, one {# year} other {# years}} {ends}", n, ends))
		default:
			parts = append(parts, w.Say("{n, plural, one {# window} other {# windows}} of {months} months that end with {ends}", n, s.months, ends))
		}
	}
	return w.JoinParts(parts)
}

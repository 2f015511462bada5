package reports

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// accounting is the identity of an extract: what was read became one of these.
var accounting = []struct{ key, words string }{
	{"stored", "Stored"},
	{"superseded", "Superseded by a newer version"},
	{"not_in_policy", "Of a type that is not kept"},
	{"dropped_by_policy", "Dropped by the privacy policy"},
	{"rejected", "Rejected as damaged"},
}

// runPage lists where the numbers came from. Settings and hashes are shown to
// everyone; counts only as released sums, and other numbers from the data only
// inside the organisation.
func runPage(in input, req Request) page.Run {
	l := in.lineage
	run := page.Run{Command: req.Command}
	add := func(name, value string, code bool) {
		if value != "" {
			run.Facts = append(run.Facts, page.Fact{Name: name, Value: value, Code: code})
		}
	}
	add("Data as of", dayOf(l.AsOf), false)
	add("Results snapshot", l.Results, true)
	add("Extract snapshot", l.Extract, true)
	add("Measure engine", l.Engine, true)
	add("Periods", periodList(l.Periods), true)
	for _, part := range []struct {
		name   string
		values map[string]any
		data   bool // values were counted from the data
	}{
		{"Extract", l.ExtractRecipe, false}, {"Extract, found", l.ExtractFacts, true},
		{"Results", l.Recipe, false}, {"Results, found", l.Facts, true},
	} {
		for _, f := range flatten("", plain(part.values)) {
			if f.number && part.data && req.Audience != disclose.Internal {
				continue
			}
			if !isAccounting(f.name) && f.name != "periods" && f.name != "engine" {
				add(part.name+": "+factName(f.name), f.value, true)
			}
		}
	}
	if a, ok := account(plain(l.ExtractFacts), req.Audience); ok {
		run.Accounts = append(run.Accounts, a)
	}
	return run
}

// factNames explain the keys of recipes and facts; others are shown as they are.
var factNames = map[string]string{
	"as_of": "data as of", "key": "name of the key (not the key)", "observable": "rule of observed time", "order": "input files, hash of their hashes",
	"policy": "privacy policy, version", "profile": "privacy profile", "source": "name of the source", "step": "version of the step", "zone": "time zone of the source",
}

func factName(key string) string {
	if w, ok := factNames[key]; ok {
		return w
	}
	return strings.ReplaceAll(strings.ReplaceAll(key, "_", " "), ".", ", ")
}

// periodList is "2024-01 to 2025-12 (24), P12M/2024-01 to P12M/2025-12 (24)".
func periodList(ids []string) string {
	kind := func(id string) string { // years, quarters, months, or windows of one length
		window, _, _ := strings.Cut(id, "/")
		if window == id {
			window = ""
		}
		return fmt.Sprint(window, len(id))
	}
	sorted := slices.Clone(ids)
	slices.SortFunc(sorted, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	var parts []string
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && kind(sorted[n]) == kind(sorted[0]) {
			n++
		}
		words := sorted[0]
		if n > 1 {
			words = fmt.Sprintf("%s to %s (%d)", sorted[0], sorted[n-1], n)
		}
		parts = append(parts, words)
		sorted = sorted[n:]
	}
	return strings.Join(parts, ", ")
}

// plain brings values to what JSON has, so that results just made and results
// read again give the same page.
func plain(m map[string]any) map[string]any {
	b, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out map[string]any
	if d.Decode(&out) != nil {
		return nil
	}
	return out
}

func isAccounting(name string) bool {
	return name == "read" || slices.ContainsFunc(accounting, func(a struct{ key, words string }) bool { return a.key == name })
}

// account is the accounting identity, if the extract states all of it.
func account(facts map[string]any, a Audience) (page.Account, bool) {
	total, ok := whole(facts["read"])
	x := disclose.ExactAccount{Total: total}
	out := page.Account{Name: "What became of each record"}
	for _, part := range accounting {
		n, found := whole(facts[part.key])
		ok = ok && found
		x.Parts = append(x.Parts, n)
		out.Parts = append(out.Parts, part.words)
	}
	out.Sum = disclose.ReleaseAccount(a, x)
	return out, ok
}

func whole(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

type scalar struct {
	name, value string
	number      bool
}

// flatten gives the scalars of nested maps in order of name.
func flatten(prefix string, m map[string]any) []scalar {
	var out []scalar
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		name := strings.TrimPrefix(prefix+"."+k, ".")
		switch v := m[k].(type) {
		case nil:
		case map[string]any:
			out = append(out, flatten(name, v)...)
		case []any:
			words := make([]string, len(v))
			number := false
			for i, e := range v {
				b, err := json.Marshal(e)
				if words[i] = string(b); err != nil {
					words[i] = fmt.Sprint(e)
				}
				if s, ok := e.(string); ok {
					words[i] = s
				} else {
					number = true
				}
			}
			out = append(out, scalar{name, strings.Join(words, ", "), number})
		case string:
			out = append(out, scalar{name, v, false})
		case bool:
			out = append(out, scalar{name, fmt.Sprint(v), false})
		default:
			b, err := json.Marshal(v)
			if err != nil {
				continue
			}
			out = append(out, scalar{name, string(b), true})
		}
	}
	return out
}

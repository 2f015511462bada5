package reports

import (
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
	add("Periods", strings.Join(l.Periods, ", "), true)
	for _, part := range []struct {
		name   string
		values map[string]any
		data   bool // values were counted from the data
	}{
		{"Asked for, extract", l.ExtractRecipe, false}, {"Found, extract", l.ExtractFacts, true},
		{"Asked for, results", l.Recipe, false}, {"Found, results", l.Facts, true},
	} {
		for _, f := range flatten("", part.values) {
			if f.number && part.data && req.Audience != disclose.Internal {
				continue
			}
			if !isAccounting(f.name) {
				add(part.name+": "+strings.ReplaceAll(f.name, "_", " "), f.value, true)
			}
		}
	}
	if a, ok := account(l.ExtractFacts, req.Audience); ok {
		run.Accounts = append(run.Accounts, a)
	}
	return run
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
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case float64:
		return int64(n), n == float64(int64(n))
	case json.Number:
		i, err := n.Int64()
		return i, err == nil
	}
	return 0, false
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

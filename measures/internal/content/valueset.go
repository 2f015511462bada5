package content

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// valueSet is a ValueSet as it is read, before others that it includes are known.
type valueSet struct {
	ValueSet
	file      string
	compose   *composeJSON
	state     int // 0 not begun, 1 under way, 2 done
	expansion bool
}

type composeJSON struct {
	Include []includeJSON `json:"include"`
	Exclude []includeJSON `json:"exclude"`
}

type includeJSON struct {
	System  string `json:"system"`
	Concept []struct {
		Code string `json:"code"`
	} `json:"concept"`
	Filter   []json.RawMessage `json:"filter"`
	ValueSet []string          `json:"valueSet"`
}

type containsJSON struct {
	System   string         `json:"system"`
	Code     string         `json:"code"`
	Abstract bool           `json:"abstract"`
	Contains []containsJSON `json:"contains"`
}

func (l *loader) valueSet(file string, raw []byte) {
	var j struct {
		URL       string       `json:"url"`
		Version   string       `json:"version"`
		Name      string       `json:"name"`
		Compose   *composeJSON `json:"compose"`
		Expansion *struct {
			Total     *int           `json:"total"`
			Contains  []containsJSON `json:"contains"`
			Parameter []struct {
				Name string `json:"name"`
				Bool bool   `json:"valueBoolean"`
			} `json:"parameter"`
		} `json:"expansion"`
	}
	if json.Unmarshal(raw, &j) != nil {
		l.report(file, "bad-value-set", "the ValueSet is not of FHIR R4's form", "")
		return
	}
	v := valueSet{ValueSet: ValueSet{URL: j.URL, Version: j.Version, Name: j.Name}, file: file, compose: j.Compose}
	if e := j.Expansion; e != nil {
		listed := 0
		var walk func([]containsJSON)
		walk = func(list []containsJSON) {
			for _, c := range list {
				listed++
				if c.Code != "" && !c.Abstract {
					v.Codes = append(v.Codes, Code{c.System, c.Code})
				}
				walk(c.Contains)
			}
		}
		walk(e.Contains)
		v.expansion, v.state = true, 2
		if e.Total != nil && *e.Total > listed {
			v.Problem = fmt.Sprintf("its expansion has %d of %d codes", listed, *e.Total)
		}
		for _, p := range e.Parameter {
			if p.Bool && (p.Name == "limitedExpansion" || p.Name == "incomplete") {
				v.Problem = "its expansion says that it is not whole"
			}
		}
	}
	l.sets = append(l.sets, v)
}

// expand makes the codes of every value set: of its expansion, or else of its
// compose, over the value sets that it includes.
func (l *loader) expand() {
	byURL := map[string]*valueSet{}
	for i := range l.sets {
		v := &l.sets[i]
		byURL[v.URL] = v
		byURL[v.URL+"|"+v.Version] = v
	}
	for i := range l.sets {
		v := &l.sets[i]
		v.resolve(byURL)
		slices.SortFunc(v.Codes, func(a, b Code) int { return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Code, b.Code)) })
		v.Codes = slices.Compact(v.Codes)
		l.pkg.ValueSets = append(l.pkg.ValueSets, v.ValueSet)
	}
}

// resolve makes the codes of a value set that has no expansion (FHIR R4, ValueSet,
// 4.9.4 "Composition rules"): includes are united, what stands in one include is
// intersected, and excludes are taken away.
func (v *valueSet) resolve(byURL map[string]*valueSet) {
	if v.state == 2 {
		return
	}
	if v.state == 1 {
		v.Problem = "it includes itself"
		return
	}
	v.state = 1
	defer func() { v.state = 2 }()
	if v.compose == nil {
		v.Problem = "it has neither expansion nor compose"
		return
	}
	for _, inc := range v.compose.Include {
		codes, problem := inc.codes(byURL)
		v.Codes = append(v.Codes, codes...)
		v.Problem = either(v.Problem, problem)
	}
	for _, exc := range v.compose.Exclude {
		codes, problem := exc.codes(byURL)
		v.Codes = slices.DeleteFunc(v.Codes, func(c Code) bool { return slices.Contains(codes, c) })
		v.Problem = either(v.Problem, problem)
	}
}

func (inc includeJSON) codes(byURL map[string]*valueSet) (codes []Code, problem string) {
	first := true
	meet := func(more []Code) {
		if first {
			codes, first = slices.Clone(more), false
			return
		}
		codes = slices.DeleteFunc(codes, func(c Code) bool { return !slices.Contains(more, c) })
	}
	for _, url := range inc.ValueSet {
		other := byURL[url]
		if other == nil {
			bare, _, _ := strings.Cut(url, "|")
			other = byURL[bare]
		}
		if other == nil {
			return nil, "it includes " + url + ", which is not in the package"
		}
		other.resolve(byURL)
		if other.Problem != "" {
			problem = "it includes " + url + ": " + other.Problem
		}
		meet(other.Codes)
	}
	switch {
	case len(inc.Concept) > 0:
		var listed []Code
		for _, c := range inc.Concept {
			listed = append(listed, Code{inc.System, c.Code})
		}
		meet(listed)
	case len(inc.Filter) > 0:
		return codes, "it takes codes of " + inc.System + " by a filter, which needs a terminology server"
	case inc.System != "" && len(inc.ValueSet) == 0:
		return codes, "it takes the whole of " + inc.System + ", whose codes are not in the package"
	case inc.System != "":
		codes = slices.DeleteFunc(codes, func(c Code) bool { return c.System != inc.System })
	}
	return codes, problem
}

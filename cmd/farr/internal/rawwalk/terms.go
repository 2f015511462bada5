package rawwalk

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Terms are the codes of a published package by the name that its CQL gives them: a
// value set's by its expansion, a single code as a set of one.
type Terms map[string]codes

// codes is a set of "system|code".
type codes map[string]bool

var declaration = regexp.MustCompile(`(?m)^(codesystem|valueset|code) +"?([^":\n]+)"? *: *'([^']+)'(?: +from +(?:"([^"\n]+)"|(\w+)))?`)

// ReadTerms reads the declarations of the named libraries' CQL below input and, from the
// vocabulary, the expansions of their value sets. One name is one set of codes in all of
// them, or there is an error.
func ReadTerms(input string, libraries ...string) (Terms, error) {
	terms, urls := Terms{}, map[string]string{}
	for _, library := range libraries {
		cql, err := os.ReadFile(filepath.Join(input, "cql", library+".cql"))
		if err != nil {
			return nil, err
		}
		systems := map[string]string{}
		for _, d := range declaration.FindAllStringSubmatch(string(cql), -1) {
			kind, name, id := d[1], d[2], d[3]
			switch kind {
			case "codesystem":
				systems[name] = id
			case "valueset":
				if other, ok := urls[name]; ok && other != id {
					return nil, fmt.Errorf("%s: the value set %q is another one elsewhere", library, name)
				}
				urls[name] = id
			case "code":
				system := systems[d[4]+d[5]]
				one := codes{system + "|" + id: true}
				if system == "" || terms[name] != nil && !terms[name][first(one)] {
					return nil, fmt.Errorf("%s: the code %q is another one elsewhere, or of no system", library, name)
				}
				terms[name] = one
			}
		}
	}
	sets, err := expansions(filepath.Join(input, "vocabulary", "valueset"), urls)
	if err != nil {
		return nil, err
	}
	for name, url := range urls {
		if terms[name] != nil || len(sets[url]) == 0 {
			return nil, fmt.Errorf("value set %q: without an expansion, or a code has its name", name)
		}
		terms[name] = sets[url]
	}
	return terms, nil
}

// First is one code of a set as system and code: the first of the system, in the order
// of the text.
func (t Terms) First(name, system string) (string, error) {
	for _, c := range sorted(t[name]) {
		if s, code, _ := strings.Cut(c, "|"); s == system {
			return code, nil
		}
	}
	return "", fmt.Errorf("%q has no code of %s", name, system)
}

func first(c codes) string { return sorted(c)[0] }

func sorted(c codes) []string {
	var all []string
	for code := range c {
		all = append(all, code)
	}
	slices.Sort(all)
	return all
}

type contained struct {
	System, Code string
	Contains     []contained
}

// expansions reads the codes of the value sets of the given URLs, by URL: the name of a
// file does not always say whose it is.
func expansions(dir string, urls map[string]string) (map[string]codes, error) {
	wanted := map[string]bool{}
	for _, url := range urls {
		wanted[url] = true
	}
	sets := map[string]codes{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var set struct {
			URL       string
			Expansion struct {
				Total    *int
				Contains []contained
			}
		}
		if err := json.Unmarshal(text, &set); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if !wanted[set.URL] {
			return nil
		}
		all := codes{}
		add(all, set.Expansion.Contains)
		if n := set.Expansion.Total; n != nil && *n > len(all) {
			return fmt.Errorf("%s: the expansion is cut short", path)
		}
		sets[set.URL] = all
		return nil
	})
	return sets, err
}

func add(to codes, list []contained) {
	for _, c := range list {
		if c.Code != "" {
			to[c.System+"|"+c.Code] = true
		}
		add(to, c.Contains)
	}
}

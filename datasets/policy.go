package datasets

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"farr/datasets/internal/deid"
)

// Policy is a set of policy tables: what becomes of each element of each record.
type Policy struct {
	tables *deid.Policy
	files  fs.FS
}

// OpenPolicy reads the tables of a folder, or with "" those that come with farr. A folder's are held against
// FHIR R4: the error has every mistake in them, at its place.
func OpenPolicy(dir string) (*Policy, error) {
	if dir == "" {
		tables, err := deid.LoadPolicy()
		return &Policy{tables, deid.EmbeddedPolicy()}, err
	}
	if err := isFolder(dir); err != nil {
		return nil, err
	}
	files := os.DirFS(dir)
	tables, err := deid.OpenPolicy(files, dir)
	if err != nil {
		return nil, err
	}
	return &Policy{tables, files}, nil
}

// Types are the types of FHIR that the tables are of, by name.
func (p *Policy) Types() []string { return p.tables.Types() }

func isFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("policy: %s is no folder", dir)
	}
	return nil
}

// LintPolicy gives everything that is wrong in a folder of tables, or with "" in those that come with farr.
func LintPolicy(dir string) error {
	files := deid.EmbeddedPolicy()
	if dir != "" {
		if err := isFolder(dir); err != nil {
			return err
		}
		files = os.DirFS(dir)
	}
	_, err := deid.Lint(files, cmp.Or(dir, "policy"))
	return err
}

// Hash is the hex SHA-256 over all files of the tables.
func (p *Policy) Hash() string { return p.tables.Hash() }

// PolicyLine is one line of a table as one profile takes it, and PolicyType one table.
type (
	PolicyLine = deid.PolicyLine
	PolicyType = deid.PolicyType
)

// Effects are what a profile may do with an element, in the order of a page.
var Effects = []string{deid.Keeps, deid.Changes, deid.Seals, deid.Drops}

// Describe says what a profile does with every element of the types that have a table.
func (p *Policy) Describe(profile string) ([]PolicyType, error) {
	return p.tables.Describe(deid.Profile(profile))
}

// ExportPolicy writes the tables that come with farr into a folder that is new or empty, to be changed.
func ExportPolicy(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("export policy: %w", err)
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("export policy: %w", err)
	}
	if len(there) > 0 {
		return fmt.Errorf("export policy: %s is not empty", dir)
	}
	files := deid.EmbeddedPolicy()
	names, err := fs.Glob(files, "*")
	if err != nil {
		return fmt.Errorf("export policy: %w", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("export policy: %w", err)
		}
	}
	return nil
}

// PolicyDifference is one thing in which two sets of tables, or two profiles, differ.
type PolicyDifference struct {
	Type   string `json:"type,omitempty"` // resource type; "" for a list
	List   string `json:"list,omitempty"` // file of a list
	What   string `json:"what"`           // path and column, or the line of a list
	Before string `json:"before"`         // what the first does; "" where it has no such line
	After  string `json:"after"`
}

// DiffPolicies compares what two sets of tables do, each under a profile, by type, path and column. With equal
// profiles the lists are compared, too, line by line.
func DiffPolicies(a *Policy, profileA string, b *Policy, profileB string) ([]PolicyDifference, error) {
	before, err := a.actions(profileA)
	if err != nil {
		return nil, err
	}
	after, err := b.actions(profileB)
	if err != nil {
		return nil, err
	}
	var all []PolicyDifference
	for at, action := range before {
		if after[at] != action {
			all = append(all, PolicyDifference{Type: at.typ, What: at.what, Before: action, After: after[at]})
		}
	}
	for at, action := range after {
		if _, both := before[at]; !both {
			all = append(all, PolicyDifference{Type: at.typ, What: at.what, After: action})
		}
	}
	if profileA == profileB {
		lists, err := diffLists(a.files, b.files)
		if err != nil {
			return nil, err
		}
		all = append(all, lists...)
	}
	slices.SortFunc(all, func(x, y PolicyDifference) int {
		return cmp.Or(strings.Compare(x.List, y.List), strings.Compare(x.Type, y.Type), strings.Compare(x.What, y.What))
	})
	return all, nil
}

// policyPlace is a line: what it is about.
type policyPlace struct{ typ, what string }

// actions says for every line what is done, with all that a reader would call a difference.
func (p *Policy) actions(profile string) (map[policyPlace]string, error) {
	types, err := p.Describe(profile)
	if err != nil {
		return nil, err
	}
	all := map[policyPlace]string{}
	for _, t := range types {
		for _, said := range t.Directives {
			name, rest, _ := strings.Cut(said, " ")
			all[policyPlace{t.Type, name}] = cmp.Or(rest, "said")
		}
		for _, l := range t.Lines {
			action := l.Action
			if l.Values != "" {
				action += " (" + l.Values + ")"
			}
			all[policyPlace{t.Type, l.Path + " as " + l.Column}] = action
		}
	}
	return all, nil
}

// diffLists compares lists as sets of lines.
func diffLists(a, b fs.FS) (all []PolicyDifference, err error) {
	before, err1 := deid.Lists(a)
	after, err2 := deid.Lists(b)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	only := func(these, those []deid.List, add func(list, line string)) {
		for _, l := range these {
			other := map[string]bool{}
			for _, o := range those {
				for _, line := range o.Lines {
					if o.Name == l.Name {
						other[line] = true
					}
				}
			}
			for _, line := range l.Lines {
				if !other[line] {
					add(l.Name, line)
				}
			}
		}
	}
	only(before, after, func(list, line string) {
		all = append(all, PolicyDifference{List: list, What: line, Before: "there"})
	})
	only(after, before, func(list, line string) { all = append(all, PolicyDifference{List: list, What: line, After: "there"}) })
	return all, nil
}

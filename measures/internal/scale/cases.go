package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"farr/datasets"
	"farr/measures"
	"farr/measures/internal/content"
)

// listed is a case in the extract, for who compares results with another engine's.
type listed struct {
	Measure string `json:"measure"` // name of the measure that the case tests
	Case    string `json:"case"`    // folder/ID
	Dir     string `json:"dir"`
	PID     string `json:"pid"` // pseudonym in the extract
	Low     string `json:"low"` // first and last day of the case's period
	High    string `json:"high"`
}

// cases extracts the test cases of published measures and imports the measures.
func cases(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("cases", flag.ContinueOnError)
	dir := f.String("content", "", "folder of the published measures and their cases")
	store := f.String("store", "", "folder of the store to write; made when missing")
	key := f.String("key", "", "file of the project key; made when missing")
	profile := f.String("profile", "limited", "de-identification profile: limited or shifted")
	names := f.String("measure", "", "names of measures whose cases to take, by commas; all when empty")
	atLeast := f.Int("at-least", 0, "fill up with cases of other measures to this number")
	folder := f.String("persons", "", "folder with a folder for each person, instead of the test cases")
	year := f.String("year", "2025", "the period of those persons")
	list := f.String("list", "", "file for a list of the cases as JSON")
	if err := f.Parse(args); err != nil {
		return err
	}
	choice := func() ([]listed, error) { return choose(*dir, *names, *atLeast) }
	if *folder != "" {
		choice = func() ([]listed, error) { return foldersOf(*folder, *year) }
	}
	chosen, err := choice()
	if err != nil {
		return err
	}
	var sources []datasets.Case
	for _, c := range chosen {
		sources = append(sources, datasets.Case{Source: c.Case, Dir: c.Dir})
	}
	s, err := datasets.CreateStore(ctx, *store)
	if err != nil {
		return err
	}
	defer s.Close()
	k, err := readOrCreateKey(*key)
	if err != nil {
		return err
	}
	report, err := datasets.Extract(ctx, s, datasets.ExtractRequest{Cases: sources, Key: k, Profile: *profile, MaxReject: 1, Progress: sayStep()})
	if err != nil {
		return err
	}
	if _, err := measures.Import(ctx, s, *dir, false); err != nil {
		return err
	}
	if *list != "" {
		pids, err := datasets.PIDs(k, sources)
		if err != nil {
			return err
		}
		for i := range chosen {
			chosen[i].PID = pids[i]
		}
		text, err := json.MarshalIndent(chosen, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(*list, append(text, '\n'), 0o600); err != nil {
			return err
		}
	}
	return show(map[string]any{"snapshot": report.Snapshot, "cases": len(chosen), "stored": report.Stored, "rejected": report.Rejected})
}

// choose takes all cases of the measures named and, up to a number, others: those stand evenly
// among all the others, so that they are of many measures.
func choose(dir, names string, atLeast int) ([]listed, error) {
	pkg, err := content.Load(dir)
	if err != nil {
		return nil, err
	}
	all, err := content.Cases(dir)
	if err != nil {
		return nil, err
	}
	only := map[string]bool{}
	for _, name := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' }) {
		m := pkg.MeasureNamed(name)
		if m == nil {
			return nil, fmt.Errorf("the package has no measure %s", name)
		}
		only[m.Name] = true
	}
	var chosen, others []listed
	for _, c := range all {
		m := pkg.MeasureOf(c)
		if m == nil || c.Mistake != "" {
			continue
		}
		one := listed{Measure: m.Name, Case: c.Folder + "/" + c.ID, Dir: c.Dir, Low: c.Low, High: c.High}
		if len(only) == 0 || only[m.Name] {
			chosen = append(chosen, one)
		} else {
			others = append(others, one)
		}
	}
	if missing := min(atLeast-len(chosen), len(others)); missing > 0 {
		for i := range missing {
			chosen = append(chosen, others[i*len(others)/missing])
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("no test cases")
	}
	slices.SortFunc(chosen, func(a, b listed) int { return strings.Compare(a.Case, b.Case) })
	return chosen, nil
}

// foldersOf takes each folder in a folder as a person.
func foldersOf(dir, year string) (all []listed, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, listed{Case: e.Name(), Dir: filepath.Join(dir, e.Name()), Low: year + "-01-01", High: year + "-12-31"})
		}
	}
	return all, nil
}

// readOrCreateKey reads the key file, or makes one.
func readOrCreateKey(path string) (*datasets.Key, error) {
	key, err := datasets.ReadKey(path)
	if errors.Is(err, os.ErrNotExist) {
		return datasets.CreateKey(path)
	}
	return key, err
}

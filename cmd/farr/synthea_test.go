package main

import (
	"encoding/json"
	"slices"
	"testing"

	"farr/cmd/farr/internal/rawwalk"
	"farr/datasets"
	"farr/measures"
)

// TestRealInput reads an export that farr's authors did not write: every line is
// accounted for, and the patients in the denominator and numerator of two measures in
// 2019 are those that a plain walk over the raw JSON finds.
func TestRealInput(t *testing.T) {
	dir := shared(t, "synthea-615")
	p := newProject(t)
	p.export = dir

	got := p.extract()
	const lines = 147871 // as stated with the input
	if got.Read != lines || got.Rejected != 0 {
		t.Errorf("read %d lines and rejected %d, want %d and 0", got.Read, got.Rejected, lines)
	}
	if sum := got.Stored + got.Superseded + got.NotInPolicy + got.DroppedByPolicy + got.Rejected; sum != got.Read {
		t.Errorf("the accounting identity fails: %+v", got)
	}

	p.measure("--periods", "2019")
	library, err := measures.LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	records, err := rawwalk.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	pressure, hba1c := records.Year(2019, listsOf(t, library))
	shifted := p.table("subject")
	p.compareWalk(shifted, "blood-pressure-control", pressure)
	p.compareWalk(shifted, "hba1c-poor-control", hba1c)

	p.extract("--profile", "limited")
	p.measure("--periods", "2019")
	a, _ := json.Marshal(shifted)
	b, _ := json.Marshal(p.table("subject"))
	if string(a) != string(b) {
		t.Error("per-patient results differ between the profiles shifted and limited")
	}
}

// listsOf gives the walk the codes of the shipped value lists, which are data.
func listsOf(t *testing.T, library *measures.Library) rawwalk.Lists {
	lists := rawwalk.Lists{}
	for _, m := range library.Definitions() {
		for _, list := range m.Lists {
			var codes []string
			for _, c := range list.Codes {
				codes = append(codes, c.System+"|"+c.Code)
			}
			lists[list.Name] = codes
		}
	}
	return lists
}

func (p project) compareWalk(rows []map[string]string, measure string, want rawwalk.Counts) {
	p.t.Helper()
	key, err := datasets.ReadKey(p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	pids := func(ids []string) (out []string) {
		for _, id := range ids {
			out = append(out, datasets.PseudonymOf(key, "main", "Patient", id).String())
		}
		slices.Sort(out)
		return out
	}
	var denominator, numerator []string
	for _, r := range rows {
		if r["measure"] != measure || r["denominator"] != "true" {
			continue
		}
		denominator = append(denominator, r["pid"])
		if r["numerator"] == "true" {
			numerator = append(numerator, r["pid"])
		}
	}
	slices.Sort(denominator)
	slices.Sort(numerator)
	p.t.Logf("%s in 2019: %d of %d", measure, len(want.Numerator), len(want.Denominator))
	if len(want.Numerator) == 0 || len(want.Numerator) == len(want.Denominator) {
		p.t.Errorf("%s: the walk finds %d of %d, which proves nothing", measure, len(want.Numerator), len(want.Denominator))
	}
	if !slices.Equal(denominator, pids(want.Denominator)) {
		p.t.Errorf("%s: denominator of %d patients differs from the walk's %d", measure, len(denominator), len(want.Denominator))
	}
	if !slices.Equal(numerator, pids(want.Numerator)) {
		p.t.Errorf("%s: numerator of %d patients differs from the walk's %d", measure, len(numerator), len(want.Numerator))
	}
}

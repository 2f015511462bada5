package main

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"farr/cmd/farr/internal/rawwalk"
	"farr/datasets"
	"farr/measures"
)

// TestRealInput reads exports that farr's authors did not write: every line is accounted
// for, and the patients in the denominator and numerator of two measures, year by year,
// are those that a plain walk over the raw JSON finds. Nobody with diagnosed hypertension
// in synthea-615 has a controlled pressure in any year; in qicore-86 some have.
func TestRealInput(t *testing.T) {
	shared(t, "synthea-615")
	library, err := measures.LoadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	lists := listsOf(t, library)
	counted := map[string]int{}
	for _, input := range []struct {
		name        string
		lines       int64 // as stated with the input, or as counted by zcat | wc -l
		first, last int
	}{
		{"synthea-615", 147871, 2012, 2020},
		{"qicore-86", 24285, 2016, 2024},
	} {
		t.Run(input.name, func(t *testing.T) {
			p := newProject(t)
			p.export = shared(t, input.name)
			got := p.extract()
			if got.Read != input.lines || got.Rejected != 0 {
				t.Errorf("read %d lines and rejected %d, want %d and 0", got.Read, got.Rejected, input.lines)
			}
			if sum := got.Stored + got.Superseded + got.NotInPolicy + got.DroppedByPolicy + got.Rejected; sum != got.Read {
				t.Errorf("the accounting identity fails: %+v", got)
			}
			var years []string
			for year := input.first; year <= input.last; year++ {
				years = append(years, strconv.Itoa(year))
			}
			periods := "--periods=" + strings.Join(years, ",")
			p.measure(periods)
			records, err := rawwalk.Load(p.export)
			if err != nil {
				t.Fatal(err)
			}
			shifted := p.table("subject")
			for _, year := range years {
				number, _ := strconv.Atoi(year)
				pressure, hba1c := records.Year(number, lists)
				p.compareWalk(shifted, "blood-pressure-control", year, pressure)
				p.compareWalk(shifted, "hba1c-poor-control", year, hba1c)
				counted["pressure controlled"] += len(pressure.Numerator)
				counted["pressure not controlled"] += len(pressure.Denominator) - len(pressure.Numerator)
				counted["HbA1c poor"] += len(hba1c.Numerator)
				counted["HbA1c not poor"] += len(hba1c.Denominator) - len(hba1c.Numerator)
			}

			p.extract("--profile", "limited")
			p.measure(periods)
			if limited := p.table("subject"); !reflect.DeepEqual(shifted, limited) {
				t.Error("per-patient results differ between the profiles shifted and limited")
			}
		})
	}
	t.Logf("patients and years: %v", counted)
	for what, n := range counted {
		if n == 0 {
			t.Errorf("%s: the walk finds none in any year, which proves nothing", what)
		}
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

func (p project) compareWalk(rows []map[string]string, measure, year string, want rawwalk.Counts) {
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
		if r["measure"] != measure || r["period"] != year || r["denominator"] != "true" {
			continue
		}
		denominator = append(denominator, r["pid"])
		if r["numerator"] == "true" {
			numerator = append(numerator, r["pid"])
		}
	}
	slices.Sort(denominator)
	slices.Sort(numerator)
	p.t.Logf("%s in %s: %d of %d", measure, year, len(want.Numerator), len(want.Denominator))
	if !slices.Equal(denominator, pids(want.Denominator)) {
		p.t.Errorf("%s in %s: denominator of %d patients differs from the walk's %d", measure, year, len(denominator), len(want.Denominator))
	}
	if !slices.Equal(numerator, pids(want.Numerator)) {
		p.t.Errorf("%s in %s: numerator of %d patients differs from the walk's %d", measure, year, len(numerator), len(want.Numerator))
	}
}

package content

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"farr/datasets"
)

// Case is a test case of a measure: the record of one person, and what the
// measure must find in it.
type Case struct {
	Measure string // URL in the expected report, without version; editors rename measures, see Package.MeasureOf
	Folder  string // folder of the measure's cases, by custom the measure's name
	ID      string // folder of the case
	Dir     string
	Low     string // first day of the measurement period
	High    string // last day
	Groups  []ExpectedGroup
	Mistake string // why it cannot be run; empty when it can
}

// ExpectedGroup is a group of a MeasureReport. It stands at the place of the
// measure's group, since few give it an id.
type ExpectedGroup struct {
	ID          string
	Populations []ExpectedCount
}

// ExpectedCount is a population's count after the hierarchy of populations is
// applied. Populations of one code stand in the order of the measure's.
type ExpectedCount struct {
	Code  string
	Count int64
	ID    string // of the population in the report; may be empty
}

// Source is the case as a source of an extract.
func (c Case) Source() datasets.Case {
	return datasets.Case{Source: c.Folder + "/" + c.ID, Dir: c.Dir}
}

// Cases finds the test cases below a folder. A case is a folder of JSON files, and
// no folders, with a MeasureReport; loose files beside such folders are not read. Editors write a case twice, as resources and
// as a Bundle of them, and leave the report of a measure's earlier name: reports that expect the same are one.
func Cases(root string) ([]Case, error) {
	var cases []Case
	err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() || !isCase(root, dir) {
			return nil
		}
		c, err := readCase(root, dir)
		if err != nil {
			return err
		}
		if c != nil {
			cases = append(cases, *c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("test cases: %w", err)
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Folder+"/"+a.ID, b.Folder+"/"+b.ID) })
	return cases, nil
}

// isCase says whether a folder may be a case: JSON files and no folders.
func isCase(root, dir string) bool {
	below, err := filepath.Rel(root, dir)
	if err != nil || below == "." {
		return false
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	json := false
	for _, e := range entries {
		if e.IsDir() {
			return false
		}
		json = json || strings.HasSuffix(e.Name(), ".json")
	}
	return json
}

// readCase reads what a case expects; nil when it has no MeasureReport, and so is no case.
func readCase(root, dir string) (*Case, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	below, _ := filepath.Rel(root, dir)
	below = filepath.ToSlash(below)
	var found *Case
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, r := range reportsIn(text) {
			c := r.expects()
			c.Folder, c.ID, c.Dir = path.Base(path.Dir(below)), path.Base(below), dir
			if c.Folder == "." {
				c.Folder = filepath.Base(root)
			}
			switch {
			case found == nil:
				found = &c
			case !found.agrees(c):
				found.Mistake = "its MeasureReports expect different counts or periods"
			case path.Base(c.Measure) == c.Folder:
				c.Mistake = found.Mistake
				found = &c
			}
		}
	}
	switch {
	case found == nil || found.Mistake != "":
	case found.Low == "" || found.High == "":
		found.Mistake = "its MeasureReport has no period of days"
	default:
		if err := found.Source().Check(); err != nil {
			found.Mistake = err.Error()
		}
	}
	return found, nil
}

// agrees is whether two reports expect the same; groups go by their places, since ids change with the measure's name.
func (c Case) agrees(other Case) bool {
	return c.Low == other.Low && c.High == other.High && slices.EqualFunc(c.Groups, other.Groups, func(a, b ExpectedGroup) bool {
		return slices.EqualFunc(a.Populations, b.Populations, func(a, b ExpectedCount) bool { return a.Code == b.Code && a.Count == b.Count })
	})
}

// expects is the case that a report is of, but for its place.
func (r report) expects() (c Case) {
	c.Measure, _, _ = strings.Cut(r.Measure, "|")
	c.Low, c.High = day(r.Period.Start), day(r.Period.End)
	for _, g := range r.Group {
		one := ExpectedGroup{ID: g.ID}
		for _, p := range g.Population {
			one.Populations = append(one.Populations, ExpectedCount{p.Code.first(), p.Count, p.ID})
		}
		c.Groups = append(c.Groups, one)
	}
	return c
}

// report is what is read of a MeasureReport.
type report struct {
	ResourceType string `json:"resourceType"`
	Measure      string `json:"measure"`
	Period       struct{ Start, End string }
	Group        []struct {
		ID         string `json:"id"`
		Population []struct {
			ID    string  `json:"id"`
			Code  concept `json:"code"`
			Count int64   `json:"count"`
		} `json:"population"`
	} `json:"group"`
}

// concept is a CodeableConcept.
type concept struct {
	Coding []struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display"`
	} `json:"coding"`
}

func (c concept) first() string {
	if len(c.Coding) == 0 {
		return ""
	}
	return c.Coding[0].Code
}

// reportsIn are the MeasureReports of a file: one, or those of a Bundle.
func reportsIn(text []byte) (reports []report) {
	if !bytes.Contains(text, []byte("MeasureReport")) {
		return nil
	}
	for _, raw := range resourcesIn(text) {
		var r report
		if json.Unmarshal(raw, &r) == nil && r.ResourceType == "MeasureReport" {
			reports = append(reports, r)
		}
	}
	return reports
}

// resourcesIn gives a resource, or the resources of a Bundle.
func resourcesIn(text []byte) []json.RawMessage {
	var bundle struct {
		ResourceType string `json:"resourceType"`
		Entry        []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if json.Unmarshal(text, &bundle) != nil || bundle.ResourceType != "Bundle" {
		return []json.RawMessage{text}
	}
	var all []json.RawMessage
	for _, e := range bundle.Entry {
		if len(e.Resource) > 0 {
			all = append(all, resourcesIn(e.Resource)...)
		}
	}
	return all
}

// day is the day of a FHIR date or dateTime that is at least that precise.
func day(text string) string {
	if len(text) < len(time.DateOnly) {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err != nil {
		return ""
	}
	return text[:len(time.DateOnly)]
}

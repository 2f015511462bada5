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
}

// Source is the case as a source of an extract.
func (c Case) Source() datasets.Case {
	return datasets.Case{Source: c.Folder + "/" + c.ID, Dir: c.Dir}
}

// Cases finds the test cases below a folder. A case is a folder of JSON files, and
// no folders, with one MeasureReport; loose files beside such folders are not read.
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

// readCase reads a case's MeasureReport; nil when it has none, and so is no case.
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
			if found != nil {
				return nil, fmt.Errorf("%s: a case has one MeasureReport, here are more", below)
			}
			url, _, _ := strings.Cut(r.Measure, "|")
			found = &Case{Measure: url, Folder: path.Base(path.Dir(below)), ID: path.Base(below), Dir: dir, Low: day(r.Period.Start), High: day(r.Period.End)}
			if found.Folder == "." {
				found.Folder = filepath.Base(root)
			}
			if found.Low == "" || found.High == "" {
				return nil, fmt.Errorf("%s: its MeasureReport has no period", below)
			}
			for _, g := range r.Group {
				one := ExpectedGroup{ID: g.ID}
				for _, p := range g.Population {
					one.Populations = append(one.Populations, ExpectedCount{p.Code.first(), p.Count})
				}
				found.Groups = append(found.Groups, one)
			}
		}
	}
	return found, nil
}

// report is what is read of a MeasureReport.
type report struct {
	ResourceType string `json:"resourceType"`
	Measure      string `json:"measure"`
	Period       struct{ Start, End string }
	Group        []struct {
		ID         string `json:"id"`
		Population []struct {
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
	if len(text) < len("2024-01-01") {
		return ""
	}
	return text[:len("2024-01-01")]
}

package datasets

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"farr/datasets/bulk"
	"farr/datasets/fhir"
	"farr/datasets/internal/deid"
	"farr/internal/progress"
)

// ExportSource is one of several exports that go into one snapshot. What it says holds for its own records alone.
type ExportSource struct {
	Name        string       // part of every pseudonym: the same id in two sources is two resources
	Dir         string       // folder of *.ndjson and *.ndjson.gz
	Bulk        *bulk.Client // instead of Dir: the FHIR server that exports
	Zone        string       // IANA zone of local wall time; of several sources each must say its own
	OptOut      string
	SitesFile   string
	ConceptMaps []string
	MapBy       []string
	Expect      []string // types of FHIR that the source is said to have, see ExtractRequest
}

// SourceReport says what became of the lines of one of several sources:
//
//	Read = Stored + Superseded + NotInPolicy + DroppedByPolicy + Rejected + OptedOut + Deleted + Merged
type SourceReport struct {
	Name            string      `json:"name"`
	Zone            string      `json:"zone"`
	Read            int64       `json:"read"`
	Stored          int64       `json:"stored"`
	Superseded      int64       `json:"superseded"`
	NotInPolicy     int64       `json:"not_in_policy"`
	DroppedByPolicy int64       `json:"dropped_by_policy"`
	Rejected        int64       `json:"rejected"`
	OptedOut        int64       `json:"opted_out,omitempty"`
	Deleted         int64       `json:"deleted,omitempty"`
	Merged          int64       `json:"merged,omitempty"`
	OptOutListed    int64       `json:"opt_out_listed,omitempty"`
	OptOutUnmatched int64       `json:"opt_out_unmatched,omitempty"`
	Absent          []string    `json:"absent,omitempty"` // as of an ExtractReport
	Bulk            *BulkReport `json:"bulk,omitempty"`
}

// Unanswered says whether an earlier run asked some server for an export and saw no answer. Nothing was of no report.
func (r *ExtractReport) Unanswered() bool {
	if r == nil {
		return false
	}
	return r.Bulk != nil && r.Bulk.Unanswered || slices.ContainsFunc(r.Sources, func(s SourceReport) bool { return s.Bulk != nil && s.Bulk.Unanswered })
}

// alsoUnanswered takes over what the try before it was the last to know. Either may be nothing.
func (r *ExtractReport) alsoUnanswered(first *ExtractReport) {
	if r == nil || !first.Unanswered() {
		return
	}
	if r.Bulk != nil && first.Bulk != nil {
		r.Bulk.Unanswered = r.Bulk.Unanswered || first.Bulk.Unanswered
	}
	for i, one := range first.Sources {
		if i < len(r.Sources) && one.Bulk != nil && r.Sources[i].Bulk != nil {
			r.Sources[i].Bulk.Unanswered = r.Sources[i].Bulk.Unanswered || one.Bulk.Unanswered
		}
	}
}

// recipeSources lists the sources of an extract of several, in their order: of one, the recipe itself says what
// it is.
const recipeSources = "sources"

// recipeLinkage says by which rules the same person was looked for in several sources; it is not there where nobody was.
const recipeLinkage = "linkage"

// feed is a source on its way into the snapshot.
type feed struct {
	ExportSource
	number  int
	cases   []Case
	input   input
	config  deid.Config
	beside  []Input  // files beside the export: labels of sites, concept maps
	optOut  []string // ids of patients
	listed  bool     // an opt-out list was given
	ignored []string // files of the folder that look like input and were not read
	bulk    *BulkReport
	worker  *worker
	counts  SourceReport
}

// sources are the request's, with what is usual where nothing is said.
func (req ExtractRequest) sources() ([]ExportSource, error) {
	list := req.Sources
	switch {
	case len(list) > 0 && (req.Source != "" || req.Bulk != nil || len(req.Cases) > 0):
		return nil, errors.New("a source and a list of sources: give one of them")
	case len(list) == 0:
		list = []ExportSource{{
			Name: req.SourceName, Dir: req.Source, Bulk: req.Bulk, Zone: req.Zone, OptOut: req.OptOut, SitesFile: req.SitesFile,
			ConceptMaps: req.ConceptMaps, MapBy: req.MapBy, Expect: req.Expect,
		}}
		orDefault(&list[0].Name, "main")
	}
	if len(list) > mostSources {
		return nil, fmt.Errorf("%d sources: a snapshot has at most %d", len(list), mostSources)
	}
	if len(req.Cases) > 0 {
		if err := checkCases(req); err != nil {
			return nil, err
		}
	}
	if req.Link && len(list) < 2 {
		return nil, errors.New("linkage finds who is in several sources, and there is one")
	}
	list = slices.Clone(list)
	names, dirs := map[string]bool{}, map[string]string{}
	var wrong []error
	for i := range list {
		one := &list[i]
		if len(req.Cases) == 0 {
			if err := CheckSourceName(one.Name); err != nil {
				wrong = append(wrong, fmt.Errorf("source name %q: %w", one.Name, err))
			} else if names[one.Name] {
				wrong = append(wrong, fmt.Errorf("two sources are called %s: the name is part of every pseudonym", one.Name))
			}
		}
		names[one.Name] = true
		switch {
		case one.Bulk != nil && one.Dir != "":
			wrong = append(wrong, errors.New("a folder and a server: give one of them"))
		case one.Dir != "" && len(list) > 1:
			dir, err := filepath.Abs(one.Dir)
			if err == nil {
				dir, err = filepath.EvalSymlinks(dir)
			}
			if err != nil {
				dir = one.Dir // opening it tells
			}
			if before, twice := dirs[dir]; twice {
				wrong = append(wrong, fmt.Errorf("sources %s and %s are one folder", before, one.Name))
			}
			dirs[dir] = one.Name
		}
		for _, before := range list[:i] {
			if one.Bulk != nil && before.Bulk != nil && one.Bulk.Overlaps(before.Bulk.Request) {
				wrong = append(wrong, fmt.Errorf("sources %s and %s ask one server for the same records", before.Name, one.Name))
			}
		}
		if one.Zone == "" && len(list) > 1 {
			wrong = append(wrong, fmt.Errorf("source %s: of several sources each must say the zone of its clock", one.Name))
		}
		orDefault(&one.Zone, "UTC")
		if len(one.MapBy) == 0 {
			one.MapBy = deid.UsedEquivalences
		}
	}
	return list, errors.Join(wrong...)
}

// mostSources is how many a snapshot has at most: the number of a source is one byte of the order of its lines.
const mostSources = 256

// named says in an error which of several sources it is about.
func (e *feed) named(err error, sources int) error {
	if err == nil || sources == 1 || bulk.CodeOf(err) != "" { // what a server did is told with the source's name
		return err
	}
	return fmt.Errorf("source %s: %w", e.Name, err)
}

// open reads what stands beside a source's records.
func (x *extraction) open(e *feed) error {
	zone, err := deid.LoadZone(e.Zone)
	if err != nil {
		return err
	}
	labels, sites, err := readSites(e.SitesFile)
	if err != nil {
		return err
	}
	if sites != nil {
		e.beside = append(e.beside, *sites)
	}
	maps, mapFiles, err := readMaps(x.policy, e.ConceptMaps, e.MapBy)
	if err != nil {
		return err
	}
	e.beside = append(e.beside, mapFiles...)
	e.config = deid.Config{
		Plan: x.plan, Key: x.project, Zone: zone, Source: e.Name, Labels: labels, Maps: maps, Dictionary: x.words, Link: x.req.Link,
	}
	e.counts = SourceReport{Name: e.Name, Zone: e.Zone}
	return nil
}

// find lists the files.
func (x *extraction) find(e *feed) error {
	switch {
	case len(x.req.Cases) > 0:
		e.cases = x.req.Cases
		e.input = &caseInput{cases: x.req.Cases}
	case e.Bulk != nil:
		in, err := x.bulkInput(e)
		if err != nil {
			return err
		}
		e.input, e.bulk = in, in.report
		if e.counts.Bulk = e.bulk; !x.several() {
			x.report.Bulk = e.bulk
		}
	default:
		source, err := fhir.Open(e.Dir)
		if err != nil {
			return err
		}
		for _, f := range source.Ignored {
			e.ignored = append(e.ignored, f.Name+": "+f.Why)
		}
		x.ignore(e, e.ignored)
		e.input = &exportInput{Source: source}
	}
	return nil
}

// ignore adds to the report what was not read.
func (x *extraction) ignore(e *feed, notes []string) {
	for _, note := range notes {
		if x.several() {
			note = e.Name + ": " + note
		}
		x.report.Ignored = append(x.report.Ignored, note)
	}
}

// recipe is what was asked of a source.
func (e *feed) recipe(key *Key) map[string]any {
	_, order := e.input.files()
	r := map[string]any{RecipeZone: e.Zone, recipeSource: e.Name, "order": order}
	if by := e.mapBy(); by != nil {
		r["map_by"] = by
	}
	if types := e.expected(); types != nil {
		r[RecipeExpect] = types
	}
	if e.listed {
		r[recipeOptOut] = key.ListHash(e.optOut)
	}
	return r
}

// expected is what the recipe says of the types that a source is said to have, nil where nothing is said.
func (e *feed) expected() any {
	if len(e.Expect) == 0 {
		return nil
	}
	return e.expectedTypes()
}

// expectedTypes are the types that a source is said to have, each once.
func (e *feed) expectedTypes() []string {
	return slices.Compact(slices.Sorted(slices.Values(e.Expect)))
}

// recipeSource is the name of a source, in the recipe or in that of one of several.
const recipeSource = "source"

// exportedFrom are the sources of an extract: their names, with the zone of each.
type exportedFrom struct{ Name, Zone string }

// sources are those of an extract, in their order.
func (sn *Snapshot) sources() []exportedFrom {
	of := func(recipe map[string]any) exportedFrom {
		name, _ := recipe[recipeSource].(string)
		zone, _ := recipe[RecipeZone].(string)
		return exportedFrom{name, zone}
	}
	list, several := sn.manifest.Recipe[recipeSources].([]any)
	if !several {
		return []exportedFrom{of(sn.manifest.Recipe)}
	}
	var all []exportedFrom
	for _, one := range list {
		recipe, _ := one.(map[string]any)
		all = append(all, of(recipe))
	}
	return all
}

// SourceNames are the names of an extract's sources.
func (sn *Snapshot) SourceNames() []string {
	var names []string
	for _, s := range sn.sources() {
		names = append(names, s.Name)
	}
	return names
}

// Zones are the zones of local wall time in an extract, each once.
func (sn *Snapshot) Zones() []string {
	var zones []string
	for _, s := range sn.sources() {
		if !slices.Contains(zones, s.Zone) {
			zones = append(zones, s.Zone)
		}
	}
	return zones
}

// read is the first pass over the input: every line becomes a record, a reject or
// a count.
func (x *extraction) read(ctx context.Context) error {
	x.sorter = deid.NewSorter(x.plan, x.staging.Dir(), arenaBytes)
	if x.onto != nil {
		x.sorter.KeepIDs()
	}
	var err error
	for _, e := range x.sources {
		x.at = e
		e.worker = newWorker(deid.NewExtractor(e.config), x.sorter.Collector(), e.number)
		err = e.named(e.input.read(ctx, e.worker, x.progress(e)), len(x.sources))
		if err == nil && x.several() {
			err = e.worker.collector.Rest()
		}
		if err != nil {
			break
		}
	}
	x.collect()
	if err != nil {
		return err
	}
	x.at = nil
	if err := x.identify(); err != nil {
		return err
	}
	return x.words.Clash()
}

// progress says which of several sources is read.
func (x *extraction) progress(e *feed) progress.Func {
	if !x.several() || x.req.Progress == nil {
		return x.req.Progress
	}
	return func(stage string, done, total int64) { x.req.Progress.Report(stage+" "+e.Name, done, total) }
}

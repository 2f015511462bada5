package datasets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"farr/datasets/bulk"
	"farr/datasets/internal/deid"
	"farr/internal/progress"
)

// extractVersion changes when the same input would give other rows. It is part of
// the skip rule's key.
const extractVersion = 5

// DefaultMaxReject is the share of lines that may be rejected.
const DefaultMaxReject = 0.01

// ExtractRequest is what to extract and how.
type ExtractRequest struct {
	Source     string       // folder of *.ndjson and *.ndjson.gz
	SourceName string       // part of every pseudonym; "main" when empty
	Bulk       *bulk.Client // instead of Source: the FHIR server that exports
	Zone       string       // IANA zone of local wall time; "UTC" when empty
	OptOut     string       // file of patients to leave out, see ReadPatientIDs; may be empty
	SitesFile  string       // CSV id,label of organizations and locations; may be empty
	// Sources is instead of all of the above, ConceptMaps and MapBy: several exports in one snapshot. One of them alone is
	// the same as if it was said above.
	Sources []ExportSource
	// Link finds who is the same person in several sources, and counts each once: see "Linkage" in the package's doc.
	Link    bool
	Cases   []Case // instead of all of that: many small sources in one snapshot
	Profile string // "shifted" (when empty), "limited" or "safe-harbor"
	Policy  string // folder of policy tables; those that come with farr when empty
	// ConceptMaps are files of maps of local codes to standard codes: ConceptMap as JSON, or CSV. MapBy are the
	// equivalences that are used; UsedEquivalences when empty.
	ConceptMaps []string
	MapBy       []string
	// Onto is an earlier extract that this one adds to: its ID, OntoCurrent or OntoNewest. The source then has what is new or changed since,
	// and says by DELETE what is gone; a server is asked for that. See the package's documentation. Empty for a full load.
	Onto string
	// FullFrom is since when the full load must be that Onto rests on, or that stays where a server gives the same records again: its
	// transaction time, by the server's clock, is not before. Zero for any.
	FullFrom time.Time
	// Expect are the types of FHIR that the source is said to have; empty where nothing is said. A type that is not among them is
	// not there by choice: what rests on it lacks nothing.
	Expect     []string
	Observable string  // rule of observable time: "auto" (when empty), "enrolment-gap45", "contact"
	AsOf       string  // day YYYY-MM-DD; when empty, the newest clinical event
	Key        *Key    // of the project; safe-harbor has none, and makes no use of one
	MaxReject  float64 // greatest share of rejected lines, 0 to 1; 0 allows none
	// Hold leaves the current extract as it is: a gate judges the new one first, and then
	// Store.SetCurrent puts it in force.
	Hold     bool
	Progress progress.Func
}

// ExtractReport says what became of every line:
//
//	Read = Stored + Superseded + NotInPolicy + DroppedByPolicy + Rejected + OptedOut + Deleted + Merged
type ExtractReport struct {
	Snapshot string `json:"snapshot"` // "" when nothing was published
	Skipped  bool   `json:"skipped"`  // the same request was answered before

	Read            int64 `json:"read"`
	Stored          int64 `json:"stored"`
	Superseded      int64 `json:"superseded"`    // older versions of a stored resource
	NotInPolicy     int64 `json:"not_in_policy"` // types without a policy table
	DroppedByPolicy int64 `json:"dropped_by_policy"`
	Rejected        int64 `json:"rejected"`
	OptedOut        int64 `json:"opted_out,omitempty"` // of persons on the opt-out list, or removed from the store

	Deleted int64 `json:"deleted,omitempty"` // of resources that the source deletes
	Merged  int64 `json:"merged,omitempty"`  // Patients whose row is that of the same person in another source

	// Of an increment, whose other counts are of its own lines: the extract that it adds to, and how many resources of that a newer
	// version replaced, and how many were deleted.
	Onto     string `json:"onto,omitempty"`
	Replaced int64  `json:"replaced,omitempty"`
	Removed  int64  `json:"removed,omitempty"`

	OptOutListed    int64 `json:"opt_out_listed,omitempty"`    // ids on the list
	OptOutUnmatched int64 `json:"opt_out_unmatched,omitempty"` // of them, ids that no line names

	ByType        map[string]TypeCount `json:"by_type"`
	DropReasons   map[string]int64     `json:"drop_reasons"`
	RejectReasons map[string]int64     `json:"reject_reasons"`
	// Absent are the types that the source was said to have (ExtractRequest.Expect), or was asked for, and of which nothing is stored; of several, each says its own.
	Absent []string `json:"absent,omitempty"`
	// Rejects lists the first MaxRejectsListed rejected lines in the order of the input.
	Rejects []Reject `json:"rejects"`

	// Where concept maps were given, by path of the policy: codes that got standard codes, and codes of
	// systems that the maps are for which none of them knows.
	CodesMapped   map[string]int64 `json:"codes_mapped,omitempty"`
	CodesUnmapped map[string]int64 `json:"codes_unmapped,omitempty"`

	// Linked says what became of Patient.link under profile shifted; nil where no Patient has one.
	Linked *Links `json:"linked,omitempty"`
	// Linkage says who was found in several sources; nil where it was not asked for.
	Linkage *Linkage `json:"linkage,omitempty"`

	AsOf       string `json:"as_of"` // "" when the source has no clinical event
	Observable string `json:"observable"`
	// Sources says of each of several what became of its lines; nil of one.
	Sources []SourceReport `json:"sources,omitempty"`

	// Bulk says what the server exported; nil of a folder, and of several sources.
	Bulk *BulkReport `json:"bulk,omitempty"`
	// Ignored are files of the folder that look like input and were not read.
	Ignored []string `json:"ignored,omitempty"`
}

// Links say what became of the links between patients.
type Links = deid.Links

// Linkage says which Patients of several sources are one person, in counts.
type Linkage = deid.Linkage

// TypeCount is what became of the lines of one resource type that were no rejects.
type TypeCount struct {
	Read            int64 `json:"read"`
	Stored          int64 `json:"stored"`
	Superseded      int64 `json:"superseded"`
	NotInPolicy     int64 `json:"not_in_policy"`
	DroppedByPolicy int64 `json:"dropped_by_policy"`
	OptedOut        int64 `json:"opted_out,omitempty"`
	Deleted         int64 `json:"deleted,omitempty"`
	Merged          int64 `json:"merged,omitempty"`
}

// MaxRejectsListed is how many rejected lines a report lists; all are counted.
const MaxRejectsListed = 10_000

// Reject is a line that was left out. Its text is nowhere.
type Reject struct {
	Source string `json:"source,omitempty"` // its name, of several
	File   string `json:"file"`
	Line   int64  `json:"line"`   // from 1
	Offset int64  `json:"offset"` // of its first byte in the uncompressed text
	Reason string `json:"reason"`
}

// TooManyRejectsError says that more lines were rejected than MaxReject allows.
type TooManyRejectsError struct {
	Rejected, Read int64
	MaxReject      float64
	Source         string // its name, where it is one of several
}

func (e *TooManyRejectsError) Error() string {
	from := ""
	if e.Source != "" {
		from = "source " + e.Source + ": "
	}
	return from + fmt.Sprintf("%d of %d lines rejected, more than the %g %% allowed: nothing published", e.Rejected, e.Read, e.MaxReject*100)
}

// Extract turns a folder of FHIR R4 NDJSON, or several, into a de-identified snapshot and
// makes it the current extract, unless it is to be held. The report is there with an error too, as far as
// the lines were read, so that the rejects can be seen.
//
// Equal files, request and key give the same snapshot; of a server also when it was asked is a fact of it. A request that was answered
// before is skipped.
//
// An export of a server that turns out to be another one while it is read, or not whole, is begun anew once.
func Extract(ctx context.Context, s *Store, req ExtractRequest) (*ExtractReport, error) {
	report, err := extract(ctx, s, req)
	if worthAnother(err) && ctx.Err() == nil {
		first := report
		report, err = extract(ctx, s, req)
		report.alsoUnanswered(first)
	}
	return report, err
}

func extract(ctx context.Context, s *Store, req ExtractRequest) (*ExtractReport, error) {
	if err := s.CheckPrivate(); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	x, err := newExtraction(ctx, s, req)
	if err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	defer x.close()
	if report, err := x.skip(ctx); report != nil || err != nil {
		return report, err
	}
	if err := x.refuseMixedLinkage(); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	if err := x.lockExports(); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	if x.staging, err = s.Begin(ctx, "extract"); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	defer x.staging.Close()
	x.staging.guard = x.guard
	heap := int64(extractMemory)
	if x.onto != nil {
		heap = incrementMemory
		inHugePages(heap)
	}
	defer holdMemory(heap)()
	for _, stage := range []func(context.Context) error{x.read, x.judge, x.unchanged, x.reenter, x.write, x.publish} {
		if err := stage(ctx); err != nil {
			return x.report, fmt.Errorf("extract: %w", x.failed(ctx, err))
		}
		if x.report.Skipped {
			break
		}
	}
	return x.report, nil
}

// lockExports takes what is asked of servers for this extract alone.
func (x *extraction) lockExports() error {
	for _, e := range x.sources {
		if in, is := e.input.(*bulkInput); is {
			unlock, err := x.store.lockExport(in.alone, e.Name)
			if err != nil {
				return err
			}
			x.unlock = append(x.unlock, unlock)
		}
	}
	return nil
}

// close lets go of the earlier extract, and of what is asked of servers.
func (x *extraction) close() {
	x.onto.close()
	for _, unlock := range x.unlock {
		unlock()
	}
}

// failed lets go of what a failed run need not keep.
func (x *extraction) failed(ctx context.Context, err error) error {
	at := x.at
	var full *FullLoadError
	if errors.As(err, &full) {
		at = x.sources[0]
	}
	if at == nil || ctx.Err() != nil {
		return err
	}
	in, is := at.input.(*bulkInput)
	if !is {
		return err
	}
	return in.failed(ctx, in.unread(err, at.counts.Read))
}

// extraction is one run of Extract.
type extraction struct {
	store   *Store
	req     ExtractRequest
	sources []*feed
	at      *feed // whose fault an error is; nil where it is nobody's, or of all
	policy  *deid.Policy
	plan    *deid.Plan
	words   *deid.Dictionary
	inputs  []Input
	recipe  map[string]any
	key     string   // of the skip rule
	project *Key     // makes the pseudonyms
	keyID   string   // of the project's key; "" under safe-harbor
	marks   []string // of persons who were removed from the store
	asOf    int64
	hasAsOf bool
	onto    *onto    // nil for a full load
	unlock  []func() // what is asked of servers
	staging *Staging
	sorter  *deid.Sorter
	final   *deid.Finisher
	report  *ExtractReport
}

// newExtraction checks the request and finds the input.
func newExtraction(ctx context.Context, s *Store, req ExtractRequest) (*extraction, error) {
	list, err := req.sources()
	if err != nil {
		return nil, err
	}
	orDefault(&req.Profile, string(deid.Shifted))
	orDefault(&req.Observable, deid.Auto)
	x := &extraction{store: s, req: req, words: deid.NewDictionary(), report: &ExtractReport{
		ByType: map[string]TypeCount{}, DropReasons: map[string]int64{}, RejectReasons: map[string]int64{}, Rejects: []Reject{},
	}}
	if x.project, x.keyID, err = keyOf(req); err != nil {
		return nil, err
	}
	if math.IsNaN(req.MaxReject) || req.MaxReject < 0 || req.MaxReject > 1 {
		return nil, fmt.Errorf("max reject %g: a share from 0 to 1", req.MaxReject)
	}
	if err := deid.CheckObservable(req.Observable); err != nil {
		return nil, err
	}
	if req.AsOf != "" {
		if x.asOf, x.hasAsOf = deid.ParseDay(req.AsOf); !x.hasAsOf {
			return nil, fmt.Errorf("as-of day %q: write YYYY-MM-DD", req.AsOf)
		}
	}
	policy, err := OpenPolicy(req.Policy)
	if err != nil {
		return nil, err
	}
	x.policy = policy.tables
	if x.plan, err = deid.Compile(x.policy, deid.Profile(req.Profile)); err != nil {
		return nil, err
	}
	for i, one := range list {
		for _, name := range one.Expect {
			if !slices.Contains(x.policy.Types(), name) {
				return nil, fmt.Errorf("expected type %q: the policy has no such type", name)
			}
		}
		e := &feed{ExportSource: one, number: i}
		if err := x.open(e); err != nil {
			return nil, e.named(err, len(list))
		}
		x.sources = append(x.sources, e)
	}
	if err := x.leaveOut(ctx); err != nil {
		return nil, err
	}
	if err := s.SignLog(req.Key); err != nil {
		return nil, err
	}
	if err := x.openBase(); err != nil {
		return nil, err
	}
	for _, e := range x.sources {
		if err := x.find(e); err != nil {
			return nil, e.named(err, len(list))
		}
	}
	return x, nil
}

func orDefault(value *string, usual string) {
	if *value == "" {
		*value = usual
	}
}

// several says whether there are more sources than one, each of which then has its own counts.
func (x *extraction) several() bool { return len(x.sources) > 1 }

// keyOf is the key that an extract's pseudonyms are made with, and the ID by which it is recorded. That of
// safe-harbor is fresh and kept nowhere, so it has no ID to record.
func keyOf(req ExtractRequest) (*Key, string, error) {
	if req.Profile == string(deid.SafeHarbor) {
		key, err := deid.FreshKey()
		return key, "", err
	}
	if req.Key == nil {
		return nil, "", errors.New("a project key is needed; farr keys new makes one")
	}
	return req.Key, req.Key.ID(), nil
}

// input is where the lines come from: an export, or cases.
type input interface {
	// hash reads the files only to know them.
	hash(ctx context.Context, progress progress.Func) error
	// read gives every line to the worker, and knows the files then too.
	read(ctx context.Context, w *worker, progress progress.Func) error
	// files gives what decides the result: the files, without an ID those that were
	// neither hashed nor read, and in which order they stand, which decides between versions of a
	// resource that carry no date. Names of files are in neither.
	files() (files []Input, order string)
}

// identify makes the skip rule's key of all that decides the result. The files must
// have been hashed or read.
func (x *extraction) identify() (err error) {
	x.inputs = nil
	for _, e := range x.sources {
		files, _ := e.input.files()
		x.inputs = append(x.inputs, files...)
	}
	x.recipe = map[string]any{
		"step": extractVersion, "policy": x.policy.Hash(), RecipeProfile: x.req.Profile,
		RecipeKey: x.keyID, "observable": x.req.Observable, "as_of": x.req.AsOf,
	}
	var all []any
	for _, e := range x.sources {
		x.inputs = append(x.inputs, e.beside...)
		recipe := e.recipe(x.req.Key)
		if x.several() && len(e.beside) > 0 {
			var beside []any // which of the inputs are this source's
			for _, in := range e.beside {
				beside = append(beside, in.ID)
			}
			recipe["beside"] = beside
		}
		all = append(all, recipe)
	}
	if x.onto != nil {
		x.inputs = append(x.inputs, Input{Kind: inputBase, ID: x.onto.base.id})
	}
	if x.req.Link {
		x.recipe[recipeLinkage] = deid.LinkageVersion()
	}
	if x.several() {
		x.recipe[recipeSources] = all
	} else {
		maps.Copy(x.recipe, x.sources[0].recipe(x.req.Key))
	}
	x.nameRemoved()
	x.key, err = KeyOf("extract", x.recipe, x.inputs)
	return err
}

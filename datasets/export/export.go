package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"farr/datasets"
	"farr/datasets/internal/deid"
	"farr/datasets/risk"
	"farr/internal/duck"
	"farr/internal/progress"
)

// Formats of the files.
const (
	Parquet = "parquet"
	CSV     = "csv"   // RFC 4180 with a line of names; null is empty, and text that a spreadsheet would run begins with '
	Arrow   = "arrow" // an IPC file
)

// Formats are those that Request.Format may be.
var Formats = []string{Parquet, CSV, Arrow}

// Request is what leaves, and to where.
type Request struct {
	Extract  *datasets.Snapshot
	Key      *datasets.Key // of the project
	Name     string        // of the export: its pseudonyms and shifts come from it and the profile
	Profile  string        // that of the extract
	Tables   []string      // all with rows when empty; the tables of codes always go with them
	Format   string
	Out      string // a folder that is not there yet, or empty
	Config   *Config
	Today    time.Time // the day on which it leaves
	Progress progress.Func
}

// Manifest is manifest.json of an export: what was let out, why, and the hash of each file.
type Manifest struct {
	Kind       string          `json:"kind"` // farr-export
	Format     int             `json:"format"`
	Name       string          `json:"name"`
	Profile    string          `json:"profile"`
	Extract    string          `json:"extract"`           // snapshot
	Policy     string          `json:"policy"`            // SHA-256 of the de-identification policy
	ExportKey  string          `json:"export_key"`        // ID of the key of its pseudonyms and shifts
	Config     string          `json:"config"`            // SHA-256 of the file that let it leave
	Reference  Reference       `json:"reference"`         // that it leaves under
	LeftOut    []string        `json:"left_out"`          // quasi-identifiers and columns, as the file names them
	Quasi      []string        `json:"quasi_identifiers"` // that leave
	Thresholds risk.Thresholds `json:"thresholds"`
	Risk       *risk.Report    `json:"risk"`      // of the quasi-identifiers that leave; null where none does
	Breaches   []risk.Breach   `json:"breaches"`  // of the thresholds; of profile limited alone, which has no gate on them
	LeakScan   string          `json:"leak_scan"` // clean, or not made
	Persons    int64           `json:"persons"`
	Files      []File          `json:"files"`
	Checkpoint string          `json:"checkpoint"` // of the store's log, with the entry of this export
}

// File is a table of an export.
type File struct {
	Table   string   `json:"table"`
	Path    string   `json:"path"`
	Rows    int64    `json:"rows"`
	Bytes   int64    `json:"bytes"`
	SHA256  string   `json:"sha256"`
	Columns []string `json:"columns"`
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Run writes an export. It is there whole or not at all; a refusal and an export are in the store's log.
func Run(ctx context.Context, s *datasets.Store, req Request) (*Manifest, error) {
	x, err := prepare(s, req)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	m, err := x.run(ctx)
	var refusal *RefusalError
	if errors.As(err, &refusal) {
		err = errors.Join(err, s.Log(ctx, datasets.Event{Kind: "export-refused", Facts: map[string]any{
			"name": req.Name, "profile": req.Profile, "extract": req.Extract.ID(), "reason": refusal.Code, "config": x.manifest.Config,
		}}))
	}
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return m, nil
}

// exporting is one run of Run.
type exporting struct {
	Request
	store    *datasets.Store
	key      *datasets.Key // of the export
	shifted  bool
	tables   []leaving
	manifest Manifest
	db       *duck.Session
	out      *folder
}

// prepare finds every mistake of the request.
func prepare(s *datasets.Store, req Request) (*exporting, error) {
	recipe := req.Extract.Manifest().Recipe
	profile, _ := recipe[datasets.RecipeProfile].(string)
	policy, _ := recipe["policy"].(string)
	var wrong []error
	if !nameForm.MatchString(req.Name) {
		wrong = append(wrong, errors.New("the name of an export is 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit"))
	}
	if !slices.Contains(Formats, req.Format) {
		wrong = append(wrong, fmt.Errorf("unknown format %q: there are %s", req.Format, strings.Join(Formats, ", ")))
	}
	if req.Key == nil {
		wrong = append(wrong, errors.New("a project key is needed, for the pseudonyms of the export"))
	}
	if req.Profile != profile {
		wrong = append(wrong, fmt.Errorf("extract %.12s is of profile %s, and so are its exports: for profile %s name such an extract, or make one (farr extract --profile %[3]s)", req.Extract.ID(), profile, req.Profile))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	if req.Config == nil {
		var err error
		if req.Config, err = LoadConfig(""); err != nil {
			return nil, err
		}
	}
	if err := req.Config.strict(profile); err != nil {
		return nil, err
	}
	x := &exporting{Request: req, store: s, shifted: profile == string(deid.Shifted)}
	var err error
	// The profile too, or a limited export's true dates would tell the shifts of a shifted one by its pseudonyms.
	// A name has no slash, so that no two pairs make one text.
	if x.key, err = req.Key.ForExport(profile + "/" + req.Name); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(req.Config.text)
	x.manifest = Manifest{Kind: "farr-export", Format: 1, Name: req.Name, Profile: profile, Extract: req.Extract.ID(), Policy: policy, ExportKey: x.key.ID(),
		Config: hex.EncodeToString(sum[:]), LeftOut: append([]string{}, req.Config.LeaveOut...), Thresholds: req.Config.Thresholds, Breaches: []risk.Breach{}, LeakScan: "not made"}
	x.tables, x.manifest.Quasi, err = choose(req.Extract, req)
	return x, err
}

func (x *exporting) run(ctx context.Context) (_ *Manifest, err error) {
	if x.manifest.Reference, err = x.Config.reference(x.Profile, x.Today); err != nil {
		return nil, err
	}
	if x.out, err = newFolder(x.Out); err != nil {
		return nil, err
	}
	defer x.out.remove()
	if x.db, err = duck.Open(ctx, duck.Config{TempDir: x.out.work, AllowedDirs: []string{x.store.ObjectsDir(), x.out.files}}); err != nil {
		return nil, err
	}
	defer x.db.Close()
	for _, stage := range []func(context.Context) error{x.judgeRisk, x.attach, x.judgeTexts, x.write, x.log} {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	if err := x.out.publish(x.manifest); err != nil {
		return nil, err
	}
	return &x.manifest, nil
}

// judgeRisk measures what leaves, and holds profiles without an agreement to the thresholds.
func (x *exporting) judgeRisk(ctx context.Context) error {
	if len(x.manifest.Quasi) == 0 {
		return nil
	}
	report, err := risk.Measure(ctx, x.Extract, risk.Options{Quasi: x.manifest.Quasi, Also: []int64{x.Config.Thresholds.K}, TempDir: x.out.work, Progress: x.Progress})
	if err != nil {
		return err
	}
	x.manifest.Risk = report
	err = x.Config.Thresholds.Judge(report)
	var gate *risk.GateError
	switch {
	case !errors.As(err, &gate):
		return err
	case x.Profile == string(deid.Limited):
		x.manifest.Breaches = gate.Breaches
		return nil
	default:
		return &RefusalError{Code: "risk", Why: gate.Error() + " (leave out a quasi-identifier, or let the expert set thresholds)", err: gate}
	}
}

// attach makes the views export.out_<table> of what leaves.
func (x *exporting) attach(ctx context.Context) error {
	if err := datasets.AttachRest(ctx, x.db, x.Extract, x.Key); err != nil {
		return err
	}
	if err := pseudonyms(ctx, x.db, x.key); err != nil {
		return err
	}
	var err error
	if x.manifest.Persons, err = persons(ctx, x.db, x.Key, x.key, x.shifted); err != nil {
		return err
	}
	asOf, _ := x.Extract.Manifest().Facts["as_of"].(string)
	last := "NULL"
	if asOf != "" {
		last = "DATE " + duck.Quote(asOf)
	}
	if err := x.db.Exec(ctx, "codes that leave", "CREATE TABLE export.used (number BIGINT)"); err != nil {
		return err
	}
	for _, t := range x.tables {
		if x.shifted && len(t.dates) > 0 {
			if err := x.db.Exec(ctx, "edges of "+t.Name, t.edgesSQL(last)); err != nil {
				return err
			}
		}
		if err := x.db.Exec(ctx, "view of "+t.Name, "CREATE VIEW export.out_"+t.Name+" AS "+t.sql(x.shifted, false)); err != nil {
			return err
		}
		for _, sql := range t.usedSQL() {
			if err := x.db.Exec(ctx, "codes of "+t.Name, sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// judgeTexts scans what leaves without an agreement.
func (x *exporting) judgeTexts(ctx context.Context) error {
	if x.Profile == string(deid.Limited) {
		return nil
	}
	x.Progress.Report("scan for leaks", 0, 0)
	found, err := scan(ctx, x.db, x.Profile, x.tables)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		var parts []string
		for _, f := range found {
			parts = append(parts, fmt.Sprintf("%s: %d %s", f.Column, f.Values, f.Why))
		}
		return refuse("leak", "the leak scan found "+strings.Join(parts, "; "))
	}
	x.manifest.LeakScan = "clean"
	return nil
}

// log writes the export down before it is there: what cannot be logged does not leave.
func (x *exporting) log(ctx context.Context) error {
	var files []any
	for _, f := range x.manifest.Files {
		files = append(files, map[string]any{"table": f.Table, "sha256": f.SHA256, "rows": f.Rows})
	}
	facts := map[string]any{
		"name": x.Name, "profile": x.Profile, "extract": x.manifest.Extract, "policy": x.manifest.Policy, "key": x.Key.ID(), "export_key": x.manifest.ExportKey,
		"config": x.manifest.Config, "expires": x.manifest.Reference.Expires, "persons": x.manifest.Persons, "leak_scan": x.manifest.LeakScan, "files": files,
	}
	if x.manifest.Risk != nil {
		gate, err := risk.Facts(map[string]any{"thresholds": x.manifest.Thresholds, "breaches": x.manifest.Breaches, "risk": x.manifest.Risk})
		if err != nil {
			return err
		}
		facts["gate"] = gate
	}
	if err := x.store.Log(ctx, datasets.Event{Kind: "export", Facts: facts}); err != nil {
		return err
	}
	head, err := x.store.LogHead()
	if err != nil {
		return err
	}
	x.manifest.Checkpoint = head.String()
	return nil
}

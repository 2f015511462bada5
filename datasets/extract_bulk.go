package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"farr/datasets/bulk"
	"farr/datasets/fhir"
	"farr/internal/progress"
)

// BulkReport says what a FHIR server exported.
type BulkReport struct {
	// TransactionTime is of when the records are: what changed later may not be in them.
	TransactionTime time.Time  `json:"transaction_time"`
	Since           *time.Time `json:"since,omitempty"` // what changed since was asked for; nil for a full load
	Files           int        `json:"files"`
	Resumed         bool       `json:"resumed,omitempty"` // an earlier run had begun the export
	// Unanswered says that an earlier run asked for an export and never saw the answer: the server may have one that nobody
	// knows of, and that it keeps until it ends by itself.
	Unanswered bool `json:"unanswered,omitempty"`
	// Issues counts what the server says went wrong, as severity/code of its OperationOutcomes. One of severity error is
	// about records that are not in the export.
	Issues map[string]int64 `json:"issues,omitempty"`
	// Tombstones are the resources that the server names as deleted.
	Tombstones int64 `json:"tombstones,omitempty"`

	granted string // hash of the scope that the server granted, "" where it gave no token
}

// bulkInput is an export of a FHIR server. Its files are read once, as they come.
type bulkInput struct {
	store  *Store
	client *bulk.Client
	now    func() time.Time
	key    string // of the kept status address
	asks   string // what is asked for, and to be made of it, whenever: not since when
	alone  string // what is asked for, whatever is made of it
	name   string // of the source
	onto   *onto  // nil for a full load

	status string
	report *BulkReport
	notes  []string
	got    []Input // the files that were read, in order
}

func (x *extraction) bulkInput(e *feed) (*bulkInput, error) {
	c, report := e.Bulk, &BulkReport{}
	switch {
	case x.onto != nil:
		c = c.ChangedSince(x.onto.since)
		report.Since = &x.onto.since
	case !c.Since.IsZero():
		return nil, errors.New("what changed since some time is no whole extract: say which one it adds to")
	}
	request := map[string]any{
		"url": c.URL, "level": c.Level, "group": c.Group, "types": nonNil(c.Types),
		"filters": nonNil(c.TypeFilters), "elements": nonNil(c.Elements), "client": c.ClientID, "source": e.Name,
	}
	asks, err := KeyOf("bulk-request", map[string]any{"asked": request, "policy": x.policy.Hash(), "profile": x.req.Profile, "key": x.keyID}, nil)
	if err != nil {
		return nil, err
	}
	alone, err := KeyOf("bulk-server", request, nil)
	if err != nil {
		return nil, err
	}
	request["since"] = c.Since.UTC().Format(time.RFC3339Nano)
	key, err := KeyOf("bulk-export", request, nil)
	if err != nil {
		return nil, err
	}
	return &bulkInput{store: x.store, client: c, now: x.store.now, key: key, asks: asks, alone: alone, name: e.Name, onto: x.onto, report: report}, nil
}

func nonNil(list []string) []string { return append([]string{}, list...) }

// hash is of files that can be read twice. Those of an export are known by reading them.
func (in *bulkInput) hash(context.Context, progress.Func) error {
	return errors.New("an export is known by reading it")
}

func (in *bulkInput) files() (files []Input, order string) {
	sum := sha256.New()
	for _, f := range in.got {
		sum.Write([]byte(f.ID))
	}
	return slices.Clone(in.got), hex.EncodeToString(sum.Sum(nil))
}

// read waits for the export and gives every line to the worker. What the server names as deleted comes first.
func (in *bulkInput) read(ctx context.Context, w *worker, progress progress.Func) error {
	export, err := in.ready(ctx, progress)
	in.report.granted = in.granted()
	if in.onto != nil {
		w.changes = true
		err = in.onto.answered(export, in.report.granted, err)
	}
	if err != nil {
		return err
	}
	in.report.TransactionTime, in.report.Files = export.TransactionTime, len(export.Files)
	in.notes = append(in.notes, export.Notes...)
	w.deleted = map[string]bool{}
	deleted, err := export.Tombstones(ctx, func(typ, id string) error {
		w.deleted[typ+"/"+id] = true
		w.extractor.Delete(typ, id, beforeLines)
		return nil
	})
	if err != nil {
		return err
	}
	in.report.Tombstones = int64(len(w.deleted))
	if in.report.Issues, err = export.Issues(ctx); err != nil {
		return err
	}
	if in.onto != nil {
		if err := in.onto.complete(in.report, w); err != nil {
			return err
		}
	}
	var done int64
	for i, f := range export.Files {
		text, err := in.file(ctx, w, export, f, i, func(n int64) { progress.Report("export", done+n, 0) })
		if err != nil {
			return err
		}
		done += text.Bytes
		in.got = append(in.got, Input{Kind: "file", ID: text.SHA256, Bytes: text.Bytes})
	}
	for _, text := range deleted {
		in.got = append(in.got, Input{Kind: "deleted", ID: text.SHA256, Bytes: text.Bytes})
	}
	if in.onto != nil && w.unknown > 0 {
		return in.onto.refuse([]string{fmt.Sprintf("%d lines of what changed cannot be read, so that nobody knows of which resources they are", w.unknown)})
	}
	return nil
}

// file reads one file.
func (in *bulkInput) file(ctx context.Context, w *worker, export *bulk.Export, f *bulk.File, number int, progress func(int64)) (fhir.Text, error) {
	s := fhir.Stream{Name: f.Name, Number: number + 1}
	lines, end, broken := 0, int64(0), false // of the newest line: its last byte, and whether it is no JSON; of one over the cap nobody knows
	text, err := export.Lines(ctx, s, f, func(l fhir.Line) error {
		if lines++; lines&0x3ff == 0 {
			progress(l.Done)
		}
		unknown := w.unknown
		err := w.line(s.Input(), number+1, l) // from 1: all lines come behind beforeLines
		end, broken = l.Offset+int64(len(l.Bytes)), w.unknown > unknown && !json.Valid(l.Bytes)
		return err
	})
	if err == nil && broken && end == text.Bytes {
		err = f.Cut()
	}
	return text, err
}

// ready gives the export that was begun before, or begins one, and waits for it.
func (in *bulkInput) ready(ctx context.Context, progress progress.Func) (*bulk.Export, error) {
	outdated, err := in.outdated()
	if err != nil {
		return nil, err
	}
	for _, p := range outdated {
		in.report.Unanswered = in.report.Unanswered || p.Status == ""
	}
	kept, err := in.store.pending(in.key)
	if err != nil {
		return nil, err
	}
	unanswered := kept != nil && kept.Status == ""
	if unanswered {
		in.report.Unanswered = true
		kept = nil
	}
	if kept != nil && (kept.Published || in.now().Sub(kept.Begun) > resumedFor) {
		in.status = kept.Status
		if err := in.forget(ctx); err != nil {
			return nil, err
		}
		kept = nil
	}
	progress.Report("wait for the server", 0, 0)
	if kept != nil {
		in.status, in.report.Resumed = kept.Status, true
		export, err := in.client.Wait(ctx, kept.Status)
		switch granted := in.granted(); {
		case err == nil && kept.Granted != "" && granted != "" && granted != kept.Granted:
			return nil, &bulk.Error{Code: bulk.Changed, Detail: "the server grants another scope than when the export began: whether all of it came nobody knows"}
		case bulk.CodeOf(err) != bulk.Gone:
			return export, err
		}
		in.report.Resumed = false
	}
	in.status, err = in.client.KickOff(ctx, func() error {
		return in.keep(ctx, pending{})
	})
	if err != nil {
		if code := bulk.CodeOf(err); code != "" && code != bulk.NotReached && !unanswered { // the server has answered
			err = errors.Join(err, in.store.dropPending(ctx, in.key))
		}
		return nil, err
	}
	if err := in.keep(ctx, pending{Status: in.status, Granted: in.granted()}); err != nil {
		return nil, err
	}
	return in.client.Wait(ctx, in.status)
}

// keep keeps what is known of the export.
func (in *bulkInput) keep(ctx context.Context, p pending) error {
	p.Begun, p.Request = in.now().UTC(), in.asks
	if in.onto != nil {
		p.Since = &in.onto.since
	}
	return in.store.keepPending(ctx, in.key, p)
}

// forget lets the export go, here and at the server.
func (in *bulkInput) forget(ctx context.Context) error { return in.letGo(ctx, in.key, in.status) }

// letGo lets an export go. A server that will not is no failure: exports end by themselves.
func (in *bulkInput) letGo(ctx context.Context, key, status string) error {
	if err := in.client.Delete(ctx, status); ctx.Err() != nil {
		return ctx.Err() // the next run does it
	} else if err != nil {
		in.notes = append(in.notes, "the server was asked to delete its export and did not: "+err.Error())
	}
	return in.store.dropPending(ctx, key)
}

// granted is the hash of the scope that the server granted, "" where it gave no token.
func (in *bulkInput) granted() string {
	scope := in.client.Granted()
	if scope == "" {
		return ""
	}
	return hexSHA256([]byte(scope))
}

// outdated are the exports that an earlier run asked for, of what changed since an extract that is older than the one to which is added now.
func (in *bulkInput) outdated() (map[string]pending, error) {
	if in.onto == nil {
		return nil, nil
	}
	all, err := in.store.allPending()
	maps.DeleteFunc(all, func(key string, p pending) bool {
		return key == in.key || p.Request != in.asks || p.Since == nil || p.Since.After(in.onto.since)
	})
	return all, err
}

// forgetOutdated lets them go, once what replaces them is there.
func (in *bulkInput) forgetOutdated(ctx context.Context) error {
	all, err := in.outdated()
	for key, p := range all {
		if err != nil {
			return err
		}
		if p.Status == "" {
			err = in.store.dropPending(ctx, key)
		} else {
			err = in.letGo(ctx, key, p.Status)
		}
	}
	return err
}

// published tells the server that its export is not needed any more. A run that is stopped between these steps
// leaves what says so.
func (in *bulkInput) published(ctx context.Context) error {
	if err := in.keep(ctx, pending{Status: in.status, Published: true}); err != nil {
		return err
	}
	if err := in.forgetOutdated(ctx); err != nil {
		return err
	}
	return in.forget(ctx)
}

// failed lets an export go that would fail again. Where the way to it failed, or somebody stopped the run, it stays, and the next
// run goes on with it.
func (in *bulkInput) failed(ctx context.Context, err error) error {
	var foreign *fhir.Error
	var rejects *TooManyRejectsError
	var full *FullLoadError
	switch bulk.CodeOf(err) {
	case bulk.ExportFailed, bulk.Gone, bulk.Changed, bulk.MissingFile, bulk.WrongCount, bulk.CutFile, bulk.BadManifest, bulk.TooMuch, bulk.NotSecure, bulk.BadAnswer:
	default:
		if !errors.As(err, &foreign) && !errors.As(err, &rejects) && !errors.As(err, &full) {
			return err
		}
	}
	if in.status == "" {
		return err
	}
	return errors.Join(err, in.forget(ctx))
}

// worthAnother says whether an export that is begun anew may be whole where this one was not.
func worthAnother(err error) bool {
	switch bulk.CodeOf(err) {
	case bulk.Gone, bulk.Changed, bulk.MissingFile, bulk.WrongCount, bulk.CutFile:
		return true
	}
	return false
}

// unread says of a run that ended at the server what was read of it: nothing of that is kept.
func (in *bulkInput) unread(err error, lines int64) error {
	if bulk.CodeOf(err) == "" {
		return err
	}
	return fmt.Errorf("source %s: read %d files whole and %d lines, of which nothing is kept: %w", in.name, len(in.got), lines, err)
}

package datasets

import (
	"context"
	"fmt"
	"slices"
	"time"

	"farr/datasets/internal/columnar"
	"farr/datasets/internal/deid"
)

// object lets the columnar writer name the last bucket when it knows it.
type object struct{ *ObjectWriter }

func (o object) Finish(rows int64, highBucket int) error {
	o.staged.HighBucket = highBucket
	return o.Close(rows)
}

// rowProgress counts rows for the progress display on their way to the writer.
type rowProgress struct {
	*columnar.Writer
	x    *extraction
	rows int64
}

func (p *rowProgress) Row(r *deid.Row) error {
	if p.rows++; p.rows&0xffff == 0 {
		p.x.req.Progress.Report("write tables", p.rows, 0)
	}
	return p.Writer.Row(r)
}

// write is the second pass: sorted records become Parquet objects.
func (x *extraction) write(ctx context.Context) error {
	w := columnar.NewWriter(columnar.Config{
		Create: func(table string, lowBucket int) (columnar.Object, error) {
			o, err := x.staging.Create(table, lowBucket, lowBucket)
			if err != nil {
				return nil, err
			}
			return object{o}, nil
		},
		Metadata: map[string]string{"farr.policy": x.policy.Hash(), "farr.profile": x.req.Profile},
	})
	defer w.Abort()
	sink := &rowProgress{Writer: w, x: x}
	var extractors []*deid.Extractor
	for _, w := range x.workers {
		extractors = append(extractors, w.extractor)
	}
	finish := deid.FinishConfig{
		Config: x.config, Extractors: extractors, Sink: sink, Observable: x.req.Observable, AsOf: x.asOf, HasAsOf: x.hasAsOf,
	}
	if x.onto != nil {
		finish.Earlier, x.staging.sequence = x.onto, x.onto.sequence
	}
	x.final = deid.NewFinisher(finish)
	var collectors []*deid.Collector
	for _, w := range x.workers {
		collectors = append(collectors, w.collector)
	}
	if err := x.final.Finish(ctx, x.sorter, collectors); err != nil {
		return err
	}
	if err := x.config.Dictionary.Rows(sink.Row); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := x.onto.bury(); err != nil {
		return err
	}
	return x.settle()
}

// settle completes the counts and checks that no line is unaccounted for.
func (x *extraction) settle() error {
	r := x.report
	for typ, c := range r.ByType {
		c.Stored, c.Superseded = x.final.Stored[typ], x.final.Superseded[typ]
		c.Deleted += x.final.Deleted[typ]
		r.ByType[typ] = c
		r.Deleted += x.final.Deleted[typ]
		r.Stored += c.Stored
		r.Superseded += c.Superseded
	}
	if x.onto != nil {
		r.Onto = x.onto.base.id
		for _, n := range x.final.Replaced {
			r.Replaced += n
		}
		for _, n := range x.final.Removed {
			r.Removed += n
		}
	}
	if links, any := x.final.Links(); any {
		r.Linked = &links
	}
	r.Observable = x.final.Rule()
	if x.final.HasAsOf {
		r.AsOf = deid.FormatDay(x.final.AsOf)
	}
	if sum := r.Stored + r.Superseded + r.NotInPolicy + r.DroppedByPolicy + r.Rejected + r.OptedOut + r.Deleted; sum != r.Read {
		return fmt.Errorf("%d lines read and %d accounted for", r.Read, sum)
	}
	return nil
}

// publish makes the snapshot and points to it.
func (x *extraction) publish(ctx context.Context) error {
	tables := x.tables()
	x.onto.inherit(tables)
	x.req.Progress.Report("publish", 0, 0)
	facts := x.facts()
	log := x.logged(facts)
	if x.onto != nil {
		var err error
		if facts, err = x.onto.addUp(facts); err != nil {
			return err
		}
	}
	snapshot, err := x.staging.Publish(ctx, Manifest{
		Kind: "extract", Key: x.key, Recipe: x.recipe, Inputs: x.inputs, Tables: tables, Facts: facts, Log: log,
	})
	if err != nil {
		return err
	}
	x.report.Snapshot = snapshot.ID()
	if err := x.putInForce(snapshot); err != nil {
		return err
	}
	in, is := x.input.(*bulkInput)
	if !is {
		return nil
	}
	err = in.published(ctx)
	x.report.Ignored = in.notes
	return err
}

// tables are those of the snapshot, without their objects.
func (x *extraction) tables() (tables []Table) {
	for _, t := range slices.Concat(x.config.Plan.Tables(), []*deid.Table{x.config.Plan.Observation()}, deid.DictionaryTables) {
		one := Table{Name: t.Name}
		for _, c := range t.Columns {
			one.Columns = append(one.Columns, Column{Name: c.Name, Type: Type(c.Type)})
		}
		tables = append(tables, one)
	}
	return tables
}

// putInForce makes the snapshot the current extract, unless it is to be held.
func (x *extraction) putInForce(sn *Snapshot) error {
	if x.req.Hold {
		return nil
	}
	return x.store.SetCurrent("extract", sn.ID())
}

// facts are what was found, for the manifest: counts and names of the policy,
// never a value. The list of rejects is left out, since names of files are in it.
func (x *extraction) facts() map[string]any {
	r := x.report
	lost, unread, mapped, unmapped := map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, w := range x.workers {
		w.extractor.AddLost(lost)
		w.extractor.AddUnread(unread)
		w.extractor.AddMapped(mapped, unmapped)
	}
	dates := datesToTheDay
	if x.config.Plan.InYears() {
		dates = datesInYears
	}
	facts := map[string]any{
		factDates: dates, "read": r.Read, "stored": r.Stored, "superseded": r.Superseded, "not_in_policy": r.NotInPolicy,
		"dropped_by_policy": r.DroppedByPolicy, "rejected": r.Rejected,
		"by_type": r.ByType, "drop_reasons": r.DropReasons, "reject_reasons": r.RejectReasons,
		"values_dropped": lost, "elements_not_in_policy": unread,
		"as_of": r.AsOf, "observable": r.Observable, "policy_types": x.policy.Types(),
	}
	if x.config.LeftOut != nil {
		facts["opted_out"], facts["opt_out_listed"], facts["opt_out_unmatched"] = r.OptedOut, r.OptOutListed, r.OptOutUnmatched
	}
	if len(x.req.ConceptMaps) > 0 {
		r.CodesMapped, r.CodesUnmapped = mapped, unmapped
		facts["codes_mapped"], facts["codes_unmapped"] = mapped, unmapped
	}
	if b := r.Bulk; b != nil && len(b.Issues) > 0 {
		facts["server_issues"] = b.Issues
	}
	if r.Deleted > 0 {
		facts["deleted"] = r.Deleted
	}
	ages := 0
	for _, w := range x.workers {
		ages += w.extractor.StatesAges()
	}
	if ages > 0 {
		facts[factAges] = int64(ages)
	}
	if n := x.final.AgesHidden; n > 0 {
		facts["ages_hidden"] = n
	}
	if r.Linked != nil {
		facts["linked"] = *r.Linked
	}
	return facts
}

// logged are the facts of an extract that its log entry has: how many were left out, by
// reason and policy path.
func logged(facts map[string]any) map[string]any {
	some := map[string]any{}
	for _, name := range []string{"read", "stored", "superseded", "not_in_policy", "dropped_by_policy", "rejected", "drop_reasons", "reject_reasons", "values_dropped", "ages_hidden", "linked", "opted_out", "opt_out_listed", "opt_out_unmatched", "codes_mapped", "codes_unmapped", "deleted", "server_issues"} {
		if fact, found := facts[name]; found {
			some[name] = fact
		}
	}
	return some
}

// logged adds of when an export is. That is no part of the snapshot: the same records are the same.
func (x *extraction) logged(facts map[string]any) map[string]any {
	some := logged(facts)
	if b := x.report.Bulk; b != nil {
		some["transaction_time"] = b.TransactionTime.UTC().Format(time.RFC3339)
		if b.Unanswered {
			some["unanswered_export"] = true
		}
	}
	return some
}

// skip answers a request that was answered before. Only where an extract of files of the same
// sizes exists are they hashed for it before they are read.
func (x *extraction) skip(ctx context.Context) (*ExtractReport, error) {
	if again, err := x.perhapsAgain(); !again || err != nil {
		return nil, err
	}
	if err := x.input.hash(ctx, x.req.Progress); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	if err := x.identify(); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	snapshot, err := x.store.ByKey(x.key)
	if err == nil && snapshot == nil && x.onto != nil {
		snapshot, err = x.onto.already()
	}
	if snapshot == nil || err != nil {
		return nil, err
	}
	if err := snapshot.Check(ctx); IsIntegrity(err) {
		return nil, nil // what was made is damaged; making it again puts it right
	} else if err != nil {
		return nil, err
	}
	if err := x.putInForce(snapshot); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	if err := x.store.Log(ctx, Event{Kind: "extract", Facts: map[string]any{"skipped": true, "snapshot": snapshot.ID()}}); err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	r := x.report
	r.Skipped, r.Snapshot = true, snapshot.ID()
	return r, r.recall(snapshot.Manifest().Facts)
}

// perhapsAgain says whether some extract of the store read files of these sizes.
func (x *extraction) perhapsAgain() (bool, error) {
	if x.req.Bulk != nil {
		return false, nil // an export is known by reading it
	}
	if len(x.req.Cases) > 0 {
		return true, nil // their sizes are not known yet, and they are small
	}
	sizes := func(inputs []Input) (sizes []int64) {
		for _, in := range inputs {
			if in.Kind == "file" {
				sizes = append(sizes, in.Bytes)
			}
		}
		return sizes
	}
	files, _ := x.input.files()
	ids, err := x.store.Snapshots()
	if err != nil {
		return false, fmt.Errorf("extract: %w", err)
	}
	for _, id := range ids {
		sn, err := x.store.Open(id)
		if err != nil {
			continue // damaged; it answers nothing
		}
		if m := sn.Manifest(); m.Kind == "extract" && slices.Equal(sizes(m.Inputs), sizes(files)) {
			return true, nil
		}
	}
	return false, nil
}

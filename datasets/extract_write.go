package datasets

import (
	"context"
	"fmt"
	"slices"
	"time"

	"farr/datasets/internal/columnar"
	"farr/datasets/internal/deid"
	"farr/internal/progress"
)

// object lets the columnar writer name the last bucket when it knows it.
type object struct{ *ObjectWriter }

func (o object) Finish(rows int64, highBucket int) error {
	o.staged.HighBucket = highBucket
	return o.Close(rows)
}

// tableWriter writes the tables of an extract, and counts rows for the progress display.
type tableWriter struct {
	*columnar.Writer
	progress progress.Func
	stage    string
	rows     int64
}

// tables makes a writer of an extract's tables.
func (g *Staging) tables(policy, profile, stage string, progress progress.Func) *tableWriter {
	return &tableWriter{progress: progress, stage: stage, Writer: columnar.NewWriter(columnar.Config{
		Create: func(table string, lowBucket int) (columnar.Object, error) {
			o, err := g.Create(table, lowBucket, lowBucket)
			if err != nil {
				return nil, err
			}
			return object{o}, nil
		},
		Metadata: objectMetadata(policy, profile),
	})}
}

// objectMetadata is what the footer of each object says.
func objectMetadata(policy, profile string) map[string]string {
	return map[string]string{"farr.policy": policy, "farr.profile": profile}
}

func (w *tableWriter) Row(r *deid.Row) error {
	if w.rows++; w.rows&0xffff == 0 {
		w.progress.Report(w.stage, w.rows, 0)
	}
	return w.Writer.Row(r)
}

// write is the second pass: sorted records become Parquet objects.
func (x *extraction) write(ctx context.Context) error {
	w := x.staging.tables(x.policy.Hash(), x.req.Profile, "write tables", x.req.Progress)
	defer w.Abort()
	config := deid.FinishConfig{
		Plan: x.plan, Key: x.project, Dictionary: x.words, Sink: w, Observable: x.req.Observable, AsOf: x.asOf, HasAsOf: x.hasAsOf,
	}
	if x.onto != nil {
		config.Earlier, x.staging.sequence = x.onto, x.onto.sequence
	}
	var collectors []*deid.Collector
	for _, e := range x.sources {
		config.Extractors = append(config.Extractors, e.worker.extractor)
		collectors = append(collectors, e.worker.collector)
	}
	x.final = deid.NewFinisher(config)
	if err := x.final.Finish(ctx, x.sorter, collectors); err != nil {
		return err
	}
	if err := x.words.Rows(w.Row); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := x.onto.stale(); err != nil {
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
		c.Stored, c.Superseded, c.Merged = x.final.Stored[typ], x.final.Superseded[typ], x.final.Merged[typ]
		c.OptedOut += x.final.LeftOut[typ]
		c.Deleted += x.final.Deleted[typ]
		r.ByType[typ] = c
		r.Deleted += x.final.Deleted[typ]
		r.Stored += c.Stored
		r.Superseded += c.Superseded
		r.Merged += c.Merged
		r.OptedOut += x.final.LeftOut[typ]
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
	r.Linkage = x.final.Linkage()
	r.Observable = x.final.Rule()
	if x.final.HasAsOf {
		r.AsOf = deid.FormatDay(x.final.AsOf)
	}
	for _, e := range x.sources {
		c := &e.counts
		c.Stored, c.Superseded, c.Merged = x.final.StoredFrom[e.number], x.final.SupersededFrom[e.number], x.final.MergedFrom[e.number]
		c.OptedOut += x.final.LeftOutFrom[e.number]
		c.Deleted += x.final.DeletedFrom[e.number]
		if sum := c.Stored + c.Superseded + c.NotInPolicy + c.DroppedByPolicy + c.Rejected + c.OptedOut + c.Deleted + c.Merged; sum != c.Read {
			return e.named(fmt.Errorf("%d lines read and %d accounted for", c.Read, sum), len(x.sources))
		}
		if x.onto == nil && c.Stored+c.Merged == 0 && c.Deleted > 0 { // by the source itself, which judge did not see
			return x.empty(e)
		}
		if x.several() {
			c.Absent = lacking(x.awaited(e), func(typ string) bool { return x.cameFrom(e, typ) })
			r.Sources = append(r.Sources, *c)
		}
	}
	if sum := r.Stored + r.Superseded + r.NotInPolicy + r.DroppedByPolicy + r.Rejected + r.OptedOut + r.Deleted + r.Merged; sum != r.Read {
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
	x.tellAbsent(facts)
	snapshot, err := x.staging.Publish(ctx, Manifest{
		Kind: "extract", Key: x.key, Recipe: x.recipe, Inputs: x.inputs, Tables: tables, Facts: facts, Log: log,
	})
	if err != nil {
		return err
	}
	x.report.Snapshot = snapshot.ID()
	if err := x.putInForce(ctx, snapshot); err != nil {
		return err
	}
	return x.release(ctx)
}

// release lets the exports of servers go, which are not needed any more.
func (x *extraction) release(ctx context.Context) error {
	for _, e := range x.sources {
		in, is := e.input.(*bulkInput)
		if !is {
			continue
		}
		err := in.published(ctx)
		x.ignore(e, in.notes)
		if err != nil {
			return e.named(err, len(x.sources))
		}
	}
	return nil
}

// tables are those of the snapshot, without their objects.
func (x *extraction) tables() (tables []Table) {
	further := []*deid.Table{x.plan.Observation()}
	if x.req.Link {
		further = append(further, deid.PersonLink)
	}
	for _, t := range slices.Concat(x.plan.Tables(), further, deid.DictionaryTables) {
		one := Table{Name: t.Name}
		for _, c := range t.Columns {
			one.Columns = append(one.Columns, Column{Name: c.Name, Type: Type(c.Type)})
		}
		tables = append(tables, one)
	}
	return tables
}

// putInForce makes the snapshot the current extract, unless it is to be held.
func (x *extraction) putInForce(ctx context.Context, sn *Snapshot) error {
	if x.req.Hold {
		return nil
	}
	return x.store.SetCurrent(ctx, "extract", sn.ID())
}

// facts are what was found, for the manifest: counts and names of the policy,
// never a value. The list of rejects is left out, since names of files are in it.
func (x *extraction) facts() map[string]any {
	r := x.report
	lost, unread, mapped, unmapped := map[string]int64{}, map[string]int64{}, map[string]int64{}, map[string]int64{}
	mapping := false
	for _, e := range x.sources {
		e.worker.extractor.AddLost(lost)
		e.worker.extractor.AddUnread(unread)
		e.worker.extractor.AddMapped(mapped, unmapped)
		mapping = mapping || len(e.ConceptMaps) > 0
	}
	dates := datesToTheDay
	if x.plan.InYears() {
		dates = datesInYears
	}
	facts := map[string]any{
		factDates: dates, "read": r.Read, "stored": r.Stored, "superseded": r.Superseded, "not_in_policy": r.NotInPolicy,
		"dropped_by_policy": r.DroppedByPolicy, "rejected": r.Rejected,
		"by_type": r.ByType, "drop_reasons": r.DropReasons, "reject_reasons": r.RejectReasons,
		"values_dropped": lost, "elements_not_in_policy": unread,
		"as_of": r.AsOf, "observable": r.Observable, "policy_types": x.policy.Types(),
	}
	if x.leavesOut() {
		facts["opted_out"], facts["opt_out_listed"], facts["opt_out_unmatched"] = r.OptedOut, r.OptOutListed, r.OptOutUnmatched
	}
	if mapping {
		r.CodesMapped, r.CodesUnmapped = mapped, unmapped
		facts["codes_mapped"], facts["codes_unmapped"] = mapped, unmapped
	}
	if issues := x.issues(); len(issues) > 0 {
		facts[factIssues] = issues
	}
	if exports := x.exports(); len(exports) > 0 {
		facts[factExports] = exports
	}
	if x.several() {
		facts[factSources] = sourceFacts(r.Sources)
	}
	if loaded := x.loaded(); len(loaded) > 0 {
		facts[factLoaded] = loaded
	}
	if r.Deleted > 0 {
		facts["deleted"] = r.Deleted
	}
	ages := 0
	for _, e := range x.sources {
		ages += e.worker.extractor.StatesAges()
	}
	if ages > 0 {
		facts[factAges] = int64(ages)
	}
	if n := x.final.AgesHidden; n > 0 {
		facts["ages_hidden"] = n
	}
	if r.Merged > 0 {
		facts["merged"] = r.Merged
	}
	if r.Linkage != nil {
		facts[FactLinkage] = *r.Linkage
	}
	if r.Linked != nil {
		facts["linked"] = *r.Linked
	}
	return facts
}

// FactLinkage is a Linkage, where the same person was looked for in several sources.
const FactLinkage = "linkage"

// factSources are the counts of each of several sources.
const factSources = "sources"

// sourceFacts are the counts of the sources without what an export of a server says of itself, which varies between
// exports of the same records.
func sourceFacts(all []SourceReport) []SourceReport {
	some := slices.Clone(all)
	for i := range some {
		some[i].Bulk = nil
	}
	return some
}

// logged are the facts of an extract that its log entry has: how many were left out, by
// reason and policy path.
func logged(facts map[string]any) map[string]any {
	some := map[string]any{}
	for _, name := range []string{"read", "stored", "superseded", "not_in_policy", "dropped_by_policy", "rejected", "drop_reasons", "reject_reasons", "values_dropped", "ages_hidden", "linked", "opted_out", "opt_out_listed", "opt_out_unmatched", "codes_mapped", "codes_unmapped", "deleted", factIssues, factSources, "merged", FactLinkage} {
		if fact, found := facts[name]; found {
			some[name] = fact
		}
	}
	return some
}

// logged adds of when an export is. For several sources by name.
func (x *extraction) logged(facts map[string]any) map[string]any {
	some := logged(facts)
	times := map[string]any{}
	for _, e := range x.sources {
		if e.bulk != nil {
			times[e.Name] = e.bulk.TransactionTime.UTC().Format(time.RFC3339)
			if e.bulk.Unanswered {
				some["unanswered_export"] = true
			}
		}
	}
	switch {
	case len(times) > 0 && x.several():
		some["transaction_times"] = times
	case len(times) > 0:
		some["transaction_time"] = times[x.sources[0].Name]
	}
	return some
}

// skip answers a request that was answered before. Only where an extract of files of the same
// sizes exists are they hashed for it before they are read.
func (x *extraction) skip(ctx context.Context) (*ExtractReport, error) {
	if again, err := x.perhapsAgain(); !again || err != nil {
		return nil, err
	}
	for _, e := range x.sources {
		if err := e.input.hash(ctx, x.progress(e)); err != nil {
			return nil, fmt.Errorf("extract: %w", e.named(err, len(x.sources)))
		}
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
	whole, err := x.answer(ctx, snapshot)
	if err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	if !whole {
		return nil, nil
	}
	x.tellAbsent(snapshot.Manifest().Facts)
	return x.report, x.report.recall(snapshot.Manifest().Facts)
}

// answer puts what is there in force in place of what was asked for, where it is whole: what is damaged is put right by
// making it again.
func (x *extraction) answer(ctx context.Context, sn *Snapshot) (whole bool, err error) {
	if err := sn.Check(ctx); IsIntegrity(err) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if err := x.checkRejectsOf(sn); err != nil {
		return false, err
	}
	if err := x.putInForce(ctx, sn); err != nil {
		return false, err
	}
	if err := x.store.Log(ctx, Event{Kind: "extract", Facts: map[string]any{"skipped": true, "snapshot": sn.ID()}}); err != nil {
		return false, err
	}
	x.report.Skipped, x.report.Snapshot = true, sn.ID()
	return true, nil
}

// checkRejectsOf refuses what is there where more of its lines were rejected than may be now. Of an increment the load itself is
// judged.
func (x *extraction) checkRejectsOf(sn *Snapshot) error {
	type counts struct {
		Read, Rejected int64
		Sources        []SourceReport
	}
	var facts struct {
		counts
		Load *counts
	}
	if err := decodeFacts(sn.manifest.Facts, &facts); err != nil {
		return err
	}
	if facts.Load != nil {
		facts.counts = *facts.Load
	}
	if facts.Sources == nil {
		facts.Sources = []SourceReport{{Read: facts.Read, Rejected: facts.Rejected}}
	}
	for _, s := range facts.Sources {
		if err := x.checkRejects(s.Name, s.Rejected, s.Read); err != nil {
			return err
		}
	}
	return nil
}

// perhapsAgain says whether some extract of the store read files of these sizes.
func (x *extraction) perhapsAgain() (bool, error) {
	if slices.ContainsFunc(x.sources, func(e *feed) bool { return e.Bulk != nil }) {
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
	var files []Input
	for _, e := range x.sources {
		some, _ := e.input.files()
		files = append(files, some...)
	}
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

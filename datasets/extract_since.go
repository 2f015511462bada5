package datasets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/datasets/bulk"
)

// OntoNewest is what ExtractRequest.Onto says for the extract of the source that was last made, or found to be what the server has: the
// newest by the store's log, since a server's clock may go back, of those that can be added to.
const OntoNewest = "newest"

// Facts about servers.
const (
	factIssues  = "server_issues"
	factExports = "server_exports" // a serverExport of each source that is a server
)

// serverExport is what an extract keeps of a server's export, so that what changed since can be asked for.
//
// Its times are the server's, of the export as a whole, as its manifest says them. They are no date of a patient and no
// patient's record decides them, so they stand open and true.
type serverExport struct {
	TransactionTime string `json:"transaction_time"` // all that changed up to it is in the extract
	FullLoad        string `json:"full_load"`        // that of the full load which this is, or adds to

	// What was asked for, and by whom: another client or scope may see other records. Of the address and of these the hash is kept. Which
	// group or search it was is not: they may have names of persons in them, and nothing is added to either.
	Server   string   `json:"server"`
	Client   string   `json:"client"`
	Granted  string   `json:"granted,omitempty"` // hash of the scope that the server granted; "" without a token, and in extracts of before it was kept
	Level    string   `json:"level"`
	Types    []string `json:"types,omitempty"`
	Elements []string `json:"elements,omitempty"`
	Filtered bool     `json:"filtered,omitempty"`
}

// asked is what a client asks for, without times.
func asked(c *bulk.Client) serverExport {
	set := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	return serverExport{
		Server: hexSHA256([]byte(strings.TrimRight(c.URL, "/"))), Client: hexSHA256([]byte(c.ClientID + "\n" + c.Scope)),
		Level: c.Level, Types: set(c.Types), Elements: set(c.Elements), Filtered: len(c.TypeFilters) > 0,
	}
}

// others says what of two requests differs.
func (s serverExport) others(now serverExport) (why []string) {
	for _, c := range []struct {
		what string
		same bool
	}{
		{"the server's address", s.Server == now.Server}, {"the client or its scope", s.Client == now.Client}, {"the level", s.Level == now.Level},
		{"the list of types", slices.Equal(s.Types, now.Types)}, {"the list of elements", slices.Equal(s.Elements, now.Elements)},
		{"the list of type filters", s.Filtered == now.Filtered},
	} {
		if !c.same {
			why = append(why, c.what+" is another")
		}
	}
	return why
}

// times are its times. What is none is zero.
func (s serverExport) times() (transaction, full time.Time) {
	transaction, _ = time.Parse(time.RFC3339Nano, s.TransactionTime)
	full, _ = time.Parse(time.RFC3339Nano, s.FullLoad)
	return transaction, full
}

// exportsOf are the servers' exports that an extract keeps, by source.
func exportsOf(m Manifest) map[string]serverExport {
	var facts struct {
		All map[string]serverExport `json:"server_exports"`
	}
	if decodeFacts(m.Facts, &facts) != nil {
		return nil
	}
	return facts.All
}

// exports are those of the extract that is being made.
func (x *extraction) exports() map[string]serverExport {
	all := map[string]serverExport{}
	for _, e := range x.sources {
		if e.bulk == nil || x.req.Profile == ProfileSafeHarbor { // to which nothing is added
			continue
		}
		one := asked(e.Bulk)
		one.Granted = e.bulk.granted
		one.TransactionTime = e.bulk.TransactionTime.UTC().Format(time.RFC3339Nano)
		one.FullLoad = one.TransactionTime
		if x.onto != nil {
			one.FullLoad = exportsOf(x.onto.base.manifest)[e.Name].FullLoad
		}
		all[e.Name] = one
	}
	return all
}

// newest finds the newest extract of the source that can be added to. Where none can, what is said is about the newest.
func (o *onto) newest() (*Snapshot, error) {
	x := o.x
	name := x.sources[0].Name
	if x.several() || x.sources[0].Bulk == nil {
		return nil, errors.New("the newest extract is found for one source that is a server: say which one to add to")
	}
	ids, err := x.store.Snapshots()
	if err != nil {
		return nil, err
	}
	entries, err := x.store.LogEntries()
	if err != nil {
		return nil, err
	}
	used := lastUsed(entries)
	var all []*Snapshot
	for _, id := range ids {
		sn, err := x.store.Open(id)
		if IsIntegrity(err) || CodeOf(err) == CodeNotFound {
			continue // damaged, which verify tells, or gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		if _, is := exportsOf(sn.manifest)[name]; is && sn.manifest.Kind == "extract" && sn.manifest.Recipe[recipeSource] == name {
			all = append(all, sn)
		}
	}
	if len(all) == 0 {
		return nil, &FullLoadError{Why: []string{"the store has no extract of what a server exports as source " + name}}
	}
	slices.SortStableFunc(all, func(a, b *Snapshot) int { return used[b.id].Compare(used[a.id]) })
	for _, one := range all {
		if o.base = one; len(o.mismatches()) == 0 {
			return one, nil
		}
	}
	return all[0], nil
}

// askable finds since when a server is to be asked, and says why its answer could not be added so that the result is exact.
func (o *onto) askable() (why []string) {
	e, m := o.x.sources[0], o.base.manifest
	if e.Bulk == nil {
		return nil
	}
	kept, is := exportsOf(m)[e.Name]
	since, full := kept.times()
	if !is || since.IsZero() || full.IsZero() {
		return []string{"it does not say of when the server's records in it are"}
	}
	o.since = since
	why = kept.others(asked(e.Bulk))
	if e.Bulk.Level == bulk.Group {
		why = append(why, "who has come into a group has older records, which what changed since does not have")
	}
	if types := e.Bulk.Types; e.Bulk.Level == bulk.Patient && len(types) > 0 && !slices.Contains(types, "Patient") {
		why = append(why, "without Patient among the types the server does not name patients who were deleted, with whom their records leave an export of level patient")
	}
	if e.Bulk.Level == bulk.Patient && o.x.plan.Shared(e.Bulk.Types) {
		why = append(why, "what belongs to no patient, such as a Medication, is in an export of level patient once a record refers to it, and may have changed long before: name types that belong to patients alone")
	}
	if e.Bulk.Post {
		why = append(why, "of a request by POST no manifest says whether the server took the time that was asked for (_since): ask by GET")
	}
	if len(e.Bulk.TypeFilters) > 0 {
		why = append(why, "of what a type filter does not take any more no server tells")
	}
	if said, err := issuesOf(m); err != nil || len(Lacking(said)) > 0 {
		why = append(why, "the server said of an export in it that records lack")
	}
	if full.Before(o.x.req.FullFrom) {
		why = append(why, "its full load is of "+full.Format(time.RFC3339)+", and older than asked for")
	}
	return why
}

// issuesOf are the issues that servers told of the exports in an extract.
func issuesOf(m Manifest) (map[string]int64, error) {
	var facts struct {
		Issues map[string]int64 `json:"server_issues"`
	}
	err := decodeFacts(m.Facts, &facts)
	return facts.Issues, err
}

// issues are those that the servers tell of these exports.
func (x *extraction) issues() map[string]int64 {
	issues := map[string]int64{}
	for _, e := range x.sources {
		if e.bulk != nil {
			for name, n := range e.bulk.Issues {
				issues[name] += n
			}
		}
	}
	return issues
}

// Lacking are the issues of an export (BulkReport.Issues) that are about records which are not in it.
func Lacking(issues map[string]int64) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(issues)) {
		if severity, _, _ := strings.Cut(name, "/"); severity != "warning" && severity != "information" {
			names = append(names, name)
		}
	}
	return names
}

// answered refuses a server's answer that does not tell all that changed.
func (o *onto) answered(export *bulk.Export, granted string, err error) error {
	switch {
	case bulk.CodeOf(err) == bulk.NoSince:
		return o.refuse([]string{"the server does not take a request for what changed since (_since)"})
	case err != nil:
		return err
	case export.TransactionTime.Before(o.since):
		return o.refuse([]string{fmt.Sprintf("the server's export is of %s, before that in the extract, of %s", export.TransactionTime.UTC().Format(time.RFC3339Nano), o.since.Format(time.RFC3339Nano))})
	case o.anotherScope(granted):
		return o.refuse([]string{"the server grants another scope than it did"})
	case !export.Since():
		return o.refuse([]string{"the server's manifest repeats the request without the time that was asked for (_since): it may not have understood that"})
	case !export.NamesDeleted:
		return o.refuse([]string{"the server's manifest has no list of what was deleted since"})
	}
	return nil
}

// anotherScope says whether the server grants another scope than it did for the extract: records that it shows only now are not among what
// changed since.
func (o *onto) anotherScope(granted string) bool {
	kept := exportsOf(o.base.manifest)[o.x.sources[0].Name].Granted
	return kept != "" && kept != granted
}

// complete refuses an export that does not have all that changed.
func (o *onto) complete(r *BulkReport, w *worker) error {
	var why []string
	if names := Lacking(r.Issues); len(names) > 0 {
		why = append(why, "the server says that records lack in its export: "+strings.Join(names, ", "))
	}
	for name := range w.deleted {
		if strings.HasPrefix(name, "Patient/") && o.x.sources[0].Bulk.Level == bulk.Patient {
			why = append(why, "a patient was deleted, with whom records leave an export of level patient that the server does not name")
			break
		}
	}
	return o.refuse(why)
}

// stale refuses what a server gives now that is older than what it gave before: by lastUpdated the earlier version would count.
func (o *onto) stale() error {
	if o == nil || o.since.IsZero() || o.x.final.Stale == 0 {
		return nil
	}
	return o.refuse([]string{fmt.Sprintf("the server gives %d resources with a lastUpdated before that which they had", o.x.final.Stale)})
}

// unchanged answers a request to a server by what is there, where the server gives the same records again or none that changed. Its time
// stays what it was: what changed since that is asked for the next time, too.
func (x *extraction) unchanged(ctx context.Context) error {
	if !slices.ContainsFunc(x.sources, func(e *feed) bool { return e.Bulk != nil }) {
		return nil
	}
	sn, err := x.sameAgain()
	if sn == nil || err != nil {
		return err
	}
	// The counts are those of what is there.
	x.report = &ExtractReport{Bulk: x.report.Bulk, Ignored: x.report.Ignored}
	whole, err := x.answer(ctx, sn)
	if !whole || err != nil {
		return err
	}
	facts := sn.Manifest().Facts
	x.tellAbsent(facts)
	if x.onto != nil { // nothing was read
		x.report.Onto = sn.ID()
		facts = map[string]any{"as_of": facts["as_of"], "observable": facts["observable"]}
	}
	if err := x.report.recall(facts); err != nil {
		return err
	}
	for i := range x.report.Sources { // what the exports say of themselves is no fact of several
		x.report.Sources[i].Bulk = x.sources[i].bulk
	}
	return x.release(ctx)
}

// sameAgain is the extract that has what was read, nil where there is none.
func (x *extraction) sameAgain() (*Snapshot, error) {
	if x.onto != nil {
		return x.onto.nothingNew()
	}
	sn, err := x.store.ByKey(x.key)
	if sn == nil || err != nil {
		return nil, err
	}
	if said, err := issuesOf(sn.manifest); err != nil || !slices.Equal(Lacking(said), Lacking(x.issues())) {
		return nil, nil
	}
	kept := exportsOf(sn.manifest)
	for name, now := range x.exports() {
		before, is := kept[name]
		at, _ := before.times()
		is = is && len(before.others(now)) == 0 && before.Granted == now.Granted
		// Of a server whose clock went back, what changes from now on is asked for by the new time.
		if now, _ := now.times(); !is || at.After(now) || at.Before(x.req.FullFrom) {
			return nil, nil
		}
	}
	return sn, nil
}

// nothingNew is the extract that was to be added to, where nothing changed and the same is asked for.
func (o *onto) nothingNew() (*Snapshot, error) {
	e := o.x.sources[0]
	if e.counts.Read > 0 || len(e.worker.deleted) > 0 || e.worker.extractor.Deletions() {
		return nil, nil
	}
	recipe := func(r map[string]any) (string, error) {
		r = maps.Clone(r)
		delete(r, "order")
		delete(r, recipeCompacted)
		text, err := canonicalJSON(r)
		return string(text), err
	}
	now, err := recipe(o.x.recipe)
	if err != nil {
		return nil, err
	}
	before, err := recipe(o.base.manifest.Recipe)
	if err != nil || now != before {
		return nil, err
	}
	return o.base, nil
}

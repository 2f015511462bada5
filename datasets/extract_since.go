package datasets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/datasets/bulk"
)

// OntoNewest is what ExtractRequest.Onto says for the newest extract of the source, as the server counts time, that can be added to.
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

	// What was asked for. An address, a group and a search may have names of persons in them, so of these the hash is kept.
	Server   string   `json:"server"`
	Level    string   `json:"level"`
	Group    string   `json:"group,omitempty"`
	Types    []string `json:"types,omitempty"`
	Elements []string `json:"elements,omitempty"`
	Filters  string   `json:"filters,omitempty"`
}

// asked is what a client asks for, without times.
func asked(c *bulk.Client) serverExport {
	hash := func(text string) string {
		if text == "" {
			return ""
		}
		return hexSHA256([]byte(text))
	}
	set := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	return serverExport{
		Server: hash(strings.TrimRight(c.URL, "/")), Level: c.Level, Group: hash(c.Group), Types: set(c.Types), Elements: set(c.Elements),
		Filters: hash(strings.Join(set(c.TypeFilters), "\n")),
	}
}

// others says what of two requests differs.
func (s serverExport) others(now serverExport) (why []string) {
	for _, c := range []struct {
		what string
		same bool
	}{
		{"the server's address", s.Server == now.Server}, {"the level", s.Level == now.Level}, {"the group", s.Group == now.Group},
		{"the list of types", slices.Equal(s.Types, now.Types)}, {"the list of elements", slices.Equal(s.Elements, now.Elements)},
		{"the list of type filters", s.Filters == now.Filters},
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
		if e.bulk == nil {
			continue
		}
		one := asked(e.Bulk)
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
	type candidate struct {
		*Snapshot
		at time.Time
	}
	var all []candidate
	for _, id := range ids {
		sn, err := x.store.Open(id)
		if err != nil {
			continue // damaged, which verify tells
		}
		kept, is := exportsOf(sn.manifest)[name]
		if at, _ := kept.times(); is && sn.manifest.Kind == "extract" && sn.manifest.Recipe[recipeSource] == name {
			all = append(all, candidate{sn, at})
		}
	}
	if len(all) == 0 {
		return nil, &FullLoadError{Why: []string{"the store has no extract of what a server exports as source " + name}}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { // what was compacted first
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.Increments(), b.Increments()))
	})
	for _, one := range all {
		if o.base = one.Snapshot; len(o.mismatches()) == 0 {
			return one.Snapshot, nil
		}
	}
	return all[0].Snapshot, nil
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
	if len(e.Bulk.TypeFilters) > 0 {
		why = append(why, "of what a type filter does not take any more no server tells")
	}
	var facts struct {
		Issues map[string]int64 `json:"server_issues"`
	}
	if decodeFacts(m.Facts, &facts) != nil || len(lacking(facts.Issues)) > 0 {
		why = append(why, "the server said of an export in it that records lack")
	}
	if full.Before(o.x.req.FullFrom) {
		why = append(why, "its full load is of "+full.Format(time.RFC3339)+", and older than asked for")
	}
	return why
}

// lacking are the issues of an export that are about records which are not in it.
func lacking(issues map[string]int64) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(issues)) {
		if severity, _, _ := strings.Cut(name, "/"); severity != "warning" && severity != "information" {
			names = append(names, name)
		}
	}
	return names
}

// answered refuses a server's answer that does not tell all that changed.
func (o *onto) answered(export *bulk.Export, err error) error {
	switch {
	case bulk.CodeOf(err) == bulk.NoSince:
		return o.refuse([]string{"the server does not take a request for what changed since (_since)"})
	case err != nil:
		return err
	case export.TransactionTime.Before(o.since):
		return o.refuse([]string{fmt.Sprintf("the server's export is of %s, before that in the extract, of %s", export.TransactionTime.UTC().Format(time.RFC3339Nano), o.since.Format(time.RFC3339Nano))})
	case !export.NamesDeleted:
		return o.refuse([]string{"the server's manifest has no list of what was deleted since"})
	}
	return nil
}

// complete refuses an export that does not have all that changed.
func (o *onto) complete(r *BulkReport, w *worker) error {
	var why []string
	if names := lacking(r.Issues); len(names) > 0 {
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
	if err := sn.Check(ctx); IsIntegrity(err) {
		return nil // what was made is damaged; making it again puts it right
	} else if err != nil {
		return err
	}
	if err := x.putInForce(sn); err != nil {
		return err
	}
	if err := x.store.Log(ctx, Event{Kind: "extract", Facts: map[string]any{"skipped": true, "snapshot": sn.ID()}}); err != nil {
		return err
	}
	before := x.report
	x.report = &ExtractReport{Skipped: true, Snapshot: sn.ID(), Bulk: before.Bulk, Ignored: before.Ignored}
	if err := x.report.recall(sn.Manifest().Facts); err != nil {
		return err
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
	kept := exportsOf(sn.manifest)
	for name, now := range x.exports() {
		before, is := kept[name]
		at, _ := before.times()
		is = is && len(before.others(now)) == 0
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

package datasets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
	"farr/internal/progress"
)

// RemoveRequest is whom to remove from a store.
type RemoveRequest struct {
	IDs []string // of patients in their sources, see ReadPatientIDs
	// SourceName is the source that the IDs are of. It need not be said where the store has records of one alone: of several, an id may be
	// another person's in each, unless EverySource says that it is not.
	SourceName  string
	EverySource bool
	// Keys are those of all epochs that are not destroyed: without one its extracts
	// cannot be searched.
	Keys []*Key
	// Unlinkable lets extracts go whole in which nobody can find a person: those of safe-harbor, and
	// of destroyed keys. They stay otherwise, since nobody can tell whose a row of them is.
	Unlinkable bool
	Reason     string // for the log; at most 200 characters, and no name of a person
	Progress   progress.Func
}

// RemoveReport says what a removal did. It does not say who was removed.
type RemoveReport struct {
	Asked      int   `json:"asked"`     // ids
	Unmatched  int   `json:"unmatched"` // ids of which no extract had a row
	Persons    int   `json:"persons"`   // found in at least one extract
	Rewritten  int   `json:"rewritten"` // extracts
	Retired    int   `json:"retired"`   // snapshots that went: the old extracts, and what was made of them
	Unlinkable int   `json:"unlinkable"`
	Resources  int64 `json:"resources"`  // that went, over all extracts
	References int64 `json:"references"` // of others to them, which became null
}

// Remove takes persons out of every retained extract of the store: the objects that hold a row of
// theirs, or a reference to one, are written again without, and dictionary entries that
// nobody else uses go. Each extract concerned is replaced by one without them; it, and all that was
// made of it (results, risk), is retired: its manifest and the objects that nothing else names are deleted.
// Later extracts of the same source leave the persons out by a mark that only the key can make.
//
// Until all replacements are there nothing changes for readers. Then one entry of the log retires
// the old, and whoever opens the store next finishes what a stop left of that.
//
// A person whom linkage found in several sources goes with the records of all of them, whichever source an id is of. Only
// the ids that were given are marked: a later extract leaves the others out when it is linked, too.
//
// It does not reach what left the store (reports, exports, crosswalks) nor entries of the log, which hold a
// pseudonym where the person's true dates were shown to somebody.
func (s *Store) Remove(ctx context.Context, req RemoveRequest) (*RemoveReport, error) {
	report, err := s.remove(ctx, req)
	if err != nil {
		return report, fmt.Errorf("remove: %w", err)
	}
	return report, nil
}

func (s *Store) remove(ctx context.Context, req RemoveRequest) (*RemoveReport, error) {
	if len(req.IDs) == 0 {
		return nil, errors.New("the list names nobody")
	}
	if req.EverySource && req.SourceName != "" {
		return nil, errors.New("the ids are of one source or of every one, not both")
	}
	if len([]rune(req.Reason)) > 200 || strings.ContainsAny(req.Reason, "\r\n") {
		return nil, errors.New("a reason is one line of at most 200 characters")
	}
	if err := s.finishPending(ctx); err != nil {
		return nil, err
	}
	c, err := s.loadCustody(ctx)
	if err != nil {
		return nil, err
	}
	r := &removing{store: s, req: req, custody: c, keys: map[string]*Key{}, met: map[string]bool{}, report: &RemoveReport{Asked: len(req.IDs)}}
	for _, k := range req.Keys {
		r.keys[k.ID()] = k
		if err := s.SignLog(k); err != nil {
			return nil, err
		}
	}
	if open := c.open(); open != nil && r.keys[open.Key] != nil {
		if err := s.SignLog(r.keys[open.Key]); err != nil {
			return nil, err
		}
	}
	for _, stage := range []func(context.Context) error{r.sort, r.replace, r.retire} {
		if err := stage(ctx); err != nil {
			return r.report, err
		}
	}
	return r.report, nil
}

// removing is one run of Remove.
type removing struct {
	store    *Store
	req      RemoveRequest
	custody  *custody
	keys     map[string]*Key
	extracts []*Snapshot // to be searched
	whole    []*Snapshot // to be retired unread
	pending  pendingWork
	sources  map[string]map[string]bool // of each key
	met      map[string]bool            // ids that were found
	report   *RemoveReport
}

// sort says of each snapshot whether it can be searched.
func (r *removing) sort(context.Context) error {
	all, err := r.store.Snapshots()
	if err != nil {
		return err
	}
	r.sources = map[string]map[string]bool{}
	named := r.req.SourceName == ""
	missing := map[string]bool{}
	for _, id := range all {
		sn, err := r.store.Open(id)
		if err != nil {
			return err // what cannot be read cannot be searched
		}
		if sn.manifest.Kind != "extract" {
			continue
		}
		key := sn.keyID()
		switch e := r.custody.of(key); {
		case key == "" || e != nil && e.State == EpochDestroyed:
			r.report.Unlinkable++
			if r.req.Unlinkable {
				r.whole = append(r.whole, sn)
			}
		case r.keys[key] == nil:
			missing[key] = true
		default:
			r.extracts = append(r.extracts, sn)
			if r.sources[key] == nil {
				r.sources[key] = map[string]bool{}
			}
			for _, name := range r.of(sn) {
				named = true
				r.sources[key][name] = true
			}
		}
	}
	if len(missing) > 0 {
		names := make([]string, 0, len(missing))
		for key := range missing {
			names = append(names, key)
		}
		slices.Sort(names)
		return &Error{Code: CodeKeyRequired, Subject: "key " + strings.Join(names, ", "),
			Detail: "the store has extracts of it, which cannot be searched without: give every key that is not destroyed"}
	}
	if !named {
		return fmt.Errorf("source %q: no extract of this store has a source of that name", r.req.SourceName)
	}
	for key := range r.keys {
		if r.custody.of(key) == nil {
			return &Error{Code: CodeWrongKey, Subject: "key " + key, Detail: "no extract of this store was made with it"}
		}
	}
	return r.oneSource()
}

// oneSource refuses ids of which nobody said in which of several sources they are.
func (r *removing) oneSource() error {
	all := map[string]bool{}
	for _, of := range r.sources {
		maps.Copy(all, of)
	}
	if r.req.SourceName != "" || r.req.EverySource || len(all) < 2 {
		return nil
	}
	return fmt.Errorf("the store has records of sources %s, in each of which an id may be another person's: say which source the ids are of, or that they are the same persons' in every one",
		strings.Join(slices.Sorted(maps.Keys(all)), ", "))
}

// of are the sources of an extract in which the ids may be.
func (r *removing) of(sn *Snapshot) []string {
	names := sn.SourceNames()
	if r.req.SourceName == "" {
		return names
	}
	return slices.DeleteFunc(names, func(name string) bool { return name != r.req.SourceName })
}

// replace publishes, beside each extract that has somebody, one without.
func (r *removing) replace(ctx context.Context) error {
	r.pending.Replaces = map[string]string{}
	for i, sn := range r.extracts {
		t, err := r.trace(ctx, i, sn)
		if err != nil {
			return err
		}
		if len(t.gone) == 0 {
			continue
		}
		next, err := r.rewrite(ctx, t)
		if err != nil {
			return err
		}
		r.pending.Replaces[sn.id] = next.id
		r.report.Rewritten++
	}
	r.report.Persons, r.report.Unmatched = len(r.met), len(r.req.IDs)-len(r.met)
	return nil
}

// trace finds the persons in one extract.
func (r *removing) trace(ctx context.Context, i int, sn *Snapshot) (*trace, error) {
	if err := sn.Check(ctx); err != nil {
		return nil, err
	}
	staging, err := r.store.Begin(ctx, "extract") // for what the engine spills
	if err != nil {
		return nil, err
	}
	defer staging.Close()
	db, err := duck.Open(ctx, duck.Config{TempDir: staging.Dir(), AllowedDirs: []string{r.store.ObjectsDir(), staging.Dir()}})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var total int64
	for _, tab := range sn.manifest.Tables {
		total += 2 * int64(len(tab.Objects))
	}
	t := tracing{trace: &trace{sn: sn}, db: db, step: func(done, _ int64) {
		r.req.Progress.Report(fmt.Sprintf("search extract %d of %d", i+1, len(r.extracts)), done, total)
	}}
	var pids []deid.ID
	byPID := map[deid.ID]string{}
	for _, source := range r.of(sn) {
		ids := deid.NewPseudonyms(r.keys[sn.keyID()], source)
		for _, id := range r.req.IDs {
			pid := ids.Of("Patient", []byte(id))
			pids = append(pids, pid)
			byPID[pid] = id
		}
	}
	persons, err := sn.linked(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.find(ctx, persons.all(pids)); err != nil {
		return nil, err
	}
	for pid, id := range byPID {
		if t.gone[persons.is(pid)] {
			r.met[id] = true
		}
	}
	return t.trace, nil
}

// complete refuses when an extract came that was not searched. The caller holds the writer lock.
func (r *removing) complete() error {
	all, err := r.store.Snapshots()
	if err != nil {
		return err
	}
	c, err := r.store.loadCustodyLocked()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, sn := range r.extracts {
		known[sn.id] = true
		known[r.pending.Replaces[sn.id]] = true
	}
	for _, id := range all {
		sn, err := r.store.Open(id)
		if err != nil {
			return err
		}
		key := sn.keyID()
		if e := c.of(key); key == "" || known[id] || e != nil && e.State == EpochDestroyed {
			continue // none that could be searched, or one that was
		}
		if sn.manifest.Kind == "extract" {
			return errors.New("an extract was published meanwhile, which was not searched: run it again")
		}
	}
	return nil
}

// retire writes the removal down, and does it. Who was removed is marked for every source of every
// key that extracts are made with, also where no extract had a row: one may come.
func (r *removing) retire(ctx context.Context) error {
	s := r.store
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.finishPendingLocked(); err != nil { // of who was killed since this one began
		return err
	}
	if err := s.at("removal"); err != nil {
		return err
	}
	if err := r.complete(); err != nil {
		return err
	}
	if r.pending.Retires, err = s.madeOf(r.pending.Replaces, r.whole); err != nil {
		return err
	}
	r.report.Retired = len(r.pending.Retires)
	for _, n := range []int64{r.report.Resources, r.report.References} {
		r.pending.Counts = append(r.pending.Counts, n)
	}
	event := Event{Kind: "removal", Retires: r.pending.Retires, Facts: map[string]any{
		"asked": r.report.Asked, "persons": r.report.Persons, "resources": r.report.Resources, "references": r.report.References,
		"replaces": r.pending.Replaces, "unlinkable": r.report.Unlinkable, "reason": r.req.Reason,
	}}
	err = s.changeCustody(event, func(c *custody) error {
		if c.Removed == nil {
			c.Removed = map[string][]string{}
		}
		for key, sources := range r.sources {
			for source := range sources {
				marker := deid.NewMarker(r.keys[key], source)
				for _, id := range r.req.IDs {
					c.Removed[key] = append(c.Removed[key], marker.Of([]byte(id)))
				}
			}
			slices.Sort(c.Removed[key])
			c.Removed[key] = slices.Compact(c.Removed[key])
		}
		if len(r.pending.Retires) > 0 {
			c.Pending = &r.pending
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.finishPendingLocked()
}

package datasets

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"
)

// KeepRule says which snapshots of a kind stay: the newest so many, and those that were used within a time. What one of
// the two keeps stays.
type KeepRule struct {
	Newest int           `json:"newest,omitempty"`
	For    time.Duration `json:"for,omitempty"`
}

// PruneRequest says what of some sources is kept. The rules are for extracts of just those sources and what was made of them, and
// for nothing else of the store.
type PruneRequest struct {
	Sources []string            // names of the sources in the store, in any order
	Rules   map[string]KeepRule // by kind; an extract without a rule stays, anything else goes with what it was made of
	// Stay are snapshots that stay whatever the rules say, and why.
	Stay map[string]string
	// Since is when the oldest run began that is not done with, zero without one: what was used since then stays.
	Since  time.Time
	Now    time.Time
	DryRun bool   // tell, and do nothing
	Job    string // for the entry of the log
	// Bundles are reports that the caller removes once Prune has returned, by the hashes of their manifests: for the log, too.
	Bundles []string
}

// PruneReport says what goes and what stays of some sources.
type PruneReport struct {
	Goes    []PrunedSnapshot `json:"goes"`
	Stays   []PrunedSnapshot `json:"stays"`
	Unnamed int              `json:"unnamed_objects"` // that no manifest names, as a stopped publish leaves; they go
	Bytes   int64            `json:"bytes"`           // of objects and manifests that go
}

// PrunedSnapshot is a snapshot that a prune judged.
type PrunedSnapshot struct {
	ID   string    `json:"snapshot"`
	Kind string    `json:"kind"`
	Used time.Time `json:"used"`          // when it was last made, found made already, put in force or reported
	Why  string    `json:"why,omitempty"` // it stays
}

// Prune retires the snapshots of some sources that no rule keeps, and gives back the objects that nothing else names. Whatever
// the rules say these stay: what a pointer names, what a release rests on that still counts (Release.Counts), what the
// request names, and all that those were made of.
//
// One entry of the log retires them, then the files go; whoever opens the store next finishes what a stop left of
// that. While another process prepares a snapshot nothing goes: what it reads is not known.
func (s *Store) Prune(ctx context.Context, req PruneRequest) (*PruneReport, error) {
	report, err := s.prune(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("prune: %w", err)
	}
	return report, nil
}

func (s *Store) prune(ctx context.Context, req PruneRequest) (*PruneReport, error) {
	if err := s.CheckPrivate(); err != nil {
		return nil, err
	}
	for kind, rule := range req.Rules {
		if rule.Newest < 0 || rule.For < 0 || rule == (KeepRule{}) {
			return nil, fmt.Errorf("the rule for %s keeps nothing", kind)
		}
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// Only now: a removal that waited for the lock before this one may have been killed since.
	if err := s.finishPendingLocked(); err != nil {
		return nil, err
	}
	p, err := s.newPruning(req)
	if err != nil {
		return nil, err
	}
	p.choose()
	if err := p.weigh(); err != nil {
		return nil, err
	}
	if req.DryRun || len(p.report.Goes)+p.report.Unnamed+len(req.Bundles) == 0 {
		return p.report, nil
	}
	if err := s.sweep(); err != nil {
		return nil, err
	}
	if names, err := readNames(s.root, stagingDir); err != nil {
		return nil, err
	} else if len(names) > 0 && len(p.report.Goes) > 0 {
		return nil, &Error{Code: CodeLocked, Subject: s.dir, Detail: "another process prepares a snapshot, and what it reads is not known: nothing was pruned"}
	}
	return p.report, p.retire()
}

// pruning is one run of Prune. Its owner holds the writer lock.
type pruning struct {
	store  *Store
	req    PruneRequest
	all    map[string]*Snapshot
	scope  map[string]bool // snapshots that the rules are for
	used   map[string]time.Time
	stays  map[string]string // and why
	report *PruneReport
}

// newPruning reads all manifests and the log.
func (s *Store) newPruning(req PruneRequest) (*pruning, error) {
	p := &pruning{store: s, req: req, all: map[string]*Snapshot{}, scope: map[string]bool{}, stays: map[string]string{},
		report: &PruneReport{Goes: []PrunedSnapshot{}, Stays: []PrunedSnapshot{}}}
	ids, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if p.all[id], err = s.Open(id); err != nil {
			return nil, err // what cannot be read may name what is about to go
		}
	}
	entries, err := s.LogEntries()
	if err != nil {
		return nil, err
	}
	p.used = lastUsed(entries)
	maps.Copy(p.stays, req.Stay)
	releases, err := s.Releases()
	if err != nil {
		return nil, err
	}
	for _, r := range releases {
		for _, name := range restsOn {
			if id, _ := r.Facts[name].(string); id != "" && r.Counts() {
				p.stays[id] = "release " + r.ID[:12]
			}
		}
	}
	names, err := readNames(s.root, pointersDir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		id, err := s.readPointer(path.Join(pointersDir, name))
		if err != nil {
			return nil, err
		}
		p.stays[id] = "in force"
	}
	return p, nil
}

// lastUsed tells of each snapshot when the log last says that it was made, found made already, put in force or reported. An
// extract from which persons were removed was last used when the one that it replaces was, or when it took its place in force.
func lastUsed(entries []LogEntry) map[string]time.Time {
	used := map[string]time.Time{}
	for _, e := range entries {
		ids := []string{e.Publishes}
		for _, id := range e.Points {
			ids = append(ids, id)
		}
		for _, name := range []string{"snapshot", "extract", "results"} {
			id, _ := e.Facts[name].(string)
			ids = append(ids, id)
		}
		if adopted, ok := e.Facts[factAdopted].([]any); ok && e.Kind == logBegin {
			for _, id := range adopted {
				id, _ := id.(string)
				ids = append(ids, id)
			}
		}
		for _, id := range ids {
			used[id] = e.Time
		}
		if replaces, ok := e.Facts["replaces"].(map[string]any); ok && e.Kind == "removal" {
			for before, next := range replaces {
				if next, ok := next.(string); ok {
					used[next] = used[before]
				}
			}
		}
	}
	return used
}

// choose decides what stays.
func (p *pruning) choose() {
	byKind, sources := map[string][]*Snapshot{}, slices.Sorted(slices.Values(p.req.Sources))
	for again := true; again; {
		again = false
		for id, sn := range p.all {
			if p.scope[id] || !(sn.manifest.Kind == "extract" && slices.Equal(slices.Sorted(slices.Values(sn.SourceNames())), sources) || slices.ContainsFunc(sn.made(), func(of string) bool { return p.scope[of] })) {
				continue
			}
			p.scope[id], again = true, true
			byKind[sn.manifest.Kind] = append(byKind[sn.manifest.Kind], sn)
		}
	}
	for id := range p.all {
		if !p.scope[id] {
			p.keep(id, "of other sources")
		} else if p.used[id].IsZero() {
			p.keep(id, "the log does not know it")
		} else if used := p.used[id]; !p.req.Since.IsZero() && !used.Before(p.req.Since) {
			p.keep(id, "a run is not done with")
		}
	}
	for kind, list := range byKind {
		rule, ruled := p.req.Rules[kind]
		if !ruled && kind != "extract" {
			continue
		}
		slices.SortFunc(list, func(a, b *Snapshot) int {
			return cmp.Or(p.used[b.id].Compare(p.used[a.id]), cmp.Compare(a.id, b.id))
		})
		for i, sn := range list {
			switch {
			case !ruled:
				p.keep(sn.id, "no rule")
			case i < rule.Newest:
				p.keep(sn.id, "newest")
			case rule.For > 0 && p.req.Now.Sub(p.used[sn.id]) < rule.For:
				p.keep(sn.id, "used since")
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.stays)) { // in order: the first that was made of one is why it stays
		p.keepInputs(id)
	}
	for again := true; again; { // what has no rule goes with what it was made of
		again = false
		for id, sn := range p.all {
			_, ruled := p.req.Rules[sn.manifest.Kind]
			if !ruled && p.stays[id] == "" && !slices.ContainsFunc(sn.made(), func(of string) bool { return p.all[of] != nil && p.stays[of] == "" }) {
				p.keep(id, "what it was made of stays")
				again = true
			}
		}
	}
}

// made are the snapshots that one was made of.
func (sn *Snapshot) made() (ids []string) {
	for _, in := range sn.manifest.Inputs {
		if in.Kind == "snapshot" {
			ids = append(ids, in.ID)
		}
	}
	return ids
}

// keep notes why a snapshot stays, the first reason.
func (p *pruning) keep(id, why string) {
	if p.stays[id] == "" {
		p.stays[id] = why
	}
}

// keepInputs keeps what a snapshot was made of, through any number of steps: what stays can be traced.
func (p *pruning) keepInputs(id string) {
	sn := p.all[id]
	if sn == nil {
		return
	}
	for _, in := range sn.manifest.Inputs {
		if p.all[in.ID] != nil {
			p.keep(in.ID, fmt.Sprintf("%s %.12s was made of it", sn.manifest.Kind, id))
			p.keepInputs(in.ID)
		}
	}
}

// weigh fills the report.
func (p *pruning) weigh() error {
	named, sizes := map[string]bool{}, map[string]int64{}
	for id, sn := range p.all {
		goes := p.stays[id] == ""
		for _, t := range sn.manifest.Tables {
			for _, o := range t.files() {
				named[o.SHA256] = true
				if _, known := sizes[o.SHA256]; goes && !known {
					sizes[o.SHA256] = o.Bytes
				} else if !goes {
					sizes[o.SHA256] = 0 // shared with what stays
				}
			}
		}
		one := PrunedSnapshot{id, sn.manifest.Kind, p.used[id], p.stays[id]}
		switch {
		case goes:
			p.report.Goes = append(p.report.Goes, one)
			info, err := p.store.root.Lstat(manifestName(id))
			if err != nil {
				return err
			}
			p.report.Bytes += info.Size()
		case p.scope[id]:
			p.report.Stays = append(p.report.Stays, one)
		}
	}
	for _, n := range sizes {
		p.report.Bytes += n
	}
	for _, list := range [][]PrunedSnapshot{p.report.Goes, p.report.Stays} {
		slices.SortFunc(list, func(a, b PrunedSnapshot) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), b.Used.Compare(a.Used), cmp.Compare(a.ID, b.ID))
		})
	}
	return p.store.eachObject(func(name, sha string) error {
		if named[sha] {
			return nil
		}
		info, err := p.store.root.Lstat(name)
		if err != nil {
			return err
		}
		p.report.Unnamed++
		p.report.Bytes += info.Size()
		return nil
	})
}

// eachObject gives every file of the pool.
func (s *Store) eachObject(f func(name, sha string) error) error {
	folders, err := readNames(s.root, objectsDir)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		folder = path.Join(objectsDir, folder)
		if info, err := s.root.Lstat(folder); err != nil || !info.IsDir() {
			continue // Verify tells
		}
		names, err := readNames(s.root, folder)
		if err != nil {
			return err
		}
		for _, sha := range names {
			if hashPattern.MatchString(sha) {
				if err := f(path.Join(folder, sha), sha); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// pendingPrune says of pending work that it is a prune's.
const pendingPrune = "prune"

// retire writes it down, and does it.
func (p *pruning) retire() error {
	event := Event{Kind: pendingPrune, Facts: map[string]any{
		"sources": p.req.Sources, "job": p.req.Job, "bytes": p.report.Bytes, "unnamed_objects": p.report.Unnamed, "bundles": p.req.Bundles,
	}}
	for _, sn := range p.report.Goes {
		event.Retires = append(event.Retires, sn.ID)
	}
	slices.Sort(event.Retires)
	if len(event.Retires) == 0 {
		if _, err := p.store.record(LogEntry{Kind: event.Kind, Facts: event.Facts}, nil); err != nil || p.report.Unnamed == 0 {
			return err
		}
		return p.store.deleteUnnamed()
	}
	err := p.store.changeCustody(event, func(c *custody) error {
		c.Pending = &pendingWork{Kind: pendingPrune, Retires: event.Retires}
		return nil
	})
	if err != nil {
		return err
	}
	return p.store.finishPendingLocked()
}

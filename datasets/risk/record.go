package risk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"farr/datasets"
)

// Kind is the kind of the snapshots made here.
const Kind = "risk"

// version changes when the same extract would give other figures. It is part of the skip rule's key.
const version = 2

// Record measures an extract, attacks on its date shift included, and keeps the report as a snapshot whose input is the extract, or finds
// the one that was made before.
func Record(ctx context.Context, s *datasets.Store, extract *datasets.Snapshot, o Options) (sn *datasets.Snapshot, r *Report, skipped bool, err error) {
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	sum := sha256.Sum256([]byte(quasiText))
	also := []any{}
	for _, k := range slices.Compact(slices.Sorted(slices.Values(o.Also))) {
		if !slices.Contains(limits, k) { // told in any case
			also = append(also, k)
		}
	}
	recipe := map[string]any{"step": version, "quasi": hex.EncodeToString(sum[:]), "names": list(o.Quasi), "seed": o.Seed, "also": also}
	inputs := []datasets.Input{{Kind: "snapshot", ID: extract.ID()}}
	key, err := datasets.KeyOf(Kind, recipe, inputs)
	if err != nil {
		return nil, nil, false, err
	}
	if sn, err = s.ByKey(key); err != nil {
		return nil, nil, false, err
	}
	if sn != nil {
		r, err = ReportOf(sn)
		return sn, r, true, err
	}
	staging, err := s.Begin(ctx, Kind)
	if err != nil {
		return nil, nil, false, err
	}
	defer staging.Close()
	o.TempDir, o.tempLimit = staging.Dir(), staging.Limit()
	if r, err = Measure(ctx, extract, o); err != nil {
		return nil, nil, false, err
	}
	if r.Attacks, err = attacks(ctx, extract); err != nil {
		return nil, nil, false, err
	}
	facts, err := Facts(r)
	if err != nil {
		return nil, nil, false, err
	}
	sn, err = staging.Publish(ctx, datasets.Manifest{Kind: Kind, Key: key, Recipe: recipe, Inputs: inputs, Tables: []datasets.Table{}, Facts: facts})
	return sn, r, false, err
}

// ReportOf reads the report that a snapshot of kind risk holds.
func ReportOf(sn *datasets.Snapshot) (*Report, error) {
	m := sn.Manifest()
	if m.Kind != Kind {
		return nil, fmt.Errorf("snapshot %.12s is of kind %s, not a risk report", sn.ID(), m.Kind)
	}
	text, err := json.Marshal(m.Facts)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("read the risk report %.12s: %w", sn.ID(), err)
	}
	return r, nil
}

// Of finds a risk report of an extract in the store, with its snapshot: the one over all quasi-identifiers of
// its profile; nil when none was made.
func Of(s *datasets.Store, extract string) (*datasets.Snapshot, *Report, error) {
	ids, err := s.Snapshots()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		sn, err := s.Open(id)
		if datasets.IsIntegrity(err) || datasets.CodeOf(err) == datasets.CodeNotFound {
			continue // damaged, which verify tells, or gone meanwhile
		}
		if err != nil {
			return nil, nil, err
		}
		m := sn.Manifest()
		names, _ := m.Recipe["names"].([]any)
		if m.Kind == Kind && len(names) == 0 && slices.ContainsFunc(m.Inputs, func(in datasets.Input) bool { return in.ID == extract }) {
			r, err := ReportOf(sn)
			return sn, r, err
		}
	}
	return nil, nil, nil
}

func list(names []string) []any {
	out := []any{}
	for _, n := range names {
		out = append(out, n)
	}
	return out
}

package datasets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"farr/datasets/fhir"
	"farr/datasets/internal/deid"
	"farr/internal/duck"
	"farr/internal/progress"
)

// CrosswalkRequest is for whom source ids are asked, and by whom.
type CrosswalkRequest struct {
	Key     *Key
	Extract *Snapshot // whose persons; another person of the export is not given
	Source  string    // folder of the export that the extract was made from
	// SourceName is which of an extract's sources the folder is; of one it need not be said.
	SourceName string
	PIDs       []uuid.UUID // only these, when Asked
	Asked      bool
	Permit     *Permit
	Who        string // account on the machine
	Reason     string // for the log: one line, at most 200 characters
	Now        time.Time
	Progress   progress.Func
}

// Pair is a person in the source and in the store.
type Pair struct {
	SourceID string    `json:"source_id"` // id of the Patient
	PID      uuid.UUID `json:"pid"`
}

// Crosswalk makes the pseudonyms of an export's patients again and gives the pairs of those who are in the
// extract, and among PIDs where they are asked for. It needs a permit of the store's officer. Who
// asked, how many were given, by which permit and why is in the log before anything is returned;
// what cannot be logged is not given. Pairs are in order of source id.
func Crosswalk(ctx context.Context, s *Store, req CrosswalkRequest) ([]Pair, error) {
	pairs, err := crosswalk(ctx, s, req)
	if err != nil {
		return nil, fmt.Errorf("crosswalk: %w", err)
	}
	return pairs, nil
}

func crosswalk(ctx context.Context, s *Store, req CrosswalkRequest) ([]Pair, error) {
	if badReason(req.Reason) {
		return nil, errors.New("it needs a reason: one line of at most 200 characters")
	}
	if err := s.permits(ctx, req.Permit, req.Who, req.Now); err != nil {
		return nil, err
	}
	if err := req.Extract.mayOpen(ctx); err != nil {
		return nil, err
	}
	switch key := req.Extract.keyID(); {
	case key == "":
		return nil, errors.New("nobody has the key of an extract of safe-harbor, so it has no crosswalk")
	case key != req.Key.ID():
		return nil, &Error{Code: CodeWrongKey, Subject: "snapshot " + req.Extract.id, Detail: "it was made with the key " + key}
	}
	if err := s.SignLog(req.Key); err != nil {
		return nil, err
	}
	switch names := req.Extract.SourceNames(); {
	case req.SourceName == "" && len(names) == 1:
		req.SourceName = names[0]
	case !slices.Contains(names, req.SourceName):
		return nil, fmt.Errorf("which source the folder is must be said: the extract has %s", strings.Join(names, ", "))
	}
	wanted, err := req.Extract.persons(ctx)
	if err != nil {
		return nil, err
	}
	if req.Asked {
		asked := map[deid.ID]bool{}
		for _, pid := range req.PIDs {
			if wanted[deid.ID(pid)] {
				asked[deid.ID(pid)] = true
			}
		}
		wanted = asked
	}
	pairs, err := pairsOf(ctx, req, wanted)
	if err != nil {
		return nil, err
	}
	permit, err := canonicalJSON(req.Permit)
	if err != nil {
		return nil, err
	}
	facts := map[string]any{
		"who": req.Who, "key": req.Key.ID(), "extract": req.Extract.id, "source": req.SourceName, factPermit: hexSHA256(permit), "reason": req.Reason,
		"all": !req.Asked, "asked": len(req.PIDs), factGiven: len(pairs),
	}
	// Counting and giving are one step, or two runs at once would give twice what is allowed.
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	before, err := s.givenBy(hexSHA256(permit))
	if err != nil {
		return nil, err
	}
	if before+int64(len(pairs)) > int64(req.Permit.Persons) {
		return nil, &Error{Code: CodeNotPermitted, Subject: "crosswalk",
			Detail: fmt.Sprintf("the permit is for %d persons, of whom %d were given before, and these are %d", req.Permit.Persons, before, len(pairs))}
	}
	if _, err := s.record(LogEntry{Kind: kindCrosswalk, Facts: facts}, nil); err != nil {
		return nil, err
	}
	return pairs, nil
}

// kindCrosswalk is the kind of its entries in the log, which say by which permit how many were given.
const (
	kindCrosswalk = "crosswalk"
	factPermit    = "permit"
	factGiven     = "given"
)

// givenBy adds up how many persons were given by a permit. Who was given twice counts twice.
func (s *Store) givenBy(permit string) (int64, error) {
	entries, err := s.LogEntries()
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for _, e := range entries {
		if e.Kind != kindCrosswalk || e.Facts[factPermit] != permit {
			continue
		}
		n, err := json.Number(fmt.Sprint(e.Facts[factGiven])).Int64()
		if err != nil {
			return 0, &Error{Code: CodeDamagedLog, Subject: fmt.Sprintf("log entry %d", e.Seq), Detail: "it does not say how many persons were given"}
		}
		total += n
	}
	return total, nil
}

// persons are the pids of an extract's table patient.
func (sn *Snapshot) persons(ctx context.Context) (map[deid.ID]bool, error) {
	if err := sn.Check(ctx, "patient"); err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, duck.Config{AllowedDirs: []string{sn.store.ObjectsDir()}})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	all := map[deid.ID]bool{}
	t, _ := sn.Table("patient")
	for i := range t.Objects {
		rows, err := db.Query(ctx, "read persons", "SELECT pid FROM ("+sn.scanObject(t, t.Objects[i])+")")
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var pid []byte
			if err := rows.Scan(&pid); err != nil {
				rows.Close()
				return nil, err
			}
			all[deid.ID(pid)] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// pairsOf reads the patients of the export. Lines that are none, or cannot be read, are passed over.
func pairsOf(ctx context.Context, req CrosswalkRequest, wanted map[deid.ID]bool) ([]Pair, error) {
	source, err := fhir.Open(req.Source)
	if err != nil {
		return nil, err
	}
	ids := deid.NewPseudonyms(req.Key, req.SourceName)
	persons, err := req.Extract.linked(ctx)
	if err != nil {
		return nil, err
	}
	var total, before int64
	for _, in := range source.Inputs {
		total += in.Size
	}
	var doc fhir.Doc
	pairs := []Pair{}
	given := map[deid.ID]bool{}
	for _, in := range source.Inputs {
		err := in.Lines(ctx, func(l fhir.Line) error {
			if l.Number&0x3ff == 0 {
				req.Progress.Report("crosswalk", before+l.Done, total)
			}
			if l.Reason != "" || doc.Parse(l.Bytes) != "" || doc.Type() != "Patient" {
				return nil
			}
			if pid := persons.is(ids.Of("Patient", doc.ID())); wanted[pid] && !given[pid] {
				given[pid] = true
				pairs = append(pairs, Pair{string(doc.ID()), uuid.UUID(pid)})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		before += in.Size
	}
	return sortedPairs(pairs), nil
}

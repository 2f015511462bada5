package datasets

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// releasesDir holds what each report for outsiders published, by the hash of the file. It is private as the
// results are, of which the numbers come.
const releasesDir = "releases"

// The kinds of the log's entries about releases.
const (
	kindReport    = "report"
	kindWithdrawn = "release-withdrawn"
	kindAccepted  = "release-accepted"
)

// factRelease names a release in facts.
const factRelease = "release"

// restsOn are the facts of a report that name what it was made of.
var restsOn = []string{"results", "extract"}

// Release is one report for outsiders, as the log knows it. A report that is made again of the same is the same release.
type Release struct {
	ID    string         `json:"id"`   // hex SHA-256 of the file that holds it
	Time  time.Time      `json:"time"` // when it was first made
	Facts map[string]any `json:"facts"`
	// Withdrawn and Accepted are the reasons for which it is no more counted against later releases.
	Withdrawn string `json:"withdrawn,omitempty"`
	Accepted  string `json:"accepted,omitempty"`
}

// Counts tells whether later releases are held against this one.
func (r Release) Counts() bool { return r.Withdrawn == "" && r.Accepted == "" }

// ErrReleasedMeanwhile says that another report for outsiders was made since this one looked for earlier ones.
var ErrReleasedMeanwhile = errors.New("another report for outsiders was made of this store meanwhile")

// LogReport logs a report and keeps what it released, both or neither; data is nil for a report that is not for outsiders.
// seen is how many releases there were when it was held against them: with another number now it is ErrReleasedMeanwhile.
// The results and the extract that the facts name are to be there: a prune or a removal may have retired them while the
// report was made.
func (s *Store) LogReport(ctx context.Context, facts map[string]any, data []byte, seen int) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("log report: %w", err)
	}
	defer unlock()
	if s.unfinished() {
		if err := s.finishPendingLocked(); err != nil {
			return fmt.Errorf("log report: %w", err)
		}
	}
	for _, name := range restsOn {
		if id, _ := facts[name].(string); id != "" {
			if _, err := s.Open(id); err != nil {
				return fmt.Errorf("log report: %w", err)
			}
		}
	}
	if data == nil {
		_, err := s.record(LogEntry{Kind: kindReport, Facts: facts}, nil)
		return err
	}
	if now, err := s.Releases(); err != nil {
		return err
	} else if len(now) != seen {
		return ErrReleasedMeanwhile
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(packed.Bytes())
	id := hex.EncodeToString(sum[:])
	facts[factRelease] = id
	if err := s.root.Mkdir(releasesDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep release: %w", err)
	}
	if err := s.syncDir("."); err != nil { // also where the run that made the folder ended right there
		return fmt.Errorf("keep release: %w", err)
	}
	_, err = s.record(LogEntry{Kind: kindReport, Facts: facts}, func() error {
		return s.writeFile(releaseFile(id), packed.Bytes(), 0o600)
	})
	return err
}

const releaseSuffix = ".json.gz"

func releaseFile(id string) string { return path.Join(releasesDir, id+releaseSuffix) }

// Releases are all that the log knows, in order of time.
func (s *Store) Releases() ([]Release, error) {
	entries, err := s.LogEntries()
	if err != nil {
		return nil, err
	}
	var all []Release
	at := map[string]int{}
	for _, e := range entries {
		id, _ := e.Facts[factRelease].(string)
		if id == "" {
			continue
		}
		i, known := at[id]
		switch {
		case e.Kind == kindReport && !known:
			at[id] = len(all)
			all = append(all, Release{ID: id, Time: e.Time, Facts: e.Facts})
		case !known:
		case e.Kind == kindReport: // made again: it counts again
			all[i].Withdrawn, all[i].Accepted = "", ""
		case e.Kind == kindWithdrawn:
			all[i].Withdrawn, _ = e.Facts["reason"].(string)
		case e.Kind == kindAccepted:
			all[i].Accepted, _ = e.Facts["reason"].(string)
		}
	}
	return all, nil
}

// Release finds a release by its ID, or what begins only one.
func (s *Store) Release(prefix string) (Release, error) {
	all, err := s.Releases()
	if err != nil {
		return Release{}, err
	}
	var found []Release
	for _, r := range all {
		if prefix != "" && strings.HasPrefix(r.ID, prefix) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return Release{}, &Error{Code: CodeNotFound, Subject: "release " + prefix, Detail: "the store's log knows none"}
	case 1:
		return found[0], nil
	}
	return Release{}, &Error{Code: CodeNotFound, Subject: "release " + prefix, Detail: "several begin so: write more of it"}
}

// ReadRelease is what was kept of a release.
func (s *Store) ReadRelease(id string) ([]byte, error) {
	packed, err := s.readRegular(releaseFile(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Code: CodeDamagedObject, Subject: "release " + id, Detail: "its file is not there, and the log has it"}
	}
	if err != nil {
		return nil, fmt.Errorf("read release %.12s: %w", id, err)
	}
	damaged := &Error{Code: CodeDamagedObject, Subject: "release " + id, Detail: "its file is not what was written"}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != id {
		return nil, damaged
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, damaged
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, damaged
	}
	return data, nil
}

// WithdrawRelease records that a release was taken back, and AcceptRelease that what later ones give away beside it
// is accepted. Neither is counted any more, until the same report is made again.
func (s *Store) WithdrawRelease(ctx context.Context, r Release, who, reason string) error {
	return s.Log(ctx, Event{Kind: kindWithdrawn, Facts: map[string]any{factRelease: r.ID, "who": who, "reason": reason}})
}

// AcceptRelease: see WithdrawRelease.
func (s *Store) AcceptRelease(ctx context.Context, r Release, who, reason string) error {
	return s.Log(ctx, Event{Kind: kindAccepted, Facts: map[string]any{factRelease: r.ID, "who": who, "reason": reason}})
}

// releases holds what was kept of each release against the log.
func (v *verifier) releases(ctx context.Context) error {
	all, err := v.store.Releases()
	if err != nil {
		return v.found(err)
	}
	for _, r := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := v.store.ReadRelease(r.ID); err != nil {
			if err := v.found(unreadable(CodeDamagedObject, "release "+r.ID, err)); err != nil {
				return err
			}
		}
	}
	return nil
}

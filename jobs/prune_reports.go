package jobs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"farr/datasets"
	"farr/internal/disk"
)

// runsName is the folder of all bundles of a job.
const runsName = "runs"

// bundleName is how a run names the folder of its bundle: as-of day and the beginning of its manifest's hash.
var bundleName = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{12}$`)

// bundles are the reports of a job that go. The folder of reports is locked until close.
type bundles struct {
	runs string
	goes []PrunedReport
	held *os.File
}

// reports sorts the bundles of the job into those that go and those that stay, and keeps what the latter, and those of other
// jobs of the store, were made of.
func (k *keeping) reports(s *datasets.Store, all []*Job, now time.Time) (*bundles, error) {
	entries, err := s.LogEntries()
	if err != nil {
		return nil, err
	}
	logged := map[string]datasets.LogEntry{} // by the hash of the bundle's manifest
	for _, e := range entries {
		if hash, _ := e.Facts["bundle"].(string); hash != "" {
			logged[hash] = e
		}
	}
	for _, other := range all {
		if other.Name != k.job.Name && other.Report.Out != "" && sameStore(k.job, other) {
			found, err := bundlesOf(other.Report.Out)
			if err != nil {
				return nil, err
			}
			for _, b := range found {
				k.restsOn(b, logged)
			}
		}
	}
	b := &bundles{runs: filepath.Join(k.job.Report.Out, runsName)}
	if k.job.Report.Out == "" {
		return b, nil
	}
	if _, err := os.Stat(b.runs); errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if b.held, err = lock(filepath.Join(k.job.Report.Out, ".lock"), "the report folder "+k.job.Report.Out); err != nil {
		return nil, err
	}
	if err := b.sort(k, logged, now); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// found is a bundle in a folder of reports.
type found struct {
	dir, hash, results string
	latest             bool
}

// bundlesOf lists the bundles below a folder of reports, damaged ones too. What cannot be read at the moment is an error: it may
// rest on what is about to go.
func bundlesOf(out string) (all []found, err error) {
	add := func(dir string, latest bool) error {
		text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // none that farr knows: it is left alone
		}
		if err != nil {
			return fmt.Errorf("read a report: %w", err)
		}
		var m struct{ Results string }
		if err := json.Unmarshal(text, &m); err != nil {
			m.Results = "" // damaged: see restsOn
		}
		sum := sha256.Sum256(text)
		all = append(all, found{dir, hex.EncodeToString(sum[:]), m.Results, latest})
		return nil
	}
	if err := add(filepath.Join(out, latestName), true); err != nil {
		return nil, err
	}
	names, err := os.ReadDir(filepath.Join(out, runsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range names {
		if e.IsDir() && bundleName.MatchString(e.Name()) {
			if err := add(filepath.Join(out, runsName, e.Name()), false); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// restsOn keeps what a bundle was made of. Of one whose manifest was changed the log tells it by the bundle's name, which has the
// hash of the manifest as it was.
func (k *keeping) restsOn(b found, logged map[string]datasets.LogEntry) {
	e, known := logged[b.hash]
	if named := b.named(); !known && named != "" {
		for hash, one := range logged {
			if strings.HasPrefix(hash, named) {
				e = one
			}
		}
	}
	for _, id := range []any{b.results, e.Facts["results"], e.Facts["extract"]} {
		if id, _ := id.(string); id != "" && k.stay[id] == "" {
			k.stay[id] = "report " + cmp.Or(b.named(), b.hash[:12])
		}
	}
}

// named is the beginning of a manifest's hash in the name of a bundle; empty of latest.
func (b found) named() string {
	if b.latest {
		return ""
	}
	return filepath.Base(b.dir)[len("2006-01-02-"):]
}

// sort decides about each bundle of the job.
func (b *bundles) sort(k *keeping, logged map[string]datasets.LogEntry, now time.Time) error {
	all, err := bundlesOf(k.job.Report.Out)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(x, y found) int { return logged[y.hash].Time.Compare(logged[x.hash].Time) })
	latest := ""
	for _, one := range all {
		if one.latest {
			latest = one.hash
		}
	}
	rule, n := k.rules.Reports, 0
	for _, one := range all {
		if one.latest {
			k.restsOn(one, logged)
			continue
		}
		e, known := logged[one.hash]
		own := known && one.hash[:12] == one.named() // else it was changed, or is of another store
		n++
		switch {
		case !own, rule == nil, one.hash == latest, k.bundles[filepath.Base(one.dir)], n <= rule.Newest,
			rule.For > 0 && now.Sub(e.Time) < time.Duration(rule.For),
			!k.since.IsZero() && !e.Time.Before(k.since):
			k.restsOn(one, logged)
			continue
		}
		size, err := bytesBelow(one.dir)
		if err != nil {
			return err
		}
		b.goes = append(b.goes, PrunedReport{one.dir, e.Time, size, one.hash})
	}
	return nil
}

func bytesBelow(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// remove takes a bundle away: out of sight in one step, and then from the disk. What a stop or a fault leaves of that goes with the
// next report, or the next prune.
func (b *bundles) remove(r PrunedReport) error {
	gone, remove, err := disk.Private(b.runs, stagePrefix)
	if err != nil {
		return err
	}
	if err := disk.Rename(r.Dir, filepath.Join(gone, filepath.Base(r.Dir))); err != nil {
		return errors.Join(err, remove())
	}
	return errors.Join(disk.SyncDir(b.runs), remove())
}

func (b *bundles) close() {
	if b.held != nil {
		b.held.Close()
	}
}

package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// bundlesOf lists the bundles below a folder of reports whose manifest can be read.
func bundlesOf(out string) (all []found, err error) {
	add := func(dir string, latest bool) {
		text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
		var m struct{ Results string }
		if err != nil || json.Unmarshal(text, &m) != nil {
			return // none that farr knows: it is left alone
		}
		sum := sha256.Sum256(text)
		all = append(all, found{dir, hex.EncodeToString(sum[:]), m.Results, latest})
	}
	add(filepath.Join(out, latestName), true)
	names, err := os.ReadDir(filepath.Join(out, runsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range names {
		if e.IsDir() && bundleName.MatchString(e.Name()) {
			add(filepath.Join(out, runsName, e.Name()), false)
		}
	}
	return all, nil
}

// restsOn keeps what a bundle was made of.
func (k *keeping) restsOn(b found, logged map[string]datasets.LogEntry) {
	why := "report " + b.hash[:12]
	if k.stay[b.results] == "" {
		k.stay[b.results] = why
	}
	if extract, _ := logged[b.hash].Facts["extract"].(string); extract != "" && k.stay[extract] == "" {
		k.stay[extract] = why
	}
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
		own := known && one.hash[:12] == filepath.Base(one.dir)[len("2006-01-02-"):] // else it was changed, or is of another store
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

// remove takes a bundle away: out of sight in one step, and then from the disk. What a stop leaves of that goes with the
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

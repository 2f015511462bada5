package datasets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// VerifyReport says what Verify read and everything that is wrong.
type VerifyReport struct {
	Snapshots    int       `json:"snapshots"`
	Objects      int       `json:"objects"`      // distinct objects that manifests name
	Bytes        int64     `json:"bytes"`        // bytes hashed
	Unreferenced int       `json:"unreferenced"` // intact objects that no manifest names, as a stopped publish leaves
	Entries      int64     `json:"log_entries"`
	Checkpoint   string    `json:"checkpoint"` // head of the log, "" where there is none
	Problems     []Problem `json:"problems"`   // sorted by subject
}

// Problem is one thing at rest that is not as it was written.
type Problem struct {
	Code    Code   `json:"code"`
	Subject string `json:"subject"`
	Detail  string `json:"detail"`
}

// Err is nil when nothing is wrong, else an error that says how much is.
func (r VerifyReport) Err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	p := r.Problems[0]
	detail := p.Detail
	if more := len(r.Problems) - 1; more > 0 {
		detail += fmt.Sprintf(", and %d more problems", more)
	}
	return &Error{Code: p.Code, Subject: p.Subject, Detail: detail}
}

// Verify reads the whole store and recomputes every hash: manifests, objects,
// pointers, the key index, custody, releases and the log; and finds what is not farr's, links above all. It reports all problems at once; the error is for
// a store that cannot be read at all.
func (s *Store) Verify(ctx context.Context) (VerifyReport, error) {
	const rounds = 3 // beside one that never rests what was found last is told
	for round := 1; ; round++ {
		custody, _ := s.root.ReadFile(custodyFile) // the custody stage tells why it cannot be read
		before, err := s.LogHead()
		report, failure := s.verify(ctx)
		if failure != nil || len(report.Problems) == 0 || err != nil || ctx.Err() != nil || round == rounds {
			return report, failure
		}
		// A removal or a prune takes away what was there a moment ago: what is wrong is so only when none was at work. It
		// is in custody.json before the log's head says so, also where it was killed between the two.
		pending := s.unfinished()
		if err := s.finishPending(ctx); err != nil { // waits for who is at it
			return report, nil
		}
		then, _ := s.root.ReadFile(custodyFile)
		if now, err := s.LogHead(); err != nil || !pending && now == before && bytes.Equal(then, custody) {
			return report, nil
		}
	}
}

func (s *Store) verify(ctx context.Context) (VerifyReport, error) {
	v := verifier{store: s, named: map[string]Object{}, keys: map[string]bool{}}
	if v.folders(); len(v.report.Problems) > 0 { // what is in the others means little then
		return v.report, nil
	}
	for _, stage := range []func(context.Context) error{v.layout, v.manifests, v.objects, v.pointers, v.index, v.custody, v.releases, v.log} {
		if err := stage(ctx); err != nil {
			return VerifyReport{}, fmt.Errorf("verify store: %w", err)
		}
	}
	slices.SortStableFunc(v.report.Problems, func(a, b Problem) int { return strings.Compare(a.Subject, b.Subject) })
	v.report.Problems = slices.Compact(v.report.Problems) // two stages read pointers
	return v.report, nil
}

type verifier struct {
	store *Store
	named map[string]Object // by hash, what manifests name
	keys  map[string]bool   // keys of all snapshots

	mu     sync.Mutex
	report VerifyReport
}

// found records err when it is a store failure and passes on any other.
func (v *verifier) found(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	detail := e.Detail
	if e.Err != nil {
		detail = strings.TrimPrefix(detail+": "+e.Err.Error(), ": ")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Problems = append(v.report.Problems, Problem{e.Code, e.Subject, detail})
	return nil
}

func (v *verifier) manifests(ctx context.Context) error {
	names, err := readNames(v.store.root, snapshotsDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := idOfManifest(name)
		if id == "" {
			continue // layout tells
		}
		sn, err := v.store.Open(id)
		if err != nil {
			if err := v.found(unreadable(CodeDamagedManifest, "snapshot "+id, err)); err != nil {
				return err
			}
			continue
		}
		v.report.Snapshots++
		v.keys[sn.manifest.Key] = true
		for _, t := range sn.manifest.Tables {
			for _, o := range t.files() {
				v.named[o.SHA256] = o
			}
		}
	}
	v.report.Objects = len(v.named)
	return nil
}

// objects hashes what manifests name and also what they do not: a stray file
// under a wrong name would be found by a later publish otherwise.
func (v *verifier) objects(ctx context.Context) error {
	all := map[string]Object{}
	for sha, o := range v.named {
		all[objectName(sha)] = o
	}
	folders, err := readNames(v.store.root, objectsDir)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		folder = path.Join(objectsDir, folder)
		info, err := v.store.root.Lstat(folder)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			continue // layout tells
		}
		names, err := readNames(v.store.root, folder)
		if err != nil {
			return err
		}
		for _, sha := range names {
			name := path.Join(folder, sha)
			if _, ok := all[name]; ok {
				continue
			}
			if !hashPattern.MatchString(sha) || objectName(sha) != name {
				continue // layout tells
			}
			all[name] = Object{SHA256: sha, Bytes: -1}
			v.report.Unreferenced++
		}
	}
	var list []Object
	for _, o := range all {
		list = append(list, o)
		v.report.Bytes += max(o.Bytes, 0)
	}
	return inParallel(ctx, list, func(ctx context.Context, o Object) error {
		return v.found(v.store.checkObject(ctx, objectName(o.SHA256), o))
	})
}

func (v *verifier) pointers(context.Context) error {
	names, err := readNames(v.store.root, pointersDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !namePattern.MatchString(name) {
			continue // layout tells
		}
		if _, err := v.store.Current(name); err != nil {
			// A pointer to a damaged manifest is reported with the manifest.
			if CodeOf(err) == CodeDamagedManifest {
				continue
			}
			if err := v.found(unreadable(CodeDamagedPointer, "pointer "+name, err)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *verifier) index(context.Context) error {
	names, err := readNames(v.store.root, keysDir)
	if err != nil {
		return err
	}
	for _, key := range names {
		if !hashPattern.MatchString(key) {
			continue // layout tells
		}
		sn, err := v.store.ByKey(key)
		// A damaged manifest has been reported; an entry for nothing is what a
		// stopped publish leaves, unless a snapshot of that key is there.
		if err != nil && CodeOf(err) != CodeDamagedManifest {
			if err := v.found(unreadable(CodeDamagedPointer, "key "+key, err)); err != nil {
				return err
			}
		}
		if sn != nil || err != nil {
			delete(v.keys, key)
		}
	}
	for key := range v.keys {
		v.found(&Error{Code: CodeDamagedPointer, Subject: "key " + key, Detail: "a snapshot is missing in the index"})
	}
	return nil
}

// custody holds the file of keys and removals against the log.
func (v *verifier) custody(ctx context.Context) error {
	_, err := v.store.loadCustody(ctx)
	if CodeOf(err) == CodeDamagedLog {
		return nil // another stage's to find
	}
	return v.found(unreadable(CodeDamagedCustody, custodyFile, err))
}

// log holds the tamper-evident log against itself and against the store.
func (v *verifier) log(ctx context.Context) error {
	report, err := v.store.Audit(ctx, AuditRequest{})
	if err != nil {
		return err
	}
	v.report.Entries, v.report.Checkpoint = report.Entries, report.Checkpoint
	v.report.Problems = append(v.report.Problems, report.Problems...)
	return nil
}

// checkObject recomputes the hash of one file that should be o. Bytes below zero
// means that only the hash is known.
func (s *Store) checkObject(ctx context.Context, name string, o Object) error {
	damaged := func(detail string) error {
		return &Error{Code: CodeDamagedObject, Subject: "object " + o.SHA256, Detail: detail}
	}
	info, err := s.root.Lstat(name)
	if err != nil {
		return &Error{Code: CodeDamagedObject, Subject: "object " + o.SHA256, Detail: "it cannot be read", Err: err}
	}
	if !info.Mode().IsRegular() {
		return damaged("it is not a regular file")
	}
	if o.Bytes >= 0 && info.Size() != o.Bytes {
		return damaged(fmt.Sprintf("it has %d bytes and %d were written", info.Size(), o.Bytes))
	}
	f, err := s.root.Open(name)
	if err != nil {
		return &Error{Code: CodeDamagedObject, Subject: "object " + o.SHA256, Detail: "it cannot be read", Err: err}
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, min(info.Size()+1, 128<<10)) // one more, so that a small file's end shows in two reads
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return &Error{Code: CodeDamagedObject, Subject: "object " + o.SHA256, Detail: "it cannot be read", Err: err}
		}
	}
	if hex.EncodeToString(h.Sum(nil)) != o.SHA256 {
		return damaged("its bytes have changed")
	}
	return nil
}

// inParallel calls f on every item, a processor's worth at a time, and returns
// the first error, which also stops the rest.
func inParallel[T any](ctx context.Context, items []T, f func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan T)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(items)) {
		wg.Go(func() {
			for item := range work {
				if err := f(ctx, item); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, item := range items {
		select {
		case work <- item:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	wg.Wait()
	return context.Cause(ctx)
}

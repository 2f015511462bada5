package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"farr/datasets/fhir"
	"farr/datasets/internal/deid"
	"farr/internal/progress"
)

// arenaBytes is how many bytes of de-identified records are sorted at once.
const arenaBytes = 16 << 20

// beforeLines is a place in the input behind all that an earlier extract has, and before the lines.
const beforeLines = 1

// worker reads lines in one goroutine: parse, policy, collect.
type worker struct {
	doc       fhir.Doc
	extractor *deid.Extractor
	collector *deid.Collector
	source    uint64 // its number, in the first byte of what orders lines

	read, rejected int64
	byType         map[string]*TypeCount
	newest         *TypeCount // of newestType
	newestType     string
	dropReasons    map[string]int64
	rejectReasons  map[string]int64
	rejects        []Reject
	deleted        map[string]bool // Type/id of what the server names as deleted
	disputed       int64           // lines of them
	changes        bool            // the lines say what resources are now, see gone
	unknown        int64           // lines that do not say of which resource they are
}

func newWorker(extractor *deid.Extractor, collector *deid.Collector, source int) *worker {
	return &worker{
		extractor: extractor, collector: collector, source: uint64(source) << 56,
		byType: map[string]*TypeCount{}, dropReasons: map[string]int64{}, rejectReasons: map[string]int64{},
	}
}

// exportInput is a folder of NDJSON.
type exportInput struct {
	*fhir.Source
	hashes []string // of the files, as far as known
}

func (in *exportInput) size() (n int64) {
	for _, f := range in.Inputs {
		n += f.Size
	}
	return n
}

func (in *exportInput) hash(ctx context.Context, progress progress.Func) error {
	var done int64
	in.hashes = nil
	for _, f := range in.Inputs {
		hash, err := f.Hash(ctx)
		if err != nil {
			return err
		}
		in.hashes = append(in.hashes, hash)
		done += f.Size
		progress.Report("check input", done, in.size())
	}
	return nil
}

func (in *exportInput) files() (files []Input, order string) {
	sum := sha256.New()
	for i, f := range in.Inputs {
		one := Input{Kind: "file", Bytes: f.Size}
		if i < len(in.hashes) {
			one.ID = in.hashes[i]
		}
		sum.Write([]byte(one.ID))
		files = append(files, one)
	}
	return files, hex.EncodeToString(sum.Sum(nil))
}

func (in *exportInput) read(ctx context.Context, w *worker, progress progress.Func) error {
	var before int64
	in.hashes = nil
	for i, f := range in.Inputs {
		hash, err := f.HashLines(ctx, func(l fhir.Line) error {
			if l.Number&0x3ff == 0 {
				progress.Report("extract", before+l.Done, in.size())
			}
			return w.line(f, i, l)
		})
		if err != nil {
			return err
		}
		in.hashes = append(in.hashes, hash)
		before += f.Size
	}
	progress.Report("extract", before, in.size())
	return nil
}

// line decides about one line.
func (w *worker) line(in fhir.Input, fileNumber int, l fhir.Line) error {
	sequence := w.source | uint64(fileNumber)<<32 | uint64(l.Number)
	if len(l.Deleted) > 0 {
		w.delete(l.Deleted, sequence)
		return nil
	}
	w.read++
	why := l.Reason
	if why == "" {
		why = w.doc.Parse(l.Bytes)
	}
	if why == fhir.MissingID || why == "" && w.doc.Type() == "Bundle" {
		deleted, is, vague := fhir.Deletions(l.Bytes)
		if is && vague == "" {
			w.read--
			w.delete(deleted, sequence)
			return nil
		}
		if is {
			why = vague
		}
	}
	if foreign, is := w.doc.NotR4(); is && (why == "" || why == fhir.WrongResourceType) {
		return foreign.At(in, l)
	}
	if why != "" {
		w.unknown++
		w.reject(in.Name, l, why)
		return nil
	}
	if len(w.deleted) > 0 && w.deleted[w.doc.Type()+"/"+string(w.doc.ID())] {
		w.count(w.doc.Type()).Read++
		w.count(w.doc.Type()).Deleted++
		w.disputed++
		return nil
	}
	record, verdict := w.extractor.Extract(&w.doc, sequence)
	if verdict == deid.NoSubject {
		w.gone()
		w.reject(in.Name, l, fhir.MissingSubject)
		return nil
	}
	count := w.count(w.doc.Type())
	count.Read++
	switch verdict {
	case deid.Stored:
		return w.collector.Add(record)
	case deid.NotInPolicy:
		count.NotInPolicy++
	case deid.OptedOut:
		count.OptedOut++
	case deid.Dropped:
		w.gone()
		count.DroppedByPolicy++
		w.dropReasons[w.extractor.Reason()]++
	}
	return nil
}

// gone takes away what an earlier extract has of the resource in hand, which is not stored as it is now. Where the source is all versions,
// and not changes, the earlier one stays.
func (w *worker) gone() {
	if w.changes {
		w.extractor.Delete(w.doc.Type(), string(w.doc.ID()), beforeLines)
	}
}

// delete takes resources away that stand before a place in the input. What says so is no line of the accounts.
func (w *worker) delete(all []fhir.Deletion, sequence uint64) {
	for _, d := range all {
		w.extractor.Delete(d.Type, d.ID, sequence)
	}
}

// count is that of a type. Lines of a type mostly stand together, so the newest is kept at hand.
func (w *worker) count(typ string) *TypeCount {
	if w.newest != nil && w.newestType == typ {
		return w.newest
	}
	if w.byType[typ] == nil {
		w.byType[typ] = &TypeCount{}
	}
	w.newest, w.newestType = w.byType[typ], typ
	return w.newest
}

func (w *worker) reject(file string, l fhir.Line, why fhir.Reason) {
	w.rejected++
	w.rejectReasons[string(why)]++
	if len(w.rejects) < MaxRejectsListed {
		w.rejects = append(w.rejects, Reject{File: file, Line: l.Number, Offset: l.Offset, Reason: string(why)})
	}
}

// collect adds the sources' counts to the report.
func (x *extraction) collect() {
	r := x.report
	for _, e := range x.sources {
		w, c := e.worker, &e.counts
		if w == nil {
			break // a source before it could not be read
		}
		c.Read, c.Rejected = w.read, w.rejected
		c.OptOutListed, c.OptOutUnmatched = int64(len(e.optOut)), e.config.LeftOut.Unmatched()
		for _, reject := range w.rejects {
			if x.several() {
				reject.Source = e.Name
			}
			if len(r.Rejects) < MaxRejectsListed {
				r.Rejects = append(r.Rejects, reject)
			}
		}
		for reason, n := range w.dropReasons {
			r.DropReasons[reason] += n
		}
		for reason, n := range w.rejectReasons {
			r.RejectReasons[reason] += n
		}
		for typ, n := range w.byType {
			sum := r.ByType[typ]
			sum.Read += n.Read
			sum.NotInPolicy += n.NotInPolicy
			sum.DroppedByPolicy += n.DroppedByPolicy
			sum.OptedOut += n.OptedOut
			sum.Deleted += n.Deleted
			r.ByType[typ] = sum
			c.NotInPolicy += n.NotInPolicy
			c.DroppedByPolicy += n.DroppedByPolicy
			c.OptedOut += n.OptedOut
			c.Deleted += n.Deleted
		}
		r.Read += c.Read
		r.Rejected += c.Rejected
		r.NotInPolicy += c.NotInPolicy
		r.DroppedByPolicy += c.DroppedByPolicy
		r.OptedOut += c.OptedOut
		r.Deleted += c.Deleted
		r.OptOutUnmatched += c.OptOutUnmatched
	}
}

// judge ends the run when too much of a source was rejected, and when nothing of it is left to store: an
// empty snapshot, or part of one, would stand for "no patients" in every later number.
func (x *extraction) judge(context.Context) error {
	for _, e := range x.sources {
		x.at = e
		c := e.counts
		if err := x.checkRejects(e.Name, c.Rejected, c.Read); err != nil {
			if e.worker.changes { // of all there is the share may be as allowed
				return x.onto.refuse([]string{fmt.Sprintf("%d of the %d lines that changed are rejected, more than the share that may be", c.Rejected, c.Read)})
			}
			return err
		}
		if x.onto == nil && c.Rejected+c.NotInPolicy+c.DroppedByPolicy+c.OptedOut+c.Deleted == c.Read {
			return x.empty(e)
		}
	}
	x.at = nil
	return nil
}

// checkRejects refuses more rejected lines of a source than may be.
func (x *extraction) checkRejects(source string, rejected, read int64) error {
	if float64(rejected) <= x.req.MaxReject*float64(read) {
		return nil
	}
	tooMany := &TooManyRejectsError{Rejected: rejected, Read: read, MaxReject: x.req.MaxReject}
	if x.several() {
		tooMany.Source = source
	}
	return tooMany
}

// empty says that nothing of a source is left to store.
func (x *extraction) empty(e *feed) error {
	c, from := e.counts, e.Dir
	if e.Bulk != nil {
		from = e.Bulk.URL
	}
	files, _ := e.input.files()
	return e.named(&fhir.Error{Code: fhir.EmptySource, File: from, Offset: -1, Hint: fmt.Sprintf(
		"files read %d, lines %d, of which rejected %d, of types without a policy table %d, dropped by the policy %d, opted out %d, deleted %d: nothing is left to store, and nothing was published",
		max(len(files)+len(e.beside), len(e.cases)), c.Read, c.Rejected, c.NotInPolicy, c.DroppedByPolicy, c.OptedOut, c.Deleted)}, len(x.sources))
}

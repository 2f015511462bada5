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

	read, rejected int64
	byType         map[string]*TypeCount
	newest         *TypeCount // of newestType
	newestType     string
	dropReasons    map[string]int64
	rejectReasons  map[string]int64
	rejects        []Reject
	deleted        map[string]bool // Type/id of what the server names as deleted
}

// read is the first pass over the input: every line becomes a record, a reject or
// a count.
func (x *extraction) read(ctx context.Context) error {
	x.sorter = deid.NewSorter(x.config.Plan, x.staging.Dir(), arenaBytes)
	w := &worker{
		extractor: deid.NewExtractor(x.config), collector: x.sorter.Collector(),
		byType: map[string]*TypeCount{}, dropReasons: map[string]int64{}, rejectReasons: map[string]int64{},
	}
	x.workers = []*worker{w}
	if x.onto != nil {
		x.sorter.KeepIDs()
	}
	err := x.input.read(ctx, w, x.req.Progress)
	x.collect()
	if err != nil {
		return err
	}
	if err := x.identify(); err != nil {
		return err
	}
	return x.config.Dictionary.Clash()
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
	sequence := uint64(fileNumber)<<40 | uint64(l.Number)
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
		w.reject(in.Name, l, why)
		return nil
	}
	if len(w.deleted) > 0 && w.deleted[w.doc.Type()+"/"+string(w.doc.ID())] {
		w.count(w.doc.Type()).Read++
		w.count(w.doc.Type()).Deleted++
		return nil
	}
	record, verdict := w.extractor.Extract(&w.doc, sequence)
	if verdict == deid.NoSubject {
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
		count.DroppedByPolicy++
		w.dropReasons[w.extractor.Reason()]++
	}
	return nil
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
		w.rejects = append(w.rejects, Reject{file, l.Number, l.Offset, string(why)})
	}
}

// collect adds the workers' counts to the report.
func (x *extraction) collect() {
	r := x.report
	r.OptOutUnmatched = x.config.LeftOut.Unmatched()
	for _, w := range x.workers {
		r.Read += w.read
		r.Rejected += w.rejected
		r.Rejects = append(r.Rejects, w.rejects...)
		for reason, n := range w.dropReasons {
			r.DropReasons[reason] += n
		}
		for reason, n := range w.rejectReasons {
			r.RejectReasons[reason] += n
		}
		for typ, c := range w.byType {
			sum := r.ByType[typ]
			sum.Read += c.Read
			sum.NotInPolicy += c.NotInPolicy
			sum.DroppedByPolicy += c.DroppedByPolicy
			sum.OptedOut += c.OptedOut
			sum.Deleted += c.Deleted
			r.Deleted += c.Deleted
			r.OptedOut += c.OptedOut
			r.ByType[typ] = sum
			r.NotInPolicy += c.NotInPolicy
			r.DroppedByPolicy += c.DroppedByPolicy
		}
	}
}

// judge ends the run when too much was rejected, and when nothing is left to store: an
// empty snapshot would stand for "no patients" in every later number.
func (x *extraction) judge(context.Context) error {
	r := x.report
	if float64(r.Rejected) > x.req.MaxReject*float64(r.Read) {
		return &TooManyRejectsError{r.Rejected, r.Read, x.req.MaxReject}
	}
	if x.onto == nil && r.Rejected+r.NotInPolicy+r.DroppedByPolicy+r.OptedOut+r.Deleted == r.Read {
		from := x.req.Source
		if x.req.Bulk != nil {
			from = x.req.Bulk.URL
		}
		return &fhir.Error{Code: fhir.EmptySource, File: from, Offset: -1, Hint: fmt.Sprintf(
			"files read %d, lines %d, of which rejected %d, of types without a policy table %d, dropped by the policy %d, opted out %d, deleted %d: nothing is left to store, and nothing was published",
			max(len(x.inputs), len(x.req.Cases)), r.Read, r.Rejected, r.NotInPolicy, r.DroppedByPolicy, r.OptedOut, r.Deleted)}
	}
	return nil
}

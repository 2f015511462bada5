package synth

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"farr/internal/progress"
)

// Options say what to make. Equal options make equal bytes, whatever the machine's cores.
type Options struct {
	Patients   int       // Patient resources, 1 or more
	Seed       uint64    // chooses the population
	Sites      int       // 1 to 99
	Start, End time.Time // first and last day, both included; only the calendar day counts
	Out        string    // folder, made when absent
	Dirty      float64   // share of additional bad lines, 0 (none) to 0.5; when above 0, every kind at least once
	Progress   progress.Func
}

// Summary is what was written.
type Summary struct {
	Patients    int              `json:"patients"`
	Resources   map[string]int64 `json:"resources"`  // lines by type of file, bad ones included
	Lines       int64            `json:"lines"`      // their sum
	Superseded  int64            `json:"superseded"` // lines that a newer or an equal one replaces
	Withheld    int64            `json:"withheld"`   // events of the stopped feed: simulated, not written, not counted
	Dirty       int64            `json:"dirty"`      // planted bad lines
	PlainBytes  int64            `json:"plain_bytes"`
	Truth       string           `json:"truth"` // path of truth.json
	SitesFile   string           `json:"sites_file"`
	ResourceSet int64            `json:"resource_set"` // good lines less superseded ones
}

func (o Options) check() error {
	switch {
	case o.Patients < 1:
		return fmt.Errorf("synth: patients must be 1 or more, not %d", o.Patients)
	case o.Sites < 1 || o.Sites > 99:
		return fmt.Errorf("synth: sites must be 1 to 99, not %d", o.Sites)
	case !(o.Dirty >= 0 && o.Dirty <= 0.5):
		return fmt.Errorf("synth: dirty must be a share from 0 to 0.5, not %v", o.Dirty)
	case o.Out == "":
		return fmt.Errorf("synth: no output folder given")
	case dayOf(o.End) < dayOf(o.Start):
		return fmt.Errorf("synth: end %s is before start %s", dayOf(o.End), dayOf(o.Start))
	case dayOf(o.Start) < civil(1990, 1, 1) || dayOf(o.End) > civil(2099, 12, 31):
		return fmt.Errorf("synth: start and end must lie in 1990 to 2099")
	case len(periodsOf(dayOf(o.Start), dayOf(o.End))) == 0:
		return fmt.Errorf("synth: %s to %s holds no whole month", dayOf(o.Start), dayOf(o.End))
	}
	return nil
}

// Generate simulates the population, counts its truth and writes the export into o.Out:
// one NDJSON.gz per resource type, sites.csv, markers.json and, last, truth.json. On an error or
// when ctx ends the folder is left without truth.json.
func Generate(ctx context.Context, o Options) (*Summary, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	w, err := newWorld(o)
	if err != nil {
		return nil, err
	}
	out, err := create(o.Out)
	if err != nil {
		return nil, err
	}
	total, err := populate(ctx, w, o, out)
	if cerr := out.close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return conclude(w, o, out, total)
}

// totals are summed over chunks, in their order.
type totals struct {
	tally      *tally
	withheld   int64
	superseded [fileCount]int64
	dropped    [fileCount]int64
	markers    []marker
}

// populate runs the chunks on all cores and writes them in order. What is in flight is
// bounded by the channel of promises.
func populate(ctx context.Context, w *world, o Options, out *export) (*totals, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	promises := make(chan chan *chunk, workers)
	orphans := o.Patients/400 + 1
	jobs := 1 + (o.Patients+orphans+chunkSize-1)/chunkSize
	pool := sync.Pool{New: func() any { return &worker{chunk: &chunk{tally: newTally(w)}, packer: newPacker()} }}

	go func() {
		defer close(promises)
		for n := range jobs {
			promise := make(chan *chunk, 1)
			select {
			case promises <- promise:
			case <-ctx.Done():
				return
			}
			go func() {
				k := pool.Get().(*worker)
				k.chunk.worker = k
				promise <- k.make(w, o, n, orphans)
			}()
		}
	}()

	sum := &totals{tally: newTally(w)}
	done := 0
	for promise := range promises {
		c := <-promise
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := out.add(c); err != nil {
			return nil, err
		}
		sum.add(c)
		pool.Put(c.worker)
		done++
		o.Progress.Report("synth", int64(done), int64(jobs))
	}
	return sum, ctx.Err()
}

func (t *totals) add(c *chunk) {
	t.tally.add(c.tally)
	t.withheld += int64(c.withheld)
	for f := range fileCount {
		t.superseded[f] += int64(c.superseded[f])
		t.dropped[f] += int64(c.dropped[f])
	}
	t.markers = append(t.markers, c.markers...)
}

// worker holds the memory that one chunk after another is made in.
type worker struct {
	chunk  *chunk
	packer *packer
}

// make does job n: the places and, if asked for, one bad line of every kind are job 0, then
// come the patients and after them those whose Patient was never delivered.
func (k *worker) make(w *world, o Options, n, orphans int) *chunk {
	c := k.chunk
	c.reset()
	c.dirtyShare = o.Dirty
	c.dirty = &dirt{rng: stream(w.seed, streamDirty+uint64(n))}
	if n == 0 {
		if o.Dirty > 0 {
			c.dirty.everyKind(c)
		}
		c.places(w)
	}
	for i := max(0, (n-1)*chunkSize); i < min(n*chunkSize, o.Patients+orphans); i++ {
		index := i
		if i >= o.Patients {
			index = streamOrphans + i - o.Patients
		}
		p, withheld := w.simulate(index, i >= o.Patients)
		c.withheld += withheld
		c.tally.count(p)
		c.write(w, p)
		if i < markedPatients && i < o.Patients {
			c.markers = append(c.markers, p.marker())
		}
	}
	c.finish(k.packer)
	return c
}

func conclude(w *world, o Options, out *export, total *totals) (*Summary, error) {
	s := &Summary{
		Patients: o.Patients, Resources: map[string]int64{}, Withheld: total.withheld, Dirty: int64(len(out.dirty)),
		Truth: filepath.Join(o.Out, truthFile), SitesFile: filepath.Join(o.Out, sitesFile),
	}
	for f := range fileCount {
		s.Resources[resourceTypes[f]] = out.lines[f]
		s.Lines += out.lines[f]
		s.PlainBytes += out.offset[f]
		s.Superseded += total.superseded[f]
	}
	s.ResourceSet = s.Lines - s.Dirty - s.Superseded
	if err := out.writeSites(w); err != nil {
		return nil, err
	}
	if err := out.writeMarkers(total.markers); err != nil {
		return nil, err
	}
	return s, out.writeTruth(w, o, s, total)
}

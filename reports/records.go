package reports

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"farr/datasets/risk"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
)

// records is what the pages on the run, on the quality of the data and on privacy print of the records behind the
// results. They are released together, since some of their numbers are the same.
type records struct {
	types    []string // by row of the accounts
	tables   []page.QualityTable
	months   []time.Time
	released disclose.Records
}

// rejectedLines is the row of what was read and is of no type.
const rejectedLines = "Rejected lines"

func releaseRecords(ctx context.Context, in input, b *disclose.Border) (records, error) {
	var out records
	var x disclose.ExactRecords
	facts, err := into[extractFacts](in.lineage.ExtractFacts)
	if err != nil {
		return out, err
	}
	if in.lineage.ExtractFacts != nil {
		out.account(facts, &x)
	}
	if len(in.quality.Checks) > 0 { // results of an older farr have none
		out.seen(in, facts, b, &x)
	}
	if r := in.lineage.Risk; r != nil && in.lineage.ExtractRecipe != nil {
		out.persons(r, &x)
	}
	if len(x.Accounts)+len(x.Tables)+len(x.Classes) == 0 {
		return out, nil
	}
	if out.released, err = b.Records(ctx, x); err != nil {
		return out, err
	}
	for i := range out.tables {
		out.tables[i].Released = out.released.Tables[i]
		findGaps(&out.tables[i], out.months)
	}
	return out, nil
}

// account is what became of the records of each type. Read is the sum of the columns.
func (r *records) account(f extractFacts, x *disclose.ExactRecords) {
	r.types = slices.Sorted(maps.Keys(f.ByType))
	var read int64
	for _, name := range r.types {
		c := f.ByType[name]
		x.Accounts = append(x.Accounts, []int64{c.Stored, c.Superseded + c.Merged, c.NotInPolicy, c.DroppedByPolicy, 0})
		read += c.Read
	}
	if read < f.Read || len(r.types) == 0 {
		r.types = append(r.types, rejectedLines)
		x.Accounts = append(x.Accounts, []int64{0, 0, 0, 0, f.Rejected})
	}
	x.Types, x.Columns = r.types, []string{disclose.Stored, "superseded", "not in policy", "dropped", "rejected"}
}

// seen is what was seen of each table.
func (r *records) seen(in input, facts extractFacts, b *disclose.Border, x *disclose.ExactRecords) {
	q := in.quality
	r.months = monthsOfVolume(q.Volume, in.lineage.AsOf)
	asked := codesAsked(in.definitions)
	var names []string
	for _, c := range q.Checks {
		if !slices.Contains(names, c.Table) {
			names = append(names, c.Table)
		}
	}
	for _, name := range names {
		t, one := exactQuality(q, name, r.months, asked)
		one.Name = name + " by engine " + in.lineage.Engine
		t.Closed = map[string]int{}
		for i := range one.Feeds {
			f, closed := &one.Feeds[i], false
			if f.Ended, closed = endedIn(in.feeds, name, f.Site, r.months); closed {
				t.Closed[f.Site] = f.Ended - 1
			}
		}
		if b.Internal() {
			for path, n := range facts.ValuesDropped {
				if strings.HasPrefix(path, t.Resource+".") {
					t.Dropped += n
				}
			}
		}
		r.tables, x.Tables = append(r.tables, t), append(x.Tables, one)
	}
}

// codesAsked names the definitions of a run, on whose value lists some checks depend.
func codesAsked(definitions []measures.Definition) string {
	h := sha256.New()
	for _, line := range slices.Sorted(func(yield func(string) bool) {
		for _, d := range definitions {
			if !yield(d.Kind + " " + d.ID + " " + d.Hash) {
				return
			}
		}
	}) {
		fmt.Fprintln(h, line)
	}
	return fmt.Sprintf("%.8x", h.Sum(nil))
}

// persons are those by the risk of being found.
func (r *records) persons(found *risk.Report, x *disclose.ExactRecords) {
	for _, s := range found.Sizes {
		x.Classes, x.Sizes, x.Least = append(x.Classes, s.Records), append(x.Sizes, s.Name()), append(x.Least, s.Low)
	}
	if t := found.Traces; t != nil {
		x.Sampled = t.Sampled
		for _, p := range t.Points {
			x.Unique = append(x.Unique, int64(math.Round(float64(p.Any)*float64(t.Sampled))))
			x.By = append(x.By, fmt.Sprintf("%d pairs", p.Pairs))
		}
	}
}

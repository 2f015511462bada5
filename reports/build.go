package reports

import (
	"context"
	"errors"

	"farr/datasets"
	"farr/measures"
)

// Build writes the report of req.Results into req.Out. Mistakes in the file of
// targets come all at once, each with its line and column; nothing is written
// unless the whole report is, nor before the store's log has its entry.
func Build(ctx context.Context, req Request) (*Bundle, error) {
	store, in := req.Results.Store(), inputOf(req.Results)
	for {
		seen := 0
		if req.Audience != Internal {
			var err error
			if req.earlier, req.notCounted, seen, err = earlierReleases(store, in.lineage.Extract); err != nil {
				return nil, err
			}
		}
		req.record = func(facts map[string]any, released []byte) error { return store.LogReport(ctx, facts, released, seen) }
		if b, err := build(ctx, in, req); !errors.Is(err, datasets.ErrReleasedMeanwhile) {
			return b, err
		}
	}
}

// inputOf is the one place that reads results.
func inputOf(r *measures.Results) input {
	return input{definitions: r.Definitions(), aggregates: r.Aggregates(), careGaps: r.CareGaps(), attrition: r.Attrition(), incidence: r.Incidence(),
		spans: r.Rates(), grouped: r.GroupRates(), outcomes: r.Outcomes(), survival: r.Survival(), adjusted: r.Adjusted(),
		described: r.Described(), quality: r.Quality(), feeds: r.Feeds(), incomplete: r.Incomplete(), lineage: r.Lineage()}
}

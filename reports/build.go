package reports

import (
	"context"

	"farr/measures"
)

// Build writes the report of req.Results into req.Out. Mistakes in the file of
// targets come all at once, each with its line and column; nothing is written
// unless the whole report is, nor before the store's log has its entry.
func Build(ctx context.Context, req Request) (*Bundle, error) {
	store := req.Results.Store()
	req.record = func(facts map[string]any, released []byte) error { return store.LogReport(ctx, facts, released) }
	if req.Audience != Internal {
		var err error
		if req.earlier, req.notCounted, err = earlierReleases(store, req.Results.Lineage().Extract); err != nil {
			return nil, err
		}
	}
	return build(ctx, inputOf(req.Results), req)
}

// inputOf is the one place that reads results.
func inputOf(r *measures.Results) input {
	return input{definitions: r.Definitions(), aggregates: r.Aggregates(), careGaps: r.CareGaps(), attrition: r.Attrition(), incidence: r.Incidence(),
		spans: r.Rates(), grouped: r.GroupRates(), outcomes: r.Outcomes(), survival: r.Survival(), adjusted: r.Adjusted(),
		described: r.Described(), quality: r.Quality(), lineage: r.Lineage()}
}

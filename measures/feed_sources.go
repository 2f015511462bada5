package measures

import (
	"context"
	"slices"

	"farr/internal/duck"
)

// sourceFeeds are the feeds of each of several sources, as the extract says them: rows have no source once persons are counted. The key
// opens the days on which they ended.
func (p *plan) sourceFeeds(ctx context.Context, db *duck.Session) ([]feed, error) {
	said, err := p.Extract.SourceFeeds(ctx, p.Key)
	if err != nil || len(said) == 0 {
		return nil, err
	}
	all, err := newResourceTables()
	if err != nil {
		return nil, err
	}
	sites, err := sitesBySource(ctx, db)
	if err != nil {
		return nil, err
	}
	owners := map[string][]string{} // of a label
	for source, own := range sites {
		for _, label := range own {
			if source != anySource {
				owners[label] = append(owners[label], source)
			}
		}
	}
	p.sitesOf = map[string][]string{}
	for label, of := range owners {
		if len(of) == 1 {
			p.sitesOf[sourceLabel(of[0])] = append(p.sitesOf[sourceLabel(of[0])], label)
		}
	}
	var out []feed
	for _, s := range said {
		table, ok := all.tables[s.Type]
		if _, owned := all.types[table]; !ok || !owned && !s.Never { // of types that belong to nobody no days are told
			continue
		}
		f := feed{Feed: Feed{Table: table, Resource: s.Type, Site: sourceLabel(s.Source), State: FeedRuns, First: s.First, Last: s.Last, Usual: s.Usual, Longest: s.Longest}}
		of := s.Source
		if p.Extract.Linked() { // who is counted at a site of one source may have records of another
			of = anySource
		}
		f.source, f.sites = true, slices.Concat(sites[of], []string{Unattributed}) // who has no site may be of this source
		switch {
		case s.Never:
			f.State = FeedNever
		case s.Before: // and nothing since: every period lacks it
			f.State = FeedStopped
		case !s.Judged:
			f.State = FeedUnjudged
		case !s.Ended.IsZero():
			f.State, f.from = FeedStopped, s.Ended.AddDate(0, 0, 1+s.Usual)
		}
		out = append(out, f)
	}
	return out, nil
}

// sourceLabel is a source's name where a site's label stands. QualityAll is no name there.
func sourceLabel(name string) string {
	if name == QualityAll {
		return "source " + name
	}
	return name
}

// anySource is for the sites of all sources.
const anySource = ""

// sitesBySource are the labels of the sites of each source's encounters, and of all under anySource. The views must show all persons.
func sitesBySource(ctx context.Context, db *duck.Session) (map[string][]string, error) {
	rows, err := db.Query(ctx, "sites of sources", `SELECT DISTINCT e.source, n.label FROM (SELECT DISTINCT source, service_provider_rid FROM fhir.encounter) e
		JOIN quality.named n ON n.rid = e.service_provider_rid ORDER BY ALL`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	sites := map[string][]string{}
	for rows.Next() {
		var source, label string
		if err := rows.Scan(&source, &label); err != nil {
			return nil, err
		}
		sites[source] = append(sites[source], label)
		if !slices.Contains(sites[anySource], label) {
			sites[anySource] = append(sites[anySource], label)
		}
	}
	return sites, rows.Err()
}

package measures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
)

// CodeUse says how often a code of a value list occurs in an extract.
type CodeUse struct {
	List        string `json:"list"`
	System      string `json:"system"`
	Code        string `json:"code"`
	Description string `json:"description"`
	Rows        int64  `json:"rows"`    // resources and parts of them
	Persons     int64  `json:"persons"` // 0 where it never occurs
	Tables      string `json:"tables"`  // where it occurs
}

// Codes tells for each code of the definitions' value lists where it occurs in an extract,
// how often, and which never do. It reads no date and needs no key.
func Codes(ctx context.Context, extract *datasets.Snapshot, definitions []Definition) ([]CodeUse, error) {
	db, err := duck.Open(ctx, duck.Config{AllowedDirs: []string{extract.Store().ObjectsDir()}})
	if err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	defer db.Close()
	if err := extract.Check(ctx); err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	if err := datasets.AttachTables(ctx, db, extract, "raw"); err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	var parts []string
	for _, t := range extract.Manifest().Tables {
		for _, c := range t.Columns {
			if t.Has("pid") && c.Type == datasets.Int64 && t.Name != "patient" {
				parts = append(parts, fmt.Sprintf("SELECT '%s' AS place, pid, %s AS id FROM raw.%[1]s WHERE %[2]s <> 0", t.Name, duck.QuoteName(c.Name)))
			}
		}
	}
	var wanted []string
	for i, use := range listed(definitions) {
		wanted = append(wanted, fmt.Sprintf("(%d, %s, %s)", i, duck.Quote(use.System), duck.Quote(use.Code)))
	}
	uses := listed(definitions)
	if len(wanted) == 0 || len(parts) == 0 {
		return uses, nil
	}
	// A column of concepts holds ids of concepts and of lists of them.
	rows, err := db.Query(ctx, "codes", `WITH wanted(n, system, code) AS (VALUES `+strings.Join(wanted, ", ")+`),
		matched AS (SELECT n, concept AS id FROM raw.concept JOIN wanted USING (system, code)),
		ids AS (FROM matched UNION SELECT m.n, l.list FROM matched m JOIN raw.concept_list l ON l.concept = m.id)
		SELECT n, count(*), count(DISTINCT pid), string_agg(DISTINCT place, ', ' ORDER BY place)
		FROM (`+strings.Join(parts, " UNION ALL ")+`) JOIN ids USING (id) GROUP BY n`)
	if err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var count, persons int64
		var places string
		if err := rows.Scan(&n, &count, &persons, &places); err != nil {
			return nil, fmt.Errorf("codes: %w", err)
		}
		uses[n].Rows, uses[n].Persons, uses[n].Tables = count, persons, places
	}
	return uses, rows.Err()
}

// listed are the codes of the definitions' lists, each list once.
func listed(definitions []Definition) []CodeUse {
	var uses []CodeUse
	seen := map[string]bool{}
	for _, d := range definitions {
		for _, l := range slices.Concat(d.Lists, d.ValueSets) {
			if seen[l.Name+l.Hash] {
				continue
			}
			seen[l.Name+l.Hash] = true
			for _, c := range l.Codes {
				uses = append(uses, CodeUse{List: l.Name, System: c.System, Code: c.Code, Description: c.Description})
			}
		}
	}
	slices.SortStableFunc(uses, func(a, b CodeUse) int { return strings.Compare(a.List, b.List) })
	return uses
}

// Describe says a cohort in plain English.
func (d Definition) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n\n%s\n\n", d.Title, d.ID, d.Rationale)
	entry := map[string]string{
		occurrenceFirst: "the first of all data, where it lies in the study window", occurrenceFirstInWindow: "the first in the study window",
		occurrenceLast: "the last in the study window", occurrenceEvery: "each day with one in the study window is an entry of its own",
	}[d.Occurrence]
	fmt.Fprintf(&b, "Entry: %s\n  %s; %s.\n", d.Rules[0].Title, d.Rules[0].English, entry)
	for i, r := range d.Rules[1:] {
		fmt.Fprintf(&b, "Rule %d, %s: %s\n  %s.\n", i+1, r.ID, r.Title, r.English)
	}
	for _, p := range d.Populations[1:] {
		fmt.Fprintf(&b, "At risk: %s.\n", p.English)
	}
	if d.Exit != "" {
		fmt.Fprintf(&b, "%s.\n", d.Exit)
	}
	for _, o := range d.Outcomes {
		fmt.Fprintf(&b, "Outcome %s: %s\n  %s.\n", o.ID, o.Title, o.English)
	}
	for _, c := range d.Characteristics {
		fmt.Fprintf(&b, "Characteristic %s: %s\n  %s.\n", c.ID, c.Title, c.English)
	}
	for _, l := range d.Lists {
		if l.Reference != nil {
			fmt.Fprintf(&b, "List %s: %s.\n", l.Name, l.describe())
		}
	}
	for _, l := range d.ValueSets {
		fmt.Fprintf(&b, "Value set of its CQL: %s, %d codes.\n", l.Name, len(l.Codes))
	}
	if d.Standard != "" {
		fmt.Fprintf(&b, "Rates are standardised to %s.\n", d.Standard)
	}
	if len(d.Strata) > 0 {
		fmt.Fprintf(&b, "By %s.\n", join(d.Strata))
	}
	fmt.Fprintf(&b, "\n%s\nDefinition %s\n", d.Source, d.Hash)
	return b.String()
}

package page

import (
	"fmt"
	"strings"
	"testing"

	"farr/reports/internal/disclose"
	"farr/reports/internal/text"
)

// seenTable is a table of one site whose records lack the element code so many times, as an audience may see it.
func seenTable(t *testing.T, audience string, records, lacking int64, months int, monthly int64) QualityTable {
	t.Helper()
	border, err := disclose.NewBorder(audience, "")
	if err != nil {
		t.Fatal(err)
	}
	share := func(n, failing int64) disclose.ExactShare {
		return disclose.ExactShare{Records: n, Failing: failing, Persons: n, FailingPersons: failing, PassingPersons: n - failing}
	}
	feed := disclose.ExactFeed{Site: "Clinic 11", Elements: []disclose.ExactShare{share(records, lacking)}}
	x := disclose.ExactQuality{Name: "observation", Type: "Observation", Elements: []disclose.ExactCheck{{ID: "code"}}}
	for i := range months {
		x.Months = append(x.Months, fmt.Sprintf("2025-%02d", i+1))
		feed.Months = append(feed.Months, share(monthly, 0))
	}
	feed.Other = share(records-int64(months)*monthly, 0)
	x.Feeds = []disclose.ExactFeed{feed}
	out, err := border.Records(t.Context(), disclose.ExactRecords{Tables: []disclose.ExactQuality{x}})
	if err != nil {
		t.Fatal(err)
	}
	table := QualityTable{Name: "observation", Records: "observations", Sited: true, Released: out.Tables[0],
		Elements: []QualityCheck{{ID: "code", Dimension: "completeness", Column: "code", Title: "Observation.code, of all", Most: 0.05}}}
	if !table.Released.Withheld {
		table.Judged = 1
		if months < LeastMonths {
			table.Judged, table.Short = 0, 1
		}
	}
	return table
}

// TestWhatCouldNotBeJudged: a page says that nothing failed only of what was judged; what is hidden or too short is
// told as not judged.
func TestWhatCouldNotBeJudged(t *testing.T) {
	for _, test := range []struct {
		table        QualityTable
		behind, page string
	}{
		{seenTable(t, "internal", 1000, 10, 8, 100), "Data behind this measure: no check failed, and no feed was incomplete.",
			"None of 1 check failed, and no feed was seen to be incomplete; no measure's or cohort's counts rest on what failed."},
		{seenTable(t, "external", 1000, 100, 8, 4), "Data behind this measure: 1 check failed, and no feed could be judged. Feeds could not be judged: the months of 1 table are hidden.",
			"1 of 1 check failed, and no feed could be judged; the counts of 1 measure or cohort rest on what failed. Feeds could not be judged: the months of 1 table are hidden."},
		{seenTable(t, "external", 1000, 4, 8, 100), "Data behind this measure: no check could be judged, and no feed was incomplete. 1 check could not be judged: the share is hidden.",
			"No check could be judged, and no feed was seen to be incomplete; no measure's or cohort's counts rest on what failed. 1 check could not be judged: the share is hidden."},
		{seenTable(t, "internal", 1000, 10, 3, 100), "Data behind this measure: no check failed, and no feed could be judged. 1 feed of a site could not be judged: fewer than 6 months are shown.",
			"None of 1 check failed, and no feed could be judged; no measure's or cohort's counts rest on what failed. 1 feed of a site could not be judged: fewer than 6 months are shown."},
	} {
		q := &Quality{Tables: []QualityTable{test.table}, Definitions: []Named{{ID: "m", Kind: "measure", Title: "M"}}, Uses: map[string][]Use{"m": {{Table: "observation", Column: "code"}}}}
		if got := english.behindWords(q, "m"); got != test.behind {
			t.Errorf("a measure's page says\n%s\nand not\n%s", got, test.behind)
		}
		list, j := q.faults(english, anything)
		if got := english.qualityFinding(j, len(list)); got != test.page {
			t.Errorf("the page says\n%s\nand not\n%s", got, test.page)
		}
		if got := english.behindWords(q, "other"); !strings.Contains(got, "no check could be judged, and no feed could be judged") {
			t.Errorf("of a measure that reads nothing: %s", got)
		}
	}
}

// TestFaultsCountFailures: of an element it is told how many records lack it, with the interval of those.
func TestFaultsCountFailures(t *testing.T) {
	table := seenTable(t, "external", 29869, 12044, 8, 100)
	table.Elements[0].Title = "Observation.effective"
	list, _ := (&Quality{Tables: []QualityTable{table}}).faults(english, anything)
	if len(list) != 1 || list[0].Title != "Observation.effective is missing" {
		t.Fatalf("faults %v", list)
	}
	r := list[0].Rate
	if got := r.NOfN(text.English()) + ", " + r.Text(text.English()) + ", " + r.Interval(text.English()); strings.ReplaceAll(got, "\u00a0", " ") != "12,044 of 29,869, 40.3 %, 39.8 to 40.9" {
		t.Errorf("got %s", got)
	}
	table.Elements[0].Title = "Encounter.period.end, of finished ones"
	if got := english.missingWords(table.Elements[0]); got != "Encounter.period.end is missing, of finished ones" {
		t.Errorf("got %s", got)
	}
}

package measures

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// Which event is a person's entry changes the entries alone: whoever had the event, prevalence
// counts them from the first one of all data on, and their time at risk ends with it, but where
// every event is a case of its own.
func TestOccurrence(t *testing.T) {
	people := `
patient before
observed before start=2020-01-01 end=2024-12-31
condition before code=icd:I63.9 onset=2022-06-01
patient both
observed both start=2020-01-01 end=2024-12-31
condition both code=icd:I63.9 onset=2022-06-01
condition both code=icd:I63.9 onset=2023-03-01
condition both code=icd:I63.9 onset=2023-09-01
patient within
observed within start=2020-01-01 end=2024-12-31
condition within code=icd:I63.9 onset=2023-02-01
condition within code=icd:I63.9 onset=2023-11-01
patient after
observed after start=2020-01-01 end=2024-12-31
condition after code=icd:I63.9 onset=2024-02-01
patient never
observed never start=2020-01-01 end=2024-12-31
`
	// Days at risk of 2023: within until 1 February, after and never all of it.
	const first = 32 + 2*365
	for occurrence, want := range map[string]struct {
		entries string
		days    int64
	}{
		occurrenceFirst:         {"within 2023-02-01", first},
		occurrenceFirstInWindow: {"both 2023-03-01, within 2023-02-01", first},
		occurrenceLast:          {"both 2023-09-01, within 2023-11-01", first},
		occurrenceEvery:         {"both 2023-03-01, both 2023-09-01, within 2023-02-01, within 2023-11-01", 5 * 365},
	} {
		t.Run(occurrence, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, []txtar.File{
				{Name: "strokes/cohort.yaml", Data: []byte(`{id: strokes, title: S, rationale: r, source: s, multiplier: 1000, prevalence: true,
entry: {title: Stroke, event: {condition: stroke}, occurrence: ` + occurrence + `}, rules: [], at_risk: {history: 0}}`)},
				{Name: "lists/stroke.csv", Data: []byte("system,code,description\nhttp://hl7.org/fhir/sid/icd-10-cm,I63.9,d\n")},
			})
			l, err := LoadLibrary(dir)
			if err != nil {
				t.Fatal(err)
			}
			chosen, err := l.pick(KindCohort, []string{"strokes"})
			if err != nil {
				t.Fatal(err)
			}
			f := newFixture(t, people)
			e := f.engine("2022,2023,2024", chosen[0])
			r, err := e.cohort(t.Context(), chosen[0], window{time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := f.db.Query(t.Context(), "members", "SELECT pid, index_date FROM run.member")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var entries []string
			for rows.Next() {
				var pid []byte
				var index time.Time
				if err := rows.Scan(&pid, &index); err != nil {
					t.Fatal(err)
				}
				entries = append(entries, f.people[[16]byte(pid)]+" "+day(index))
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			slices.Sort(entries)
			if diff := cmp.Diff(want.entries, strings.Join(entries, ", ")); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			var prevalence []string
			for _, rate := range r.rates {
				switch {
				case rate.Kind == RatePrevalence:
					prevalence = append(prevalence, fmt.Sprintf("%s: %d of %d", rate.Period, rate.Numerator, rate.Denominator))
				case rate.Period == "2023" && rate.Denominator != want.days:
					t.Errorf("%d days at risk, want %d", rate.Denominator, want.days)
				}
			}
			if diff := cmp.Diff([]string{"2022: 2 of 5", "2023: 3 of 5", "2024: 4 of 5"}, prevalence); diff != "" {
				t.Errorf("prevalence (-want +got):\n%s", diff)
			}
		})
	}
}

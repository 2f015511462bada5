package datasets

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/datasets/bulk"
	"farr/internal/bulktest"
)

// A file that ends within a resource was cut, whatever length and count the server gives: it is asked for anew once, and then nothing is
// published. A last line that merely has no end is whole.
func TestCutFile(t *testing.T) {
	text := patientWith("1") + "\n" + patientWith("2")
	for name, c := range map[string]struct {
		first, then string // what an export gives, and one that is begun anew
		code        bulk.Code
		begun       int
	}{
		"whole without a last line end":  {text, text, "", 1},
		"cut, and whole when asked anew": {text[:len(text)-9], text, "", 2},
		"cut again":                      {text[:len(text)-9], text[:len(text)-9], bulk.CutFile, 2},
		"an id that is none at its end":  {patientWith("1") + "\n" + patientWith("a_b"), "", "", 1},
		"broken, and not cut":            {text[:len(text)-9] + "\n", "", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, client := changing(t, nil)
			s.Records = nil
			kickOff := func(text string) *bulktest.Fault {
				return &bulktest.Fault{At: "kickoff", Do: func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
					s.Files = []bulktest.File{{Type: "Patient", Name: "p", Text: text, Count: -1}}
					next(w, r)
				}}
			}
			s.Faults = []*bulktest.Fault{kickOff(c.first), kickOff(c.then)}
			store := emptyStore(t)
			report, err := Extract(t.Context(), store, ExtractRequest{Key: constantKey(t), Bulk: client, MaxReject: 1})
			if bulk.CodeOf(err) != c.code || s.Begun() != c.begun || len(begunIn(t, store)) != 0 {
				t.Fatalf("%v, %d begun, %q kept", err, s.Begun(), begunIn(t, store))
			}
			if ids, err := store.Snapshots(); err != nil || (len(ids) == 0) != (c.code != "") {
				t.Errorf("%d snapshots, %v", len(ids), err)
			}
			if c.code == "" && report.Stored+report.Rejected != 2 {
				t.Errorf("%s", asJSON(t, report))
			}
		})
	}
}

// While one extract asks a server, another of the same is refused: it would take the export for one that was left. What is begun next is not.
func TestOneAsksAtATime(t *testing.T) {
	s, client := changing(t, nil)
	s.Records.Put(patientWith("1"))
	store := emptyStore(t)
	req := ExtractRequest{Key: constantKey(t), Bulk: client}
	other := req // of another profile: it would be given the same export
	other.Profile = "limited"
	var beside []error
	first := req
	first.Progress = func(stage string, _, _ int64) {
		if stage == "publish" && beside == nil {
			for _, r := range []ExtractRequest{req, other} {
				_, err := Extract(t.Context(), store, r)
				beside = append(beside, err)
			}
		}
	}
	if _, err := Extract(t.Context(), store, first); err != nil {
		t.Fatal(err)
	}
	for _, err := range beside {
		if CodeOf(err) != CodeLocked || !strings.Contains(err.Error(), "another extract") {
			t.Errorf("beside it: %v", err)
		}
	}
	if len(beside) != 2 || s.Begun() != 1 || s.Deleted() != 1 {
		t.Errorf("%d beside it, %d begun, %d let go", len(beside), s.Begun(), s.Deleted())
	}
	s.Records.Now = s.Records.Now.Add(time.Hour)
	if report, err := Extract(t.Context(), store, req); err != nil || report.Snapshot == "" {
		t.Errorf("after it: %v", err)
	}
	verified(t, store)
}

// What a server is asked for by type and does not give is told.
func TestAskedTypesThatDoNotCome(t *testing.T) {
	s, client := changing(t, func(c *bulk.Config) { c.Types = []string{"Patient", "Encounter", "Basic"} }) // the policy has no Basic
	s.Records.Put(patientWith("1"))
	report, err := Extract(t.Context(), emptyStore(t), ExtractRequest{Key: constantKey(t), Bulk: client, Expect: []string{"Patient", "Procedure"}})
	if err != nil || !slices.Equal(report.Absent, []string{"Encounter", "Procedure"}) {
		t.Errorf("%v, %v", report.Absent, err)
	}
}

package measures

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// resourceLines are the lines of a file of an export, as change leaves them.
func resourceLines(t *testing.T, path string, change func(map[string]any) bool) {
	t.Helper()
	packed, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var r map[string]any
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		line := lines.Bytes()
		if change(r) {
			if line, err = json.Marshal(r); err != nil {
				t.Fatal(err)
			}
		}
		w.Write(append(line, '\n'))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestQualityOfPartsOfATable: what only some records should have is asked of those alone: of encounters nine in ten are
// not finished and need no end, of those that are half have none, and that is told as half. Records of the living
// cannot be after a death.
func TestQualityOfPartsOfATable(t *testing.T) {
	export, key := newExport(t)
	dead := map[string]bool{}
	resourceLines(t, filepath.Join(export, "Patient.ndjson.gz"), func(r map[string]any) bool {
		if r["deceasedDateTime"] != nil {
			dead["Patient/"+r["id"].(string)] = true
		}
		return false
	})
	resourceLines(t, filepath.Join(export, "Encounter.ndjson.gz"), func(r map[string]any) bool {
		h := sha256.Sum256([]byte(r["id"].(string))) // all versions of a record alike
		period, _ := r["period"].(map[string]any)
		r["status"] = "in-progress"
		if h[0]%10 == 0 {
			r["status"] = "finished"
			if h[1]%2 == 0 {
				delete(period, "end")
			}
		}
		return true
	})
	_, results := newStudy(t, export, key, "shifted").run(t, func(r *Request) { r.Measures, r.Cohorts = []string{"blood-pressure-control"}, []string{} })
	q := results.Quality()
	count := func(table, check string) (of string, records, failing int64) {
		for _, c := range q.Checks {
			if c.Table == table && c.Check == check {
				of = c.Of
			}
		}
		for _, c := range q.Counts {
			if c.Table == table && c.Check == check {
				records, failing = records+c.Records, failing+c.Failing
			}
		}
		return of, records, failing
	}
	_, all, _ := count("encounter", "status")
	_, dated, _ := count("encounter", "before-birth")
	of, finished, open := count("encounter", "period_end")
	if of != "finished" || finished < all/15 || finished > all/7 || open < finished*2/5 || open > finished*3/5 {
		t.Errorf("of %d encounters %d %q should have an end and %d have none", all, finished, of, open)
	}
	of, ofDead, late := count("encounter", "after-death")
	if of != "dated, of the dead" || ofDead == 0 || ofDead > dated/5 || late > ofDead || len(dead) == 0 {
		t.Errorf("%d of %d %q are after the death, of %d with a date", late, ofDead, of, dated)
	}
	if of, ended, _ := count("encounter", "end-before-start"); of != "begun and ended" || ended == 0 || ended > dated-open {
		t.Errorf("%d are %q, of %d with a date and %d without an end", ended, of, dated, open)
	}
	// What one check looks at because another lets it pass is what the other counts.
	linked := 0
	for _, c := range q.Checks {
		before, ok := strings.CutPrefix(c.Of, QualityPassing)
		if !ok {
			continue
		}
		linked++
		_, records, _ := count(c.Table, c.Check)
		if _, looked, failing := count(c.Table, before); records != looked-failing {
			t.Errorf("%s of %s looks at %d, and %d pass %s", c.Check, c.Table, records, looked-failing, before)
		}
	}
	_, quantities, _ := count("observation", "value_unit")
	_, values, _ := count("observation", "value_num")
	if _, observations, _ := count("observation", "code"); linked < 10 || quantities == 0 || quantities >= values || values > observations {
		t.Errorf("%d checks on what others let pass; of %d observations %d should have a value, %d are quantities", linked, observations, values, quantities)
	}
}

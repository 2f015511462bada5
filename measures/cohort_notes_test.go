package measures

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// What is hardly meant is noted at its place, and is no mistake.
func TestNotes(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, fhirFolder), os.DirFS("testdata/twins/fhir")); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, []txtar.File{
		{Name: "noted/cohort.yaml", Data: []byte(`id: noted
title: N
entry: {title: First, event: {condition: stroke}}
rules:
  - {id: age, cql: {library: NewTreatment, define: Age}}
  - {id: old, exclude: {cql: {library: NewTreatment, define: Age}}}
  - {id: same, require: {cql: {library: NewTreatment, define: Age}}}
  - {id: tested, cql: {library: NewTreatment, define: Tested}}
  - {id: itself, exclude: {condition: stroke}}
  - {id: before, exclude: {condition: stroke, days: ..-1}}
  - {id: bleeding, exclude: {condition: bleeding, days: ..0}}
exit: {days: 30}
outcomes:
  - {id: late, title: L, event: {death: true}, from: 31}
  - {id: long, title: L, event: {death: true}, to: 90}
  - {id: again, title: A, event: {condition: stroke}, washout: 30}
  - {id: either, title: E, events: [{death: true}, {condition: stroke}], from: 10, washout: 10}
  - {id: after, title: A, event: {condition: stroke}, from: 10, washout: 9}
  - {id: bled, title: B, event: {condition: bleeding}, washout: 30}
multiplier: 1
rationale: r
source: s
`)},
		{Name: "ended/cohort.yaml", Data: []byte("id: ended\ntitle: E\nentry: {title: First, event: {death: true}}\nrules: []\nexit: {days: 30}\nrationale: r\nsource: s\n")},
		{Name: "newest/cohort.yaml", Data: []byte("id: newest\ntitle: N\nentry: {title: Last, event: {condition: stroke}, occurrence: last}\nrules: []\nat_risk: {history: 1}\nmultiplier: 1\nrationale: r\nsource: s\n")},
		{Name: "lists/stroke.csv", Data: []byte("system,code,description\nhttp://hl7.org/fhir/sid/icd-10-cm,I63.9,stroke\nhttp://hl7.org/fhir/sid/icd-10-cm,I61.9,bleeding\n")},
		{Name: "lists/bleeding.csv", Data: []byte("system,code,description\nhttp://hl7.org/fhir/sid/icd-10-cm,I61.9,bleeding\n")},
		{Name: "lists/idle.csv", Data: []byte("system,code,description\nhttp://hl7.org/fhir/sid/icd-10-cm,I61.9,bleeding\n")},
		{Name: "lists/idle_set.yaml", Data: []byte("value_set: http://example.org/farr/ValueSet/diabetes\n")},
	})
	l, err := LoadLibrary(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := `
ended/cohort.yaml:5:7: unused-key: there is an exit, and no outcome is waited for (write outcomes, or remove it)
lists/idle.csv:1:1: unused-list: no definition uses list "idle"
lists/idle_set.yaml:1:1: unused-list: no definition uses list "idle_set"
newest/cohort.yaml:5:10: not-at-risk: of occurrence last a case may be no longer at risk: time at risk ends with the first entry event of all data (occurrence: first)
noted/cohort.yaml:1:1: overlapping-lists: lists bleeding and stroke have 1 codes in common
noted/cohort.yaml:6:5: contradiction: the rule and "age" leave nobody: one requires what the other excludes
noted/cohort.yaml:7:5: same-rule: the rule says what "age" says (remove one)
noted/cohort.yaml:9:27: contradiction: the rule leaves nobody: it excludes the entry event itself (let its window end before day 0)
noted/cohort.yaml:14:5: no-time: nobody has time at risk: follow-up ends on day 30, and the outcome is waited for from day 31
noted/cohort.yaml:15:52: cut-window: follow-up ends on day 30, before the outcome's last day 90
noted/cohort.yaml:16:64: washed-out: nobody is followed: the entry event lies in the washout of 30 days (remove the washout, or let it begin after the index date by a later from)
noted/cohort.yaml:17:93: washed-out: nobody is followed: the entry event lies in the washout of 10 days (remove the washout, or let it begin after the index date by a later from)
`
	var got strings.Builder
	for _, n := range l.Notes() {
		got.WriteString("\n" + strings.ReplaceAll(n.Error(), filepath.ToSlash(dir)+"/", ""))
	}
	if diff := cmp.Diff(want, got.String()+"\n"); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

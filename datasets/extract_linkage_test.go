package datasets

import (
	"path/filepath"
	"testing"

	"farr/datasets/internal/deid"
	"farr/internal/synth"
)

// personsOf tells the person of each Patient of a source by its id.
func personsOf(t testing.TB, sn *Snapshot, source string) func(id string) deid.ID {
	t.Helper()
	of := map[deid.ID]deid.ID{}
	for _, row := range table(t, sn, "person_link") {
		of[deid.ID(row["pid"].ByteArray())] = deid.ID(row["person"].ByteArray())
	}
	pseudonyms := deid.NewPseudonyms(constantKey(t), source)
	return func(id string) deid.ID {
		pid := pseudonyms.Of("Patient", []byte(id))
		if person, linked := of[pid]; linked {
			return person
		}
		return pid
	}
}

// On a population with the errors of registries, and with twins, namesakes and sons who are called as their fathers, of those who
// are linked at least 995 in 1000 are one person.
func TestLinkagePrecisionAndRecall(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	truth, err := synth.WriteTwofold(synth.TwofoldOptions{Persons: 20_000, Seed: 3, First: first, Second: second, Out: filepath.Join(t.TempDir(), "twofold.json")})
	if err != nil {
		t.Fatal(err)
	}
	report, sn := extracted(t, ExtractRequest{Link: true, AsOf: "2025-06-01", Sources: []ExportSource{
		{Name: "first", Dir: first, Zone: "America/New_York"}, {Name: "second", Dir: second, Zone: "America/Chicago"},
	}})
	one, other := personsOf(t, sn, "first"), personsOf(t, sn, "second")
	found := 0
	for _, pair := range truth.Pairs {
		if one(pair[0]) == other(pair[1]) {
			found++
		}
	}
	linked := int(report.Linkage.Linked)
	precision, recall := float64(found)/float64(linked), float64(found)/float64(len(truth.Pairs))
	t.Logf("%d persons, %d in both sources; linked %d, of them rightly %d: precision %.4f, recall %.4f", truth.Persons, len(truth.Pairs), linked, found, precision, recall)
	t.Logf("errors %v, traps %v; linkage %+v", truth.Errors, truth.Traps, *report.Linkage)
	if precision < 0.995 {
		t.Errorf("precision %.4f", precision)
	}
	if recall < 0.90 {
		t.Errorf("recall %.4f", recall)
	}
	rows := int64(len(table(t, sn, "patient")))
	if l := report.Linkage; rows != l.Persons || l.Patients-l.Persons != int64(len(table(t, sn, "person_link"))) || report.Merged != l.Patients-l.Persons {
		t.Errorf("%d rows of patients, merged %d, %+v", rows, report.Merged, *l)
	}
}

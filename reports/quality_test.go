package reports

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/internal/synth"
	"farr/measures"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
	"farr/reports/internal/text"
)

// TestDataQuality: the feed that the generator stops, the elements that it leaves out at one site and two months that
// this test takes out of another site's feed are found, and so what rests on the feeds is hollow, on measures that
// read observations alone.
func TestDataQuality(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	export := synthetic(t, 1500, 3, 6)
	stopped, gappy, from := plantedFaults(t, export)
	silenced := silence(t, export, stopped, gappy, "2024-04", "2024-05")
	results := measured(t, export, "2024-01..2025-12", measures.Request{Cohorts: []string{}, Measures: []string{"blood-pressure-control", "emergency-visits"}})
	border, err := disclose.NewBorder("internal", "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := release(t.Context(), inputOf(results), nil, Request{Results: results, Audience: Internal, Out: filepath.Join(t.TempDir(), "out")}, text.English(), border)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := releaseRecords(t.Context(), inputOf(results), border)
	if err != nil {
		t.Fatal(err)
	}
	if r.Quality, err = qualityPage(inputOf(results), border, seen); err != nil {
		t.Fatal(err)
	}
	markIncomplete(r, results.Incomplete())
	markFeeds(r)
	months := map[string][]string{}
	for _, table := range r.Quality.Tables {
		for _, g := range table.Gaps {
			if table.Name != "observation" {
				t.Errorf("%s of %s in %s are told as incomplete", table.Records, g.Site, g.Low.Format("2006-01"))
			}
			months[g.Site] = append(months[g.Site], g.Low.Format("2006-01"))
		}
		if table.Name != "observation" {
			continue
		}
		i := slices.IndexFunc(table.Elements, func(c page.QualityCheck) bool { return c.ID == "effective_start" })
		for _, f := range table.Released.Feeds {
			if v, _, _ := f.Elements[i].Plot(); f.Site != measures.Unattributed && (v < 90) != (f.Site == gappy) {
				t.Errorf("%s has %s of its observations dated; %s was made to lack dates", f.Site, f.Elements[i].Text(text.English()), gappy)
			}
		}
	}
	if !slices.Equal(months[silenced], []string{"2024-04", "2024-05"}) {
		t.Errorf("%s was silent in 2024-04 and 2024-05; found %v", silenced, months[silenced])
	}
	if found := months[stopped]; len(found) == 0 || found[0] != from || found[len(found)-1] != "2025-12" || len(months) != 2 {
		t.Errorf("%s stopped in %s; found %v", stopped, from, months)
	}
	for _, m := range r.Measures {
		for _, row := range m.Released.Rows {
			if row.Stratum != "all" || !row.Rate.Shown() {
				continue
			}
			want := m.Definition.ID == "blood-pressure-control" && (row.Period.ID >= from || row.Period.ID == "2024-04" || row.Period.ID == "2024-05")
			words := "a feed was incomplete"
			if row.Period.ID >= from {
				words = "a feed had stopped"
			}
			if row.Rate.Hollow() != want || want != strings.Contains(row.Rate.Note(text.English()), words) {
				t.Errorf("%s in %s: hollow is %v, its note %q", m.Definition.ID, row.Period.ID, row.Rate.Hollow(), row.Rate.Note(text.English()))
			}
		}
	}
}

// plantedFaults are the site whose observations stop, from which month, and the site that leaves dates out.
func plantedFaults(t *testing.T, export string) (stopped, gappy, from string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(export, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth struct{ Effects []synth.Effect }
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	for _, e := range truth.Effects {
		switch e.Kind {
		case "stopped-feed":
			stopped, from = e.Site, e.From
		case "missing-elements":
			gappy = e.Site
		}
	}
	if stopped == "" || gappy == "" {
		t.Fatal("nothing was planted")
	}
	return stopped, gappy, from
}

// silence takes the observations of one other site out of the export in some months, and gives the site's label.
func silence(t *testing.T, export, stopped, gappy string, months ...string) string {
	t.Helper()
	sites, err := os.ReadFile(filepath.Join(export, "sites.csv"))
	if err != nil {
		t.Fatal(err)
	}
	id, label := "", ""
	for _, line := range strings.Split(strings.TrimSpace(string(sites)), "\n")[1:] {
		fields := strings.Split(line, ",")
		if l := fields[len(fields)-1]; l != stopped && l != gappy && id == "" {
			id, label = fields[0], l
		}
	}
	of := map[string]bool{}
	rewrite(t, filepath.Join(export, "Encounter.ndjson.gz"), func(line []byte) bool {
		var e struct {
			ID              string
			ServiceProvider struct{ Reference string }
		}
		if json.Unmarshal(line, &e) == nil && strings.HasSuffix(e.ServiceProvider.Reference, id) {
			of["Encounter/"+e.ID] = true
		}
		return true
	})
	taken := 0
	rewrite(t, filepath.Join(export, "Observation.ndjson.gz"), func(line []byte) bool {
		var o struct {
			Encounter         struct{ Reference string }
			EffectiveDateTime string
		}
		if json.Unmarshal(line, &o) != nil || !of[o.Encounter.Reference] || len(o.EffectiveDateTime) < 7 || !slices.Contains(months, o.EffectiveDateTime[:7]) {
			return true
		}
		taken++
		return false
	})
	if taken < 100 {
		t.Fatalf("%d observations of %s were taken out", taken, label)
	}
	return label
}

// rewrite keeps the lines of a file that keep wants.
func rewrite(t *testing.T, path string, keep func([]byte) bool) {
	t.Helper()
	change(t, path, func(line []byte) []byte {
		if !keep(line) {
			return nil
		}
		return line
	})
}

// change makes other lines of those of a file; nil takes one out.
func change(t *testing.T, path string, into func([]byte) []byte) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	plain, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(path + ".new")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		if line := into(lines.Bytes()); line != nil {
			packed.Write(append(line, '\n'))
		}
	}
	for _, err := range []error{lines.Err(), packed.Close(), out.Close(), os.Rename(path+".new", path)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

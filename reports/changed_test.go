package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"farr/internal/stats"
	"farr/measures"
	"farr/reports/internal/page"
)

// lifted adds 25 points to a measure from a month on, in every stratum, and cuts off what is after the last month.
func lifted(measure, from, last string) input {
	in := constructed(6000, siteNames(), measure)
	var kept []measures.Aggregate
	for _, g := range in.aggregates {
		month := strings.TrimPrefix(g.Period, "P12M/")
		if month > last {
			continue
		}
		if month >= from {
			g.Numerator = min(g.Denominator, g.Numerator+g.Denominator/4)
			w := stats.Wilson(g.Numerator, g.Denominator)
			g.Rate, g.CILow, g.CIHigh = w.Value, w.Low, w.High
		}
		kept = append(kept, g)
	}
	in.aggregates = kept
	in.lineage.Results = fmt.Sprintf("%x", []byte(from+last+"0123456789abcdef01"))
	return in
}

// TestWhatChanged: the first report says that there was none before; the next lists the new signals and no others, with the
// number of false ones to expect; made again it is the same; damaged, what stood there is not believed.
func TestWhatChanged(t *testing.T) {
	req := requestIn(t, Internal, onePage)
	first := built(t, lifted(onePage, "2025-08", "2025-07"), req)
	if text := words(first["index.html"]); !strings.Contains(text, "There was no report before this one, so that no signal is new.") || !strings.Contains(text, "Measured by simulation: 2,000 charts for each measure") {
		t.Errorf("the first report says\n%s", text)
	}
	var state page.State
	if err := json.Unmarshal([]byte(first["signals.json"]), &state); err != nil || state.Newest[onePage] != "2025-07-31" || state.Before != nil {
		t.Fatalf("the first report's state: %s %v", first["signals.json"], err)
	}

	second := built(t, lifted(onePage, "2025-08", "2025-08"), req)
	text := words(second["index.html"])
	for _, want := range []string{"3 new signals since the report of data as of 31 December 2025.", "Blood pressure control , August 2025: above the upper limit (special cause, improving).",
		"new signals would be expected in 0."} {
		if !strings.Contains(text, want) {
			t.Errorf("the second report does not say %q:\n%s", want, text)
		}
	}
	s := sheetOf(t, second, "data/signals.csv")
	fresh := 0
	for _, r := range s.rows {
		if isNew := s.get(r, "new") == "yes"; isNew != (s.get(r, "to") > "2025-07-31") {
			t.Errorf("new is %q of a signal to %s", s.get(r, "new"), s.get(r, "to"))
		} else if isNew {
			fresh++
		}
	}
	if n := strings.Count(second["index.html"], `.html#periods">`); n != fresh || fresh == 0 {
		t.Errorf("%d signals are listed, %d are new", n, fresh)
	}

	again := built(t, lifted(onePage, "2025-08", "2025-08"), req)
	for path := range second {
		if again[path] != second[path] {
			t.Errorf("%s differs when the report is made again in its place", path)
		}
	}
	elsewhere := requestIn(t, Internal, onePage)
	elsewhere.KPIFile, elsewhere.Previous = req.KPIFile, req.Out
	if other := built(t, lifted(onePage, "2025-08", "2025-08"), elsewhere); other["index.html"] != second["index.html"] {
		t.Error("the report differs in another folder with the same report before it")
	}

	third := built(t, lifted(onePage, "2025-08", "2025-09"), req)
	if text := words(third["index.html"]); !strings.Contains(text, "it was there before and goes on") {
		t.Errorf("the third report does not tell what goes on:\n%s", text)
	}

	state.Newest[onePage] = "1999-01-31"
	b, _ := json.Marshal(state)
	if err := os.WriteFile(filepath.Join(req.Out, "signals.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if damaged := built(t, lifted(onePage, "2025-08", "2025-10"), req); !strings.Contains(damaged["index.html"], "cannot say how far it knew") {
		t.Error("a file that the manifest does not know was believed")
	}
}

// many copies a measure under other names, as a library of many has them.
func many(n int) input {
	in := constructed(400, siteNames(), onePage)
	d, rows := in.definitions[0], in.aggregates
	for i := 1; i < n; i++ {
		d.ID, d.Title = fmt.Sprintf("measure-%d", i), fmt.Sprintf("Measure number %d", i)
		in.definitions = append(in.definitions, d)
		for _, g := range rows {
			if g.Stratum == "all" {
				g.Measure = d.ID
				in.aggregates = append(in.aggregates, g)
			}
		}
	}
	return in
}

// TestManyMeasures: an index of many is grouped, can be searched, allows its one script by hash alone, and is whole
// without it.
func TestManyMeasures(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	req := requestIn(t, Internal, onePage)
	text := "kpis:\n  - {measure: blood-pressure-control, target: 70%, group: Heart <b>}\n"
	for i := 1; i < 7; i++ {
		text += fmt.Sprintf("  - {measure: measure-%d, group: \"Group %d\"}\n", i, i%2)
	}
	if err := os.WriteFile(req.KPIFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	files := built(t, many(14), req)
	index := files["index.html"]
	var groups []string
	for _, m := range regexp.MustCompile(`scope="rowgroup"[^>]*>([^<]*)<`).FindAllStringSubmatch(index, -1) {
		groups = append(groups, m[1])
	}
	if got := strings.Join(groups, "|"); got != "Heart &lt;b&gt;|Group 1|Group 0|Other measures" {
		t.Errorf("groups are %s", got)
	}
	if strings.Count(index, "<script>") != 1 || !strings.Contains(index, "script-src &#39;sha256-") || strings.Contains(index, "unsafe-") || !strings.Contains(index, `id="search" hidden`) {
		t.Error("the index has not its one script, by its hash, and a field that only that script shows")
	}
	if n := strings.Count(index, "data-find="); n != 14 {
		t.Errorf("%d measures can be found", n)
	}
	if page := files["measures/measure-1.html"]; strings.Contains(page, "<script") || strings.Contains(page, "script-src") {
		t.Error("a measure's page has a script")
	}
	for _, finding := range browserCheck(t, req.Out) {
		t.Error(finding)
	}
}

// TestTheIndexSaysHowOftenChanceSignals: the share that the index prints is the mean of those on the pages of the measures
// with a control chart, and the number of charts is theirs.
func TestTheIndexSaysHowOftenChanceSignals(t *testing.T) {
	files := sharedBundle(t, Internal)
	sum, charts := 0.0, 0
	for path, page := range files {
		if m := regexp.MustCompile(`Without any change ([0-9.]+) % of charts like this one`).FindStringSubmatch(words(page)); strings.HasPrefix(path, "measures/") && m != nil {
			sum, charts = sum+plainNumber(m[1]), charts+1
		}
	}
	m := regexp.MustCompile(`of ([0-9]+) charts have a signal somewhere; without any change ([0-9.]+) % of charts like these would have one, which is ([0-9.]+) of them`).FindStringSubmatch(words(files["index.html"]))
	if m == nil || charts < 4 {
		t.Fatalf("the index does not say how often chance signals, or there are %d charts", charts)
	}
	if int(plainNumber(m[1])) != charts || math.Abs(plainNumber(m[2])-sum/float64(charts)) > 0.11 || math.Abs(plainNumber(m[3])-sum/100) > 0.06 {
		t.Errorf("the index says %q, the pages %.1f %% in %d charts", m[0], sum/float64(charts), charts)
	}
}

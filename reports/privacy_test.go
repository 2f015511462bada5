package reports

import (
	"strings"
	"testing"
)

// TestPrivacyPage: an internal page tells the figures as they are, and an external one no small number of persons, nor
// what would give it back.
func TestPrivacyPage(t *testing.T) {
	page := func(a Audience, alone, unique int64) (text string, data string) {
		in := constructed(400, siteNames(), "emergency-visits")
		in.lineage.Risk = residualRisk(alone, unique)
		req := requestIn(t, a, "emergency-visits")
		files := built(t, in, req)
		return words(files["privacy.html"]), files["data/privacy-classes.csv"] + files["data/privacy-classes.json"]
	}
	inside, data := page(Internal, 7, 1204)
	for _, want := range []string{
		"coded records of 5,000 patients, of profile shifted", "200 of 5,000 patients, 4.0 %", "Smallest class (k) 1", "certain (1 in 1)", "0.0234 (1 in 42.7)",
		"Unique on some 3 of their (code, year) pairs 1,204 of 1,300 patients looked at, 92.6 %", "All of these by one attacker 3 120 0.1 %", "another version of the policy",
		"With the key in the same custody",
	} {
		if !strings.Contains(inside, want) {
			t.Errorf("internal: not said: %s\n%s", want, inside)
		}
	}
	if !strings.Contains(data, "1,7,measured") {
		t.Errorf("internal data:\n%s", data)
	}
	outside, data := page(External, 7, 1297)
	// Alone: 7. It would also come of the share in small classes, of the average with the number of classes, of k.
	for _, bad := range []string{"Smallest class (k) 1", "certain", "200 of", "4.0 %", "0.0234", "1,297", "99.8 %", "0.1 %", "l-diversity"} {
		if strings.Contains(outside, bad) {
			t.Errorf("external: %s is told\n%s", bad, outside)
		}
	}
	if strings.Contains(data, ",7,") || !strings.Contains(data, "suppressed") {
		t.Errorf("external data:\n%s", data)
	}
	if !strings.Contains(outside, "All of these by one attacker 3 120") {
		t.Errorf("external: no figures of attacks\n%s", outside)
	}
	open, _ := page(External, 70, 400)
	for _, want := range []string{"Smallest class (k) 1", "263 of 5,000 patients, 5.3 %", "400 of 1,300"} {
		if !strings.Contains(open, want) {
			t.Errorf("external, no small number: not said: %s\n%s", want, open)
		}
	}
}

// TestPrivacyPageWithout: a report of results that are older than risk reports, or whose extract is gone, says so.
func TestPrivacyPageWithout(t *testing.T) {
	in := constructed(400, siteNames(), "emergency-visits")
	in.lineage.Risk = nil
	req := requestIn(t, External, "emergency-visits")
	if text := words(built(t, in, req)["privacy.html"]); !strings.Contains(text, "Their residual risk was not measured") {
		t.Error(text)
	}
	in.lineage.ExtractRecipe = nil
	req = requestIn(t, External, "emergency-visits")
	if text := words(built(t, in, req)["privacy.html"]); !strings.Contains(text, "no longer in the store") {
		t.Error(text)
	}
}

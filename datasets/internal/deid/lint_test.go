package deid

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"farr/internal/source"
)

// The tables that come with farr have no mistake.
func TestLintOwnTables(t *testing.T) {
	if _, err := Lint(policyFolder(t), "policy"); err != nil {
		t.Error(err)
	}
}

// said is what lint says of the files, without messages: place and code.
func said(t *testing.T, folder fstest.MapFS) (places []string, text string) {
	t.Helper()
	_, err := Lint(folder, "")
	if err == nil {
		return nil, ""
	}
	var found source.Diagnostics
	if !errors.As(err, &found) {
		t.Fatal(err)
	}
	for _, d := range found {
		places = append(places, d.Pos.String()+" "+d.Code)
	}
	return places, err.Error()
}

// Every kind of mistake is found at its place, and all at once.
func TestLintMistakes(t *testing.T) {
	const head = "table goal\nowner subject\nrefuse lifecycleStatus\nelement | type | column | shifted | limited | safe-harbor | values | why\nid | id | rid | pseudonym | pseudonym | pseudonym | | x\n"
	for _, c := range []struct{ line, want, hint string }{
		{"statusDate | date | status_date | shift | keep | year | | x", "", ""},
		{"statusDates | date | status_date | shift | keep | year | | x", "1 unknown-element", `did you mean "statusDate"?`},
		{"statusDate.day | date | status_date | shift | keep | year | | x", "1 unknown-element", ""},
		{"statusDate | dateTime | status_date | shift | keep | year | | x", "14 wrong-type", ""},
		{"category | CodeableConcept | category | code | code | code | | x", "1 bad-path", "category[] takes each, category[first] one"},
		{"description[] | CodeableConcept | description | code | code | code | | x", "1 bad-path", ""},
		{"description | CodeableConcept | description | keep | code | code | | x", "47 action-does-not-fit", ""},
		{"description.text | string | description | keep | keep | keep | | x", "43 free-text", "free text passes in no profile: leave the line out, or, in a choice, drop"},
		{"note[first].text | markdown | note | keep | keep | keep | | x", "38 free-text", ""},
		{"description.text | string | description | - | city | - | | x", "47 wrong-place", ""},
		{"description.text | string | description | zip3 | zip3 | zip3 | | x", "43 wrong-place", ""},
		{"achievementStatus | CodeableConcept | Achievement | code | code | code | | x", "39 bad-name", ""},
		{"achievementStatus | CodeableConcept | a b | code | code | code | | x", "39 bad-name", ""},
		{"achievementStatus | CodeableConcept | a | code | cod | code | | x", "50 unknown-action", `did you mean "code"?`},
		{"achievementStatus | CodeableConcept | a | code | | code | | x", "50 missing-action", ""},
		{"achievementStatus | | a | code | code | code | | x", "21 missing-type", ""},
		{"achievementStatus | CodeableConcept | a | code | code | code | |", "65 missing-reason", ""},
		{"achievementStatus | CodeableConcept | a | code | code | code | x", "1 bad-line", ""},
		{"achievementStatus[x | CodeableConcept | a | code | code | code | | x", "1 bad-path", ""},
		{"id | id | rid | pseudonym | pseudonym | pseudonym | | x", "1 duplicate-line", ""},
		{"startDate | date | rid | shift | keep | year | | x", "20 duplicate-column", ""},
		{"lifecycleStatus | code | status | keep | keep | keep | goal-stat | x", "56 unknown-list", ""},
		{"statusDate | date | status_date | keep | keep | year | | x", "35 breaks-profile", ""},
		{"statusDate | date | status_date | shift | keep | shift | | x", "50 breaks-profile", ""},
		{"expressedBy | Reference(Patient,Device) | by | reference | reference | reference | | x", "15 wrong-target", ""},
		{"expressedBy | Reference | by | reference | reference | reference | | x", "15 missing-target", "Reference(Patient,Practitioner,PractitionerRole,RelatedPerson)"},
		{"expressedBy | Reference(Patient) | by | pseudonym | reference | reference | | x", "41 wrong-place", "reference"},
		{"target[].measure | CodeableConcept | measure | code | code | code | | x", "1 missing-list", ""},
		{"target[] | BackboneElement | goal_target | childs | child | child | | x\ntarget[].measure | CodeableConcept | measure | code | code | code | | x", "44 unknown-action", `did you mean "child"?`},
		{"extension(http://x.example/e) | Address | e | keep | keep | keep | | x", "47 free-text", ""},
		{"extension(http://x.example/e) | Nothing | e | code | code | code | | x", "33 wrong-type", ""},
		{"modifierExtension(http://x.example/e) | boolean | negated | keep | keep | keep | | x", "61 action-does-not-fit", ""},
		{"description(http://x.example/e) | boolean | e | keep | keep | keep | | x", "1 bad-path", ""},
		{"description.extension(http://x.example/e) | boolean | e | keep | keep | keep | | x", "", ""},
		{"_startDate | date | s[x] | keep | keep | keep | | x", "28 action-does-not-fit", ""},
		{"refuse target", "1 duplicate-directive", ""},
		{"tabel goal", "1 unknown-directive", `did you mean "table"?`},
		{"order status_dates", "7 bad-order", ""},
		{"void lifecycleStatus rejected", "1 bad-directive", ""},
		{"negated achievementStatus x", "9 unknown-element", ""},
		{"element | type | column | shifted | limitted | safe-harbor | values | why", "37 unknown-profile", `did you mean "limited"?`},
		{"element | type | column | shifted | limited | values | why", "47 unknown-profile", ""},
		{"element | path | column | shifted | limited | safe-harbor | values | why", "11 bad-heading", ""},
	} {
		folder := policyFolder(t)
		folder["Goal.policy"] = &fstest.MapFile{Data: []byte(head + c.line + "\n")}
		got, text := said(t, folder)
		var want []string
		if c.want != "" {
			want = []string{"Goal.policy:6:" + c.want}
		}
		// A mistake may have others behind it, of the same line.
		if len(want) == 0 && len(got) > 0 || len(want) > 0 && !slices.Contains(got, want[0]) || !strings.Contains(text, c.hint) {
			t.Errorf("%s\n%s\nwant %q with %q", c.line, text, want, c.hint)
		}
		for _, place := range got {
			if !strings.HasPrefix(place, "Goal.policy:6:") {
				t.Errorf("%s: elsewhere, too: %s", c.line, place)
			}
		}
	}
	// All of them in one file are all found.
	folder := policyFolder(t)
	folder["Goal.policy"] = &fstest.MapFile{Data: []byte(head + "statusDates | date | a | shift | keep | year | | x\ncategory | CodeableConcept | b | code | code | code | | x\nnote[first].text | markdown | note | keep | keep | keep | | x\n")}
	if got, _ := said(t, folder); !slices.Equal(got, []string{"Goal.policy:6:1 unknown-element", "Goal.policy:7:1 bad-path", "Goal.policy:8:38 free-text", "Goal.policy:8:45 free-text", "Goal.policy:8:52 free-text"}) {
		t.Errorf("found %q", got)
	}
}

// What is wrong with a file as a whole, and in a list.
func TestLintFiles(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"Gaol.policy", "table gaol\nowner none\n", "Gaol.policy unknown-resource"},
		{"Goal.policy", "table goal\nowner achievementStatus\nrefuse lifecycleStatus\n", "Goal.policy:2:7 bad-owner"},
		{"Goal.policy", "table goal\nowner subject\nrefuse lifecycleStatuses\n", "Goal.policy:3:8 unknown-element"},
		{"Goal.policy", "table goal\nowner subject\n", "Goal.policy unlisted-modifier"},
		{"Goal.policy", "owner subject\nrefuse lifecycleStatus\n", "Goal.policy missing-directive"},
		{"Goal.policy", "table patient\nowner subject\nrefuse lifecycleStatus\n", "Patient.policy duplicate-table"},
		{"Goal.policy", "table goal\nowner subject\nrefuse lifecycleStatus\nid | id | rid | pseudonym | pseudonym | pseudonym | | x\n", "Goal.policy:4:1 missing-heading"},
		{"notes.md", "x", "notes.md unknown-file"},
		{"values.txt", "a b\na c\n  b  c c\nd\n", "values.txt:2:1 duplicate-list values.txt:3:8 duplicate-code values.txt:4:1 bad-line"},
		{"zip3.txt", "restricted 036 3x6\nhidden 1\n", "zip3.txt:1:16 bad-zip zip3.txt:2:1 bad-line"},
		{"dates.txt", "from 2000\nbefore 1990\n", "dates.txt bad-years"},
		{"dates.txt", "from x\nbefore 2100\n", "dates.txt bad-years dates.txt:1:6 bad-year"},
		{"systems.txt", "syntax a ^a$\nhttp://a.example b\nhttp://a.example a HTTP://A.example/x\nhttp://a.example a\n", "systems.txt:2:18 unknown-syntax systems.txt:3:20 bad-uri systems.txt:4:1 duplicate-system"},
	} {
		folder := policyFolder(t)
		folder[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		got, text := said(t, folder)
		for want := range strings.SplitSeq(strings.ReplaceAll(c.want, " "+c.file, "\n"+c.file), "\n") {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %q\n%s\nwant %s", c.file, c.text, text, want)
			}
		}
	}
	folder := policyFolder(t)
	delete(folder, "units.txt")
	delete(folder, "Patient.policy")
	if got, _ := said(t, folder); !slices.Contains(got, "units.txt missing-file") || !slices.Contains(got, "Patient.policy missing-file") {
		t.Errorf("without two files: %q", got)
	}
}

// A modifier element that no line of any of the tables lists is told; the same tables, with the line, are without a
// mistake.
func TestLintModifiers(t *testing.T) {
	for typ, line := range map[string]string{
		"Observation": "status ", "Patient": "deceased", "Condition": "verificationStatus", "MedicationRequest": "doNotPerform ", "AllergyIntolerance": "clinicalStatus ",
	} {
		folder := policyFolder(t)
		var left []string
		for text := range strings.Lines(string(folder[typ+".policy"].Data)) {
			if !strings.HasPrefix(text, line) && !strings.HasPrefix(text, "void") && !strings.HasPrefix(text, "negated ") {
				left = append(left, text)
			}
		}
		folder[typ+".policy"] = &fstest.MapFile{Data: []byte(strings.Join(left, ""))}
		if got, text := said(t, folder); !slices.Equal(got, []string{typ + ".policy unlisted-modifier"}) {
			t.Errorf("%s without %s: %q\n%s", typ, line, got, text)
		}
	}
}

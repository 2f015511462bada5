package disclose

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"farr/reports/internal/disclose/attack"
	"farr/reports/internal/text"
)

// seenOf is a share of records of at most 64 persons.
func seenOf(records, failing int64) ExactShare {
	return ExactShare{Records: records, Failing: failing, Persons: min(records, 64), FailingPersons: min(failing, 64), PassingPersons: min(records-failing, 64)}
}

// year are the months of a made table.
func year() (months []string) {
	for m := range 12 {
		months = append(months, fmt.Sprintf("2025-%02d", m+1))
	}
	return months
}

// clinic is the feed of a site with the same number each month, of which so many lack the one element.
func clinic(name string, monthly, lacking int64) ExactFeed {
	f := ExactFeed{Site: name, Elements: []ExactShare{seenOf(12*monthly, lacking)}}
	for range 12 {
		f.Months = append(f.Months, seenOf(monthly, 0))
	}
	return f
}

func recordsFor(t *testing.T, x ExactRecords, earlier ...Earlier) (Records, *Border) {
	t.Helper()
	border, err := NewBorder("external", "")
	if err != nil {
		t.Fatal(err)
	}
	border.Against(earlier)
	out, err := border.Records(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return out, border
}

// TestQualityOfSmallSites: a site with few persons is hidden from an outside reader in months, records and elements,
// and no other number gives it back.
func TestQualityOfSmallSites(t *testing.T) {
	few := clinic("few", 1, 0)
	for i := range few.Months {
		few.Months[i] = ExactShare{}
	}
	few.Months[0], few.Elements[0] = seenOf(8, 0), seenOf(8, 3)
	many := ExactFeed{Site: "one person", Months: make([]ExactShare, 12), Elements: []ExactShare{{Records: 500, Failing: 20, Persons: 1, FailingPersons: 1, PassingPersons: 1}}}
	many.Months[5] = ExactShare{Records: 500, Persons: 1}
	x := ExactRecords{Tables: []ExactQuality{{Name: "observation", Type: "Observation", Months: year(), Elements: []ExactCheck{{ID: "code"}},
		Checks: []ExactCheck{{ID: "before-birth"}, {ID: "after-as-of"}}, Checked: []ExactShare{seenOf(9508, 4), seenOf(9508, 400)},
		Feeds: []ExactFeed{few, many, clinic("a", 200, 100), clinic("b", 300, 5), clinic("c", 250, 0)}}}}
	all, _ := recordsFor(t, x)
	out := all.Tables[0]
	for i, c := range []Count{out.Feeds[0].Total, out.Feeds[0].Months[0], out.Feeds[1].Total, out.Feeds[1].Months[5]} {
		if c.State() != Suppressed {
			t.Errorf("small count %d is shown as %s", i, c)
		}
	}
	for i, r := range []Rate{out.Feeds[0].Elements[0], out.Feeds[1].Elements[0], out.Feeds[3].Elements[0], out.Checks[0]} {
		if r.State() != Suppressed {
			t.Errorf("small share %d is shown as %s", i, r.NOfN(text.English()))
		}
	}
	hiddenTotals := 0
	for _, f := range out.Feeds {
		if f.Total.State() == Suppressed {
			hiddenTotals++
		}
	}
	if hiddenTotals < 2 || out.Checks[1].State() != Measured || out.Feeds[2].Months[3].State() != Measured {
		t.Errorf("%d sites are hidden; %s, %s", hiddenTotals, out.Checks[1].NOfN(text.English()), out.Feeds[2].Months[3])
	}
	inside, err := NewBorder("internal", "")
	if err != nil {
		t.Fatal(err)
	}
	open, err := inside.Records(t.Context(), x)
	if err != nil || open.Tables[0].Feeds[0].Elements[0].NOfN(text.English()) != "5 of 8" || open.Tables[0].Feeds[0].Months[0].Text(text.English()) != "8" {
		t.Errorf("inside nothing is hidden, but there is %v, %v", open.Tables[0].Feeds[0], err)
	}
}

// TestOneNumberOnSeveralPages: the records of a type on the page of the run, all records of its table and the persons
// of the privacy page are one number: it is shown in all of its places or hidden in all, so that no page gives away
// what another hides.
func TestOneNumberOnSeveralPages(t *testing.T) {
	hidden := 0
	for superseded := range int64(14) {
		x := ExactRecords{Types: []string{"Patient"}, Columns: []string{Stored, "superseded"}, Accounts: ExactAccounts{{120, superseded}},
			Tables:  []ExactQuality{{Name: "patient", Type: "Patient", Elements: []ExactCheck{{ID: "gender"}}, Feeds: []ExactFeed{{Site: "all", Other: seenOf(120, 0), Elements: []ExactShare{seenOf(120, 30)}}}}},
			Classes: []int64{70, 50}, Sizes: []string{"11 to 20", "21 or more"}, Sampled: 120, Unique: []int64{40}, By: []string{"2 pairs"}}
		out, border := recordsFor(t, x)
		row := out.Accounts.Rows[0]
		places := []Count{row.Parts[0], out.Tables[0].Total, out.Tables[0].Elements[0].Denominator(), out.Classes.Total, out.Unique[0].Total}
		for i, c := range places {
			if c.State() != places[0].State() {
				t.Errorf("%d superseded: the 120 patients are %s on the run page and %s in place %d", superseded, places[0], c, i)
			}
		}
		if small := border.Policy.small(superseded); small && row.Parts[1].State() != Suppressed {
			t.Errorf("%d superseded are shown", superseded)
		} else if small {
			hidden++
			if row.Total.State() != Suppressed && places[0].State() != Suppressed {
				t.Errorf("%d superseded can be worked out: read %s, stored %s", superseded, row.Total, places[0])
			}
		}
		if findings, err := border.Released()[0].System.Attack(context.Background()); err != nil || len(attack.Recoverable(findings)) > 0 {
			t.Errorf("%v, %v", attack.Recoverable(findings), err)
		}
	}
	if hidden == 0 {
		t.Error("nothing was hidden")
	}
}

// TestRecordsOfFewPersons: what one page hides for the few persons behind it another does not print.
func TestRecordsOfFewPersons(t *testing.T) {
	x := ExactRecords{Types: []string{"Task"}, Columns: []string{Stored, "superseded"}, Accounts: ExactAccounts{{500, 40}},
		Tables: []ExactQuality{{Name: "task", Type: "Task", Elements: []ExactCheck{{ID: "code"}},
			Feeds: []ExactFeed{{Site: "a", Other: ExactShare{Records: 500, Persons: 3}, Elements: []ExactShare{{Records: 500, Persons: 3, PassingPersons: 3}}}}}}}
	out, _ := recordsFor(t, x)
	if c := out.Accounts.Rows[0].Parts[0]; c.State() != Suppressed {
		t.Errorf("the records of 3 persons are shown as %s", c)
	}
}

// TestChecksOfTheSameRecords: two checks that look at the same records have one denominator, hidden in both or in none,
// and the records that pass a check are those that another looks at.
func TestChecksOfTheSameRecords(t *testing.T) {
	x := ExactRecords{Tables: []ExactQuality{{Name: "observation", Type: "Observation", Elements: []ExactCheck{{ID: "code"}},
		Feeds:   []ExactFeed{{Site: "a", Other: seenOf(1000, 0), Elements: []ExactShare{seenOf(1000, 100)}}},
		Checks:  []ExactCheck{{"limits-4548-4", "values of 4548-4"}, {"unit-4548-4", "values of 4548-4"}, {"unlisted", Passing + "code"}, {"duplicate", Passing + "unlisted"}},
		Checked: []ExactShare{seenOf(11, 3), seenOf(11, 0), seenOf(900, 300), seenOf(600, 30)}}}}
	out, border := recordsFor(t, x)
	checks := out.Tables[0].Checks
	if a, b := checks[0].Denominator(), checks[1].Denominator(); a.State() != b.State() {
		t.Errorf("of the same 11 values: %s and %s", checks[0].NOfN(text.English()), checks[1].NOfN(text.English()))
	}
	if checks[2].State() == Suppressed || checks[3].State() == Suppressed {
		t.Errorf("hidden for nothing: %s, %s", checks[2].NOfN(text.English()), checks[3].NOfN(text.English()))
	}
	sys := border.Released()[0].System
	for key, want := range map[string]int64{"observation|values of 4548-4": 11, "observation|passing code": 900, "observation|passing unlisted": 600, "observation|failing code": 100} {
		if i := slices.IndexFunc(sys.Cells, func(c attack.Cell) bool { return c.Key == key }); i < 0 || sys.Cells[i].Value != want {
			t.Errorf("there is no %d under %q", want, key)
		}
	}
	for _, c := range sys.Cells {
		if c.State == attack.Shown && c.Value > 0 && c.Value <= 10 {
			t.Errorf("%s shows %d", c.Key, c.Value)
		}
	}
}

// TestReportsOnOtherMonths: two reports on the same data that go back to other months are attacked together, by the
// names of months and sites and not by their places.
func TestReportsOnOtherMonths(t *testing.T) {
	of := func(first int) ExactRecords {
		feeds := []ExactFeed{clinic("a", 40, 0), clinic("b", 60, 0), clinic("c", 50, 0)}
		feeds[0].Months[7] = seenOf(4, 0) // hidden
		feeds[0].Elements[0] = seenOf(11*40+4, 0)
		for i := range feeds {
			f := &feeds[i]
			for _, m := range f.Months[:first] {
				f.Other.Records, f.Other.Persons = f.Other.Records+m.Records, 64
			}
			f.Months = f.Months[first:]
		}
		return ExactRecords{Tables: []ExactQuality{{Name: "encounter", Type: "Encounter", Months: year()[first:], Elements: []ExactCheck{{ID: "status"}}, Feeds: feeds}}}
	}
	_, first := recordsFor(t, of(0))
	second, border := recordsFor(t, of(5), Earlier{ID: "first", Systems: first.Released(), Same: true})
	systems := []*attack.System{&first.Released()[0].System, &border.Released()[0].System}
	joined, err := attack.JoinReleased(systems...)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := joined.Attack(t.Context())
	if err != nil || len(attack.Recoverable(findings)) > 0 {
		t.Errorf("together they give %v, %v", attack.Recoverable(findings), err)
	}
	if c := second.Tables[0].Feeds[0].Months[2]; c.State() != Suppressed {
		t.Errorf("August of a is shown as %s", c)
	}
	shared := 0
	for _, c := range systems[1].Cells {
		if slices.ContainsFunc(systems[0].Cells, func(o attack.Cell) bool { return o.Key == c.Key && o.Value == c.Value }) {
			shared++
		}
	}
	if shared < 3*(7+2) {
		t.Errorf("they share %d numbers", shared)
	}
	if cert := border.Certificate(); cert.Earlier != 1 {
		t.Errorf("attacked with %d earlier releases", cert.Earlier)
	}
}

// TestClassesHaveALeast: a row of classes of 20 persons or more has 20 persons at least, which its label tells. The two
// smallest rows add up to 29; who knows the least of the one knows it to within 9, so another is hidden beside the small one.
func TestClassesHaveALeast(t *testing.T) {
	x := ExactRecords{Classes: []int64{7, 22, 400}, Sizes: []string{"1", "20 to 49", "50 or more"}}
	for _, least := range [][]int64{{1, 1, 1}, {1, 20, 50}} {
		x.Least = least
		out, _ := recordsFor(t, x)
		room := int64(0)
		for i, n := range out.Classes.Parts {
			if n.State() == Suppressed {
				room += x.Classes[i] - least[i]
			}
		}
		if known := least[1] == 20; room < 10 || known == (out.Classes.Parts[1].State() == Suppressed) || out.Classes.Total.State() != Measured {
			t.Errorf("readers who know %v: %v, with room for %d", least, out.Classes, room)
		}
	}
}

package disclose

import "testing"

// TestQualityOfSmallSites: a site with few persons is hidden from an outside reader in months, records and elements,
// and no other number gives it back.
func TestQualityOfSmallSites(t *testing.T) {
	share := func(records, failing int64) ExactShare {
		return ExactShare{Records: records, Failing: failing, Persons: min(records, 64), FailingPersons: min(failing, 64), PassingPersons: min(records-failing, 64)}
	}
	site := func(name string, monthly, lacking int64) ExactFeed {
		f := ExactFeed{Site: name, Elements: []ExactShare{share(12*monthly, lacking)}}
		for range 12 {
			f.Months = append(f.Months, share(monthly, 0))
		}
		return f
	}
	few := site("few", 1, 0)
	for i := range few.Months {
		few.Months[i] = ExactShare{}
	}
	few.Months[0], few.Elements[0] = share(8, 0), share(8, 3)
	many := ExactFeed{Site: "one person", Months: make([]ExactShare, 12), Elements: []ExactShare{{Records: 500, Failing: 20, Persons: 1, FailingPersons: 1, PassingPersons: 1}}}
	many.Months[5] = ExactShare{Records: 500, Persons: 1}
	x := ExactQuality{Name: "observation", Months: 12, Elements: 1, Checks: []ExactShare{share(9000, 4), share(9000, 400)},
		Feeds: []ExactFeed{few, many, site("a", 200, 100), site("b", 300, 5), site("c", 250, 0)}}
	border, err := NewBorder("external", "")
	if err != nil {
		t.Fatal(err)
	}
	out, err := border.Quality(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []Count{out.Feeds[0].Total, out.Feeds[0].Months[0], out.Feeds[1].Total, out.Feeds[1].Months[5]} {
		if c.State() != Suppressed {
			t.Errorf("small count %d is shown as %s", i, c)
		}
	}
	for i, r := range []Rate{out.Feeds[0].Elements[0], out.Feeds[1].Elements[0], out.Feeds[3].Elements[0], out.Checks[0]} {
		if r.State() != Suppressed {
			t.Errorf("small share %d is shown as %s", i, r.NOfN())
		}
	}
	hiddenTotals := 0
	for _, f := range out.Feeds {
		if f.Total.State() == Suppressed {
			hiddenTotals++
		}
	}
	if hiddenTotals < 2 || out.Checks[1].State() != Measured || out.Feeds[2].Months[3].State() != Measured {
		t.Errorf("%d sites are hidden; %s, %s", hiddenTotals, out.Checks[1].NOfN(), out.Feeds[2].Months[3])
	}
	inside, err := NewBorder("internal", "")
	if err != nil {
		t.Fatal(err)
	}
	open, err := inside.Quality(t.Context(), x)
	if err != nil || open.Feeds[0].Elements[0].NOfN() != "5 of 8" || open.Feeds[0].Months[0].String() != "8" {
		t.Errorf("inside nothing is hidden, but there is %v, %v", open.Feeds[0], err)
	}
}

package rawwalk

import "testing"

// TestUpTo: on or before, of dates with and without all parts. The answers are those of
// CQL 1.5, Appendix B, "Same Or Before".
func TestUpTo(t *testing.T) {
	for _, c := range []struct {
		a, b string
		to   int
		want truth
	}{
		{"2013-05-01", "2013-12-31", day, yes},
		{"2014-01-01", "2013-12-31", day, no},
		{"2013-12-31", "2013-12-31T23:59:59.999Z", day, yes},
		{"2013-12-31", "2013-12-31T23:59:59.999Z", clock, unknown},
		{"2013-12-31T23:59:59Z", "2013-12-31T23:59:59.999Z", clock, yes},
		{"2013-12-31T23:30:00-05:00", "2013-12-31T23:59:59.999Z", clock, no},
		{"2013-12", "2013-12-31", day, unknown},
		{"2013-11", "2013-12-31", day, yes},
		{"2013", "2013-06-30", day, unknown},
		{"2012", "2013-06-30", day, yes},
		{"2014", "2013-06-30", day, no},
		{"2013-12-31", "2013-12", day, unknown},
	} {
		if got := exactly(read(c.a)).upTo(exactly(read(c.b)), c.to); got != c.want {
			t.Errorf("%s on or before %s, to part %d: %d, want %d", c.a, c.b, c.to, got, c.want)
		}
	}
}

// TestIntervals: an end that is null is that of time where the interval is closed there,
// and not known where it is open.
func TestIntervals(t *testing.T) {
	p := day
	y2013 := between(read("2013-01-01T00:00:00Z"), read("2013-12-31T23:59:59Z"))
	for _, c := range []struct {
		what string
		got  truth
		want truth
	}{
		{"goes on, overlaps", between(read("2010-01-01"), dateTime{}).overlaps(y2013, p), yes},
		{"goes on, during", between(read("2013-02-01"), dateTime{}).during(y2013, p), no},
		{"ended, when is not known", from(read("2010-01-01")).overlaps(y2013, p), unknown},
		{"began within, when it ended is not known", from(read("2013-02-01")).overlaps(y2013, p), yes},
		{"began after", from(read("2014-02-01")).overlaps(y2013, p), no},
		{"ended before", until(read("2012-02-01")).overlaps(y2013, p), no},
		{"ended within", until(read("2013-02-01")).overlaps(y2013, p), yes},
		{"ended after", until(read("2014-02-01")).overlaps(y2013, p), unknown},
		{"no ends", between(dateTime{}, dateTime{}).overlaps(y2013, p), unknown},
		{"an unknown end is null", from(read("2013-02-01")).ends().during(y2013, p), unknown},
		{"only an end", between(dateTime{}, read("2013-02-01")).overlaps(y2013, p), yes},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
	for text, want := range map[string]interval{"2013-05-01": between(read("2013-05-01"), dateTime{}), "2013-06-01": between(read("2013-05-01"), read("2013-06-01"))} {
		if got := want.latest(); got != read(text) {
			t.Errorf("latest: %v, want %s", got, text)
		}
	}
}

// TestSupplied: how long a prescription lasts, as CumulativeMedicationDuration has it.
func TestSupplied(t *testing.T) {
	quantity := func(n float64, code string) map[string]any { return map[string]any{"value": n, "code": code} }
	twice := []any{map[string]any{
		"timing":      map[string]any{"repeat": map[string]any{"frequency": 2., "period": 1., "periodUnit": "d"}},
		"doseAndRate": []any{map[string]any{"doseQuantity": quantity(2, "{tbl}")}},
	}}
	for _, c := range []struct {
		what string
		o    object
		end  string
	}{
		{"30 days and two refills", object{"authoredOn": "2013-01-01T10:00:00Z", "dispenseRequest": map[string]any{"expectedSupplyDuration": quantity(30, "d"), "numberOfRepeatsAllowed": 2.}}, "2013-03-31"},
		{"2 weeks", object{"authoredOn": "2013-01-01", "dispenseRequest": map[string]any{"expectedSupplyDuration": quantity(2, "wk")}}, "2013-01-14"},
		{"100 tablets, 2 twice a day", object{"authoredOn": "2013-01-01", "dosageInstruction": twice, "dispenseRequest": map[string]any{"quantity": quantity(100, "{tbl}")}}, "2013-01-25"},
		{"bounds alone", object{"dosageInstruction": []any{map[string]any{"timing": map[string]any{"repeat": map[string]any{"boundsPeriod": map[string]any{"start": "2013-01-01", "end": "2013-02-01"}}}}}}, "2013-02-01"},
		{"nothing known", object{"authoredOn": "2013-01-01"}, ""},
	} {
		got := c.o.supplied()
		if want := read(c.end); got.high.value() != want {
			t.Errorf("%s: until %v, want %s", c.what, got.high.value().at, c.end)
		}
	}
}

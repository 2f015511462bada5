package reports

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"farr/reports/internal/disclose"
)

// planted is a seeded small cell: so many of so many, in a place that a reader knows.
type planted struct {
	name                   string
	numerator, denominator int64
	put                    func(in *input, numerator, denominator int64)
	// seen is the row of a file of data in which the internal report has it.
	file, row string
}

// plants are cells of which each has numbers that nothing else in the report has: odd, and found only
// where the cell is told. Numerator, complement, denominator, an outcome, a level, a month.
var plants = []planted{
	{"numerator of a site", 7, 2357, site("Clinic 3"), "data/blood-pressure-control-sites.csv", "Site,Clinic 3,7,2357,"},
	{"complement of a site", 2339, 2346, site("Clinic 4"), "data/blood-pressure-control-sites.csv", "Site,Clinic 4,2339,2346,"},
	{"denominator of a site", 5, 9, site("Clinic 6"), "data/blood-pressure-control-sites.csv", "Site,Clinic 6,5,9,"},
	{"outcome", 9, 0, func(in *input, n, _ int64) { in.outcomes[1].Events = n }, "data/incident-type-2-diabetes-outcomes.csv", "Emergency visit within a year,2430,measured,9,"},
	{"new cases of a month", 3, 0, func(in *input, n, _ int64) { in.spans[4].Numerator = n }, "data/incident-type-2-diabetes-periods.csv", "May 2024,2024-05-01,2024-05-31,3,"},
	{"level of Table 1", 8, 0, func(in *input, n, _ int64) { in.described[len(in.described)-1].People = n }, "data/incident-type-2-diabetes-table1.csv", "Hypertension,yes,8,"},
}

// site puts a cell into a site of the newest window.
func site(name string) func(*input, int64, int64) {
	return func(in *input, n, d int64) {
		for i := range in.aggregates {
			g := &in.aggregates[i]
			if g.Stratum != "site" || g.Value != name {
				continue
			}
			g.InitialPopulation, g.DenominatorExclusion, g.Denominator, g.Numerator = d, 0, d, n
			g.Rate = float64(n) / float64(d)
			g.CILow, g.CIHigh = g.Rate*0.9, min(1, g.Rate*1.1)
		}
	}
}

// plantedWorld is the constructed world with every planted cell in it.
func plantedWorld() input {
	in := constructed(24000, siteNames(), onePage)
	for _, p := range plants {
		p.put(&in, p.numerator, p.denominator)
	}
	return in
}

// traces are the forms in which a page might tell a share: as a fraction, in percent, per mille, of
// numerator and complement, with no to four decimals.
func traces(n, d int64) []string {
	var out []string
	for _, k := range []int64{n, d - n} {
		share := float64(k) / float64(d)
		for _, v := range []struct {
			unit   float64
			digits []int
		}{{1, []int{4, 5}}, {100, []int{2, 3, 4}}, {1000, []int{2, 3}}} {
			for _, digits := range v.digits {
				out = append(out, strconv.FormatFloat(share*v.unit, 'f', digits, 64))
			}
		}
		out = append(out, fmt.Sprintf("%d of %s", k, disclose.Thousands(d)), fmt.Sprintf("%d of %d", k, d), fmt.Sprintf("%d/%d", k, d))
	}
	return out
}

// leaks finds what a report tells of a planted cell: its row with a number, its share in any form, a
// denominator or complement that only it has.
func leaks(files map[string]string, p planted) []string {
	var found []string
	label, _, _ := strings.Cut(p.row, fmt.Sprintf(",%d,", p.numerator))
	for path, text := range files {
		for _, line := range strings.Split(text, "\r\n") {
			rest, ok := strings.CutPrefix(line, label+",")
			if !ok || path != p.file {
				continue
			}
			fields := strings.Split(rest, ",")
			if first := fields[0]; first != "" && first != "measured" && whole(first) == p.numerator || len(fields) > 2 && fields[2] == strconv.FormatInt(p.numerator, 10) {
				found = append(found, path+": "+line)
			}
		}
		if p.denominator == 0 {
			continue
		}
		plain := html.UnescapeString(text)
		for _, trace := range traces(p.numerator, p.denominator) {
			if strings.HasPrefix(trace, "0.") && len(trace) < 6 || p.denominator < 100 && !strings.Contains(trace, " of ") {
				continue // not the cell's alone
			}
			if regexp.MustCompile(`(^|[^0-9.,])` + regexp.QuoteMeta(trace) + `([^0-9]|$)`).MatchString(plain) {
				found = append(found, path+": "+trace)
			}
		}
	}
	return found
}

func whole(s string) int64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return -1
	}
	return int64(n)
}

// TestPlantedCellsAreNowhere: of each planted cell no external report, under any policy, has the count,
// the share or the complement in any file. The internal report is the hole in the wall: there each of
// them is found, by the same search.
func TestPlantedCellsAreNowhere(t *testing.T) {
	internal := built(t, plantedWorld(), requestIn(t, Internal, onePage))
	for _, p := range plants {
		if !strings.Contains(internal[p.file], p.row) {
			t.Errorf("%s: the internal report is without %s", p.name, p.row)
		}
		if len(leaks(internal, p)) == 0 {
			t.Errorf("%s: the search does not find it in the internal report, so it proves nothing", p.name)
		}
	}
	policies := DisclosurePolicies()
	if testing.Short() {
		policies = policies[:1]
	}
	for _, policy := range policies {
		req := requestIn(t, External, onePage)
		req.Disclosure = policy
		external := built(t, plantedWorld(), req)
		for _, p := range plants {
			for _, leak := range leaks(external, p) {
				t.Errorf("%s, %s: %s", policy, p.name, leak)
			}
		}
	}
}

// drawn are the shapes of the drawings of sites, by file.
func drawn(files map[string]string) map[string][]string {
	out := map[string][]string{}
	for path, text := range files {
		for _, svg := range regexp.MustCompile(`(?s)<svg[^>]*aria-labelledby="[a-z-]*-sites-w-t.*?</svg>`).FindAllString(text, -1) {
			out[path] = append(out[path], regexp.MustCompile(` (?:x|cx|width|d|points|transform)="[^"]*"`).FindAllString(svg, -1)...)
		}
	}
	return out
}

// TestPlantedCellsMoveNoShape is the search for heights, places and orders: reports that differ in the
// planted cells alone, within what is hidden, are the same bytes, drawings among them.
func TestPlantedCellsMoveNoShape(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	world := func(shift int64) input {
		in := constructed(24000, siteNames(), onePage)
		for _, p := range plants {
			switch p.name {
			case "complement of a site":
				p.put(&in, p.numerator+shift, p.denominator)
			default:
				p.put(&in, p.numerator-shift, p.denominator)
			}
		}
		return in
	}
	first, second := built(t, world(0), requestIn(t, External, onePage)), built(t, world(2), requestIn(t, External, onePage))
	for path := range first {
		if first[path] != second[path] {
			t.Errorf("%s differs although hidden numbers alone do%s", path, firstLineOf(first[path], second[path]))
		}
	}
	a, b := built(t, world(0), requestIn(t, Internal, onePage)), built(t, world(2), requestIn(t, Internal, onePage))
	for _, p := range plants {
		if a[p.file] == b[p.file] {
			t.Errorf("%s: the internal report does not tell the two worlds apart, so the test proves nothing", p.name)
		}
	}
	const page = "measures/blood-pressure-control.html"
	if strings.Join(drawn(a)[page], "") == strings.Join(drawn(b)[page], "") {
		t.Error("no shape of the internal report moves with the cells, so the test proves nothing")
	}
}

func firstLineOf(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf(", in line %d:\n%.300s\n%.300s", i+1, x[i], y[i])
		}
	}
	return ""
}

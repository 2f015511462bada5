package reports

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

// TestEveryRateIsWhole walks the pages: each rate stands with its numerator and denominator, or the state in their place, its
// interval and its period.
func TestEveryRateIsWhole(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		n := checkRatesAreWhole(t, sharedBundle(t, a))
		t.Logf("%s: %d rates", a, n)
		if n < 400 {
			t.Errorf("%s: only %d rates were looked at", a, n)
		}
	}
}

var (
	tableForm  = regexp.MustCompile(`(?s)<table.*?</table>`)
	rowForm    = regexp.MustCompile(`(?s)<tr[^>]*>(.*?)</tr>`)
	cellForm   = regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`)
	periodForm = regexp.MustCompile(`(January|February|March|April|May|June|July|August|September|October|November|December|quarter [1-4] of) [0-9]{4}|^[0-9]{4}$|[0-9]{4}-[0-9]{2}-[0-9]{2}|in [0-9]{4}|[0-9]{4}:`)
	aRate      = regexp.MustCompile(`[0-9][0-9,]*\.[0-9]+ (%|per [0-9,]+ person-years)`) // a rate has a decimal
)

// saidOtherwise are numbers in running text that are no rates of subjects: targets and benchmarks, levels of confidence,
// statistics that name themselves, shares of charts, and what an interval says of a difference.
var saidOtherwise = []*regexp.Regexp{
	rateClaim, decileClaim, gapClaim,
	regexp.MustCompile(`(9[59](\.8)?|10) %[ -](intervals?|limits|limit|of the scores|level)`),
	regexp.MustCompile(`(target|benchmark|at least|at most|mean) [0-9.,]+( %| per [0-9,]+ person-years)?`),
	regexp.MustCompile(`without any change [0-9.]+ % of charts|Without any change [0-9.]+ % of charts`),
	regexp.MustCompile(`[0-9.,]+ (percentage points|per [0-9,]+ person-years) (higher|lower) than`),
}

// checkRatesAreWhole counts the rates that it looked at.
func checkRatesAreWhole(t *testing.T, files map[string]string) int {
	t.Helper()
	n := 0
	for path, page := range files {
		if !strings.HasSuffix(path, ".html") {
			continue
		}
		for _, table := range tableForm.FindAllString(page, -1) {
			n += ratesOfTable(t, path, table)
		}
		if !strings.HasPrefix(path, "measures/") && path != "index.html" {
			continue
		}
		text := tableForm.ReplaceAllString(page, " ")
		if i := strings.Index(text, `<h2 id="definition">`); i > 0 { // what the definition's author wrote is no rate of this report
			text = text[:i]
		}
		for _, line := range strings.Split(words(text), "\n") {
			rest := line
			for _, known := range saidOtherwise {
				n += len(known.FindAllString(rest, -1)) * map[bool]int{true: 1}[known == rateClaim]
				rest = known.ReplaceAllString(rest, "#")
			}
			if strings.HasPrefix(line, "Rate, ") { // the tile: interval and counts are its next lines
				n++
				continue
			}
			if aRate.MatchString(rest) && !tileOf(page, rest) {
				t.Errorf("%s: a rate by itself in %q", path, line)
			}
		}
	}
	return n
}

// tileOf tells whether a line is the great number of a measure's page, which has its interval, counts and period beside it.
func tileOf(page, line string) bool {
	m := regexp.MustCompile(`(?s)<div class="card tiles">(.*?)</div>\s*<div>(.*?)</div>`).FindStringSubmatch(page)
	if m == nil {
		return false
	}
	first, second := words(m[1]), words(m[2])
	return strings.Contains(first, strings.TrimSpace(line)) && strings.Contains(first, "95 % interval") && periodForm.MatchString(first) &&
		regexp.MustCompile(`[0-9] (of|in) [0-9]`).MatchString(second)
}

func ratesOfTable(t *testing.T, path, table string) int {
	t.Helper()
	text := func(cell string) string { return strings.TrimSpace(strings.ReplaceAll(words(cell), "\n", " ")) }
	caption := text(regexp.MustCompile(`(?s)<caption>.*?</caption>`).FindString(table))
	var head []string
	n := 0
	for i, row := range rowForm.FindAllStringSubmatch(table, -1) {
		var cells []string
		for _, c := range cellForm.FindAllStringSubmatch(row[1], -1) {
			cells = append(cells, text(c[1]))
		}
		if i == 0 {
			head = cells
			continue
		}
		if strings.Contains(table, `class="kpi"`) && strings.Contains(table, "Assurance") {
			if len(cells) < 6 {
				continue // the heading of a group
			}
			n++
			rate := cells[1]
			whole := regexp.MustCompile(`[0-9] (of|in) [0-9].* 95 % interval [0-9.,]+ to [0-9.,]+`).MatchString(rate) || strings.Contains(rate, "hidden") || strings.Contains(rate, "not applicable")
			if !whole || !periodForm.MatchString(cells[0]) {
				t.Errorf("%s: %s has %q, of %q", path, cells[0], rate, cells[0])
			}
			continue
		}
		at := map[string]int{}
		for j, h := range head {
			at[h] = j
			if strings.HasPrefix(h, "Rate per ") {
				at["Rate"] = j
			}
		}
		r, rated := at["Rate"]
		if !rated || len(cells) != len(head) {
			continue
		}
		n++
		numerator, denominator, interval, state := -1, -1, at["95 % interval"], at["Remark"]
		for _, h := range []string{"Numerator", "Events", "Observed", "Counted", "Cases"} {
			if j, ok := at[h]; ok {
				numerator = j
			}
		}
		for _, h := range []string{"Denominator", "Time observed", "Measure population"} {
			if j, ok := at[h]; ok {
				denominator = j
			}
		}
		if numerator < 0 || denominator < 0 || interval == 0 || state == 0 {
			t.Errorf("%s: the table %q has rates and not all of numerator, denominator, interval and state: %q", path, caption, head)
			return n
		}
		switch {
		case cells[r] == "–" || cells[r] == "hidden" || cells[r] == "not known":
			if cells[state] == "" {
				t.Errorf("%s, %q: a rate that is not shown has no state: %q", path, caption, cells)
			}
		case cells[numerator] == "" || cells[denominator] == "" || cells[interval] == "" && strings.Contains(html.UnescapeString(table), "interval_method"):
			t.Errorf("%s, %q: a rate without its counts: %q", path, caption, cells)
		case cells[interval] == "":
			t.Errorf("%s, %q: a rate without its interval: %q", path, caption, cells)
		}
		if !periodForm.MatchString(caption) && !periodForm.MatchString(cells[0]) {
			t.Errorf("%s, %q: a rate without its period: %q", path, caption, cells)
		}
	}
	return n
}

// TestIndexAndMeasuresAgree: what the index says of a measure, its page says.
func TestIndexAndMeasuresAgree(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		if n := checkIndexAgrees(t, sharedBundle(t, a)); n < 5 {
			t.Errorf("%s: only %d measures were compared", a, n)
		}
	}
}

func checkIndexAgrees(t *testing.T, files map[string]string) int {
	t.Helper()
	n := 0
	part := regexp.MustCompile(`(?s)<tr role="row" data-find="[^"]*">(.*?)</tr>`)
	link := regexp.MustCompile(`href="(measures/[^"]+)"`)
	bits := regexp.MustCompile(`(?s)<(?:span|b|div)[^>]*>([^<>]+)`)
	for _, row := range part.FindAllStringSubmatch(files["index.html"], -1) {
		page := files[link.FindStringSubmatch(row[1])[1]]
		tiles := strings.ReplaceAll(words(regexp.MustCompile(`(?s)<div class="card tiles">.*?\n</div>\n`).FindString(page)), "\n", " ")
		for _, b := range bits.FindAllStringSubmatch(row[1], -1) {
			text := strings.TrimSpace(spaces.ReplaceAllString(strings.ReplaceAll(html.UnescapeString(b[1]), "\u00a0", " "), " "))
			if text == "" || strings.HasPrefix(text, "Jan ") || strings.HasPrefix(text, "Target") || strings.HasPrefix(text, "Assurance:") || strings.Contains(text, "the newest with") ||
				text == "separate periods are hidden" || text == "▲" || text == "◆" || text == "◇" {
				continue
			}
			if !strings.Contains(tiles, text) {
				t.Errorf("%s: the index says %q, and the page\n%s", link.FindStringSubmatch(row[1])[1], text, tiles)
			}
		}
		n++
	}
	return n
}

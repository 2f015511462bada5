package reports

import (
	"encoding/csv"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var heading = regexp.MustCompile(`(?s)<h3[^>]*>(.*?)</h3>|<p class="finding">(.*?)</p>`)

// What headlines may claim.
var (
	rateClaim    = regexp.MustCompile(`([0-9][0-9,]*) (?:of|in) ([0-9][0-9,.]*)(?: person-years)? \(([0-9.,]+)(?: %| per [0-9,]+ person-years), 95 % interval ([0-9.,]+ to [0-9.,]+)\)`)
	gapClaim     = regexp.MustCompile(`([^:.]+?)(?: \([^()]*\) is|:) ([0-9.,]+) (?:percentage points|per [0-9,]+ person-years) (higher|lower) than the others \(95 % interval of the difference ([−+]?[0-9.,]+) to ([−+]?[0-9.,]+)\)`)
	noGapClaim   = regexp.MustCompile(`[Nn]one of ([0-9]+) groups? (?:is|are)`)
	funnelClaim  = regexp.MustCompile(`Beyond the 99.8 % limits, ([0-9]+) of ([0-9]+) sites|([0-9]+) of ([0-9]+) sites are beyond the 99.8 % limits|(No) site of ([0-9]+) is beyond`)
	decileClaim  = regexp.MustCompile(`Half of ([0-9]+) sites are below ([0-9.,]+) ?%?; one in ten is below ([0-9.,]+) ?%? and one in ten above ([0-9.,]+)`)
	runClaim     = regexp.MustCompile(`([0-9]+) points (?:in a row (?:above|below) the mean|that (?:rise|fall) throughout), (.+? [0-9]{4}) to (.+? [0-9]{4})[.;]`)
	outsideClaim = regexp.MustCompile(`Change: signal, [a-z ,]+: (above the upper limit|below the lower limit|two of three points close to the (?:upper|lower) limit), (?:.+? to )?(\w+ [0-9]{4})[.;]`)
	quietClaim   = regexp.MustCompile(`Change: no signal in ([0-9]+) points?\.`)
)

// sheet is a data file.
type sheet struct {
	head []string
	rows [][]string
}

func sheetOf(t testing.TB, files map[string]string, path string) sheet {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(files[path])).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%s: %v", path, err)
	}
	return sheet{rows[0], rows[1:]}
}

func (s sheet) get(row []string, column string) string {
	for i, h := range s.head {
		if h == column {
			return row[i]
		}
	}
	panic("no column " + column)
}

func (s sheet) number(row []string, column string) float64 {
	f, err := strconv.ParseFloat(s.get(row, column), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// count counts the rows of which a column is, or begins with, a value.
func (s sheet) count(column, value string) int {
	n := 0
	for _, r := range s.rows {
		if strings.HasPrefix(s.get(r, column), value) {
			n++
		}
	}
	return n
}

// TestHeadlinesSayWhatTheTablesSay parses what each headline claims and finds it in the tables: counts with rate and
// interval in one row of the page, gaps, sites beyond limits, deciles and signals in the figure's data. Each
// sentence of a finding must be one that was understood.
func TestHeadlinesSayWhatTheTablesSay(t *testing.T) {
	for _, a := range []Audience{Internal, External} {
		seen := checkHeadlines(t, sharedBundle(t, a))
		t.Logf("%s: %v", a, seen)
		if a == Internal && (seen["rate"] < 20 || seen["no gap"]+seen["gap"] < 5 || seen["funnel"] < 4 || seen["change"] < 5) {
			t.Errorf("too few headlines had claims: %v", seen)
		}
	}
}

// checkHeadlines counts the claims that it found in headlines, by kind.
func checkHeadlines(t *testing.T, files map[string]string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for path, page := range files {
		if !strings.HasPrefix(path, "measures/") && !strings.HasPrefix(path, "cohorts/") {
			continue
		}
		id := strings.TrimSuffix(path[strings.Index(path, "/")+1:], ".html")
		var rows []string
		for _, r := range regexp.MustCompile(`(?s)<tr>.*?</tr>`).FindAllString(page, -1) {
			rows = append(rows, strings.TrimSpace(words(r)))
		}
		for _, h := range heading.FindAllStringSubmatch(page, -1) {
			text := words(h[1] + h[2])
			claims := checkRates(t, path, text, rows)
			seen["rate"] += claims
			if strings.HasPrefix(path, "measures/") {
				claims += checkClaims(t, files, id, text, seen)
			}
			if claims == 0 && strings.HasPrefix(path, "measures/") && !strings.Contains(text, "hidden") && !strings.Contains(text, "ecords lack") {
				t.Errorf("%s: a headline without its numbers: %s", path, text)
			}
		}
	}
	return seen
}

func checkRates(t *testing.T, path, text string, rows []string) int {
	t.Helper()
	found := rateClaim.FindAllStringSubmatch(text, -1)
	for _, m := range found {
		ok := false
		for _, r := range rows {
			ok = ok || strings.Contains(" "+r+" ", " "+m[1]+" "+m[2]+" ") && strings.Contains(r, " "+m[3]+" ") && strings.Contains(r, " "+m[4]) ||
				strings.Contains(r, m[1]+" "+m[2]+" person-years "+m[3]) && strings.Contains(r, m[4])
		}
		if !ok {
			t.Errorf("%s: no table row says %s", path, m[0])
		}
	}
	return len(found)
}

func plainNumber(s string) float64 {
	f, err := strconv.ParseFloat(strings.NewReplacer(",", "", "−", "-", "+", "").Replace(s), 64)
	if err != nil {
		panic(err)
	}
	return f
}

func checkClaims(t *testing.T, files map[string]string, id, text string, seen map[string]int) int {
	t.Helper()
	claims := 0
	hit := func(kind string, ok bool, what string) {
		claims++
		seen[kind]++
		if !ok {
			t.Errorf("%s: the data of the figure do not say %s", id, what)
		}
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 0.0501 }
	if m := gapClaim.FindStringSubmatch(text); m != nil {
		s, ok := sheetOf(t, files, "data/"+id+"-gaps.csv"), false
		for _, r := range s.rows {
			if s.get(r, "differs_as_one_of_all") == "yes" && strings.HasSuffix(strings.TrimSpace(m[1]), s.get(r, "value")) {
				ok = ok || near(math.Abs(s.number(r, "difference")), plainNumber(m[2])) && near(s.number(r, "difference_low"), plainNumber(m[4])) &&
					near(s.number(r, "difference_high"), plainNumber(m[5])) && (s.number(r, "difference") > 0) == (m[3] == "higher")
			}
		}
		hit("gap", ok, m[0])
	}
	if m := noGapClaim.FindStringSubmatch(text); m != nil {
		s := sheetOf(t, files, "data/"+id+"-gaps.csv")
		hit("no gap", s.count("differs_as_one_of_all", "yes")+s.count("differs_as_one_of_all", "no") == int(plainNumber(m[1])), m[0])
	}
	if m := funnelClaim.FindStringSubmatch(text); m != nil {
		s := sheetOf(t, files, "data/"+id+"-funnel.csv")
		beyond := s.count("place", "above 99.8") + s.count("place", "below 99.8")
		said := strings.Join(append(m[1:3], append(m[3:5], m[5:7]...)...), "")
		hit("funnel", strings.ReplaceAll(said, "No", "0") == fmt.Sprint(beyond, "")+fmt.Sprint(len(s.rows)), m[0])
	}
	if m := decileClaim.FindStringSubmatch(text); m != nil {
		s := sheetOf(t, files, "data/"+id+"-deciles.csv")
		hit("deciles", near(s.number(s.rows[4], "rate"), plainNumber(m[2])) && near(s.number(s.rows[0], "rate"), plainNumber(m[3])) && near(s.number(s.rows[8], "rate"), plainNumber(m[4])), m[0])
	}
	if strings.Contains(text, "Change: ") && !strings.Contains(text, "too many periods are hidden") {
		s := sheetOf(t, files, "data/"+id+"-periods.csv")
		switch {
		case runClaim.MatchString(text):
			m := runClaim.FindStringSubmatch(text)
			n, inside := 0, false
			for _, r := range s.rows {
				inside = inside || s.get(r, "period") == strings.TrimSpace(m[2])
				if inside && s.get(r, "rules") != "" {
					n++
				}
				if s.get(r, "period") == m[3] {
					inside = false
				}
			}
			hit("change", n == int(plainNumber(m[1])), m[0])
		case outsideClaim.MatchString(text):
			m := outsideClaim.FindStringSubmatch(text)
			ok := false
			for _, r := range s.rows {
				rule := map[bool]string{true: "zone", false: "outside"}[strings.HasPrefix(m[1], "two")]
				ok = ok || s.get(r, "period") == m[2] && strings.Contains(s.get(r, "rules"), rule)
			}
			hit("change", ok, m[0])
		case quietClaim.MatchString(text):
			m := quietClaim.FindStringSubmatch(text)
			hit("change", s.count("cause", "common cause") == int(plainNumber(m[1])), m[0])
		default:
			m := regexp.MustCompile(`Change: no signal in (\w+ [0-9]{4}), and ([0-9]+) signals? before it`).FindStringSubmatch(text)
			hit("change", m != nil && s.count("rules", "outside")+s.count("rules", "trend")+s.count("rules", "zone")+s.count("rules", "run") > 0, text)
		}
	}
	return claims
}

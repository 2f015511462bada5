package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"farr/internal/leak"
)

// leakPath is one way out of an export, as testdata/leakpaths.txt says it.
type leakPath struct {
	name  string
	lines []string
	file  string // of its own; "" for the common one
	raw   bool
	// limited are markers that profile limited keeps by design, and where: {T} -> table.column.
	limited []kept
	// never are values that a column must not hold in any profile.
	never []kept

	markers map[string]leak.Marker // by placeholder
}

type kept struct{ what, column string }

const placeholders = "{W} {w} {D} {S} {ID} {T} {B} {U} {N}"

// readLeakPaths reads the table and makes the markers. Markers of two paths have nothing in common.
func readLeakPaths(t testing.TB) []*leakPath {
	t.Helper()
	text, err := os.ReadFile("testdata/leakpaths.txt")
	if err != nil {
		t.Fatal(err)
	}
	var paths []*leakPath
	var p *leakPath
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || line[0] == '#':
		case line[0] == '[' && p.isHead(line):
			p = &leakPath{name: strings.Trim(line, "[]"), markers: map[string]leak.Marker{}}
			p.makeMarkers(len(paths))
			paths = append(paths, p)
		case words[0] == "raw" && len(words) == 1:
			p.raw = true
		case words[0] == "file" && len(words) == 2:
			p.file = p.fill(words[1])
		case words[0] == "limited" && len(words) == 3:
			p.limited = append(p.limited, kept{words[1], words[2]})
		case words[0] == "never" && len(words) > 2:
			p.never = append(p.never, kept{strings.Join(words[2:], " "), words[1]})
		default:
			p.lines = append(p.lines, p.fill(line))
		}
	}
	return paths
}

// isHead tells the head of a path from a line that is a JSON list.
func (p *leakPath) isHead(line string) bool {
	return strings.HasSuffix(line, "]") && !strings.Contains(line, `"`)
}

func (p *leakPath) makeMarkers(number int) {
	seed := func(of string) uint64 {
		sum := sha256.Sum256([]byte(p.name + of))
		return binary.BigEndian.Uint64(sum[:])
	}
	word := func(of string, letters int) string {
		var b strings.Builder
		for i, n := 0, seed(of); i < letters; i++ {
			set := "bcdfghklmnprstvz"
			if i%2 == 1 {
				set = "aeiou"
			}
			b.WriteByte(set[n%uint64(len(set))])
			n = n/uint64(len(set)) | n<<50
		}
		return b.String()
	}
	name := word("W", 12)
	digits := fmt.Sprint(700_000_000 + seed("D")%200_000_000)
	sum := sha256.Sum256([]byte(p.name + "U"))
	at := time.Date(2024, 1, 8+number%50, 9, number%60, int(seed("T")%60), int(seed("ms")%1000)*1e6, time.UTC)
	for placeholder, m := range map[string]leak.Marker{
		"{W}": {Text: strings.ToUpper(name[:1]) + name[1:]}, "{w}": {Text: name}, "{D}": {Text: digits},
		"{S}":  {Text: digits[:3] + "-" + digits[3:5] + "-" + digits[5:]},
		"{ID}": {Text: "rid-" + word("ID", 13)},
		"{T}":  {Text: at.Format("2006-01-02T15:04:05.000") + "-05:00", Time: at, UTC: at.Add(5 * time.Hour)},
		"{B}":  {Text: time.Date(1907, 1, 1+number*3, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)},
		"{U}":  {Text: fmt.Sprintf("%x-%x-4%x-a%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])[:36]},
		"{N}":  {Text: fmt.Sprintf("91.%07d", 1_000_001+seed("N")%8_000_000)},
	} {
		m.Name = p.name + " " + placeholder
		p.markers[placeholder] = m
	}
}

// standardCode is the code of {P}.
const standardCode = `{"coding":[{"system":"http://loinc.org","code":"4548-4"}]}`

func (p *leakPath) fill(text string) string {
	text = strings.ReplaceAll(text, "{P}", standardCode)
	for placeholder, m := range p.markers {
		text = strings.ReplaceAll(text, placeholder, m.Text)
	}
	return text
}

// planted are the markers that the path's lines and file name hold.
func (p *leakPath) planted() (markers []leak.Marker) {
	all := p.file + strings.Join(p.lines, "\n")
	for placeholder, m := range p.markers {
		if placeholder != "{w}" && strings.Contains(strings.ToLower(all), strings.ToLower(m.Text)) { // {w} is {W} in another case
			markers = append(markers, m)
		}
	}
	return markers
}

package synth

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Divide writes an export anew as two, as if many of its persons had gone to two hospitals that know nothing of each other. Such a
// person has a Patient in both, with the same words, another id in the second ("s-" before it), and each record, with all
// that it refers to, in one of the two. Persons whose Patient says too little to be recognised are in the first alone. Names are made anew, so that no two
// persons have one. It gives the ids of those who are in both.
func Divide(from, first, second string, seed uint64) ([]string, error) {
	d := &divider{rng: rand.New(rand.NewPCG(seed, 0xd1f1de)), group: map[string]string{}, both: map[string]bool{}}
	if err := d.read(from); err != nil {
		return nil, fmt.Errorf("divide a synthetic export: %w", err)
	}
	out := map[string][2][]string{}
	for i, l := range d.lines {
		in := d.place(l)
		file := out[l.typ]
		text := l.text
		if l.typ == "Patient" {
			text = d.renamed(l, i)
		}
		if in != 1 {
			file[0] = append(file[0], text)
		}
		if in != 0 {
			if l.patient != "" && d.both[l.patient] {
				text = strings.ReplaceAll(strings.ReplaceAll(text, "Patient/"+l.patient, "Patient/s-"+l.patient), `"id":"`+l.patient+`"`, `"id":"s-`+l.patient+`"`)
			}
			file[1] = append(file[1], text)
		}
		out[l.typ] = file
	}
	for typ, files := range out {
		for i, dir := range []string{first, second} {
			if err := writeLines(filepath.Join(dir, typ+".ndjson"), files[i]); err != nil {
				return nil, err
			}
		}
	}
	var ids []string
	for id := range d.both {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}

type divided struct{ typ, id, patient, text string }

type divider struct {
	rng   *rand.Rand
	lines []divided
	group map[string]string // of resources that refer to each other, to one of them
	both  map[string]bool   // ids of Patients
	sides map[string]int
}

var referred = regexp.MustCompile(`"reference":"[^"]*?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]+)`)

// read takes the lines of an export, and what belongs together.
func (d *divider) read(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(path, ".ndjson") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			if err := d.line(lines.Text()); err != nil {
				return err
			}
		}
		return lines.Err()
	})
}

func (d *divider) line(text string) error {
	var r struct{ ResourceType, ID, Gender, BirthDate string }
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return errors.New("a line is no JSON: only an export without bad lines can be divided")
	}
	l := divided{typ: r.ResourceType, id: r.ID, text: text}
	if l.typ == "Patient" {
		l.patient = l.id
		if known := r.Gender == "male" || r.Gender == "female"; known && len(r.BirthDate) == len("2001-02-03") && r.BirthDate > "1902" {
			if _, decided := d.both[l.id]; !decided && d.rng.IntN(10) < 7 {
				d.both[l.id] = true
			}
		} else {
			delete(d.both, l.id)
		}
	}
	for _, m := range referred.FindAllStringSubmatch(text, -1) {
		switch m[1] {
		case "Patient":
			l.patient = m[2]
		case "Organization", "Location":
		default:
			d.join(l.typ+"/"+l.id, m[1]+"/"+m[2])
		}
	}
	d.lines = append(d.lines, l)
	return nil
}

func (d *divider) first(name string) string {
	for d.group[name] != "" && d.group[name] != name {
		name = d.group[name]
	}
	return name
}

func (d *divider) join(a, b string) {
	if a, b = d.first(a), d.first(b); a != b {
		d.group[max(a, b)] = min(a, b)
	}
}

// place is where a line goes: 0 the first export, 1 the second, 2 both.
func (d *divider) place(l divided) int {
	switch {
	case l.patient == "":
		return 2 // of an organization
	case !d.both[l.patient]:
		return 0
	case l.typ == "Patient":
		return 2
	}
	if d.sides == nil {
		d.sides = map[string]int{}
	}
	group := d.first(l.typ + "/" + l.id)
	side, decided := d.sides[group]
	if !decided {
		side = d.rng.IntN(2)
		d.sides[group] = side
	}
	return side
}

var named = regexp.MustCompile(`"name":\[\{"use":"official","family":"[^"]*","given":\["[^"]*"\]`)

// renamed gives a Patient a name that nobody else has.
func (d *divider) renamed(l divided, _ int) string {
	n := 0
	for _, b := range []byte(l.id) {
		n = (n*131 + int(b)) % 308_915_776 // of 6 letters
	}
	letters := make([]byte, 6)
	for i := range letters {
		letters[i] = byte('a' + n%26)
		n /= 26
	}
	given := append(slices.Clone(maleNames), femaleNames...)
	return named.ReplaceAllString(l.text, `"name":[{"use":"official","family":"`+string(letters)+`","given":["`+given[n%len(given)]+string(letters[:2])+`"]`)
}

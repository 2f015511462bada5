package rawwalk

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Alter writes a copy of the export in from into the folder to, in which some codes stand
// for ones of the terms (see stands), and some of those records are as charts are at
// times: without an end, of a year only, not done, in another time zone (see disturb).
// Nothing in it is drawn by chance. It returns how many records stand for each set.
func Alter(from, to string, terms Terms) (map[string]int, error) {
	files, err := filepath.Glob(filepath.Join(from, "*.ndjson.gz"))
	if err != nil {
		return nil, err
	}
	a := alteration{terms, map[string]int{}, map[string]int{}, map[string]int{}}
	for _, file := range files {
		if err := a.copy(file, filepath.Join(to, filepath.Base(file))); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return a.stood, nil
}

type alteration struct {
	terms Terms
	seen  map[string]int // records by the code that they came with
	stood map[string]int // records by the set that they stand for
	nth   map[string]int // records that stand for a set, by type
}

func (a alteration) copy(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	w, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		line, err := a.line(lines.Bytes())
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return out.Close()
}

// line is a line as it is, unless it has a code that stands for another.
func (a alteration) line(text []byte) ([]byte, error) {
	for _, s := range stands {
		if !bytes.Contains(text, []byte(`"`+s.from+`"`)) || !bytes.Contains(text, []byte(`"resourceType":"`+s.kind+`"`)) {
			continue
		}
		var o object
		if err := json.Unmarshal(text, &o); err != nil {
			return nil, err
		}
		if o.text("resourceType") != s.kind || !o.coming(s.kind, s.from) {
			continue
		}
		if err := a.replace(o); err != nil {
			return nil, err
		}
		return json.Marshal(o)
	}
	return bytes.Clone(text), nil
}

// coming is whether the record came with the code.
func (o object) coming(kind, code string) bool {
	concepts := o.list("type")
	if kind != "Encounter" {
		concepts = []object{o.object(codeElement[kind])}
	}
	for _, c := range concepts {
		for _, coding := range c.list("coding") {
			if coding.text("code") == code {
				return true
			}
		}
	}
	return false
}

// replace gives the record the code that its own stands for, the nth of the set for the
// nth record, so that codes of all systems of a set occur.
func (a alteration) replace(o object) error {
	kind := o.text("resourceType")
	for _, s := range stands {
		if s.kind != kind || !o.coming(kind, s.from) {
			continue
		}
		count := kind + s.from + s.to + s.value
		n := a.seen[count]
		a.seen[count]++
		if s.every > 0 && n%s.every != s.at {
			continue
		}
		set := sorted(a.terms[s.to])
		if s.to == bloodPressure {
			set = []string{pressurePanel}
		}
		if len(set) == 0 {
			return fmt.Errorf("no %q", s.to)
		}
		concept := conceptOf(set[a.stood[s.to]%len(set)])
		a.stood[s.to]++
		if kind == "Encounter" {
			o["type"] = []any{concept}
		} else {
			o[codeElement[kind]] = concept
		}
		if s.value != "" {
			values := sorted(a.terms[s.value])
			if len(values) == 0 {
				return fmt.Errorf("no %q", s.value)
			}
			o.hold(kind, conceptOf(values[a.stood[s.to]%len(values)]))
		}
		if s.as != "" {
			o.ordered(s.as)
			kind = s.as
		}
		a.nth[kind]++
		o.disturb(kind, a.nth[kind])
		return nil
	}
	return nil
}

func conceptOf(code string) map[string]any {
	system, code, _ := strings.Cut(code, "|")
	return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
}

// hold puts a concept where the measures look for the second one of a record.
func (o object) hold(kind string, concept map[string]any) {
	switch kind {
	case "Observation":
		delete(o, "valueQuantity")
		o["valueCodeableConcept"] = concept
	case "Condition":
		o["bodySite"] = []any{concept}
	case "Encounter":
		o["hospitalization"] = map[string]any{"dischargeDisposition": concept}
	}
}

// ordered makes an order of a procedure, given when that began.
func (o object) ordered(kind string) {
	o["resourceType"], o["status"], o["intent"] = kind, "active", "order"
	o["authoredOn"] = o.object("performedPeriod").text("start")
	if kind == "DeviceRequest" {
		o["codeCodeableConcept"] = o["code"]
		delete(o, "code")
	}
	delete(o, "performedPeriod")
	delete(o, "reasonReference")
}

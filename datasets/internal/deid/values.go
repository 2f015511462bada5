package deid

import (
	"bytes"
	"slices"
	"strings"

	"farr/datasets/fhir"
)

// pick chooses one of an array, and says how many there were.
func pick(rule string, v fhir.Node) (chosen fhir.Node, of int) {
	for item := range v.Items() {
		of++
		switch rule {
		case "first":
			if of == 1 {
				chosen = item
			}
		case "preferred":
			if of == 1 || item.Get("preferred").Bool() {
				chosen = item
			}
		case "current":
			switch string(item.Get("use").Str()) {
			case "old", "billing":
				continue
			case "home":
				if string(chosen.Get("use").Str()) == "home" {
					continue
				}
			default:
				if chosen.Exists() {
					continue
				}
			}
			chosen = item
		default:
			panic("deid: unknown way to pick: " + rule)
		}
	}
	if v.Kind() == fhir.Object { // a location has one address, not a list
		chosen, of = v, 1
	}
	if rule == "current" && !inUS(chosen.Get("country").Str()) {
		return fhir.Node{}, of
	}
	return chosen, of
}

// inUS says whether an address is in the United States. Without a country it may be.
func inUS(country []byte) bool {
	switch strings.ToUpper(string(bytes.TrimSpace(country))) {
	case "", "US", "USA", "U.S.", "U.S.A.", "UNITED STATES", "UNITED STATES OF AMERICA":
		return true
	}
	return false
}

// number fills a decimal cell.
func (x *Extractor) number(r *row, column int, v fhir.Node, loss int) {
	d, ok := fhir.ParseDecimal8(v.Num())
	if !ok {
		x.lost[loss]++
		return
	}
	b := d.BigEndian()
	r.setBytes(column, b[:])
}

var (
	// A number without a unit may be an identifier. Scores and counts are below this.
	limitUnitless, _ = fhir.ParseDecimal8([]byte("100000"))
	limitAge, _      = fhir.ParseDecimal8([]byte("90"))
)

// quantityStep keeps value and UCUM unit. A number whose unit is not UCUM is
// dropped with it: what it counts is unknown, and it may be an identifier.
func (p *Plan) quantityStep(table *Table, base, action string, loss int) step {
	num, unit := table.column(base+"_num", Decimal), table.column(base+"_unit", Varchar)
	return func(x *Extractor, r *row, v fhirNode) {
		code, ok := x.words.unitOf(v)
		d, isNumber := fhir.ParseDecimal8(v.Get("value").Num())
		if ok && code == "" && isNumber && !below(d, limitUnitless) {
			ok = false
		}
		if !ok {
			x.lost[loss]++
			return
		}
		if code != "" {
			r.setText(unit, code)
		}
		if !isNumber {
			if v.Get("value").Exists() {
				x.lost[loss]++
			}
			return
		}
		if action == "age" && overAge(d, code) {
			x.lost[loss]++
			return
		}
		if action == "measured" {
			x.lateAge = append(x.lateAge, lateAge{r, num})
		}
		b := d.BigEndian()
		r.setBytes(num, b[:])
	}
}

func below(d, limit fhir.Decimal) bool {
	return d.Hi < limit.Hi || d.Hi == limit.Hi && d.Lo < limit.Lo
}

// overAge says whether an age is over 89 years. Without a known unit it is years.
func overAge(d fhir.Decimal, unit string) bool {
	switch unit {
	case "mo", "wk", "d", "h", "min", "s":
		per := map[string]string{"mo": "1080", "wk": "4695", "d": "32872", "h": "788928", "min": "47335680", "s": "2840140800"}[unit]
		limit, _ := fhir.ParseDecimal8([]byte(per))
		return !below(d, limit)
	}
	return !below(d, limitAge)
}

// settleAges empties numbers that turned out to be ages over 89 when the code of
// their observation was read, which may stand after the value.
func (x *Extractor) settleAges() {
	for _, late := range x.lateAge {
		if x.agedCode && late.row.cells[late.column].set {
			b := late.row.get(late.column)
			if bytes.Compare(b, ageBytes) >= 0 && b[0]&0x80 == 0 {
				late.row.setNull(late.column)
			}
		}
	}
	x.lateAge = x.lateAge[:0]
}

var ageBytes = func() []byte { b := limitAge.BigEndian(); return b[:] }()

// language is the BCP 47 tag of a language concept, by syntax: a primary subtag
// of two or three letters, then perhaps script and region.
func language(v fhir.Node) (string, bool) {
	for c := range v.Get("coding").Items() {
		switch string(c.Get("system").Str()) {
		case "urn:ietf:bcp:47", "http://id.loc.gov/vocabulary/iso639-1", "http://id.loc.gov/vocabulary/iso639-2":
		default:
			continue
		}
		parts := strings.Split(string(c.Get("code").Str()), "-")
		if len(parts) > 3 || !letters(parts[0], 2, 3) {
			continue
		}
		tag := strings.ToLower(parts[0])
		good := true
		for _, part := range parts[1:] {
			switch {
			case letters(part, 2, 2):
				tag += "-" + strings.ToUpper(part)
			case letters(part, 4, 4):
				tag += "-" + strings.ToUpper(part[:1]) + strings.ToLower(part[1:])
			case len(part) == 3 && allDigits(part):
				tag += "-" + part
			default:
				good = false
			}
		}
		if good {
			return tag, true
		}
	}
	return "", false
}

func letters(s string, low, high int) bool {
	if len(s) < low || len(s) > high {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// publishedValueSet is the URL of a value set of the VSAC without its version. What
// it ends in is an OID, so nothing else can stand in it.
func publishedValueSet(text []byte) (string, bool) {
	url, _, _ := strings.Cut(string(text), "|")
	oid, ok := strings.CutPrefix(url, "http://cts.nlm.nih.gov/fhir/ValueSet/")
	return url, ok && len(oid) <= 64 && allDigits(strings.ReplaceAll(oid, ".", "")) && oid[0] != '.'
}

// A field is what a Reference element may point to. Field 0 is the patient's.
const patientField = 0

// fields are the lists of target types of the plan; a field's number is its place.
func (p *Plan) field(targets []string) uint16 {
	i := slices.IndexFunc(p.fields, func(f []string) bool { return slices.Equal(f, targets) })
	if i < 0 {
		i = len(p.fields)
		p.fields = append(p.fields, targets)
	}
	return uint16(i)
}

// reference is the pseudonym that a Reference element names, and its cache entry.
func (x *Extractor) reference(field uint16, v fhir.Node) (refResult, *refEntry) {
	text := v.Get("reference").Str()
	e, hit := x.refs.at(field, text)
	if hit {
		return refResult{e.is, e.id}, e
	}
	e.store(field, text)
	e.shift = 0
	e.is = refUnusable
	t, ok := parseReference(text)
	if ok {
		allowed := x.plan.fields[field]
		typ := string(t.typ)
		if t.typ == nil {
			typ = allowed[0]
		}
		if slices.Contains(allowed, typ) {
			e.is, e.id = refGood, x.pseudo.Of(typ, t.id)
		} else {
			e.is = refOtherType
		}
	}
	return refResult{e.is, e.id}, e
}

type refResult struct {
	is refKind
	id ID
}

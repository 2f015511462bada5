package deid

import (
	"bytes"
	"math/bits"
	"regexp"
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

// number fills a decimal cell with a number that has no unit.
func (x *Extractor) number(r *row, column int, v fhir.Node, limit fhir.Decimal, loss int) (d fhir.Decimal, ok bool) {
	if d, ok = fhir.ParseDecimal8(v.Num()); !ok || !within(d, limit) {
		x.lost[loss]++
		return d, false
	}
	b := d.BigEndian()
	r.setBytes(column, b[:])
	return d, true
}

// A number without a unit may be an identifier. Scores and counts are below this.
var limitUnitless, _ = fhir.ParseDecimal8([]byte("100000"))

// quantityStep keeps value and UCUM unit. A number whose unit is not UCUM is
// dropped with it: what it counts is unknown, and it may be an identifier.
func (p *Plan) quantityStep(table *Table, base, action string, loss int) step {
	num, unit := table.column(base+"_num", Decimal), table.column(base+"_unit", Varchar)
	columns, limitOfCount := []int{num}, limitUnitless
	aged := action == "age" || action == "age-years"
	switch action {
	case "age", "age-years":
		table.ages = append(table.ages, num)
	case "measured", "undated":
		table.measured = append(table.measured, num)
	}
	if action == "undated" {
		columns, limitOfCount = append(columns, unit), limitNumber
	}
	return func(x *Extractor, r *row, v fhirNode) {
		code, ok := x.words.unitOf(v)
		d, isNumber := fhir.ParseDecimal8(v.Get("value").Num())
		if ok && isNumber && unitless(code) && !within(d, limitOfCount) {
			ok = false
		}
		if v.Get("comparator").Exists() { // a modifier (FHIR R4, Quantity): less than 5 is not 5
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
		if action != "keep" {
			limit, isTime := limitAge[code]
			young := isTime && within(d, limit)
			// So long a time is an age, whatever the code says.
			if !young && (isTime || aged) {
				x.lost[loss]++
				return
			}
			switch action {
			case "measured":
				x.late = append(x.late, late{row: r, columns: columns, loss: loss, young: young, value: d, unit: code})
			case "undated":
				l := late{row: r, columns: columns, loss: loss, young: young, value: d, unit: code, undated: true}
				span, whole, days := spanOf(d, code)
				if l.days = days; whole {
					d = span
				}
				x.late = append(x.late, l)
			case "age":
				x.states(d, code)
			case "age-years":
				x.states(d, code)
				years, ok := wholeYears(d, code)
				if !ok {
					x.lost[loss]++
					return
				}
				d = years
				r.setText(unit, "a")
			}
		}
		b := d.BigEndian()
		r.setBytes(num, b[:])
	}
}

// unitless says whether a unit is none, or an annotation alone.
func unitless(code string) bool {
	return code == "" || code[0] == '{' && strings.IndexByte(code, '}') == len(code)-1
}

// within says whether the number is between the limit and its negative.
func within(d, limit fhir.Decimal) bool {
	if d.Hi < 0 {
		lo, borrow := bits.Sub64(0, d.Lo, 0)
		hi, _ := bits.Sub64(0, uint64(d.Hi), borrow)
		d = fhir.Decimal{Hi: int64(hi), Lo: lo}
	}
	return d.Hi < limit.Hi || d.Hi == limit.Hi && d.Lo < limit.Lo
}

// limitAge is 90 years in each unit that an age may have, rounded down.
var limitAge = func() map[string]fhir.Decimal {
	limits := map[string]fhir.Decimal{}
	for unit, n := range map[string]string{"a": "90", "mo": "1080", "wk": "4695", "d": "32872", "h": "788928", "min": "47335680"} {
		limits[unit], _ = fhir.ParseDecimal8([]byte(n))
	}
	for calendar, unit := range map[string]string{"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min"} {
		limits[calendar], limits[calendar+"s"] = limits[unit], limits[unit]
	}
	return limits
}()

// settle empties values that turned out to be ages over 89 or dates of birth now that
// the codes beside them are read, and forgets all from there on.
func (x *Extractor) settle(from int) {
	for i := from; i < len(x.late); i++ {
		l := &x.late[i]
		if l.birth && x.about.birth || !l.birth && !l.young && x.about.age || l.days && !x.about.age {
			for _, column := range l.columns {
				l.row.setNull(column)
			}
			x.lost[l.loss]++
			continue
		}
		if l.birth || !x.about.age {
			continue
		}
		x.states(l.value, l.unit)
		if years, ok := wholeYears(l.value, l.unit); ok && l.undated {
			b := years.BigEndian()
			l.row.setBytes(l.columns[0], b[:])
			if len(l.columns) > 1 {
				l.row.setText(l.columns[1], "a")
			}
		}
	}
	x.late = x.late[:from]
}

// publishedOID is an OID under the roots of the VSAC. The length of its numbers is
// bounded, because a record number is a number too.
var publishedOID = regexp.MustCompile(`^2\.16\.840\.1\.113(762|883)(\.[0-9]{1,6}){1,9}$`)

// publishedValueSet is the URL of a value set of the VSAC without its version. What
// it ends in is such an OID, so nothing else can stand in it.
func publishedValueSet(text []byte) (string, bool) {
	url, _, _ := strings.Cut(string(text), "|")
	oid, ok := strings.CutPrefix(url, "http://cts.nlm.nih.gov/fhir/ValueSet/")
	return url, ok && publishedOID.MatchString(oid)
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
			if typ == "Patient" && x.out.has(t.id, e.id) {
				e.is = refLeftOut
			}
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

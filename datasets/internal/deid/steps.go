package deid

import (
	"strings"

	"farr/datasets/fhir"
)

type fhirNode = fhir.Node

// addSteps compiles the action of one line. The switch is closed: what it does
// not know is an error, so that no line of a table is silently without effect.
func (p *Plan) addSteps(t *typePlan, table *Table, n *node, e element) error {
	if err := p.rules(t, table, e); err != nil {
		return err
	}
	action := e.actions[p.profile]
	loss := p.counter(t.typ + "." + e.text)
	base, choice := strings.CutSuffix(e.column, "[x]")
	if !choice && n.table >= 0 && e.path[len(e.path)-1].array == "each" {
		base = "value" // an item of a list is a row, and the line's column its table
	}
	if choice {
		tag, typ := table.column(base+"_tag", Varchar), e.typ
		n.steps = append(n.steps, func(_ *Extractor, r *row, _ fhirNode) { r.setText(tag, typ) })
	}
	// at is the name of a column of a choice element, or of the element itself.
	at := func(suffix string) string {
		if choice {
			return base + suffix
		}
		return base
	}
	var do step
	switch e.typ + " " + action {
	case "id pseudonym", "Reference pseudonym":
		return nil // pid and rid are made before the walk
	case "BackboneElement child":
		return nil // addElement made the table
	case "BackboneElement share":
		do = shareStep()
	case "canonical profile":
		column := table.column(base, Int64)
		do = func(x *Extractor, r *row, v fhirNode) {
			set := x.words.profileSet(v)
			x.lost[loss] += int64(set.lost)
			x.negated = x.negated || set.flag
			r.setNumber(column, set.number)
		}
	case "instant newest":
		do = newestStep(loss)
	case "date year", "dateTime year", "dateTime measured-year", "instant year", "date birth-year":
		do = p.yearStep(t, table, at("_start"), action, loss)
	case "Period year", "Period measured-year":
		do = both(p.yearStep(t, table, base+"_start", action, loss), p.yearStep(t, table, base+"_end", action, loss))
	case "instant hide":
		do = p.dateStep(t, table, dateColumns{ts: -1, prec: -1, seal: table.column(base+"_seal", Blob), id: columnOf(table.Name, base)}, action, loss)
	case "date shift", "date seal", "date keep", "dateTime shift", "dateTime seal", "dateTime keep",
		"dateTime measured",
		"instant shift", "instant seal", "instant keep", "date birth":
		do = p.dateStep(t, table, table.date(at("_start")), action, loss)
	case "Period shift", "Period seal", "Period keep", "Period measured":
		do = both(p.dateStep(t, table, table.date(base+"_start"), action, loss), p.dateStep(t, table, table.date(base+"_end"), action, loss))
	case "boolean keep":
		column := table.column(at("_bool"), Boolean)
		do = func(x *Extractor, r *row, v fhirNode) {
			if v.Kind() != fhir.Bool {
				x.lost[loss]++
				return
			}
			r.setBool(column, v.Bool())
		}
	case "boolean negate":
		do = func(x *Extractor, _ *row, v fhirNode) {
			if v.Kind() != fhir.Bool {
				x.reason = UnknownModifier
			}
			x.negated = x.negated || v.Bool()
		}
	case "integer keep", "positiveInt keep", "unsignedInt keep":
		if !choice {
			do = integerStep(table.column(base, Int32), loss)
			break
		}
		fallthrough
	case "decimal keep", "integer measured", "integer undated":
		column := table.column(at("_num"), Decimal)
		columns, limit := []int{column}, limitUnitless
		if action == "undated" {
			limit = limitNumber
		}
		if action != "keep" {
			table.measured = append(table.measured, column)
		}
		do = func(x *Extractor, r *row, v fhirNode) {
			d, ok := x.number(r, column, v, limit, loss)
			if !ok || action == "keep" {
				return
			}
			x.late = append(x.late, late{
				row: r, columns: columns, loss: loss, young: within(d, limitAge["a"]), // without a unit an age is in years
				value: d, undated: action == "undated",
			})
		}
	case "Quantity keep", "Quantity measured", "Quantity undated", "Duration keep", "Age keep", "Age age", "Age age-years":
		do = p.quantityStep(table, base, action, loss)
	case "code keep":
		set := p.policy.values[e.values]
		if set == nil {
			return p.unknownList(e, "a code needs a closed list, and values.txt has no %q")
		}
		column := table.column(at("_code"), Varchar)
		do = func(x *Extractor, r *row, v fhirNode) {
			if code, ok := set.find(v.Str()); ok {
				r.setText(column, code)
			} else {
				x.lost[loss]++
			}
		}
	case "Coding code":
		return p.addCoding(table, n, e, at("_concept"), choice, loss)
	case "CodeableConcept code":
		column := table.column(at("_concept"), Int64)
		aged := e.text == "code" || strings.HasSuffix(e.text, ".code")
		list := n.array == "list"
		do = func(x *Extractor, r *row, v fhirNode) {
			var c entry
			if list {
				c = x.words.list(v)
			} else {
				c = x.words.codeable(v)
			}
			x.count(loss, c)
			if aged {
				x.about = subject{x.about.age || c.about.age, x.about.birth || c.about.birth}
			}
			r.setNumber(column, c.number)
		}
	case "CodeableConcept language":
		column := table.column(base, Varchar)
		do = func(x *Extractor, r *row, v fhirNode) {
			if tag, ok := p.policy.languages.of(v); ok {
				r.setText(column, tag)
			} else {
				x.lost[loss]++
			}
		}
	case "Reference reference":
		name := base + "_rid"
		if base == "value" && !choice {
			name = "target_rid"
		}
		column := table.column(name, UUID)
		field := p.field(e.targets)
		do = func(x *Extractor, r *row, v fhirNode) {
			if ref, _ := x.reference(field, v); ref.is == refGood {
				r.setBytes(column, ref.id[:])
			} else {
				x.lost[loss]++
			}
		}
	case "canonical value-set":
		column := table.column(base, Varchar)
		do = func(x *Extractor, r *row, v fhirNode) {
			if url, ok := publishedValueSet(v.Str()); ok {
				r.setText(column, url)
			} else {
				x.lost[loss]++
			}
		}
	case "string zip3", "string zip5", "string state", "string city":
		column := table.column(base, Varchar)
		generalise := map[string]func([]byte) (string, bool){"zip3": p.policy.places.zip3, "zip5": zip5, "state": p.policy.places.state, "city": city}[action]
		do = func(x *Extractor, r *row, v fhirNode) {
			if text, ok := generalise(v.Str()); ok {
				r.setText(column, text)
			} else {
				x.lost[loss]++
			}
		}
	case "Element count":
		column := table.column(base, Int32)
		do = func(x *Extractor, r *row, _ fhirNode) { r.setNumber(column, int64(x.picked)) }
	case "id label":
		column := table.column(base, Varchar)
		do = func(x *Extractor, r *row, v fhirNode) {
			if label := x.labels[string(v.Str())]; label != "" {
				r.setText(column, label)
			}
		}
	case "id own-shift":
		column, id := table.column("shift_seal", Blob), columnOf(table.Name, "shift")
		do = func(x *Extractor, r *row, _ fhirNode) {
			x.seal(r, column, id, Value{WallMs: x.shift})
		}
	case "date over-89":
		table.column(base, Boolean)
		return nil // Finish fills it, when the as-of day is known
	default:
		if action != "drop" || !choice {
			return p.noAction(e)
		}
		return nil // only the tag
	}
	n.steps = append(n.steps, do)
	return nil
}

// integerStep keeps a small number: of more digits it may be an identifier.
func integerStep(column, loss int) step {
	return func(x *Extractor, r *row, v fhirNode) {
		text := v.Num()
		n, digits := int64(0), 0
		for ; digits < len(text) && text[digits]-'0' < 10 && digits < 4; digits++ {
			n = n*10 + int64(text[digits]-'0')
		}
		if digits == 0 || digits != len(text) {
			x.lost[loss]++
			return
		}
		r.setNumber(column, n)
	}
}

// addCoding keeps a Coding as its concept. Where the line names a closed list, the
// code must be in it; in a choice the code is a column of its own too.
func (p *Plan) addCoding(table *Table, n *node, e element, name string, choice bool, loss int) error {
	set := p.policy.values[e.values]
	if set == nil && e.values != "" {
		return p.unknownList(e, "values.txt has no %q")
	}
	code := -1
	if choice {
		code = table.column(strings.TrimSuffix(e.column, "[x]")+"_code", Varchar)
	}
	column := table.column(name, Int64)
	n.steps = append(n.steps, func(x *Extractor, r *row, v fhirNode) {
		c := x.words.codings(v)
		x.count(loss, c)
		if set != nil {
			if _, ok := set.find([]byte(c.code)); !ok || c.number == 0 {
				x.lost[loss]++
				x.skipRow = true
				return
			}
		}
		if code >= 0 && c.number != 0 {
			r.setText(code, c.code)
		}
		r.setNumber(column, c.number)
	})
	return nil
}

// both takes the start and the end of a Period.
func both(start, end step) step {
	return func(x *Extractor, r *row, v fhirNode) {
		if low := v.Get("start"); low.Exists() {
			start(x, r, low)
		}
		if high := v.Get("end"); high.Exists() {
			end(x, r, high)
		}
	}
}

// dateColumns are the three columns of a date element; -1 where it has none.
type dateColumns struct {
	ts, prec, seal int
	id             columnID // of what is sealed
}

func (t *Table) date(name string) dateColumns {
	return dateColumns{t.column(name, Timestamp), t.column(name+"_prec", Int32), t.column(name+"_seal", Blob), columnOf(t.Name, name)}
}

// dateStep decides for one date whether it stands open, shifted, or sealed.
func (p *Plan) dateStep(t *typePlan, table *Table, c dateColumns, action string, loss int) step {
	always := action == "seal" || action == "hide" || action == "birth"
	shift := action == "shift" || action == "measured"
	years, columns := p.policy.years, []int{c.ts, c.prec, c.seal}
	p.days = true
	happens := c.ts >= 0 && t.happens(table, table.Columns[c.ts].Name)
	return func(x *Extractor, r *row, v fhirNode) {
		t, ok := fhir.ParseDateTime(v.Str())
		if !ok {
			x.lost[loss]++
			return
		}
		value, clear := valueOf(t, x.zone)
		x.unclear = x.unclear || shift && !clear
		if happens {
			x.happens(value)
		}
		if action == "birth" {
			x.born = floorDiv(value.WallMs, DayMs)
		}
		if action == "measured" {
			x.late = append(x.late, late{row: r, columns: columns, loss: loss, birth: true})
		}
		if c.prec >= 0 {
			r.setNumber(c.prec, int64(value.Prec))
		}
		if always || !clear || shift && (x.sealAll || t.Precision < fhir.Day || !years.hold(t.Year)) {
			x.seal(r, c.seal, c.id, value)
			return
		}
		if shift {
			value.WallMs -= x.shift * DayMs
		}
		r.setNumber(c.ts, value.WallMs)
	}
}

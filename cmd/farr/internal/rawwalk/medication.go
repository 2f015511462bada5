package rawwalk

import (
	"math"
	"time"
)

// supplied is CumulativeMedicationDuration's medicationRequestPeriod(), in days: how long
// what was prescribed lasts.
func (o object) supplied() interval {
	var dosage object
	if list := o.list("dosageInstruction"); len(list) == 1 {
		dosage = list[0]
	}
	repeat, dispense := dosage.object("timing").object("repeat"), o.object("dispenseRequest")
	bounds := repeat.period("boundsPeriod")
	begin := bounds.starts().latest()
	for _, other := range []dateTime{read(o.text("authoredOn")), dispense.period("validityPeriod").starts().latest()} {
		if begin.isNull() {
			begin = other
		}
	}
	if begin.isNull() {
		return interval{}
	}
	begin = begin.date()
	if days, ok := supply(dispense, dosage); ok {
		end := dateTime{begin.at.AddDate(0, 0, int(math.Trunc(days-1))), begin.known}
		return between(begin, end)
	}
	if end := read(repeat.object("boundsPeriod").text("end")); !end.isNull() {
		return between(begin, end.date())
	}
	return interval{}
}

// supply is the days of one dispense, stated or from amount and dose, times one and the
// refills.
func supply(dispense, dosage object) (days float64, ok bool) {
	refills, _ := dispense["numberOfRepeatsAllowed"].(float64)
	if d := dispense.object("expectedSupplyDuration"); d != nil {
		value, there := d["value"].(float64)
		perUnit, known := map[string]float64{"d": 1, "wk": 7}[d.text("code")]
		if there && known {
			return value * perUnit * (1 + refills), true
		}
	}
	var dose object
	if list := dosage.list("doseAndRate"); len(list) == 1 {
		dose = list[0].object("doseQuantity")
	}
	amount, there := dispense.object("quantity")["value"].(float64)
	each, dosed := dose["value"].(float64)
	perDay := daily(dosage.object("timing").object("repeat"))
	if !there || !dosed || each*perDay == 0 {
		return 0, false
	}
	return amount / (each * perDay) * (1 + refills), true
}

// daily is how many doses a day has. Without a frequency it is how many times of day are
// named, which of none is 0, not the 1 that the CQL has for a case that never comes.
func daily(repeat object) float64 {
	times, ok := repeat["frequencyMax"].(float64)
	if !ok {
		times, ok = repeat["frequency"].(float64)
	}
	span, there := repeat["period"].(float64)
	days, known := map[string]float64{"h": 1. / 24, "d": 1, "wk": 7, "mo": 30, "a": 365}[repeat.text("periodUnit")]
	if ok && there && known && span != 0 {
		return times / (span * days)
	}
	named, _ := repeat["timeOfDay"].([]any)
	return float64(len(named))
}

// date is `date from`.
func (m dateTime) date() dateTime {
	if m.known < clock {
		return m
	}
	return dateTime{m.at.Truncate(24 * time.Hour), day}
}

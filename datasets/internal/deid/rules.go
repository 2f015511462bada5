package deid

import (
	"maps"
	"slices"

	"farr/internal/source"
)

// dateTypes are the FHIR types that hold a calendar date.
var dateTypes = []string{"date", "dateTime", "instant", "Period"}

// rules says why a line's action may not stand where it does: a table that is wrong here would give away what the
// profile's name promises to hold back.
func (p *Plan) rules(t *typePlan, table *Table, e element) error {
	refuse := func(format string, args ...any) error {
		return badf(p.actionField(), "breaks-profile", format, args...)
	}
	action := e.actions[p.profile]
	isOf := func(actions ...string) bool { return slices.Contains(actions, action) }
	if slices.Contains(dateTypes, e.typ) && !isOf("drop", "hide", "newest", "over-89") {
		years := isOf("year", "measured-year", "birth-year")
		switch {
		case !t.owned():
			return refuse("%s: the type has no single patient (owner none), so a date of it can be neither shifted nor judged: drop it", action)
		case years != (p.profile == SafeHarbor):
			return refuse("%s: dates are %s", action, map[Profile]string{
				Shifted:    "shifted or sealed in profile shifted",
				Limited:    "kept in profile limited",
				SafeHarbor: "years in profile safe-harbor",
			}[p.profile])
		case years && table != t.tables[0]:
			return refuse("%s: a list is mostly in order of time, so beside its rows no date stands in profile safe-harbor", action)
		case isOf("keep") && p.profile != Limited:
			return refuse("keep: a true date is for profile limited alone")
		}
	}
	switch {
	case isOf("zip5", "city") && p.profile != Limited:
		return refuse("%s: for profile limited alone, 164.514(e)(2)", action)
	case e.typ == "Age" && (isOf("age-years") != (p.profile == SafeHarbor) || isOf("keep") && p.profile != Limited):
		return refuse("%s: an age is age in profile shifted, keep in limited and age-years in safe-harbor", action)
	case isOf("measured") && p.profile != Shifted || isOf("undated", "newest") && p.profile != SafeHarbor:
		return refuse("%s is not for profile %s", action, p.profile)
	case isOf("share") && (p.profile != Shifted || t.owner != "id"):
		return refuse("share: only patients have a shift to share, and only in profile shifted")
	case isOf("hide", "seal", "own-shift") && p.profile == SafeHarbor:
		return refuse("%s: nothing is sealed in profile safe-harbor, since nobody has a key to it", action)
	}
	return nil
}

// actionField is the field of a line with the action of the plan's profile.
func (p *Plan) actionField() int { return fieldActions + slices.Index(Profiles, p.profile) }

// Actions are all that a table may say, with what each does, in the words of the page that an officer signs.
var Actions = map[string]string{
	"keep":          "kept as it is",
	"code":          "kept where system and code are on the lists",
	"profile":       "kept where it is a published profile",
	"value-set":     "kept where it is a published value set",
	"language":      "kept as a language tag of known parts",
	"state":         "kept as a US state",
	"city":          "kept",
	"zip5":          "kept as five digits",
	"zip3":          "first three digits, 000 where few people live",
	"count":         "only how many there are",
	"child":         "each is a row of its own",
	"negate":        "kept as: this was not done",
	"label":         "the operator's own label for it",
	"pseudonym":     "keyed code instead",
	"reference":     "keyed code instead",
	"shift":         "moved back by the patient's secret number of days; sealed where partial, a stand-in or not clear in the zone",
	"seal":          "sealed: opens with the key only",
	"hide":          "sealed: decides between versions only",
	"own-shift":     "the patient's number of days, sealed",
	"share":         "not stored: linked patients share one number of days",
	"birth":         "sealed",
	"over-89":       "whether over 89",
	"age":           "kept up to 89",
	"age-years":     "whole years up to 89",
	"measured":      "kept; ages over 89 and birth dates left out, dates moved",
	"undated":       "kept; ages over 89 and what counts days left out",
	"year":          "the year only",
	"measured-year": "the year only; birth dates left out",
	"birth-year":    "the year only; none where it would show an age over 89",
	"newest":        "not stored: decides between versions only",
	"drop":          "not stored: only that it is there",
	"-":             "not stored",
}

// noAction says what is wrong with an action.
func (p *Plan) noAction(e element) error {
	action := e.actions[p.profile]
	if _, known := Actions[action]; !known {
		names := slices.Sorted(maps.Keys(Actions))
		return badf(p.actionField(), "unknown-action", "no action %q", action).maybe(source.DidYouMean(action, names))
	}
	m := badf(p.actionField(), "action-does-not-fit", "no action %q for type %s", action, e.typ)
	if slices.Contains(freeText, e.typ) {
		m.code, m.hint = "free-text", "free text passes in no profile: leave the line out, or, in a choice, drop"
	}
	return m
}

// unknownList says that no list has the name.
func (p *Plan) unknownList(e element, format string) error {
	return badf(fieldValues, "unknown-list", format, e.values).maybe(source.DidYouMean(e.values, slices.Sorted(maps.Keys(p.policy.values))))
}

// freeText are the types in which anything may be written.
var freeText = []string{
	"string", "markdown", "xhtml", "base64Binary", "uri", "url", "uuid", "oid", "Narrative", "Annotation", "Attachment", "HumanName", "ContactPoint",
	"Identifier", "Address", "Signature", "ContactDetail", "Meta", "SampledData",
}

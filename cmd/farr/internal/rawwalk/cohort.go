package rawwalk

import (
	"slices"
	"strings"
	"time"
)

// Member is a person with the day on which a cohort's entry event was.
type Member struct{ Patient, Index string }

// DiabetesCohort is what the cohort of new type 2 diabetes comes to: who is left after each of
// its rules in order, the entry first; the last are the members.
type DiabetesCohort struct{ Left [][]Member }

// NewDiabetes walks every patient through the cohort of new type 2 diabetes, for the study
// window [low, high). The export has no coverage, so that a patient is observed from the first day of
// a visit to the last, or to death.
func (r Records) NewDiabetes(low, high time.Time, lists Lists) DiabetesCohort {
	type history struct {
		birth, death        time.Time
		visited             []string
		diabetes, medicines []string // days
		type1               bool
	}
	day := func(t time.Time) string { return t.Format(time.DateOnly) }
	people := map[string]*history{}
	for _, o := range r["Patient"] {
		people[o.text("id")] = &history{birth: moment(o.text("birthDate")), death: moment(o.text("deceasedDateTime"))}
	}
	for _, o := range r["Encounter"] {
		if h, start := people[o.patient()], moment(o.object("period").text("start")); h != nil && !start.IsZero() {
			h.visited = append(h.visited, day(start))
		}
	}
	for _, o := range r["Condition"] {
		h := people[o.patient()]
		status := o.object("verificationStatus").list("coding")
		if h == nil || slices.ContainsFunc(status, func(c object) bool { return c.text("code") == "refuted" || c.text("code") == "entered-in-error" }) {
			continue
		}
		onset := o.start("onset")
		if onset.IsZero() {
			onset = moment(o.text("recordedDate"))
		}
		if o.coded("code", lists["type_2_diabetes"]) && !onset.IsZero() {
			h.diabetes = append(h.diabetes, day(onset))
		}
		h.type1 = h.type1 || o.coded("code", lists["type_1_diabetes"])
	}
	for _, o := range r["MedicationRequest"] {
		h, at := people[o.patient()], moment(o.text("authoredOn"))
		given := !slices.Contains([]string{"entered-in-error", "cancelled", "draft"}, o.text("status")) && o["doNotPerform"] != true
		if h != nil && given && !at.IsZero() && o.coded("medicationCodeableConcept", lists["diabetes_medication"]) {
			h.medicines = append(h.medicines, day(at))
		}
	}

	out := DiabetesCohort{Left: make([][]Member, 5)}
	for id, h := range people {
		if len(h.diabetes) == 0 {
			continue
		}
		first := slices.Min(h.diabetes)
		if first < day(low) || first >= day(high) {
			continue
		}
		index := moment(first)
		observed := false
		if len(h.visited) > 0 {
			end := slices.Max(h.visited)
			if !h.death.IsZero() {
				end = min(end, day(h.death))
			}
			observed = slices.Min(h.visited) <= day(index.AddDate(0, 0, -365)) && end >= first
		}
		passes := []bool{
			true,
			!h.birth.IsZero() && ageAt(h.birth, index) >= 18,
			observed,
			!h.type1,
			len(h.medicines) == 0 || slices.Min(h.medicines) >= first,
		}
		for step, ok := range passes {
			if !ok {
				break
			}
			out.Left[step] = append(out.Left[step], Member{id, first})
		}
	}
	for _, left := range out.Left {
		slices.SortFunc(left, func(a, b Member) int { return strings.Compare(a.Patient, b.Patient) })
	}
	return out
}

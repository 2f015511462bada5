package disclose

// ExactNumber describes a number of a cohort's members, such as their age. Least and greatest have no
// place here: each is one person's.
type ExactNumber struct {
	Characteristic, Title    string
	Members                  int64 // all of the cohort
	Missing                  int64 // of them, those without the number
	Mean, SD, Q1, Median, Q3 float64
}

// Number describes a number of a cohort's members, rounded to three digits.
type Number struct {
	Characteristic, Title    string
	Known, Missing           Count
	Mean, SD, Q1, Median, Q3 Figure
}

// knownLevels are numbers as characteristics that one has or has not: who has the number may be who has
// a declared trait, so that both are looked at together.
func (x ExactCohort) knownLevels() []ExactLevel {
	var out []ExactLevel
	for _, n := range x.Numbers {
		out = append(out, ExactLevel{Characteristic: n.Characteristic + " known", Level: "no", Members: n.Missing},
			ExactLevel{Characteristic: n.Characteristic + " known", Level: "yes", Members: n.Members - n.Missing})
	}
	return out
}

// number releases a number's description where more persons have it than the policy hides. How many have it
// is shown where it may be: hidden says where not.
func (p Policy) number(x ExactNumber, most int64, hidden bool) Number {
	known := x.Members - x.Missing
	few := known > 0 && atLeast(known, 0, most) <= p.most
	out := Number{Characteristic: x.Characteristic, Title: x.Title, Known: p.count(known, hidden), Missing: p.count(x.Missing, hidden)}
	of := func(v float64) Figure { return figure(v, -1, few) }
	out.Mean, out.SD, out.Q1, out.Median, out.Q3 = of(x.Mean), of(x.SD), of(x.Q1), of(x.Median), of(x.Q3)
	return out
}

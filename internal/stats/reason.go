package stats

// NotCalculable is the reason why data give no figure: a defined state that a page
// prints in words. It is never NaN and never a crash.
type NotCalculable string

// Error implements error.
func (n NotCalculable) Error() string { return "not calculable: " + string(n) }

// The reasons.
const (
	NoPeople       = NotCalculable("nobody is counted")
	NoTime         = NotCalculable("there is no time at risk")
	NegativeTime   = NotCalculable("a follow-up is negative")
	NoEvents       = NotCalculable("there are no events")
	FewEvents      = NotCalculable("there are fewer than 10 events")
	OneGroup       = NotCalculable("there is one group only")
	NoReference    = NotCalculable("the group compared to has no events")
	NoWeight       = NotCalculable("the standard population has no people")
	NoVariation    = NotCalculable("all values are the same")
	FewPoints      = NotCalculable("there are too few points")
	NotReached     = NotCalculable("the curve does not fall that far")
	BeyondTime     = NotCalculable("the follow-up does not reach so far")
	Separated      = NotCalculable("a factor tells the outcome without error, so that its effect has no limit")
	Collinear      = NotCalculable("one factor follows from the others")
	NotConverged   = NotCalculable("the fit does not settle")
	NotInformative = NotCalculable("no stratum compares the groups")
)

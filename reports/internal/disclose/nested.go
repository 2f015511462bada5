package disclose

import (
	"cmp"
	"maps"
	"slices"
)

// hideMembers hides outcomes and levels of characteristics until none can be had from the others and the
// size. Two counts of one cohort may be of people of whom the ones are among the others: those at risk of
// one outcome among those at risk of another, an outcome among a composite one, those who began early
// among those who began. Which are is not known here, so the difference of any two is taken for a count
// that nobody publishes, unless they are of different people or of kinds of which none holds another. Hiding
// only adds to what is hidden, so it ends.
func (p Policy) hideMembers(x ExactCohort, sizeHidden bool) hiddenMembers {
	outcomes := make([]hiddenOutcome, len(x.Outcomes))
	for i, o := range x.Outcomes {
		outcomes[i] = p.hideOutcome(o, x, sizeHidden)
	}
	cells, sums := p.levelSums(x)
	cells, sums, crossed := p.crossCells(x, cells, sums)
	p.complementary(cells, sums)
	for p.hideOne(x, outcomes, cells) || p.hideCrossed(x, outcomes, cells, sums, crossed) {
		p.complementary(cells, sums)
	}
	h := hiddenMembers{outcomes: outcomes, levels: make([]bool, len(x.Levels)), crossed: make([]bool, x.Cross.size()), claims: claims(x, outcomes, cells)}
	for i := range h.levels {
		h.levels[i] = sizeHidden || cells[i].hidden()
	}
	for i := range h.crossed {
		h.crossed[i] = sizeHidden || cells[crossed+i].hidden()
	}
	return h
}

// hiddenMembers says what of a cohort's members is hidden, and what a reader has of the rest.
type hiddenMembers struct {
	outcomes        []hiddenOutcome
	levels, crossed []bool
	claims          []claim
}

func (c cell) hidden() bool { return c.hideN || c.hideDen }

// item is what can be hidden: those at risk of an outcome, its events, or a level.
type item struct {
	kind itemKind
	at   int // in the outcomes or the levels
}

type itemKind int

// In the order in which they are hidden: what stays is of more use than what goes.
const (
	aLevel itemKind = iota
	events
	atRisk
)

// mayHold says whether people of one kind may be known to be among those of another: who is pregnant is a
// woman, who lives in a ZIP code lives in its state, and what a cohort's author declares may be anything.
// That a few more are women than are white tells of nobody.
func (k Kin) mayHold(other Kin) bool {
	a, b := min(k, other), max(k, other)
	return a == Declared && b <= Sex || a == Place && b == Place
}

// claim is a count that a reader has or can make of an item, its total and nothing else.
type claim struct {
	n, who int64 // entries, and persons where they are known
	of     item
	// Claims of one whole are an item and what it leaves of its total: of different people, or
	// one within the other with a rest that is looked at by itself.
	whole int
	kin   Kin
}

// claims are the counts that are not hidden.
func claims(x ExactCohort, outcomes []hiddenOutcome, cells []cell) []claim {
	var out []claim
	whole := 0
	for i, o := range x.Outcomes {
		whole++
		if !outcomes[i].atRisk {
			out = append(out, claim{o.AtRisk, personsOf(o.Persons, o.AtRisk), item{atRisk, i}, whole, Declared},
				claim{x.size() - o.AtRisk, personsOf(o.OutsidePersons, x.size()-o.AtRisk), item{atRisk, i}, whole, Declared})
		}
		if !outcomes[i].events {
			out = append(out, claim{o.Events, personsOf(o.EventPersons, o.Events), item{events, i}, whole, Declared},
				claim{o.AtRisk - o.Events, personsOf(o.FreePersons, o.AtRisk-o.Events), item{events, i}, whole, Declared})
		}
	}
	for i, l := range x.Levels {
		if i == 0 || l.Characteristic != x.Levels[i-1].Characteristic {
			whole++
		}
		if !cells[i].hidden() {
			out = append(out, claim{l.Members, personsOf(l.Persons, l.Members), item{aLevel, i}, whole, l.Kin},
				claim{x.size() - l.Members, 0, item{aLevel, i}, whole, l.Kin})
		}
	}
	return out
}

// near tells whether one claim less the other may be a small number of persons. The greater has, at the
// least, so many persons more; of the entries that it has more, a person has no more than most.
func (p Policy) near(a, b claim, most int64) bool {
	if a.whole == b.whole || !a.kin.mayHold(b.kin) || a.n == 0 || b.n == 0 {
		return false
	}
	if a.n < b.n {
		a, b = b, a
	}
	known := int64(0)
	if a.who > 0 && b.who > 0 {
		known = a.who - b.who
	}
	return p.small(atLeast(a.n-b.n, known, most))
}

// hideOne hides what is near the most outcomes and characteristics: a level before the events of an
// outcome, and these before those at risk; a declared trait before what everybody has; then the
// smaller, and then the last. It says whether there was any.
func (p Policy) hideOne(x ExactCohort, outcomes []hiddenOutcome, cells []cell) bool {
	all := claims(x, outcomes, cells)
	near, of := map[item]map[int]bool{}, map[item]claim{}
	add := func(a, b claim) {
		if near[a.of] == nil {
			near[a.of] = map[int]bool{}
		}
		near[a.of][b.whole] = true
	}
	for i, a := range all {
		if _, ok := of[a.of]; !ok {
			of[a.of] = a
		}
		for _, b := range all[:i] {
			if p.near(a, b, x.most()) {
				add(a, b)
				add(b, a)
			}
		}
	}
	if len(near) == 0 {
		return false
	}
	best := slices.MaxFunc(slices.Collect(maps.Keys(near)), func(a, b item) int {
		return cmp.Or(cmp.Compare(len(near[a]), len(near[b])), cmp.Compare(b.kind, a.kind), cmp.Compare(of[b].kin, of[a].kin), cmp.Compare(of[b].n, of[a].n), cmp.Compare(a.at, b.at))
	})
	switch best.kind {
	case aLevel:
		cells[best.at].hideN = true
	case events:
		outcomes[best.at].events = true
	case atRisk:
		outcomes[best.at] = hiddenOutcome{true, true}
	}
	return true
}

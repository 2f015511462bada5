package deid

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Rules that link two Patients, the strictest first. A pair is linked by the first that holds. They are deterministic conjunctions of
// agreement, as the tokens of networks that link without names are: family name, given name, birth date and sex, with ZIP or without,
// and with a phonetic family name (PCORnet's: Kiernan et al., "Establishing a framework for privacy-preserving record
// linkage among electronic health record and administrative claims databases within PCORnet", BMC Research Notes 2022;15:337,
// doi:10.1186/s13104-022-06243-5). Which levels of agreement there are, and that agreement in a rare or private thing (a phone number, a street) weighs more than in a common one (sex, ZIP),
// is of Fellegi and Sunter, "A Theory for Record Linkage", JASA 1969.
//
// They differ from those tokens where precision asked for it:
//   - Names, birth date and sex alone link nobody for whom something else can be compared: of common names there are
//     namesakes born on one day. The same area of ZIP, phone or street must be there.
//   - A rule of phonetic family name and given initial is not there: twins whose names begin alike agree in it.
//   - A given name that is one letter off links nobody: twins are called Jayden and Kayden, and share all else, the home and the phone too.
//     How rare a name is among those in hand does not tell: among few each is rare.
//   - Sex that differs links nobody: a pet name is a man's and a woman's, and Chris may be Christine's brother.
var linkRules = []struct {
	name  string
	holds func(a *agreement) bool
}{
	{"names, birth date, place", func(a *agreement) bool {
		return a.family == exact && a.given == exact && a.birth == exact && a.sex != differs && (a.zip3 || a.phone || a.street)
	}},
	{"names, birth date, sex", func(a *agreement) bool { // and no place that could be compared
		return a.family == exact && a.given == exact && a.birth == exact && a.sex == exact && !a.placed
	}},
	{"a name one letter off", func(a *agreement) bool {
		return a.family == near && a.given == exact && a.birth == exact && a.sex == exact && (a.zip5 || a.phone || a.street)
	}},
	{"another family name", func(a *agreement) bool {
		return a.family == differs && a.given == exact && a.birth == exact && a.sex == exact && (a.phone || a.street)
	}},
	{"birth date one slip off", func(a *agreement) bool {
		return a.family == exact && a.given == exact && a.birth == near && a.sex == exact && (a.phone || a.street)
	}},
}

// LinkageVersion changes when the same Patients would be linked otherwise. It is part of the skip rule's key.
func LinkageVersion() string {
	sum := sha256.Sum256([]byte(linkNames))
	return fmt.Sprintf("2-%s", hex.EncodeToString(sum[:8]))
}

// Why a pair that a rule would link is not linked.
const (
	notDeaths  = "different days of death"
	notSexBorn = "sex and birth date both differ"
	notSole    = "several of one source fit as well" // or nearly
	notAlike   = "persons that pairs put together do not fit"
)

// level is how far a field agrees.
type level int

const (
	differs level = iota
	unknown       // of at least one
	near
	exact
)

// agreement is how two claims agree.
type agreement struct {
	family, given, birth, sex level
	phone, street, zip5, zip3 bool
	placed                    bool // both say where they live, or both have a phone
	rule, score               int
}

// pair is two claims that a rule links, by place in the list.
type pair struct {
	a, b        int32
	rule, score int
}

// usable says whether a claim can be linked at all: it has names, and a birth date.
func (c *claim) usable() bool {
	return len(c.field(linkFamily)) > 0 && len(c.field(linkGiven)) > 0 && c.born != noLinkDay
}

// compare says how two claims agree, and by which rule they are one person: -1 when by none.
func compare(a, b *claim) agreement {
	g := agreement{
		phone: meet(a.field(linkPhone), b.field(linkPhone)), street: meet(a.field(linkStreet), b.field(linkStreet)),
		zip5: meet(a.field(linkZIP5), b.field(linkZIP5)), zip3: meet(a.field(linkZIP3), b.field(linkZIP3)), rule: -1,
	}
	both := func(f int) bool { return len(a.field(f)) > 0 && len(b.field(f)) > 0 }
	g.placed = both(linkZIP3) || both(linkPhone)
	switch {
	case !both(linkFamily):
		g.family = unknown
	case meet(a.field(linkFamily), b.field(linkFamily)):
		g.family = exact
	case meet(a.near, b.near) || meet(a.field(linkSound), b.field(linkSound)):
		g.family = near
	}
	switch {
	case !both(linkGiven):
		g.given = unknown
	case meet(a.field(linkGiven), b.field(linkGiven)):
		g.given = exact
	}
	switch {
	case a.sex == 0 || b.sex == 0:
		g.sex = unknown
	case a.sex == b.sex:
		g.sex = exact
	}
	switch {
	case a.born == noLinkDay || b.born == noLinkDay:
		g.birth = unknown
	case a.born == b.born:
		g.birth = exact
	case slip(int64(a.born), int64(b.born)):
		g.birth = near
	}
	for i, r := range linkRules {
		if r.holds(&g) {
			g.rule = i
			break
		}
	}
	weigh := func(is bool, points int) {
		if is {
			g.score += points
		}
	}
	g.score = 4*int(g.family) + 4*int(g.given) + 4*int(g.birth) + int(g.sex)
	weigh(g.phone, 4)
	weigh(g.street, 3)
	weigh(g.zip5, 1)
	weigh(g.zip3, 1)
	return g
}

func meet[T comparable](a, b []T) bool {
	for _, x := range a {
		if slices.Contains(b, x) {
			return true
		}
	}
	return false
}

// slip says whether one birth date may be the other, written wrongly: day and month in each other's place, or one digit another.
func slip(a, b int64) bool {
	y0, m0, d0 := civil(a)
	y1, m1, d1 := civil(b)
	if y0 == y1 && m0 == d1 && d0 == m1 {
		return true
	}
	off := 0
	for _, part := range [][3]int64{{y0, y1, 4}, {m0, m1, 2}, {d0, d1, 2}} {
		for i, x, y := int64(0), part[0], part[1]; i < part[2]; i, x, y = i+1, x/10, y/10 {
			if x%10 != y%10 {
				off++
			}
		}
	}
	return off == 1
}

// contradiction says why two claims cannot be one person's; "" when they can.
func contradiction(a, b *claim) string {
	if a.died.low != noLinkDay && b.died.low != noLinkDay && (a.died.high < b.died.low || b.died.high < a.died.low) {
		return notDeaths
	}
	if a.sex != 0 && b.sex != 0 && a.sex != b.sex && a.born != noLinkDay && b.born != noLinkDay && a.born != b.born {
		return notSexBorn
	}
	return ""
}

// margin is by how much a pair must agree better than another of the same Patient with the same source.
const margin = 2

// choose gives the pairs that are linked: of those that a rule links and nothing contradicts, those in which each is for
// the other by far the best of its source. It counts why others are not.
func choose(all []claim, not map[string]int64) []pair {
	var fits []pair
	for _, c := range candidates(all) {
		a, b := &all[c[0]], &all[c[1]]
		g := compare(a, b)
		why := contradiction(a, b)
		switch {
		case why == notSexBorn && g.family == exact && g.given == exact && (g.phone || g.street), g.rule >= 0 && why != "":
			not[why]++
		case g.rule >= 0:
			fits = append(fits, pair{c[0], c[1], g.rule, g.score})
		}
	}
	type side struct {
		at     int32
		source uint8
	}
	best := map[side][2]int{} // the two best scores
	note := func(s side, score int) {
		b := best[s]
		if score > b[0] {
			b[0], b[1] = score, b[0]
		} else {
			b[1] = max(b[1], score)
		}
		best[s] = b
	}
	for _, p := range fits {
		note(side{p.a, all[p.b].source}, p.score)
		note(side{p.b, all[p.a].source}, p.score)
	}
	sole := func(s side, score int) bool { return best[s][0] == score && score-best[s][1] >= margin }
	var chosen []pair
	for _, p := range fits {
		one, other := side{p.a, all[p.b].source}, side{p.b, all[p.a].source}
		switch {
		case sole(one, p.score) && sole(other, p.score):
			chosen = append(chosen, p)
		case best[one][0]-p.score < margin && best[other][0]-p.score < margin:
			not[notSole]++ // else another of the two is plainly better, and this pair is no loss
		}
	}
	return chosen
}

// crowd is how many claims may share what candidates are found by. A block that is larger is of something that tells nobody apart.
const crowd = 200

// candidates are pairs of claims of two sources that may agree in enough, in order. Every rule asks for one of: given name and birth date;
// family name, given name and phone or street.
func candidates(all []claim) [][2]int32 {
	type entry struct {
		key uint64
		at  int32
	}
	var entries []entry
	for i := range all {
		c := &all[i]
		add := func(kind uint64, a, b, d uint64) {
			key := kind
			for _, x := range []uint64{a, b, d} {
				key = (key ^ x) * 0x9E3779B97F4A7C15
				key ^= key >> 29
			}
			entries = append(entries, entry{key, int32(i)})
		}
		day := uint64(uint32(c.born))
		for _, given := range c.field(linkGiven) {
			if c.born != noLinkDay {
				add(1, given, day, 0)
			}
			for _, family := range c.field(linkFamily) {
				for f, kind := range map[int]uint64{linkPhone: 2, linkStreet: 3} {
					for _, place := range c.field(f) {
						add(kind, given, family, place)
					}
				}
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.at, b.at)) })
	entries = slices.Compact(entries)
	var pairs [][2]int32
	for low := 0; low < len(entries); {
		high := low + 1
		for high < len(entries) && entries[high].key == entries[low].key {
			high++
		}
		if block := entries[low:high]; len(block) <= crowd {
			for i := range block {
				for _, other := range block[:i] {
					if all[block[i].at].source != all[other.at].source {
						pairs = append(pairs, [2]int32{other.at, block[i].at})
					}
				}
			}
		}
		low = high
	}
	slices.SortFunc(pairs, func(a, b [2]int32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return slices.Compact(pairs)
}

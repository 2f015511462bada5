package disclose

import "farr/reports/internal/text"

// Lack says that a number is counted from records that are not all there. It is judged of feeds as a whole, never of the number.
type Lack uint8

// The lacks, the greater the less is there.
const (
	// NothingLacks: all records came, as far as is known.
	NothingLacks Lack = iota
	// FeedStopped: a feed that the number rests on had stopped before the end of the time that it is about.
	FeedStopped
	// NeverLoaded: records of a type that it rests on were never loaded.
	NeverLoaded
)

// lackWords say it to a reader.
var lackWords = map[Lack]text.Message{FeedStopped: "incomplete: a feed had stopped", NeverLoaded: "incomplete: records of a type were never loaded"}

// fields are its words in data files.
func (l Lack) field() string {
	return map[Lack]string{FeedStopped: ", a feed had stopped", NeverLoaded: ", a type was never loaded"}[l]
}

// Words say what lacks; empty where nothing does.
func (l Lack) Words(w *text.Words) string {
	if l == NothingLacks {
		return ""
	}
	return w.Say(lackWords[l])
}

// Lacking is the rate where the records that it is counted from are not all there: it is Incomplete, so that no rule and no target
// judges it, and it is compared with nothing. A zero, and a rate of nobody, are no number at all then: who or what is not
// among the records would be taken for not there.
func (r Rate) Lacking(l Lack) Rate {
	if l == NothingLacks {
		return r
	}
	r.lack = max(r.lack, l)
	switch n, known := r.num.Value(); {
	case r.state == Suppressed, r.lacks != "":
	case r.state == NotApplicable, r.state == Zero, known && n == 0:
		r.state, r.num, r.method = NotKnown, r.num.Lacking(l), ""
		r.rate, r.low, r.high = 0, 0, 0
		if d, ok := r.den.Value(); ok && d == 0 {
			r.den = r.den.Lacking(l)
		}
	default:
		r.state = Incomplete
	}
	return r
}

// Lacks says which records the rate lacks.
func (r Rate) Lacks() Lack { return r.lack }

// Lacking is the count where the records that it is made of are not all there. A zero is no number then.
func (c Count) Lacking(l Lack) Count {
	if l == NothingLacks || c.state == NotApplicable {
		return c
	}
	c.lack = max(c.lack, l)
	if c.state == Zero {
		c.state = NotKnown
	}
	return c
}

// Lacks says which records the count lacks.
func (c Count) Lacks() Lack { return c.lack }

// StateText is the state in data files, with what lacks.
func (c Count) StateText() string { return c.state.String() + c.lack.field() }
